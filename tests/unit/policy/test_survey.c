/* SPDX-License-Identifier: MIT */
#include "decisions.h"

#include "policy/survey.h"
#include "view/status.h"

static struct swk_live live_of(const char *text)
{
	return (struct swk_live){.readable = SWK_READ_ATTRIBUTES,
				 .upstreams = unit_upstreams(text)};
}

static const struct swk_target_words words = {
	.program = "nginx", .part = "worker", .parts = "workers"};

static const struct swk_names none;

/* Each row as `UPSTREAM FILE LIVE STATE: DETAIL`, with `|` between them. */
static char *show(const struct swk_survey *survey)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 100000);
	(void)swk_buffer_add(&out, "", 0, &error);
	for (size_t i = 0; i < survey->targets[0].count; i++) {
		const struct swk_survey_row *row = &survey->targets[0].rows[i];

		(void)swk_buffer_print(&out, &error, "%s%s ", i ? " | " : "", row->upstream);
		(void)swk_buffer_print(&out, &error, row->in_file ? "%zu " : "- ", row->file);
		(void)swk_buffer_print(&out, &error, row->seen ? "%zu " : "? ", row->live);
		(void)swk_buffer_print(&out, &error, "%s%s%s", swk_standing_words[row->standing],
				       *row->detail ? ": " : "", row->detail);
	}
	assert_int_equal(error.status, 0);
	return out.data;
}

#define KEPT "w w - - kept none passes"

