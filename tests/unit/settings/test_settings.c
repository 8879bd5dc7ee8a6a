/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/log.h"
#include "settings/config.h"
#include "settings/settings.h"

static struct swk_settings defaults(void)
{
	struct swk_settings settings;
	struct swk_error error = {0};

	assert_int_equal(swk_settings_init(&settings, &error), 0);
	return settings;
}

static void unset_settings(void **state)
{
	struct swk_settings settings = defaults();

	(void)state;
	assert_string_equal(settings.conf, "/etc/nginx/conf.d/dyups.upstream.conf");
	assert_int_equal(settings.target_count, 1);
	assert_string_equal(swk_target_settings_name(&settings.targets[0]),
			    "http://127.0.0.1:18882");
	assert_null(settings.token_file);
	assert_null(settings.service);
	assert_int_equal(settings.min_services, 0);
	assert_int_equal(settings.defaults.max_fails, 3);
	assert_int_equal(settings.defaults.fail_timeout, 2);
	assert_int_equal(settings.defaults.keepalive, 20);
	assert_int_equal(settings.timeout, 30);
	assert_false(settings.adopt || settings.resync || settings.dry_run);
	swk_settings_free(&settings);
	assert_null(settings.conf);
	assert_null(settings.targets);
	swk_settings_free(&settings);
}

static void numbers(void **state)
{
	static const struct {
		const char *name, *value;
		long long number; /* -1: refused */
	} rows[] = {
		{"keepalive", "0", 0},
		{"keepalive", "1", 1},
		{"keepalive", "007", 7},
		{"keepalive", "65535", 65535},
		{"keepalive", "65536", -1},
		{"keepalive", "4294967297", -1},
		{"keepalive", "18446744073709551617", -1},
		{"keepalive", "", -1},
		{"keepalive", "-1", -1},
		{"keepalive", "+1", -1},
		{"keepalive", " 1", -1},
		{"keepalive", "1 ", -1},
		{"keepalive", "1s", -1},
		{"keepalive", "0x10", -1},
		{"keepalive", "1e3", -1},
		{"max-fails", "0", 0},
		{"max-fails", "1000000", 1000000},
		{"max-fails", "1000001", -1},
		{"min-services", "0", 0},
		{"min-services", "1000000", 1000000},
		{"min-services", "1000001", -1},
		{"fail-timeout", "0", 0},
		{"fail-timeout", "5", 5},
		{"fail-timeout", "5s", 5},
		{"fail-timeout", "5m", 300},
		{"fail-timeout", "24h", 86400},
		{"fail-timeout", "1d", 86400},
		{"fail-timeout", "86401", -1},
		{"fail-timeout", "25h", -1},
		{"fail-timeout", "49711d", -1},
		{"fail-timeout", "s", -1},
		{"fail-timeout", "5ms", -1},
		{"fail-timeout", "5 s", -1},
		{"fail-timeout", "5S", -1},
		{"fail-timeout", "1m30s", -1},
		{"timeout", "0", -1},
		{"timeout", "1", 1},
		{"timeout", "1h", 3600},
		{"timeout", "3601", -1},
		{"timeout", "99999999999", -1},
		{"timeout", "99999999999d", -1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_settings settings = defaults();
		struct swk_error error = {0};
		const struct {
			const char *name;
			const unsigned *value;
		} members[] = {
			{"keepalive", &settings.defaults.keepalive},
			{"max-fails", &settings.defaults.max_fails},
			{"min-services", &settings.min_services},
			{"fail-timeout", &settings.defaults.fail_timeout},
			{"timeout", &settings.timeout},
		};
		int status =
			swk_settings_set(&settings, rows[i].name, rows[i].value, "--it", &error);

		unit_number(rows[i].value, status, rows[i].number < 0 ? SWK_USAGE : 0);
		for (size_t j = 0; j < COUNT(members); j++) {
			if (!status && !strcmp(members[j].name, rows[i].name))
				unit_number(rows[i].value, *members[j].value, rows[i].number);
		}
		if (status)
			unit_says(rows[i].value, error.text, "--it: '");
		swk_settings_free(&settings);
	}
}

static void range_is_in_the_message(void **state)
{
	struct swk_settings settings = defaults();
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_settings_set(&settings, "timeout", "2d", "SWK_TIMEOUT", &error),
			 SWK_USAGE);
	assert_string_equal(error.text, "SWK_TIMEOUT: '2d' is not a time in seconds (or with the "
					"unit s, m, h or d) from 1 to 3600");
	assert_int_equal(settings.timeout, 30);
	swk_settings_free(&settings);
}

