/* SPDX-License-Identifier: MIT */
#include "store/entry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

/* ---- words ---- */

static const struct {
	char sign;
	const char *word;
} signs[] = {{'+', "added"}, {'-', "removed"}, {'~', "changed"}};

static char sign_of(const char *word)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (!strcmp(signs[i].word, word))
			return signs[i].sign;
	}
	return '\0';
}

/* ---- reading ---- */

struct reading {
	struct swk_error *error;
	bool invalid;
};

/* A member's text, escaped; "" if there is none. NULL without memory. */
static char *take_text(struct reading *reading, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	char text[SWK_TEXT_MAX], *copy;

	reading->invalid |= value && !json_is_string(value);
	swk_text_escape(text, sizeof(text), json_is_string(value) ? json_string_value(value) : "");
	copy = strdup(text);
	if (!copy)
		(void)swk_error_memory(reading->error);
	return copy;
}

/* A member's text as it is, or NULL. */
static char *take_block(struct reading *reading, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	char *copy;

	reading->invalid |= value && !json_is_string(value);
	if (!json_is_string(value))
		return NULL;
	copy = strdup(json_string_value(value));
	if (!copy)
		(void)swk_error_memory(reading->error);
	return copy;
}

static uint64_t take_number(struct reading *reading, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	reading->invalid |= value && (!json_is_integer(value) || json_integer_value(value) < 0);
	return json_is_integer(value) ? (uint64_t)json_integer_value(value) : 0;
}

/* A hash is a text, because a program that reads JSON may lose the last digits of such a number. */
static uint64_t take_hash(struct reading *reading, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	const char *text = json_string_value(value);

	if (!value || json_is_null(value))
		return 0;
	if (!text || strlen(text) != 16 || text[strspn(text, "0123456789abcdef")]) {
		reading->invalid = true;
		return 0;
	}
	return strtoull(text, NULL, 16);
}

static int64_t take_time(struct reading *reading, const json_t *object)
{
	const char *text = json_string_value(json_object_get(object, "time"));
	unsigned milliseconds;
	struct tm parts = {0};
	const char *rest = text ? strptime(text, "%Y-%m-%dT%H:%M:%S.", &parts) : NULL;
	int end = 0;

	if (!rest || strlen(rest) != 4 || sscanf(rest, "%3u%n", &milliseconds, &end) != 1 ||
	    end != 3 || rest[3] != 'Z') {
		reading->invalid = true;
		return 0;
	}
	return (int64_t)timegm(&parts) * 1000 + milliseconds;
}

/* The array of this name, or NULL if there is none. */
static const json_t *take_array(struct reading *reading, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);

	reading->invalid |= value && !json_is_array(value);
	return json_is_array(value) ? value : NULL;
}

/* Room for the items of an array; NULL if it is empty. */
static void *room_for(struct reading *reading, const json_t *array, size_t size)
{
	const size_t count = json_array_size(array);
	void *list = count ? calloc(count, size) : NULL;

	if (count && !list)
		(void)swk_error_memory(reading->error);
	return list;
}

static char take_sign(struct reading *reading, const json_t *object)
{
	const char *word = json_string_value(json_object_get(object, "change"));
	const char sign = word ? sign_of(word) : '\0';

	reading->invalid |= !sign;
	return sign;
}

static void take_servers(struct reading *reading, struct swk_change_upstream *upstream,
			 const json_t *array)
{
	const json_t *item;
	size_t i;

	upstream->servers = room_for(reading, array, sizeof(*upstream->servers));
	for (i = 0; upstream->servers && (item = json_array_get(array, i)); i++) {
		struct swk_change_server *server = &upstream->servers[upstream->server_count++];

		server->sign = take_sign(reading, item);
		server->address = take_text(reading, item, "address");
		server->instance = take_text(reading, item, "instance");
		server->node = take_text(reading, item, "node");
		server->reason = take_text(reading, item, "reason");
	}
}

static void take_upstreams(struct reading *reading, struct swk_change *change, const json_t *array)
{
	const json_t *item;
	size_t i;

	change->upstreams = room_for(reading, array, sizeof(*change->upstreams));
	for (i = 0; change->upstreams && (item = json_array_get(array, i)); i++) {
		struct swk_change_upstream *upstream = &change->upstreams[change->upstream_count++];

		upstream->sign = take_sign(reading, item);
		upstream->name = take_text(reading, item, "name");
		upstream->source = take_text(reading, item, "source");
		upstream->reason = take_text(reading, item, "reason");
		upstream->before = take_block(reading, item, "before");
		take_servers(reading, upstream, take_array(reading, item, "servers"));
	}
}

static void take_held_back(struct reading *reading, struct swk_change *change, const json_t *array)
{
	const json_t *item;
	char text[SWK_TEXT_MAX];
	size_t i;

	change->held_back = room_for(reading, array, sizeof(*change->held_back));
	for (i = 0; change->held_back && (item = json_array_get(array, i)); i++) {
		reading->invalid |= !json_is_string(item);
		swk_text_escape(text, sizeof(text),
				json_is_string(item) ? json_string_value(item) : "");
		change->held_back[i] = strdup(text);
		if (!change->held_back[i]) {
			(void)swk_error_memory(reading->error);
			return;
		}
		change->held_back_count++;
	}
}

static void take_change(struct reading *reading, struct swk_change *change, const json_t *object)
{
	change->number = take_number(reading, object, "number");
	change->time = take_time(reading, object);
	change->event = take_text(reading, object, "event");
	change->service = take_text(reading, object, "service");
	change->index = take_number(reading, object, "index");
	change->before = take_hash(reading, object, "hash_before");
	change->after = take_hash(reading, object, "hash_after");
	change->by = take_text(reading, object, "by");
	change->reason = take_text(reading, object, "reason");
	change->cut = (size_t)take_number(reading, object, "cut");
	take_upstreams(reading, change, take_array(reading, object, "upstreams"));
	take_held_back(reading, change, take_array(reading, object, "held_back"));
	reading->invalid |= !change->number;
}

bool swk_entry_read(struct swk_change *change, const char *line, size_t length,
		    struct swk_error *error)
{
	struct reading reading = {.error = error};
	json_t *object;

	errno = 0;
	object = json_loadb(line, length, JSON_REJECT_DUPLICATES, NULL);
	if (!object && errno == ENOMEM)
		(void)swk_error_memory(error);
	if (!json_is_object(object))
		reading.invalid = true;
	else
		take_change(&reading, change, object);
	json_decref(object);
	return !reading.invalid && !error->status;
}