static void rows_of_a_target(void **state)
{
	/* `desired` NULL: the same as FILE. `pending` NULL: the target is not on record. */
	static const struct {
		const char *recorded, *desired, *live, *pending, *decisions, *rows;
		bool drifted;
	} cases[] = {
		{"", NULL, "", "", "", "", false},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80", "", "", "w 1 1 in step", false},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80", "", KEPT,
		 "w 1 1 kept: kept: none passes", false},
		{"w: 10.0.0.1:80,down", NULL, "w: 10.0.0.1:80,down", "", "w w - - down none passes",
		 "w 1 1 in step: down: none passes", false},
		/* What the target has. */
		{"w: 10.0.0.1:80", NULL, "", "", "", "w 1 0 missing: nginx lacks it", true},
		{"w: 10.0.0.1:80 10.0.0.2:80", NULL, "w: 10.0.0.2:80 10.0.0.3:80", "", "",
		 "w 2 2 differs: nginx has 10.0.0.3:80; nginx lacks 10.0.0.1:80", true},
		{"w: 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 10.0.0.5:80 10.0.0.6:80", NULL,
		 "w: 10.0.0.9:80", "", "",
		 "w 6 1 differs: nginx has 10.0.0.9:80; nginx lacks 10.0.0.1:80, 10.0.0.2:80, "
		 "10.0.0.3:80, 10.0.0.4:80 and 2 more",
		 true},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80,weight=2", "", "",
		 "w 1 1 differs: nginx has it with other attributes", true},
		{"w: 10.0.0.1:80", NULL, "W: 10.0.0.1:80", "", "",
		 "w 1 1 differs: nginx calls it W", true},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80 unread", "", "",
		 "w 1 1 differs: nginx has servers that swk-apply cannot read", true},
		/* Its workers. */
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80 unread differs", "", "",
		 "w 1 1 split: its workers have different servers", true},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80 unread some", "", "",
		 "w 1 1 split: not all workers have it", true},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80 unread returned", "", "",
		 "w 1 1 split: not all workers have it", true},
		/* nginx shows the addresses of a host name, and each worker may have resolved it
		 * differently. */
		{"w: a.example:80", NULL, "w: 10.0.0.1:80 unread differs", "", "", "w 1 1 in step",
		 false},
		{"w: a.example:80", NULL, "w: 10.0.0.1:80 unread some", "", "",
		 "w 1 1 split: not all workers have it", true},
		/* Pending. */
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80", "w", "",
		 "w 1 1 pending: nginx has it; not confirmed for each worker", true},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.2:80", "w", KEPT,
		 "w 1 1 pending: nginx has 10.0.0.2:80; nginx lacks 10.0.0.1:80; kept: none passes",
		 true},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80 unread some", "w", "",
		 "w 1 1 pending: not all workers have it", true},
		{"", NULL, "w: 10.0.0.1:80", "w", "", "w - 1 pending: to be deleted", true},
		{"", NULL, "", "w", "",
		 "w - 0 pending: to be deleted, not confirmed for each worker", true},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80; x: 10.0.0.1:80", NULL, "",
		 "w 1 1 pending: nginx has it; not confirmed for each worker | x - 1 unmanaged",
		 true},
		/* Confirmed since the live state was read. */
		{"done: 10.0.0.1:80", NULL, "done: 10.0.0.2:80", "", "", "done 1 1 in step", false},
		{"done: 10.0.0.1:80 10.0.0.2:80", NULL, "", "", KEPT, "done 2 2 in step", false},
		{"", NULL, "done: 10.0.0.9:80", "", "", "", false},
		{"done: 10.0.0.1:80", "done: 10.0.0.3:80", "done: 10.0.0.2:80", "", "",
		 "done 1 1 behind: the file has 10.0.0.1:80; the file lacks 10.0.0.3:80", true},
		/* Unmanaged upstreams. */
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80; a: 10.0.0.9:80; x: 10.0.0.9:80", "", "",
		 "a - 1 unmanaged | w 1 1 in step | x - 1 unmanaged", false},
		{"", NULL, "x: 10.0.0.9:80 unread some", "", "",
		 "x - 1 unmanaged: not all workers have it", false},
		{"", NULL, "gone: 10.0.0.9:80", "", "",
		 "gone - 1 unmanaged: swk-apply managed it once", false},
		{"", NULL, "x: 10.0.0.9:80 draining", "", "", "x - 1 draining", false},
		/* Servers that wait for their deletion. */
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80 leaving=1", "", "",
		 "w 1 1 draining: 1 server is out of rotation, and deleted when free", false},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80 leaving=2", "", "",
		 "w 1 1 draining: 2 servers are out of rotation, and deleted when free", false},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.2:80 leaving=1", "", "",
		 "w 1 1 differs: nginx has 10.0.0.2:80; nginx lacks 10.0.0.1:80; 1 server is out "
		 "of "
		 "rotation, and deleted when free",
		 true},
		/* What the target does not receive. */
		{"hidden: 10.0.0.1:80; w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80", "", "",
		 "w 1 1 in step", false},
		{"w: 10.0.0.1:80", NULL, "w: 10.0.0.1:80; hidden: 10.0.0.9:80", NULL, "",
		 "w 1 1 pending: nginx has it; not confirmed for each worker", true},
		/* FILE differs from the registry. */
		{"", "w: 10.0.0.1:80", "", "", "", "w - 0 behind: the file lacks it", true},
		{"", "rejected: 10.0.0.1:80", "", "", "",
		 "rejected - 0 behind: a target rejects it; the file lacks it", true},
		{"w: 10.0.0.1:80", "", "w: 10.0.0.1:80", "", "",
		 "w 1 1 behind: Consul no longer has it", true},
		{"w: 10.0.0.1:80", "w: 10.0.0.2:80", "w: 10.0.0.1:80", "", "",
		 "w 1 1 behind: the file has 10.0.0.1:80; the file lacks 10.0.0.2:80", true},
		{"w: 10.0.0.1:80", "w: 10.0.0.1:80 keepalive=5", "w: 10.0.0.1:80", "", "",
		 "w 1 1 behind: the file has it with other attributes", true},
		{"w: 10.0.0.1:80", "w: 10.0.0.1:80 10.0.0.2:80", "", "", "",
		 "w 1 0 missing: nginx lacks it; the file lacks 10.0.0.2:80", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_upstreams recorded = unit_upstreams(cases[i].recorded);
		struct swk_upstreams desired =
			unit_upstreams(cases[i].desired ? cases[i].desired : cases[i].recorded);
		struct swk_names pending = unit_names(cases[i].pending ? cases[i].pending : "");
		struct swk_names gone = unit_names("gone"), hidden = unit_names("hidden");
		struct swk_names rejected = unit_names("rejected"), confirmed = unit_names("done");
		struct swk_decisions decisions = unit_decisions(cases[i].decisions);
		struct swk_live live = live_of(cases[i].live);
		const struct swk_survey_known known = {&recorded, &desired, &decisions, &gone,
						       &rejected};
		const struct swk_survey_reading reading = {.name = "one",
							   .words = &words,
							   .live = &live,
							   .pending = cases[i].pending ? &pending
										       : NULL,
							   .excluded = &hidden,
							   .confirmed = &confirmed,
							   .creates = true,
							   .trouble = ""};
		struct swk_survey survey = {0};
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(swk_survey_add_target(&survey, &known, &reading, &error), 0);
		shown = show(&survey);
		unit_same(cases[i].rows, shown, cases[i].rows);
		unit_number(cases[i].rows, swk_survey_drifted(&survey), cases[i].drifted);
		assert_true(swk_survey_complete(&survey));
		free(shown);
		swk_survey_free(&survey);
		swk_live_free(&live);
		swk_decisions_free(&decisions);
		swk_names_free(&hidden);
		swk_names_free(&rejected);
		swk_names_free(&confirmed);
		swk_names_free(&gone);
		swk_names_free(&pending);
		swk_upstreams_free(&desired);
		swk_upstreams_free(&recorded);
	}
}

