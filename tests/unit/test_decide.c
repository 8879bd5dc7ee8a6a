/* SPDX-License-Identifier: MIT */
#include "decision.h"

/* Those without a file. */
static struct swk_settings plain_settings;
static struct swk_policy plain;

/* ---- what stays and what goes ---- */

static void stays_and_goes(void **state)
{
	static const struct decision rows[] = {
		{.row = "as it is",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80",
		 .wanted = "web: 10.0.0.1:80"},
		{.row = "another server",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80",
		 .wanted = "web: 10.0.0.2:80"},
		{.row = "a colour has registered instances, none healthy",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80+gray=a!critical",
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web_a: kept with its last 1 server: none of its instances"},
		{.row = "the same for the one without colour",
		 .have = "web: 10.0.0.1:80 10.0.0.4:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80!warning web@10.0.0.2:80+gray=a",
		 .wanted = "web: 10.0.0.1:80 10.0.0.4:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web: kept with its last 2 servers"},
		{.row = "healthy, but none can be used",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@nowhere:80",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "sk"},
		{.row = "a colour has no registered instance, its service has others",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80",
		 .wanted = "web: 10.0.0.1:80"},
		{.row = "its service has others, though not healthy",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "the service has moved to a colour",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80+gray=a",
		 .wanted = "web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "no instance left, but the list has it",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web",
		 .complete = true,
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "kk",
		 .says = "its service has no instance registered"},
		{.row = "no instance left, as only its own document says",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "the list no longer has it",
		 .have = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.9:80",
		 .complete = true,
		 .wanted = "api: 10.0.0.9:80"},
		{.row = "a document of another service says nothing of it",
		 .have = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.8:80",
		 .wanted = "api: 10.0.0.8:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80"},
		{.row = "could not be asked about",
		 .have = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.8:80 web~",
		 .complete = true,
		 .wanted = "api: 10.0.0.8:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "kk",
		 .says = "Consul could not be asked about its service"},
		{.row = "could not be asked about, and there is nothing to keep",
		 .registry = "web~",
		 .complete = true,
		 .wanted = ""},
		/* what can't be read */
		{.row = "a colour to which what can't be read may belong",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 web?",
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web_a: kept with its last 1 server: an instance that can't be "
			 "read may belong to it"},
		{.row = "or of any service",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 ?",
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k"},
		{.row = "none that can be read",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web?",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "k",
		 .says = "its service has no instance that can be read"},
		{.row = "of another service",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 api?",
		 .wanted = "web: 10.0.0.1:80"},
		{.row = "those that can be read are served",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80 web?",
		 .wanted = "web: 10.0.0.2:80"},
		/* case */
		{.row = "a service whose name differs in case is another",
		 .have = "web: 10.0.0.1:80",
		 .registry = "Web",
		 .wanted = "web: 10.0.0.1:80"},
		/* attributes: what is kept stays as it is */
		{.row = "of a source that is not known, in a document of another",
		 .have = "api<>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80",
		 .wanted = "api<>: 10.0.0.9:80; web: 10.0.0.1:80"},
		{.row = "kept with all it has",
		 .have = "web: 10.0.0.1:80,weight=5,backup keepalive=7",
		 .registry = "web",
		 .wanted = "web: 10.0.0.1:80,weight=5,backup keepalive=7",
		 .noted = "k"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- whose a name is ---- */

static void collisions(void **state)
{
	static const struct decision rows[] = {
		{.row = "nobody's yet: the service whose own name it is",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .wanted = "web_a: 10.0.0.2:80",
		 .noted = "s",
		 .says = "upstream web_a of service web, tag gray=a: skipped: the name is taken by "
			 "service web_a"},
		{.row = "recorded for the colour",
		 .have = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .wanted = "web_a<web gray=a>: 10.0.0.1:80",
		 .noted = "s",
		 .says = "upstream web_a of service web_a: skipped: the name is taken by service "
			 "web, tag gray=a"},
		{.row = "recorded for the service",
		 .have = "web_a: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .wanted = "web_a: 10.0.0.2:80",
		 .noted = "s"},
		{.row = "recorded for the colour, and kept",
		 .have = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a!critical web_a@10.0.0.2:80",
		 .wanted = "web_a<web gray=a>: 10.0.0.9:80",
		 .noted = "ks"},
		{.row = "recorded for one of which the document doesn't speak",
		 .have = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web_a@10.0.0.2:80",
		 .wanted = "web_a<web gray=a>: 10.0.0.9:80",
		 .noted = "s"},
		{.row = "recorded for one that is gone",
		 .have = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web_a@10.0.0.2:80",
		 .complete = true,
		 .wanted = "web_a: 10.0.0.2:80"},
		{.row = "two colours: the first service in byte order",
		 .registry = "a_b@10.0.0.1:80+gray=c a@10.0.0.2:80+gray=b_c",
		 .wanted = "a_b_c<a gray=b_c>: 10.0.0.2:80",
		 .noted = "s"},
		{.row = "three of them",
		 .registry = "a_b@10.0.0.1:80+gray=c a@10.0.0.2:80+gray=b_c A_b_c@10.0.0.3:80",
		 .wanted = "A_b_c: 10.0.0.3:80",
		 .noted = "ss"},
		{.row = "names that differ in case: the first in byte order",
		 .registry = "web@10.0.0.1:80 WEB@10.0.0.2:80 Web@10.0.0.3:80",
		 .wanted = "WEB: 10.0.0.2:80",
		 .noted = "ss",
		 .says = "upstream web of service web: skipped: the name is taken by service WEB "
			 "(nginx tells no case apart)"},
		{.row = "names that differ in case: the one that is recorded",
		 .have = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 WEB@10.0.0.2:80",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "s"},
		{.row = "colours that differ in case",
		 .have = "web_b<web gray=b>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80+gray=A web@10.0.0.3:80+gray=b "
			     "web@10.0.0.4:80+gray=B",
		 .wanted = "web_A<web gray=A>: 10.0.0.2:80; web_b<web gray=b>: 10.0.0.3:80",
		 .noted = "ss"},
		{.row = "one that has no server claims nothing",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80!critical",
		 .wanted = "web_a<web gray=a>: 10.0.0.1:80"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

static void foreign_names(void **state)
{
	static const struct decision rows[] = {
		{.row = "a new name that others made",
		 .registry = "api@10.0.0.1:80 web@10.0.0.2:80",
		 .foreign = "other WEB",
		 .wanted = "api: 10.0.0.1:80",
		 .noted = "h",
		 .says = "upstream web of service web: held back"},
		{.row = "a name that the file has is ours",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80",
		 .foreign = "web",
		 .wanted = "web: 10.0.0.2:80"},
		{.row = "also for a new source",
		 .have = "web_a: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80+gray=a",
		 .complete = true,
		 .foreign = "web_a",
		 .wanted = "web_a<web gray=a>: 10.0.0.2:80"},
		{.row = "one that collides is held back as well",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .foreign = "web_a",
		 .wanted = "",
		 .noted = "hh"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* Many services of which each has a colour, in an order that is none. */
static void many_services(void **state)
{
	struct swk_upstreams have = {0}, wanted = {0};
	struct swk_services services = {0};
	struct swk_services none = {0};
	const struct swk_sources sources = {{&services, false}, {&none, false}};
	struct swk_names foreign = {0};
	struct swk_report report = {0};
	struct swk_error error = {0};

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "s%u: 10.0.0.1:80; s%u_a<s%u gray=a>: 10.0.0.2:80", i, i, i);
		unit_append(&have, text);
	}
	assert_null(swk_upstreams_sort(&have));
	/* Of every third nothing is known, and every fifth has no colour any more. */
	for (unsigned n = 0; n < 500; n++) {
		unsigned i = n * 7 % 500;
		char word[64];

		(void)snprintf(word, sizeof(word), "s%u@10.0.0.1:80", i);
		if (i % 3)
			add_instance(&services, &plain, word, &report);
		(void)snprintf(word, sizeof(word), "s%u@10.0.0.2:80+gray=a", i);
		if (i % 3 && i % 5)
			add_instance(&services, &plain, word, &report);
	}
	assert_int_equal(swk_decide(&plain, &have, &sources, &foreign, &wanted, &report, &error),
			 0);
	for (unsigned i = 0; i < 500; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "s%u", i);
		unit_number(name, swk_upstreams_find(&wanted, name) != NULL, 1);
		(void)snprintf(name, sizeof(name), "s%u_a", i);
		unit_number(name, swk_upstreams_find(&wanted, name) != NULL, !(i % 3) || i % 5);
	}
	swk_services_free(&services);
	swk_upstreams_free(&have);
	swk_upstreams_free(&wanted);
	swk_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(stays_and_goes),
		cmocka_unit_test(collisions),
		cmocka_unit_test(foreign_names),
		cmocka_unit_test(many_services),
	};

	int failed;

	plain_settings = settings_of(NULL);
	plain = policy_of(&plain_settings);
	failed = cmocka_run_group_tests_name("decide", tests, NULL, NULL);
	swk_settings_free(&plain_settings);
	return failed;
}
