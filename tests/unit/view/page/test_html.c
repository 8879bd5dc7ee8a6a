/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "view/page/html.h"

static void texts(void **state)
{
	static const struct {
		const char *text, *html;
	} cases[] = {
		{"", ""},
		{NULL, ""},
		{"web", "web"},
		{"a b~", "a b~"},
		{"<b>", "&lt;b&gt;"},
		{"a&amp;b", "a&amp;amp;b"},
		{"\"'", "&quot;&#39;"},
		{"</script>", "&lt;/script&gt;"},
		{"%s%n", "%s%n"},
		{"a\nb\tc", "a\\x0ab\\x09c"},
		{"\xc3\xa4", "\\xc3\\xa4"},
		{"\xff<\x7f", "\\xff&lt;\\x7f"},
		/* A text that is escaped already stays as it is. */
		{"\\x0a", "\\x0a"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_error error = {0};
		struct swk_buffer out;
		struct swk_html html = {&out, &error};
		char expected[64];

		swk_buffer_init(&out, 256);
		swk_html_put(&html, "<i title=\"%s\">", cases[i].text);
		(void)snprintf(expected, sizeof(expected), "<i title=\"%s\">", cases[i].html);
		unit_same(cases[i].html, out.data, expected);
		assert_int_equal(error.status, 0);
		swk_buffer_free(&out);
	}
}

static void arguments(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer out;
	struct swk_html html = {&out, &error};

	(void)state;
	swk_buffer_init(&out, 256);
	swk_html_put(&html, "%s, %u and %zu, %s.", "<", 4294967295U, SIZE_MAX, "end");
	assert_string_equal(out.data, "&lt;, 4294967295 and 18446744073709551615, end.");
	swk_buffer_free(&out);
}

static void times(void **state)
{
	static const struct {
		int64_t seconds;
		const char *html;
	} cases[] = {
		{0, "<span class=\"none\">&#8211;</span>"},
		{1, "<time datetime=\"1970-01-01T00:00:01Z\">1970-01-01 00:00:01</time>"},
		{1795831811, "<time datetime=\"2026-11-28T02:10:11Z\">2026-11-28 02:10:11</time>"},
		{INT64_MAX, "<span class=\"none\">&#8211;</span>"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_error error = {0};
		struct swk_buffer out;
		struct swk_html html = {&out, &error};

		swk_buffer_init(&out, 256);
		swk_html_time(&html, cases[i].seconds);
		unit_same(cases[i].html, out.data, cases[i].html);
		swk_buffer_free(&out);
	}
}

/* After an error, nothing more is written, and the error stays. */
static void errors(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer out;
	struct swk_html html = {&out, &error};

	(void)state;
	swk_buffer_init(&out, 8);
	swk_html_put(&html, "<i>%s</i>", "much too long");
	assert_int_equal(error.status, SWK_INTERNAL);
	swk_html_put(&html, "x");
	swk_html_time(&html, 1);
	assert_string_equal(out.data, "<i>");
	swk_buffer_free(&out);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(arguments),
		cmocka_unit_test(times),
		cmocka_unit_test(errors),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