static void flags(void **state)
{
	static const struct {
		const char *value;
		int flag; /* -1: refused */
	} rows[] = {
		{"1", 1},  {"yes", 1}, {"true", 1},  {"YES", 1},   {"True", 1},
		{"0", 0},  {"no", 0},  {"false", 0}, {"No", 0},	   {"", -1},
		{"2", -1}, {"on", -1}, {"y", -1},    {"yes ", -1}, {"01", -1},
	};
	static const char *const names[] = {"adopt", "resync", "dry-run"};

	(void)state;
	for (size_t i = 0; i < COUNT(names) * COUNT(rows); i++) {
		const char *name = names[i / COUNT(rows)], *value = rows[i % COUNT(rows)].value;
		int desired = rows[i % COUNT(rows)].flag;
		/* Changes the flag from its other value to this one. */
		struct swk_settings settings = {
			.adopt = desired == 0, .resync = desired == 0, .dry_run = desired == 0};
		struct swk_error error = {0};
		const bool *flag = !strcmp(name, "adopt")    ? &settings.adopt
				   : !strcmp(name, "resync") ? &settings.resync
							     : &settings.dry_run;

		unit_number(value, swk_settings_set(&settings, name, value, "--it", &error),
			    desired < 0 ? SWK_USAGE : 0);
		if (desired >= 0)
			unit_number(value, *flag, desired);
		swk_settings_free(&settings);
	}
}

static void texts(void **state)
{
	struct swk_settings settings = defaults();
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_settings_set(&settings, "conf", "/a b", "--conf", &error), 0);
	assert_string_equal(settings.conf, "/a b");
	assert_int_equal(swk_settings_set(&settings, "conf", "/c", "--conf", &error), 0);
	assert_string_equal(settings.conf, "/c");
	assert_int_equal(swk_settings_set(&settings, "token-file", "/t", "", &error), 0);
	assert_string_equal(settings.token_file, "/t");
	assert_int_equal(swk_settings_set(&settings, "service", "web", "", &error), 0);
	assert_string_equal(settings.service, "web");
	assert_int_equal(swk_settings_set(&settings, "conf", "", "--conf", &error), SWK_USAGE);
	assert_string_equal(error.text, "--conf: it is empty");
	assert_string_equal(settings.conf, "/c");
	swk_settings_free(&settings);
}

static void targets(void **state)
{
	static const struct {
		const char *value;
		size_t count; /* 0: refused */
		const char *last;
	} rows[] = {
		{"http://a:1", 1, "http://a:1"},
		{"http://a:1 http://b:2", 2, "http://b:2"},
		{" \t\nhttp://a:1\n\thttp://b:2  ", 2, "http://b:2"},
		{"", 0, NULL},
		{" \n", 0, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_settings settings = defaults();
		struct swk_error error = {0};
		int status = swk_settings_set(&settings, "dyups", rows[i].value, "--dyups", &error);

		unit_number(rows[i].value, status, rows[i].count ? 0 : SWK_USAGE);
		if (status)
			unit_same(rows[i].value, error.text, "--dyups: it contains no URL");
		else
			unit_same(rows[i].value,
				  swk_target_settings_name(
					  &settings.targets[settings.target_count - 1]),
				  rows[i].last);
		unit_number(rows[i].value, (long long)settings.target_count,
			    (long long)rows[i].count);
		swk_settings_free(&settings);
	}
}

static void targets_at_their_limit(void **state)
{
	char text[3 * (SWK_TARGETS_MAX + 1) + 1] = "";

	(void)state;
	for (size_t i = 0; i <= SWK_TARGETS_MAX; i++) {
		struct swk_settings settings = defaults();
		struct swk_error error = {0};

		(void)strcat(text, "u ");
		assert_int_equal(swk_settings_set(&settings, "dyups", text, "--dyups", &error),
				 i < SWK_TARGETS_MAX ? 0 : SWK_USAGE);
		if (i == SWK_TARGETS_MAX)
			assert_string_equal(error.text, "--dyups: more than 64 URLs");
		swk_settings_free(&settings);
	}
}

static void unknown_setting(void **state)
{
	struct swk_settings settings = defaults();
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_settings_set(&settings, "keep-alive", "1", "SWK_X", &error),
			 SWK_USAGE);
	assert_string_equal(error.text, "SWK_X: there is no setting 'keep-alive'");
	swk_settings_free(&settings);
}

/* ---- the hash of the settings ---- */

static uint64_t hash_of_file(const char *config)
{
	struct swk_settings settings = defaults();
	struct swk_error error = {0};
	uint64_t hash;

	if (swk_config_parse(&settings, "test", config, strlen(config), &error))
		fail_msg("%s: %s", config, error.text);
	hash = swk_settings_hash(&settings);
	swk_settings_free(&settings);
	return hash;
}

