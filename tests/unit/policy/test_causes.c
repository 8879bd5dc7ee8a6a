/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/causes.h"

/* Adds what was decided: `SERVICE TAG ADDRESS INSTANCE OUTCOME REASON`; `-` stands for none. */
static void add(struct swk_causes *causes, const char *text)
{
	char service[32], tag[32], address[32], instance[32], outcome[32], reason[64] = "";
	struct swk_server server;

	assert_true(sscanf(text, "%31s %31s %31s %31s %31s %63[^\n]", service, tag, address,
			   instance, outcome, reason) >= 5);
	if (*address != '-')
		server = unit_server(address);
	swk_causes_add(causes,
		       &(struct swk_decision){
			       .source = {.name = service,
					  .tag = *tag == '-'   ? NULL
						 : *tag == '.' ? ""
							       : tag},
			       .instance = *instance == '-' ? NULL : instance,
			       .node = *instance == '-' ? NULL : "n1",
			       .outcome = !strcmp(outcome, "served") ? SWK_OUTCOME_SERVED
					  : !strcmp(outcome, "down") ? SWK_OUTCOME_SERVED_DOWN
								     : SWK_OUTCOME_LEFT_OUT,
			       .reason = reason},
		       *address == '-' ? NULL : &server);
}

/* Adds several, separated by `;`. `!SERVICE` forgets a service, and `!` all. */
static struct swk_causes make(const char *text)
{
	struct swk_causes causes = {0};
	char *copy = strdup(text), *rest = copy, *part;

	while ((part = strsep(&rest, ";"))) {
		part += strspn(part, " ");
		if (*part == '!')
			swk_causes_forget(&causes, SWK_SOURCE_SERVICE, part[1] ? part + 1 : NULL);
		else
			add(&causes, part);
	}
	free(copy);
	return causes;
}

