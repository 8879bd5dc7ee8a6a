/* SPDX-License-Identifier: MIT */
#include "decisions.h"
#include "unit.h"
#include "policy/decisions.h"
#include "view/print.h"

static void add(struct swk_decisions *decisions, const char *service, const char *upstream,
		const char *instance, const char *node)
{
	struct swk_error error = {0};

	assert_int_equal(swk_decisions_add(decisions,
					   &(struct swk_decision){
						   .source = {.name = service, .tag = upstream},
						   .upstream = upstream,
						   .instance = instance,
						   .node = node},
					   &error),
			 0);
}

static void copied_and_escaped(void **state)
{
	char text[] = "a\nb";
	const struct swk_decision decision = {.source = {.name = text},
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
	assert_string_equal(this->source.name, "a\\x0ab");
	assert_string_equal(this->instance, "a\\x0ab");
	assert_string_equal(this->node, "a\\x0ab");
	assert_string_equal(this->status, "a\\x0ab");
	assert_string_equal(this->upstream, "a\\x0ab");
	assert_string_equal(this->address, "a\\x0ab");
	assert_string_equal(this->reason, "a\\x0ab");
	assert_int_equal(this->outcome, SWK_OUTCOME_KEPT);
	/* Unset members are "", not NULL. */
	this = &decisions.list[1];
	assert_string_equal(this->source.name, "");
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
	assert_int_equal(strlen(decisions.list[0].source.name), SWK_TEXT_MAX - 1);
	swk_decisions_free(&decisions);
	free(text);
}

static void without_decisions(void **state)
{
	(void)state;
	add(NULL, "web", "", "", "");
	swk_decisions_forget(NULL, SWK_SOURCE_SERVICE, "web");
	swk_decisions_forget(NULL, SWK_SOURCE_KEY, NULL);
}

static void forgotten(void **state)
{
	static const char *const names[] = {"a", "web", "web", "Web", "web", "b", "webs"};
	struct swk_decisions decisions = {0};

	(void)state;
	swk_decisions_forget(&decisions, SWK_SOURCE_SERVICE, "web");
	for (size_t i = 0; i < COUNT(names); i++)
		add(&decisions, names[i], "u", "i", "n");
	swk_decisions_forget(&decisions, SWK_SOURCE_SERVICE, "web");
	swk_decisions_forget(&decisions, SWK_SOURCE_SERVICE, "none");
	assert_int_equal(decisions.count, 4);
	assert_string_equal(decisions.list[0].source.name, "a");
	assert_string_equal(decisions.list[1].source.name, "Web");
	assert_string_equal(decisions.list[2].source.name, "b");
	assert_string_equal(decisions.list[3].source.name, "webs");
	/* Then there is room for others. */
	add(&decisions, "web", "", "", "");
	assert_int_equal(decisions.count, 5);
	swk_decisions_free(&decisions);
}

/* Keys belong to no service, whatever the name of their upstream. */
static void keys_forgotten(void **state)
{
	static const char *const names[] = {"", "web", "api", "web", ""};
	static const enum swk_source_kind kinds[] = {SWK_SOURCE_KEY, SWK_SOURCE_SERVICE,
						     SWK_SOURCE_KEY, SWK_SOURCE_KEY,
						     SWK_SOURCE_SERVICE};
	struct swk_decisions decisions = {0};

	(void)state;
	swk_decisions_forget(&decisions, SWK_SOURCE_KEY, NULL);
	for (size_t i = 0; i < COUNT(names); i++) {
		add(&decisions, names[i], "", "i", "");
		decisions.list[i].source.kind = kinds[i];
	}
	swk_decisions_forget(&decisions, SWK_SOURCE_SERVICE, "web");
	assert_int_equal(decisions.count, 4);
	assert_string_equal(decisions.list[2].source.name, "web");
	assert_int_equal(decisions.list[2].source.kind, SWK_SOURCE_KEY);
	swk_decisions_forget(&decisions, SWK_SOURCE_SERVICE, "");
	assert_int_equal(decisions.count, 3);
	assert_string_equal(decisions.list[0].source.name, "");
	add(&decisions, "web", "", "i", "");
	swk_decisions_forget(&decisions, SWK_SOURCE_KEY, NULL);
	assert_int_equal(decisions.count, 1);
	assert_string_equal(decisions.list[0].source.name, "web");
	assert_int_equal(decisions.list[0].source.kind, SWK_SOURCE_SERVICE);
	swk_decisions_free(&decisions);
}

static void sorted(void **state)
{
	static const char *const desired[][4] = {
		{"Web", "x", "z", "z"},	  {"api", "", "", ""},	    {"api", "", "a", ""},
		{"api", "web", "", ""},	  {"api", "web", "a", "m"}, {"api", "web", "a", "n"},
		{"api", "web", "b", "a"}, {"web", "", "a", "a"},
	};
	const struct swk_upstreams nothing = {0};
	struct swk_decisions decisions = {0};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_decisions_correct(&decisions, &nothing, &error), 0);
	for (size_t i = 0; i < COUNT(desired); i++) {
		const char *const *line = desired[i * 5 % COUNT(desired)];

		add(&decisions, line[0], line[1], line[2], line[3]);
	}
	assert_int_equal(swk_decisions_correct(&decisions, &nothing, &error), 0);
	for (size_t i = 0; i < COUNT(desired); i++) {
		unit_same("service", decisions.list[i].source.name, desired[i][0]);
		unit_same("upstream", decisions.list[i].upstream, desired[i][1]);
		unit_same("instance", decisions.list[i].instance, desired[i][2]);
		unit_same("node", decisions.list[i].node, desired[i][3]);
	}
	swk_decisions_free(&decisions);
}

