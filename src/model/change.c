/* SPDX-License-Identifier: MIT */
#include "model/change.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/number.h"

/* ---- points ---- */

const char *swk_change_time(int64_t time, char text[SWK_CHANGE_TIME_MAX])
{
	const time_t seconds = (time_t)(time / 1000);
	struct tm parts;

	if (!gmtime_r(&seconds, &parts) ||
	    !strftime(text, SWK_CHANGE_TIME_MAX, "%Y-%m-%dT%H:%M:%SZ", &parts))
		(void)snprintf(text, SWK_CHANGE_TIME_MAX, "an unknown time");
	return text;
}

/* Reads `10m`. */
static bool read_ago(struct swk_change_point *point, const char *text, int64_t now)
{
	static const struct {
		char letter;
		int64_t milliseconds;
	} units[] = {{'s', 1000}, {'m', 60000}, {'h', 3600000}, {'d', 86400000}};
	const size_t digits = strspn(text, "0123456789");
	uint64_t number;

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (text[digits] != units[i].letter || text[digits + 1] ||
		    !swk_number_read(text, digits, 1000000, &number))
			continue;
		point->time = point->from = now - (int64_t)number * units[i].milliseconds;
		return digits;
	}
	return false;
}

/* Reads `.5Z` or `Z` after the seconds. */
static bool read_fraction(const char *text, int64_t *milliseconds)
{
	size_t digits = *text == '.' ? strspn(text + 1, "0123456789") : 0;
	uint64_t number = 0;

	*milliseconds = 999; /* the end of the second */
	if (*text == '.' &&
	    (!digits || digits > 3 || !swk_number_read(text + 1, digits, 999, &number)))
		return false;
	if (*text == '.')
		*milliseconds = (int64_t)(digits == 1	? number * 100
					  : digits == 2 ? number * 10
							: number);
	return !strcmp(text + (*text == '.' ? digits + 1 : 0), "Z");
}

static bool read_date(struct swk_change_point *point, const char *text)
{
	struct tm parts = {0};
	const char *rest = strptime(text, "%Y-%m-%dT%H:%M:%S", &parts);
	int64_t milliseconds;

	if (!rest || !read_fraction(rest, &milliseconds))
		return false;
	point->from = (int64_t)timegm(&parts) * 1000;
	point->time = point->from + milliseconds;
	if (*rest == '.')
		point->from = point->time;
	return true;
}

bool swk_change_point_read(struct swk_change_point *point, const char *text, int64_t now)
{
	const size_t length = strlen(text);

	*point = (struct swk_change_point){0};
	if (length && !text[strspn(text, "0123456789")])
		return swk_number_read(text, length, INT64_MAX, &point->number);
	return read_ago(point, text, now) || read_date(point, text);
}

bool swk_changes_find(const struct swk_changes *changes, const struct swk_change_point *point,
		      size_t *first)
{
	const struct swk_change *list = changes->list;
	size_t i = changes->count;

	if (!i)
		return false;
	if (!point->number && point->time) {
		while (i && list[i - 1].time > point->time)
			i--;
		*first = i;
		return i;
	}
	while (i && list[i - 1].number > point->number)
		i--;
	*first = i;
	return i ? list[i - 1].number == point->number : list[0].number == point->number + 1;
}

/* ---- instances ---- */

/* The instance that was last seen at an address of a service. */
struct seen {
	const char *source, *address;
	const struct swk_change_server *server;
};

static int compare_seen(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int order = strcmp(x->address, y->address);

	return order ? order : strcmp(x->source, y->source);
}

/* The place of an address in a sorted list. */
static size_t place_of(const struct seen *list, size_t count, const struct seen *key, bool *found)
{
	size_t low = 0, high = count;

	*found = false;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		int order = compare_seen(key, &list[middle]);

		if (!order) {
			*found = true;
			return middle;
		}
		if (order < 0)
			high = middle;
		else
			low = middle + 1;
	}
	return low;
}

