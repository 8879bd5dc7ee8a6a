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
	char again[SWK_CHANGE_TIME_MAX];
	int64_t milliseconds;

	if (!rest || !read_fraction(rest, &milliseconds))
		return false;
	point->from = (int64_t)timegm(&parts) * 1000;
	point->time = point->from + milliseconds;
	/* strptime takes 31 November, and timegm makes 1 December of it. */
	(void)swk_change_time(point->from, again);
	if (point->from < 0 || strncmp(again, text, (size_t)(rest - text)) != 0)
		return false;
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

/* A server of a change. */
struct seen {
	const char *source; /* of its upstream */
	struct swk_change_server *server;
	size_t order; /* in the journal */
};

static int compare_places(const struct seen *x, const struct seen *y)
{
	int order = strcmp(x->server->address, y->server->address);

	return order ? order : strcmp(x->source, y->source);
}

static int compare_seen(const void *a, const void *b)
{
	const struct seen *x = a, *y = b;
	int order = compare_places(x, y);

	return order ? order : (x->order > y->order) - (x->order < y->order);
}

static size_t count_servers(const struct swk_changes *changes)
{
	size_t count = 0;

	for (size_t i = 0; i < changes->count; i++) {
		for (size_t j = 0; j < changes->list[i].upstream_count; j++)
			count += changes->list[i].upstreams[j].server_count;
	}
	return count;
}

static void collect(const struct swk_changes *changes, struct seen *list)
{
	size_t count = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct swk_change *change = &changes->list[i];

		for (size_t j = 0; j < change->upstream_count; j++) {
			const struct swk_change_upstream *upstream = &change->upstreams[j];

			for (size_t k = 0; k < upstream->server_count; k++, count++)
				list[count] = (struct seen){upstream->source, &upstream->servers[k],
							    count};
		}
	}
}

static int name_instance(struct swk_change_server *server, const struct swk_change_server *from,
			 struct swk_error *error)
{
	char *instance = strdup(from->instance), *node = strdup(from->node);

	if (!instance || !node) {
		free(instance);
		free(node);
		return swk_error_memory(error);
	}
	free(server->instance);
	free(server->node);
	server->instance = instance;
	server->node = node;
	return 0;
}

int swk_changes_name_instances(struct swk_changes *changes, struct swk_error *error)
{
	const size_t count = count_servers(changes);
	struct seen *list = reallocarray(NULL, count + 1, sizeof(*list));
	int status = 0;

	if (!list)
		return swk_error_memory(error);
	collect(changes, list);
	if (count)
		qsort(list, count, sizeof(*list), compare_seen);
	for (size_t i = 1; !status && i < count; i++) {
		const struct swk_change_server *before = list[i - 1].server;

		if (!*list[i].server->instance && *before->instance &&
		    !compare_places(&list[i - 1], &list[i]))
			status = name_instance(list[i].server, before, error);
	}
	free(list);
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

void swk_change_free_held_back(struct swk_change *change)
{
	for (size_t i = 0; i < change->held_back_count; i++)
		free(change->held_back[i]);
	free(change->held_back);
	change->held_back = NULL;
	change->held_back_count = 0;
}

void swk_change_free(struct swk_change *change)
{
	swk_change_cut(change, 0);
	swk_change_free_held_back(change);
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
