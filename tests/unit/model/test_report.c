/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <jansson.h>

#include "view/print.h"

static void notes_are_counted_and_kept(void **state)
{
	struct swk_report report;

	(void)state;
	swk_report_init(&report);
	swk_report_note(&report, SWK_NOTE_KEPT, "%s of %d", "one", 2);
	swk_report_note(&report, SWK_NOTE_SKIPPED, "a\nb\x1b");
	swk_report_note(&report, SWK_NOTE_KEPT, "two");
	assert_int_equal(report.note_count, 3);
	assert_int_equal(report.counted[SWK_NOTE_KEPT], 2);
	assert_int_equal(report.counted[SWK_NOTE_SKIPPED], 1);
	assert_string_equal(report.notes[0].text, "one of 2");
	assert_int_equal(report.notes[0].kind, SWK_NOTE_KEPT);
	assert_string_equal(report.notes[1].text, "a\\x0ab\\x1b");
	assert_int_equal(report.notes[1].kind, SWK_NOTE_SKIPPED);
	swk_report_free(&report);
	assert_int_equal(report.note_count, 0);
}

static void notes_over_the_limit_are_counted_only(void **state)
{
	struct swk_report report;

	(void)state;
	swk_report_init(&report);
	for (size_t i = 0; i < SWK_NOTES_MAX + 5; i++)
		swk_report_note(&report, SWK_NOTE_DETAIL, "%zu", i);
	assert_int_equal(report.note_count, SWK_NOTES_MAX);
	assert_int_equal(report.counted[SWK_NOTE_DETAIL], SWK_NOTES_MAX + 5);
	assert_string_equal(report.notes[SWK_NOTES_MAX - 1].text, "999");
	/* The status does not depend on which notes were kept. */
	swk_report_note(&report, SWK_NOTE_PENDING, "pending");
	assert_int_equal(swk_report_status(&report), SWK_TEMPFAIL);
	swk_report_free(&report);
}

static void forgotten_notes_are_not_counted(void **state)
{
	struct swk_report report;

	(void)state;
	swk_report_init(&report);
	swk_report_forget(&report, SWK_NOTE_HELD_BACK);
	swk_report_note(&report, SWK_NOTE_HELD_BACK, "1");
	swk_report_note(&report, SWK_NOTE_KEPT, "2");
	swk_report_note(&report, SWK_NOTE_HELD_BACK, "3");
	swk_report_note(&report, SWK_NOTE_SKIPPED, "4");
	swk_report_forget(&report, SWK_NOTE_HELD_BACK);
	assert_int_equal(report.counted[SWK_NOTE_HELD_BACK], 0);
	assert_int_equal(swk_report_status(&report), 0);
	assert_int_equal(report.note_count, 2);
	assert_string_equal(report.notes[0].text, "2");
	assert_string_equal(report.notes[1].text, "4");
	/* Then there is room for others. */
	for (size_t i = 0; i < 5; i++)
		swk_report_note(&report, SWK_NOTE_DETAIL, "5");
	assert_int_equal(report.note_count, 7);
	swk_report_free(&report);
}

static void notes_of_a_document_are_forgotten(void **state)
{
	struct swk_report report;

	(void)state;
	swk_report_init(&report);
	swk_report_note(&report, SWK_NOTE_SKIPPED, "before");
	report.reading = true;
	for (size_t i = 0; i < SWK_NOTES_MAX + 5; i++)
		swk_report_note(&report, SWK_NOTE_SKIPPED, "in it");
	swk_report_note(&report, SWK_NOTE_WARNING, "in it");
	report.reading = false;
	swk_report_note(&report, SWK_NOTE_HELD_BACK, "after");
	swk_report_forget_document(&report);
	swk_report_forget_document(&report);
	assert_int_equal(report.note_count, 2);
	assert_string_equal(report.notes[0].text, "before");
	assert_string_equal(report.notes[1].text, "after");
	assert_int_equal(report.counted[SWK_NOTE_SKIPPED], 1);
	assert_int_equal(report.counted[SWK_NOTE_WARNING], 0);
	assert_int_equal(report.counted[SWK_NOTE_HELD_BACK], 1);
	swk_report_free(&report);
}

