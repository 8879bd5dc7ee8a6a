/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "view/metrics.h"

/* ---- a report and its metrics ---- */

static void learn(struct swk_report *report, const char *upstream, bool known, size_t usable,
		  size_t registered)
{
	struct swk_error error = {0};
	struct swk_health_report *health = swk_report_health(report, upstream, &error);

	assert_non_null(health);
	health->known = known;
	health->usable = usable;
	health->registered = registered;
	report->upstreams = report->health_count;
}

/* A complete run with one of everything. */
static struct swk_report complete_run(void)
{
	struct swk_report report;
	struct swk_error error = {0};

	swk_report_init(&report);
	report.finished = report.whole = true;
	report.event = SWK_EVENT_RESYNC;
	report.servers = 7;
	report.milliseconds = 1250;
	report.steps[SWK_STEP_CONSUL] = 1000250;
	report.counted[SWK_NOTE_KEPT] = 1;
	report.counted[SWK_NOTE_SKIPPED] = 2;
	report.counted[SWK_NOTE_FAILOVER] = 2;
	learn(&report, "api", true, 0, 0);
	learn(&report, "Shop", true, 3, 3);
	learn(&report, "web", true, 1, 4);
	assert_int_equal(swk_report_target(&report, "a \"b\" \\c", &error), 0);
	assert_int_equal(swk_report_target(&report, "http://127.0.0.1:1", &error), 0);
	report.targets[1].pending = 3;
	return report;
}

/* The metrics file after a run, given its content before. Frees the report. */
static char *after(const char *before, struct swk_report *report, int status, double now)
{
	struct swk_metrics metrics = {0};
	struct swk_error error = {0};
	struct swk_buffer out;
	char *text = strdup(before);

	swk_buffer_init(&out, SWK_METRICS_MAX);
	assert_int_equal(swk_metrics_read(&metrics, text, &error), 0);
	assert_int_equal(swk_metrics_update(&metrics, report, status, now, &error), 0);
	assert_int_equal(swk_metrics_write(&out, &metrics, &error), 0);
	swk_metrics_free(&metrics);
	swk_report_free(report);
	free(text);
	return out.data;
}

/* The value of a sample, as the rest of the text; NULL if there is none. */
static const char *value(const char *text, const char *sample)
{
	static char room[64];
	char desired[256];
	const char *at;

	(void)snprintf(desired, sizeof(desired), "\n%s ", sample);
	at = strstr(text, desired);
	if (!at)
		return NULL;
	at += strlen(desired);
	(void)snprintf(room, sizeof(room), "%.*s", (int)strcspn(at, "\n"), at);
	return room;
}

struct sample {
	const char *name, *value;
};

static void says(const char *text, const struct sample *samples, size_t count)
{
	for (size_t i = 0; i < count; i++)
		unit_same(samples[i].name, value(text, samples[i].name), samples[i].value);
}

static void a_complete_run(void **state)
{
	static const struct sample samples[] = {
		{"swk_build_info{version=\"" SWK_VERSION "\"}", "1"},
		{"swk_last_attempt_timestamp_seconds", "1795287978.250"},
		{"swk_last_success_timestamp_seconds", "1795287978.250"},
		{"swk_last_pass_timestamp_seconds", "1795287978.250"},
		{"swk_exit_status", "0"},
		{"swk_run_duration_seconds", "1.250"},
		{"swk_step_duration_seconds{step=\"consul\"}", "1.000250"},
		{"swk_step_duration_seconds{step=\"send\"}", "0.000000"},
		{"swk_events_total{kind=\"resync\"}", "1"},
		{"swk_events_total{kind=\"service\"}", "0"},
		{"swk_events_failed_total{kind=\"resync\"}", "0"},
		{"swk_upstreams", "3"},
		{"swk_servers", "7"},
		{"swk_upstreams_kept", "1"},
		{"swk_upstreams_failover", "2"},
		{"swk_registrations_skipped", "2"},
		{"swk_on_hold", "0"},
		{"swk_upstream_healthy_ratio{upstream=\"api\"}", "0"},
		{"swk_upstream_healthy_ratio{upstream=\"Shop\"}", "1"},
		{"swk_upstream_healthy_ratio{upstream=\"web\"}", "0.25"},
		{"swk_pending_upstreams{target=\"http://127.0.0.1:1\"}", "3"},
		/* Escaped as the format requires. */
		{"swk_pending_upstreams{target=\"a \\\"b\\\" \\\\c\"}", "0"},
	};
	struct swk_report report = complete_run();
	char *text = after("", &report, 0, 1795287978.25);

	(void)state;
	says(text, samples, COUNT(samples));
	free(text);
}

