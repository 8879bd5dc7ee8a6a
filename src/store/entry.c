/* SPDX-License-Identifier: MIT */
#include "store/entry.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/json.h"
#include "base/number.h"

/* What comes before the number, at the end. */
#define LAST ",\"number\":"

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

static const char *word_of(char sign)
{
	for (size_t i = 0; i < sizeof(signs) / sizeof(*signs); i++) {
		if (signs[i].sign == sign)
			return signs[i].word;
	}
	return "";
}

/* A line in the journal has none: it is not known yet. */
static const char *const fates[] = {
	[SWK_CHANGE_DONE] = "",
	[SWK_CHANGE_NOT_DONE] = "not done",
	[SWK_CHANGE_GAP] = "gap",
};

/* ---- writing ---- */

/* The number of bytes before one that is escaped. */
static size_t plain_length(const char *text)
{
	size_t length = 0;

	while (text[length] && text[length] != '"' && text[length] != '\\' && text[length] != '\n')
		length++;
	return length;
}

/* Appends a string with its quotes. It has printable ASCII and newlines only. */
static int put_string(struct swk_buffer *out, const char *text, struct swk_error *error)
{
	int status = swk_buffer_add(out, "\"", 1, error);

	while (!status && *text) {
		const size_t plain = plain_length(text);
		char escape[] = {'\\', text[plain]};

		if (text[plain] == '\n')
			escape[1] = 'n';
		status = plain ? swk_buffer_add(out, text, plain, error) : 0;
		text += plain;
		if (!status && *text)
			status = swk_buffer_add(out, escape, sizeof(escape), error);
		text += *text != '\0';
	}
	return status ? status : swk_buffer_add(out, "\"", 1, error);
}

/* Appends `,"KEY":"TEXT"`, unless the text is empty or NULL. */
static int put_text(struct swk_buffer *out, const char *key, const char *text,
		    struct swk_error *error)
{
	if (!text || !*text)
		return 0;
	if (swk_buffer_words(out, error, SWK_WORDS(",\"", key, "\":")))
		return error->status;
	return put_string(out, text, error);
}

/* Leaves out 0, and what jansson can't read. */
static int put_number(struct swk_buffer *out, const char *key, uint64_t number,
		      struct swk_error *error)
{
	char text[SWK_NUMBER_MAX];

	if (!number || number > INT64_MAX)
		return 0;
	return swk_buffer_words(out, error,
				SWK_WORDS(",\"", key, "\":", swk_number_text(text, number)));
}

static int put_hash(struct swk_buffer *out, const char *key, uint64_t hash, struct swk_error *error)
{
	char text[17];

	if (!hash)
		return 0;
	(void)snprintf(text, sizeof(text), "%016" PRIx64, hash);
	return put_text(out, key, text, error);
}

static int put_servers(struct swk_buffer *out, const struct swk_change_upstream *upstream,
		       struct swk_error *error)
{
	int status = 0;

	if (!upstream->server_count)
		return 0;
	if (swk_buffer_words(out, error, SWK_WORDS(",\"servers\":[")))
		return error->status;
	for (size_t i = 0; !status && i < upstream->server_count; i++) {
		const struct swk_change_server *this = &upstream->servers[i];

		if (swk_buffer_words(
			    out, error,
			    SWK_WORDS(i ? "," : "", "{\"change\":\"", word_of(this->sign), "\"")) ||
		    put_text(out, "address", this->address, error) ||
		    put_text(out, "instance", this->instance, error) ||
		    put_text(out, "node", this->node, error) ||
		    put_text(out, "reason", this->reason, error))
			return error->status;
		status = swk_buffer_add(out, "}", 1, error);
	}
	return status ? status : swk_buffer_add(out, "]", 1, error);
}

static int put_upstreams(struct swk_buffer *out, const struct swk_change *change,
			 struct swk_error *error)
{
	int status = 0;

