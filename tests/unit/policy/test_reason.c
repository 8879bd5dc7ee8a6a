/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "policy/reason.h"

static void add(struct swk_decisions *decisions, const char *service, const char *upstream,
		const char *instance, const char *node)
{
	struct swk_error error = {0};

	assert_int_equal(
		swk_decisions_add(decisions,
				  &(struct swk_decision){.service = (char *)(uintptr_t)service,
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
	const struct swk_decision decision = {.service = text,
					      .instance = text,
					      .node = text,
					      .status = text,
					      .upstream = text,
					      .address = text,
					      .outcome = SWK_OUTCOME_KEPT,
					      .reason = text};
	struct swk_decisions decisions = {0};
	struct swk_error error = {0};
	const struct swk_decision *this;

	(void)state;
	assert_int_equal(swk_decisions_add(&decisions, &decision, &error), 0);
	assert_int_equal(swk_decisions_add(&decisions,
					   &(struct swk_decision){.outcome = SWK_OUTCOME_SKIPPED},
					   &error),
			 0);
	memset(text, 'x', 3);
	assert_int_equal(decisions.count, 2);
	this = &decisions.list[0];
	assert_string_equal(this->service, "a\\x0ab");
	assert_string_equal(this->instance, "a\\x0ab");
	assert_string_equal(this->node, "a\\x0ab");
	assert_string_equal(this->status, "a\\x0ab");
	assert_string_equal(this->upstream, "a\\x0ab");
	assert_string_equal(this->address, "a\\x0ab");
	assert_string_equal(this->reason, "a\\x0ab");
	assert_int_equal(this->outcome, SWK_OUTCOME_KEPT);
	/* What isn't said is nothing, not NULL. */
	this = &decisions.list[1];
	assert_string_equal(this->service, "");
	assert_string_equal(this->instance, "");
	assert_string_equal(this->node, "");
	assert_string_equal(this->status, "");
	assert_string_equal(this->upstream, "");
	assert_string_equal(this->address, "");
	assert_string_equal(this->reason, "");
	assert_int_equal(this->outcome, SWK_OUTCOME_SKIPPED);
	swk_decisions_free(&decisions);
	assert_null(decisions.list);
	assert_int_equal(decisions.count, 0);
	swk_decisions_free(&decisions);
}

static void long_texts_are_cut(void **state)
{
	char *text = unit_repeat('a', 3UL * SWK_TEXT_MAX);
	struct swk_decisions decisions = {0};

	(void)state;
	add(&decisions, text, "", "", "");
	assert_int_equal(strlen(decisions.list[0].service), SWK_TEXT_MAX - 1);
	swk_decisions_free(&decisions);
	free(text);
}

static void nobody_asks(void **state)
{
	(void)state;
	add(NULL, "web", "", "", "");
	swk_decisions_forget(NULL, "web");
	swk_decisions_forget(NULL, NULL);
}

static void explained(void **state)
{
	struct swk_decisions decisions = {0};
	struct swk_error error = {0};

	(void)state;
	add(&decisions, "web", "", "", "");
	assert_int_equal(swk_decision_explain(&decisions.list[0], SWK_OUTCOME_HELD_BACK,
					      "for\tthis", &error),
			 0);
	assert_string_equal(decisions.list[0].reason, "for\\x09this");
	assert_int_equal(decisions.list[0].outcome, SWK_OUTCOME_HELD_BACK);
	/* Also with its own. */
	assert_int_equal(swk_decision_explain(&decisions.list[0], SWK_OUTCOME_SERVED,
					      decisions.list[0].reason + 4, &error),
			 0);
	assert_string_equal(decisions.list[0].reason, "x09this");
	swk_decisions_free(&decisions);
}

static void forgotten(void **state)
{
	static const char *const names[] = {"a", "web", "web", "Web", "web", "b", "webs"};
	struct swk_decisions decisions = {0};

	(void)state;
	swk_decisions_forget(&decisions, "web");
	for (size_t i = 0; i < COUNT(names); i++)
		add(&decisions, names[i], "u", "i", "n");
	swk_decisions_forget(&decisions, "web");
	swk_decisions_forget(&decisions, "none");
	assert_int_equal(decisions.count, 4);
	assert_string_equal(decisions.list[0].service, "a");
	assert_string_equal(decisions.list[1].service, "Web");
	assert_string_equal(decisions.list[2].service, "b");
	assert_string_equal(decisions.list[3].service, "webs");
	/* And there is room for others. */
	add(&decisions, "web", "", "", "");
	assert_int_equal(decisions.count, 5);
	swk_decisions_free(&decisions);
}

/* Keys are of no service, whatever their upstream is called. */
static void keys_forgotten(void **state)
{
	static const char *const names[] = {"", "web", "api", "web", ""};
	static const bool keyed[] = {true, false, true, true, false};
	struct swk_decisions decisions = {0};

	(void)state;
	swk_decisions_forget(&decisions, NULL);
	for (size_t i = 0; i < COUNT(names); i++) {
		add(&decisions, names[i], "", "i", "");
		decisions.list[i].keyed = keyed[i];
	}
	swk_decisions_forget(&decisions, "web");
	assert_int_equal(decisions.count, 4);
	assert_string_equal(decisions.list[2].service, "web");
	assert_true(decisions.list[2].keyed);
	swk_decisions_forget(&decisions, "");
	assert_int_equal(decisions.count, 3);
	assert_string_equal(decisions.list[0].service, "");
	add(&decisions, "web", "", "i", "");
	swk_decisions_forget(&decisions, NULL);
	assert_int_equal(decisions.count, 1);
	assert_string_equal(decisions.list[0].service, "web");
	assert_false(decisions.list[0].keyed);
	swk_decisions_free(&decisions);
}

static void sorted(void **state)
{
	static const char *const desired[][4] = {
		{"Web", "x", "z", "z"},	  {"api", "", "", ""},	    {"api", "", "a", ""},
		{"api", "web", "", ""},	  {"api", "web", "a", "m"}, {"api", "web", "a", "n"},
		{"api", "web", "b", "a"}, {"web", "", "a", "a"},
	};
	struct swk_decisions decisions = {0};

	(void)state;
	swk_decisions_sort(&decisions);
	for (size_t i = 0; i < COUNT(desired); i++) {
		const char *const *line = desired[i * 5 % COUNT(desired)];

		add(&decisions, line[0], line[1], line[2], line[3]);
	}
	swk_decisions_sort(&decisions);
	for (size_t i = 0; i < COUNT(desired); i++) {
		unit_same("service", decisions.list[i].service, desired[i][0]);
		unit_same("upstream", decisions.list[i].upstream, desired[i][1]);
		unit_same("instance", decisions.list[i].instance, desired[i][2]);
		unit_same("node", decisions.list[i].node, desired[i][3]);
	}
	swk_decisions_free(&decisions);
}

static void words(void **state)
{
	static const char *const desired[] = {"served",	 "down", "left out",
					      "skipped", "kept", "held"};

	(void)state;
	assert_int_equal(COUNT(desired), SWK_OUTCOMES);
	for (size_t i = 0; i < COUNT(desired); i++)
		assert_string_equal(swk_outcome_words[i], desired[i]);
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