static void long_note_is_cut(void **state)
{
	char *text = unit_repeat('a', 2UL * SWK_TEXT_MAX);
	struct swk_report report;

	(void)state;
	swk_report_init(&report);
	swk_report_note(&report, SWK_NOTE_DETAIL, "%s", text);
	assert_int_equal(strlen(report.notes[0].text), SWK_TEXT_MAX - 1);
	swk_report_free(&report);
	free(text);
}

static void statuses(void **state)
{
	static const struct {
		const char *row;
		bool held_back, unavailable, pending;
		int status;
	} rows[] = {
		{"nothing", false, false, false, 0},
		{"held back", true, false, false, SWK_HELD_BACK},
		{"pending", false, false, true, SWK_TEMPFAIL},
		{"unavailable", false, true, false, SWK_UNAVAILABLE},
		{"held back and pending", true, false, true, SWK_TEMPFAIL},
		{"held back and unavailable", true, true, false, SWK_UNAVAILABLE},
		{"unavailable and pending", false, true, true, SWK_UNAVAILABLE},
		{"all", true, true, true, SWK_UNAVAILABLE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_report report = {0};

		/* These do not affect the status. */
		report.counted[SWK_NOTE_DETAIL] = report.counted[SWK_NOTE_SKIPPED] = 1;
		report.counted[SWK_NOTE_KEPT] = report.counted[SWK_NOTE_WARNING] = 1;
		report.counted[SWK_NOTE_HELD_BACK] = rows[i].held_back;
		report.counted[SWK_NOTE_UNAVAILABLE] = rows[i].unavailable;
		report.counted[SWK_NOTE_PENDING] = rows[i].pending;
		unit_number(rows[i].row, swk_report_status(&report), rows[i].status);
	}
}

/* A report with something in each member. */
static struct swk_report full_report(void)
{
	struct swk_report report = {
		.services = 1,
		.upstreams = 2,
		.servers = 3,
		.updated = 4,
		.deleted = 5,
		.index = 6,
		.milliseconds = 7,
	};
	struct swk_error error = {0};
	char text[] = "web: +10.0.0.1:80", target[] = "http://127.0.0.1:1";

	assert_int_equal(swk_report_target(&report, target, &error), 0);
	assert_int_equal(swk_report_target(&report, "http://127.0.0.1:2", &error), 0);
	assert_int_equal(swk_report_difference(&report, '~', text, NULL, &error), 0);
	assert_int_equal(swk_report_difference(&report, '-', "api", target, &error), 0);
	report.targets[1].updated = 8;
	report.targets[1].deleted = 9;
	report.targets[1].pending = 10;
	swk_report_note(&report, SWK_NOTE_KEPT, "kept \"so\" \\");
	swk_report_note(&report, SWK_NOTE_SKIPPED, "skipped");
	swk_report_note(&report, SWK_NOTE_SKIPPED, "skipped");
	/* Both are copied. */
	memset(text, 'x', sizeof(text) - 1);
	memset(target, 'x', sizeof(target) - 1);
	return report;
}

static void printed_as_text(void **state)
{
	struct swk_report report = full_report(), none = {0};
	struct swk_error error = {0};
	struct swk_buffer out;

	(void)state;
	swk_buffer_init(&out, 10000);
	assert_int_equal(swk_print_summary(&out, &report, &error), 0);
	assert_string_equal(out.data, "services=1 upstreams=2 servers=3 updated=4 deleted=5 kept=1 "
				      "skipped=2 index=6 ms=7\n");
	swk_buffer_clear(&out);
	assert_int_equal(swk_print_differences(&out, &none, &error), 0);
	assert_int_equal(out.length, 0);
	assert_int_equal(swk_print_differences(&out, &report, &error), 0);
	assert_string_equal(out.data, "~ web: +10.0.0.1:80\n- api (http://127.0.0.1:1)\n");
	swk_buffer_free(&out);
	swk_report_free(&report);
}

static void printed_as_json(void **state)
{
	struct swk_report report = full_report();
	struct swk_error error = {0};
	struct swk_buffer out;

	(void)state;
	swk_buffer_init(&out, 10000);
	assert_int_equal(swk_print_json(&out, &report, SWK_OK, NULL, &error), 0);
	assert_string_equal(
		out.data,
		"{\"status\":0,\"error\":null,\"services\":1,\"upstreams\":2,\"servers\":3,"
		"\"updated\":4,\"deleted\":5,\"kept\":1,\"skipped\":2,\"index\":6,\"ms\":7,"
		"\"changes\":[{\"sign\":\"~\",\"text\":\"web: +10.0.0.1:80\",\"target\":null,"
		"\"on_hold\":false},"
		"{\"sign\":\"-\",\"text\":\"api\",\"target\":\"http://127.0.0.1:1\","
		"\"on_hold\":false}],"
		"\"targets\":[{\"target\":\"http://127.0.0.1:1\",\"updated\":0,\"deleted\":0,"
		"\"pending\":0},{\"target\":\"http://127.0.0.1:2\",\"updated\":8,\"deleted\":9,"
		"\"pending\":10}],\"notes\":[{\"kind\":\"kept\",\"text\":\"kept \\\"so\\\" \\\\\"},"
		"{\"kind\":\"skipped\",\"text\":\"skipped\"},"
		"{\"kind\":\"skipped\",\"text\":\"skipped\"}]}\n");
	swk_buffer_free(&out);
	swk_report_free(&report);
}

/* A difference in FILE is held back; a difference in a target was still sent. */
static void differences_on_hold(void **state)
{
	struct swk_report report = full_report();
	struct swk_error error = {0};
	struct swk_buffer out;

	(void)state;
	report.on_hold = true;
	swk_buffer_init(&out, 10000);
	assert_int_equal(swk_print_differences(&out, &report, &error), 0);
	assert_string_equal(out.data,
			    "~ web: +10.0.0.1:80 (on hold)\n- api (http://127.0.0.1:1)\n");
	swk_buffer_clear(&out);
	assert_int_equal(swk_print_json(&out, &report, SWK_HELD_BACK, NULL, &error), 0);
	unit_says("file", out.data, "\"target\":null,\"on_hold\":true}");
	unit_says("target", out.data, "\"target\":\"http://127.0.0.1:1\",\"on_hold\":false}");
	swk_buffer_free(&out);
	swk_report_free(&report);
}

/* Each kind of note has its own word, and each failure its text. */
static void noted_once(void **state)
{
	struct swk_report report = {0};

	(void)state;
	swk_report_note_once(&report, SWK_NOTE_WARNING, "a\nb");
	swk_report_note_once(&report, SWK_NOTE_WARNING, "a\nb");
	swk_report_note_once(&report, SWK_NOTE_WARNING, "%s");
	swk_report_note_once(&report, SWK_NOTE_PENDING, "%s");
	assert_int_equal(report.note_count, 3);
	assert_int_equal(report.counted[SWK_NOTE_WARNING], 2);
	assert_string_equal(report.notes[0].text, "a\\x0ab");
	assert_string_equal(report.notes[2].text, "%s");
	swk_report_free(&report);
}

static void every_kind_has_a_word(void **state)
{
	static const char *const words[] = {"detail",	 "due",		"skipped",
					    "kept",	 "failover",	"warning",
					    "held_back", "unavailable", "pending"};
	struct swk_report report = {0};
	struct swk_error error = {0}, failure = {0};
	struct swk_buffer out;
	json_t *root, *notes;

	(void)state;
	assert_int_equal(COUNT(words), SWK_NOTE_KINDS);
	for (int kind = 0; kind < SWK_NOTE_KINDS; kind++)
		swk_report_note(&report, (enum swk_note_kind)kind, "x");
	(void)swk_error_set(&failure, SWK_DATA, "no \"good\"\n");
	swk_buffer_init(&out, 10000);
	assert_int_equal(swk_print_json(&out, &report, SWK_DATA, &failure, &error), 0);
	root = json_loads(out.data, JSON_REJECT_DUPLICATES, NULL);
	assert_non_null(root);
	assert_int_equal(json_integer_value(json_object_get(root, "status")), SWK_DATA);
	assert_string_equal(json_string_value(json_object_get(root, "error")), "no \"good\"\\x0a");
	notes = json_object_get(root, "notes");
	for (size_t i = 0; i < COUNT(words); i++)
		assert_string_equal(
			json_string_value(json_object_get(json_array_get(notes, i), "kind")),
			words[i]);
	json_decref(root);
	swk_buffer_free(&out);
	swk_report_free(&report);
}

static void ceiling_is_an_error(void **state)
{
	struct swk_report report = full_report();
	struct swk_buffer out;

	(void)state;
	for (size_t ceiling = 0; ceiling < 40; ceiling++) {
		struct swk_error summary = {0}, differences = {0}, json = {0};

		swk_buffer_init(&out, ceiling);
		assert_int_equal(swk_print_summary(&out, &report, &summary), SWK_INTERNAL);
		assert_int_equal(swk_print_differences(&out, &report, &differences), SWK_INTERNAL);
		assert_int_equal(swk_print_json(&out, &report, 0, NULL, &json), SWK_INTERNAL);
		swk_buffer_free(&out);
	}
	swk_report_free(&report);
}

static void details_do_not_count(void **state)
{
	struct swk_report report;

	(void)state;
	swk_report_init(&report);
	swk_report_note(&report, SWK_NOTE_DETAIL, "x");
	assert_int_equal(swk_report_said(&report), 0);
	for (unsigned i = SWK_NOTE_DETAIL + 1; i < SWK_NOTE_KINDS; i++) {
		swk_report_note(&report, (enum swk_note_kind)i, "x");
		assert_int_equal(swk_report_said(&report), i);
	}
	swk_report_free(&report);
}

/* The line in a log, as an agent keeps it. */
static void log_line(struct swk_buffer *out, enum swk_log_format format,
		     const struct swk_report *report, int status, const struct swk_error *failure)
{
	const struct timespec now = {1795287978, 124999999};
	struct swk_event_line line;
	struct swk_error error = {0};

	swk_print_event(&line, report, false, status, failure);
	assert_true(line.count <= SWK_EVENT_FIELDS);
	assert_int_equal(swk_log_compose(out, format, &now, line.level, line.text, line.fields,
					 line.count, &error),
			 0);
}

static void printed_for_a_log(void **state)
{
	struct swk_report report = full_report();
	struct swk_error failure = {0};
	struct swk_buffer out;

	(void)state;
	swk_buffer_init(&out, 10000);
	report.event = SWK_EVENT_SERVICE;
	report.service = strdup("web");
	report.finished = true;
	log_line(&out, SWK_LOG_LOGFMT, &report, SWK_TEMPFAIL, &failure);
	/* A difference in a target does not concern FILE. */
	assert_string_equal(out.data,
			    "ts=2026-11-21T19:06:18.124Z level=error msg=\"not confirmed\" "
			    "event=service service=web status=75 added=0 removed=0 changed=1 "
			    "upstreams=2 servers=3 kept=1 skipped=2 updated=4 deleted=5 pending=10 "
			    "targets=2 index=6 duration_ms=7");
	/* A run that ended early knows no numbers. */
	report.finished = false;
	report.on_hold = true;
	report.index = 0;
	(void)swk_error_set(&failure, SWK_DATA, "a \"b\"");
	swk_buffer_clear(&out);
	log_line(&out, SWK_LOG_JSON, &report, SWK_DATA, &failure);
	assert_string_equal(out.data,
			    "{\"ts\":\"2026-11-21T19:06:18.124Z\",\"level\":\"error\","
			    "\"msg\":\"failed\",\"event\":\"service\",\"service\":\"web\","
			    "\"status\":65,\"error\":\"a \\\"b\\\"\",\"on_hold\":1,\"targets\":2,"
			    "\"duration_ms\":7}");
	swk_buffer_free(&out);
	swk_report_free(&report);
}

static void outcomes(void **state)
{
	static const struct {
		int status;
		bool dry_run;
		const char *text;
	} rows[] = {{SWK_OK, false, "in step"},
		    {SWK_OK, true, "dry run"},
		    {SWK_HELD_BACK, false, "held back"},
		    {SWK_UNAVAILABLE, false, "Consul not asked"},
		    {SWK_UNAVAILABLE, true, "Consul not asked"},
		    {SWK_TEMPFAIL, false, "not confirmed"},
		    {SWK_USAGE, false, "failed"},
		    {SWK_CANTCREATE, false, "failed"}};
	const struct swk_report report = {0};
	const struct swk_error failure = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_event_line line;

		swk_print_event(&line, &report, rows[i].dry_run, rows[i].status, &failure);
		assert_string_equal(line.text, rows[i].text);
		assert_int_equal(line.level, rows[i].status ? SWK_LOG_ERROR : SWK_LOG_INFO);
	}
}

