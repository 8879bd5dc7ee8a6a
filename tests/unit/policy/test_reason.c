/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/reason.h"

static void add(struct swk_whys *whys, const char *service, const char *upstream,
		const char *instance, const char *node)
{
	struct swk_error error = {0};

	assert_int_equal(swk_whys_add(whys,
				      &(struct swk_why){.service = (char *)(uintptr_t)service,
							.tag = (char *)(uintptr_t)upstream,
							.upstream = (char *)(uintptr_t)upstream,
							.instance = (char *)(uintptr_t)instance,
							.node = (char *)(uintptr_t)node},
				      &error),
			 0);
}

static void copied_and_escaped(void **state)
{
	char text[] = "a\nb";
	const struct swk_why why = {.service = text,
				    .instance = text,
				    .node = text,
				    .status = text,
				    .upstream = text,
				    .address = text,
				    .verdict = SWK_KEPT,
				    .reason = text};
	struct swk_whys whys = {0};
	struct swk_error error = {0};
	const struct swk_why *this;

	(void)state;
	assert_int_equal(swk_whys_add(&whys, &why, &error), 0);
	assert_int_equal(swk_whys_add(&whys, &(struct swk_why){.verdict = SWK_SKIPPED}, &error), 0);
	memset(text, 'x', 3);
	assert_int_equal(whys.count, 2);
	this = &whys.list[0];
	assert_string_equal(this->service, "a\\x0ab");
	assert_string_equal(this->instance, "a\\x0ab");
	assert_string_equal(this->node, "a\\x0ab");
	assert_string_equal(this->status, "a\\x0ab");
	assert_string_equal(this->upstream, "a\\x0ab");
	assert_string_equal(this->address, "a\\x0ab");
	assert_string_equal(this->reason, "a\\x0ab");
	assert_int_equal(this->verdict, SWK_KEPT);
	/* What isn't said is nothing, not NULL. */
	this = &whys.list[1];
	assert_string_equal(this->service, "");
	assert_string_equal(this->instance, "");
	assert_string_equal(this->node, "");
	assert_string_equal(this->status, "");
	assert_string_equal(this->upstream, "");
	assert_string_equal(this->address, "");
	assert_string_equal(this->reason, "");
	assert_int_equal(this->verdict, SWK_SKIPPED);
	swk_whys_free(&whys);
	assert_null(whys.list);
	assert_int_equal(whys.count, 0);
	swk_whys_free(&whys);
}

static void long_texts_are_cut(void **state)
{
	char *text = unit_repeat('a', 3UL * SWK_TEXT_MAX);
	struct swk_whys whys = {0};

	(void)state;
	add(&whys, text, "", "", "");
	assert_int_equal(strlen(whys.list[0].service), SWK_TEXT_MAX - 1);
	swk_whys_free(&whys);
	free(text);
}

static void nobody_asks(void **state)
{
	(void)state;
	add(NULL, "web", "", "", "");
	swk_whys_forget(NULL, "web");
	swk_whys_forget(NULL, NULL);
}

static void explained(void **state)
{
	struct swk_whys whys = {0};
	struct swk_error error = {0};

	(void)state;
	add(&whys, "web", "", "", "");
	assert_int_equal(swk_why_explain(&whys.list[0], SWK_HELD_BACK, "for\tthis", &error), 0);
	assert_string_equal(whys.list[0].reason, "for\\x09this");
	assert_int_equal(whys.list[0].verdict, SWK_HELD_BACK);
	/* Also with its own. */
	assert_int_equal(
		swk_why_explain(&whys.list[0], SWK_SERVED, whys.list[0].reason + 4, &error), 0);
	assert_string_equal(whys.list[0].reason, "x09this");
	swk_whys_free(&whys);
}

static void forgotten(void **state)
{
	static const char *const names[] = {"a", "web", "web", "Web", "web", "b", "webs"};
	struct swk_whys whys = {0};

	(void)state;
	swk_whys_forget(&whys, "web");
	for (size_t i = 0; i < COUNT(names); i++)
		add(&whys, names[i], "u", "i", "n");
	swk_whys_forget(&whys, "web");
	swk_whys_forget(&whys, "none");
	assert_int_equal(whys.count, 4);
	assert_string_equal(whys.list[0].service, "a");
	assert_string_equal(whys.list[1].service, "Web");
	assert_string_equal(whys.list[2].service, "b");
	assert_string_equal(whys.list[3].service, "webs");
	/* And there is room for others. */
	add(&whys, "web", "", "", "");
	assert_int_equal(whys.count, 5);
	swk_whys_free(&whys);
}

/* Keys are of no service, whatever their upstream is called. */
static void keys_forgotten(void **state)
{
	static const char *const names[] = {"", "web", "api", "web", ""};
	static const bool keyed[] = {true, false, true, true, false};
	struct swk_whys whys = {0};

	(void)state;
	swk_whys_forget(&whys, NULL);
	for (size_t i = 0; i < COUNT(names); i++) {
		add(&whys, names[i], "", "i", "");
		whys.list[i].keyed = keyed[i];
	}
	swk_whys_forget(&whys, "web");
	assert_int_equal(whys.count, 4);
	assert_string_equal(whys.list[2].service, "web");
	assert_true(whys.list[2].keyed);
	swk_whys_forget(&whys, "");
	assert_int_equal(whys.count, 3);
	assert_string_equal(whys.list[0].service, "");
	add(&whys, "web", "", "i", "");
	swk_whys_forget(&whys, NULL);
	assert_int_equal(whys.count, 1);
	assert_string_equal(whys.list[0].service, "web");
	assert_false(whys.list[0].keyed);
	swk_whys_free(&whys);
}

static void sorted(void **state)
{
	static const char *const wanted[][4] = {
		{"Web", "x", "z", "z"},	  {"api", "", "", ""},	    {"api", "", "a", ""},
		{"api", "web", "", ""},	  {"api", "web", "a", "m"}, {"api", "web", "a", "n"},
		{"api", "web", "b", "a"}, {"web", "", "a", "a"},
	};
	struct swk_whys whys = {0};

	(void)state;
	swk_whys_sort(&whys);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		const char *const *line = wanted[i * 5 % COUNT(wanted)];

		add(&whys, line[0], line[1], line[2], line[3]);
	}
	swk_whys_sort(&whys);
	for (size_t i = 0; i < COUNT(wanted); i++) {
		unit_same("service", whys.list[i].service, wanted[i][0]);
		unit_same("upstream", whys.list[i].upstream, wanted[i][1]);
		unit_same("instance", whys.list[i].instance, wanted[i][2]);
		unit_same("node", whys.list[i].node, wanted[i][3]);
	}
	swk_whys_free(&whys);
}

static void words(void **state)
{
	static const char *const wanted[] = {"served",	"down", "left out",
					     "skipped", "kept", "held"};

	(void)state;
	assert_int_equal(COUNT(wanted), SWK_VERDICTS);
	for (size_t i = 0; i < COUNT(wanted); i++)
		assert_string_equal(swk_verdict_words[i], wanted[i]);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copied_and_escaped),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(nobody_asks),
		cmocka_unit_test(explained),
		cmocka_unit_test(forgotten),
		cmocka_unit_test(keys_forgotten),
		cmocka_unit_test(sorted),
		cmocka_unit_test(words),
	};

	return cmocka_run_group_tests_name("why", tests, NULL, NULL);
}
