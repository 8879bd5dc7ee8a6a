/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "base/buffer.h"

static void grows_and_ends_in_a_nul(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer buffer;

	(void)state;
	swk_buffer_init(&buffer, 1000000);
	for (size_t i = 0; i < 5000; i++) {
		char letter = (char)('a' + i % 26);

		assert_int_equal(swk_buffer_add(&buffer, &letter, 1, &error), 0);
		assert_int_equal(buffer.data[buffer.length], '\0');
	}
	assert_int_equal(buffer.length, 5000);
	for (size_t i = 0; i < 5000; i++)
		assert_int_equal(buffer.data[i], 'a' + i % 26);
	swk_buffer_free(&buffer);
}

static void nothing_added_is_an_empty_text(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer buffer;

	(void)state;
	swk_buffer_init(&buffer, 10);
	assert_null(buffer.data);
	swk_buffer_clear(&buffer);
	assert_int_equal(swk_buffer_add(&buffer, NULL, 0, &error), 0);
	assert_string_equal(buffer.data, "");
	swk_buffer_free(&buffer);
}

static void same_bytes(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer one, other;

	(void)state;
	swk_buffer_init(&one, 10);
	swk_buffer_init(&other, 20);
	assert_true(swk_buffer_same(&one, &other));
	assert_int_equal(swk_buffer_add(&one, "a\0b", 3, &error), 0);
	assert_false(swk_buffer_same(&one, &other));
	assert_int_equal(swk_buffer_add(&other, "a\0c", 3, &error), 0);
	assert_false(swk_buffer_same(&one, &other));
	other.data[2] = 'b';
	assert_true(swk_buffer_same(&one, &other));
	swk_buffer_free(&one);
	swk_buffer_free(&other);
}

static void holds_any_byte(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer buffer;

	(void)state;
	swk_buffer_init(&buffer, 10);
	assert_int_equal(swk_buffer_add(&buffer, "a\0b", 3, &error), 0);
	assert_int_equal(swk_buffer_print(&buffer, &error, "%c%d", 0, 7), 0);
	assert_int_equal(buffer.length, 5);
	assert_memory_equal(buffer.data,
			    "a\0b\0"
			    "7",
			    6);
	swk_buffer_free(&buffer);
}

/* Adds bytes after "1234" to a buffer of ten bytes, with each function. */
static void ceiling_holds(void **state)
{
	static const struct {
		const char *more;
		int status;
		const char *desired;
	} rows[] = {
		{"", 0, "1234"},
		{"567890", 0, "1234567890"},
		{"5678901", SWK_INTERNAL, "1234"},
	};

	(void)state;
	for (size_t i = 0; i < 3 * COUNT(rows); i++) {
		const char *more = rows[i / 3].more;
		struct swk_error error = {0};
		struct swk_buffer buffer;
		int status;

		swk_buffer_init(&buffer, 10);
		assert_int_equal(swk_buffer_add(&buffer, "1234", 4, &error), 0);
		if (i % 3 == 0)
			status = swk_buffer_add(&buffer, more, strlen(more), &error);
		else if (i % 3 == 1)
			status = swk_buffer_print(&buffer, &error, "%s", more);
		else if (!*more)
			status = swk_buffer_words(&buffer, &error, SWK_WORDS(more, ""));
		else
			status = swk_buffer_words(&buffer, &error, SWK_WORDS("5", more + 1));
		unit_number(more, status, rows[i / 3].status);
		unit_number(more, error.status, rows[i / 3].status);
		unit_same(more, buffer.data, rows[i / 3].desired);
		unit_number(more, (long long)buffer.length, (long long)strlen(rows[i / 3].desired));
		swk_buffer_free(&buffer);
	}
}

static void huge_length_is_refused(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer buffer;

	(void)state;
	swk_buffer_init(&buffer, 10);
	assert_int_equal(swk_buffer_add(&buffer, "ab", 2, &error), 0);
	assert_int_equal(swk_buffer_add(&buffer, "", SIZE_MAX, &error), SWK_INTERNAL);
	assert_string_equal(buffer.data, "ab");
	swk_buffer_free(&buffer);
}

static void usable_after_clear_and_free(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer buffer;
	const char *data;

	(void)state;
	swk_buffer_init(&buffer, 3);
	assert_int_equal(swk_buffer_add(&buffer, "abc", 3, &error), 0);
	data = buffer.data;
	swk_buffer_clear(&buffer);
	assert_ptr_equal(buffer.data, data);
	assert_string_equal(buffer.data, "");
	assert_int_equal(swk_buffer_add(&buffer, "def", 3, &error), 0);
	assert_string_equal(buffer.data, "def");
	swk_buffer_free(&buffer);
	assert_null(buffer.data);
	assert_int_equal(buffer.length, 0);
	assert_int_equal(swk_buffer_add(&buffer, "ghi", 3, &error), 0);
	assert_int_equal(swk_buffer_add(&buffer, "j", 1, &error), SWK_INTERNAL);
	swk_buffer_free(&buffer);
}

/* Items are removed and added. A memory checker sees a write beyond the list. */
static void list_grows_after_shrinking(void **state)
{
	static const size_t ups_and_downs[] = {1, 9, 4, 5, 0, 3, 2, 17, 16, 33, 8, 64, 65};
	size_t *list = NULL, count = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(ups_and_downs); i++) {
		while (count < ups_and_downs[i]) {
			list = swk_list_grow(list, count, sizeof(*list));
			assert_non_null(list);
			list[count] = count;
			count++;
		}
		count = ups_and_downs[i];
		for (size_t j = 0; j < count; j++)
			assert_int_equal(list[j], j);
	}
	free(list);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(grows_and_ends_in_a_nul),
		cmocka_unit_test(nothing_added_is_an_empty_text),
		cmocka_unit_test(same_bytes),
		cmocka_unit_test(holds_any_byte),
		cmocka_unit_test(ceiling_holds),
		cmocka_unit_test(huge_length_is_refused),
		cmocka_unit_test(usable_after_clear_and_free),
		cmocka_unit_test(list_grows_after_shrinking),
	};

	return cmocka_run_group_tests_name("buffer", tests, NULL, NULL);
}