/* Changes one field, and restores it. */
static void must_count(const struct swk_settings *settings, const struct swk_field *field,
		       void *base)
{
	const uint64_t before = swk_settings_hash(settings);
	char *its = (char *)base + field->offset, *text;
	static char other[] = "other";

	if (field->type == SWK_TEXT) {
		memcpy(&text, its, sizeof(text));
		memcpy(its, &(char *){other}, sizeof(text));
		unit_number(field->name, swk_settings_hash(settings) == before, 0);
		memcpy(its, &text, sizeof(text));
	} else if (field->type == SWK_SHARE) {
		struct swk_share *share = (void *)its;

		share->percent = !share->percent;
		unit_number(field->name, swk_settings_hash(settings) == before, 0);
		share->percent = !share->percent;
		share->number++;
		unit_number(field->name, swk_settings_hash(settings) == before, 0);
		share->number--;
	} else if (field->type == SWK_LIST) {
		char *one = other;
		struct swk_texts *texts = (void *)its, none = *texts;

		*texts = (struct swk_texts){&one, 1};
		unit_number(field->name, swk_settings_hash(settings) == before, 0);
		*texts = none;
	} else if (field->type == SWK_COLOURS) {
		struct swk_colour_share one = {.colour = other, .percent = 5};
		struct swk_shares *shares = (void *)its, none = *shares;
		uint64_t hash;

		*shares = (struct swk_shares){&one, 1};
		hash = swk_settings_hash(settings);
		unit_number(field->name, hash == before, 0);
		one.percent = 6;
		unit_number(field->name, swk_settings_hash(settings) == hash, 0);
		one = (struct swk_colour_share){other + 1, 5};
		unit_number(field->name, swk_settings_hash(settings) == hash, 0);
		*shares = none;
	} else {
		/* A flag is one byte, a number is more: changes the first byte of both. */
		*its = (char)(*its ^ 1);
		unit_number(field->name, swk_settings_hash(settings) == before, 0);
		*its = (char)(*its ^ 1);
	}
	unit_number(field->name, swk_settings_hash(settings) == before, 1);
}

static void all_must_count(const struct swk_settings *settings, const struct swk_fields *fields,
			   void *base)
{
	assert_true(fields->count > 0);
	for (size_t i = 0; i < fields->count; i++) {
		const struct swk_field *field = &fields->list[i];

		/* A list of one word allows no other value. */
		if (!field->aside && !(field->words && !field->words[1]))
			must_count(settings, field, base);
	}
}

/* Another format of the log or the metrics is not a reason to ask Consul about everything. */
static void aside_fields_do_not_count(void **state)
{
	struct swk_settings settings = defaults();
	struct swk_error error = {0};
	const uint64_t before = swk_settings_hash(&settings);

	(void)state;
	assert_int_equal(swk_settings_set(&settings, "log-format", "json", "x", &error), 0);
	assert_int_equal(swk_settings_set(&settings, "metrics-file", "/a.prom", "x", &error), 0);
	assert_int_equal(swk_settings_set(&settings, "page-file", "/a.html", "x", &error), 0);
	assert_true(swk_settings_hash(&settings) == before);
	assert_int_equal(settings.log_format, SWK_LOG_JSON);
	assert_string_equal(settings.metrics_file, "/a.prom");
	assert_string_equal(settings.page_file, "/a.html");
	swk_settings_free(&settings);
}

static void metrics_file_ends_in_prom(void **state)
{
	static const char *const wrong[] = {"",	     "swk",	 "/a/swk.prom.tmp",
					    ".prom", "/a/.prom", "/a.prom/"};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct swk_settings settings = defaults();
		struct swk_error error = {0};

		unit_number(wrong[i],
			    swk_settings_set(&settings, "metrics-file", wrong[i], "x", &error),
			    SWK_USAGE);
		assert_null(settings.metrics_file);
		swk_settings_free(&settings);
	}
}

static void page_file_ends_in_html(void **state)
{
	static const char *const wrong[] = {"",		"swk",	    "/a/swk.html.tmp", ".html",
					    "/a/.html", "/a.html/", "/a/swk.htm"};

	(void)state;
	for (size_t i = 0; i < COUNT(wrong); i++) {
		struct swk_settings settings = defaults();
		struct swk_error error = {0};

		unit_number(wrong[i],
			    swk_settings_set(&settings, "page-file", wrong[i], "x", &error),
			    SWK_USAGE);
		assert_null(settings.page_file);
		swk_settings_free(&settings);
	}
}

