/* SPDX-License-Identifier: MIT */
#include "run/apply.h"

#include <time.h>

#include "base/deadline.h"
#include "run/run.h"

/* ---- 10. what is told ---- */

static void count(struct swk_run *run)
{
	struct swk_report *report = run->report;

	report->finished = true;
	report->whole = run->complete && run->list_known && !report->counted[SWK_NOTE_UNAVAILABLE];
	report->services = run->services.count + run->keys.count;
	report->upstreams = run->desired.count;
	report->servers = 0;
	for (size_t i = 0; i < run->desired.count; i++)
		report->servers += run->desired.list[i].count;
	if (!run->complete)
		report->index = run->keys_told ? run->keys_index : run->event_index;
	if (!run->complete && run->services.count == 1 && run->services.list[0].index)
		report->index = run->services.list[0].index;
}

/* ---- a second look ---- */

/*
 * Once more, from the file as it is by now: somebody else may have written it meanwhile. Nothing is
 * decided anew.
 */
static int catch_up(struct swk_run *run, unsigned samples)
{
	int status = swk_run_lock_and_read(run);

	swk_report_forget(run->report, SWK_NOTE_PENDING);
	for (size_t i = 0; !status && i < run->recorded.count; i++)
		status = swk_upstreams_append_copy(&run->desired, &run->recorded.list[i],
						   run->error);
	if (!status)
		status = swk_run_read_live(run, samples);
	if (!status)
		status = swk_run_record_survivors(run);
	if (!status)
		status = swk_run_reconcile(run);
	/* Not the indexes: of those, what is in the file may be newer by now. */
	if (!status && !swk_report_status(run->report))
		run->state.success = (int64_t)time(NULL);
	return status ? status : swk_run_save_state(run, false);
}

/* Waits until the workers have read their queues, and compares what each of them has. */
static int verify(struct swk_run *run)
{
	long wait = swk_deadline_left(run->deadline, (long)run->settings->read_interval * 1000);
	struct timespec pause = {wait / 1000, wait % 1000 * 1000000};

	swk_run_unlock(run);
	(void)nanosleep(&pause, NULL);
	return catch_up(run, SWK_VERIFY_SAMPLES);
}

static int read_again(struct swk_run *run)
{
	bool answers = false;
	int status = 0;

	/* One that refuses the connection is waited for, but nobody else waits for that. */
	if (swk_run_is_unreachable(run)) {
		swk_store_unlock(&run->store);
		answers = swk_run_await_unreachable(run);
	}
	if (answers) {
		swk_run_unlock(run);
		status = catch_up(run, 1);
	}
	if (!status && run->settings->verify && (run->updated.count || run->deleted.count))
		status = verify(run);
	return status;
}

/* ---- all of it ---- */

/* A worker that died came back with what the files said when nginx started: a pass that shall put
 * everything right looks at each. */
static int read_live(struct swk_run *run)
{
	unsigned samples = run->settings->verify ? SWK_VERIFY_SAMPLES : 1;

	return run->full ? swk_run_read_live(run, samples) : swk_run_probe_names(run);
}

/* Of a large document each of these is several MB, and from here on what is wanted is enough. A
 * complete pass remembers what was told. */
static void forget_what_led_to_it(struct swk_run *run)
{
	swk_upstreams_free(&run->recorded);
	for (size_t i = 0; !run->complete && i < run->services.count; i++)
		swk_upstreams_free(&run->services.list[i].upstreams);
}

static int remember(struct swk_run *run)
{
	int status;

	/* Of what Consul says, nothing was acted on. */
	if (run->on_hold)
		return swk_run_save_state(run, false);
	status = swk_run_remember(run);
	return status ? status : swk_run_remember_checks(run);
}

/* The time since the last step's end went into this one, whether it failed or not. */
static void took(struct swk_run *run, enum swk_step step)
{
	int64_t now = run->settings->metrics_file ? swk_now_us() : 0;

	run->report->steps[step] += now - run->step_began;
	run->step_began = now;
}

/* From what is wanted on. */
static int carry_through(struct swk_run *run)
{
	int status = swk_run_persist(run);

	took(run, SWK_STEP_WRITE);
	if (!status && run->settings->dry_run)
		status = swk_run_describe_targets(run);
	else if (!status)
		status = swk_run_reconcile(run);
	took(run, SWK_STEP_SEND);
	if (!status && !run->settings->dry_run)
		status = remember(run);
	if (!status)
		count(run);
	took(run, SWK_STEP_REMEMBER);
	if (!status && !run->settings->dry_run)
		status = read_again(run);
	took(run, SWK_STEP_VERIFY);
	return status;
}

