/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/wait.h"

static void operands(void **state)
{
	static const struct {
		const char *text;
		size_t goal;
		unsigned seconds;
	} good[] = {
		{"web=1", 1, 300},
		{"web=200000,86400", 200000, 86400},
		{"web=3,0", 3, 0},
		{"web=007,010", 7, 10},
	};
	static const char *const bad[] = {
		"",	     "web",	    "web=",
		"=3",	     "web=0",	    "web=-1",
		"web=+1",    "web= 1",	    "web=1 ",
		"web=1x",    "web=0x1",	    "web=200001",
		"web=1,",    "web=1,-1",    "web=1,x",
		"web=1,1,1", "web=1,86401", "web=,5",
		"web=1=1",   "we b=1",	    "-web=1",
		"web;=1",    "web=1,5s",    "web=99999999999999999999",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(good); i++) {
		struct swk_waits waits = {0};
		struct swk_error error = {0};

		assert_int_equal(swk_waits_add(&waits, good[i].text, &error), 0);
		unit_same(good[i].text, waits.list[0].service, "web");
		unit_number(good[i].text, (long long)waits.list[0].goal, (long long)good[i].goal);
		unit_number(good[i].text, waits.list[0].seconds, good[i].seconds);
		swk_waits_free(&waits);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct swk_waits waits = {0};
		struct swk_error error = {0};

		unit_number(bad[i], swk_waits_add(&waits, bad[i], &error), SWK_USAGE);
		unit_says(bad[i], error.text, bad[i]);
		unit_number(bad[i], (long long)waits.count, 0);
		swk_waits_free(&waits);
	}
}

static void several(void **state)
{
	struct swk_waits waits = {0};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_waits_add(&waits, "web=1,30", &error), 0);
	assert_int_equal(swk_waits_add(&waits, "api=2,10", &error), 0);
	assert_int_equal(swk_waits_add(&waits, "Web=3,20", &error), 0);
	assert_string_equal(waits.list[0].service, "Web");
	assert_string_equal(waits.list[1].service, "api");
	assert_string_equal(waits.list[2].service, "web");
	assert_int_equal(swk_waits_add(&waits, "api=5", &error), SWK_USAGE);
	unit_says("twice", error.text, "twice");
	/* The wait whose time ends first. */
	assert_null(swk_waits_late(&waits, 9));
	assert_string_equal(swk_waits_late(&waits, 10)->service, "api");
	assert_string_equal(swk_waits_late(&waits, 20)->service, "Web");
	waits.list[0].live = 3;
	waits.list[1].live = 2;
	assert_null(swk_waits_late(&waits, 29));
	assert_string_equal(swk_waits_late(&waits, 30)->service, "web");
	assert_false(swk_waits_over(&waits));
	waits.list[2].live = 1;
	assert_true(swk_waits_over(&waits));
	assert_null(swk_waits_late(&waits, 30));
	waits.list[0].live = 4;
	assert_true(swk_waits_over(&waits));
	swk_waits_free(&waits);
}

/* The live state of a target; `!` instead: unreadable; `?` in front: names only. */
static struct swk_live live_of(const char *text)
{
	struct swk_live live = {.readable = SWK_READ_ATTRIBUTES};

	if (*text == '?')
		live.readable = SWK_READ_NAMES;
	if (*text == '!')
		live.readable = SWK_READ_NOTHING;
	else
		live.upstreams = unit_upstreams(text + (*text == '?'));
	return live;
}

#define W2 "web: 10.0.0.1:80 10.0.0.2:80"

