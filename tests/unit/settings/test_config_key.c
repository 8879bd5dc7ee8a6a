/* SPDX-License-Identifier: MIT */
/* The manuals and the example have all keys, and no other. */
#include "unit.h"

#include <errno.h>

#include <jansson.h>

#include "settings/config.h"
#include "settings/config_key.h"

/* All keys, such as `consul.address` or `targets[].url`; keys of `defaults` and `services` have no
 * prefix. */
static struct swk_names keys;

static void add_key(const char *before, const char *name)
{
	struct swk_error error = {0};
	char key[96];

	(void)snprintf(key, sizeof(key), "%s%s", before, name);
	assert_true(strlen(key) < 64);
	assert_int_equal(swk_names_add(&keys, key, &error), 0);
}

static int collect_keys(void **state)
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
	size_t count = 0;

	(void)state;
	for (; swk_config_other_keys[count]; count++)
		add_key("", swk_config_other_keys[count]);
	for (size_t i = 0; i < COUNT(parts); i++) {
		for (size_t j = 0; j < parts[i].fields->count; j++)
			add_key(parts[i].before, parts[i].fields->list[j].name);
		count += parts[i].fields->count;
	}
	/* No two have the same name. Only kinds of targets may share keys. */
	assert_int_equal(keys.count, count);
	for (size_t i = 0; swk_target_kinds[i]; i++) {
		for (size_t j = 0; j < swk_target_keys[i]->fields.count; j++)
			add_key("targets[].", swk_target_keys[i]->fields.list[j].name);
	}
	return 0;
}

static int free_keys(void **state)
{
	(void)state;
	swk_names_free(&keys);
	return 0;
}

/* Reads a file of the project. Tests run in the project's folder. */
static char *project_file(const char *path)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	FILE *file = fopen(path, "r");
	char piece[4096];
	size_t length;

	if (!file)
		fail_msg("%s: %s", path, strerror(errno));
	swk_buffer_init(&text, SWK_SETTINGS_MAX);
	while ((length = fread(piece, 1, sizeof(piece), file)))
		assert_int_equal(swk_buffer_add(&text, piece, length, &error), 0);
	(void)fclose(file);
	return text.data;
}

/* The manuals have a row of a table for each key, and no other rows. */
static void manuals_have_every_key(void **state)
{
	char *settings = project_file("man/swk.json.5"),
	     *targets = project_file("man/swk-targets.5");
	char *page, *rest, *line;
	size_t entries = 0;

	(void)state;
	assert_true(asprintf(&page, "%s\n%s", settings, targets) > 0);
	rest = page;
	for (size_t i = 0; i < keys.count; i++) {
		char desired[96];
		const char *at;

		(void)snprintf(desired, sizeof(desired), "\n.It Cm %s Ta ", keys.list[i]);
		at = strstr(page, desired);
		if (!at)
			fail_msg("the manuals do not describe %s", keys.list[i]);
		if (strstr(at + 1, desired))
			fail_msg("the manuals describe %s twice", keys.list[i]);
	}
	while ((line = strsep(&rest, "\n"))) {
		char *end = strstr(line, " Ta ");

		if (strncmp(line, ".It Cm ", 7) != 0)
			continue;
		entries++;
		if (end)
			*end = '\0';
		if (!swk_names_contain(&keys, line + 7))
			fail_msg("the manuals describe %s, which does not exist", line + 7);
	}
	assert_int_equal(entries, keys.count);
	free(settings);
	free(targets);
	free(page);
}

/* Whether the example has a key: `a.b`, `a[].b`; keys of rules anywhere in `defaults` or
 * `services`. */
static bool has_key(const json_t *value, const char *key)
{
	size_t length = strcspn(key, ".[");
	const char *rest = key + length;
	char name[64];
	const json_t *element;
	size_t i;

	(void)snprintf(name, sizeof(name), "%.*s", (int)length, key);
	value = json_object_get(value, name);
	if (!value || !*rest)
		return value != NULL;
	if (*rest == '.')
		return has_key(value, rest + 1);
	json_array_foreach(value, i, element)
	{
		if (has_key(element, rest + strlen("[].")))
			return true;
	}
	return false;
}

static bool has_rule(const json_t *root, const char *key)
{
	json_t *rules;
	const char *service;

	if (json_object_get(json_object_get(root, "defaults"), key))
		return true;
	json_object_foreach(json_object_get(root, "services"), service, rules)
	{
		if (json_object_get(rules, key))
			return true;
	}
	return false;
}

static void example_has_every_key(void **state)
{
	static const char path[] = "contrib/swk.json";
	char *text = project_file(path);
	json_t *root = json_loads(text, JSON_REJECT_DUPLICATES, NULL);
	struct swk_settings settings = {0};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_settings_init(&settings, &error), 0);
	if (swk_config_read(&settings, path, &error))
		fail_msg("%s", error.text);
	assert_non_null(root);
	for (size_t i = 0; i < keys.count; i++) {
		if (!has_key(root, keys.list[i]) && !has_rule(root, keys.list[i]))
			fail_msg("%s does not have %s", path, keys.list[i]);
	}
	json_decref(root);
	swk_settings_free(&settings);
	free(text);
}

static void accept(const char *text, size_t length)
{
	struct swk_settings settings = {0};
	struct swk_error error = {0};

	assert_int_equal(swk_settings_init(&settings, &error), 0);
	if (swk_config_parse(&settings, "FILE", text, length, &error))
		fail_msg("an example: %s", error.text);
	swk_settings_free(&settings);
}

/* The manual contains the same example, and its other examples are accepted, too. */
static void examples_of_the_manual(void **state)
{
	char *page = project_file("man/swk.json.5"), *example = project_file("contrib/swk.json");
	const char *at = page;
	size_t count = 0;
	bool same = false;

	(void)state;
	while ((at = strstr(at, ".Bd -literal -offset indent\n"))) {
		const char *text = at + strlen(".Bd -literal -offset indent\n");
		size_t length = (size_t)(strstr(text, ".Ed\n") - text);

		if (*text == '{') {
			accept(text, length);
			same |= length == strlen(example) && !strncmp(text, example, length);
			count++;
		}
		at = text;
	}
	assert_int_equal(count, 2);
	assert_true(same);
	free(example);
	free(page);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(manuals_have_every_key),
		cmocka_unit_test(example_has_every_key),
		cmocka_unit_test(examples_of_the_manual),
	};

	return cmocka_run_group_tests_name("config_key", tests, collect_keys, free_keys);
}
