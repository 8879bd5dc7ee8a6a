/* SPDX-License-Identifier: MIT */
#include "run/apply.h"

#include <time.h>

#include "base/deadline.h"
#include "base/file.h"
#include "run/run.h"

/* A part of a target that was restarted may have old upstreams. So with --verify, a full run reads
 * each part. */
static enum swk_depth depth(const struct swk_run *run)
{
	return run->full && run->settings->verify ? SWK_DEPTH_PARTS : SWK_DEPTH_STATE;
}

/* ---- reading again ---- */

int swk_run_catch_up(struct swk_run *run, enum swk_depth depth)
{
	int status;

	run->of_few = false;
	status = swk_run_lock_and_read(run);
	run->catching_up = true;
	swk_report_forget(run->report, SWK_NOTE_PENDING);
	swk_report_forget(run->report, SWK_NOTE_DUE);
	if (status)
		return status;
	swk_run_end_wait(run);
	/* A hold may have begun meanwhile. */
	run->on_hold |= swk_file_exists(run->store.hold);
	swk_run_keep_as_is(run);
	if (swk_run_find_excluded(run) || swk_run_read_live(run, depth) ||
	    swk_run_record_survivors(run) || swk_run_reconcile(run))
		return run->error->status;
	/* Leaves the indexes alone: those in FILE.state may be newer than this run's. */
	if (!swk_report_status(run->report))
		run->state.success = (int64_t)time(NULL);
	return swk_run_save_state(run, false);
}

/* Waits until each part of each target has the changes, then reads it. */
static int verify(struct swk_run *run)
{
	struct timespec pause;
	long wait = 0;

	for (size_t i = 0; i < run->target_count; i++) {
		if (wait < (long)run->targets[i].delay_ms)
			wait = (long)run->targets[i].delay_ms;
	}
	wait = swk_deadline_left(run->deadline, wait);
	pause = (struct timespec){wait / 1000, wait % 1000 * 1000000};

	swk_run_unlock(run);
	(void)nanosleep(&pause, NULL);
	return swk_run_catch_up(run, SWK_DEPTH_PARTS);
}

/* Waits for a target that may answer soon, without the lock, so that other runs need not wait for
 * it. */
static int catch_up_with_late(struct swk_run *run)
{
	bool answered;

	if (!swk_run_is_awaiting(run))
		return 0;
	swk_store_unlock(&run->store);
	if (swk_run_await(run, &answered))
		return run->error->status;
	/* Only the check still needs the lock. */
	if (!answered)
		return run->settings->fleet_check ? swk_run_lock_again(run) : 0;
	swk_run_unlock(run);
	return swk_run_catch_up(run, depth(run));
}

/* Waits for the reloads that are due, without the lock: what other runs change meanwhile is loaded
 * together. */
static int catch_up_when_due(struct swk_run *run)
{
	int status = 0;

	while (!status && swk_run_is_due(run) && swk_deadline_left(run->deadline, 1)) {
		swk_run_unlock(run);
		swk_run_await_due(run);
		status = swk_run_catch_up(run, depth(run));
	}
	return status;
}

/* ---- the steps ---- */

static int read_live(struct swk_run *run)
{
	return run->full ? swk_run_read_live(run, depth(run)) : swk_run_probe_names(run);
}

/* A dry run may describe everything, and a request may be about everything. */
static int choose_reading(struct swk_run *run)
{
	run->of_few = !run->complete && !run->settings->dry_run && !run->settings->requests &&
		      !run->local;
	return 0;
}

static int read_live_once(struct swk_run *run)
{
	return swk_run_read_live(run, SWK_DEPTH_STATE);
}

/* On hold, only the report shows the decisions. */
static int keep_as_is_on_hold(struct swk_run *run)
{
	if (run->on_hold && run->survey) {
		run->withheld = run->desired;
		run->withheld_all = true;
		run->desired = (struct swk_upstreams){0};
	}
	if (run->on_hold)
		swk_run_keep_as_is(run);
	return 0;
}

/* After a large document each of these is several MB, and from here on the desired state is enough.
 * A complete run still needs the services' upstreams for FILE.checks, and the answer to a request
 * counts their servers. */
