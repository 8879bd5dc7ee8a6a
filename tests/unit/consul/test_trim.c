/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "consul/trim.h"

#define KNOWN "{\"Interval\":\"0s\",\"Header\":null,\"HTTP\":\"}\\\"\"}"

/* One that has seen a text with the known Definition. */
static void begin(struct swk_trim *trim)
{
	static const char first[] = "{\"Definition\":" KNOWN ",\"a\":1}";
	size_t length = strlen(first);

	swk_trim_init(trim);
	/* Of the first, nothing is known. */
	assert_ptr_equal(swk_trim(trim, first, &length), first);
	assert_int_equal(length, strlen(first));
}

static void test_trim(void **state)
{
	static const char *const rows[][2] = {
		{"{\"Definition\":" KNOWN "}", "{\"Definition\":{}}"},
		{"[{\"b\":1,\"Definition\":" KNOWN ",\"c\":[]},{\"Definition\":" KNOWN "}]",
		 "[{\"b\":1,\"Definition\":{},\"c\":[]},{\"Definition\":{}}]"},
		/* A name that ends so is as good. */
		{"{\"x\\\"Definition\":" KNOWN "}", "{\"x\\\"Definition\":{}}"},
		/* Behind one that is not known, all stays as it is. */
		{"[{\"Definition\":" KNOWN "},{\"Definition\":{}},{\"Definition\":" KNOWN "}]",
		 "[{\"Definition\":{}},{\"Definition\":{}},{\"Definition\":" KNOWN "}]"},
		/* What is amiss elsewhere stays amiss. */
		{"{\"Definition\":" KNOWN ",tru", "{\"Definition\":{},tru"},
		{"{\"Definition\":" KNOWN, "{\"Definition\":{}"},
		{"{\"Definition\":" KNOWN "{", "{\"Definition\":{}{"},
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct swk_trim trim;
		size_t length = strlen(rows[i][0]);
		const char *text;

		begin(&trim);
		text = swk_trim(&trim, rows[i][0], &length);
		assert_int_equal(length, strlen(rows[i][1]));
		assert_memory_equal(text, rows[i][1], length);
		swk_trim_free(&trim);
	}
}

static void test_left_alone(void **state)
{
	static const char *const rows[] = {
		"{}",
		"{\"Definition\":{\"Interval\":\"1s\"}}",
		"{\"Definition\": " KNOWN "}",
		"{\"Output\":\"\\\"Definition\\\":"
		"{}\"}",
		"{\"Definition\":\"\"}",
		"{\"Definition\":",
		"{\"Definition\":{\"Interval\":",
		"",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct swk_trim trim;
		size_t length = strlen(rows[i]);

		begin(&trim);
		assert_ptr_equal(swk_trim(&trim, rows[i], &length), rows[i]);
		assert_int_equal(length, strlen(rows[i]));
		swk_trim_free(&trim);
	}
}

/* One that is no JSON, or none that is an object, or may be a tagged address, is never known. */
static void test_not_learned(void **state)
{
	static const char *const rows[] = {
		"{\"Definition\":{\"a\":tru},\"b\":1}",
		"{\"Definition\":{\"a\":1",
		"{\"Definition\":\"{}\"}",
		"{\"TaggedAddresses\":{\"Definition\":{\"Port\":80,\"Address\":\"10.0.0.1\"}}}",
		"{\"Definition\":[{}]}",
		"{\"Definition\":{\"a\":123456789012345678901234567890}}",
		"{\"Definition\":",
	};

	(void)state;
	for (size_t i = 0; i < sizeof(rows) / sizeof(*rows); i++) {
		struct swk_trim trim;

		swk_trim_init(&trim);
		for (size_t j = 0; j < 4; j++) {
			size_t length = strlen(rows[i]);

			assert_ptr_equal(swk_trim(&trim, rows[i], &length), rows[i]);
		}
		assert_int_equal(trim.known.length, 0);
		swk_trim_free(&trim);
	}
}

/* Where others come than the first one, a later one is known in the end. */
static void test_learned_again(void **state)
{
	static const char other[] = "{\"Definition\":{\"other\":1}}";
	struct swk_trim trim;
	size_t length;

	(void)state;
	begin(&trim);
	for (size_t i = 0; i < 2; i++) {
		length = strlen(other);
		(void)swk_trim(&trim, other, &length);
	}
	length = strlen(other);
	assert_memory_equal(swk_trim(&trim, other, &length), "{\"Definition\":{}}", 17);
	assert_int_equal(length, 17);
	swk_trim_free(&trim);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_trim),
		cmocka_unit_test(test_left_alone),
		cmocka_unit_test(test_not_learned),
		cmocka_unit_test(test_learned_again),
	};

	return cmocka_run_group_tests_name("trim", tests, NULL, NULL);
}
