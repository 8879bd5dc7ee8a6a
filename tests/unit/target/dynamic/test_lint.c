/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "target/dynamic/dynamic.h"
#include "target/dynamic/lint.h"

static char main_name[] = "nginx.conf", url[] = "http://127.0.0.1:1", directory[] = "/d",
	    only_web[] = "web", of_one[] = "one";
static const struct swk_nginx_file main_file = {.name = main_name};

/* The number of a kind of target. */
static unsigned kind(const char *name)
{
	for (unsigned i = 0; swk_target_kinds[i]; i++) {
		if (!strcmp(swk_target_kinds[i], name))
			return i;
	}
	fail_msg("there is no kind %s", name);
	return 0;
}

/* Lints a text. Returns `LINE RULE, …`, and `+` if the rules for other kinds apply, too; the caller
 * frees it. */
static char *lint_with(const char *text, const char *upstreams,
		       const struct swk_target_settings *targets, size_t count)
{
	struct swk_upstreams set = unit_upstreams(upstreams);
	struct swk_settings settings = {.targets = (struct swk_target_settings *)targets,
					.target_count = count};
	struct swk_findings findings = {0};
	struct swk_directives top = {0};
	const struct swk_dynamic_lint lint = {&top, "/etc/nginx/", &set, &settings};
	struct swk_error error = {0};
	struct swk_buffer out;
	size_t room = 1000;
	bool others;

	swk_buffer_init(&out, 100000);
	(void)swk_nginx_conf_parse(&top, &main_file, text, strlen(text), &room, &error);
	unit_same(text, error.text, "");
	assert_int_equal(swk_dynamic_lint(&findings, &lint, &others, &error), 0);
	(void)swk_buffer_print(&out, &error, "%s", others ? "+" : "");
	for (size_t i = 0; i < findings.count; i++)
		(void)swk_buffer_print(&out, &error, "%s%u %s", i ? ", " : "",
				       findings.list[i].line, findings.list[i].rule);
	swk_findings_free(&findings);
	swk_directives_free(&top);
	swk_upstreams_free(&set);
	return out.data;
}

#define SERVER "server { location /dynamic { dynamic_upstream; } }\n"
#define WEB "upstream web { zone web 1m; include /d/web.servers; }\n"

static void rules(void **state)
{
	static const struct {
		const char *text, *upstreams, *findings;
	} rows[] = {
		{"http {\n" SERVER WEB "}", "web: 10.0.0.1:80", ""},
		{"http {\n" SERVER "}", "web: 10.0.0.1:80", "1 dynamic-undeclared"},
		{"http {\n" SERVER "}", "", ""},
		{"events {}\nhttp {\n" SERVER WEB "}", "api: 10.0.0.1:80; web: 10.0.0.1:80",
		 "2 dynamic-undeclared"},
		/* the module distinguishes case */
		{"http {\n" SERVER WEB "}", "Web: 10.0.0.1:80", "1 dynamic-undeclared"},
		{"http { upstream web {\nserver a { zone web 1m; }\n } }", "web: 10.0.0.1:80",
		 "1 dynamic-include"},
		{"http {\nupstream web { include /d/web.servers; } }", "web: 10.0.0.1:80",
		 "2 dynamic-zone"},
		{"http {\nupstream web { server 10.0.0.1; } }", "web: 10.0.0.1:80",
		 "2 dynamic-zone, 2 dynamic-include"},
		/* the include: with a pattern, a relative name, of another upstream */
		{"http { upstream web { zone web 1m; include /d/web.server[s]; } }",
		 "web: 10.0.0.1:80", ""},
		{"http { upstream web { zone web 1m; include ../../d/web.servers; } }",
		 "web: 10.0.0.1:80", "1 dynamic-include"},
		{"http { upstream web { zone web 1m; include /d/api.servers; } }",
		 "web: 10.0.0.1:80", "1 dynamic-include"},
		{"http { upstream web { zone web 1m; include /d/*; } }", "web: 10.0.0.1:80", ""},
		/* upstreams elsewhere do not count */
		{"http { } stream { " WEB "}", "web: 10.0.0.1:80", "1 dynamic-undeclared"},
		/* a fragment: others may declare the rest */
		{WEB, "api: 10.0.0.1:80; web: 10.0.0.1:80", ""},
		{"upstream web { zone web 1m; }", "api: 10.0.0.1:80; web: 10.0.0.1:80",
		 "1 dynamic-include"},
		/* backups */
		{"http { upstream web { zone web 1m;\nip_hash; include /d/web.servers; } }",
		 "web: 10.0.0.1:80 10.0.0.2:80,backup", "2 dynamic-backup"},
		{"http { upstream web { zone web 1m; hash $uri; include /d/web.servers; } }",
		 "web: 10.0.0.1:80 10.0.0.2:80,backup", "1 dynamic-backup"},
		{"http { upstream web { zone web 1m; random two; include /d/web.servers; } }",
		 "web: 10.0.0.1:80 10.0.0.2:80,backup", "1 dynamic-backup"},
		{"http { upstream web { zone web 1m; least_conn; include /d/web.servers; } }",
		 "web: 10.0.0.1:80 10.0.0.2:80,backup", ""},
		{"http { upstream web { zone web 1m; ip_hash; include /d/web.servers; } }",
		 "web: 10.0.0.1:80", ""},
	};
	static const struct swk_dynamic_settings own = {url, directory};
	const struct swk_target_settings its = {.kind = kind("dynamic"), .own = (void *)&own};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = lint_with(rows[i].text, rows[i].upstreams, &its, 1);

		unit_same(rows[i].text, got, rows[i].findings);
		free(got);
	}
}

/* Which rules apply to a configuration, and which upstreams a target receives. */
static void kinds(void **state)
{
	static const struct swk_dynamic_settings own = {url, directory};
	static char *patterns[] = {only_web}, *others[] = {of_one};
	const struct swk_target_settings dyups = {.kind = kind("dyups")},
					 dynamic = {.kind = kind("dynamic"), .own = (void *)&own},
					 web = {.kind = kind("dynamic"),
						.own = (void *)&own,
						.selection = {.include = {patterns, 1}}},
					 one = {.kind = kind("dynamic"),
						.own = (void *)&own,
						.selection = {.include = {others, 1}}};
	const struct {
		struct swk_target_settings targets[2];
		size_t count;
		const char *text, *findings;
	} rows[] = {
		{{dyups}, 1, "http { " SERVER "}", "+"},
		{{dynamic}, 1, "http {}", "1 dynamic-undeclared"},
		{{dyups, dynamic}, 2, "http {}", "+"},
		{{dyups, dynamic}, 2, "http { " SERVER "}", "1 dynamic-undeclared"},
		{{dyups, dynamic},
		 2,
		 "http { dyups_interface; " SERVER "}",
		 "+1 dynamic-undeclared"},
		{{dynamic}, 1, "http { dyups_interface; " SERVER "}", "+1 dynamic-undeclared"},
		{{web}, 1, "http { " SERVER "}", "1 dynamic-undeclared"},
		{{one}, 1, "http { " SERVER "}", ""},
		{{one, web}, 2, "http { " SERVER "}", "1 dynamic-undeclared"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char row[64], *got = lint_with(rows[i].text, "web: 10.0.0.1:80", rows[i].targets,
					       rows[i].count);

		(void)snprintf(row, sizeof(row), "row %zu", i);
		unit_same(row, got, rows[i].findings);
		free(got);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(rules),
		cmocka_unit_test(kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