static int free_inputs(struct swk_run *run)
{
	swk_upstreams_free(&run->recorded);
	for (size_t i = 0; !run->complete && !run->requested && i < run->services.count; i++)
		swk_upstreams_free(&run->services.list[i].upstreams);
	return 0;
}

static int begin_hold(struct swk_run *run)
{
	return swk_run_begin_hold(run, run->hold, SWK_NOTE_DETAIL);
}

static int send_or_describe(struct swk_run *run)
{
	return run->settings->dry_run ? swk_run_describe_targets(run) : swk_run_reconcile(run);
}

static int remember(struct swk_run *run)
{
	int status;

	if (run->settings->dry_run)
		return 0;
	/* On hold, the run did not act on Consul's answers, so it does not remember them. */
	if (run->on_hold)
		return swk_run_save_state(run, false);
	status = swk_run_remember(run);
	return status ? status : swk_run_remember_checks(run);
}

static int count(struct swk_run *run)
{
	const struct swk_state_conf conf = swk_run_count(run, &run->desired);
	struct swk_report *report = run->report;

	if (run->store.unsynced)
		swk_report_note(
			report, SWK_NOTE_DETAIL,
			"%s cannot be synced, so a crash of the machine may undo this change",
			run->store.directory);
	report->finished = true;
	report->whole = swk_run_knows_all(run) && !report->counted[SWK_NOTE_UNAVAILABLE];
	report->services = run->services.count + run->keys.count;
	report->upstreams = conf.upstreams;
	report->servers = conf.servers;
	report->index = swk_run_index(run);
	return 0;
}

/* The survey is made without the lock, which the check needs. */
static int fill_in_survey(struct swk_run *run)
{
	if (run->survey && run->full)
		swk_run_update_check(run, swk_report_status(run->report));
	return swk_run_fill_in_survey(run);
}

/* The check of a host of the fleet changed, and nothing else. */
static int end_if_known(struct swk_run *run)
{
	if (!swk_run_knows_document(run))
		return 0;
	swk_report_note(run->report, SWK_NOTE_DETAIL,
			"only checks of swk-apply have changed, so Consul is not asked");
	swk_run_keep_as_is(run);
	run->over = true;
	return count(run);
}

static int read_again(struct swk_run *run)
{
	int status;

	if (run->settings->dry_run)
		return 0;
	status = catch_up_with_late(run);
	if (!status)
		status = catch_up_when_due(run);
	if (status || !run->settings->verify || (!run->updated.count && !run->deleted.count))
		return status;
	status = verify(run);
	return status ? status : catch_up_when_due(run);
}

/* ---- whole runs ---- */

struct step {
	int (*take)(struct swk_run *run);
	enum swk_step timed; /* the step to which its time counts */
};

static const struct step decide_steps[] = {
	{swk_run_open_targets, SWK_STEP_READ},
	{swk_run_open_consul, SWK_STEP_READ},
	{swk_run_read_document, SWK_STEP_READ},
	{choose_reading, SWK_STEP_READ},
	{swk_run_lock_and_read, SWK_STEP_LOCK},
	{swk_run_obey_hold, SWK_STEP_LOCK},
	{swk_run_take_requests, SWK_STEP_CONSUL},
	{end_if_known, SWK_STEP_CONSUL},
	{swk_run_ask_consul, SWK_STEP_CONSUL},
	{swk_run_complete_excerpt, SWK_STEP_LOCK},
	{read_live, SWK_STEP_LIVE},
	{swk_run_record_survivors, SWK_STEP_LIVE},
	{swk_run_decide, SWK_STEP_DECIDE},
	{swk_run_describe_changes, SWK_STEP_DECIDE},
	{keep_as_is_on_hold, SWK_STEP_DECIDE},
	{swk_run_reopen_requests, SWK_STEP_DECIDE},
	{swk_run_note_change, SWK_STEP_DECIDE},
	{swk_run_note_confirmed, SWK_STEP_DECIDE},
	{swk_run_report_health, SWK_STEP_DECIDE},
	{free_inputs, SWK_STEP_DECIDE},
	{swk_run_probe_before_sending, SWK_STEP_LIVE},
	{.take = NULL},
};

