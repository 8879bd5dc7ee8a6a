/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "io/url.h"

static void test_segment(void **state)
{
	static const char *const rows[][2] = {
		{"web", "web"},	  {"a-b_c.d~9", "a-b_c.d~9"}, {".", "%2E"}, {"..", "%2E%2E"},
		{"a/b", "a%2Fb"}, {"a b", "a%20b"},	      {"", ""},	    {"ü", "%C3%BC"},
		{"50%", "50%25"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		char *segment = swk_url_segment(rows[i][0]);

		assert_string_equal(segment, rows[i][1]);
		free(segment);
	}
}

static void test_show(void **state)
{
	char url[SWK_URL_SHOWN + 1], shown[SWK_URL_SHOWN];

	(void)state;
	memset(url, 'u', SWK_URL_SHOWN);
	url[SWK_URL_SHOWN] = '\0';
	assert_string_equal(swk_url_show(shown, url) + SWK_URL_SHOWN - 5, "u...");
	assert_int_equal(strlen(shown), SWK_URL_SHOWN - 1);
	url[SWK_URL_SHOWN - 1] = '\0';
	assert_string_equal(swk_url_show(shown, url), url);
}

/* Without libcurl the result is the same as with it. A slash at the end makes it ask libcurl. */
static void test_plain(void **state)
{
	static const struct {
		const char *url;
		uint16_t port;
	} rows[] = {
		{"http://127.0.0.1:18882", 18882}, {"http://10.0.0.255:80", 80},
		{"http://localhost:1", 1},	   {"http://gateway-1.example.com:65535", 65535},
		{"http://0.0.0.0:8500", 8500},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct swk_error error = {0};
		char slashed[128], *plain = swk_url_base(rows[i].url, &error), *asked;

		(void)snprintf(slashed, sizeof(slashed), "%s/", rows[i].url);
		asked = swk_url_base(slashed, &error);
		assert_string_equal(plain, rows[i].url);
		assert_string_equal(asked, rows[i].url);
		assert_int_equal(swk_url_port(plain), rows[i].port);
		assert_int_equal(swk_url_port(slashed), rows[i].port);
		free(plain);
		free(asked);
	}
}

/* URLs that look almost plain go to libcurl, and come out as it says. */
static void test_not_plain(void **state)
{
	static const struct {
		const char *url, *base; /* NULL: refused */
		uint16_t port;
	} rows[] = {
		{"http://127.1:80", "http://127.0.0.1:80", 80},
		{"http://0x7f000001:80", "http://127.0.0.1:80", 80},
		{"http://127.0.0.1", "http://127.0.0.1", 80},
		{"https://127.0.0.1", "https://127.0.0.1", 443},
		{"http://[::1]:18882", "http://[::1]:18882", 18882},
		{"http://127.0.0.1:018882", "http://127.0.0.1:18882", 18882},
		{"http://127.0.0.1:18882/dyups/", "http://127.0.0.1:18882/dyups", 18882},
		{"http://127.0.0.1:65536", NULL, 0},
		{"http://127.0.0.1:99999999999999999999", NULL, 0},
		{"http://127.0.0.1:80x", NULL, 0},
		{"http://a@127.0.0.1:80", NULL, 0},
		{"http://127.0.0.1:80?x", NULL, 0},
		{"ftp://127.0.0.1:80", NULL, 0},
		{"http://", NULL, 0},
		{"unix:/run/nginx/dyups.sock", "unix:/run/nginx/dyups.sock", 0},
		{"unix:dyups.sock", NULL, 0},
		{"unix:", NULL, 0},
		{"", NULL, 0},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct swk_error error = {0};
		char *base = swk_url_base(rows[i].url, &error);

		assert_int_equal(error.status, rows[i].base ? 0 : SWK_USAGE);
		if (rows[i].base) {
			assert_string_equal(base, rows[i].base);
			assert_int_equal(swk_url_port(base), rows[i].port);
		} else {
			assert_null(base);
		}
		free(base);
	}
}

static void test_socket(void **state)
{
	char longest[5 + 107 + 2] = "unix:/";
	struct swk_error error = {0};
	char *base;

	(void)state;
	memset(longest + strlen(longest), 'x', sizeof(longest) - 1 - strlen(longest));
	assert_null(swk_url_base(longest, &error));
	assert_non_null(strstr(error.text, "at most 107 bytes"));
	longest[sizeof(longest) - 2] = '\0';
	base = swk_url_base(longest, &error);
	assert_string_equal(base, longest);
	assert_string_equal(swk_url_socket(base), longest + 5);
	assert_null(swk_url_socket("http://unix:1"));
	free(base);
}

/* A URL is the target's name, which FILE.state has in one line. */
static void test_one_line(void **state)
{
	static const char *const begins[] = {"http://127.0.0.1:80/", "http://[::1]:80/"};
	static const char *const controls[] = {"unix:/run/a\nb", "unix:/run/\x7f", "http://a\t:80"};
	char url[SWK_URL_MAX + 2];

	(void)state;
	for (size_t i = 0; i < COUNT(begins); i++) {
		for (size_t length = SWK_URL_MAX; length <= SWK_URL_MAX + 1; length++) {
			struct swk_error error = {0};
			char *base;

			memset(url, 'u', length);
			memcpy(url, begins[i], strlen(begins[i]));
			url[length] = '\0';
			base = swk_url_base(url, &error);
			unit_number(begins[i], base != NULL, length <= SWK_URL_MAX);
			unit_number(begins[i], error.status, base ? 0 : SWK_USAGE);
			free(base);
		}
	}
	for (size_t i = 0; i < COUNT(controls); i++) {
		struct swk_error error = {0};

		assert_null(swk_url_base(controls[i], &error));
		unit_says(controls[i], error.text, "control characters");
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_segment),	 cmocka_unit_test(test_show),
		cmocka_unit_test(test_plain),	 cmocka_unit_test(test_not_plain),
		cmocka_unit_test(test_one_line), cmocka_unit_test(test_socket),
	};

	return cmocka_run_group_tests_name("url", tests, NULL, NULL);
}
