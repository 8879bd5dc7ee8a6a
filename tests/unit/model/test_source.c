/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "model/source.h"

/* In order. */
static const struct swk_source sources[] = {
	{SWK_SOURCE_SERVICE, "", ""},	       {SWK_SOURCE_SERVICE, "Web", ""},
	{SWK_SOURCE_SERVICE, "web", ""},       {SWK_SOURCE_SERVICE, "web", "gray=a"},
	{SWK_SOURCE_SERVICE, "web", "gray=b"}, {SWK_SOURCE_KEY, "web", ""},
	{SWK_SOURCE_SERVICE, "webs", ""},
};

static int sign(int number)
{
	return (number > 0) - (number < 0);
}

static void ordered(void **state)
{
	(void)state;
	for (int i = 0; i < (int)COUNT(sources); i++) {
		for (int j = 0; j < (int)COUNT(sources); j++) {
			const struct swk_source *a = &sources[i], *b = &sources[j];
			char *name = strdup(b->name), *tag = strdup(b->tag);
			const struct swk_source copy = {.kind = b->kind, .name = name, .tag = tag};

			assert_int_equal(sign(swk_source_compare(a, &copy)), sign(i - j));
			assert_int_equal(swk_source_same(a, &copy), i == j);
			assert_int_equal(swk_source_is(a, b->kind, name),
					 a->kind == b->kind && !strcmp(a->name, b->name));
			free(name);
			free(tag);
		}
	}
}

static void described(void **state)
{
	(void)state;
	for (size_t i = 0; i < SWK_SOURCE_KINDS; i++)
		assert_non_null(swk_source_traits[i].word);
	assert_true(swk_source_same(&sources[0], &swk_source_unknown));
}

static void places(void **state)
{
	const struct swk_source own = {.name = "web", .tag = ""},
				too = {.name = "web", .tag = "", .place = ""},
				there = {.name = "web", .tag = "", .place = "dc2"},
				listed = {.name = "web", .tag = "", .place = swk_source_fallback};

	(void)state;
	assert_false(swk_source_is_elsewhere(&own) || swk_source_is_elsewhere(&too));
	assert_true(swk_source_is_elsewhere(&there) && swk_source_is_elsewhere(&listed));
	assert_true(swk_source_same_place(&own, &too) && swk_source_same_place(&there, &there));
	assert_false(swk_source_same_place(&own, &there) || swk_source_same_place(&there, &too));
	assert_false(swk_source_same_place(&there, &listed));
	assert_true(swk_source_same(&own, &there));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(ordered),
		cmocka_unit_test(described),
		cmocka_unit_test(places),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