	if (!change->upstream_count)
		return 0;
	if (swk_buffer_words(out, error, SWK_WORDS(",\"upstreams\":[")))
		return error->status;
	for (size_t i = 0; !status && i < change->upstream_count; i++) {
		const struct swk_change_upstream *this = &change->upstreams[i];

		if (swk_buffer_words(
			    out, error,
			    SWK_WORDS(i ? "," : "", "{\"change\":\"", word_of(this->sign), "\"")) ||
		    put_text(out, "name", this->name, error) ||
		    put_text(out, "source", this->source, error) ||
		    put_text(out, "reason", this->reason, error) || put_servers(out, this, error) ||
		    put_text(out, "before", this->before, error))
			return error->status;
		status = swk_buffer_add(out, "}", 1, error);
	}
	return status ? status : swk_buffer_add(out, "]", 1, error);
}

static int put_held_back(struct swk_buffer *out, const struct swk_change *change,
			 struct swk_error *error)
{
	int status = 0;

	if (!change->held_back_count)
		return 0;
	status = swk_buffer_words(out, error, SWK_WORDS(",\"held_back\":["));
	for (size_t i = 0; !status && i < change->held_back_count; i++) {
		status = i ? swk_buffer_add(out, ",", 1, error) : 0;
		if (!status)
			status = put_string(out, change->held_back[i], error);
	}
	return status ? status : swk_buffer_add(out, "]", 1, error);
}

static int put_time(struct swk_buffer *out, int64_t time, struct swk_error *error)
{
	const time_t seconds = (time_t)(time / 1000);
	char text[64];
	struct tm parts;

	if (!gmtime_r(&seconds, &parts) ||
	    !strftime(text, sizeof(text), "%Y-%m-%dT%H:%M:%S", &parts))
		return swk_error_set(error, SWK_INTERNAL, "the time has no date");
	return swk_buffer_print(out, error, "{\"time\":\"%s.%03uZ\"", text,
				(unsigned)(time % 1000));
}

int swk_entry_write(struct swk_buffer *out, const struct swk_change *change,
		    struct swk_error *error)
{
	char number[SWK_NUMBER_MAX];

	if (put_time(out, change->time, error) || put_text(out, "event", change->event, error) ||
	    put_text(out, "service", change->service, error) ||
	    put_number(out, "index", change->index, error) ||
	    put_text(out, "by", change->by, error) ||
	    put_text(out, "reason", change->reason, error) ||
	    put_hash(out, "hash_before", change->before, error) ||
	    put_hash(out, "hash_after", change->after, error) ||
	    put_text(out, "fate", fates[change->fate], error) ||
	    put_number(out, "cut", change->cut, error) || put_upstreams(out, change, error) ||
	    put_held_back(out, change, error))
		return error->status;
	return swk_buffer_words(out, error,
				SWK_WORDS(LAST, swk_number_text(number, change->number), "}\n"));
}

uint64_t swk_entry_number(const char *line, size_t length)
{
	const size_t least = strlen(LAST "1}");
	size_t digits = 0;
	uint64_t number = 0;

	if (length < least || line[length - 1] != '}')
		return 0;
	while (digits < length - least + 1 && line[length - 2 - digits] >= '0' &&
	       line[length - 2 - digits] <= '9')
		digits++;
	line += length - 1 - digits;
	if (!digits || memcmp(line - strlen(LAST), LAST, strlen(LAST)) != 0 ||
	    !swk_number_read(line, digits, INT64_MAX, &number))
		return 0;
	return number;
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

/* Whether a text has only printable ASCII and newlines, as FILE has. */
static bool is_plain(const char *text)
{
	while (*text == '\n' || (*text >= ' ' && *text <= '~'))
		text++;
	return !*text;
}

/* A member's text as it is, or NULL. */
static char *take_block(struct reading *reading, const json_t *object, const char *key)
{
	const json_t *value = json_object_get(object, key);
	char *copy;

	reading->invalid |= value && !(json_is_string(value) && is_plain(json_string_value(value)));
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

	if (!rest || strlen(rest) != 4 || !swk_unsigned_read(rest, 3, 999, &milliseconds) ||
	    rest[3] != 'Z') {
		reading->invalid = true;
		return 0;
	}
	reading->invalid |= parts.tm_year < 70;
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
	char sign = '\0';

	if (word)
		sign = sign_of(word);
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

	object = swk_json_load(line, length, JSON_REJECT_DUPLICATES, NULL);
	if (!object && errno == ENOMEM)
		(void)swk_error_memory(error);
	if (!json_is_object(object))
		reading.invalid = true;
	else
		take_change(&reading, change, object);
	json_decref(object);
	return !reading.invalid && !error->status;
}