/* The longest values everywhere: an agent keeps 4 KB of a handler's output. */
static void line_of_a_log_fits(void **state)
{
	struct swk_report report = {.finished = true,
				    .upstreams = SIZE_MAX / 2,
				    .servers = SIZE_MAX / 2,
				    .updated = SIZE_MAX / 2,
				    .deleted = SIZE_MAX / 2,
				    .index = UINT64_MAX,
				    .milliseconds = INT64_MAX,
				    .event = SWK_EVENT_SERVICE};
	struct swk_error failure = {.status = SWK_DATA};
	struct swk_buffer out;

	(void)state;
	report.service = unit_repeat('"', SWK_NAME_MAX);
	memset(failure.text, '\\', sizeof(failure.text) - 1);
	for (unsigned i = 0; i < SWK_NOTE_KINDS; i++)
		report.counted[i] = SIZE_MAX / 2;
	swk_buffer_init(&out, 10000);
	log_line(&out, SWK_LOG_JSON, &report, SWK_CANTCREATE, &failure);
	assert_true(out.length + strlen("<3>\n") <= 4096);
	assert_int_equal(out.data[out.length - 1], '}');
	swk_buffer_free(&out);
	swk_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(notes_are_counted_and_kept),
		cmocka_unit_test(notes_over_the_limit_are_counted_only),
		cmocka_unit_test(forgotten_notes_are_not_counted),
		cmocka_unit_test(notes_of_a_document_are_forgotten),
		cmocka_unit_test(long_note_is_cut),
		cmocka_unit_test(statuses),
		cmocka_unit_test(printed_as_text),
		cmocka_unit_test(printed_as_json),
		cmocka_unit_test(differences_on_hold),
		cmocka_unit_test(noted_once),
		cmocka_unit_test(every_kind_has_a_word),
		cmocka_unit_test(ceiling_is_an_error),
		cmocka_unit_test(printed_for_a_log),
		cmocka_unit_test(outcomes),
		cmocka_unit_test(line_of_a_log_fits),
		cmocka_unit_test(details_do_not_count),
	};

	return cmocka_run_group_tests_name("report", tests, NULL, NULL);
}