static int read_all(struct swk_run *run, int descriptor)
{
	int status = swk_run_open_targets(run);

	if (!status)
		status = swk_consul_init(&run->consul, &run->settings->consul,
					 run->settings->token_file, run->error);
	if (!status)
		status = swk_run_read_document(run, descriptor);
	took(run, SWK_STEP_READ);
	if (!status)
		status = swk_run_lock_and_read(run);
	took(run, SWK_STEP_LOCK);
	if (!status)
		status = swk_run_obey_hold(run);
	return status;
}

static int find_out(struct swk_run *run)
{
	int status = swk_run_ask_consul(run);

	took(run, SWK_STEP_CONSUL);
	if (!status)
		status = read_live(run);
	if (!status)
		status = swk_run_record_survivors(run);
	took(run, SWK_STEP_LIVE);
	if (!status)
		status = swk_run_decide(run);
	if (!status)
		status = swk_run_describe_changes(run);
	if (run->on_hold)
		swk_run_keep_as_is(run);
	if (!status)
		status = swk_run_report_health(run);
	forget_what_led_to_it(run);
	took(run, SWK_STEP_DECIDE);
	return status;
}

static int steps(struct swk_run *run, int descriptor)
{
	int status = read_all(run, descriptor);

	if (!status)
		status = find_out(run);
	if (!status)
		status = swk_run_probe_before_sending(run);
	took(run, SWK_STEP_LIVE);
	return status ? status : carry_through(run);
}

/* The hold comes first, so that nothing is done to what was put back. */
static int undo_steps(struct swk_run *run, const struct swk_hold *hold)
{
	int status = swk_run_open_targets(run);

	if (!status)
		status = swk_run_lock_and_read(run);
	if (!status)
		status = swk_run_read_previous(run);
	if (!status)
		status = swk_run_begin_hold(run, hold, SWK_NOTE_DETAIL);
	if (!status)
		status = swk_run_read_live(run, 1);
	if (!status)
		status = swk_run_record_survivors(run);
	if (!status)
		status = swk_run_plan_undo(run);
	if (!status)
		status = swk_run_describe_changes(run);
	return status ? status : carry_through(run);
}

int swk_apply_check(const struct swk_settings *settings, struct swk_error *error)
{
	struct swk_report report;
	struct swk_run run;
	int status;

	swk_report_init(&report);
	swk_run_begin(&run, settings, &report, error);
	status = run.http ? swk_run_open_targets(&run) : error->status;
	if (!status)
		status = swk_consul_init(&run.consul, &settings->consul, settings->token_file,
					 error);
	swk_run_finish(&run);
	swk_report_free(&report);
	return status;
}

/* What became of everything, where a run ended early. */
static const char *outcome(const struct swk_run *run)
{
	if (run->touched)
		return "; the conf file or nginx may be changed already";
	return run->hold_changed ? "; but for the hold, nothing was changed"
				 : "; nothing was changed";
}

static int end(struct swk_run *run, int status)
{
	bool dry_run = run->settings->dry_run;

	if (status && !run->touched && !dry_run)
		swk_report_forget_differences(run->report);
	/* What was wrong is known where it happened. */
	if (status && status != SWK_USAGE && status != SWK_CONFIG)
		swk_error_add(run->error, outcome(run));
	if (!status)
		status = swk_report_status(run->report);
	/* A look has nothing held back or owed of its own. */
	if (!run->error->status && dry_run && status != SWK_UNAVAILABLE)
		status = 0;
	run->report->milliseconds = swk_now_ms() - run->began;
	swk_run_finish(run);
	return status;
}

int swk_apply(const struct swk_settings *settings, int descriptor, struct swk_report *report,
	      struct swk_decisions *decisions, struct swk_error *error)
{
	struct swk_run run;

	swk_run_begin(&run, settings, report, error);
	run.policy.decisions = decisions;
	return end(&run, run.http ? steps(&run, descriptor) : error->status);
}

int swk_apply_undo(const struct swk_settings *settings, const struct swk_hold *hold,
		   struct swk_report *report, struct swk_error *error)
{
	struct swk_run run;

	swk_run_begin(&run, settings, report, error);
	return end(&run, run.http ? undo_steps(&run, hold) : error->status);
}

int swk_apply_hold(const struct swk_settings *settings, const struct swk_hold *hold,
		   struct swk_report *report, struct swk_error *error)
{
	struct swk_run run;
	int status;

	swk_run_begin(&run, settings, report, error);
	status = swk_store_open(&run.store, settings->conf, error);
	if (!status)
		status = swk_store_lock(&run.store, run.deadline, &run.waited, error);
	if (!status)
		status = swk_run_begin_hold(&run, hold, SWK_NOTE_WARNING);
	return end(&run, status);
}
