/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "model/upstream.h"

static void tidying_sorts_and_keeps_each_address_once(void **state)
{
	static const struct {
		const char *servers, *desired;
	} rows[] = {
		{"x:", "x:"},
		{"x: 10.0.0.1:80", "x: 10.0.0.1:80"},
		{"x: [::1]:80 10.0.0.10:80 10.0.0.2:80", "x: 10.0.0.2:80 10.0.0.10:80 [::1]:80"},
		{"x: 10.0.0.1:81 10.0.0.1:80 10.0.0.1:81 10.0.0.1:80 10.0.0.1:80",
		 "x: 10.0.0.1:80 10.0.0.1:81"},
		{"x: 10.0.0.2:80 10.0.0.1:80,weight=5 10.0.0.1:80,weight=9",
		 "x: 10.0.0.1:80,weight=9 10.0.0.2:80"},
		{"x: 10.0.0.1:80,weight=9 10.0.0.1:80,weight=5", "x: 10.0.0.1:80,weight=9"},
		{"x: b.example:80 a.example:81 [::1]:80 a.example:80 10.0.0.1:80",
		 "x: 10.0.0.1:80 [::1]:80 a.example:80 a.example:81 b.example:80"},
		{"x: a.example:80,weight=5 A.example:80 b.example:80 a.EXAMPLE:80 10.0.0.1:80",
		 "x: 10.0.0.1:80 a.example:80,weight=5 b.example:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = {0};
		char *shown;

		unit_append(&set, rows[i].servers);
		swk_upstream_tidy(&set.list[0]);
		shown = unit_show(&set);
		unit_same(rows[i].servers, shown, rows[i].desired);
		free(shown);
		swk_upstreams_free(&set);
	}
}

static void same(void **state)
{
	static const struct {
		const char *a, *b;
		bool addresses, servers, all;
	} rows[] = {
		{"x:", "x:", true, true, true},
		{"x: 10.0.0.1:80", "x: 10.0.0.1:80", true, true, true},
		{"x: 10.0.0.1:80", "y<z gray=a>: 10.0.0.1:80", true, true, true},
		{"x: 10.0.0.1:80", "x:", false, false, false},
		{"x: 10.0.0.1:80", "x: 10.0.0.1:81", false, false, false},
		{"x: 10.0.0.1:80", "x: 10.0.0.1:80 10.0.0.2:80", false, false, false},
		{"x: 10.0.0.1:80 keepalive=1", "x: 10.0.0.1:80", true, true, false},
		{"x: 10.0.0.1:80 least_conn", "x: 10.0.0.1:80", true, true, false},
		{"x: 10.0.0.1:80 ip_hash", "x: 10.0.0.1:80 random_two", true, true, false},
		{"x: 10.0.0.1:80 ip_hash", "x: 10.0.0.1:80 ip_hash", true, true, true},
		{"x: 10.0.0.1:80 keepalive=1 keepalive_timeout=2", "x: 10.0.0.1:80 keepalive=1",
		 true, true, false},
		{"x: 10.0.0.1:80 keepalive=1 keepalive_requests=2", "x: 10.0.0.1:80 keepalive=1",
		 true, true, false},
		{"x: 10.0.0.1:80 keepalive_timeout=2 keepalive_requests=2", "x: 10.0.0.1:80", true,
		 true, true},
		{"x: 10.0.0.1:80 of_keys", "x: 10.0.0.1:80", true, true, true},
		{"x: a.example:80", "x: A.example:80", true, true, true},
		{"x: a.example:80", "x: b.example:80", false, false, false},
		{"x: a.example:80", "x: a.example:81", false, false, false},
		{"x: a.example:80", "x: 10.0.0.1:80", false, false, false},
		{"x: a.example:80,weight=2", "x: a.example:80", true, false, false},
		{"x: 10.0.0.1:80,weight=2", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,max_conns=2", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,max_fails=2", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,fail_timeout=2", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,backup", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,down", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80 unread", "x: 10.0.0.1:80", false, false, false},
		{"x: 10.0.0.1:80 10.0.0.2:80", "x: 10.0.0.1:80 10.0.0.2:80,down", true, false,
		 false},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct swk_upstreams first = unit_upstreams(rows[i / 2].a);
		struct swk_upstreams second = unit_upstreams(rows[i / 2].b);
		struct swk_upstream *a = i % 2 ? first.list : second.list;
		struct swk_upstream *b = i % 2 ? second.list : first.list;

		unit_number(rows[i / 2].a, swk_upstream_same_addresses(a, b),
			    rows[i / 2].addresses);
		unit_number(rows[i / 2].a, swk_upstream_same_servers(a, b), rows[i / 2].servers);
		unit_number(rows[i / 2].a, swk_upstream_same(a, b), rows[i / 2].all);
		swk_upstreams_free(&first);
		swk_upstreams_free(&second);
	}
}

static void hosts_among_the_servers(void **state)
{
	static const struct {
		const char *upstream;
		bool has;
	} rows[] = {
		{"x:", false},
		{"x: 10.0.0.1:80 [::1]:80", false},
		{"x: a.example:80", true},
		{"x: a.example:80 10.0.0.1:80", true},
		{"x: 10.0.0.1:80 a.example:80", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = {0};

		unit_append(&set, rows[i].upstream);
		unit_number(rows[i].upstream, swk_upstream_has_host(&set.list[0]), rows[i].has);
		swk_upstreams_free(&set);
	}
}

/* The caller keeps its own copy of a host name, and may change it. */
static void adding_copies_the_host(void **state)
{
	char host[] = "backend.example", *shown;
	struct swk_upstreams set = {0};
	struct swk_error error = {0};
	struct swk_server server = unit_server("10.0.0.1:80");

	(void)state;
	unit_append(&set, "web:");
	assert_true(swk_server_set_host(&server, host, 80));
	assert_int_equal(swk_upstream_add(&set.list[0], &server, &error), 0);
	assert_ptr_not_equal(set.list[0].servers[0].host, host);
	memset(host, 'x', strlen(host));
	shown = unit_show(&set);
	assert_string_equal(shown, "web: backend.example:80");
	free(shown);
	swk_upstreams_free(&set);
}

static void copy_is_deep(void **state)
{
	static const char *const texts[] = {
		"web_a<web gray=a>: 10.0.0.1:80,weight=2,max_conns=3,max_fails=0,fail_timeout=9,"
		"backup,down [::1]:80 keepalive=20",
		"web: 10.0.0.1:80 a.example:80,weight=2 b.example:80 least_conn keepalive=20 "
		"keepalive_timeout=30 keepalive_requests=40 of_keys",
		"web:",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct swk_upstreams from = unit_upstreams(texts[i]), to = {0};
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(swk_upstreams_append_copy(&to, &from.list[0], &error), 0);
		swk_upstreams_free(&from);
		shown = unit_show(&to);
		unit_same("the copy", shown, texts[i]);
		free(shown);
		swk_upstreams_free(&to);
	}
}

static void set_is_sorted_and_searched_without_case(void **state)
{
	struct swk_upstreams set = {0}, empty = {0};

	(void)state;
	assert_null(swk_upstreams_sort(&empty));
	assert_null(swk_upstreams_find(&empty, "web"));
	unit_append(&set, "b_z: 10.0.0.1:80; Ba: 10.0.0.1:80; c: 10.0.0.1:80; A: 10.0.0.1:80");
	assert_null(swk_upstreams_sort(&set));
	assert_string_equal(set.list[0].name, "A");
	assert_string_equal(set.list[1].name, "b_z");
	assert_string_equal(set.list[2].name, "Ba");
	assert_string_equal(set.list[3].name, "c");
	assert_ptr_equal(swk_upstreams_find(&set, "bA"), &set.list[2]);
	assert_ptr_equal(swk_upstreams_find(&set, "a"), &set.list[0]);
	assert_null(swk_upstreams_find(&set, "b"));
	assert_null(swk_upstreams_find(&set, ""));
	swk_upstreams_free(&set);
	assert_int_equal(set.count, 0);
}

static void duplicate_name_is_reported(void **state)
{
	struct swk_upstreams set = {0};
	const char *twice;

	(void)state;
	unit_append(&set, "web: 10.0.0.1:80; api: 10.0.0.1:80; WEB: 10.0.0.1:80");
	twice = swk_upstreams_sort(&set);
	assert_non_null(twice);
	assert_true(!strcmp(twice, "web") || !strcmp(twice, "WEB"));
	swk_upstreams_free(&set);
}

/* The texts that it is given may be its own. */
static void names_of_its_own(void **state)
{
	const struct swk_source source = {SWK_SOURCE_KEY, "web", "gray=a"};
	struct swk_error error = {0};
	struct swk_upstream upstream;

	(void)state;
	assert_int_equal(swk_upstream_init(&upstream, "x", &source, &error), 0);
	assert_int_equal(swk_upstream_set(&upstream, "longer", &upstream.source, &error), 0);
	assert_string_equal(upstream.name, "longer");
	assert_true(swk_source_same(&upstream.source, &source));
	assert_int_equal(swk_upstream_set(&upstream, upstream.source.name,
					  &(struct swk_source){.name = upstream.name,
							       .tag = upstream.source.name},
					  &error),
			 0);
	assert_string_equal(upstream.name, "web");
	assert_true(swk_source_same(&upstream.source,
				    &(struct swk_source){.name = "longer", .tag = "web"}));
	swk_upstream_free(&upstream);
}

static void appending_takes_ownership(void **state)
{
	struct swk_error error = {0};
	struct swk_upstreams set = {0};
	struct swk_upstream upstream;

	(void)state;
	assert_int_equal(swk_upstream_init(&upstream, "web", &swk_source_unknown, &error), 0);
	assert_int_equal(swk_upstreams_append(&set, &upstream, &error), 0);
	assert_null(upstream.name);
	swk_upstream_free(&upstream);
	assert_string_equal(set.list[0].name, "web");
	swk_upstreams_free(&set);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(tidying_sorts_and_keeps_each_address_once),
		cmocka_unit_test(same),
		cmocka_unit_test(hosts_among_the_servers),
		cmocka_unit_test(adding_copies_the_host),
		cmocka_unit_test(copy_is_deep),
		cmocka_unit_test(set_is_sorted_and_searched_without_case),
		cmocka_unit_test(duplicate_name_is_reported),
		cmocka_unit_test(names_of_its_own),
		cmocka_unit_test(appending_takes_ownership),
	};

	return cmocka_run_group_tests_name("upstream", tests, NULL, NULL);
}