/* A target that can't be read, and one that gives names only. */
static void unreadable_targets(void **state)
{
	static const struct {
		enum swk_readable readable;
		const char *pending, *rows;
		bool complete, drifted;
	} cases[] = {
		{SWK_READ_NOTHING, "", "w 1 ? unseen | x 1 ? unseen", false, false},
		{SWK_READ_NOTHING, "x y",
		 "w 1 ? unseen | x 1 ? pending | y - ? pending: to be deleted", false, true},
		{SWK_READ_NAMES, "", "w 1 ? unseen | x 1 ? unseen", true, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_upstreams recorded = unit_upstreams("w: 10.0.0.1:80; x: 10.0.0.1:80");
		struct swk_names pending = unit_names(cases[i].pending), gone = {0};
		struct swk_decisions decisions = {0};
		const struct swk_survey_known known = {&recorded, &recorded, &decisions, &gone,
						       &none};
		struct swk_live live = {.readable = cases[i].readable};
		const struct swk_survey_reading reading = {.name = "one",
							   .words = &words,
							   .live = &live,
							   .pending = &pending,
							   .excluded = &none,
							   .creates = true,
							   .read_us = 7,
							   .trouble = "no answer"};
		struct swk_survey survey = {0};
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(swk_survey_add_target(&survey, &known, &reading, &error), 0);
		shown = show(&survey);
		unit_same(cases[i].rows, shown, cases[i].rows);
		unit_number(cases[i].rows, survey.targets[0].read_us, 7);
		unit_number(cases[i].rows, swk_survey_complete(&survey), cases[i].complete);
		unit_number(cases[i].rows, swk_survey_drifted(&survey), cases[i].drifted);
		free(shown);
		swk_survey_free(&survey);
		swk_names_free(&pending);
		swk_upstreams_free(&recorded);
	}
}

/* One line for each service, or upstream of a service, that is not in FILE. */
static void unpublished(void **state)
{
	static const struct {
		const char *decisions, *shown;
	} cases[] = {
		{"", ""},
		{"w w i - served -", ""},
		{"w w i - down maintenance", ""},
		{"w w - - kept none passes; w w i - kept critical", ""},
		{"c - - - left it is Consul", "c - left out: it is Consul"},
		/* A colour of a published service. */
		{"w w i - served -; w w_b - - left none passes; w w_b j - left critical",
		 "w w_b left out: none passes"},
		/* Only its instances have reasons. */
		{"p - i - left a proxy; p - j - left a proxy", "p - left out: a proxy"},
		{"w w i - left critical; w w j - served -", ""},
		{"f f - - held unmanaged; f f i - held unmanaged", "f f held back: unmanaged"},
		{"a - - - left x; b - - - skipped y", "a - left out: x | b - skipped: y"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_decisions decisions = unit_decisions(cases[i].decisions);
		struct swk_survey survey = {0};
		struct swk_error error = {0};
		struct swk_buffer out;

		swk_buffer_init(&out, 10000);
		(void)swk_buffer_add(&out, "", 0, &error);
		assert_int_equal(swk_survey_add_unpublished(&survey, &decisions, &error), 0);
		for (size_t j = 0; j < survey.unpublished.count; j++) {
			const struct swk_decision *decision = &survey.unpublished.list[j];

			(void)swk_buffer_print(&out, &error, "%s%s %s %s: %s", j ? " | " : "",
					       decision->source.name,
					       *decision->upstream ? decision->upstream : "-",
					       swk_outcome_words[decision->outcome],
					       decision->reason);
		}
		unit_same(cases[i].decisions, out.data, cases[i].shown);
		unit_number(cases[i].decisions, swk_survey_held_back(&survey),
			    strstr(cases[i].shown, " held back: ") != NULL);
		swk_buffer_free(&out);
		swk_survey_free(&survey);
		swk_decisions_free(&decisions);
	}
}

/* A survey with one row of each kind, limited to these names. */
static struct swk_survey survey_of(const struct swk_texts *only)
{
	struct swk_upstreams recorded = unit_upstreams("web: 10.0.0.1:80; web_b<web gray=b>: "
						       "10.0.0.2:80; api: 10.0.0.3:80");
	struct swk_names pending = unit_names("old"), gone = {0};
	struct swk_decisions decisions = unit_decisions("consul - - - left it is Consul");
	struct swk_live live = live_of("WEB: 10.0.0.1:80; web_b: 10.0.0.2:80; api: 10.0.0.3:80; "
				       "old: 10.0.0.4:80; x\033y: 10.0.0.5:80");
	const struct swk_survey_known known = {&recorded, &recorded, &decisions, &gone, &none};
	const struct swk_survey_reading reading = {.name = "one",
						   .words = &words,
						   .live = &live,
						   .pending = &pending,
						   .excluded = &none,
						   .creates = true,
						   .trouble = ""};
	struct swk_survey survey = {.only = only};
	struct swk_error error = {0};

	assert_int_equal(swk_survey_add_target(&survey, &known, &reading, &error), 0);
	assert_int_equal(swk_survey_add_unpublished(&survey, &decisions, &error), 0);
	swk_live_free(&live);
	swk_decisions_free(&decisions);
	swk_names_free(&pending);
	swk_upstreams_free(&recorded);
	return survey;
}

static void narrowed(void **state)
{
	static const struct {
		const char *only, *rows, *unknown;
		size_t unpublished;
	} cases[] = {
		{"",
		 "api 1 1 in step | old - 1 pending: to be deleted | web 1 1 differs: nginx calls "
		 "it WEB | web_b 1 1 in step | x\\x1by - 1 unmanaged",
		 NULL, 1},
		{"api", "api 1 1 in step", NULL, 0},
		/* The name of a service; the name of an upstream in any case. */
		{"web", "web 1 1 differs: nginx calls it WEB | web_b 1 1 in step", NULL, 0},
		{"Web_B", "web_b 1 1 in step", NULL, 0},
		{"old consul", "old - 1 pending: to be deleted", NULL, 1},
		{"api none", "api 1 1 in step", "none", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_names names = unit_names(cases[i].only);
		const struct swk_texts only = {names.list, names.count};
		struct swk_survey survey = survey_of(&only);
		const char *unknown = swk_survey_unknown(&survey);
		char *shown = show(&survey);

		unit_same(cases[i].only, shown, cases[i].rows);
		unit_same(cases[i].only, unknown, cases[i].unknown);
		unit_number(cases[i].only, (long long)survey.unpublished.count,
			    (long long)cases[i].unpublished);
		free(shown);
		swk_survey_free(&survey);
		swk_names_free(&names);
	}
}

/* On hold, a run makes nginx equal to FILE, and does not change FILE. */
static void on_hold(void **state)
{
	static const struct {
		const char *desired, *live;
		bool drifted;
		enum swk_standing standing;
		const char *detail;
	} cases[] = {
		{"w: 10.0.0.1:80", "w: 10.0.0.1:80", false, SWK_STANDS_IN_STEP, ""},
		{"w: 10.0.0.2:80", "w: 10.0.0.1:80", false, SWK_STANDS_ON_HOLD,
		 "'swk resume' would remove 10.0.0.1:80; 'swk resume' would add 10.0.0.2:80"},
		{"w: 10.0.0.1:80,weight=2", "w: 10.0.0.1:80", false, SWK_STANDS_ON_HOLD,
		 "'swk resume' would change its name or attributes"},
		{"", "w: 10.0.0.1:80", false, SWK_STANDS_ON_HOLD, "'swk resume' would remove it"},
		{"w: 10.0.0.1:80", "w: 10.0.0.3:80", true, SWK_STANDS_DIFFERS, NULL},
		{"w: 10.0.0.2:80", "", true, SWK_STANDS_MISSING, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_upstreams recorded = unit_upstreams("w: 10.0.0.1:80");
		struct swk_upstreams desired = unit_upstreams(cases[i].desired);
		struct swk_names pending = {0}, gone = {0};
		struct swk_decisions decisions = {0};
		struct swk_live live = live_of(cases[i].live);
		const struct swk_survey_known known = {&recorded, &desired, &decisions, &gone,
						       &none};
		const struct swk_survey_reading reading = {.name = "one",
							   .words = &words,
							   .live = &live,
							   .pending = &pending,
							   .excluded = &none,
							   .creates = true,
							   .trouble = ""};
		struct swk_survey survey = {.on_hold = strdup("since yesterday")};
		struct swk_error error = {0};

		assert_int_equal(swk_survey_add_target(&survey, &known, &reading, &error), 0);
		unit_number(cases[i].live, swk_survey_drifted(&survey), cases[i].drifted);
		unit_number(cases[i].live, survey.targets[0].rows[0].standing, cases[i].standing);
		if (cases[i].detail)
			unit_same(cases[i].live, survey.targets[0].rows[0].detail, cases[i].detail);
		assert_true(swk_survey_held_back(&survey));
		swk_survey_free(&survey);
		assert_false(swk_survey_held_back(&survey));
		swk_live_free(&live);
		swk_upstreams_free(&desired);
		swk_upstreams_free(&recorded);
	}
}

/* ---- printed ---- */

static void as_a_table(void **state)
{
	static const struct {
		struct swk_print_style style;
		const char *on_hold, *text;
	} cases[] = {
		{{false},
		 NULL,
		 "/x.conf: last successful run: never\n"
		 "\n"
		 "one: 5 upstreams: 2 in step, 1 unmanaged, 1 differs, 1 pending\n"
		 "UPSTREAM  FILE  LIVE  STATE      DETAIL\n"
		 "api          1     1  in step\n"
		 "old          -     1  pending    to be deleted\n"
		 "web          1     1  differs    nginx calls it WEB\n"
		 "web_b        1     1  in step\n"
		 "x\\x1by       -     1  unmanaged\n"
		 "\n"
		 "NOT PUBLISHED  UPSTREAM  DECISION  REASON\n"
		 "consul         -         left out  it is Consul\n"},
		{{true},
		 "since 2026-11-21T18:47:00Z by root (x)",
		 "\033[1m/x.conf\033[m: last successful run: never\n\033[33mon hold "
		 "\033[m\033[33msince 2026-11-21T18:47:00Z by root (x)\033[m: the file stays as it "
		 "is until 'swk resume'\n\n\033[1mone\033[m: 5 upstreams: \033[32m2 in step\033[m, "
		 "\033[36m1 unmanaged\033[m, \033[31m1 differs\033[m, \033[31m1 "
		 "pending\033[m\n\033[1mUPSTREAM\033[m  \033[1mFILE\033[m  \033[1mLIVE\033[m  "
		 "\033[1mSTATE\033[m      \033[1mDETAIL\033[m\napi          1     1  \033[32min "
		 "step\033[m\nold          -     1  \033[31mpending\033[m    to be deleted\nweb    "
		 "      1     1  \033[31mdiffers\033[m    nginx calls it WEB\nweb_b        1     1 "
		 " \033[32min step\033[m\nx\\x1by       -     1  "
		 "\033[36munmanaged\033[m\n\n\033[1mNOT PUBLISHED\033[m  \033[1mUPSTREAM\033[m  "
		 "\033[1mDECISION\033[m  \033[1mREASON\033[m\nconsul         -         left out  "
		 "it is Consul\n"},
	};
	const struct swk_texts only = {0};
	struct swk_survey survey = survey_of(&only);

	(void)state;
	survey.conf = strdup("/x.conf");
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_error error = {0};
		struct swk_buffer out;

		survey.on_hold = cases[i].on_hold ? strdup(cases[i].on_hold) : NULL;
		swk_buffer_init(&out, 10000);
		assert_int_equal(swk_print_survey(&out, &survey, &cases[i].style, &error), 0);
		unit_same("table", out.data, cases[i].text);
		swk_buffer_free(&out);
		free(survey.on_hold);
		survey.on_hold = NULL;
	}
	swk_survey_free(&survey);
}

static void target_that_cannot_create(void **state)
{
	struct swk_upstreams recorded = unit_upstreams("w: 10.0.0.1:80; x: 10.0.0.1:80");
	struct swk_live live = live_of("x: 10.0.0.2:80");
	struct swk_names pending = {0};
	struct swk_decisions decisions = {0};
	const struct swk_survey_known known = {&recorded, &recorded, &decisions, &none, &none};
	const struct swk_survey_reading reading = {.name = "one",
						   .words = &words,
						   .live = &live,
						   .pending = &pending,
						   .excluded = &none,
						   .trouble = ""};
	struct swk_survey survey = {0};
	struct swk_error error = {0};
	char *shown;

	(void)state;
	assert_int_equal(swk_survey_add_target(&survey, &known, &reading, &error), 0);
	shown = show(&survey);
	assert_string_equal(shown, "w 1 0 undeclared: nginx lacks it | x 1 1 differs: nginx has "
				   "10.0.0.2:80; nginx lacks 10.0.0.1:80");
	free(shown);
	swk_survey_free(&survey);
	swk_upstreams_free(&recorded);
	swk_upstreams_free(&live.upstreams);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(target_that_cannot_create),
		cmocka_unit_test(rows_of_a_target),
		cmocka_unit_test(unreadable_targets),
		cmocka_unit_test(unpublished),
		cmocka_unit_test(narrowed),
		cmocka_unit_test(on_hold),
		cmocka_unit_test(as_a_table),
	};

	return cmocka_run_group_tests_name("survey", tests, NULL, NULL);
}
