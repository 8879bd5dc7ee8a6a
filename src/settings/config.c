/* SPDX-License-Identifier: MIT */
#include "settings/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/deadline.h"
#include "base/json.h"
#include "settings/config_line.h"

/* A key with its whole path, as messages show it. */
#define KEY_MAX 512

struct reader {
	const char *path;
	const char *text;
	size_t length;
	struct swk_settings *settings;
	struct swk_error *error;
};

/* ---- messages ---- */

static size_t print_step(char *name, size_t used, const struct swk_config_step *step)
{
	int length;

	if (!step)
		return 0;
	used = print_step(name, used, step->up);
	if (step->key)
		length = snprintf(name + used, KEY_MAX - used, "%s%s", used ? "." : "", step->key);
	else
		length = snprintf(name + used, KEY_MAX - used, "[%zu]", step->index);
	used += (size_t)length;
	return used < KEY_MAX ? used : KEY_MAX - 1;
}

/* Adds a fault: `FILE:LINE: KEY: what is wrong`. Returns 0, so that reading continues and finds the
 * others, until there are SWK_FAULTS_MAX: finding a line takes time. */
static int refuse(struct reader *reader, const struct swk_config_step *step, const char *reason)
{
	char name[KEY_MAX] = "";
	struct swk_error fault = {0};

	(void)print_step(name, 0, step);
	(void)swk_error_set(&fault, SWK_CONFIG, "%s:%zu: %s: %s", reader->path,
			    swk_config_line(reader->text, reader->length, step), name, reason);
	if (swk_texts_add(&reader->settings->faults, fault.text, reader->error))
		return reader->error->status;
	return reader->settings->faults.count < SWK_FAULTS_MAX ? 0 : SWK_CONFIG;
}

static int refuse_type(struct reader *reader, const struct swk_config_step *step,
		       const char *expected)
{
	char reason[128];

	(void)snprintf(reason, sizeof(reason), "this must be %s", expected);
	return refuse(reader, step, reason);
}

/* The number of letters to add, remove or replace to turn one word into the other. */
static size_t distance(const char *one, const char *other)
{
	size_t row[KEY_MAX], width = strlen(other);

	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 1; one[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			size_t least = diagonal + (one[i - 1] != other[j - 1]);

			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = least;
		}
	}
	return row[width];
}

/* Keys that are not in a table of fields. */
static const char *const other_keys[] = {
	"targets",	    "consul",	      "include",	   "exclude",
	"routing",	    "attributes",     "defaults",	   "services",
	"attributes.allow", "attributes.max", "targets[].include", "targets[].exclude"};
enum { OTHER_KEYS = sizeof(other_keys) / sizeof(*other_keys) };

struct suggestion {
	const char *key;       /* the unknown key */
	size_t letters;	       /* accept only keys that differ in fewer letters */
	const char *in, *name; /* the nearest known key and its prefix; NULL: none is near */
};

static void suggest(struct suggestion *nearest, const char *in, const char *name)
{
	size_t letters = distance(nearest->key, name);

	if (letters < nearest->letters)
		*nearest = (struct suggestion){nearest->key, letters, in, name};
}

/* Adds a fault for an unknown key in an object with these fields. */
static int refuse_key(struct reader *reader, const struct swk_config_step *step,
		      const struct swk_fields *fields)
{
	struct suggestion nearest = {step->key, strlen(step->key) / 3 + 1, NULL, NULL};
	char reason[128] = "there is no such key";

	for (size_t i = 0; i < fields->count; i++)
		suggest(&nearest, "", fields->list[i].name);
	for (size_t i = 0; fields == &swk_target_fields && swk_target_kinds[i]; i++) {
		for (size_t j = 0; j < swk_target_keys[i]->fields.count; j++)
			suggest(&nearest, "", swk_target_keys[i]->fields.list[j].name);
	}
	for (size_t i = 0; !step->up && i < OTHER_KEYS; i++)
		suggest(&nearest, "", other_keys[i]);
	for (size_t i = 0; !step->up && i < swk_rules_fields.count; i++)
		suggest(&nearest, "defaults.", swk_rules_fields.list[i].name);
	if (nearest.name && !nearest.letters && fields == &swk_target_fields)
		(void)snprintf(reason, sizeof(reason), "a target of this kind has no such key");
	else if (nearest.name)
		(void)snprintf(reason, sizeof(reason), "there is no such key; did you mean %s%s?",
			       nearest.in, nearest.name);
	return refuse(reader, step, reason);
}

