/* SPDX-License-Identifier: MIT */
#include "settings/config_value.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "settings/config_key.h"

/* A key with its whole path, as messages show it. */
#define KEY_MAX 512

/* ---- faults ---- */

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

char *swk_config_where(struct swk_config_reader *reader, const struct swk_config_step *step)
{
	char name[KEY_MAX] = "", *where;

	(void)print_step(name, 0, step);
	if (asprintf(&where, "%s:%zu: %s", reader->path,
		     swk_config_line(reader->text, reader->length, step), name) >= 0)
		return where;
	(void)swk_error_memory(reader->error);
	return NULL;
}

/* Reading continues and finds other faults, until there are SWK_FAULTS_MAX: finding a line takes
 * time. */
int swk_config_refuse(struct swk_config_reader *reader, const struct swk_config_step *step,
		      const char *reason)
{
	char *where = swk_config_where(reader, step);
	struct swk_error fault = {0};

	if (!where)
		return reader->error->status;
	(void)swk_error_set(&fault, SWK_CONFIG, "%s: %s", where, reason);
	free(where);
	if (swk_texts_add(&reader->settings->faults, fault.text, reader->error))
		return reader->error->status;
	return reader->settings->faults.count < SWK_FAULTS_MAX ? 0 : SWK_CONFIG;
}

int swk_config_refuse_type(struct swk_config_reader *reader, const struct swk_config_step *step,
			   const char *expected)
{
	char reason[128];

	(void)snprintf(reason, sizeof(reason), "this must be %s", expected);
	return swk_config_refuse(reader, step, reason);
}

static int refuse_key(struct swk_config_reader *reader, const struct swk_config_step *step,
		      const struct swk_fields *fields)
{
	char reason[128];

	swk_config_explain(reason, step->key, fields, !step->up);
	return swk_config_refuse(reader, step, reason);
}

/* ---- one value ---- */

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
static int set_text(struct swk_config_reader *reader, const struct swk_config_step *step,
		    const struct swk_field *field, void *base, struct swk_override *override,
		    const char *text)
{
	struct swk_error cause = {0};
	int status;

	if (override)
		status = swk_override_set(override, field, text, &cause);
	else
		status = swk_field_set(field, base, text, "", &cause);
	if (status == SWK_INTERNAL)
		return swk_error_memory(reader->error);
	/* The message begins with `where`, which is "" here. */
	if (status)
		return swk_config_refuse(reader, step, cause.text + strlen(": "));
	return base == reader->settings ? swk_settings_set_where(reader->settings, field->name,
								 reader->path, reader->error)
					: 0;
}

/* The same from a value that is neither an array nor an object. */
static int read_value(struct swk_config_reader *reader, const struct swk_config_step *step,
		      const struct swk_field *field, void *base, struct swk_override *override,
		      json_t *value)
{
	char room[32];
	const char *text = value_text(field, value, room);

	if (!text)
		return swk_config_refuse_type(
			reader, step, field->type == SWK_LIST ? "a string" : type_of(field));
	return set_text(reader, step, field, base, override, text);
}

/* Refuses percentages that are not 100 together, with a correction. */
static int refuse_total(struct swk_config_reader *reader, const struct swk_config_step *step,
			json_t *object, json_int_t total)
{
	const json_int_t rest = 100 - total + json_integer_value(json_object_get(object, ""));
	char reason[128];
	int length =
		snprintf(reason, sizeof(reason),
			 "these percentages are %" JSON_INTEGER_FORMAT " together, not 100", total);

	if (rest >= 0)
		(void)snprintf(reason + length, sizeof(reason) - (size_t)length,
			       "; did you mean \"\": %" JSON_INTEGER_FORMAT "?", rest);
	return swk_config_refuse(reader, step, reason);
}

static int read_colour(struct swk_config_reader *reader, const struct swk_config_step *step,
		       const struct swk_field *field, void *base, struct swk_override *override,
		       json_t *value)
{
	char *text;
	int status;

	if (!json_is_integer(value))
		return swk_config_refuse_type(reader, step, "a whole number from 0 to 100");
	if (asprintf(&text, "%s=%" JSON_INTEGER_FORMAT, step->key, json_integer_value(value)) < 0)
		return swk_error_memory(reader->error);
	status = set_text(reader, step, field, base, override, text);
	free(text);
	return status;
}

/* Reads an object of colours. An empty one means that there are no shares. */
static int read_colours(struct swk_config_reader *reader, const struct swk_config_step *step,
			const struct swk_field *field, void *base, struct swk_override *override,
			json_t *object)
{
	const size_t before = reader->settings->faults.count;
	json_int_t total = 0;
	const char *key;
	json_t *value;

	if (!json_is_object(object))
		return swk_config_refuse_type(reader, step, type_of(field));
	if (json_object_size(object) > SWK_COLOURS_MAX)
		return swk_config_refuse_type(reader, step, "an object of up to 64 colours");
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

/* ---- fields, arrays, objects ---- */

int swk_config_read_field(struct swk_config_reader *reader, const struct swk_config_step *step,
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
		return swk_config_refuse_type(reader, step, type_of(field));
	if (override)
		swk_override_begin(override, field);
	json_array_foreach(value, i, text)
	{
		const struct swk_config_step element = {step, NULL, i};

		status = json_is_string(text)
				 ? read_value(reader, &element, field, base, override, text)
				 : swk_config_refuse_type(reader, &element, "a string");
		if (status)
			return status;
	}
	return 0;
}

int swk_config_read_array(struct swk_config_reader *reader, const struct swk_config_step *step,
			  const char *expected,
			  int (*read)(struct swk_config_reader *reader,
				      const struct swk_config_step *step, json_t *value),
			  json_t *array)
{
	json_t *value;
	size_t i;
	int status = 0;

	if (!json_is_array(array))
		return swk_config_refuse_type(reader, step, expected);
	json_array_foreach(array, i, value)
	{
		const struct swk_config_step element = {step, NULL, i};

		status = read(reader, &element, value);
		if (status)
			return status;
	}
	return 0;
}

int swk_config_read_object(struct swk_config_reader *reader, const struct swk_config_step *step,
			   const struct swk_fields *fields, void *base,
			   struct swk_override *override,
			   int (*take)(struct swk_config_reader *reader,
				       const struct swk_config_step *step, json_t *value,
				       bool *taken),
			   json_t *object)
{
	const char *key;
	json_t *value;
	int status = 0;

	if (!json_is_object(object))
		return swk_config_refuse_type(reader, step, "an object");
	json_object_foreach(object, key, value)
	{
		const struct swk_config_step member = {step, key, 0};
		const struct swk_field *field;
		bool taken = false;

		status = take ? take(reader, &member, value, &taken) : 0;
		if (status)
			return status;
		if (taken)
			continue;
		field = swk_config_field(fields, key);
		status =
			field ? swk_config_read_field(reader, &member, field, base, override, value)
			      : refuse_key(reader, &member, fields);
		if (status)
			return status;
	}
	return 0;
}
