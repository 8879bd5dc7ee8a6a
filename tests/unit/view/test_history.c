/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "view/history.h"

static struct swk_change_server servers[] = {
	{'+', "10.0.0.1:80", "web-1", "n1", ""},
	{'-', "10.0.0.2:80", "web-2", "n2", "it is critical"},
	{'~', "[::1]:80", "", "", "weight 1, now 5"},
};

static struct swk_change_upstream upstreams[] = {
	{.sign = '~',
	 .name = "web",
	 .source = "web",
	 .reason = "",
	 .servers = servers,
	 .server_count = 3},
	{.sign = '+',
	 .name = "api_a",
	 .source = "api",
	 .reason = "",
	 .servers = servers,
	 .server_count = 1},
	{.sign = '-',
	 .name = "old",
	 .source = "old-svc",
	 .reason = "Consul has no service old-svc any more"},
	{.sign = '~', .name = "late", .source = "", .reason = "keepalive 20, now 10"},
};

static char *held_back[] = {"upstream shop: kept with its last 2 servers: none",
			    "3 of 5 upstreams would be deleted"};

static struct swk_change change = {.number = 42,
				   .time = INT64_C(1795286820042),
				   .event = "service",
				   .service = "web",
				   .index = 7,
				   .by = "",
				   .reason = "",
				   .upstreams = upstreams,
				   .upstream_count = 4,
				   .held_back = held_back,
				   .held_back_count = 2};

static void shows(const struct swk_change *this, const char *name, const char *expected)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SWK_DOCUMENT_MAX);
	assert_int_equal(swk_print_change(&out, this, name, &error), 0);
	unit_same(name ? name : "all", out.data, expected);
	swk_buffer_free(&out);
}

static void all_of_it(void **state)
{
	(void)state;
	shows(&change, NULL,
	      "2026-11-21T18:47:00Z 42 service web, index 7\n"
	      "  web: added 10.0.0.1:80 (web-1 on node n1)\n"
	      "  web: removed 10.0.0.2:80 (web-2 on node n2): it is critical\n"
	      "  web: changed [::1]:80: weight 1, now 5\n"
	      "  api_a: new upstream\n"
	      "  api_a: added 10.0.0.1:80 (web-1 on node n1)\n"
	      "  old: upstream deleted: Consul has no service old-svc any more\n"
	      "  late: changed: keepalive 20, now 10\n"
	      "  upstream shop: kept with its last 2 servers: none\n"
	      "  3 of 5 upstreams would be deleted\n");
}

static void of_one_name(void **state)
{
	(void)state;
	shows(&change, "web-2",
	      "2026-11-21T18:47:00Z 42 service web, index 7\n"
	      "  web: removed 10.0.0.2:80 (web-2 on node n2): it is critical\n");
	shows(&change, "10.0.0.1",
	      "2026-11-21T18:47:00Z 42 service web, index 7\n"
	      "  web: added 10.0.0.1:80 (web-1 on node n1)\n"
	      "  api_a: new upstream\n"
	      "  api_a: added 10.0.0.1:80 (web-1 on node n1)\n");
	shows(&change, "api",
	      "2026-11-21T18:47:00Z 42 service web, index 7\n"
	      "  api_a: new upstream\n"
	      "  api_a: added 10.0.0.1:80 (web-1 on node n1)\n");
	shows(&change, "shop",
	      "2026-11-21T18:47:00Z 42 service web, index 7\n"
	      "  upstream shop: kept with its last 2 servers: none\n");
}

static void names(void **state)
{
	static const struct {
		const char *name;
		bool matches;
	} rows[] = {
		{NULL, true},	       {"web", true},	  {"WEB", true},      {"web-1", true},
		{"web-3", false},      {"we", false},	  {"api", true},      {"api_a", true},
		{"API", false},	       {"API_A", true},	  {"10.0.0.2", true}, {"10.0.0.2:80", true},
		{"10.0.0.2:8", false}, {"10.0.0", false}, {"[::1]", true},    {"[::1]:80", true},
		{"old-svc", true},     {"old-s", false},  {"shop", true},     {"sho", false},
		{"upstreams", true},   {"", false},	  {"::1", true},      {"::", false},
		{"::1:80", false},
	};
	struct swk_change hold = {.event = "hold"}, cut = {.cut = 5};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_number(rows[i].name ? rows[i].name : "all",
			    swk_history_matches(&change, rows[i].name), rows[i].matches);
	/* They are about everything. */
	assert_true(swk_history_matches(&hold, "web"));
	assert_true(swk_history_matches(&cut, "web"));
}

static void causes_and_fates(void **state)
{
	struct swk_change undo = {.number = 3,
				  .event = "undo",
				  .service = "",
				  .by = "ops",
				  .reason = "wrong snapshot",
				  .fate = SWK_CHANGE_NOT_DONE};
	struct swk_change reject = {.number = 4,
				    .event = "reject",
				    .service = "web",
				    .by = "",
				    .reason = "edge: 500",
				    .cut = 2000,
				    .fate = SWK_CHANGE_GAP};

	(void)state;
	shows(&undo, NULL,
	      "1970-01-01T00:00:00Z 3 undo by ops: wrong snapshot\n"
	      "  not done: the run has not replaced the file\n");
	shows(&reject, NULL,
	      "1970-01-01T00:00:00Z 4 a target rejects what was sent web: edge: 500\n"
	      "  2000 upstreams changed, which is too much for the journal\n"
	      "  after this, another program changed the file, or the journal lacks a change\n");
}

int main(void)
{
	static const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_of_it),
		cmocka_unit_test(of_one_name),
		cmocka_unit_test(names),
		cmocka_unit_test(causes_and_fates),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