/* ---- values ---- */

static const char *type_of(const struct swk_field *field)
{
	static const char *const types[] = {
		[SWK_TEXT] = "a string",
		[SWK_FLAG] = "true or false",
		[SWK_NUMBER] = "a whole number",
		[SWK_SECONDS] = "a whole number of seconds, or a string such as \"2s\"",
		[SWK_BYTES] = "a whole number of bytes, or a string such as \"4m\"",
		[SWK_SHARE] = "a whole number, or a string such as \"50%\"",
		[SWK_WORD] = "a string",
		[SWK_LIST] = "an array of strings",
		[SWK_COLOURS] = "an object such as {\"canary\": 5, \"\": 95}",
	};

	return field->type == SWK_TEXT && field->most ? field->expected : types[field->type];
}

/* The value as the text that swk_field_set expects; NULL if it has the wrong type. */
static const char *value_text(const struct swk_field *field, json_t *value, char room[32])
{
	bool number = json_is_integer(value) && (field->type != SWK_TEXT || field->most) &&
		      field->type != SWK_WORD && field->type != SWK_FLAG;
	bool string = json_is_string(value) && field->type != SWK_FLAG && field->type != SWK_NUMBER;

	if (json_is_boolean(value) && field->type == SWK_FLAG)
		return json_is_true(value) ? "true" : "false";
	/* A number in quotes needs a unit: "2s" is valid, "2" is not. */
	if (string && field->most &&
	    !json_string_value(value)[strspn(json_string_value(value), "0123456789")])
		return NULL;
	if (string)
		return json_string_value(value);
	if (!number)
		return NULL;
	(void)snprintf(room, 32, "%" JSON_INTEGER_FORMAT, json_integer_value(value));
	return room;
}

/* Sets a field in `base` or, if not NULL, in `override`, from text. */
static int set_text(struct reader *reader, const struct swk_config_step *step,
		    const struct swk_field *field, void *base, struct swk_override *override,
		    const char *text)
{
	struct swk_error cause = {0};
	int status;

	if (override)
		status = swk_override_set(override, field, text, "", &cause);
	else
		status = swk_field_set(field, base, text, "", &cause);
	if (status == SWK_INTERNAL)
		return swk_error_memory(reader->error);
	/* The message begins with `where`, which is "" here. */
	if (status)
		return refuse(reader, step, cause.text + strlen(": "));
	return base == reader->settings ? swk_settings_set_where(reader->settings, field->name,
								 reader->path, reader->error)
					: 0;
}

/* The same from a value that is neither an array nor an object. */
static int read_value(struct reader *reader, const struct swk_config_step *step,
		      const struct swk_field *field, void *base, struct swk_override *override,
		      json_t *value)
{
	char room[32];
	const char *text = value_text(field, value, room);

	if (!text)
		return refuse_type(reader, step,
				   field->type == SWK_LIST ? "a string" : type_of(field));
	return set_text(reader, step, field, base, override, text);
}

/* ---- shares ---- */

/* Refuses percentages that are not 100 together, with a correction. */
static int refuse_total(struct reader *reader, const struct swk_config_step *step, json_t *object,
			json_int_t total)
{
	const json_int_t rest = 100 - total + json_integer_value(json_object_get(object, ""));
	char reason[128];
	int length =
		snprintf(reason, sizeof(reason),
			 "these percentages are %" JSON_INTEGER_FORMAT " together, not 100", total);

	if (rest >= 0)
		(void)snprintf(reason + length, sizeof(reason) - (size_t)length,
			       "; did you mean \"\": %" JSON_INTEGER_FORMAT "?", rest);
	return refuse(reader, step, reason);
}