static void every_field_counts(void **state)
{
	struct swk_settings settings = defaults();
	struct swk_error error = {0};
	struct swk_override *override = swk_overrides_add(&settings.services, "a*", &error);

	(void)state;
	assert_non_null(override);
	assert_non_null(swk_settings_add_route(&settings, &error));
	all_must_count(&settings, &swk_settings_fields, &settings);
	all_must_count(&settings, &swk_rules_fields, &settings.defaults);
	all_must_count(&settings, &swk_rules_fields, &override->rules);
	all_must_count(&settings, &swk_consul_fields, &settings.consul);
	all_must_count(&settings, &swk_attributes_fields, &settings.attributes);
	all_must_count(&settings, &swk_attributes_max_fields, &settings.attributes);
	for (size_t i = 0; i < settings.route_count; i++)
		all_must_count(&settings, &swk_route_fields, &settings.routes[i]);
	for (size_t i = 0; i < settings.target_count; i++) {
		struct swk_target_settings *its = &settings.targets[i];
		void *own = its->own;

		/* With another kind, it would be something else. */
		its->own = NULL;
		all_must_count(&settings, &swk_target_fields, its);
		its->own = own;
		all_must_count(&settings, &swk_target_keys[its->kind]->fields, its->own);
	}
	for (size_t i = 0; i < SWK_ATTRIBUTES; i++) {
		const uint64_t before = swk_settings_hash(&settings);

		settings.attributes.allow[i] = !settings.attributes.allow[i];
		assert_true(swk_settings_hash(&settings) != before);
		settings.attributes.allow[i] = !settings.attributes.allow[i];
	}
	swk_settings_free(&settings);
}

/* Each list gives a hash of its own, though joined texts of some are the same. */
static void lists_count(void **state)
{
	static const char *const files[] = {
		"{}",
		"{\"include\": [\"a\"]}",
		"{\"exclude\": [\"a\"]}",
		"{\"include\": [\"a\", \"b\"]}",
		"{\"include\": [\"b\", \"a\"]}",
		"{\"include\": [\"ab\"]}",
		"{\"include\": [\"a\"], \"exclude\": [\"b\"]}",
		"{\"routing\": []}",
		"{\"routing\": [{\"tag\": \"blue\"}]}",
		"{\"routing\": [{\"tag\": \"blue\"}, {\"tag\": \"gray\"}]}",
		"{\"routing\": [{\"tag\": \"gray\"}, {\"tag\": \"blue\"}]}",
		"{\"targets\": [{\"url\": \"http://127.0.0.1:1\"}]}",
		"{\"targets\": [{\"url\": \"http://127.0.0.1:1\"}, {\"url\": "
		"\"http://127.0.0.1:2\"}]}",
		"{\"targets\": [{\"kind\": \"command\", \"name\": \"a\", \"command\": [\"/x\"]}]}",
		"{\"targets\": [{\"kind\": \"command\", \"name\": \"a\", \"command\": [\"/x\", "
		"\"\"]}]}",
		"{\"targets\": [{\"kind\": \"command\", \"name\": \"a\", \"command\": [\"/x\", "
		"\"a\"]}]}",
		"{\"targets\": [{\"kind\": \"command\", \"name\": \"a\", \"command\": [\"/x\", "
		"\"a\", "
		"\"\"]}]}",
		"{\"services\": {\"a\": {}}}",
		"{\"services\": {\"b\": {}}}",
		/* A default that is set differs from one that is not, because it wins over other
		 * patterns. */
		"{\"services\": {\"a\": {\"max_conns\": 0}}}",
		"{\"services\": {\"a\": {\"max_conns\": 1}}}",
		"{\"services\": {\"a\": {}, \"b\": {}}}",
		"{\"defaults\": {\"max_conns\": 1}}",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++) {
		unit_number(files[i], hash_of_file(files[i]) == hash_of_file(files[i]), 1);
		for (size_t j = 0; j < i; j++)
			unit_number(files[i], hash_of_file(files[i]) == hash_of_file(files[j]), 0);
	}
}

/* A run by hand and a run by the timer must not discard each other's memory. */
static void run_options_do_not_count(void **state)
{
	struct swk_settings settings = defaults();
	const uint64_t before = swk_settings_hash(&settings);

	(void)state;
	settings.service = strdup("web");
	settings.adopt = settings.force = settings.resync = settings.ask = settings.dry_run =
		settings.verify = true;
	assert_true(swk_settings_hash(&settings) == before);
	swk_settings_free(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(unset_settings),
		cmocka_unit_test(numbers),
		cmocka_unit_test(range_is_in_the_message),
		cmocka_unit_test(flags),
		cmocka_unit_test(texts),
		cmocka_unit_test(targets),
		cmocka_unit_test(targets_at_their_limit),
		cmocka_unit_test(unknown_setting),
		cmocka_unit_test(every_field_counts),
		cmocka_unit_test(aside_fields_do_not_count),
		cmocka_unit_test(metrics_file_ends_in_prom),
		cmocka_unit_test(page_file_ends_in_html),
		cmocka_unit_test(lists_count),
		cmocka_unit_test(run_options_do_not_count),
	};

	return cmocka_run_group_tests_name("settings", tests, NULL, NULL);
}
