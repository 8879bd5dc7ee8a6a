/* SPDX-License-Identifier: MIT */
#include "settings/config.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/deadline.h"
#include "settings/config_key.h"
#include "settings/config_value.h"

/* ---- targets ---- */

static int read_pattern(struct swk_config_reader *reader, const struct swk_config_step *step,
			json_t *value)
{
	struct swk_settings *settings = reader->settings;
	struct swk_selection *selection = &settings->selection;
	const char *text = json_string_value(value);

	if (step->up->up) /* an object of targets, the last so far */
		selection = &settings->targets[settings->target_count - 1].selection;
	if (!text || !*text)
		return swk_config_refuse_type(reader, step, "a string that is not empty");
	return swk_texts_add(!strcmp(step->up->key, "include") ? &selection->include
							       : &selection->exclude,
			     text, reader->error);
}

static int take_patterns(struct swk_config_reader *reader, const struct swk_config_step *step,
			 json_t *value, bool *taken)
{
	*taken = !strcmp(step->key, "include") || !strcmp(step->key, "exclude");
	return *taken ? swk_config_read_array(reader, step, "an array of strings", read_pattern,
					      value)
		      : 0;
}

static struct swk_target_settings *last_target(const struct swk_config_reader *reader)
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
static int take_target_key(struct swk_config_reader *reader, const struct swk_config_step *step,
			   json_t *value, bool *taken)
{
	const struct swk_target_settings *its = last_target(reader);
	const struct swk_field *field =
		swk_config_field(&swk_target_keys[its->kind]->fields, step->key);

	if (!field)
		return take_patterns(reader, step, value, taken);
	*taken = true;
	return swk_config_read_field(reader, step, field, its->own, NULL, value);
}

/* Checks its values even if an option overrides the targets later: whether a settings file is valid
 * does not depend on options. */
static int check_target(struct swk_config_reader *reader, const struct swk_config_step *step)
{
	const struct swk_target_settings *its = last_target(reader);
	struct swk_config_step member = {step, NULL, 0};
	struct swk_error cause = {0};
	int status = swk_target_keys[its->kind]->check(its->own, &member.key, &cause);

	if (status == SWK_USAGE)
		return swk_config_refuse(reader, member.key ? &member : step, cause.text);
	if (status)
		return swk_error_set(reader->error, status, "%s", cause.text);
	if (swk_target_keys[its->kind]->needs_name && !its->name)
		return swk_config_refuse(reader, step, "it needs a name");
	for (size_t i = 0; i + 1 < reader->settings->target_count; i++) {
		const char *one = swk_target_settings_name(&reader->settings->targets[i]);
		const char *other = swk_target_settings_name(its);

		if (one && other && !strcmp(one, other))
			return swk_config_refuse(reader, step,
						 "another target has the same name or URL");
	}
	return 0;
}

static int read_target(struct swk_config_reader *reader, const struct swk_config_step *step,
		       json_t *object)
{
	const unsigned kind = kind_of(object);
	struct swk_target_settings *its =
		swk_settings_add_target(reader->settings, kind, reader->error);
	const struct swk_config_step address = {step, swk_target_keys[kind]->fields.list[0].name,
						0};
	const size_t before = reader->settings->faults.count;
	int status;

	if (!its)
		return reader->error->status;
	status = swk_config_read_object(reader, step, &swk_target_fields, its, NULL,
					take_target_key, object);
	if (status)
		return status;
	its->wrong = SWK_CONFIG;
	its->where = swk_config_where(reader, &address);
	if (!its->where)
		return reader->error->status;
	/* A key that was refused is not missing. */
	return reader->settings->faults.count > before ? 0 : check_target(reader, step);
}

static int read_targets(struct swk_config_reader *reader, const struct swk_config_step *step,
			json_t *array)
{
	static const char expected[] = "an array of 1 to 64 objects";

	if (!json_array_size(array) || json_array_size(array) > SWK_TARGETS_MAX)
		return swk_config_refuse_type(reader, step, expected);
	swk_settings_clear_targets(reader->settings);
	return swk_config_read_array(reader, step, expected, read_target, array);
}

static int read_route(struct swk_config_reader *reader, const struct swk_config_step *step,
		      json_t *object)
{
	struct swk_settings *settings = reader->settings;
	struct swk_route *route = swk_settings_add_route(settings, reader->error);
	int status;

	if (!route)
		return reader->error->status;
	status = swk_config_read_object(reader, step, &swk_route_fields, route, NULL, NULL, object);
	if (status)
		return status;
	if (!route->tag)
		return swk_config_refuse(reader, step, "it needs a tag");
	for (size_t i = 0; i + 1 < settings->route_count; i++) {
		if (settings->routes[i].tag && !strcmp(settings->routes[i].tag, route->tag))
			return swk_config_refuse(reader, step,
						 "another entry of routing has the same tag");
	}
	return 0;
}

static int read_routing(struct swk_config_reader *reader, const struct swk_config_step *step,
			json_t *array)
{
	static const char expected[] = "an array of up to 8 objects";

	if (json_array_size(array) > SWK_ROUTES_MAX)
		return swk_config_refuse_type(reader, step, expected);
	swk_settings_clear_routes(reader->settings);
	return swk_config_read_array(reader, step, expected, read_route, array);
}