static int read_colour(struct reader *reader, const struct swk_config_step *step,
		       const struct swk_field *field, void *base, struct swk_override *override,
		       json_t *value)
{
	char *text;
	int status;

	if (!json_is_integer(value))
		return refuse_type(reader, step, "a whole number from 0 to 100");
	if (asprintf(&text, "%s=%" JSON_INTEGER_FORMAT, step->key, json_integer_value(value)) < 0)
		return swk_error_memory(reader->error);
	status = set_text(reader, step, field, base, override, text);
	free(text);
	return status;
}

/* Reads an object of colours. An empty one means that there are no shares. */
static int read_colours(struct reader *reader, const struct swk_config_step *step,
			const struct swk_field *field, void *base, struct swk_override *override,
			json_t *object)
{
	const size_t before = reader->settings->faults.count;
	json_int_t total = 0;
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return refuse_type(reader, step, type_of(field));
	if (json_object_size(object) > SWK_COLOURS_MAX)
		return refuse_type(reader, step, "an object of up to 64 colours");
	if (override)
		swk_override_begin(override, field);
	json_object_foreach(object, key, value)
	{
		const struct swk_config_step member = {step, key, 0};
		int status = read_colour(reader, &member, field, base, override, value);

		if (status)
			return status;
		total += json_integer_value(value);
	}
	if (reader->settings->faults.count > before || total == 100 || !json_object_size(object))
		return 0;
	return refuse_total(reader, step, object, total);
}

/* Refuses a share for what routing calls no colour: its instances would get no requests. */
static int check_colour(struct reader *reader, const struct swk_config_step *step)
{
	const struct swk_settings *settings = reader->settings;

	for (size_t i = 0; i < settings->route_count; i++) {
		if (settings->routes[i].plain && !strcmp(step->key, settings->routes[i].plain))
			return refuse(reader, step,
				      "routing says that this value means no colour: write \"\" "
				      "instead");
	}
	return 0;
}

/* Shares and what they depend on may come from different parts of the file, so they are checked
 * together after all is read. `step` is the object of an override or, if that is NULL, of the
 * defaults. */
static int check_shares(struct reader *reader, const struct swk_config_step *step,
			const struct swk_override *override)
{
	const struct swk_settings *settings = reader->settings;
	const bool own = !override || swk_override_has(override, "shares");
	const struct swk_config_step shares = {step, "shares", 0}, balance = {step, "balance", 0};
	struct swk_rules rules = settings->defaults;
	int status = 0;

	if (override)
		swk_rules_find(&rules, &settings->defaults, &settings->services, override->pattern);
	if (rules.shares.count && rules.balance != SWK_ROUND_ROBIN &&
	    (own || swk_override_has(override, "balance")))
		status = refuse(reader, own ? &shares : &balance,
				"shares need the balance round_robin, but there is another one: "
				"set round_robin, or \"shares\": {}");
	for (size_t i = 0; !status && own && i < rules.shares.count; i++)
		status = check_colour(
			reader, &(struct swk_config_step){&shares, rules.shares.list[i].colour, 0});
	return status;
}

static int check_all_shares(struct reader *reader)
{
	const struct swk_overrides *services = &reader->settings->services;
	const struct swk_config_step defaults = {NULL, "defaults", 0}, all = {NULL, "services", 0};
	int status = check_shares(reader, &defaults, NULL);

	for (size_t i = 0; !status && i < services->count; i++) {
		const struct swk_config_step step = {&all, services->list[i].pattern, 0};

		status = check_shares(reader, &step, &services->list[i]);
	}
	return status;
}

/* ---- fields ---- */

