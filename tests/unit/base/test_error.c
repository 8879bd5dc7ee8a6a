/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/error.h"

static void escapes(void **state)
{
	static const struct {
		const char *text;
		size_t size; /* of the buffer, in bytes */
		const char *desired;
	} rows[] = {
		{"", 16, ""},
		{" plain ~text", 16, " plain ~text"},
		{"\n", 16, "\\x0a"},
		{"\x1b[2J", 16, "\\x1b[2J"},
		{"\x7f\x80\xff", 16, "\\x7f\\x80\\xff"},
		{"caf\xc3\xa9", 16, "caf\\xc3\\xa9"},
		/* Text that does not fit is cut, but never within an escape. */
		{"abcdefgh", 8, "abcdefg"},
		{"abcdefg", 8, "abcdefg"},
		{"a\n", 6, "a\\x0a"},
		{"a\n", 5, "a"},
		{"\n", 4, ""},
		{"a", 1, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char out[16];

		memset(out, '#', sizeof(out));
		swk_text_escape(out, rows[i].size, rows[i].text);
		unit_same(rows[i].text, out, rows[i].desired);
		for (size_t j = rows[i].size; j < sizeof(out); j++)
			unit_number("after the buffer", out[j], '#');
	}
}

static void first_failure_owns_the_message(void **state)
{
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_error_set(&error, SWK_DATA, "the %s", "first"), SWK_DATA);
	assert_int_equal(swk_error_set(&error, SWK_CONFIG, "the second"), SWK_DATA);
	(void)swk_error_memory(&error);
	assert_int_equal(error.status, SWK_DATA);
	assert_string_equal(error.text, "the first");
}

static void message_is_one_printable_line(void **state)
{
	struct swk_error error = {0};

	(void)state;
	(void)swk_error_set(&error, SWK_DATA, "name '%s'", "a\nerror: b\x1b");
	assert_string_equal(error.text, "name 'a\\x0aerror: b\\x1b'");
}

static void message_is_cut_to_its_room(void **state)
{
	struct swk_error plain = {0}, escaped = {0};
	char *letters = unit_repeat('a', 2UL * SWK_TEXT_MAX),
	     *controls = unit_repeat('\n', 2UL * SWK_TEXT_MAX);

	(void)state;
	(void)swk_error_set(&plain, SWK_DATA, "%s", letters);
	assert_int_equal(strlen(plain.text), SWK_TEXT_MAX - 1);
	(void)swk_error_set(&escaped, SWK_DATA, "%s", controls);
	assert_int_equal(strlen(escaped.text), (SWK_TEXT_MAX - 1) / 4 * 4);
	free(letters);
	free(controls);
}

static void memory_has_a_message(void **state)
{
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_error_memory(&error), SWK_INTERNAL);
	assert_string_equal(error.text, "out of memory");
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(escapes),
		cmocka_unit_test(first_failure_owns_the_message),
		cmocka_unit_test(message_is_one_printable_line),
		cmocka_unit_test(message_is_cut_to_its_room),
		cmocka_unit_test(memory_has_a_message),
	};

	return cmocka_run_group_tests_name("error", tests, NULL, NULL);
}
