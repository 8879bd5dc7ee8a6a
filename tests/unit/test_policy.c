/* SPDX-License-Identifier: MIT */
#include "decision.h"

/* Those without a file. */
static struct swk_settings plain_settings;
static struct swk_policy plain;

/* ---- instances ---- */

static void instances_become_upstreams(void **state)
{
	static const struct decision rows[] = {
		{.row = "none", .registry = "", .wanted = ""},
		{.row = "sorted, each once",
		 .registry = "web@10.0.0.10:80 web@10.0.0.2:80 web@::1:80 web@10.0.0.2:80",
		 .wanted = "web: 10.0.0.2:80 10.0.0.10:80 [::1]:80"},
		{.row = "only those that pass",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80!warning web@10.0.0.3:80!critical",
		 .wanted = "web: 10.0.0.1:80",
		 .says = "is warning"},
		{.row = "none that passes", .registry = "web@10.0.0.1:80!critical", .wanted = ""},
		{.row = "consul itself", .registry = "consul@10.0.0.1:80 consul", .wanted = ""},
		{.row = "two that differ in more than case",
		 .registry = "web@10.0.0.1:80 api@10.0.0.2:80",
		 .wanted = "api: 10.0.0.2:80; web: 10.0.0.1:80"},
		{.row = "a name that can't be one",
		 .registry = "we;b@10.0.0.1:80 web@10.0.0.2:80",
		 .wanted = "web: 10.0.0.2:80",
		 .noted = "s",
		 .says = "service 'we;b': skipped: its name"},
		{.row = "such a name in the list", .registry = "_web", .wanted = "", .noted = "s"},
		/* addresses and ports */
		{.row = "no literal",
		 .registry = "web@10.0.0.1:80 web@backend.example:80 web@:80 web@0.0.0.0:80",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "sss",
		 .says = "service 'web': instance 0 ('w1' on node 'n1') skipped: no IPv4 or IPv6 "
			 "address: 'backend.example'"},
		{.row = "not one word but code",
		 .registry = "web@10.0.0.1;include:80",
		 .wanted = "",
		 .noted = "s"},
		{.row = "the first and the last port",
		 .registry = "web@10.0.0.1:1 web@10.0.0.1:65535",
		 .wanted = "web: 10.0.0.1:1 10.0.0.1:65535"},
		{.row = "no port",
		 .registry = "web@10.0.0.1:0 web@10.0.0.1:65536 web@10.0.0.1:-80 "
			     "web@10.0.0.1:80.5 web@10.0.0.1:4294967376 web@10.0.0.1:1e300 "
			     "web@10.0.0.1:0.5 web@10.0.0.1:nan",
		 .wanted = "",
		 .noted = "ssssssss",
		 .says = "no port from 1 to 65535: '80.5'"},
		{.row = "one more than the last port",
		 .registry = "web@10.0.0.1:65536",
		 .wanted = "",
		 .noted = "s",
		 .says = "no port from 1 to 65535: '65536'"},
		{.row = "what can't be used is noted even if it doesn't pass",
		 .registry = "web@nowhere:80!critical",
		 .wanted = "",
		 .noted = "s"},
		/* the interface's own ports, at which nobody may be published on loopback */
		{.row = "a reserved port",
		 .registry = "web@127.0.0.1:18882 web@127.1.2.3:18881 web@::1:18882 "
			     "web@::ffff:127.0.0.1:18882 web@::ffff:0.0.0.0:18882",
		 .wanted = "",
		 .noted = "sssss",
		 .says = "dynamic interface may be there: '[::1]:18882'"},
		{.row = "the port elsewhere, and other ports on loopback",
		 .registry = "web@10.0.0.1:18882 web@127.0.0.1:18883 web@::1:80",
		 .wanted = "web: 10.0.0.1:18882 127.0.0.1:18883 [::1]:80"},
		/* colours */
		{.row = "each colour has its own",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80+gray=b web@10.0.0.3:80+x",
		 .wanted = "web: 10.0.0.3:80; web_a<web gray=a>: 10.0.0.1:80; "
			   "web_b<web gray=b>: 10.0.0.2:80"},
		{.row = "no colour",
		 .registry = "web@10.0.0.1:80+gray= web@10.0.0.2:80+gray=default "
			     "web@10.0.0.3:80+gray web@10.0.0.4:80+Gray=a web@10.0.0.5:80+grays=a",
		 .wanted = "web: 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 10.0.0.5:80"},
		{.row = "two colours, and one of them twice",
		 .registry = "web@10.0.0.1:80+gray=a+x+gray=b+gray=a",
		 .wanted = "web_a<web gray=a>: 10.0.0.1:80; web_b<web gray=b>: 10.0.0.1:80"},
		{.row = "a colour and none",
		 .registry = "web@10.0.0.1:80+gray=a+gray=default",
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "a colour that may not start a name may follow in one",
		 .registry = "web@10.0.0.1:80+gray=-a",
		 .wanted = "web_-a<web gray=-a>: 10.0.0.1:80"},
		{.row = "a colour that can't be one, alone",
		 .registry = "web@10.0.0.1:80+gray=a;b",
		 .wanted = "",
		 .noted = "s",
		 .says = "can't be part of an upstream's name: tag 'gray=a;b'"},
		{.row = "and beside a good one",
		 .registry = "web@10.0.0.1:80+gray=a=b+gray=c",
		 .wanted = "web_c<web gray=c>: 10.0.0.1:80",
		 .noted = "s"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

static void settings_reach_the_upstream(void **state)
{
	struct swk_settings settings = settings_of("{\"defaults\": {\"max_fails\": 3, "
						   "\"fail_timeout\": 2, \"keepalive\": 20}}");
	const struct swk_policy policy = {.settings = &settings};
	struct swk_report report = {0};
	struct swk_services services =
		registry("web@10.0.0.1:80 web@10.0.0.2:80+gray=a", &policy, &report);
	struct swk_service *service = swk_services_find(&services, "web");
	char *shown;

	(void)state;
	assert_non_null(service);
	assert_int_equal(service->instances, 2);
	shown = unit_show(&service->upstreams);
	assert_string_equal(
		shown, "web: 10.0.0.1:80,max_fails=3,fail_timeout=2 keepalive=20; "
		       "web_a<web gray=a>: 10.0.0.2:80,max_fails=3,fail_timeout=2 keepalive=20");
	free(shown);
	swk_settings_free(&settings);
	swk_services_free(&services);
	swk_report_free(&report);
}

static void name_with_colour_at_the_limit(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		for (size_t length = 1; length < SWK_NAME_MAX - 1; length += 17) {
			char *name = unit_repeat('s', length),
			     *colour = unit_repeat('c', SWK_NAME_MAX - 1 - length + over), *text;
			struct swk_report report = {0};
			struct swk_services services;

			assert_true(asprintf(&text, "%s@10.0.0.1:80+gray=%s", name, colour) > 0);
			services = registry(text, &plain, &report);
			assert_int_equal(services.list[0].upstreams.count, !over);
			assert_int_equal(report.counted[SWK_NOTE_SKIPPED], over);
			if (!over)
				assert_int_equal(strlen(services.list[0].upstreams.list[0].name),
						 SWK_NAME_MAX);
			swk_services_free(&services);
			swk_report_free(&report);
			free(text);
			free(name);
			free(colour);
		}
	}
}

static void proxies_are_no_instances(void **state)
{
	const struct swk_instance proxy = {.service = "web",
					   .id = "w1",
					   .node = "n1",
					   .address = "10.0.0.1",
					   .node_address = "",
					   .port = 80,
					   .proxy = true};
	struct swk_services services = {0};
	struct swk_report report = {0};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_policy_instance(&services, &plain, &proxy, &report, &error), 0);
	assert_int_equal(services.count, 0);
	assert_int_equal(report.note_count, 0);
}

static void notes_are_one_line(void **state)
{
	struct swk_report report = {0};
	struct swk_services services = registry("web@a\nb:80 we\nb", &plain, &report);

	(void)state;
	assert_int_equal(report.note_count, 2);
	assert_true(says(&report, "'a\\x0ab'"));
	assert_true(says(&report, "'we\\x0ab'"));
	swk_services_free(&services);
	swk_report_free(&report);
}

/* ---- where an upstream comes from that doesn't say so ---- */

static void sources_are_found(void **state)
{
	static const struct {
		const char *have, *registry;
		bool complete;
		const char *found;
	} rows[] = {
		/* what is known stays, whatever there is */
		{"a: 10.0.0.1:80; x<y gray=z>: 10.0.0.1:80", "x@10.0.0.1:80", true,
		 "a: 10.0.0.1:80; x<y gray=z>: 10.0.0.1:80"},
		/* a service, with instances or without, and a colour of one */
		{"web<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "web: 10.0.0.1:80"},
		{"web<>: 10.0.0.1:80", "web", false, "web: 10.0.0.1:80"},
		{"web<>: 10.0.0.1:80", "web~", true, "web: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web@10.0.0.1:80+gray=a!critical", false,
		 "web_a<web gray=a>: 10.0.0.1:80"},
		{"WEB<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "WEB<web>: 10.0.0.1:80"},
		/* neither: left open, or, when all is known, a colour that no instance shows */
		{"api<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "api<>: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "web_a<>: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web@10.0.0.1:80", true, "web_a<web gray=a>: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web~", true, "web_a<web gray=a>: 10.0.0.1:80"},
		{"web_a_b<>: 10.0.0.1:80", "web_a web", true, "web_a_b<web_a gray=b>: 10.0.0.1:80"},
		{"web_a_b<>: 10.0.0.1:80", "WEB_A web", true, "web_a_b<WEB_A gray=b>: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web_a web", true, "web_a: 10.0.0.1:80"},
		/* or of a service that is gone */
		{"api<>: 10.0.0.1:80", "web@10.0.0.1:80", true, "api: 10.0.0.1:80"},
		{"web_<>: 10.0.0.1:80", "web", true, "web_: 10.0.0.1:80"},
		{"website<>: 10.0.0.1:80", "web", true, "website: 10.0.0.1:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams have = unit_upstreams(rows[i].have);
		struct swk_report report = {0};
		struct swk_services services = registry(rows[i].registry, &plain, &report);
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(swk_policy_find_sources(&have, &plain_settings, &services,
							 rows[i].complete, &error),
				 0);
		shown = unit_show(&have);
		unit_same(rows[i].have, shown, rows[i].found);
		free(shown);
		swk_upstreams_free(&have);
		swk_services_free(&services);
		swk_report_free(&report);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_become_upstreams),
		cmocka_unit_test(settings_reach_the_upstream),
		cmocka_unit_test(name_with_colour_at_the_limit),
		cmocka_unit_test(proxies_are_no_instances),
		cmocka_unit_test(notes_are_one_line),
		cmocka_unit_test(sources_are_found),
	};

	int failed;

	plain_settings = settings_of(NULL);
	plain = policy_of(&plain_settings);
	failed = cmocka_run_group_tests_name("policy", tests, NULL, NULL);
	swk_settings_free(&plain_settings);
	return failed;
}
