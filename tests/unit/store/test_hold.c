/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "store/hold.h"

#define HEAD "swk hold 1\n"

static char *written(const struct swk_hold *hold)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SWK_HOLD_MAX);
	assert_int_equal(swk_hold_write(&out, hold, &error), 0);
	return out.data;
}

static char *described(const struct swk_hold *hold)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SWK_HOLD_MAX);
	assert_int_equal(swk_hold_describe(&out, hold, &error), 0);
	return out.data;
}

static void set_write_read_describe(void **state)
{
	static const struct {
		const char *holder, *reason, *text, *says;
	} rows[] = {
		{"root", "registry went mad",
		 HEAD "since 1795286820\nby root\nreason registry went mad\nend\n",
		 "since 2026-11-21T18:47:00Z by root (registry went mad)"},
		{"root", NULL, HEAD "since 1795286820\nby root\nend\n",
		 "since 2026-11-21T18:47:00Z by root"},
		{NULL, "", HEAD "since 1795286820\nend\n", "since 2026-11-21T18:47:00Z"},
		{"a\nend", "b\x1b[31m\xc3\xbc\\",
		 HEAD "since 1795286820\nby a\\x0aend\nreason b\\x1b[31m\\xc3\\xbc\\\nend\n",
		 "since 2026-11-21T18:47:00Z by a\\x0aend (b\\x1b[31m\\xc3\\xbc\\)"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		struct swk_hold hold, again;
		char *text, *says;

		assert_int_equal(
			swk_hold_set(&hold, 1795286820, rows[i].holder, rows[i].reason, &error), 0);
		text = written(&hold);
		says = described(&hold);
		unit_same(rows[i].says, text, rows[i].text);
		unit_same(rows[i].says, says, rows[i].says);
		unit_number(rows[i].says, (long long)swk_hold_read(&again, text, strlen(text)), 0);
		assert_int_equal(again.since, 1795286820);
		unit_same(rows[i].says, again.holder, hold.holder);
		unit_same(rows[i].says, again.reason, hold.reason);
		free(text);
		free(says);
	}
}

static void reason_has_a_limit_and_a_name_is_cut(void **state)
{
	char *most = unit_repeat('r', SWK_REASON_MAX - 1), *more = unit_repeat('r', SWK_REASON_MAX);
	char *name = unit_repeat('n', 1000);
	struct swk_error error = {0};
	struct swk_hold hold;

	(void)state;
	assert_int_equal(swk_hold_set(&hold, 1, name, most, &error), 0);
	assert_string_equal(hold.reason, most);
	assert_int_equal(strlen(hold.holder), SWK_HOLDER_MAX - 1);
	assert_int_equal(swk_hold_set(&hold, 1, "", more, &error), SWK_USAGE);
	unit_says("more", error.text, "the reason is longer than 239 characters");
	free(most);
	free(more);
	free(name);
}

/* A text that swk-apply did not write is a damaged hold. */
static void damaged(void **state)
{
	static const struct {
		const char *text;
		size_t line;
	} rows[] = {
		{"", 1},
		{"end\n", 1},
		{"swk hold 2\nsince 1\nend\n", 1},
		{HEAD, 2},
		{HEAD "since 1\n", 3},
		{HEAD "since 1\nend", 3},
		{HEAD "since 1\nend\nmore\n", 4},
		{HEAD "since\nend\n", 2},
		{HEAD "since -1\nend\n", 2},
		{HEAD "since 1x\nend\n", 2},
		{HEAD "since 99999999999999999999\nend\n", 2},
		{HEAD "since 1\nsince 2\nend\n", 3},
		{HEAD "since 1\nby \nend\n", 3},
		{HEAD "since 1\nby a\nby b\nend\n", 4},
		{HEAD "since 1\nby \x1b[31m\nend\n", 3},
		{HEAD "since 1\nreason \xc3\xbc\nend\n", 3},
		{HEAD "since 1\nother x\nend\n", 3},
	};
	char *name = unit_repeat('n', SWK_HOLDER_MAX), text[256];
	struct swk_hold hold;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unit_number(rows[i].text,
			    (long long)swk_hold_read(&hold, rows[i].text, strlen(rows[i].text)),
			    (long long)rows[i].line);
		unit_number(rows[i].text, hold.since, 0);
		unit_same(rows[i].text, hold.holder, "");
		unit_same(rows[i].text, hold.reason, "");
	}
	(void)snprintf(text, sizeof(text), HEAD "since 1\nby %s\nend\n", name);
	unit_number("long", (long long)swk_hold_read(&hold, text, strlen(text)), 3);
	free(name);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(set_write_read_describe),
		cmocka_unit_test(reason_has_a_limit_and_a_name_is_cut),
		cmocka_unit_test(damaged),
	};

	return cmocka_run_group_tests_name("hold", tests, NULL, NULL);
}