static void counted(void **state)
{
	/* Two targets. `one` NULL: neither was read. `pending` NULL: the second is not on record.
	 * The numbers are healthy, filed, sent, live. */
	static const struct {
		const char *registered, *recorded, *one, *two, *pending, *numbers;
	} cases[] = {
		{"", "", "", "", "", "0 0 0 0"},
		{W2, W2, W2, W2, "", "2 2 2 2"},
		{W2, W2, NULL, NULL, "", "2 2 2 0"},
		/* In the registry. */
		{"", W2, W2, W2, "", "0 0 0 0"},
		{"web: 10.0.0.1:80", W2, W2, W2, "", "1 1 1 1"},
		{"web: 10.0.0.1:80 10.0.0.2:80,down", W2, W2, W2, "", "1 1 1 1"},
		/* In FILE: from the same source, not marked down. */
		{W2, "", W2, W2, "", "2 0 0 0"},
		{W2, "web: 10.0.0.1:80", W2, W2, "", "2 1 1 1"},
		{W2, "web: 10.0.0.1:80 10.0.0.2:80,down", W2, W2, "", "2 1 1 1"},
		{W2, "web<other>: 10.0.0.1:80 10.0.0.2:80", W2, W2, "", "2 0 0 0"},
		{W2, "web: 10.0.0.1:80 10.0.0.2:80 of_keys", W2, W2, "", "2 0 0 0"},
		/* Under an old name that it keeps. */
		{W2, "old<web>: 10.0.0.1:80 10.0.0.2:80", "old: 10.0.0.1:80 10.0.0.2:80",
		 "old: 10.0.0.1:80", "", "2 2 2 1"},
		/* Pending. */
		{W2, W2, W2, W2, "web", "2 2 0 0"},
		{W2, W2, W2, W2, "other", "2 2 2 2"},
		{W2, W2, W2, W2, NULL, "2 2 0 0"},
		/* Live: on all targets, on all workers. */
		{W2, W2, W2, "web: 10.0.0.2:80", "", "2 2 2 1"},
		{W2, W2, W2, "web: 10.0.0.1:80,down 10.0.0.2:80", "", "2 2 2 1"},
		{W2, W2, W2, W2 " 10.0.0.3:80", "", "2 2 2 2"},
		{W2, W2, W2, "", "", "2 2 2 0"},
		{W2, W2, W2, "!", "", "2 2 2 0"},
		{W2, W2, W2, W2 " unread differs", "", "2 2 2 0"},
		{W2, W2, W2, W2 " unread some", "", "2 2 2 0"},
		{W2, W2, W2, W2 " unread returned", "", "2 2 2 0"},
		{W2, W2, W2, "Web: 10.0.0.1:80 10.0.0.2:80", "", "2 2 2 0"},
		/* Over all upstreams of the service. An instance in two of them counts once, if it
		 * is in both. */
		{W2 "; web_b<web gray=b>: 10.0.0.3:80", W2 "; web_b<web gray=b>: 10.0.0.3:80",
		 W2 "; web_b: 10.0.0.3:80", W2 "; web_b: 10.0.0.3:80", "", "3 3 3 3"},
		{W2 "; web_b<web gray=b>: 10.0.0.3:80", W2 "; web_b<web gray=b>: 10.0.0.3:80",
		 W2 "; web_b: 10.0.0.3:80", W2 "; web_b: 10.0.0.3:80", "web_b", "3 3 2 2"},
		{W2 "; web_b<web gray=b>: 10.0.0.2:80", W2 "; web_b<web gray=b>: 10.0.0.2:80",
		 W2 "; web_b: 10.0.0.2:80", W2 "; web_b: 10.0.0.2:80", "", "2 2 2 2"},
		{W2 "; web_b<web gray=b>: 10.0.0.2:80", W2 "; web_b<web gray=b>: 10.0.0.9:80",
		 W2 "; web_b: 10.0.0.9:80", W2 "; web_b: 10.0.0.9:80", "", "2 1 1 1"},
		{W2 "; web_b<web gray=b>: 10.0.0.2:80", W2 "; web_b<web gray=b>: 10.0.0.2:80",
		 W2 "; web_b: 10.0.0.2:80", W2 "; web_b: 10.0.0.9:80", "", "2 2 2 1"},
		/* The addresses of a host name are unknown. */
		{"web: a.example:80", "web: a.example:80", "web: 10.0.0.1:80",
		 "web: 10.0.0.1:80 unread differs", "", "1 1 1 1"},
		{"web: a.example:80", "web: a.example:80", "web: 10.0.0.1:80",
		 "web: 10.0.0.1:80 unread some", "", "1 1 1 0"},
		{"web: a.example:80", "web: a.example:80", "web: 10.0.0.1:80", "", "", "1 1 1 0"},
		{"web: a.example:80", "web: a.example:80", "web: 10.0.0.1:80", "?web: 10.0.0.1:80",
		 "", "1 1 1 0"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_waits waits = {0};
		struct swk_services services = {0};
		struct swk_error error = {0};
		struct swk_upstreams recorded = unit_upstreams(cases[i].recorded);
		struct swk_names pending = unit_names(cases[i].pending ? cases[i].pending : ""),
				 none = {0};
		struct swk_live one = live_of(cases[i].one ? cases[i].one : "");
		struct swk_live two = live_of(cases[i].two ? cases[i].two : "");
		const struct swk_wait_target targets[] = {
			{cases[i].one ? &one : NULL, &none, &none},
			{cases[i].two ? &two : NULL, cases[i].pending ? &pending : NULL, &none},
		};
		struct swk_buffer text;
		char row[512], numbers[64], described[128];

		(void)snprintf(row, sizeof(row), "%s / %s / %s / %s / %s", cases[i].registered,
			       cases[i].recorded, cases[i].one ? cases[i].one : "-",
			       cases[i].two ? cases[i].two : "-",
			       cases[i].pending ? cases[i].pending : "-");
		assert_int_equal(swk_waits_add(&waits, "web=1", &error), 0);
		assert_int_equal(swk_waits_add(&waits, "unknown=1", &error), 0);
		assert_non_null(swk_services_get(&services, "web", &error));
		services.list[0].instances = 9;
		services.list[0].upstreams = unit_upstreams(cases[i].registered);
		assert_int_equal(swk_waits_count(&waits, &services, &recorded, targets,
						 COUNT(targets), &error),
				 0);
		(void)snprintf(numbers, sizeof(numbers), "%zu %zu %zu %zu", waits.list[1].healthy,
			       waits.list[1].filed, waits.list[1].sent, waits.list[1].live);
		unit_same(row, numbers, cases[i].numbers);
		unit_number(row, (long long)waits.list[1].registered, 9);
		unit_number(row, (long long)waits.list[0].registered, 0);
		if (cases[i].one)
			(void)snprintf(described, sizeof(described),
				       "web: %zu of 1 live (9 registered, %zu healthy, %zu in the "
				       "file, %zu sent)",
				       waits.list[1].live, waits.list[1].healthy,
				       waits.list[1].filed, waits.list[1].sent);
		else
			(void)snprintf(described, sizeof(described),
				       "web: 2 of 1 sent (9 registered, 2 healthy, 2 in the file)");
		swk_buffer_init(&text, 1000);
		assert_int_equal(swk_wait_describe(&text, &waits.list[1], &error), 0);
		unit_same(row, text.data, described);
		swk_buffer_free(&text);
		swk_waits_free(&waits);
		swk_services_free(&services);
		swk_upstreams_free(&recorded);
		swk_names_free(&pending);
		swk_live_free(&one);
		swk_live_free(&two);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(operands),
		cmocka_unit_test(several),
		cmocka_unit_test(counted),
	};

	return cmocka_run_group_tests_name("wait", tests, NULL, NULL);
}
