/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "model/terms.h"

static void names_and_their_parts(void **state)
{
	static const struct {
		const char *name;
		bool valid, part;
	} rows[] = {
		{"web", true, true},	 {"a", true, true},
		{"0", true, true},	 {"Web-1.example_x", true, true},
		{"", false, false},	 {".", false, true},
		{".web", false, true},	 {"_web", false, true},
		{"-web", false, true},	 {"we b", false, false},
		{"web/", false, false},	 {"web;", false, false},
		{"web{", false, false},	 {"web\n", false, false},
		{"web$x", false, false}, {"w\xc3\xa9", false, false},
		{"web=a", false, false}, {"we#b", false, false},
		{"we\"b", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unit_number(rows[i].name, swk_name_valid(rows[i].name), rows[i].valid);
		unit_number(rows[i].name, swk_name_part_valid(rows[i].name), rows[i].part);
	}
	for (int byte = 1; byte < 256; byte++) {
		char name[] = {'a', (char)byte, '\0'};
		bool allowed = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
			       (byte >= 'A' && byte <= 'Z') || strchr("._-", byte);

		unit_number(name, swk_name_valid(name), allowed);
	}
}

static void names_at_the_limit(void **state)
{
	char *longest = unit_repeat('a', SWK_NAME_MAX), *over = unit_repeat('a', SWK_NAME_MAX + 1);

	(void)state;
	assert_int_equal(SWK_NAME_MAX, 200);
	assert_true(swk_name_valid(longest));
	assert_true(swk_name_part_valid(longest));
	assert_false(swk_name_valid(over));
	assert_false(swk_name_part_valid(over));
	free(longest);
	free(over);
}

static void tags(void **state)
{
	static const struct {
		const char *tag;
		bool valid;
	} rows[] = {
		{"", true},	    {"gray=a", true},	 {"gray=-a", true},   {"gray", false},
		{"=", false},	    {"=a", false},	 {"gray=", false},    {"gray=a=b", false},
		{"gra y=a", false}, {"gray=a b", false}, {"gray=a\n", false},
	};
	char *part = unit_repeat('a', SWK_NAME_MAX + 1), tag[3 * SWK_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_number(rows[i].tag, swk_tag_valid(rows[i].tag), rows[i].valid);
	for (int name = 0; name < 2; name++) {
		for (int value = 0; value < 2; value++) {
			(void)snprintf(tag, sizeof(tag), "%s=%s", part + name, part + value);
			unit_number("parts at the limit", swk_tag_valid(tag), name && value);
		}
	}
	free(part);
}

static void hosts(void **state)
{
	static const struct {
		const char *host;
		bool valid;
	} rows[] = {
		{"a", true},
		{"backend.example", true},
		{"a-b.c-d", true},
		{"1.example", true},
		{"xn--bcher-kva.example", true},
		{"", false},
		{".", false},
		{"a.", false},
		{".a", false},
		{"a..b", false},
		{"-a", false},
		{"a-", false},
		{"a.1", false},
		{"1", false},
		{"0x7f.1", false},
		{"a_b", false},
		{"a b", false},
		{"a:b", false},
		{"a;", false},
		{"b\xc3\xbc", false},
		{"unix", false},
		{"Unix", false},
		{"unix.a", true},
		{"unixa", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_number(rows[i].host, swk_host_valid(rows[i].host), rows[i].valid);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_and_their_parts),
		cmocka_unit_test(names_at_the_limit),
		cmocka_unit_test(tags),
		cmocka_unit_test(hosts),
	};

	return cmocka_run_group_tests_name("terms", tests, NULL, NULL);
}