/* A run that ended early changes the metrics of runs, but not those of nginx. */
static void a_failure_leaves_the_rest(void **state)
{
	static const struct sample samples[] = {
		{"swk_last_attempt_timestamp_seconds", "2000.000"},
		{"swk_last_success_timestamp_seconds", "1000.000"},
		{"swk_last_pass_timestamp_seconds", "1000.000"},
		{"swk_exit_status", "65"},
		{"swk_run_duration_seconds", "0.000"},
		{"swk_step_duration_seconds{step=\"consul\"}", "0.000000"},
		{"swk_events_total{kind=\"resync\"}", "1"},
		{"swk_events_total{kind=\"unknown\"}", "1"},
		{"swk_events_failed_total{kind=\"resync\"}", "0"},
		{"swk_events_failed_total{kind=\"unknown\"}", "1"},
		{"swk_upstreams", "3"},
		{"swk_servers", "7"},
		{"swk_upstreams_kept", "1"},
		{"swk_registrations_skipped", "2"},
		{"swk_upstream_healthy_ratio{upstream=\"web\"}", "0.25"},
		{"swk_pending_upstreams{target=\"http://127.0.0.1:1\"}", "3"},
		{"swk_pending_upstreams{target=\"a \\\"b\\\" \\\\c\"}", "0"},
	};
	struct swk_report report = complete_run();
	char *before = after("", &report, 0, 1000), *text;

	(void)state;
	swk_report_init(&report);
	text = after(before, &report, SWK_DATA, 2000);
	says(text, samples, COUNT(samples));
	free(before);
	free(text);
}

/* If the very first run fails, nothing is known, and unknown metrics have no sample. */
static void unknown_has_no_number(void **state)
{
	struct swk_report report;
	char *text;

	(void)state;
	swk_report_init(&report);
	text = after("", &report, SWK_DATA, 2000);
	unit_same("attempt", value(text, "swk_last_attempt_timestamp_seconds"), "2000.000");
	unit_same("status", value(text, "swk_exit_status"), "65");
	assert_null(strstr(text, "success"));
	assert_null(strstr(text, "swk_upstream"));
	assert_null(strstr(text, "swk_servers"));
	assert_null(strstr(text, "swk_pending"));
	assert_null(strstr(text, "kept"));
	free(text);
}

/* An event of one service updates that service. Upstreams that are gone disappear. */
static void an_event_of_one_service(void **state)
{
	static const struct sample samples[] = {
		{"swk_last_success_timestamp_seconds", "1000.000"},
		{"swk_last_pass_timestamp_seconds", "1000.000"},
		{"swk_exit_status", "75"},
		{"swk_events_total{kind=\"service\"}", "1"},
		{"swk_events_failed_total{kind=\"service\"}", "1"},
		{"swk_upstreams", "3"},
		{"swk_upstreams_kept", "1"},
		{"swk_registrations_skipped", "2"},
		{"swk_upstream_healthy_ratio{upstream=\"api\"}", NULL},
		{"swk_upstream_healthy_ratio{upstream=\"Shop\"}", "1"},
		{"swk_upstream_healthy_ratio{upstream=\"new\"}", NULL},
		{"swk_upstream_healthy_ratio{upstream=\"web\"}", "0.333333"},
		{"swk_pending_upstreams{target=\"http://127.0.0.1:1\"}", "5"},
		{"swk_pending_upstreams{target=\"a \\\"b\\\" \\\\c\"}", NULL},
	};
	struct swk_report report = complete_run();
	struct swk_error error = {0};
	char *before = after("", &report, 0, 1000), *text;

	(void)state;
	swk_report_init(&report);
	report.finished = true;
	report.event = SWK_EVENT_SERVICE;
	report.counted[SWK_NOTE_KEPT] = 9;
	learn(&report, "new", false, 0, 0);
	learn(&report, "Shop", false, 0, 0);
	learn(&report, "web", true, 1, 3);
	assert_int_equal(swk_report_target(&report, "http://127.0.0.1:1", &error), 0);
	report.targets[0].pending = 5;
	text = after(before, &report, SWK_TEMPFAIL, 2000);
	says(text, samples, COUNT(samples));
	free(before);
	free(text);
}

