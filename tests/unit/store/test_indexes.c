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

/* The header and the lines. */
static char *written(const struct swk_indexes *indexes)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 100000);
	assert_int_equal(swk_buffer_add(&out, "", 0, &error), 0);
	assert_int_equal(swk_indexes_write(&out, indexes, &error), 0);
	return out.data;
}

/* Reads what was written. */
static bool take(struct swk_indexes *indexes, char *text)
{
	char *lines = strchr(text, '\n');
	size_t length;

	*indexes = (struct swk_indexes){0};
	if (!lines)
		return !*text;
	*lines++ = '\0';
	length = strlen(lines);
	return swk_indexes_take(indexes, text, lines, &length) && length == strlen(lines);
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
	char expected[NAMES * 40], *text = written(indexes), *lines = strchr(text, '\n');

	write_expected(expected, numbers);
	assert_string_equal(lines ? lines + 1 : text, expected);
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

/* Random changes, compared with a list of numbers. */
static void as_a_list(void **unused)
{
	struct swk_indexes indexes = {0};
	uint64_t numbers[NAMES] = {0};
	struct swk_error error = {0};
	char *text = NULL;

	(void)unused;
	for (unsigned round = 0; round < 3000; round++) {
		char *before = text;

		for (unsigned i = throw(20); i > 0; i--) {
			unsigned which = throw(NAMES);

			numbers[which] = throw(2) ? throw(3) ? throw(1000) : UINT64_MAX : 0;
			assert_int_equal(
				swk_indexes_set(&indexes, name_of(which), numbers[which], &error),
				0);
		}
		must_be(&indexes, numbers);
		if (!throw(4)) {
			assert_int_equal(swk_indexes_keep(&indexes, is_even, NULL, &error), 0);
			for (unsigned i = 1; i < NAMES; i += 2)
				numbers[i] = 0;
			must_be(&indexes, numbers);
		}
		text = written(&indexes);
		swk_indexes_free(&indexes);
		free(before);
		assert_true(take(&indexes, text));
		must_be(&indexes, numbers);
	}
	swk_indexes_free(&indexes);
	free(text);
}

/* Takes lines only if they are as they were written. */
static void damage(void **unused)
{
	struct swk_indexes indexes = {0}, again;
	struct swk_error error = {0};
	char *text, *copy;

	(void)unused;
	assert_int_equal(swk_indexes_set(&indexes, "api", 7, &error), 0);
	assert_int_equal(swk_indexes_set(&indexes, "web", 12, &error), 0);
	text = written(&indexes);
	for (size_t i = 0; text[i]; i++) {
		copy = strdup(text);
		assert_non_null(copy);
		copy[i] ^= 1;
		if (take(&again, copy))
			fail_msg("byte %zu is another one: %s", i, copy);
		copy[i] ^= 1;
		copy[i] = '\0';
		if (take(&again, copy) && i)
			fail_msg("it ends at byte %zu: %s", i, copy);
		free(copy);
	}
	assert_true(take(&again, text));
	swk_indexes_free(&indexes);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(as_a_list),
		cmocka_unit_test(damage),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