static void servers(void **state)
{
	static const struct {
		const char *causes, *service, *tag, *address;
		bool served;
		const char *found; /* `INSTANCE REASON`, with `+` if it is served; NULL: none */
	} rows[] = {
		{"web . 10.0.0.1:80 w1 served", "web", "", "10.0.0.1:80", true, "w1 n1+"},
		{"web . 10.0.0.1:80 w1 left it is critical", "web", "", "10.0.0.1:80", false,
		 "w1 n1 it is critical"},
		{"web . 10.0.0.1:80 w1 down it is critical", "web", "", "10.0.0.1:80", true,
		 "w1 n1+ it is critical"},
		{"web . 10.0.0.1:80 w1 served", "web", "", "10.0.0.2:80", true, NULL},
		{"web . 10.0.0.1:80 w1 served", "web", "", "10.0.0.1:81", true, NULL},
		{"web . 10.0.0.1:80 w1 served", "api", "", "10.0.0.1:80", true, NULL},
		{"web . [::1]:80 w1 served", "web", "", "[::1]:80", true, "w1 n1+"},
		{"web . a.example:80 w1 served", "web", "", "a.example:80", true, "w1 n1+"},
		/* Two instances at one address. */
		{"web . 10.0.0.1:80 w1 served; web . 10.0.0.1:80 w2 left critical", "web", "",
		 "10.0.0.1:80", false, "w2 n1 critical"},
		{"web . 10.0.0.1:80 w1 served; web . 10.0.0.1:80 w2 left critical", "web", "",
		 "10.0.0.1:80", true, "w1 n1+"},
		/* An instance that is in another upstream of its service. */
		{"web gray=b 10.0.0.1:80 w1 served", "web", "gray=a", "10.0.0.1:80", false,
		 "w1 n1"},
		{"web gray=b 10.0.0.1:80 w1 served; web gray=a 10.0.0.1:80 w2 left warning", "web",
		 "gray=a", "10.0.0.1:80", true, "w2 n1 warning"},
		/* What was known of the service before it was asked about. */
		{"web . 10.0.0.1:80 w1 served; api . 10.0.0.1:80 a1 served; !web", "web", "",
		 "10.0.0.1:80", true, NULL},
		{"web . 10.0.0.1:80 w1 served; api . 10.0.0.1:80 a1 served; !web", "api", "",
		 "10.0.0.1:80", true, "a1 n1+"},
		{"web . 10.0.0.1:80 w1 served; !web; web . 10.0.0.1:80 w2 left critical", "web", "",
		 "10.0.0.1:80", true, "w2 n1 critical"},
		{"web . 10.0.0.1:80 w1 served; !web; !web; web . 10.0.0.1:80 w2 served", "web", "",
		 "10.0.0.1:80", true, "w2 n1+"},
		{"web . 10.0.0.1:80 w1 served; !; api . 10.0.0.1:80 a1 served", "web", "",
		 "10.0.0.1:80", true, NULL},
		{"web . 10.0.0.1:80 w1 served; !; api . 10.0.0.1:80 a1 served", "api", "",
		 "10.0.0.1:80", true, "a1 n1+"},
		{"!web", "web", "", "10.0.0.1:80", true, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_causes causes = make(rows[i].causes);
		const struct swk_source source = {.name = rows[i].service, .tag = rows[i].tag};
		struct swk_server server = unit_server(rows[i].address);
		struct swk_cause_found found;
		char got[128];

		/* Twice, because the first search sorts. */
		for (int j = 0; j < 2; j++) {
			bool is = swk_causes_find_server(&causes, &source, &server, rows[i].served,
							 &found);

			if (is)
				(void)snprintf(got, sizeof(got), "%s %s%s%s%s", found.instance,
					       found.node, found.served ? "+" : "",
					       *found.reason ? " " : "", found.reason);
			unit_same(rows[i].causes, is ? got : NULL, rows[i].found);
		}
		swk_causes_free(&causes);
	}
}

static void upstreams_and_others(void **state)
{
	struct swk_causes causes =
		make("web . - - left first; web gray=a - - left a; web . - - left "
		     "last; api - - a1 left no tag; web . 10.0.0.1:80 w1 left no");
	const struct swk_source web = {.name = "web", .tag = ""};
	const struct swk_source a = {.name = "web", .tag = "gray=a"};
	const struct swk_source api = {.name = "api", .tag = ""};
	struct swk_cause_found found;

	(void)state;
	assert_true(swk_causes_find_upstream(&causes, &web, &found));
	assert_string_equal(found.reason, "last");
	assert_true(swk_causes_find_upstream(&causes, &a, &found));
	assert_string_equal(found.reason, "a");
	assert_false(swk_causes_find_upstream(&causes, &api, &found));
	assert_true(swk_causes_find_other(&causes, &api, &found));
	assert_string_equal(found.reason, "no tag");
	assert_false(swk_causes_find_other(&causes, &web, &found));
	swk_causes_free(&causes);
}

static void kinds_are_apart(void **state)
{
	const struct swk_decision key = {.source = {SWK_SOURCE_KEY, "web", ""},
					 .instance = "upstreams/web/10.0.0.1:80"};
	struct swk_causes causes = make("web . 10.0.0.1:80 w1 served");
	struct swk_server server = unit_server("10.0.0.1:80");
	struct swk_cause_found found;

	(void)state;
	swk_causes_add(&causes, &key, &server);
	assert_true(swk_causes_find_server(&causes, &key.source, &server, true, &found));
	assert_string_equal(found.instance, key.instance);
	swk_causes_forget(&causes, SWK_SOURCE_KEY, NULL);
	assert_false(swk_causes_find_server(&causes, &key.source, &server, true, &found));
	assert_true(swk_causes_find_server(&causes, &(struct swk_source){.name = "web", .tag = ""},
					   &server, true, &found));
	swk_causes_free(&causes);
}

/* Beyond the limit, and without a list. */
static void limits(void **state)
{
	struct swk_causes causes = {0};
	char *large = malloc(SWK_TEXT_MAX * 4);
	size_t count = 0;

	(void)state;
	assert_non_null(large);
	memset(large, 'x', SWK_TEXT_MAX * 4 - 1);
	large[SWK_TEXT_MAX * 4 - 1] = '\0';
	while (!causes.incomplete && count++ < 100000)
		swk_causes_add(&causes,
			       &(struct swk_decision){.source = {.name = "web", .tag = ""},
						      .instance = large},
			       NULL);
	assert_true(causes.incomplete);
	assert_in_range(count, SWK_CAUSES_MAX / SWK_TEXT_MAX / 2,
			2 * SWK_CAUSES_MAX / SWK_TEXT_MAX);
	assert_true(causes.texts.length < SWK_CAUSES_MAX + 3 * SWK_TEXT_MAX);
	swk_causes_free(&causes);
	swk_causes_add(NULL, &(struct swk_decision){.source = {.name = "web"}}, NULL);
	swk_causes_forget(NULL, SWK_SOURCE_SERVICE, "web");
	free(large);
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(servers),
		cmocka_unit_test(upstreams_and_others),
		cmocka_unit_test(kinds_are_apart),
		cmocka_unit_test(limits),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