struct names {
	struct seen *list; /* sorted */
	size_t count;
	struct swk_error *error;
};

static int see(struct names *names, const char *source, const struct swk_change_server *server)
{
	const struct seen key = {source, server->address, server};
	bool found;
	size_t place = place_of(names->list, names->count, &key, &found);
	struct seen *list;

	if (found && place < names->count) {
		names->list[place] = key;
		return 0;
	}
	list = swk_list_grow(names->list, names->count, sizeof(*list));
	if (!list)
		return swk_error_memory(names->error);
	names->list = list;
	memmove(&list[place + 1], &list[place], (names->count - place) * sizeof(*list));
	list[place] = key;
	names->count++;
	return 0;
}

static int name_instance(struct names *names, const char *source, struct swk_change_server *server)
{
	bool found;
	size_t place = place_of(names->list, names->count,
				&(struct seen){source, server->address, NULL}, &found);
	const struct swk_change_server *from = found ? names->list[place].server : NULL;
	char *instance = from ? strdup(from->instance) : NULL;
	char *node = from ? strdup(from->node) : NULL;

	if (instance && node) {
		free(server->instance);
		free(server->node);
		server->instance = instance;
		server->node = node;
		return 0;
	}
	free(instance);
	free(node);
	return from ? swk_error_memory(names->error) : 0;
}

static int name_upstream(struct names *names, struct swk_change_upstream *upstream)
{
	int status = 0;

	for (size_t i = 0; !status && i < upstream->server_count; i++) {
		struct swk_change_server *server = &upstream->servers[i];

		status = *server->instance ? see(names, upstream->source, server)
					   : name_instance(names, upstream->source, server);
	}
	return status;
}

int swk_changes_name_instances(struct swk_changes *changes, struct swk_error *error)
{
	struct names names = {.error = error};
	int status = 0;

	for (size_t i = 0; i < changes->count; i++) {
		for (size_t j = 0; !status && j < changes->list[i].upstream_count; j++)
			status = name_upstream(&names, &changes->list[i].upstreams[j]);
	}
	free(names.list);
	return status;
}

/* ---- freeing ---- */

static void free_upstream(struct swk_change_upstream *upstream)
{
	for (size_t i = 0; i < upstream->server_count; i++) {
		struct swk_change_server *server = &upstream->servers[i];

		free(server->address);
		free(server->instance);
		free(server->node);
		free(server->reason);
	}
	free(upstream->servers);
	free(upstream->name);
	free(upstream->source);
	free(upstream->reason);
	free(upstream->before);
}

void swk_change_cut(struct swk_change *change, size_t count)
{
	for (size_t i = 0; i < change->upstream_count; i++)
		free_upstream(&change->upstreams[i]);
	free(change->upstreams);
	change->upstreams = NULL;
	change->upstream_count = 0;
	change->cut = count;
}

void swk_change_free(struct swk_change *change)
{
	swk_change_cut(change, 0);
	for (size_t i = 0; i < change->held_back_count; i++)
		free(change->held_back[i]);
	free(change->held_back);
	free(change->event);
	free(change->service);
	free(change->by);
	free(change->reason);
	*change = (struct swk_change){0};
}

void swk_changes_free(struct swk_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		swk_change_free(&changes->list[i]);
	free(changes->list);
	*changes = (struct swk_changes){0};
}

void swk_changes_judge(struct swk_changes *changes, uint64_t now)
{
	for (size_t i = changes->count; i-- > 0;) {
		struct swk_change *this = &changes->list[i];

		if (!this->before && !this->after)
			continue;
		if (this->after == now)
			this->fate = SWK_CHANGE_DONE;
		else if (this->before == now)
			this->fate = SWK_CHANGE_NOT_DONE;
		else
			this->fate = SWK_CHANGE_GAP;
		now = this->before;
	}
}
