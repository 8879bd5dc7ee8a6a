/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "model/names.h"

static void names_ignore_case(void **state)
{
	struct swk_names names = unit_names("web Api web WEB zoo aPI mid");
	struct swk_error error = {0};
	char *shown = unit_show_names(&names);

	(void)state;
	/* The first spelling stays. */
	assert_string_equal(shown, "Api mid web zoo");
	free(shown);
	assert_true(swk_names_contain(&names, "MID"));
	assert_true(swk_names_contain(&names, "ZOO"));
	assert_false(swk_names_contain(&names, "mi"));
	assert_false(swk_names_contain(&names, "zooo"));
	swk_names_remove(&names, "nothing");
	swk_names_remove(&names, "WEB");
	swk_names_remove(&names, "api");
	shown = unit_show_names(&names);
	assert_string_equal(shown, "mid zoo");
	free(shown);
	assert_int_equal(swk_names_add(&names, "web", &error), 0);
	shown = unit_show_names(&names);
	assert_string_equal(shown, "mid web zoo");
	free(shown);
	swk_names_free(&names);
	assert_false(swk_names_contain(&names, "mid"));
}

/* Names come and go in no order; a plain table shows what must be there. */
static void names_come_and_go(void **state)
{
	struct swk_names names = {0};
	struct swk_error error = {0};
	bool there[64] = {false};
	size_t count = 0;
	unsigned long random = 12345;

	(void)state;
	for (size_t step = 0; step < 5000; step++) {
		size_t i;
		char name[16];

		random = random * 6364136223846793005UL + 1442695040888963407UL;
		i = (random >> 33) % COUNT(there);
		(void)snprintf(name, sizeof(name), "%s%zu", random >> 63 ? "n" : "N", i);
		assert_int_equal(swk_names_contain(&names, name), there[i]);
		/* For a while more names come than go, then the other way round. */
		if ((random >> 40) % 4 < (step / 500 % 2 ? 1 : 3)) {
			assert_int_equal(swk_names_add(&names, name, &error), 0);
			count += !there[i];
			there[i] = true;
		} else {
			swk_names_remove(&names, name);
			count -= there[i];
			there[i] = false;
		}
		assert_int_equal(names.count, count);
	}
	swk_names_free(&names);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(names_ignore_case),
		cmocka_unit_test(names_come_and_go),
	};

	return cmocka_run_group_tests_name("names", tests, NULL, NULL);
}