static int read_field(struct reader *reader, const struct swk_config_step *step,
		      const struct swk_field *field, void *base, struct swk_override *override,
		      json_t *value)
{
	json_t *text;
	size_t i;
	int status = 0;

	if (field->type == SWK_COLOURS)
		return read_colours(reader, step, field, base, override, value);
	if (field->type != SWK_LIST)
		return read_value(reader, step, field, base, override, value);
	if (!json_is_array(value))
		return refuse_type(reader, step, type_of(field));
	if (override)
		swk_override_begin(override, field);
	json_array_foreach(value, i, text)
	{
		const struct swk_config_step element = {step, NULL, i};

		status = json_is_string(text)
				 ? read_value(reader, &element, field, base, override, text)
				 : refuse_type(reader, &element, "a string");
		if (status)
			return status;
	}
	return 0;
}

/* Reads each element. `expected` describes a valid array, for messages. */
static int
read_array(struct reader *reader, const struct swk_config_step *step, const char *expected,
	   int (*read)(struct reader *reader, const struct swk_config_step *step, json_t *value),
	   json_t *array)
{
	json_t *value;
	size_t i;
	int status = 0;

	if (!json_is_array(array))
		return refuse_type(reader, step, expected);
	json_array_foreach(array, i, value)
	{
		const struct swk_config_step element = {step, NULL, i};

		status = read(reader, &element, value);
		if (status)
			return status;
	}
	return 0;
}

static int read_pattern(struct reader *reader, const struct swk_config_step *step, json_t *value)
{
	struct swk_settings *settings = reader->settings;
	struct swk_selection *selection = &settings->selection;
	const char *text = json_string_value(value);

	if (step->up->up) /* an object of targets, the last so far */
		selection = &settings->targets[settings->target_count - 1].selection;
	if (!text || !*text)
		return refuse_type(reader, step, "a string that is not empty");
	return swk_texts_add(!strcmp(step->up->key, "include") ? &selection->include
							       : &selection->exclude,
			     text, reader->error);
}

static int take_patterns(struct reader *reader, const struct swk_config_step *step, json_t *value,
			 bool *taken)
{
	*taken = !strcmp(step->key, "include") || !strcmp(step->key, "exclude");
	return *taken ? read_array(reader, step, "an array of strings", read_pattern, value) : 0;
}

/* ---- objects ---- */

/* Passes each member to `take`, unless that is NULL, which sets *taken if it knows the key. Reads
 * the others as fields. */
static int read_object(struct reader *reader, const struct swk_config_step *step,
		       const struct swk_fields *fields, void *base, struct swk_override *override,
		       int (*take)(struct reader *reader, const struct swk_config_step *step,
				   json_t *value, bool *taken),
		       json_t *object)
{
	const char *key;
	json_t *value;
	int status = 0;

	if (!json_is_object(object))
		return refuse_type(reader, step, "an object");
	json_object_foreach(object, key, value)
	{
		const struct swk_config_step member = {step, key, 0};
		const struct swk_field *field = NULL;
		bool taken = false;

		for (size_t i = 0; i < fields->count; i++) {
			if (!strcmp(fields->list[i].name, key))
				field = &fields->list[i];
		}
		status = take ? take(reader, &member, value, &taken) : 0;
		if (status)
			return status;
		if (taken)
			continue;
		status = field ? read_field(reader, &member, field, base, override, value)
			       : refuse_key(reader, &member, fields);
		if (status)
			return status;
	}
	return 0;
}

/* ---- targets ---- */

static struct swk_target_settings *last_target(const struct reader *reader)
{
	return &reader->settings->targets[reader->settings->target_count - 1];
}

/* The index of the kind that an object names; 0 if it names none, or an unknown one. */
static unsigned kind_of(const json_t *object)
{
	const char *word = json_string_value(json_object_get(object, "kind"));

	for (unsigned i = 0; word && swk_target_kinds[i]; i++) {
		if (!strcmp(swk_target_kinds[i], word))
			return i;
	}
	return 0;
}

/* Takes the keys of its kind, and the patterns. */
static int take_target_key(struct reader *reader, const struct swk_config_step *step, json_t *value,
			   bool *taken)
{
	const struct swk_target_settings *its = last_target(reader);
	const struct swk_fields *fields = &swk_target_keys[its->kind]->fields;

	for (size_t i = 0; i < fields->count; i++) {
		if (strcmp(fields->list[i].name, step->key) != 0)
			continue;
		*taken = true;
		return read_field(reader, step, &fields->list[i], its->own, NULL, value);
	}
	return take_patterns(reader, step, value, taken);
}