static void counts_go_on(void **state)
{
	char *text = strdup("");

	(void)state;
	for (unsigned i = 0; i < 2 * SWK_EVENTS; i++) {
		struct swk_report report = complete_run();
		char *before = text;

		report.event = (enum swk_event)(i % SWK_EVENTS);
		text = after(before, &report, i < 3 ? SWK_HELD_BACK : 0, 1000);
		free(before);
	}
	for (unsigned i = 0; i < SWK_EVENTS; i++) {
		char sample[64];

		(void)snprintf(sample, sizeof(sample), "swk_events_total{kind=\"%s\"}",
			       swk_event_words[i]);
		unit_same(sample, value(text, sample), "2");
		(void)snprintf(sample, sizeof(sample), "swk_events_failed_total{kind=\"%s\"}",
			       swk_event_words[i]);
		unit_same(sample, value(text, sample), i < 3 ? "1" : "0");
	}
	free(text);
}

/* If the file is cut, damaged or another program's, its undecodable parts count as missing. */
static void damaged(void **state)
{
	static const char *const rows[] = {
		"swk_events_total{kind=\"resync\"} 5e99",
		"swk_events_total{kind=\"resync\"} -1",
		"swk_events_total{kind=\"resync\"} nan",
		"swk_events_total{kind=\"resync\"} inf",
		"swk_events_total{kind=\"resync\"} 5x",
		"swk_events_total{kind=\"resync\"} ",
		"swk_events_total{kind=\"resync\"}",
		"swk_events_total{kind=\"resync\"",
		"swk_events_total{kind=\"resync",
		"swk_events_total{kind=\"resync\\",
		"swk_events_total{kind=resync} 5",
		"swk_events_total{other=\"resync\"} 5",
		"swk_events_total{kind=\"resync\"} 5 6",
		"swk_events_total{kind=\"other\"} 5",
		"swk_events_total 5",
		"swk_events_total{",
		"swk_events",
		"swk_events_totals{kind=\"resync\"} 5",
		"# swk_events_total{kind=\"resync\"} 5",
		"",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_report report = complete_run();
		char *text = after(rows[i], &report, 0, 1000);

		unit_same(rows[i], value(text, "swk_events_total{kind=\"resync\"}"), "1");
		free(text);
	}
}

/* Cut anywhere, or with any byte changed: reading ends, and the written file has the same lines. */
static void damaged_anywhere(void **state)
{
	struct swk_report report = complete_run();
	char *whole = after("", &report, 0, 1000);
	unsigned seed = 1;

	(void)state;
	for (size_t i = 0; i < 2 * strlen(whole); i++) {
		char *before = strdup(whole), *text;

		if (i < strlen(whole))
			before[i] = '\0';
		else
			before[i - strlen(whole)] = (char)(1 + rand_r(&seed) % 255);
		report = complete_run();
		text = after(before, &report, 0, 1000);
		unit_same("upstreams", value(text, "swk_upstreams"), "3");
		assert_non_null(value(text, "swk_events_total{kind=\"resync\"}"));
		free(before);
		free(text);
	}
	free(whole);
}

/* The number of series has a limit. With more upstreams than that, only unhealthy ones get a
 * series. */
static void cardinality_is_bounded(void **state)
{
	static const struct {
		size_t upstreams, ailing, shown;
	} rows[] = {{SWK_METRICS_UPSTREAMS, 3, SWK_METRICS_UPSTREAMS},
		    {SWK_METRICS_UPSTREAMS + 1, 3, 3},
		    {3 * SWK_METRICS_UPSTREAMS, 2 * SWK_METRICS_UPSTREAMS, SWK_METRICS_UPSTREAMS}};

	(void)state;
	for (size_t row = 0; row < COUNT(rows); row++) {
		struct swk_report report;
		size_t shown = 0;
		char *text;

		swk_report_init(&report);
		report.finished = true;
		for (size_t i = 0; i < rows[row].upstreams; i++) {
			char name[32];

			(void)snprintf(name, sizeof(name), "u%06zu", i);
			learn(&report, name, true, i < rows[row].ailing ? 1 : 2, 2);
		}
		text = after("", &report, 0, 1000);
		for (const char *at = text; (at = strstr(at, "\nswk_upstream_healthy_ratio{"));
		     at++)
			shown++;
		unit_number("told", (long long)shown, (long long)rows[row].shown);
		unit_same("the first",
			  value(text, "swk_upstream_healthy_ratio{upstream=\"u000000\"}"), "0.5");
		free(text);
	}
}