/* The hold comes first, so that no later run changes what was restored. */
static const struct step undo_steps[] = {
	{swk_run_open_targets, SWK_STEP_READ},
	{swk_run_lock_and_read, SWK_STEP_LOCK},
	{swk_run_read_earlier, SWK_STEP_LOCK},
	{begin_hold, SWK_STEP_LOCK},
	{read_live_once, SWK_STEP_LIVE},
	{swk_run_record_survivors, SWK_STEP_LIVE},
	{swk_run_plan_undo, SWK_STEP_DECIDE},
	{swk_run_reopen_requests, SWK_STEP_DECIDE},
	{swk_run_describe_changes, SWK_STEP_DECIDE},
	{swk_run_note_change, SWK_STEP_DECIDE},
	{swk_run_note_confirmed, SWK_STEP_DECIDE},
	{.take = NULL},
};

/* What follows once the desired state is known. */
static const struct step carry_out_steps[] = {
	{swk_run_persist, SWK_STEP_WRITE}, /* before a target is changed */
	{send_or_describe, SWK_STEP_SEND},
	{remember, SWK_STEP_REMEMBER},
	{count, SWK_STEP_REMEMBER},
	{read_again, SWK_STEP_VERIFY},
	{swk_run_answer_requests, SWK_STEP_VERIFY},
	{fill_in_survey, SWK_STEP_VERIFY},
	{.take = NULL},
};

/* Counts the time since the previous step's end to this step, even if it failed. */
static void count_time(struct swk_run *run, enum swk_step step)
{
	int64_t now = run->settings->metrics_file ? swk_now_us() : 0;

	run->report->steps[step] += now - run->step_began;
	run->step_began = now;
}

/* Takes the steps up to the first that fails. */
static int take_steps(struct swk_run *run, const struct step *steps)
{
	int status = 0;

	for (; !status && !run->over && steps->take; steps++) {
		status = steps->take(run);
		count_time(run, steps->timed);
	}
	return status;
}

static int take_all_steps(struct swk_run *run, const struct step *first)
{
	int status = run->http ? take_steps(run, first) : run->error->status;

	if (!status)
		return take_steps(run, carry_out_steps);
	/* Nothing was decided, but the fleet awaits an answer nevertheless. */
	if (status == SWK_HELD_BACK && !run->error->status && swk_run_answer_requests(run))
		status = run->error->status;
	return status;
}

int swk_apply_check(const struct swk_settings *settings, struct swk_error *error)
{
	struct swk_report report;
	struct swk_run run;
	int status = 0;

	swk_report_init(&report);
	swk_run_begin(&run, settings, &report, error);
	if (!run.http || swk_run_open_targets(&run) || swk_run_open_consul(&run))
		status = error->status;
	swk_run_finish(&run);
	swk_report_free(&report);
	return status;
}

/* What a run changed before it ended early. */
static const char *outcome(const struct swk_run *run)
{
	if (run->touched)
		return "; the conf file or a proxy may already be changed, and the next run "
		       "completes that";
	return run->hold_changed ? "; nothing but the hold was changed" : "; nothing was changed";
}

static int end(struct swk_run *run, int status)
{
	bool dry_run = run->settings->dry_run;

	if (status == SWK_HELD_BACK && !run->error->status)
		swk_run_journal_guard(run);
	if (status && !run->touched && !dry_run)
		swk_report_forget_differences(run->report);
	/* A wrong option or setting ends a run before it changes anything. */
	if (status && status != SWK_USAGE && status != SWK_CONFIG)
		swk_error_add(run->error, outcome(run));
	if (!status)
		status = swk_report_status(run->report);
	/* A dry run sends nothing, so nothing is unconfirmed. */
	if (!run->error->status && dry_run && status == SWK_TEMPFAIL)
		status = 0;
	swk_run_update_check(run, status);
	run->report->milliseconds = swk_now_ms() - run->began;
	swk_run_finish(run);
	return status;
}

