/* SPDX-License-Identifier: MIT */
#include "target/dyups/answer.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "nginx/conf.h"

/* ---- statuses ---- */

enum swk_dyups_meaning swk_dyups_meaning(const struct swk_http_request *request,
					 const char **advice)
{
	*advice = "";
	switch (request->status) {
	case 200: /* no other 2xx: 204 means that nothing was applied */
		return SWK_DYUPS_DONE;
	case 0:	  /* reset, or no answer in time: nginx restarts, or a worker died */
	case 409: /* dyups_trylock is on, and another request holds the lock */
	case 502:
	case 503:
	case 504:
		return SWK_DYUPS_LATER;
	case 404:
		*advice = ": is this the dyups interface?";
		return strcmp(request->method, "DELETE") ? SWK_DYUPS_FINAL : SWK_DYUPS_NOT_THERE;
	case 413:
		*advice = ": raise client_max_body_size at dyups_interface";
		return SWK_DYUPS_FINAL;
	case 500:
		if (strstr(request->reason, "not sync"))
			return SWK_DYUPS_NOT_SYNC;
		*advice = strstr(request->reason, "save to shm failed")
				  ? ": raise dyups_shm_zone_size"
				  : ": see nginx's error log for the reason";
		return strstr(request->reason, "add server failed") ||
				       strstr(request->reason, "init upstream failed")
			       ? SWK_DYUPS_INVALID
			       : SWK_DYUPS_FINAL;
	default:
		return SWK_DYUPS_FINAL;
	}
}

/* Since nginx 1.29.7, keepalive is set up when nginx has read its whole configuration, which never
 * happens to what dyups changes (measured on Tengine 3.2.0; 3.1.0 keeps connections). */
bool swk_dyups_loses_keepalive(const char *server)
{
	unsigned a = 0, b = 0, c = 0;

	if (sscanf(server, "Tengine/%u.%u.%u", &a, &b, &c) == 3)
		return a > 3 || (a == 3 && b >= 2);
	return sscanf(server, "nginx/%u.%u.%u", &a, &b, &c) == 3 &&
	       (a > 1 || (a == 1 && (b > 29 || (b == 29 && c >= 7))));
}

/* ---- printed upstreams ---- */

/* A part of a text. */
struct part {
	const char *at;
	size_t length;
};

/* Passes each line of a text, without its line feed, to `take`. Cuts a line at a NUL, which no name
 * in nginx contains. */
static int each_line(const char *text, size_t length,
		     int (*take)(void *context, struct part line, struct swk_error *error),
		     void *context, struct swk_error *error)
{
	const char *at = text ? text : "", *end = at + length, *stop;
	int status = 0;

	for (; !status && at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		status = take(context, (struct part){at, strnlen(at, (size_t)(stop - at))}, error);
	}
	return status;
}

static bool begins_with(struct part part, const char *text)
{
	return part.length >= strlen(text) && !memcmp(part.at, text, strlen(text));
}

/* Removes the first word and the blanks after it, and returns it. */
static struct part take_word(struct part *words)
{
	const char *blank = memchr(words->at, ' ', words->length);
	struct part word = {words->at, blank ? (size_t)(blank - words->at) : words->length};
	size_t used = word.length;

	while (used < words->length && words->at[used] == ' ')
		used++;
	*words = (struct part){words->at + used, words->length - used};
	return word;
}

struct reading {
	struct swk_live *live;
	bool in_block; /* after a name, before the next empty line */
	bool bare;     /* a server had no attributes */
	bool bodies;   /* /list prints each name before its body as posted */
	struct swk_upstream *upstream;
	size_t lines; /* lines of servers, understood or not */
};

static int begin_upstream(struct reading *reading, struct part name, struct swk_error *error)
{
	struct swk_upstream upstream;
	char *text = strndup(name.at, name.length);
	int status = text ? swk_upstream_init(&upstream, text, &swk_source_unknown, error)
			  : swk_error_memory(error);

	free(text);
	if (!text)
		return status;
	if (!status)
		status = swk_upstreams_append(&reading->live->upstreams, &upstream, error);
	swk_upstream_free(&upstream);
	if (!status)
		reading->upstream =
			&reading->live->upstreams.list[reading->live->upstreams.count - 1];
	return status;
}

/* Reads an attribute such as `weight=1`. False if it is not understood. */
static bool read_attribute(struct swk_server *server, struct part word)
{
	unsigned backup = 0, down = 0;
	const struct {
		const char *name;
		unsigned *value;
	} known[] = {
		{"weight=", &server->weight},
		{"max_conns=", &server->max_conns},
		{"max_fails=", &server->max_fails},
		{"fail_timeout=", &server->fail_timeout},
		{"backup=", &backup},
		{"down=", &down},
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		size_t length = strlen(known[i].name);

		if (!begins_with(word, known[i].name))
			continue;
		if (!swk_unsigned_read(word.at + length, word.length - length, SWK_MAX_CONNS_MAX,
				       known[i].value))
			return false;
		server->backup |= backup != 0;
		server->down |= down != 0;
		return true;
	}
	return false;
}

