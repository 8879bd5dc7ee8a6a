/* SPDX-License-Identifier: MIT */
#include "dyups.h"

#include <stdio.h>
#include <string.h>

#include "buffer.h"

/* Gives every line of a text, without its end, to `take`. */
static int each_line(const char *text, size_t length,
		     int (*take)(void *context, const char *line, struct swk_error *error),
		     void *context, struct swk_error *error)
{
	const char *at = text ? text : "", *end = at + length, *stop;
	struct swk_buffer line;
	int status = 0;

	swk_buffer_init(&line, SWK_LIVE_MAX);
	for (; !status && at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		swk_buffer_clear(&line);
		status = swk_buffer_add(&line, at, (size_t)(stop - at), error);
		if (!status)
			status = take(context, line.data, error);
	}
	swk_buffer_free(&line);
	return status;
}

struct reading {
	struct swk_live *live;
	bool in_block; /* a name was read, and no empty line since */
	bool bare;     /* a server had no attributes */
	bool bodies;   /* of /list: names stand before bodies as posted */
	struct swk_upstream *upstream;
	size_t lines; /* of servers, understood or not */
};

static int begin_upstream(struct reading *reading, const char *name, struct swk_error *error)
{
	struct swk_upstream upstream;
	int status = swk_upstream_init(&upstream, name, "", "", error);

	if (!status)
		status = swk_upstreams_append(&reading->live->upstreams, &upstream, error);
	swk_upstream_free(&upstream);
	if (!status)
		reading->upstream =
			&reading->live->upstreams.list[reading->live->upstreams.count - 1];
	return status;
}

/* `weight=1` and the like; false where it is not understood. */
static bool read_attribute(struct swk_server *server, const char *word)
{
	unsigned value;
	char name[32], rest;

	if (strpbrk(word, "+-") || sscanf(word, "%31[a-z_]=%9u%c", name, &value, &rest) != 2)
		return false;
	if (!strcmp(name, "weight"))
		server->weight = value;
	else if (!strcmp(name, "max_conns"))
		server->max_conns = value;
	else if (!strcmp(name, "max_fails"))
		server->max_fails = value;
	else if (!strcmp(name, "fail_timeout"))
		server->fail_timeout = value;
	else if (!strcmp(name, "backup"))
		server->backup = value;
	else if (!strcmp(name, "down"))
		server->down = value;
	else
		return false;
	return true;
}

/* What follows `server `. */
static int read_server(struct reading *reading, const char *words, struct swk_error *error)
{
	struct swk_server server = {.weight = SWK_NGINX_WEIGHT,
				    .max_fails = SWK_NGINX_MAX_FAILS,
				    .fail_timeout = SWK_NGINX_FAIL_TIMEOUT};
	size_t length = strcspn(words, " ");
	char word[64];

	if (!swk_server_parse_address(&server, words, length)) {
		reading->upstream->unread = true;
		return 0;
	}
	words += length + strspn(words + length, " ");
	if (!*words)
		reading->bare = true;
	for (; *words; words += length + strspn(words + length, " ")) {
		length = strcspn(words, " ");
		(void)snprintf(word, sizeof(word), "%.*s", (int)length, words);
		if (!read_attribute(&server, word))
			reading->upstream->unread = true;
	}
	return swk_upstream_add(reading->upstream, &server, error);
}

static int take_detail_line(void *context, const char *line, struct swk_error *error)
{
	struct reading *reading = context;

	if (!*line) {
		reading->in_block = false;
		return 0;
	}
	if (!reading->in_block) {
		reading->in_block = true;
		return begin_upstream(reading, line, error);
	}
	if (!strncmp(line, "server ", 7)) {
		reading->lines++;
		return read_server(reading, line + 7, error);
	}
	reading->upstream->unread = true;
	return 0;
}

static void end_reading(struct reading *reading, enum swk_readable readable)
{
	struct swk_live *live = reading->live;

	for (size_t i = 0; i < live->upstreams.count; i++) {
		struct swk_upstream *upstream = &live->upstreams.list[i];
		size_t count = upstream->count;

		/* A server that stands there twice gets twice the traffic. */
		swk_upstream_tidy(upstream);
		if (upstream->count != count)
			upstream->unread = true;
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

static int take_list_line(void *context, const char *line, struct swk_error *error)
{
	struct reading *reading = context;
	size_t length = strlen(line);
	char name[SWK_TEXT_MAX];

	if (length > 11 && !strncmp(line, "upstream ", 9) && !strcmp(line + length - 2, " {")) {
		reading->bodies = true;
		(void)snprintf(name, sizeof(name), "%.*s", (int)(length - 11), line + 9);
		return begin_upstream(reading, name, error);
	}
	return reading->bodies || !length ? 0 : begin_upstream(reading, line, error);
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

/* Whether all that are not hosts are among the others; both are sorted, hosts last. */
static bool has_addresses(const struct swk_upstream *have, const struct swk_upstream *wanted)
{
	size_t i = 0;

	for (size_t j = 0; j < wanted->count && !wanted->servers[j].host; j++) {
		while (i < have->count &&
		       swk_server_compare(&have->servers[i], &wanted->servers[j]) < 0)
			i++;
		if (i == have->count ||
		    swk_server_compare(&have->servers[i], &wanted->servers[j]) != 0)
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

	if (!begin_upstream(&reading, upstream->name, &ignored) &&
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
