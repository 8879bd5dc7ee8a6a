/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "target/confirmed.h"

static void changes(void **state)
{
	static const struct {
		const char *before, *upstreams, *deleted;
		const char *skip; /* a letter for each operation: `s` skips it; NULL: none */
		const char *after;
	} rows[] = {
		{"", "", "", NULL, ""},
		{"a: 10.0.0.1:80", "", "", NULL, "a: 10.0.0.1:80"},
		{"", "b: 10.0.0.2:80; a: 10.0.0.2:80", "", NULL, "a: 10.0.0.2:80; b: 10.0.0.2:80"},
		{"a: 10.0.0.1:80; b: 10.0.0.1:80; c: 10.0.0.1:80", "b: 10.0.0.2:80; d: 10.0.0.2:80",
		 "a none", NULL, "b: 10.0.0.2:80; c: 10.0.0.1:80; d: 10.0.0.2:80"},
		{"a: 10.0.0.1:80; b: 10.0.0.1:80; c: 10.0.0.1:80", "b: 10.0.0.2:80; d: 10.0.0.2:80",
		 "a none", "....", "b: 10.0.0.2:80; c: 10.0.0.1:80; d: 10.0.0.2:80"},
		{"a: 10.0.0.1:80; b: 10.0.0.1:80; c: 10.0.0.1:80", "b: 10.0.0.2:80; d: 10.0.0.2:80",
		 "a c", ".ss.", "a: 10.0.0.1:80; b: 10.0.0.2:80"},
		{"a: 10.0.0.1:80; b: 10.0.0.1:80", "b: 10.0.0.2:80; d: 10.0.0.2:80", "a", "sss",
		 "a: 10.0.0.1:80; b: 10.0.0.1:80"},
		/* A name in other letters is the same name. */
		{"WEB: 10.0.0.1:80; b: 10.0.0.1:80", "web: 10.0.0.2:80", "B", NULL,
		 "web: 10.0.0.2:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams before = unit_upstreams(rows[i].before), after = {0},
				     set = unit_upstreams(rows[i].upstreams);
		struct swk_names names = unit_names(rows[i].deleted);
		struct swk_operation list[8];
		struct swk_plan plan = {list, 0};
		struct swk_error error = {0};
		bool skip[8] = {false};
		char *shown;

		for (size_t j = 0; j < set.count; j++)
			list[plan.count++] = (struct swk_operation){.name = set.list[j].name,
								    .upstream = &set.list[j]};
		for (size_t j = 0; j < names.count; j++)
			list[plan.count++] = (struct swk_operation){.name = names.list[j]};
		for (size_t j = 0; rows[i].skip && rows[i].skip[j]; j++)
			skip[j] = rows[i].skip[j] == 's';
		assert_int_equal(swk_confirmed_change(&after, &before, &plan,
						      rows[i].skip ? skip : NULL, &error),
				 0);
		shown = unit_show(&after);
		unit_same(rows[i].after, shown, rows[i].after);
		free(shown);
		swk_upstreams_free(&before);
		swk_upstreams_free(&after);
		swk_upstreams_free(&set);
		swk_names_free(&names);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(changes),
	};

	return cmocka_run_group_tests_name("confirmed", tests, NULL, NULL);
}