/* Reads the words after `server `. */
static int read_server(struct reading *reading, struct part words, struct swk_error *error)
{
	struct swk_server server = {.weight = SWK_NGINX_WEIGHT,
				    .max_fails = SWK_NGINX_MAX_FAILS,
				    .fail_timeout = SWK_NGINX_FAIL_TIMEOUT};
	struct part word = take_word(&words);

	if (!swk_server_parse_address(&server, word.at, word.length)) {
		reading->upstream->partial = true;
		return 0;
	}
	if (!words.length)
		reading->bare = true;
	while (words.length) {
		if (!read_attribute(&server, take_word(&words)))
			reading->upstream->partial = true;
	}
	return swk_upstream_add(reading->upstream, &server, error);
}

static int take_detail_line(void *context, struct part line, struct swk_error *error)
{
	static const char server[] = "server ";
	struct reading *reading = context;

	if (!line.length) {
		reading->in_block = false;
		return 0;
	}
	if (!reading->in_block) {
		reading->in_block = true;
		return begin_upstream(reading, line, error);
	}
	if (!begins_with(line, server)) {
		reading->upstream->partial = true;
		return 0;
	}
	reading->lines++;
	return read_server(reading,
			   (struct part){line.at + strlen(server), line.length - strlen(server)},
			   error);
}

static void end_reading(struct reading *reading, enum swk_readable readable)
{
	struct swk_live *live = reading->live;
	const size_t all = live->upstreams.count;

	live->upstreams.count = 0;
	for (size_t i = 0; i < all; i++) {
		struct swk_upstream *upstream = &live->upstreams.list[live->upstreams.count];
		const size_t count = live->upstreams.list[i].count;

		*upstream = live->upstreams.list[i];
		if (!strcmp(upstream->name, SWK_DYUPS_TRIAL)) {
			swk_upstream_free(upstream);
			continue;
		}
		live->upstreams.count++;

		/* A server that is listed twice gets twice the traffic. */
		swk_upstream_tidy(upstream);
		if (upstream->count != count)
			upstream->partial = true;
	}
	(void)swk_upstreams_sort(&live->upstreams);
	live->readable = readable;
}

int swk_dyups_read_detail(struct swk_live *live, const char *text, size_t length,
			  struct swk_error *error)
{
	struct reading reading = {.live = live};
	int status = each_line(text, length, take_detail_line, &reading, error);

	if (!status)
		end_reading(&reading, reading.bare ? SWK_READ_ADDRESSES : SWK_READ_ATTRIBUTES);
	return status;
}

static int take_list_line(void *context, struct part line, struct swk_error *error)
{
	static const char begin[] = "upstream ", end[] = " {";
	const size_t around = strlen(begin) + strlen(end);
	struct reading *reading = context;

	if (line.length > around && begins_with(line, begin) &&
	    !memcmp(line.at + line.length - strlen(end), end, strlen(end))) {
		reading->bodies = true;
		return begin_upstream(reading,
				      (struct part){line.at + strlen(begin), line.length - around},
				      error);
	}
	return reading->bodies || !line.length ? 0 : begin_upstream(reading, line, error);
}

int swk_dyups_read_list(struct swk_live *live, const char *text, size_t length,
			struct swk_error *error)
{
	struct reading reading = {.live = live};
	int status = each_line(text, length, take_list_line, &reading, error);

	if (!status)
		end_reading(&reading, SWK_READ_NAMES);
	return status;
}

/* Whether the live upstream has all desired addresses, not counting host names. Both are sorted,
 * host names last. */
static bool has_addresses(const struct swk_upstream *live, const struct swk_upstream *desired)
{
	size_t i = 0;

	for (size_t j = 0; j < desired->count && !desired->servers[j].host; j++) {
		while (i < live->count &&
		       swk_server_compare(&live->servers[i], &desired->servers[j]) < 0)
			i++;
		if (i == live->count ||
		    swk_server_compare(&live->servers[i], &desired->servers[j]) != 0)
			return false;
	}
	return true;
}

bool swk_dyups_shows(const struct swk_upstream *upstream, const char *text, size_t length)
{
	struct swk_live live = {0};
	struct reading reading = {.live = &live, .in_block = true};
	struct swk_error ignored = {0};
	bool same = false;

	if (!begin_upstream(&reading, (struct part){upstream->name, strlen(upstream->name)},
			    &ignored) &&
	    !each_line(text, length, take_detail_line, &reading, &ignored)) {
		end_reading(&reading, SWK_READ_ADDRESSES);
		same = swk_upstream_has_host(upstream)
			       ? reading.lines >= upstream->count &&
					 has_addresses(&live.upstreams.list[0], upstream)
			       : swk_upstream_same_addresses(&live.upstreams.list[0], upstream);
	}
	swk_live_free(&live);
	return same;
}