/* Checks its values even if an option overrides the targets later: whether a settings file is valid
 * does not depend on options. */
static int check_target(struct reader *reader, const struct swk_config_step *step)
{
	const struct swk_target_settings *its = last_target(reader);
	struct swk_config_step member = {step, NULL, 0};
	struct swk_error cause = {0};
	int status = swk_target_keys[its->kind]->check(its->own, &member.key, &cause);

	if (status == SWK_USAGE)
		return refuse(reader, member.key ? &member : step, cause.text);
	if (status)
		return swk_error_set(reader->error, status, "%s", cause.text);
	if (swk_target_keys[its->kind]->needs_name && !its->name)
		return refuse(reader, step, "it needs a name");
	for (size_t i = 0; i + 1 < reader->settings->target_count; i++) {
		const char *one = swk_target_settings_name(&reader->settings->targets[i]);
		const char *other = swk_target_settings_name(its);

		if (one && other && !strcmp(one, other))
			return refuse(reader, step, "another target has the same name or URL");
	}
	return 0;
}

static int read_target(struct reader *reader, const struct swk_config_step *step, json_t *object)
{
	const unsigned kind = kind_of(object);
	struct swk_target_settings *its =
		swk_settings_add_target(reader->settings, kind, reader->error);
	const struct swk_config_step address = {step, swk_target_keys[kind]->fields.list[0].name,
						0};
	const size_t before = reader->settings->faults.count;
	char name[KEY_MAX] = "";
	int status;

	if (!its)
		return reader->error->status;
	status = read_object(reader, step, &swk_target_fields, its, NULL, take_target_key, object);
	if (status)
		return status;
	its->wrong = SWK_CONFIG;
	(void)print_step(name, 0, &address);
	if (asprintf(&its->where, "%s:%zu: %s", reader->path,
		     swk_config_line(reader->text, reader->length, &address), name) < 0) {
		its->where = NULL;
		return swk_error_memory(reader->error);
	}
	/* A key that was refused is not missing. */
	return reader->settings->faults.count > before ? 0 : check_target(reader, step);
}

static int read_targets(struct reader *reader, const struct swk_config_step *step, json_t *array)
{
	static const char expected[] = "an array of 1 to 64 objects";

	if (!json_array_size(array) || json_array_size(array) > SWK_TARGETS_MAX)
		return refuse_type(reader, step, expected);
	swk_settings_clear_targets(reader->settings);
	return read_array(reader, step, expected, read_target, array);
}

static int read_route(struct reader *reader, const struct swk_config_step *step, json_t *object)
{
	struct swk_settings *settings = reader->settings;
	struct swk_route *route = swk_settings_add_route(settings, reader->error);
	int status;

	if (!route)
		return reader->error->status;
	status = read_object(reader, step, &swk_route_fields, route, NULL, NULL, object);
	if (status)
		return status;
	if (!route->tag)
		return refuse(reader, step, "it needs a tag");
	for (size_t i = 0; i + 1 < settings->route_count; i++) {
		if (settings->routes[i].tag && !strcmp(settings->routes[i].tag, route->tag))
			return refuse(reader, step, "another entry of routing has the same tag");
	}
	return 0;
}

static int read_routing(struct reader *reader, const struct swk_config_step *step, json_t *array)
{
	static const char expected[] = "an array of up to 8 objects";

	if (json_array_size(array) > SWK_ROUTES_MAX)
		return refuse_type(reader, step, expected);
	swk_settings_clear_routes(reader->settings);
	return read_array(reader, step, expected, read_route, array);
}

static int read_allowed(struct reader *reader, const struct swk_config_step *step, json_t *value)
{
	static const struct swk_field word = {
		.name = "", .type = SWK_WORD, .words = swk_attribute_words};
	unsigned place = 0;
	int status = read_field(reader, step, &word, &place, NULL, value);

	if (!status)
		reader->settings->attributes.allow[place] = true;
	return status;
}