/* An upstream that was left out because it was healthy counts as healthy once there is room. */
static void healthy_among_many_is_healthy(void **state)
{
	struct swk_report report;
	char *before, *text;

	(void)state;
	swk_report_init(&report);
	report.finished = true;
	learn(&report, "web", true, 2, 2);
	report.upstreams = SWK_METRICS_UPSTREAMS + 1;
	before = after("", &report, 0, 1000);
	assert_null(value(before, "swk_upstream_healthy_ratio{upstream=\"web\"}"));
	swk_report_init(&report);
	report.finished = true;
	learn(&report, "web", false, 0, 0);
	text = after(before, &report, 0, 2000);
	unit_same("web", value(text, "swk_upstream_healthy_ratio{upstream=\"web\"}"), "1");
	free(before);
	free(text);
}

/* A hold stays in the metrics until a run finds none, even a run that ends early. */
static void on_hold(void **state)
{
	static const struct {
		bool on_hold, known, finished;
		const char *value;
	} runs[] = {{false, false, false, NULL}, {true, true, true, "1"},
		    {false, false, false, "1"},	 {true, true, true, "1"},
		    {false, true, true, "0"},	 {true, true, false, "1"},
		    {false, false, false, "1"},	 {false, true, false, "0"}};
	char *text = strdup("");

	(void)state;
	for (size_t i = 0; i < COUNT(runs); i++) {
		struct swk_report report;
		char *before = text;

		swk_report_init(&report);
		report.on_hold = runs[i].on_hold;
		report.hold_known = runs[i].known;
		report.finished = runs[i].finished;
		text = after(before, &report, 0, 1000);
		unit_same("on hold", value(text, "swk_on_hold"), runs[i].value);
		free(before);
	}
	free(text);
}

static char *page(const char *path)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	char piece[4096];
	size_t length;
	FILE *file = fopen(path, "r");

	if (!file)
		fail_msg("%s can't be read", path);
	swk_buffer_init(&text, SWK_METRICS_MAX);
	while ((length = fread(piece, 1, sizeof(piece), file)))
		assert_int_equal(swk_buffer_add(&text, piece, length, &error), 0);
	(void)fclose(file);
	return text.data;
}

/* The manual describes each metric, and no other. */
static void manual_has_every_metric(void **state)
{
	struct swk_report report = complete_run();
	char *text = after("", &report, 0, 1000), *manual = page("man/swk-apply.8");
	size_t metrics = 0, shown = 0;
	char name[128], desired[160];

	(void)state;
	for (const char *at = text; (at = strstr(at, "# TYPE ")); at++, metrics++) {
		assert_int_equal(sscanf(at, "# TYPE %127s", name), 1);
		(void)snprintf(desired, sizeof(desired), "\n.It Li %s", name);
		if (!strstr(manual, desired))
			fail_msg("man/swk-apply.8 does not describe %s", name);
	}
	for (const char *at = manual; (at = strstr(at, "\n.It Li swk_")); at++, shown++) {
		assert_int_equal(sscanf(at, "\n.It Li %127s", name), 1);
		name[strcspn(name, "{")] = '\0';
		(void)snprintf(desired, sizeof(desired), "# TYPE %s ", name);
		if (!strstr(text, desired))
			fail_msg("man/swk-apply.8 describes %s, which does not exist", name);
	}
	assert_true(metrics > 10);
	unit_number("metrics", (long long)shown, (long long)metrics);
	free(manual);
	free(text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_complete_run),
		cmocka_unit_test(a_failure_leaves_the_rest),
		cmocka_unit_test(unknown_has_no_number),
		cmocka_unit_test(an_event_of_one_service),
		cmocka_unit_test(counts_go_on),
		cmocka_unit_test(damaged),
		cmocka_unit_test(damaged_anywhere),
		cmocka_unit_test(cardinality_is_bounded),
		cmocka_unit_test(healthy_among_many_is_healthy),
		cmocka_unit_test(on_hold),
		cmocka_unit_test(manual_has_every_metric),
	};

	return cmocka_run_group_tests_name("metrics", tests, NULL, NULL);
}
