/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "target/dynamic/dynamic.h"

static void fit(void **state)
{
	static const struct {
		const char *before, *after, *says;
	} rows[] = {
		{"web: 10.0.0.1:80 [::1]:80,backup", "web: 10.0.0.1:80 [::1]:80,backup", NULL},
		{"web: 10.0.0.1:80 backend.example:80", "web: 10.0.0.1:80", "host names"},
		{"web: backend.example:80", "web:", "host names"},
		{"web: 0.0.0.1:80 10.0.0.1:80 0.1.2.3:81", "web: 10.0.0.1:80", "0.x.x.x"},
		{"web: [::2]:80", "web: [::2]:80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = unit_upstreams(rows[i].before);
		const char *says = swk_target_dynamic.fit(NULL, &set.list[0]);
		char *shown = unit_show(&set);

		unit_same(rows[i].before, shown, rows[i].after);
		if (rows[i].says)
			unit_says(rows[i].before, says ? says : "nothing", rows[i].says);
		else
			assert_null(says);
		free(shown);
		swk_upstreams_free(&set);
	}
}

static void settings(void **state)
{
	static const struct {
		const char *url, *directory, *key, *says;
	} rows[] = {
		{"http://127.0.0.1:80/dynamic", "/var/lib/swk-apply/dynamic", "directory", ""},
		{"unix:/run/nginx.sock", "/srv/a-b_c.d", "directory", ""},
		{NULL, "/x", NULL, "it needs a url"},
		{"ftp://x", "/x", "url", "http://"},
		{"http://127.0.0.1:80", NULL, NULL, "it needs a directory"},
		{"http://127.0.0.1:80", "relative", "directory", "absolute path"},
		{"http://127.0.0.1:80", "/a b", "directory", "absolute path"},
		{"http://127.0.0.1:80", "/a;b", "directory", "absolute path"},
		{"http://127.0.0.1:80", "/a*", "directory", "absolute path"},
		{"http://127.0.0.1:80", "/a\nb", "directory", "absolute path"},
		{"http://127.0.0.1:80", "/$a", "directory", "absolute path"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct swk_dynamic_settings own = {(char *)rows[i].url,
							 (char *)rows[i].directory};
		struct swk_error error = {0};
		const char *key = NULL, *row = rows[i].directory ? rows[i].directory : "none";

		unit_number(row, swk_dynamic_keys.check(&own, &key, &error),
			    *rows[i].says ? SWK_USAGE : 0);
		unit_same(row, key, rows[i].key);
		unit_says(row, error.text, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(fit),
		cmocka_unit_test(settings),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