static void words(void **state)
{
	static const char *const desired[] = {"served", "down",	    "left out", "skipped",
					      "kept",	"failover", "held back"};

	(void)state;
	assert_int_equal(COUNT(desired), SWK_OUTCOMES);
	for (size_t i = 0; i < COUNT(desired); i++)
		assert_string_equal(swk_outcome_words[i], desired[i]);
}

/* `SERVICE UPSTREAM INSTANCE DECISION: REASON; …` */
static char *show(const struct swk_decisions *decisions)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 10000);
	(void)swk_buffer_add(&out, "", 0, &error);
	for (size_t i = 0; i < decisions->count; i++) {
		const struct swk_decision *decision = &decisions->list[i];

		(void)swk_buffer_print(&out, &error, "%s%s %s %s %s%s%s", i ? "; " : "",
				       decision->source.name,
				       *decision->upstream ? decision->upstream : "-",
				       *decision->instance ? decision->instance : "-",
				       swk_outcome_words[decision->outcome],
				       *decision->reason ? ": " : "", decision->reason);
	}
	assert_int_equal(error.status, 0);
	return out.data;
}

static void corrected(void **state)
{
	static const struct {
		const char *row, *decisions, *desired, *shown;
	} rows[] = {
		{"nothing", "", "", ""},
		{"as it was thought", "web web i 10.0.0.1:80 served", "web: 10.0.0.1:80",
		 "web web i served"},
		{"left out, and not there", "web web i 10.0.0.1:80 left it is critical",
		 "web: 10.0.0.2:80", "web web i left out: it is critical"},
		{"critical, but its upstream is kept",
		 "web web - - kept none passes; web web i 10.0.0.1:80 left it is critical",
		 "web: 10.0.0.1:80",
		 "web web - kept: none passes; web web i kept: it is critical, but its upstream "
		 "keeps its last servers"},
		{"and it is not among the last",
		 "web web - - kept none passes; web web i 10.0.0.2:80 left it is critical",
		 "web: 10.0.0.1:80",
		 "web web - kept: none passes; web web i left out: it is critical"},
		{"passing, but not among the last",
		 "web web - - kept too few; web web i 10.0.0.2:80 served", "web: 10.0.0.1:80",
		 "web web - kept: too few; web web i left out: too few"},
		{"passing, and among the last",
		 "web web - - kept too few; web web i 10.0.0.1:80 "
		 "served",
		 "web: 10.0.0.1:80", "web web - kept: too few; web web i served"},
		{"marked down, but not among the last",
		 "web web - - kept none; web web i 10.0.0.2:80 down it is critical",
		 "web: 10.0.0.1:80", "web web - kept: none; web web i left out: none"},
		{"down in the file that is kept, though it passes",
		 "web web - - kept few; web web i 10.0.0.1:80 served",
		 "web: 10.0.0.1:80,down 10.0.0.2:80", "web web - kept: few; web web i down"},
		{"down in the file that is kept, and critical",
		 "web web - - kept none; web web i 10.0.0.1:80 left it is critical",
		 "web: 10.0.0.1:80,down", "web web - kept: none; web web i down: it is critical"},
		{"marked down, but not in the file that is kept",
		 "web web - - kept none; web web i 10.0.0.1:80 down it is critical",
		 "web: 10.0.0.1:80",
		 "web web - kept: none; web web i kept: it is critical, but its upstream keeps its "
		 "last servers"},
		{"marked down, as all are",
		 "web web - - down none; web web i 10.0.0.1:80 down it is critical",
		 "web: 10.0.0.1:80,down", "web web - down: none; web web i down: it is critical"},
		{"critical, and in no upstream that is down",
		 "web web - - down none; web web i 10.0.0.1:80 left it is critical",
		 "web: 127.0.0.1:1,down",
		 "web web - down: none; web web i left out: it is critical"},
		{"the name is another's",
		 "web web_a - - skip taken; web web_a i 10.0.0.2:80 served", "web_a: 10.0.0.1:80",
		 "web web_a - skipped: taken; web web_a i skipped: taken"},
		{"another source has the name, with the same server",
		 "web web_a - - skip taken; web web_a i 10.0.0.1:80 served", "web_a: 10.0.0.1:80",
		 "web web_a - skipped: taken; web web_a i skipped: taken"},
		{"held back", "web web - - held unmanaged; web web i 10.0.0.1:80 served", "",
		 "web web - held back: unmanaged; web web i held back: unmanaged"},
		{"deleted", "web web - - left none; web web i 10.0.0.1:80 down it is critical", "",
		 "web web - left out: none; web web i left out: none"},
		{"kept under its old name",
		 "web web - - kept old; web shop - - skip taken; web shop i 10.0.0.1:80 served; "
		 "web "
		 "shop j 10.0.0.2:80 served",
		 "web: 10.0.0.1:80; shop: 10.0.0.2:80",
		 "web shop - skipped: taken; web web - kept: old; web web i served; web web j left "
		 "out: old"},
		{"down, but another of its address is not",
		 "web web i 10.0.0.1:80 down it is critical; web web j 10.0.0.1:80 served",
		 "web: 10.0.0.1:80",
		 "web web i left out: it is critical; another instance has its address and is "
		 "served; web web j served"},
		{"left out, but another of its address is not",
		 "web web i 10.0.0.1:80 left it is critical; web web j 10.0.0.1:80 served",
		 "web: 10.0.0.1:80",
		 "web web i left out: it is critical; another instance has its address and is "
		 "served; web web j served"},
		{"reasons of another upstream do not apply",
		 "web web_a - - kept few; web web i 10.0.0.2:80 served", "web: 10.0.0.1:80",
		 "web web i served; web web_a - kept: few"},
		{"nor of another service", "api web - - skip taken; web web i 10.0.0.2:80 served",
		 "web: 10.0.0.1:80", "api web - skipped: taken; web web i served"},
		{"in no upstream", "web - i - left not published; web - - - skip bad", "",
		 "web - - skipped: bad; web - i left out: not published"},
		{"each upstream of it by itself",
		 "web web_a i 10.0.0.1:80 served; web web i 10.0.0.1:80 served; web web - - kept "
		 "few",
		 "web: 10.0.0.9:80; web_a<web gray=a>: 10.0.0.1:80",
		 "web web - kept: few; web web i left out: few; web web_a i served"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_decisions decisions = unit_decisions(rows[i].decisions);
		struct swk_upstreams desired = unit_upstreams(rows[i].desired);
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(swk_decisions_correct(&decisions, &desired, &error), 0);
		shown = show(&decisions);
		unit_same(rows[i].row, shown, rows[i].shown);
		free(shown);
		swk_decisions_free(&decisions);
		swk_upstreams_free(&desired);
	}
}

/* ---- the table ---- */

static void table(void **state)
{
	static const struct {
		const char *decisions, *service, *desired;
	} rows[] = {
		{"", NULL, "SERVICE  INSTANCE  STATUS  UPSTREAM  DECISION  REASON\n"},
		{"web web i - served; web web - - kept few of them", NULL,
		 "SERVICE  INSTANCE  STATUS  UPSTREAM  DECISION  REASON\n"
		 "web      i         -       web       served\n"
		 "web      -         -       web       kept      few of them\n"},
		{"a-long-service - an-instance-of-it - skip why; b - - - left out", NULL,
		 "SERVICE         INSTANCE           STATUS  UPSTREAM  DECISION  REASON\n"
		 "a-long-service  an-instance-of-it  -       -         skipped   why\n"
		 "b               -                  -       -         left out  out\n"},
		/* one service only, and no wider than it needs */
		{"a-long-service - an-instance-of-it - skip why; b u i - served", "b",
		 "SERVICE  INSTANCE  STATUS  UPSTREAM  DECISION  REASON\n"
		 "b        i         -       u         served\n"},
		{"web u i - served; Web u j - served", "Web",
		 "SERVICE  INSTANCE  STATUS  UPSTREAM  DECISION  REASON\n"
		 "Web      j         -       u         served\n"},
		{"web u i - served", "none",
		 "SERVICE  INSTANCE  STATUS  UPSTREAM  DECISION  REASON\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_decisions decisions = unit_decisions(rows[i].decisions);
		struct swk_error error = {0};
		struct swk_buffer out;

		swk_buffer_init(&out, 10000);
		assert_int_equal(swk_print_decisions(&out, &decisions, rows[i].service, &error), 0);
		unit_same(rows[i].decisions, out.data, rows[i].desired);
		swk_buffer_free(&out);
		swk_decisions_free(&decisions);
	}
}

static void nodes_and_statuses(void **state)
{
	static char *const text[] = {"web", "w1", "n1", "maintenance", "web_a", "it is"};
	const struct swk_decision decision = {.source = {.name = text[0]},
					      .instance = text[1],
					      .node = text[2],
					      .status = text[3],
					      .upstream = text[4],
					      .outcome = SWK_OUTCOME_HELD_BACK,
					      .reason = text[5]};
	struct swk_decisions decisions = {0};
	struct swk_error error = {0};
	struct swk_buffer out;

	(void)state;
	assert_int_equal(swk_decisions_add(&decisions, &decision, &error), 0);
	swk_buffer_init(&out, 10000);
	assert_int_equal(swk_print_decisions(&out, &decisions, "web", &error), 0);
	assert_string_equal(out.data,
			    "SERVICE  INSTANCE  STATUS       UPSTREAM  DECISION   REASON\n"
			    "web      w1@n1     maintenance  web_a     held back  it is\n");
	swk_buffer_free(&out);
	/* A ceiling is an error. */
	for (size_t ceiling = 0; ceiling < 60; ceiling += 7) {
		swk_buffer_init(&out, ceiling);
		error = (struct swk_error){0};
		assert_int_equal(swk_print_decisions(&out, &decisions, NULL, &error), SWK_INTERNAL);
		swk_buffer_free(&out);
	}
	swk_decisions_free(&decisions);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(copied_and_escaped),
		cmocka_unit_test(long_texts_are_cut),
		cmocka_unit_test(without_decisions),
		cmocka_unit_test(forgotten),
		cmocka_unit_test(keys_forgotten),
		cmocka_unit_test(sorted),
		cmocka_unit_test(words),
		cmocka_unit_test(corrected),
		cmocka_unit_test(table),
		cmocka_unit_test(nodes_and_statuses),
	};

	return cmocka_run_group_tests_name("decisions", tests, NULL, NULL);
}
