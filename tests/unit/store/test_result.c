/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "store/result.h"

#define HEAD "swk result 1\n"
#define A "hash 0123456789abcdef\n"
#define B "serving fedcba9876543210\n"

static char *written(const struct swk_result *result)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SWK_HOLD_MAX);
	assert_int_equal(swk_result_write(&out, result, &error), 0);
	return out.data;
}

static void assert_same(const char *row, const struct swk_result *got,
			const struct swk_result *expected)
{
	unit_number(row, (long long)got->hash, (long long)expected->hash);
	unit_number(row, (long long)got->serving, (long long)expected->serving);
	unit_number(row, got->status, expected->status);
	unit_same(row, got->message, expected->message);
}

static void write_and_read(void **state)
{
	static const struct {
		struct swk_result result;
		const char *text, *message;
	} rows[] = {
		{{0x123456789abcdef, 0xfedcba9876543210, 0, ""}, HEAD A B "status 0\nend\n", ""},
		{{1, 0, SWK_DATA, "web: nginx ended with status 1: [emerg] end"},
		 HEAD "hash 0000000000000001\nserving 0000000000000000\nstatus 65\n"
		      "message web: nginx ended with status 1: [emerg] end\nend\n",
		 "web: nginx ended with status 1: [emerg] end"},
		{{UINT64_MAX, UINT64_MAX, SWK_TEMPFAIL, "a\nend\x1b\xff\\"},
		 HEAD "hash ffffffffffffffff\nserving ffffffffffffffff\nstatus 75\n"
		      "message a\\x0aend\\x1b\\xff\\\nend\n",
		 "a\\x0aend\\x1b\\xff\\"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_result expected = rows[i].result, again;
		char *text = written(&expected);

		unit_same(rows[i].text, text, rows[i].text);
		unit_number(rows[i].text, (long long)swk_result_read(&again, text, strlen(text)),
			    0);
		(void)strcpy(expected.message, rows[i].message);
		assert_same(rows[i].text, &again, &expected);
		free(text);
	}
}

/* A message that escapes make longer is cut. */
static void longest_message(void **state)
{
	static const char letters[] = {'m', '\n'};

	(void)state;
	for (size_t i = 0; i < COUNT(letters); i++) {
		char *message = unit_repeat(letters[i], SWK_RESULT_MAX), *text;
		struct swk_result result = {.status = SWK_TEMPFAIL}, again;

		(void)strcpy(result.message, message);
		text = written(&result);
		assert_int_equal(swk_result_read(&again, text, strlen(text)), 0);
		assert_true(strlen(again.message) > SWK_RESULT_MAX - 4);
		if (!i)
			assert_string_equal(again.message, message);
		free(text);
		free(message);
	}
}

/* A text that `swk reload` did not write says nothing: above all not that it loaded a file. */
static void damaged(void **state)
{
	static const struct {
		const char *text;
		size_t line;
	} rows[] = {
		{"", 1},
		{"end\n", 1},
		{"swk result 2\n" A B "status 0\nend\n", 1},
		{HEAD, 2},
		{HEAD "end\n", 2},
		{HEAD A "end\n", 3},
		{HEAD A B "end\n", 4},
		{HEAD A B "status 0\n", 5},
		{HEAD A B "status 0\nend", 5},
		{HEAD A B "status 0\nend\nmore\n", 6},
		{HEAD A B "status 0\nend\n\n", 6},
		{HEAD A "status 0\nend\n", 3},
		{HEAD B "status 0\nend\n", 2},
		{HEAD A A B "status 0\nend\n", 3},
		{HEAD B A "status 0\nend\n", 2},
		{HEAD A B "status 0\nstatus 0\nend\n", 5},
		{HEAD "hash 0123456789ABCDEF\n" B "status 0\nend\n", 2},
		{HEAD "hash 0123456789abcde\n" B "status 0\nend\n", 2},
		{HEAD "hash 0123456789abcdef0\n" B "status 0\nend\n", 2},
		{HEAD "hash -123456789abcdef\n" B "status 0\nend\n", 2},
		{HEAD "hash\n" B "status 0\nend\n", 2},
		{HEAD A "serving \nstatus 0\nend\n", 3},
		{HEAD A B "status 1\nend\n", 4},
		{HEAD A B "status 075\nend\n", 4},
		{HEAD A B "status 75x\nend\n", 4},
		{HEAD A B "status -75\nend\n", 4},
		{HEAD A B "status \nend\n", 4},
		{HEAD A B "status 75\nmessage \nend\n", 5},
		{HEAD A B "status 75\nmessage \x1b[31m\nend\n", 5},
		{HEAD A B "status 75\nmessage \xc3\xbc\nend\n", 5},
		{HEAD A B "status 75\nmessage a\nmessage b\nend\n", 6},
		{HEAD A B "message a\nstatus 75\nend\n", 4},
		{HEAD A B "status 75\nother a\nend\n", 5},
	};
	const struct swk_result none = {0};
	char *message = unit_repeat('m', SWK_RESULT_MAX + 1), text[1000];
	struct swk_result result;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		result.hash = 1;
		unit_number(rows[i].text,
			    (long long)swk_result_read(&result, rows[i].text, strlen(rows[i].text)),
			    (long long)rows[i].line);
		assert_same(rows[i].text, &result, &none);
	}
	(void)snprintf(text, sizeof(text), HEAD A B "status 75\nmessage %s\nend\n", message);
	assert_int_equal(swk_result_read(&result, text, strlen(text)), 5);
	assert_same("too long", &result, &none);
	assert_int_equal(swk_result_read(&result, NULL, 0), 1);
	free(message);
}

/* No part of a result is a result. */
static void cut_anywhere(void **state)
{
	static const char text[] = HEAD A B "status 75\nmessage end\nend\n";
	struct swk_result result;

	(void)state;
	for (size_t length = 0; length < sizeof(text) - 1; length++) {
		unit_number(text, swk_result_read(&result, text, length) != 0, 1);
		unit_number(text, result.hash != 0, 0);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(write_and_read),
		cmocka_unit_test(longest_message),
		cmocka_unit_test(damaged),
		cmocka_unit_test(cut_anywhere),
	};

	return cmocka_run_group_tests_name("result", tests, NULL, NULL);
}
