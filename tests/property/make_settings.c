/* SPDX-License-Identifier: MIT */
/* Makes settings from the program's own tables, so that a new key is tested at once. */
#include "make.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* ---- random numbers ---- */

/* splitmix64. */
static uint64_t throw(struct dice * dice)
{
	uint64_t z = dice->state += UINT64_C(0x9e3779b97f4a7c15);

	z = (z ^ z >> 30) * UINT64_C(0xbf58476d1ce4e5b9);
	z = (z ^ z >> 27) * UINT64_C(0x94d049bb133111eb);
	return z ^ z >> 31;
}

unsigned dice_below(struct dice *dice, unsigned count)
{
	return (unsigned)(throw(dice) % count);
}

bool dice_one_in(struct dice *dice, unsigned count)
{
	return !dice_below(dice, count);
}

/* ---- values ---- */

#define LONG_NAME                                                                                  \
	"n123456789n123456789n123456789n123456789n123456789n123456789n123456789n123456789"         \
	"n123456789n123456789n123456789n123456789n123456789n123456789n123456789n123456789"         \
	"n123456789n123456789n123456789n12345678"

const char *make_name(struct dice *dice)
{
	static const char *const names[] = {"web",    "Web",	"web_a", "web_b",   "web-eu",
					    "api",    "API",	"api.a", "127.0.0", "local",
					    "shop-1", "shop-2", "1",	 "x__y",    "a.b.c",
					    "web_A",  "local.", "0",	 LONG_NAME, LONG_NAME "x"};

	return DICE_PICK(dice, names);
}

static unsigned make_number(struct dice *dice, unsigned least, unsigned most)
{
	const unsigned spread = most - least;

	switch (dice_below(dice, 6)) {
	case 0:
		return least;
	case 1:
		return most;
	case 2:
		return least + dice_below(dice, spread) + (spread ? 1 : 0);
	default:
		return least + dice_below(dice, spread < 5 ? spread + 1 : 5);
	}
}

