/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "base/number.h"

static void numbers_in_digits(void **state)
{
	static const struct {
		uint64_t number;
		const char *text;
	} rows[] = {
		{0, "0"},
		{9, "9"},
		{10, "10"},
		{101, "101"},
		{255, "255"},
		{4294967296, "4294967296"},
		{UINT64_MAX, "18446744073709551615"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char text[SWK_NUMBER_MAX], put[SWK_NUMBER_MAX + 1];

		unit_same(rows[i].text, swk_number_text(text, rows[i].number), rows[i].text);
		memset(put, 'x', sizeof(put));
		unit_number(rows[i].text, swk_number_put(put, rows[i].number) - put,
			    (long long)strlen(rows[i].text));
		unit_number(rows[i].text, put[strlen(rows[i].text)], 'x');
	}
}

static void digits_only_up_to_the_largest(void **state)
{
	static const struct {
		const char *text;
		uint64_t most;
		bool read;
		uint64_t number;
	} rows[] = {
		{"0", 0, true, 0},
		{"7", 7, true, 7},
		{"8", 7, false, 1},
		{"007", 7, true, 7},
		{"65535", 65535, true, 65535},
		{"65536", 65535, false, 1},
		{"18446744073709551615", UINT64_MAX, true, UINT64_MAX},
		{"18446744073709551616", UINT64_MAX, false, 1},
		{"99999999999999999999999", UINT64_MAX, false, 1},
		{"", 7, false, 1},
		{" 1", 7, false, 1},
		{"1 ", 7, false, 1},
		{"-1", 7, false, 1},
		{"+1", 7, false, 1},
		{"0x1", 7, false, 1},
		{"1/", 700, false, 1},
		{"1:", 700, false, 1},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		uint64_t number = 1;

		unit_number(
			rows[i].text,
			swk_number_read(rows[i].text, strlen(rows[i].text), rows[i].most, &number),
			rows[i].read);
		assert_true(number == rows[i].number);
	}
}

static void length_ends_what_is_read(void **state)
{
	unsigned number = 1;

	(void)state;
	assert_true(swk_unsigned_read("123", 2, 100, &number));
	assert_int_equal(number, 12);
	assert_false(swk_unsigned_read("123", 3, 100, &number));
	assert_int_equal(number, 12);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(numbers_in_digits),
		cmocka_unit_test(digits_only_up_to_the_largest),
		cmocka_unit_test(length_ends_what_is_read),
	};

	return cmocka_run_group_tests_name("number", tests, NULL, NULL);
}