static int read_allowed(struct swk_config_reader *reader, const struct swk_config_step *step,
			json_t *value)
{
	static const struct swk_field word = {
		.name = "", .type = SWK_WORD, .words = swk_attribute_words};
	unsigned place = 0;
	int status = swk_config_read_field(reader, step, &word, &place, NULL, value);

	if (!status)
		reader->settings->attributes.allow[place] = true;
	return status;
}

static int read_allow(struct swk_config_reader *reader, const struct swk_config_step *step,
		      json_t *array)
{
	memset(reader->settings->attributes.allow, 0, sizeof(reader->settings->attributes.allow));
	return swk_config_read_array(reader, step, "an array of strings", read_allowed, array);
}

static int take_attribute(struct swk_config_reader *reader, const struct swk_config_step *step,
			  json_t *value, bool *taken)
{
	*taken = true;
	if (!strcmp(step->key, "allow"))
		return read_allow(reader, step, value);
	if (!strcmp(step->key, "max"))
		return swk_config_read_object(reader, step, &swk_attributes_max_fields,
					      &reader->settings->attributes, NULL, NULL, value);
	*taken = false;
	return 0;
}

/* `upstream` is a field of the rules, but would give all services the same upstream. */
static int take_default(struct swk_config_reader *reader, const struct swk_config_step *step,
			json_t *value, bool *taken)
{
	(void)value;
	*taken = false;
	if (strcmp(step->key, "upstream") != 0)
		return 0;
	return swk_config_refuse(reader, step, "it can only be set under services");
}

static int take_service(struct swk_config_reader *reader, const struct swk_config_step *step,
			json_t *value, bool *taken)
{
	struct swk_override *override;

	*taken = true;
	if (!*step->key)
		return swk_config_refuse(reader, step, "a service needs a name");
	override = swk_overrides_add(&reader->settings->services, step->key, reader->error);
	if (!override)
		return reader->error->status;
	return swk_config_read_object(reader, step, &swk_rules_fields, NULL, override, NULL, value);
}

static int read_consul(struct swk_config_reader *reader, const struct swk_config_step *step,
		       json_t *object)
{
	struct swk_consul_settings *consul = &reader->settings->consul;

	if (asprintf(&consul->where, "%s:%zu", reader->path,
		     swk_config_line(reader->text, reader->length, step)) < 0) {
		consul->where = NULL;
		return swk_error_memory(reader->error);
	}
	return swk_config_read_object(reader, step, &swk_consul_fields, consul, NULL, NULL, object);
}

static int take_part(struct swk_config_reader *reader, const struct swk_config_step *step,
		     json_t *value, bool *taken)
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
		return swk_config_read_object(reader, step, &swk_attributes_fields,
					      &settings->attributes, NULL, take_attribute, value);
	if (!strcmp(step->key, "defaults"))
		return swk_config_read_object(reader, step, &swk_rules_fields, &settings->defaults,
					      NULL, take_default, value);
	if (!strcmp(step->key, "services"))
		return swk_config_read_object(reader, step, NULL, NULL, NULL, take_service, value);
	*taken = false;
	return 0;
}

/* ---- shares ---- */

/* Refuses a share for what routing calls no colour: its instances would get no requests. */
static int check_colour(struct swk_config_reader *reader, const struct swk_config_step *step)
{
	const struct swk_settings *settings = reader->settings;

	for (size_t i = 0; i < settings->route_count; i++) {
		if (settings->routes[i].plain && !strcmp(step->key, settings->routes[i].plain))
			return swk_config_refuse(
				reader, step,
				"routing says that this value means no colour: write \"\" "
				"instead");
	}
	return 0;
}

/* Shares and what they depend on may come from different parts of the file, so they are checked
 * together after all is read. `step` is the object of an override or, if that is NULL, of the
 * defaults. */
static int check_shares(struct swk_config_reader *reader, const struct swk_config_step *step,
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
		status = swk_config_refuse(
			reader, own ? &shares : &balance,
			"shares need the balance round_robin, but there is another one: "
			"set round_robin, or \"shares\": {}");
	for (size_t i = 0; !status && own && i < rules.shares.count; i++)
		status = check_colour(
			reader, &(struct swk_config_step){&shares, rules.shares.list[i].colour, 0});
	return status;
}

static int check_all_shares(struct swk_config_reader *reader)
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

/* ---- the file ---- */

static size_t line_of(const char *text, const char *place)
{
	size_t line = 1;

	for (; text < place; text++)
		line += *text == '\n';
	return line;
}

/* Reads the text. An error stands for the file as a whole; faults, for single values. */
static int parse(struct swk_config_reader *reader)
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
		status = swk_config_read_object(reader, NULL, &swk_settings_fields,
						reader->settings, NULL, take_part, root);
	if (!status)
		status = check_all_shares(reader);
	json_decref(root);
	return status;
}

int swk_config_parse(struct swk_settings *settings, const char *path, const char *text,
		     size_t length, struct swk_error *error)
{
	struct swk_config_reader reader = {path, text, length, settings, error};
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