/* A time as a number, or as a text with or without a unit. */
static json_t *make_seconds(struct dice *dice, unsigned least, unsigned most)
{
	static const struct {
		char letter;
		unsigned seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	unsigned seconds = make_number(dice, least, most), unit = dice_below(dice, 4);
	char text[32];

	if (dice_one_in(dice, 2))
		return json_integer(seconds);
	while (seconds % units[unit].seconds)
		unit--;
	(void)snprintf(text, sizeof(text), "%u%c", seconds / units[unit].seconds,
		       units[unit].letter);
	return json_string(text);
}

static json_t *make_share(struct dice *dice, unsigned most)
{
	char text[32];

	if (dice_one_in(dice, 2))
		return json_integer(make_number(dice, 0, dice_one_in(dice, 4) ? most : 4));
	(void)snprintf(text, sizeof(text), "%u%%", make_number(dice, 0, 100));
	return json_string(text);
}

/* A valid text for a key. Several keys share names. */
static const char *make_word(struct dice *dice, const char *name)
{
	static const char *const separators[] = {"_",	"-",	    ".", "__", "a",
						 "-.-", "12345678", "h", ".",  "h"};
	static const char *const values[] = {"default", "a", "blue", "1", ".", "-x", "A"};
	static const char *const prefixes[] = {"nginx_", "n.",	 "x",
					       "nginx:", "swk-", "nginx_nginx_"};
	static const char *const addresses[] = {"service",  "node",	"lan",	"wan",
						"lan_ipv4", "wan_ipv6", "none", "127.0.0.1"};
	static const char *const others[] = {
		"public",   "nginx/upstreams", "http://127.0.0.1:8500", "edge", "k",
		"a/b.prom", "a/b.html",	       "a/b c/\"{\\\n"};

	if (!strcmp(name, "separator"))
		return DICE_PICK(dice, separators);
	if (!strcmp(name, "default"))
		return DICE_PICK(dice, values);
	if (strstr(name, "_prefix"))
		return DICE_PICK(dice, prefixes);
	if (!strcmp(name, "address"))
		return DICE_PICK(dice, addresses);
	if (!strcmp(name, "port"))
		return "http";
	if (!strcmp(name, "fallback"))
		return dice_one_in(dice, 2) ? "10.0.0.9:80" : "[::1]:81";
	if (!strcmp(name, "upstream"))
		return make_name(dice);
	return DICE_PICK(dice, others);
}

static const char *make_valid_word(struct dice *dice, const struct swk_field *field)
{
	const char *word;

	do {
		word = make_word(dice, field->name);
	} while (field->valid && !field->valid(word));
	return word;
}

static json_t *make_list(struct dice *dice, const struct swk_field *field)
{
	json_t *list = json_array();

	for (unsigned i = dice_below(dice, 3); i > 0; i--)
		(void)json_array_append_new(list, json_string(make_valid_word(dice, field)));
	return list;
}

/* Percentages of up to three colours. No route has one of these as its default. */
static json_t *make_colours(struct dice *dice)
{
	static const char *const colours[] = {"b", "eu", ""};
	json_t *object = json_object();
	unsigned rest = 100;

	for (unsigned i = 0; i < 3; i++) {
		unsigned percent = i < 2 ? dice_below(dice, rest + 1) : rest;

		if (percent || dice_one_in(dice, 2))
			(void)json_object_set_new(object, colours[i], json_integer(percent));
		rest -= percent;
	}
	return object;
}

static json_t *make_value(struct dice *dice, const struct swk_field *field)
{
	unsigned words = 0;

	switch (field->type) {
	case SWK_FLAG:
		return json_boolean(dice_one_in(dice, 2));
	case SWK_NUMBER:
	case SWK_BYTES:
		return json_integer(make_number(dice, field->least, field->most));
	case SWK_SECONDS:
		return make_seconds(dice, field->least, field->most);
	case SWK_SHARE:
		return make_share(dice, field->most);
	case SWK_WORD:
		while (field->words[words])
			words++;
		return json_string(field->words[dice_below(dice, words)]);
	case SWK_LIST:
		return make_list(dice, field);
	case SWK_COLOURS:
		return make_colours(dice);
	default:
		if (field->most && dice_one_in(dice, 2))
			return json_integer(make_number(dice, field->least, field->most));
		return json_string(make_valid_word(dice, field));
	}
}

/* An object with some of the fields: one in `one_in`. */
static json_t *make_object(struct dice *dice, const struct swk_fields *fields, unsigned one_in)
{
	json_t *object = json_object();

	for (size_t i = 0; i < fields->count; i++) {
		if (dice_one_in(dice, one_in))
			(void)json_object_set_new(object, fields->list[i].name,
						  make_value(dice, &fields->list[i]));
	}
	return object;
}

/* ---- parts ---- */

static json_t *make_targets(struct dice *dice)
{
	json_t *targets = json_array();
	unsigned count = dice_one_in(dice, 20) ? SWK_TARGETS_MAX : 1 + dice_below(dice, 3);
	char text[64];

	for (unsigned i = 0; i < count; i++) {
		json_t *target = make_object(dice, &swk_target_fields, 2);

		/* The other kinds have no URL. */
		if (json_object_get(target, "kind"))
			(void)json_object_set_new(target, "kind", json_string(swk_target_kinds[0]));
		(void)snprintf(text, sizeof(text), "http://127.0.0.1:%u", 18882 + i);
		(void)json_object_set_new(target, "url", json_string(text));
		(void)snprintf(text, sizeof(text), "edge-%u", i);
		if (json_object_get(target, "name"))
			(void)json_object_set_new(target, "name", json_string(text));
		(void)json_array_append_new(targets, target);
	}
	return targets;
}

static json_t *make_patterns(struct dice *dice, bool wide)
{
	static const char *const patterns[] = {"web*",	  "api", "[a-s]*", "?*", "shop-*",
					       "*[!0-9]", "*-*", "\\web",  "[",	 "*.a*"};
	json_t *list = json_array();
	unsigned count = dice_below(dice, 4);

	if (wide && !dice_one_in(dice, 4))
		(void)json_array_append_new(list, json_string("*"));
	for (unsigned i = 0; i < count; i++)
		(void)json_array_append_new(list, json_string(DICE_PICK(dice, patterns)));
	return list;
}

static json_t *make_routing(struct dice *dice)
{
	static const char *const tags[] = {"gray", "zone", "lane", "v.1",
					   "x-y",  "Gray", "_",	   "nginx"};
	json_t *list = json_array();
	unsigned count = dice_one_in(dice, 8) ? SWK_ROUTES_MAX : dice_below(dice, 4);
	unsigned first = dice_one_in(dice, 2) ? 0 : dice_below(dice, SWK_ROUTES_MAX);

	for (unsigned i = 0; i < count; i++) {
		json_t *route = make_object(dice, &swk_route_fields, 2);

		(void)json_object_set_new(route, "tag",
					  json_string(tags[(first + i) % SWK_ROUTES_MAX]));
		(void)json_array_append_new(list, route);
	}
	return list;
}

static json_t *make_attributes(struct dice *dice)
{
	json_t *object = make_object(dice, &swk_attributes_fields, 4), *allow = json_array();

	for (unsigned i = 0; i < SWK_ATTRIBUTES; i++) {
		if (!dice_one_in(dice, 3))
			(void)json_array_append_new(allow, json_string(swk_attribute_words[i]));
	}
	if (dice_one_in(dice, 4))
		json_decref(allow);
	else
		(void)json_object_set_new(object, "allow", allow);
	if (dice_one_in(dice, 2))
		(void)json_object_set_new(object, "max",
					  make_object(dice, &swk_attributes_max_fields, 2));
	return object;
}

static json_t *make_services(struct dice *dice)
{
	static const char *const patterns[] = {"*",   "web*",  "?*",   "[a-z]*",
					       "*_*", "api?*", "w[e]b"};
	json_t *services = json_object();
	unsigned count = dice_below(dice, 6);

	for (unsigned i = 0; i < count; i++) {
		const char *name =
			dice_one_in(dice, 3) ? DICE_PICK(dice, patterns) : make_name(dice);

		(void)json_object_set_new(services, name, make_object(dice, &swk_rules_fields, 4));
	}
	return services;
}

/* ---- the whole file ---- */

/* Shares need round robin, so a file has either them or another balance. */
static void choose_one(struct dice *dice, json_t *settings)
{
	const char *other = dice_one_in(dice, 2) ? "shares" : "balance", *name;
	json_t *service;

	(void)json_object_del(json_object_get(settings, "defaults"), other);
	json_object_foreach(json_object_get(settings, "services"), name, service)(void)
		json_object_del(service, other);
}

json_t *make_settings(struct dice *dice)
{
	json_t *settings = make_object(dice, &swk_settings_fields, 3);
	json_t *defaults = make_object(dice, &swk_rules_fields, 3);

	/* Most settings have neither a required tag nor keys. */
	if (dice_one_in(dice, 3) || dice_one_in(dice, 2))
		(void)json_object_del(settings, "require_tag");
	if (dice_one_in(dice, 2))
		(void)json_object_set_new(settings, "keyprefix", json_string("nginx/upstreams"));
	if (dice_one_in(dice, 3))
		(void)json_object_set_new(settings, "targets", make_targets(dice));
	if (dice_one_in(dice, 3))
		(void)json_object_set_new(settings, "consul",
					  make_object(dice, &swk_consul_fields, 3));
	if (dice_one_in(dice, 6))
		(void)json_object_set_new(settings, "include", make_patterns(dice, true));
	if (dice_one_in(dice, 6))
		(void)json_object_set_new(settings, "exclude", make_patterns(dice, false));
	if (!dice_one_in(dice, 4))
		(void)json_object_set_new(settings, "routing", make_routing(dice));
	if (!dice_one_in(dice, 4))
		(void)json_object_set_new(settings, "attributes", make_attributes(dice));
	/* Only allowed for a single service. */
	(void)json_object_del(defaults, "upstream");
	if (!dice_one_in(dice, 4))
		(void)json_object_set_new(settings, "defaults", defaults);
	else
		json_decref(defaults);
	if (!dice_one_in(dice, 4))
		(void)json_object_set_new(settings, "services", make_services(dice));
	choose_one(dice, settings);
	return settings;
}

void make_text(struct swk_buffer *out, const json_t *value, size_t flags)
{
	char *text = json_dumps(value, flags);
	struct swk_error error = {0};

	if (!text || swk_buffer_print(out, &error, "%s\n", text)) {
		(void)fputs("no memory\n", stderr);
		exit(70);
	}
	free(text);
}
