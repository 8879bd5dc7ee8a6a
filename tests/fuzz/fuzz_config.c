/* SPDX-License-Identifier: MIT */
/* The settings file. An error names a line of the text. Accepted settings are within their ranges,
 * have rules for any service, and each value is found on a line. */
#include "fuzz.h"

#include <ctype.h>

#include <jansson.h>

#include "settings/config.h"
#include "settings/config_line.h"

#define PATH "settings"

static size_t count_lines(const char *text, size_t length)
{
	size_t lines = 1;

	for (size_t i = 0; i < length; i++)
		lines += text[i] == '\n';
	return lines;
}

/* `settings:LINE: …`, with an existing line. */
static void check_message(const struct swk_error *error, size_t lines)
{
	char *end;
	unsigned long line;

	fuzz_require(error->status == SWK_CONFIG, "status %d: %s", error->status, error->text);
	for (const char *at = error->text; *at; at++)
		fuzz_require(*at >= ' ' && *at <= '~', "a message is not printable: %s",
			     error->text);
	fuzz_require(!strncmp(error->text, PATH ":", strlen(PATH ":")) &&
			     isdigit((unsigned char)error->text[strlen(PATH ":")]),
		     "no file and line: %s", error->text);
	line = strtoul(error->text + strlen(PATH ":"), &end, 10);
	fuzz_require(line >= 1 && line <= lines && *end == ':', "not one of %zu lines: %s", lines,
		     error->text);
}

/* ---- accepted files ---- */

static void check_shares(const char *name, const struct swk_shares *shares)
{
	unsigned all = 0;

	for (size_t i = 0; i < shares->count; i++) {
		fuzz_require(shares->list[i].percent <= 100, "%s is %u", name,
			     shares->list[i].percent);
		all += shares->list[i].percent;
	}
	fuzz_require(shares->count <= SWK_COLOURS_MAX && (all == 100 || !shares->count),
		     "%s are %u together", name, all);
}

static void check_fields(const struct swk_fields *fields, const void *base)
{
	for (size_t i = 0; i < fields->count; i++) {
		const struct swk_field *field = &fields->list[i];
		const void *its = (const char *)base + field->offset;
		const struct swk_share *share = its;
		const unsigned number = field->type == SWK_FLAG ? 0 : *(const unsigned *)its;
		const char *text = field->type == SWK_TEXT ? *(char *const *)its : NULL;
		unsigned words = 0;

		switch (field->type) {
		case SWK_NUMBER:
		case SWK_SECONDS:
		case SWK_BYTES:
			/* 0: not set. */
			fuzz_require(number <= field->most && (number >= field->least || !number),
				     "%s is %u", field->name, number);
			break;
		case SWK_SHARE:
			fuzz_require(share->number <= (share->percent ? 100 : field->most),
				     "%s is %u", field->name, share->number);
			break;
		case SWK_WORD:
			while (field->words[words])
				words++;
			fuzz_require(number < words, "%s is %u", field->name, number);
			break;
		case SWK_TEXT:
			fuzz_require(!text || (*text && (!field->valid || field->valid(text))),
				     "%s is '%s'", field->name, text ? text : "");
			break;
		case SWK_COLOURS:
			check_shares(field->name, its);
			break;
		default:
			break;
		}
	}
}

static void check_rules(const struct swk_settings *settings, const char *service)
{
	struct swk_rules rules;

	swk_rules_find(&rules, &settings->defaults, &settings->services, service);
	check_fields(&swk_rules_fields, &rules);
	fuzz_require(rules.address, "no address for %s", service);
	fuzz_require(rules.keepalive || (!rules.keepalive_timeout && !rules.keepalive_requests),
		     "settings of keepalive without keepalive, for %s", service);
	(void)swk_settings_publish(settings, service);
}

static void check_settings(const struct swk_settings *settings)
{
	static const char *const services[] = {"web", "api-1", "consul", "", "a b", "\xff"};

	check_fields(&swk_settings_fields, settings);
	check_fields(&swk_consul_fields, &settings->consul);
	check_fields(&swk_attributes_fields, &settings->attributes);
	check_fields(&swk_attributes_max_fields, &settings->attributes);
	check_fields(&swk_rules_fields, &settings->defaults);
	fuzz_require(settings->conf && settings->attributes.meta_prefix &&
			     settings->attributes.tag_prefix && !settings->defaults.upstream,
		     "a text is missing, or too much");
	fuzz_require(settings->timeout && settings->attributes.max_weight, "a number is missing");
	fuzz_require(settings->target_count >= 1 && settings->target_count <= SWK_TARGETS_MAX,
		     "%zu targets", settings->target_count);
	for (size_t i = 0; i < settings->target_count; i++) {
		const struct swk_target_settings *target = &settings->targets[i];

		check_fields(&swk_target_fields, target);
		check_fields(&swk_target_keys[target->kind]->fields, target->own);
		fuzz_require(swk_target_settings_name(target) && target->where,
			     "target %zu has no address", i);
		/* FILE.state has it in one line. */
		fuzz_require(strlen(swk_target_settings_name(target)) <= SWK_URL_MAX &&
				     !strchr(swk_target_settings_name(target), '\n'),
			     "target %zu: %s", i, swk_target_settings_name(target));
	}
	fuzz_require(settings->route_count <= SWK_ROUTES_MAX, "%zu routes", settings->route_count);
	for (size_t i = 0; i < settings->route_count; i++) {
		check_fields(&swk_route_fields, &settings->routes[i]);
		fuzz_require(settings->routes[i].tag, "route %zu has no tag", i);
	}
	for (size_t i = 0; i < sizeof(services) / sizeof(*services); i++)
		check_rules(settings, services[i]);
	for (size_t i = 0; i < settings->services.count; i++)
		check_rules(settings, settings->services.list[i].pattern);
}

/* ---- lines ---- */

struct where {
	const char *text;
	size_t length, lines;
};

/* A value is not before the value that contains it, nor before the previous one. Returns its
 * line. */
static void check_lines(const struct where *where, const json_t *value,
			const struct swk_config_step *step, size_t *last)
{
	size_t line = swk_config_line(where->text, where->length, step), i;
	const char *key;
	json_t *member;

	fuzz_require(line >= *last && line <= where->lines, "line %zu of %zu, after %zu", line,
		     where->lines, *last);
	*last = line;
	json_object_foreach((json_t *)(uintptr_t)value, key, member)
	{
		const struct swk_config_step next = {step, key, 0};

		check_lines(where, member, &next, last);
	}
	json_array_foreach(value, i, member)
	{
		const struct swk_config_step next = {step, NULL, i};

		check_lines(where, member, &next, last);
	}
}

static void check_all_lines(const char *text, size_t length, size_t lines)
{
	const struct where where = {text, length, lines};
	json_t *root = json_loadb(text, length, JSON_REJECT_DUPLICATES, NULL);
	size_t last = 1;

	if (root)
		check_lines(&where, root, NULL, &last);
	json_decref(root);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	const size_t lines = count_lines(text, size);
	struct swk_settings settings;
	struct swk_error error = {0};
	int status;

	fuzz_done(swk_settings_init(&settings, &error), &error, "settings");
	status = swk_config_parse(&settings, PATH, text, size, &error);
	fuzz_require(status == error.status, "status %d with error %d", status, error.status);
	if (status)
		check_message(&error, lines);
	else
		check_settings(&settings);
	swk_settings_free(&settings);
	check_all_lines(text, size, lines);
	return 0;
}