/* A document without news costs no request, and nothing is written. */
static int answer_document(struct swk_run *run)
{
	const struct swk_settings *settings = run->settings;
	bool news;

	if (settings->resync || settings->service || settings->dry_run)
		return swk_error_set(
			run->error, SWK_USAGE,
			"--requests is about requests of the fleet: leave out --resync, "
			"--service and --dry-run");
	if (!run->http || swk_run_find_requests(run, &news))
		return run->error->status;
	return news ? take_all_steps(run, decide_steps) : 0;
}

int swk_apply(const struct swk_settings *settings, int descriptor, struct swk_report *report,
	      struct swk_decisions *decisions, struct swk_survey *survey, struct swk_error *error)
{
	struct swk_run run;

	swk_run_begin(&run, settings, report, error);
	run.survey = survey;
	run.policy.decisions = survey ? &survey->decisions : decisions;
	run.descriptor = descriptor;
	if (settings->requests)
		return end(&run, answer_document(&run));
	return end(&run, take_all_steps(&run, decide_steps));
}

int swk_apply_requests(const struct swk_settings *settings, int64_t deadline,
		       struct swk_requests *requests, struct swk_acks *acks,
		       struct swk_report *report, struct swk_error *error)
{
	struct swk_local_requests local = {.acks = acks};
	struct swk_run run;
	int status = 0;

	swk_run_begin(&run, settings, report, error);
	run.local = &local;
	if (deadline < run.deadline)
		run.deadline = deadline;
	for (size_t i = 0; !status && i < requests->count; i++)
		status = swk_received_add(&local.requests, &requests->list[i], error);
	if (!status)
		status = take_all_steps(&run, decide_steps);
	status = end(&run, status);
	swk_received_free(&local.requests);
	return status;
}

int swk_apply_undo(const struct swk_settings *settings, const struct swk_hold *hold,
		   const struct swk_change_point *point, struct swk_report *report,
		   struct swk_error *error)
{
	struct swk_run run;

	swk_run_begin(&run, settings, report, error);
	run.hold = hold;
	run.point = point;
	return end(&run, take_all_steps(&run, undo_steps));
}

int swk_apply_hold(const struct swk_settings *settings, const struct swk_hold *hold,
		   struct swk_report *report, struct swk_error *error)
{
	struct swk_run run;
	int status = 0;

	swk_run_begin(&run, settings, report, error);
	if (swk_store_open(&run.store, settings->conf, error) ||
	    swk_store_lock(&run.store, run.deadline, &run.waited, error) ||
	    swk_run_begin_hold(&run, hold, SWK_NOTE_WARNING))
		status = error->status;
	else if (run.hold_changed)
		swk_run_journal_action(&run, "hold", hold->holder, hold->reason);
	return end(&run, status);
}

static int reload(struct swk_run *run, const char *name, const struct swk_texts *command)
{
	struct swk_error cause = {0};
	struct swk_target *target;

	if (swk_run_open_targets(run) ||
	    swk_store_open(&run->store, run->settings->conf, run->error))
		return run->error->status;
	target = swk_run_find_target(run, name);
	if (!target)
		return swk_error_set(run->error, SWK_USAGE, "'%s': there is no target of this name",
				     name);
	if (!target->kind->reload)
		return swk_error_set(run->error, SWK_USAGE,
				     "target '%s' has no file of its own, so there is nothing to "
				     "reload",
				     name);
	swk_run_inform_targets(run);
	if (!target->kind->reload(target, command, run->deadline, &cause, run->error) &&
	    cause.status)
		(void)swk_error_set(run->error,
				    cause.status == SWK_DATA ? SWK_TEMPFAIL : cause.status, "%s",
				    cause.text);
	return run->error->status;
}

int swk_apply_reload(const struct swk_settings *settings, const char *target,
		     const struct swk_texts *command, struct swk_error *error)
{
	struct swk_report report;
	struct swk_run run;
	int status;

	swk_report_init(&report);
	swk_run_begin(&run, settings, &report, error);
	status = run.http ? reload(&run, target, command) : error->status;
	swk_run_finish(&run);
	swk_report_free(&report);
	return status;
}
