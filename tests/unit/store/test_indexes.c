/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "store/indexes.h"

enum { NAMES = 30 };

/* Names in order, some of which begin another one. */
static const char *name_of(unsigned i)
{
	static char room[16];

	(void)snprintf(room, sizeof(room), i % 3 ? "%c%c" : "%c", 'A' + (char)(i / 3),
		       "0-a"[i % 3]);
	return room;
}

static uint64_t dice;

static unsigned throw(unsigned sides)
{
	dice = dice * UINT64_C(6364136223846793005) + 1442695040888963407;
	return (unsigned)(dice >> 33) % sides;
}

static char *written(const struct swk_indexes *indexes)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 100000);
	assert_int_equal(swk_buffer_add(&out, "", 0, &error), 0);
	assert_int_equal(swk_indexes_write(&out, indexes, &error), 0);
	return out.data;
}

/* What the lines should be. */
static void write_expected(char *text, const uint64_t *numbers)
{
	*text = '\0';
	for (unsigned i = 0; i < NAMES; i++) {
		if (numbers[i])
			text += sprintf(text, "index %llu %s\n", (unsigned long long)numbers[i],
					name_of(i));
	}
}

static void must_be(const struct swk_indexes *indexes, const uint64_t *numbers)
{
	char expected[NAMES * 40], *text = written(indexes);

	write_expected(expected, numbers);
	assert_string_equal(text, expected);
	free(text);
	for (unsigned i = 0; i < NAMES; i++)
		assert_true(swk_indexes_get(indexes, name_of(i)) == numbers[i]);
	assert_true(!swk_indexes_get(indexes, "zz") && !swk_indexes_get(indexes, "0"));
}

static bool is_even(const void *context, const char *service)
{
	for (unsigned i = 0; i < NAMES; i++) {
		if (!strcmp(service, name_of(i)))
			return i % 2 == 0;
	}
	(void)context;
	return false;
}

/* Random texts and changes, compared with a list of numbers. */
static void as_a_list(void **unused)
{
	struct swk_error error = {0};

	(void)unused;
	for (unsigned round = 0; round < 2000; round++) {
		struct swk_indexes indexes = {0};
		uint64_t numbers[NAMES];
		char text[NAMES * 40];
		size_t lines = 0;

		for (unsigned i = 0; i < NAMES; i++) {
			numbers[i] = throw(2) ? throw(3) ? throw(1000) : UINT64_MAX : 0;
			lines += numbers[i] != 0;
		}
		write_expected(text, numbers);
		assert_int_equal(swk_indexes_take(&indexes, text, strlen(text)), lines);
		assert_int_equal(indexes.length, strlen(text));
		must_be(&indexes, numbers);
		for (unsigned i = throw(20); i > 0; i--) {
			unsigned which = throw(NAMES);

			numbers[which] = throw(2) ? throw(1000) : 0;
			assert_int_equal(
				swk_indexes_set(&indexes, name_of(which), numbers[which], &error),
				0);
		}
		must_be(&indexes, numbers);
		if (throw(2)) {
			assert_int_equal(swk_indexes_keep(&indexes, is_even, NULL, &error), 0);
			for (unsigned i = 1; i < NAMES; i += 2)
				numbers[i] = 0;
			must_be(&indexes, numbers);
		}
		swk_indexes_free(&indexes);
	}
}

/* Takes only lines that are valid and in order. */
static void takes_valid_lines(void **unused)
{
	static const struct {
		const char *text;
		size_t count, length;
	} rows[] = {
		{"", 0, 0},
		{"index 1 a\n", 1, 10},
		{"index 1 a", 0, 0},
		{"index 1 a\nindex 2 b\ntarget x\n", 2, 20},
		{"index 1 a\nindex 2 a\n", 1, 10},
		{"index 1 b\nindex 2 a\n", 1, 10},
		{"index 1 a\nindex 0 b\n", 1, 10},
		{"index 1 a\nindex x b\n", 1, 10},
		{"index 1 a\nindex 2  b\n", 1, 10},
		{"index 1 a\nindex 2 _b\n", 1, 10},
		{"index 1 a\nindex 2 b c\n", 1, 10},
		{"index 1 a\nindex 2 \n", 1, 10},
		{"index 1 a\nindex 2\n", 1, 10},
		{"index 1 a\nindex \n", 1, 10},
		{"index 1 a\nindex\n", 1, 10},
		{"index 1 a\nindey 2 b\n", 1, 10},
		{"index 1 a\nindex 18446744073709551616 b\n", 1, 10},
		{"index 1 a\nindex 18446744073709551615 b\n", 2, 39},
		{" index 1 a\n", 0, 0},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const size_t length = strlen(rows[i].text);
		char *copy = malloc(length + 1); /* of the exact length, for the sanitizer */
		struct swk_indexes indexes = {0};

		assert_non_null(copy);
		memcpy(copy + 1, rows[i].text, length);
		unit_number(rows[i].text, (long long)swk_indexes_take(&indexes, copy + 1, length),
			    (long long)rows[i].count);
		unit_number(rows[i].text, (long long)indexes.length, (long long)rows[i].length);
		swk_indexes_free(&indexes);
		free(copy);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_list),
		cmocka_unit_test(takes_valid_lines),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
