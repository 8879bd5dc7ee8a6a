/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/stand_in.h"
#include "settings/config.h"

static struct swk_settings settings;

static void read_settings(const char *text)
{
	struct swk_error error = {0};

	swk_settings_free(&settings);
	assert_int_equal(swk_settings_init(&settings, &error), 0);
	if (swk_config_parse(&settings, "f", text, strlen(text), &error))
		fail_msg("%s: %s", text, error.text);
}

static struct swk_rules rules_of(const char *service)
{
	struct swk_rules rules;

	swk_rules_find(&rules, &settings.defaults, &settings.services, service);
	return rules;
}

/* Adds an upstream of the service `web` with this tag, from this place. */
static struct swk_upstream *add(struct swk_upstreams *set, const char *tag, const char *place,
				size_t usable, const char *address)
{
	struct swk_error error = {0};
	struct swk_upstream upstream;
	struct swk_server server = unit_server(address);

	assert_int_equal(
		swk_upstream_init(&upstream, *tag ? "web_a" : "web",
				  &(struct swk_source){.name = "web", .tag = tag, .place = place},
				  &error),
		0);
	upstream.usable = usable;
	upstream.registered = 4;
	assert_int_equal(swk_upstream_add(&upstream, &server, &error), 0);
	assert_int_equal(swk_upstreams_append(set, &upstream, &error), 0);
	return &set->list[set->count - 1];
}

