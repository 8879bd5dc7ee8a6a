/* SPDX-License-Identifier: MIT */
#include "decide.h"
#include "model/service.h"

/* Settings without a file. */
static struct swk_settings plain_settings;
static struct swk_policy plain;

/* ---- instances ---- */

static void instances_become_upstreams(void **state)
{
	static const struct decision rows[] = {
		{.row = "none", .registry = "", .desired = ""},
		{.row = "sorted, each once",
		 .registry = "web@10.0.0.10:80 web@10.0.0.2:80 web@::1:80 web@10.0.0.2:80",
		 .desired = "web: 10.0.0.2:80 10.0.0.10:80 [::1]:80"},
		{.row = "only passing instances",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80!warning web@10.0.0.3:80!critical",
		 .desired = "web: 10.0.0.1:80",
		 .says = "is warning"},
		{.row = "none is passing", .registry = "web@10.0.0.1:80!critical", .desired = ""},
		{.row = "consul itself", .registry = "consul@10.0.0.1:80 consul", .desired = ""},
		{.row = "names that differ in more than case",
		 .registry = "web@10.0.0.1:80 api@10.0.0.2:80",
		 .desired = "api: 10.0.0.2:80; web: 10.0.0.1:80"},
		{.row = "an invalid name",
		 .registry = "we;b@10.0.0.1:80 web@10.0.0.2:80",
		 .desired = "web: 10.0.0.2:80",
		 .noted = "s",
		 .says = "service 'we;b': skipped: its name"},
		{.row = "such a name in the list", .registry = "_web", .desired = "", .noted = "s"},
		/* addresses and ports */
		{.row = "not an address",
		 .registry = "web@10.0.0.1:80 web@backend.example:80 web@:80 web@0.0.0.0:80",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "sss",
		 .says = "service 'web': instance 0 ('w1' on node 'n1') skipped: its address is "
			 "not an IPv4 or IPv6 address: 'backend.example'"},
		{.row = "code instead of a word",
		 .registry = "web@10.0.0.1;include:80",
		 .desired = "",
		 .noted = "s"},
		{.row = "the first and the last port",
		 .registry = "web@10.0.0.1:1 web@10.0.0.1:65535",
		 .desired = "web: 10.0.0.1:1 10.0.0.1:65535"},
		{.row = "port 0",
		 .registry = "web@10.0.0.1:0 web@10.0.0.1:65536 web@10.0.0.1:-80 "
			     "web@10.0.0.1:80.5 web@10.0.0.1:4294967376 web@10.0.0.1:1e300 "
			     "web@10.0.0.1:0.5 web@10.0.0.1:nan",
		 .desired = "",
		 .noted = "ssssssss",
		 .says = "its port is not from 1 to 65535: '80.5'"},
		{.row = "one more than the last port",
		 .registry = "web@10.0.0.1:65536",
		 .desired = "",
		 .noted = "s",
		 .says = "its port is not from 1 to 65535: '65536'"},
		{.row = "an unusable instance is noted even if it is not passing",
		 .registry = "web@nowhere:80!critical",
		 .desired = "",
		 .noted = "s"},
		/* the ports of the dyups interface: no instance on loopback may use them */
		{.row = "a reserved port",
		 .registry = "web@127.0.0.1:18882 web@127.1.2.3:18881 web@::1:18882 "
			     "web@::ffff:127.0.0.1:18882 web@::ffff:0.0.0.0:18882",
		 .desired = "",
		 .noted = "sssss",
		 .says = "address of a dyups interface: '[::1]:18882'"},
		{.row = "the port elsewhere, and other ports on loopback",
		 .registry = "web@10.0.0.1:18882 web@127.0.0.1:18883 web@::1:80",
		 .desired = "web: 10.0.0.1:18882 127.0.0.1:18883 [::1]:80"},
		/* colours */
		{.row = "each colour has its own",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80+gray=b web@10.0.0.3:80+x",
		 .desired = "web: 10.0.0.3:80; web_a<web gray=a>: 10.0.0.1:80; "
			    "web_b<web gray=b>: 10.0.0.2:80"},
		{.row = "no colour",
		 .registry = "web@10.0.0.1:80+gray= web@10.0.0.2:80+gray=default "
			     "web@10.0.0.3:80+gray web@10.0.0.4:80+Gray=a web@10.0.0.5:80+grays=a",
		 .desired = "web: 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 10.0.0.5:80"},
		{.row = "two colours, and one of them twice",
		 .registry = "web@10.0.0.1:80+gray=a+x+gray=b+gray=a",
		 .desired = "web_a<web gray=a>: 10.0.0.1:80; web_b<web gray=b>: 10.0.0.1:80"},
		{.row = "a colour and none",
		 .registry = "web@10.0.0.1:80+gray=a+gray=default",
		 .desired = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "a colour may begin with a character that a name can't",
		 .registry = "web@10.0.0.1:80+gray=-a",
		 .desired = "web_-a<web gray=-a>: 10.0.0.1:80"},
		{.row = "an invalid colour, alone",
		 .registry = "web@10.0.0.1:80+gray=a;b",
		 .desired = "",
		 .noted = "s",
		 .says = "it cannot be part of an upstream's name: tag 'gray=a;b'"},
		{.row = "an invalid colour and a good one",
		 .registry = "web@10.0.0.1:80+gray=a=b+gray=c",
		 .desired = "web_c<web gray=c>: 10.0.0.1:80",
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

static bool is_anywhere(const char *address)
{
	(void)address;
	return true;
}

/* FILE.checks must not remember an answer that means something else when this host's addresses
 * change. */
static void what_depends_on_the_host_is_noted(void **state)
{
	struct swk_settings settings = settings_of("{}");
	const struct swk_policy policy = {.settings = &settings, .is_here = is_anywhere};
	struct swk_report report = {0};
	struct swk_services services =
		registry("web@127.0.0.1:80 api@10.0.0.1:80", &policy, &report);

	(void)state;
	assert_true(swk_services_find(&services, "web")->noted);
	assert_false(swk_services_find(&services, "api")->noted);
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
					   .datacenter = "",
					   .peer = "",
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

static void only_own_instances(void **state)
{
	static const struct {
		const char *config, *datacenter, *peer;
		const char *reason; /* NULL: it is published */
	} rows[] = {
		{NULL, "", "", NULL},
		{NULL, "dc2", "", NULL},
		{NULL, "", "north", "skipped: it is imported from peer 'north'"},
		{"{\"consul\": {\"datacenter\": \"dc1\"}}", "", "", NULL},
		{"{\"consul\": {\"datacenter\": \"dc1\"}}", "dc1", "", NULL},
		{"{\"consul\": {\"datacenter\": \"dc1\"}}", "DC1", "", NULL},
		{"{\"consul\": {\"datacenter\": \"dc1\"}}", "dc10", "",
		 "skipped: it is in datacenter 'dc10', not in 'dc1'"},
		{"{\"consul\": {\"datacenter\": \"dc1\"}}", "dc1", "north",
		 "skipped: it is imported from peer 'north'"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_settings settings = settings_of(rows[i].config);
		const struct swk_policy policy = policy_of(&settings);
		const struct swk_instance instance = {.service = "web",
						      .id = "w1",
						      .node = "n1",
						      .datacenter = rows[i].datacenter,
						      .peer = rows[i].peer,
						      .address = "10.0.0.1",
						      .node_address = "",
						      .port = 80};
		struct swk_services services = {0};
		struct swk_report report = {0};
		struct swk_error error = {0};

		assert_int_equal(
			swk_policy_instance(&services, &policy, &instance, &report, &error), 0);
		unit_number(rows[i].datacenter, (long long)services.count, !rows[i].reason);
		unit_number(rows[i].datacenter, (long long)report.note_count,
			    rows[i].reason != NULL);
		if (rows[i].reason && !says(&report, rows[i].reason))
			fail_msg("row %zu: no note says '%s'", i, rows[i].reason);
		swk_services_free(&services);
		swk_report_free(&report);
		swk_settings_free(&settings);
	}
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

/* ---- routing ---- */

#define TWO "{\"routing\": [{\"tag\": \"gray\"}, {\"tag\": \"zone\", \"separator\": \"-\"}]}"
#define BOTH                                                                                       \
	"{\"routing\": [{\"tag\": \"gray\", \"also_plain\": true}, "                               \
	"{\"tag\": \"zone\", \"separator\": \"-\", \"also_plain\": true}]}"
#define ONE_OF_TWO                                                                                 \
	"{\"routing\": [{\"tag\": \"gray\", \"also_plain\": true}, "                               \
	"{\"tag\": \"zone\", \"separator\": \"-\"}]}"

static void routing(void **state)
{
	static const struct decision rows[] = {
		{.row = "each instance by itself",
		 .config = TWO,
		 .registry = "web@10.0.0.1:80+gray=a+zone=eu",
		 .desired = "web-eu<web zone=eu>: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "one of them, and none",
		 .config = TWO,
		 .registry = "web@10.0.0.1:80+zone=eu web@10.0.0.2:80+gray=a web@10.0.0.3:80",
		 .desired = "web: 10.0.0.3:80; web-eu<web zone=eu>: 10.0.0.1:80; "
			    "web_a<web gray=a>: 10.0.0.2:80"},
		{.row = "a default beside a colour",
		 .config = TWO,
		 .registry = "web@10.0.0.1:80+gray=default+zone=eu",
		 .desired = "web: 10.0.0.1:80; web-eu<web zone=eu>: 10.0.0.1:80"},
		{.row = "an empty value beside a colour",
		 .config = TWO,
		 .registry = "web@10.0.0.1:80+gray=a+zone=",
		 .desired = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "another default",
		 .config = "{\"routing\": [{\"tag\": \"gray\", \"default\": \"blue\"}]}",
		 .registry = "web@10.0.0.1:80+gray=blue web@10.0.0.2:80+gray=default",
		 .desired = "web: 10.0.0.1:80; web_default<web gray=default>: 10.0.0.2:80"},
		{.row = "another separator",
		 .config = "{\"routing\": [{\"tag\": \"gray\", \"separator\": \".x-\"}]}",
		 .registry = "web@10.0.0.1:80+gray=a",
		 .desired = "web.x-a<web gray=a>: 10.0.0.1:80"},
		{.row = "another tag",
		 .config = "{\"routing\": [{\"tag\": \"zone\"}]}",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80+zone=a",
		 .desired = "web: 10.0.0.1:80; web_a<web zone=a>: 10.0.0.2:80"},
		{.row = "none",
		 .config = "{\"routing\": []}",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80",
		 .desired = "web: 10.0.0.1:80 10.0.0.2:80"},
		{.row = "one tag's name begins another's",
		 .config = "{\"routing\": [{\"tag\": \"g\"}, {\"tag\": \"gray\", \"separator\": "
			   "\"-\"}]}",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80+g=b",
		 .desired = "web-a<web gray=a>: 10.0.0.1:80; web_b<web g=b>: 10.0.0.2:80"},
		{.row = "two tags, one name: one is served",
		 .config = "{\"routing\": [{\"tag\": \"gray\"}, {\"tag\": \"zone\"}]}",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80+zone=a",
		 .desired = "web_a<web gray=a>: 10.0.0.1:80",
		 .noted = "s",
		 .says = "upstream web_a of service web, tag zone=a: skipped: the name is taken by "
			 "service web, tag gray=a; rename one of them"},
		/* instances that also serve the upstream without a colour */
		{.row = "also without colour",
		 .config = BOTH,
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80",
		 .desired = "web: 10.0.0.1:80 10.0.0.2:80; web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "both are",
		 .config = BOTH,
		 .registry = "web@10.0.0.1:80+gray=a+zone=eu",
		 .desired = "web: 10.0.0.1:80; web-eu<web zone=eu>: 10.0.0.1:80; "
			    "web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "one of them is not",
		 .config = ONE_OF_TWO,
		 .registry = "web@10.0.0.1:80+gray=a+zone=eu web@10.0.0.2:80+gray=b",
		 .desired = "web: 10.0.0.2:80; web-eu<web zone=eu>: 10.0.0.1:80; "
			    "web_a<web gray=a>: 10.0.0.1:80; web_b<web gray=b>: 10.0.0.2:80"},
		{.row = "one of them is not, whichever comes first",
		 .config = ONE_OF_TWO,
		 .registry = "web@10.0.0.1:80+zone=eu+gray=a",
		 .desired = "web-eu<web zone=eu>: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "one of them is not, but has the default value",
		 .config = ONE_OF_TWO,
		 .registry = "web@10.0.0.1:80+gray=a+zone=default",
		 .desired = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "once, whatever sets it",
		 .config = BOTH,
		 .registry = "web@10.0.0.1:80+gray=a+gray=default+zone=",
		 .desired = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "an invalid colour, also without colour",
		 .config = BOTH,
		 .registry = "web@10.0.0.1:80+gray=a;b",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "s"},
		/* a name set for the upstream */
		{.row = "another name",
		 .config = "{\"services\": {\"web\": {\"upstream\": \"shop\"}}}",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80+gray=a api@10.0.0.3:80",
		 .desired = "api: 10.0.0.3:80; shop<web>: 10.0.0.1:80; "
			    "shop_a<web gray=a>: 10.0.0.2:80"},
		{.row = "a short one makes room for a colour",
		 .config = "{\"services\": {\"web*\": {\"upstream\": \"s\"}}}",
		 .registry = "web@10.0.0.1:80+gray="
			     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			     "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			     " web@10.0.0.1:80+gray=b",
		 .desired =
			 "s_aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa<web "
			 "gray=aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
			 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa>: "
			 "10.0.0.1:80; s_b<web gray=b>: 10.0.0.1:80"},
		/* other settings of an upstream */
		{.row = "by service",
		 .config = "{\"services\": {\"web\": {\"balance\": \"least_conn\", \"keepalive\": "
			   "5, \"keepalive_timeout\": 6, \"keepalive_requests\": 7}}}",
		 .registry = "web@10.0.0.1:80+gray=a api@10.0.0.2:80",
		 .desired = "api: 10.0.0.2:80; web_a<web gray=a>: 10.0.0.1:80 least_conn "
			    "keepalive=5 keepalive_timeout=6 keepalive_requests=7"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- publishing ---- */

static void published(void **state)
{
	static const struct decision rows[] = {
		{.row = "included",
		 .config = "{\"include\": [\"web\", \"api-*\"]}",
		 .registry = "web@10.0.0.1:80 api-x@10.0.0.2:80 api@10.0.0.3:80 Web@10.0.0.4:80",
		 .desired = "api-x: 10.0.0.2:80; web: 10.0.0.1:80"},
		{.row = "excluded, though included",
		 .config = "{\"include\": [\"api-*\"], \"exclude\": [\"api-x\", \"web\"]}",
		 .registry = "web@10.0.0.1:80 api-x@10.0.0.2:80 api-y@10.0.0.3:80",
		 .desired = "api-y: 10.0.0.3:80"},
		{.row = "consul, though included",
		 .config = "{\"include\": [\"consul\", \"*\"]}",
		 .registry = "consul@10.0.0.1:80 web@10.0.0.2:80",
		 .desired = "web: 10.0.0.2:80"},
		{.row = "excluded and recorded: deleted by its own document",
		 .config = "{\"exclude\": [\"web\"]}",
		 .recorded = "api: 10.0.0.2:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80",
		 .desired = "api: 10.0.0.2:80"},
		{.row = "also if none is healthy",
		 .config = "{\"exclude\": [\"web\"]}",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .desired = ""},
		{.row = "but not by a document without an instance",
		 .config = "{\"exclude\": [\"web\"]}",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web",
		 .desired = "web: 10.0.0.1:80",
		 .decisions = "web: left out: include or exclude leaves it out"},
		{.row = "and in a complete run",
		 .config = "{\"exclude\": [\"web\"]}",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "api@10.0.0.2:80 web consul",
		 .complete = true,
		 .desired = "api: 10.0.0.2:80",
		 .decisions = "web: left out: include or exclude leaves it out; consul: left out: "
			      "it is Consul itself"},
		{.row = "an excluded invalid name is not noted",
		 .config = "{\"exclude\": [\"we*\"]}",
		 .registry = "we;b@10.0.0.1:80",
		 .desired = "",
		 .decisions = "we;b: left out: include or exclude leaves it out"},
		/* a required tag */
		{.row = "only instances with the tag",
		 .config = "{\"require_tag\": \"public\"}",
		 .registry = "web@10.0.0.1:80+public web@10.0.0.2:80 web@10.0.0.3:80+Public "
			     "web@10.0.0.4:80+x+public+gray=a web@10.0.0.5:80+public2",
		 .desired = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.4:80"},
		{.row = "none has it: as if deregistered",
		 .config = "{\"require_tag\": \"public\"}",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80",
		 .desired = ""},
		{.row = "a colour without such an instance",
		 .config = "{\"require_tag\": \"public\"}",
		 .recorded = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80+public web@10.0.0.2:80+gray=a",
		 .desired = "web: 10.0.0.1:80"},
		{.row = "one with the tag is critical, the others lack the tag",
		 .config = "{\"require_tag\": \"public\"}",
		 .recorded = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80+public!critical web@10.0.0.2:80",
		 .desired = "web: 10.0.0.1:80",
		 .noted = "k"},
		/* names that nginx would take for hosts */
		{.row = "names of hosts",
		 .registry = "127.0.0.1@10.0.0.1:80 localhost@10.0.0.1:80",
		 .desired = "",
		 .noted = "ss",
		 .decisions = "127.0.0.1: skipped: nginx takes its name for a host, not for an "
			      "upstream; localhost: skipped: nginx takes its name for a host, not "
			      "for an upstream"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- too many ---- */

static void too_many_colours(void **state)
{
	struct swk_services services = {0};
	struct swk_report report = {0};

	(void)state;
	for (unsigned i = 0; i <= SWK_COLOURS_MAX; i++) {
		char word[64];

		(void)snprintf(word, sizeof(word), "web@10.0.0.1:80+gray=c%u", i);
		add_instance(&services, &plain, word, &report);
	}
	assert_int_equal(services.list[0].upstreams.count, SWK_COLOURS_MAX);
	assert_int_equal(services.list[0].instances, SWK_COLOURS_MAX + 1);
	assert_true(services.list[0].crowded);
	assert_int_equal(report.counted[SWK_NOTE_SKIPPED], 1);
	assert_true(says(&report, "its service already has too many colours: tag 'gray=c64'"));
	/* Upstreams that already exist accept more servers. */
	for (unsigned i = 0; i < 2; i++) {
		char word[] = "web@10.0.0.2:80+gray=c0";

		add_instance(&services, &plain, word, &report);
	}
	assert_int_equal(report.counted[SWK_NOTE_SKIPPED], 1);
	swk_services_free(&services);
	swk_report_free(&report);
}

/* A recorded colour is never one too many; a new one of another service or tag is. */
static void too_many_colours_but_recorded(void **state)
{
	struct swk_upstreams recorded =
		unit_upstreams("web_x<web gray=x>: 10.0.0.1:80; web_y<web "
			       "zone=y>: 10.0.0.1:80; web_z<>: 10.0.0.1:80");
	struct swk_policy policy = plain;
	struct swk_services services = {0};
	struct swk_report report = {0};
	char word[64];

	(void)state;
	policy.recorded = &recorded;
	for (unsigned i = 0; i < SWK_COLOURS_MAX; i++) {
		(void)snprintf(word, sizeof(word), "web@10.0.0.1:80+gray=c%u", i);
		add_instance(&services, &policy, word, &report);
	}
	(void)snprintf(word, sizeof(word), "web@10.0.0.1:80+gray=n+gray=x+gray=y+gray=z");
	add_instance(&services, &policy, word, &report);
	assert_int_equal(services.list[0].upstreams.count, SWK_COLOURS_MAX + 2);
	assert_non_null(swk_service_upstream(&services.list[0], "gray=x"));
	assert_non_null(swk_service_upstream(&services.list[0], "gray=z"));
	assert_int_equal(report.counted[SWK_NOTE_SKIPPED], 2);
	assert_false(services.list[0].crowded);
	swk_services_free(&services);
	swk_report_free(&report);
	swk_upstreams_free(&recorded);
}

static void too_many_places(void **state)
{
	struct swk_services services = {0};
	struct swk_report report = {0};
	struct swk_error error = {0};
	struct swk_service *service;

	(void)state;
	service = swk_services_get(&services, "web", &error);
	assert_non_null(service);
	service->placed = SWK_PLACES_MAX - 1;
	for (unsigned i = 0; i < 3; i++) {
		char word[] = "web@10.0.0.1:80";

		add_instance(&services, &plain, word, &report);
	}
	assert_int_equal(service->placed, SWK_PLACES_MAX);
	assert_true(service->crowded);
	assert_int_equal(service->instances, 3);
	assert_int_equal(service->upstreams.list[0].count, 1);
	assert_int_equal(service->upstreams.list[0].registered, 1);
	assert_int_equal(report.counted[SWK_NOTE_SKIPPED], 2);
	assert_true(says(&report, "its service already has too many instances"));
	swk_services_free(&services);
	swk_report_free(&report);
}

/* ---- keys ---- */

static void keys(void **state)
{
	static char long_name[SWK_NAME_MAX + 32];
	static const struct decision rows[] = {
		{.row = "upstreams of the tree",
		 .keys = "web/10.0.0.1:80 api/10.0.0.3:80 web/[::1]:80,weight=2",
		 .desired = "api: 10.0.0.3:80 of_keys; web: 10.0.0.1:80 [::1]:80,weight=2 of_keys"},
		{.row = "folders",
		 .keys = "web/ web/10.0.0.1:80 api/x/",
		 .desired = "web: 10.0.0.1:80 of_keys"},
		{.row = "too deep, and not deep enough",
		 .keys = "web web/x/10.0.0.1:80 /10.0.0.1:80 web/10.0.0.1:80",
		 .desired = "web: 10.0.0.1:80 of_keys",
		 .noted = "sss",
		 .says = "key 'p/web/x/10.0.0.1:80' skipped: it does not have the form "
			 "p/UPSTREAM/ADDRESS:PORT"},
		{.row = "no name",
		 .keys = "/10.0.0.1:80",
		 .desired = "",
		 .noted = "s",
		 .says = "key 'p//10.0.0.1:80' skipped: it does not have the form "
			 "p/UPSTREAM/ADDRESS:PORT"},
		{.row = "unusable servers count as registered",
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .keys = "web/nowhere",
		 .all_keys = true,
		 .desired = "web: 10.0.0.9:80 of_keys",
		 .noted = "sk",
		 .says = "key 'p/web/nowhere' skipped: it does not end in ADDRESS:PORT: 'nowhere'"},
		{.row = "an invalid name",
		 .keys = "we;b/10.0.0.1:80 _x/10.0.0.1:80 localhost/10.0.0.1:80",
		 .desired = "",
		 .noted = "sss"},
		{.row = "too long a name", .keys = long_name, .desired = "", .noted = "s"},
		{.row = "by the upstream's name",
		 .config = "{\"services\": {\"we*\": {\"keepalive\": 4, \"balance\": \"ip_hash\", "
			   "\"max_conns\": 5, \"port\": 81, \"upstream\": \"shop\"}}}",
		 .keys = "web/10.0.0.1:80 api/10.0.0.1:80",
		 .desired = "api: 10.0.0.1:80 of_keys; shop<web>: 10.0.0.1:81,max_conns=5 ip_hash "
			    "keepalive=4 of_keys"},
		{.row = "include and exclude",
		 .config = "{\"include\": [\"w*\"], \"exclude\": [\"wx\"]}",
		 .keys = "web/10.0.0.1:80 api/10.0.0.1:80 wx/10.0.0.1:80",
		 .desired = "web: 10.0.0.1:80 of_keys",
		 .decisions = ""},
		{.row = "but required tags, checks and colours do not apply",
		 .config = "{\"require_tag\": \"public\", \"defaults\": {\"require_check\": true}}",
		 .keys = "web/10.0.0.1:80,gray=a",
		 .desired = "web: 10.0.0.1:80 of_keys",
		 .noted = "w",
		 .says = "key 'p/web/10.0.0.1:80': 'gray' is ignored: there is no such "
			 "attribute"},
		{.row = "attributes may be anything",
		 .config = "{\"attributes\": {\"allow\": [], \"max\": {\"weight\": 10, "
			   "\"max_fails\": 0}}}",
		 .keys = "web/10.0.0.1:80,weight=5000,max_fails=7 web/10.0.0.2:80,backup=1",
		 .desired = "web: 10.0.0.1:80,weight=5000,max_fails=7 10.0.0.2:80,backup of_keys"},
		{.row = "consul", .keys = "consul/10.0.0.1:80", .desired = "", .decisions = ""},
		{.row = "excluded and recorded",
		 .config = "{\"exclude\": [\"web\"]}",
		 .recorded = "web: 10.0.0.9:80 of_keys",
		 .keys = "web/10.0.0.1:80",
		 .all_keys = true,
		 .desired = "",
		 .decisions = ""},
	};
	static const char *const outside[] = {"q/web/10.0.0.1:80", "pweb/10.0.0.1:80", "p", "",
					      "pp/web/10.0.0.1:80"};

	(void)state;
	memset(long_name, 'x', SWK_NAME_MAX + 1);
	(void)strcpy(long_name + SWK_NAME_MAX + 1, "/10.0.0.1:80");
	decide(rows, COUNT(rows));
	/* Keys of other trees don't count either. */
	for (size_t i = 0; i < COUNT(outside); i++) {
		const struct swk_key key = {.key = outside[i]};
		struct swk_services services = {.kind = SWK_SOURCE_KEY};
		struct swk_report report = {0};
		struct swk_error error = {0};

		assert_int_equal(swk_policy_key(&services, &plain, &key, &report, &error), 0);
		unit_number(outside[i], (long long)services.count, 0);
		unit_number(outside[i], (long long)report.counted[SWK_NOTE_SKIPPED],
			    *outside[i] != '\0');
		swk_report_free(&report);
	}
}

static void what_is_a_key(void **state)
{
	static const struct {
		const char *prefix, *key;
		bool is;
	} rows[] = {
		{"p", "p/web/10.0.0.1:80", true},
		{"a/b", "a/b/web/10.0.0.1:80", true},
		{"a/b", "a/web/10.0.0.1:80", false},
		/* whatever its parts are, and whether it is published or not */
		{"p", "p/web/nowhere", true},
		{"p", "p/we;b/x", true},
		{"p", "p/consul/10.0.0.1:80", true},
		/* folders */
		{"p", "p", false},
		{"p", "p/", false},
		{"p", "p/web/", false},
		{"p", "p/web/x/", false},
		/* not deep enough, and too deep */
		{"p", "p/web", false},
		{"p", "p//10.0.0.1:80", false},
		{"p", "p/web/x/10.0.0.1:80", false},
		/* outside the tree */
		{"p", "", false},
		{"p", "q/web/10.0.0.1:80", false},
		{"p", "pp/web/10.0.0.1:80", false},
		{"p", "pweb/10.0.0.1:80", false},
		{"p", "P/web/10.0.0.1:80", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char prefix[8];
		const struct swk_settings settings = {.keyprefix = prefix};

		(void)strcpy(prefix, rows[i].prefix);
		unit_number(rows[i].key, swk_policy_is_key(&settings, rows[i].key), rows[i].is);
	}
	for (size_t over = 0; over < 2; over++) {
		char *name = unit_repeat('x', SWK_NAME_MAX + over), *key;

		assert_true(asprintf(&key, "p/%s/10.0.0.1:80", name) > 0);
		unit_number("long", swk_policy_is_key(&plain_settings, key), !over);
		free(key);
		free(name);
	}
}

/* ---- reasons ---- */

static void reasons_of_instances(void **state)
{
	static const struct {
		const char *row, *config, *registry, *keys, *shown;
	} rows[] = {
		{"served", NULL, "web@10.0.0.1:80", "",
		 "web web w1 n1 passing 10.0.0.1:80 served: "},
		{"in two upstreams", NULL, "web@10.0.0.1:80+gray=a+gray=b", "",
		 "web web_a w1 n1 passing 10.0.0.1:80 served: ; "
		 "web web_b w1 n1 passing 10.0.0.1:80 served: "},
		{"left out by its health", NULL, "web@10.0.0.1:80!critical", "",
		 "web web w1 n1 critical 10.0.0.1:80 left out: it is critical"},
		{"down", "{\"defaults\": {\"maintenance\": \"down\"}}",
		 "web@10.0.0.1:80!maintenance", "",
		 "web web w1 n1 maintenance 10.0.0.1:80 down: it is in maintenance"},
		{"left out by the settings", "{\"require_tag\": \"x\"}", "web@10.0.0.1:80", "",
		 "web - w1 n1 passing - left out: it has no tag 'x'"},
		{"its service is", "{\"exclude\": [\"web\"]}", "web@10.0.0.1:80", "",
		 "web - w1 n1 passing - left out: include or exclude leaves its service out"},
		{"no address", NULL, "web@nowhere:80", "",
		 "web web w1 n1 passing - skipped: its address is not an IPv4 or IPv6 address: "
		 "'nowhere'"},
		{"no colour", NULL, "web@10.0.0.1:80+gray=a;b", "",
		 "web - w1 n1 passing 10.0.0.1:80 skipped: it cannot be part of an upstream's "
		 "name: tag 'gray=a;b'"},
		{"a key", NULL, "", "web/10.0.0.1:80",
		 "web web p/web/10.0.0.1:80 - passing 10.0.0.1:80 served: "},
		{"a key of an upstream that is left out", "{\"exclude\": [\"web\"]}", "",
		 "web/10.0.0.1:80 web/10.0.0.2:80",
		 "web - p/web/10.0.0.1:80 - - - left out: include or exclude leaves its upstream "
		 "out; web - p/web/10.0.0.2:80 - - - left out: include or exclude leaves its "
		 "upstream out"},
		{"a key of consul's", NULL, "", "consul/10.0.0.1:80",
		 "consul - p/consul/10.0.0.1:80 - - - left out: include or exclude leaves its "
		 "upstream out"},
		{"no such key", NULL, "", "web/x/10.0.0.1:80",
		 "- - p/web/x/10.0.0.1:80 - - - skipped: it does not have the form "
		 "p/UPSTREAM/ADDRESS:PORT"},
		{"a folder", NULL, "", "web/", ""},
		{"a key of no name", NULL, "", "localhost/10.0.0.1:80",
		 "localhost - p/localhost/10.0.0.1:80 - - - skipped: nginx takes its name for a "
		 "host, not for an upstream"},
		{"nor published", "{\"include\": [\"web\"]}", "", "localhost/10.0.0.1:80",
		 "localhost - p/localhost/10.0.0.1:80 - - - skipped: nginx takes its name for a "
		 "host, not for an upstream"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_settings settings = settings_of(rows[i].config);
		struct swk_policy policy = policy_of(&settings);
		struct swk_decisions decisions = {0};
		struct swk_report report = {0};
		struct swk_services services, known;
		char shown[1024] = "";

		policy.decisions = &decisions;
		services = registry(rows[i].registry, &policy, &report);
		known = tree(rows[i].keys, &policy, &report);
		for (size_t j = 0; j < decisions.count; j++) {
			const struct swk_decision *decision = &decisions.list[j];

			(void)snprintf(shown + strlen(shown), sizeof(shown) - strlen(shown),
				       "%s%s %s %s %s %s %s %s: %s", j ? "; " : "",
				       *decision->source.name ? decision->source.name : "-",
				       *decision->upstream ? decision->upstream : "-",
				       decision->instance, *decision->node ? decision->node : "-",
				       *decision->status ? decision->status : "-",
				       *decision->address ? decision->address : "-",
				       swk_outcome_words[decision->outcome], decision->reason);
			unit_number(rows[i].row, decision->source.kind,
				    *rows[i].keys ? SWK_SOURCE_KEY : SWK_SOURCE_SERVICE);
		}
		unit_same(rows[i].row, shown, rows[i].shown);
		swk_decisions_free(&decisions);
		swk_services_free(&services);
		swk_services_free(&known);
		swk_report_free(&report);
		swk_settings_free(&settings);
	}
}

/* ---- unknown sources ---- */

static void find_sources(const char *config, const char *text, const char *registered,
			 bool complete, const char *found)
{
	struct swk_upstreams recorded = unit_upstreams(text);
	struct swk_settings settings = settings_of(config);
	const struct swk_policy policy = policy_of(&settings);
	struct swk_report report = {0};
	struct swk_services services = registry(registered, &policy, &report);
	struct swk_error error = {0};
	char *shown;

	assert_int_equal(swk_policy_find_sources(&recorded, &settings, &services, complete, &error),
			 0);
	shown = unit_show(&recorded);
	unit_same(text, shown, found);
	free(shown);
	swk_upstreams_free(&recorded);
	swk_services_free(&services);
	swk_report_free(&report);
	swk_settings_free(&settings);
}

static void sources_are_found(void **state)
{
	static const struct {
		const char *recorded, *registry;
		bool complete;
		const char *found;
	} rows[] = {
		/* a known source stays, whatever the registry has */
		{"a: 10.0.0.1:80; x<y gray=z>: 10.0.0.1:80", "x@10.0.0.1:80", true,
		 "a: 10.0.0.1:80; x<y gray=z>: 10.0.0.1:80"},
		/* a service, with or without instances, and a colour of one */
		{"web<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "web: 10.0.0.1:80"},
		{"web<>: 10.0.0.1:80", "web", false, "web: 10.0.0.1:80"},
		{"web<>: 10.0.0.1:80", "web~", true, "web: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web@10.0.0.1:80+gray=a!critical", false,
		 "web_a<web gray=a>: 10.0.0.1:80"},
		{"WEB<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "WEB<web>: 10.0.0.1:80"},
		/* neither: unknown or, if everything is known, a colour that no instance has */
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
	for (size_t i = 0; i < COUNT(rows); i++)
		find_sources(NULL, rows[i].recorded, rows[i].registry, rows[i].complete,
			     rows[i].found);
}

#define CALLED "{\"services\": {\"web\": {\"upstream\": \"Shop\"}}}"
#define TWO_CALLED                                                                                 \
	"{\"services\": {\"the-longest\": {\"upstream\": \"s\"}, \"x\": {\"upstream\": \"s_a\"}}}"

/* Under the names that the rules use. */
static void names_of_sources(void **state)
{
	static const struct {
		const char *config, *recorded, *registry;
		bool complete;
		const char *found;
	} rows[] = {
		{CALLED, "Shop<>: 10.0.0.1:80; Shop_a<>: 10.0.0.1:80", "web", true,
		 "Shop<web>: 10.0.0.1:80; Shop_a<web gray=a>: 10.0.0.1:80"},
		{CALLED, "Shop<>: 10.0.0.1:80; Shop_a<>: 10.0.0.1:80", "web", false,
		 "Shop<web>: 10.0.0.1:80; Shop_a<>: 10.0.0.1:80"},
		{CALLED, "shop<>: 10.0.0.1:80; SHOP_a<>: 10.0.0.1:80", "web", true,
		 "shop<web>: 10.0.0.1:80; SHOP_a<web gray=a>: 10.0.0.1:80"},
		{CALLED, "Shop<>: 10.0.0.1:80", "web~", true, "Shop<web>: 10.0.0.1:80"},
		{CALLED, "Shops<>: 10.0.0.1:80; Shop_<>: 10.0.0.1:80", "web", true,
		 "Shop_: 10.0.0.1:80; Shops: 10.0.0.1:80"},
		{CALLED, "web_a<>: 10.0.0.1:80", "web", true, "web_a: 10.0.0.1:80"},
		{TWO_CALLED, "s_a_b<>: 10.0.0.1:80; s_a<>: 10.0.0.1:80; s_c<>: 10.0.0.1:80",
		 "the-longest x", true,
		 "s_a<x>: 10.0.0.1:80; s_a_b<x gray=b>: 10.0.0.1:80; "
		 "s_c<the-longest gray=c>: 10.0.0.1:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		find_sources(rows[i].config, rows[i].recorded, rows[i].registry, rows[i].complete,
			     rows[i].found);
}

/* ---- shares ---- */

#define CANARY "{\"services\": {\"web\": {\"shares\": {\"canary\": 5, \"\": 95}}}}"
#define NOT_YET "{\"services\": {\"web\": {\"shares\": {\"canary\": 0, \"\": 100}}}}"
#define BLUE_GREEN "{\"services\": {\"web\": {\"shares\": {\"blue\": 50, \"green\": 50}}}}"

static void shares(void **state)
{
	static const struct decision rows[] = {
		{.row = "colours of one upstream",
		 .config = CANARY,
		 .registry = "web@10.0.0.1:80+gray=canary web@10.0.0.2:80 web@10.0.0.3:80",
		 .desired = "web: 10.0.0.1:80,weight=2 10.0.0.2:80,weight=19 10.0.0.3:80,weight=19",
		 .decisions = "web served: canary 5%, no colour 95%",
		 .again = ""},
		{.row = "other services have colours of their own",
		 .config = CANARY,
		 .registry = "api@10.0.0.1:80+gray=canary api@10.0.0.2:80",
		 .desired = "api: 10.0.0.2:80; api_canary<api gray=canary>: 10.0.0.1:80",
		 .decisions = ""},
		{.row = "and so have colours without a share",
		 .config = CANARY,
		 .registry = "web@10.0.0.1:80+gray=canary web@10.0.0.2:80 web@10.0.0.3:80+gray=b",
		 .desired =
			 "web: 10.0.0.1:80 10.0.0.2:80,weight=19; web_b<web gray=b>: 10.0.0.3:80",
		 .decisions = "web served: canary 5%, no colour 95%"},
		{.row = "they may also be in the plain upstream, without a colour there",
		 .config =
			 "{\"routing\": [{\"tag\": \"gray\", \"also_plain\": true}], \"defaults\": "
			 "{\"shares\": {\"canary\": 20, \"\": 80}}}",
		 .registry = "web@10.0.0.1:80+gray=canary web@10.0.0.2:80 web@10.0.0.3:80+gray=b",
		 .desired = "web: 10.0.0.1:80 10.0.0.2:80,weight=2 10.0.0.3:80,weight=2; "
			    "web_b<web gray=b>: 10.0.0.3:80"},
		{.row = "an instance of two colours has the first one",
		 .config = BLUE_GREEN,
		 .registry = "web@10.0.0.1:80+gray=green+gray=blue web@10.0.0.2:80+gray=blue "
			     "web@10.0.0.3:80+gray=default+gray=blue",
		 .desired = "web: 10.0.0.1:80,weight=2 10.0.0.2:80 10.0.0.3:80"},
		{.row = "of a share and an upstream of its own, it has both",
		 .config = CANARY,
		 .registry = "web@10.0.0.1:80+gray=b+gray=canary",
		 .desired = "web: 10.0.0.1:80; web_b<web gray=b>: 10.0.0.1:80"},
		{.row = "no share",
		 .config = NOT_YET,
		 .registry = "web@10.0.0.1:80+gray=canary web@10.0.0.2:80",
		 .desired = "web: 10.0.0.2:80",
		 .decisions = "web served: canary 0%, no colour 100%"},
		{.row = "none of a colour with a share",
		 .config = BLUE_GREEN,
		 .recorded = "web: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80",
		 .desired = "web: 10.0.0.2:80",
		 .noted = "k",
		 .says = "none of its instances in Consul is passing and usable"},
		{.row = "min_healthy does not count those without a share",
		 .config = "{\"defaults\": {\"min_healthy\": \"60%\", \"shares\": {\"a\": 100}}}",
		 .recorded = "web: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80+gray=a",
		 .desired = "web: 10.0.0.3:80"},
		{.row = "one colour is not usable",
		 .config = CANARY,
		 .registry = "web@10.0.0.1:80+gray=canary!critical web@10.0.0.2:80",
		 .desired = "web: 10.0.0.2:80",
		 .decisions = "web served: canary 0%, no colour 100%"},
		{.row = "the same address in two colours",
		 .config = BLUE_GREEN,
		 .registry = "web@10.0.0.1:80+gray=green web@10.0.0.1:80+gray=blue "
			     "web@10.0.0.2:80+gray=blue",
		 .desired = "web: 10.0.0.1:80 10.0.0.2:80",
		 .decisions = "web served: blue 100%, green 0%"},
		{.row = "upstreams of their own are no longer needed",
		 .config = CANARY,
		 .recorded = "web: 10.0.0.2:80; web_canary<web gray=canary>: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80+gray=canary web@10.0.0.2:80",
		 .desired = "web: 10.0.0.1:80 10.0.0.2:80,weight=19"},
		{.row = "what the token may not read counts to the largest share",
		 .config = CANARY,
		 .recorded = "web: 10.0.0.1:80 10.0.0.2:80,weight=19",
		 .registry = "web@10.0.0.1:80+gray=canary web@10.0.0.3:80 web|",
		 .desired =
			 "web: 10.0.0.1:80,weight=2 10.0.0.2:80,weight=19 10.0.0.3:80,weight=19"},
		{.row = "too many servers for HAProxy",
		 .config = "{\"defaults\": {\"shares\": {\"a\": 99, \"\": 1}}, \"targets\": "
			   "[{\"kind\": "
			   "\"haproxy\", \"name\": \"h\", \"socket\": \"/s\", \"file\": \"/f\"}]}",
		 .registry =
			 "web@10.0.0.1:80+gray=a web@10.0.0.2:80 web@10.0.0.3:80 web@10.0.0.4:80 "
			 "web@10.0.0.5:80 web@10.0.0.6:80 web@10.0.0.7:80",
		 .desired = "web: 10.0.0.1:80,weight=594 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 "
			    "10.0.0.5:80 10.0.0.6:80 10.0.0.7:80",
		 .noted = "w",
		 .again = "web",
		 .says = "upstream web: weights up to 256 cannot express the shares, so the parts "
			 "are a 97.7%, no colour 2.3%; register fewer instances"},
		{.row = "but not if HAProxy does not get them",
		 .config = "{\"defaults\": {\"shares\": {\"a\": 99, \"\": 1}}, \"targets\": "
			   "[{\"kind\": "
			   "\"file\", \"format\": \"haproxy\", \"name\": \"h\", \"file\": \"/f\", "
			   "\"exclude\": [\"web\"]}, {\"kind\": \"file\", \"name\": \"n\", "
			   "\"file\": \"/g\"}]}",
		 .registry =
			 "web@10.0.0.1:80+gray=a web@10.0.0.2:80 web@10.0.0.3:80 web@10.0.0.4:80 "
			 "web@10.0.0.5:80 web@10.0.0.6:80 web@10.0.0.7:80",
		 .desired = "web: 10.0.0.1:80,weight=594 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 "
			    "10.0.0.5:80 10.0.0.6:80 10.0.0.7:80",
		 .again = ""},
		{.row = "keys have no colours",
		 .config = "{\"keyprefix\": \"p\", \"defaults\": {\"shares\": {\"a\": 50, \"b\": "
			   "50}}}",
		 .keys = "web/10.0.0.1:80,weight=4 web/10.0.0.2:80,weight=2",
		 .all_keys = true,
		 .desired = "web: 10.0.0.1:80,weight=4 10.0.0.2:80,weight=2 of_keys"},
		{.row = "another balance of another pattern",
		 .config = "{\"services\": {\"w*\": {\"shares\": {\"a\": 50, \"b\": 50}}, "
			   "\"*b\": {\"balance\": \"ip_hash\"}}}",
		 .registry = "web@10.0.0.1:80+gray=a",
		 .desired = "web: 10.0.0.1:80"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(shares),
		cmocka_unit_test(instances_become_upstreams),
		cmocka_unit_test(settings_reach_the_upstream),
		cmocka_unit_test(what_depends_on_the_host_is_noted),
		cmocka_unit_test(name_with_colour_at_the_limit),
		cmocka_unit_test(proxies_are_no_instances),
		cmocka_unit_test(only_own_instances),
		cmocka_unit_test(notes_are_one_line),
		cmocka_unit_test(routing),
		cmocka_unit_test(published),
		cmocka_unit_test(too_many_colours),
		cmocka_unit_test(too_many_colours_but_recorded),
		cmocka_unit_test(too_many_places),
		cmocka_unit_test(keys),
		cmocka_unit_test(what_is_a_key),
		cmocka_unit_test(reasons_of_instances),
		cmocka_unit_test(sources_are_found),
		cmocka_unit_test(names_of_sources),
	};

	int failed;

	plain_settings = settings_of(NULL);
	plain = policy_of(&plain_settings);
	failed = cmocka_run_group_tests_name("placement", tests, NULL, NULL);
	swk_settings_free(&plain_settings);
	return failed;
}