static int read_allow(struct reader *reader, const struct swk_config_step *step, json_t *array)
{
	memset(reader->settings->attributes.allow, 0, sizeof(reader->settings->attributes.allow));
	return read_array(reader, step, "an array of strings", read_allowed, array);
}

static int take_attribute(struct reader *reader, const struct swk_config_step *step, json_t *value,
			  bool *taken)
{
	*taken = true;
	if (!strcmp(step->key, "allow"))
		return read_allow(reader, step, value);
	if (!strcmp(step->key, "max"))
		return read_object(reader, step, &swk_attributes_max_fields,
				   &reader->settings->attributes, NULL, NULL, value);
	*taken = false;
	return 0;
}

/* `upstream` is a field of the rules, but would give all services the same upstream. */
static int take_default(struct reader *reader, const struct swk_config_step *step, json_t *value,
			bool *taken)
{
	(void)value;
	*taken = false;
	if (strcmp(step->key, "upstream") != 0)
		return 0;
	return refuse(reader, step, "it can only be set under services");
}

static int read_services(struct reader *reader, const struct swk_config_step *step, json_t *object)
{
	const char *key;
	json_t *value;
	int status = 0;

	if (!json_is_object(object))
		return refuse_type(reader, step, "an object");
	json_object_foreach(object, key, value)
	{
		const struct swk_config_step member = {step, key, 0};
		struct swk_override *override;

		if (!*key)
			return refuse(reader, &member, "a service needs a name");
		override = swk_overrides_add(&reader->settings->services, key, reader->error);
		if (!override)
			return reader->error->status;
		status = read_object(reader, &member, &swk_rules_fields, NULL, override, NULL,
				     value);
		if (status)
			return status;
	}
	return 0;
}

static int read_consul(struct reader *reader, const struct swk_config_step *step, json_t *object)
{
	struct swk_consul_settings *consul = &reader->settings->consul;

	if (asprintf(&consul->where, "%s:%zu", reader->path,
		     swk_config_line(reader->text, reader->length, step)) < 0) {
		consul->where = NULL;
		return swk_error_memory(reader->error);
	}
	return read_object(reader, step, &swk_consul_fields, consul, NULL, NULL, object);
}

static int take_part(struct reader *reader, const struct swk_config_step *step, json_t *value,
		     bool *taken)
{
	struct swk_settings *settings = reader->settings;
	int status;

	*taken = true;
	if (!strcmp(step->key, "targets"))
		return read_targets(reader, step, value);
	if (!strcmp(step->key, "consul"))
		return read_consul(reader, step, value);
	status = take_patterns(reader, step, value, taken);
	if (status || *taken)
		return status;
	*taken = true;
	if (!strcmp(step->key, "routing"))
		return read_routing(reader, step, value);
	if (!strcmp(step->key, "attributes"))
		return read_object(reader, step, &swk_attributes_fields, &settings->attributes,
				   NULL, take_attribute, value);
	if (!strcmp(step->key, "defaults"))
		return read_object(reader, step, &swk_rules_fields, &settings->defaults, NULL,
				   take_default, value);
	if (!strcmp(step->key, "services"))
		return read_services(reader, step, value);
	*taken = false;
	return 0;
}

/* ---- the file ---- */

static size_t line_of(const char *text, const char *place)
{
	size_t line = 1;

	for (; text < place; text++)
		line += *text == '\n';
	return line;
}