static void who_needs_one(void **state)
{
	static const struct {
		const char *config;
		size_t usable;
		bool needed;
	} rows[] = {
		{"{}", 0, false},
		{"{\"defaults\": {\"failover\": [\"dc2\"]}}", 0, true},
		{"{\"defaults\": {\"failover\": [\"dc2\"]}}", 1, false},
		{"{\"defaults\": {\"fallback\": [\"10.0.0.9:80\"]}}", 0, true},
		{"{\"defaults\": {\"failover\": [\"dc2\"], \"min_healthy\": 2}}", 1, true},
		{"{\"defaults\": {\"fallback\": [\"10.0.0.9:80\"], \"min_healthy\": 2}}", 1, false},
		{"{\"defaults\": {\"failover\": [\"dc2\"], \"min_healthy\": 2}}", 2, false},
		{"{\"defaults\": {\"failover\": [\"dc2\"], \"min_healthy\": \"50%\"}}", 1, true},
		{"{\"defaults\": {\"failover\": [\"dc2\"], \"min_healthy\": \"50%\"}}", 2, false},
		/* no more than are registered */
		{"{\"defaults\": {\"failover\": [\"dc2\"], \"min_healthy\": 9}}", 4, false},
		{"{\"defaults\": {\"min_healthy\": 2}}", 1, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct swk_upstream upstream = {.usable = rows[i].usable, .registered = 4};
		struct swk_rules rules;

		read_settings(rows[i].config);
		rules = rules_of("web");
		unit_number(rows[i].config, swk_stand_in_needed(&rules, &upstream), rows[i].needed);
	}
}

static void where_it_may_be_from(void **state)
{
	static const struct {
		const char *config, *place;
		bool allowed;
	} rows[] = {
		{"{}", NULL, true},
		{"{}", "", true},
		{"{}", "dc2", false},
		{"{}", "the fallback list", false},
		{"{\"defaults\": {\"failover\": [\"dc3\", \"dc2\"]}}", "dc2", true},
		{"{\"defaults\": {\"failover\": [\"DC2\"]}}", "dc2", true},
		{"{\"defaults\": {\"failover\": [\"dc3\"]}}", "dc2", false},
		{"{\"defaults\": {\"failover\": [\"dc2\"]}}", "the fallback list", false},
		{"{\"defaults\": {\"fallback\": [\"10.0.0.9:80\"]}}", "the fallback list", true},
		{"{\"defaults\": {\"fallback\": [\"10.0.0.9:80\"]}}", "dc2", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct swk_source source = {.name = "web", .tag = "", .place = rows[i].place};
		struct swk_rules rules;

		read_settings(rows[i].config);
		rules = rules_of("web");
		unit_number(rows[i].config, swk_stand_in_allowed(&rules, &source), rows[i].allowed);
	}
}

static void names_that_stay_published(void **state)
{
	(void)state;
	read_settings("{\"defaults\": {\"failover\": [\"dc2\"]}, \"services\": {\"web\": {}, "
		      "\"w*\": {}, \"api\": {\"failover\": []}}}");
	assert_true(swk_stand_in_named(&settings, "web"));
	assert_false(swk_stand_in_named(&settings, "wiki"));
	assert_false(swk_stand_in_named(&settings, "w*"));
	assert_false(swk_stand_in_named(&settings, "api"));
	assert_false(swk_stand_in_named(&settings, "other"));
}

static void who_loses_all(void **state)
{
	static const struct {
		const char *what, *config, *place;
		size_t instances;
		bool loses;
	} rows[] = {
		{"named", "{\"services\": {\"web\": {\"failover\": [\"dc2\"]}}}", NULL, 0, true},
		{"fallback", "{\"services\": {\"web\": {\"fallback\": [\"10.0.0.9:80\"]}}}", "", 0,
		 true},
		{"an instance", "{\"services\": {\"web\": {\"failover\": [\"dc2\"]}}}", NULL, 1,
		 false},
		{"elsewhere", "{\"services\": {\"web\": {\"failover\": [\"dc2\"]}}}", "dc2", 0,
		 false},
		{"a pattern", "{\"services\": {\"w*\": {\"failover\": [\"dc2\"]}}}", NULL, 0,
		 false},
		{"another", "{\"services\": {\"api\": {\"failover\": [\"dc2\"]}}}", NULL, 0, false},
		{"no failover", "{\"services\": {\"web\": {}}}", NULL, 0, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct swk_service service = {.name = (char *)"web",
						    .instances = rows[i].instances};
		struct swk_upstreams recorded = {0};

		read_settings(rows[i].config);
		add(&recorded, "", rows[i].place, 1, "10.0.0.1:80");
		unit_number(rows[i].what, swk_stand_in_replaces_all(&service, &settings, &recorded),
			    rows[i].loses);
		swk_upstreams_free(&recorded);
	}
}

/* Each upstream gets one from the first place that has one of its colour. */
static void one_for_each(void **state)
{
	struct swk_service own = {.name = (char *)"web"}, near = {0}, far = {0};
	struct swk_upstreams recorded = {0};
	struct swk_error error = {0};
	struct swk_rules rules;

	(void)state;
	read_settings("{\"defaults\": {\"failover\": [\"dc2\", \"dc3\"], "
		      "\"fallback\": [\"10.0.0.9:80\"]}}");
	rules = rules_of("web");
	add(&own.upstreams, "", NULL, 0, "10.0.0.1:80");
	add(&own.upstreams, "gray=a", NULL, 0, "10.0.0.1:80");
	add(&near.upstreams, "", NULL, 0, "10.2.0.1:80");
	add(&near.upstreams, "gray=a", NULL, 1, "10.2.0.2:80");
	add(&near.upstreams, "gray=b", NULL, 1, "10.2.0.3:80");
	add(&far.upstreams, "gray=a", NULL, 1, "10.3.0.2:80");
	add(&recorded, "", "dc3", 1, "10.3.0.1:80");
	assert_int_equal(swk_stand_in_take(&own, &rules, &near, "dc2", &error), 0);
	assert_int_equal(own.stand_ins.count, 1);
	assert_string_equal(own.stand_ins.list[0].source.place, "dc2");
	assert_string_equal(swk_stand_in_lacking(&own, &rules)->source.tag, "");
	assert_int_equal(swk_stand_in_take(&own, &rules, &far, "dc3", &error), 0);
	assert_int_equal(own.stand_ins.count, 1);
	/* dc2 does not answer: what has servers from dc3 may go on */
	assert_int_equal(swk_stand_in_keep(&own, &rules, &recorded, "dc2", &error), 0);
	assert_int_equal(own.stand_ins.count, 1);
	assert_int_equal(swk_stand_in_keep(&own, &rules, &recorded, "dc3", &error), 0);
	assert_int_equal(own.stand_ins.count, 2);
	assert_string_equal(own.stand_ins.list[1].source.place, "dc3");
	assert_null(swk_stand_in_lacking(&own, &rules));
	assert_int_equal(swk_stand_in_fall_back(&own, &rules, &error), 0);
	assert_int_equal(own.stand_ins.count, 2);
	swk_upstreams_free(&own.stand_ins);
	assert_int_equal(swk_stand_in_fall_back(&own, &rules, &error), 0);
	assert_int_equal(own.stand_ins.count, 2);
	assert_string_equal(own.stand_ins.list[0].source.place, "the fallback list");
	assert_int_equal(own.stand_ins.list[0].servers[0].max_fails, rules.max_fails);
	swk_upstreams_free(&own.upstreams);
	swk_upstreams_free(&own.stand_ins);
	swk_upstreams_free(&near.upstreams);
	swk_upstreams_free(&far.upstreams);
	swk_upstreams_free(&recorded);
	swk_settings_free(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(who_needs_one),
		cmocka_unit_test(where_it_may_be_from),
		cmocka_unit_test(names_that_stay_published),
		cmocka_unit_test(who_loses_all),
		cmocka_unit_test(one_for_each),
	};

	return cmocka_run_group_tests_name("stand_in", tests, NULL, NULL);
}
