/* SPDX-License-Identifier: MIT */
#include "settings/config_line.h"

#include <stdbool.h>
#include <string.h>

#include "base/json.h"

struct place {
	const char *at, *end;
	const char *found; /* where the last step was found */
};

static void skip_blanks(struct place *place)
{
	while (place->at < place->end && strchr(" \t\r\n", *place->at))
		place->at++;
}

static void skip_string(struct place *place)
{
	for (place->at++; place->at < place->end && *place->at != '"'; place->at++) {
		if (*place->at == '\\')
			place->at++;
	}
	place->at++;
}

/* Moves to the comma or bracket after the value. */
static void skip_value(struct place *place)
{
	size_t depth = 0;

	while (place->at < place->end) {
		char byte = *place->at;

		if (byte == '"') {
			skip_string(place);
			continue;
		}
		if (!depth && strchr(",]}", byte))
			return;
		depth += byte == '{' || byte == '[';
		depth -= byte == '}' || byte == ']';
		place->at++;
	}
}

/* Whether the string here is this key. jansson decodes it, because it may contain escapes. */
static bool is_key(const struct place *place, const char *stop, const char *key)
{
	json_t *value = swk_json_load(place->at, (size_t)(stop - place->at),
				      JSON_DECODE_ANY | JSON_ALLOW_NUL, NULL);
	bool same = value && !strcmp(json_string_value(value), key);

	json_decref(value);
	return same;
}

/* Moves from the opening bracket of an object or array to the value of a step in it. */
static bool go(struct place *place, const struct swk_config_step *step)
{
	for (size_t i = 0; place->at < place->end && !strchr("]}", *place->at); i++) {
		struct place key;

		place->at++; /* the bracket, or a comma */
		skip_blanks(place);
		key = *place;
		if (step->key) {
			skip_string(place);
			if (is_key(&key, place->at, step->key))
				place->found = key.at;
			skip_blanks(place);
			place->at++; /* the colon */
			skip_blanks(place);
		} else if (i == step->index) {
			place->found = key.at;
		}
		if (place->found == key.at)
			return true;
		skip_value(place);
	}
	return false;
}

static bool find(struct place *place, const struct swk_config_step *step)
{
	return !step || (find(place, step->up) && go(place, step));
}

size_t swk_config_line(const char *text, size_t length, const struct swk_config_step *step)
{
	struct place place = {.at = text, .end = text + length};
	size_t line = 1;

	skip_blanks(&place);
	place.found = place.at;
	(void)find(&place, step);
	for (const char *at = text; at < place.found; at++)
		line += *at == '\n';
	return line;
}