/* Reads the text. An error stands for the file as a whole; faults, for single values. */
static int parse(struct reader *reader)
{
	const char *nul = reader->length ? memchr(reader->text, '\0', reader->length) : NULL;
	json_error_t failure;
	json_t *root;
	char *near;
	int status;

	/* jansson ignores everything after a number and a NUL. */
	if (nul)
		return swk_error_set(reader->error, SWK_CONFIG,
				     "%s:%zu: this is not JSON: it contains a NUL byte",
				     reader->path, line_of(reader->text, nul));
	root = swk_json_load(reader->text, reader->length, JSON_REJECT_DUPLICATES, &failure);
	if (!root && errno == ENOMEM)
		return swk_error_memory(reader->error);
	near = root ? NULL : strstr(failure.text, " near ");
	if (near && !swk_text_is_public(near))
		*near = '\0';
	if (!root)
		return swk_error_set(reader->error, SWK_CONFIG, "%s:%d: %s%s", reader->path,
				     failure.line,
				     json_error_code(&failure) == json_error_duplicate_key
					     ? ""
					     : "this is not JSON: ",
				     failure.text);
	if (!json_is_object(root))
		status = swk_error_set(reader->error, SWK_CONFIG, "%s:1: this must be an object",
				       reader->path);
	else
		status = read_object(reader, NULL, &swk_settings_fields, reader->settings, NULL,
				     take_part, root);
	if (!status)
		status = check_all_shares(reader);
	json_decref(root);
	return status;
}

int swk_config_parse(struct swk_settings *settings, const char *path, const char *text,
		     size_t length, struct swk_error *error)
{
	struct reader reader = {path, text, length, settings, error};
	const size_t before = settings->faults.count;

	(void)parse(&reader);
	if (error->status == SWK_CONFIG)
		(void)swk_texts_add(&settings->faults, error->text, error);
	if (!error->status && settings->faults.count > before)
		(void)swk_error_set(error, SWK_CONFIG, "%s", settings->faults.list[before]);
	return error->status;
}

int swk_config_read(struct swk_settings *settings, const char *path, struct swk_error *error)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK), status;
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_SETTINGS_MAX);
	if (descriptor < 0)
		status = swk_error_set(error, SWK_CONFIG, "%s: the settings cannot be read: %s",
				       path, strerror(errno));
	else
		status = swk_buffer_read(&text, descriptor, swk_now_ms() + SWK_PIPE_MS, path,
					 SWK_CONFIG, error);
	if (status == SWK_CONFIG)
		(void)swk_texts_add(&settings->faults, error->text, error);
	else if (!status)
		status = swk_config_parse(settings, path, text.data ? text.data : "", text.length,
					  error);
	if (descriptor >= 0)
		(void)close(descriptor);
	swk_buffer_free(&text);
	return status;
}

/* ---- all keys ---- */

/* Whether another kind of target, which comes first, has the key, too. */
static bool has_earlier(size_t kind, const char *name)
{
	for (size_t i = 0; i < kind; i++) {
		if (swk_fields_find(&swk_target_keys[i]->fields, name))
			return true;
	}
	return false;
}

/* Finds the key of this number among those of all kinds of targets. If there are fewer, *number
 * becomes the rest. */
static const char *target_key(size_t *number)
{
	for (size_t i = 0; swk_target_kinds[i]; i++) {
		const struct swk_fields *fields = &swk_target_keys[i]->fields;

		for (size_t j = 0; j < fields->count; j++) {
			if (!has_earlier(i, fields->list[j].name) && !(*number)--)
				return fields->list[j].name;
		}
	}
	return NULL;
}

bool swk_config_key(size_t number, char name[64])
{
	static const struct {
		const char *before;
		const struct swk_fields *fields;
	} parts[] = {
		{"", &swk_settings_fields},
		{"targets[].", &swk_target_fields},
		{"consul.", &swk_consul_fields},
		{"routing[].", &swk_route_fields},
		{"attributes.", &swk_attributes_fields},
		{"attributes.max.", &swk_attributes_max_fields},
		{"", &swk_rules_fields},
	};

	const char *key;

	if (number < OTHER_KEYS)
		return snprintf(name, 64, "%s", other_keys[number]) > 0;
	number -= OTHER_KEYS;
	key = target_key(&number);
	if (key)
		return snprintf(name, 64, "targets[].%s", key) > 0;
	for (size_t i = 0; i < sizeof(parts) / sizeof(*parts); i++) {
		if (number < parts[i].fields->count)
			return snprintf(name, 64, "%s%s", parts[i].before,
					parts[i].fields->list[number].name) > 0;
		number -= parts[i].fields->count;
	}
	return false;
}
