/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "run/run.h"
#include "run/side_by_side.h"

/* What one target is sent. */
struct sending {
	struct swk_run *run;
	struct swk_plan plan;
	struct swk_upstreams fitted; /* the plan borrows from this or from run->desired, */
	struct swk_names pending;    /* and from this copy */
	struct swk_target_outcome *outcomes;
	size_t explained; /* pending, but held back or due: the next run need not send it */
};

/* Makes a plan pending before it is sent. A run that is killed may have changed only a part of the
 * target, and a sample of that part would show no difference. */
static int record_plan(struct swk_run *run, struct swk_names *pending, const struct swk_plan *plan)
{
	int status = 0;

	for (size_t i = 0; !status && i < plan->count; i++)
		status = swk_names_add(pending, plan->list[i].name, run->error);
	return status;
}

static int plan_all(struct swk_run *run, struct sending *sendings, bool may_go_back)
{
	bool added = false;

	for (size_t i = 0; i < run->target_count; i++) {
		struct sending *sending = &sendings[i];
		struct swk_names *pending =
			&swk_state_find_target(&run->state, run->targets[i].name)->pending;
		size_t before = pending->count;
		const struct swk_upstreams *desired = swk_run_fitted(
			run, &run->targets[i], &run->desired, true, &sending->fitted);

		sending->run = run;
		if (!desired || swk_names_add_all(&sending->pending, pending, run->error) ||
		    swk_plan_make(&sending->plan, desired, &run->changes, &sending->pending,
				  &run->targets[i].excluded, &run->targets[i].live, run->error) ||
		    record_plan(run, pending, &sending->plan))
			return run->error->status;
		for (size_t j = 0; may_go_back && j < sending->plan.count; j++)
			swk_run_find_confirmed(run, &sending->plan.list[j]);
		sending->outcomes = calloc(sending->plan.count + 1, sizeof(*sending->outcomes));
		if (!sending->outcomes)
			return swk_error_memory(run->error);
		added |= pending->count > before;
	}
	return added ? swk_run_save_state(run, false) : 0;
}

static int send(struct swk_target *target, void *context, struct swk_error *error)
{
	struct sending *sending = context;

	return target->kind->apply(target, &sending->plan, sending->outcomes,
				   sending->run->deadline, error);
}

/* ---- progress ---- */

/* Only of a run with one target: several would share one line. */
static void show_progress(struct swk_target *target, size_t done)
{
	const struct sending *sending = target->context;

	if (done < sending->plan.count)
		swk_report_progress(sending->run->report, target->name, "upstreams", done,
				    sending->plan.count);
}

static void begin_progress(struct swk_run *run, struct sending *sending)
{
	run->targets->context = sending;
	run->targets->progress = show_progress;
	swk_report_progress(run->report, run->targets->name, "upstreams", 0, sending->plan.count);
}

/* ---- outcomes ---- */

/* Notes whether an earlier request may still change an upstream. Returns whether one may have done
 * so: then the change that was confirmed is sent once more. */
static bool was_late(struct swk_run *run, const struct swk_target *target,
		     const struct swk_operation *operation,
		     const struct swk_target_outcome *outcome)
{
	struct swk_names *late = &swk_state_find_target(&run->state, target->name)->late;

	if (outcome->late)
		(void)swk_names_add(late, operation->name, run->error);
	if (outcome->result != SWK_TARGET_DONE || !swk_names_contain(late, operation->name))
		return false;
	swk_names_remove(late, operation->name);
	swk_report_note(run->report, SWK_NOTE_PENDING,
			"%s: upstream %s is sent once more by the next run, because an earlier "
			"request, whose answer was not awaited, may have come after this one",
			target->name, operation->name);
	return true;
}

/* What an outcome's reason is to an operator. */
static const enum swk_note_kind note_kinds[] = {
	[SWK_TARGET_PENDING] = SWK_NOTE_PENDING,     [SWK_TARGET_DONE] = SWK_NOTE_DETAIL,
	[SWK_TARGET_REFUSED] = SWK_NOTE_PENDING,     [SWK_TARGET_INVALID] = SWK_NOTE_PENDING,
	[SWK_TARGET_DRAINING] = SWK_NOTE_WARNING,    [SWK_TARGET_UNDECLARED] = SWK_NOTE_WARNING,
	[SWK_TARGET_HELD_BACK] = SWK_NOTE_HELD_BACK, [SWK_TARGET_DUE] = SWK_NOTE_DUE,
};

static int take_outcome(struct swk_run *run, struct swk_target *target,
			struct swk_target_report *report, const struct swk_operation *operation,
			const struct swk_target_outcome *outcome, struct swk_names *left)
{
	bool update = operation->upstream;

	if (was_late(run, target, operation, outcome))
		return swk_names_add(left, operation->name, run->error);

	if (outcome->reason)
		swk_report_note_once(run->report, note_kinds[outcome->result], outcome->reason);
	switch (outcome->result) {
	case SWK_TARGET_DONE:
		(*(update ? &report->updated : &report->deleted))++;
		if (swk_names_add(&run->final, operation->name, run->error) ||
		    (run->survey && swk_names_add(&target->confirmed, operation->name, run->error)))
			return run->error->status;
		return swk_names_add(update ? &run->updated : &run->deleted, operation->name,
				     run->error);
	case SWK_TARGET_INVALID:
		if (!run->rejection)
			run->rejection = strdup(outcome->reason ? outcome->reason : "");
		if (!run->rejection)
			return swk_error_memory(run->error);
		return swk_names_add(&run->refused, operation->name, run->error);
	case SWK_TARGET_DRAINING:
	case SWK_TARGET_UNDECLARED:
		return 0;
	default:
		return swk_names_add(left, operation->name, run->error);
	}
}

static void note_pending(struct swk_run *run, const struct swk_target *target, size_t pending)
{
	if (run->live_read && target->live.readable == SWK_READ_NOTHING)
		swk_report_note(run->report, SWK_NOTE_PENDING, "%s", target->trouble.text);
	if (pending)
		swk_report_note(run->report, SWK_NOTE_PENDING,
				"%s: %zu upstream%s pending; the next run sends %s", target->name,
				pending, pending == 1 ? " is" : "s are",
				pending == 1 ? "it" : "them");
}

static int take_outcomes(struct swk_run *run, size_t number, struct sending *sending)
{
	struct swk_target *target = &run->targets[number];
	struct swk_target_report *report = &run->report->targets[number];
	struct swk_names left = {0}, *pending;
	int status = 0;

	for (size_t i = 0; !status && i < sending->plan.count; i++) {
		const struct swk_target_outcome *outcome = &sending->outcomes[i];

		status = take_outcome(run, target, report, &sending->plan.list[i], outcome, &left);
		sending->explained += outcome->result == SWK_TARGET_HELD_BACK ||
				      outcome->result == SWK_TARGET_DUE;
	}
	if (status) {
		swk_names_free(&left);
		return status;
	}
	pending = &swk_state_find_target(&run->state, target->name)->pending;
	swk_names_free(pending);
	*pending = left;
	report->pending = pending->count;
	return 0;
}

static void free_sending(struct sending *sending)
{
	for (size_t i = 0; sending->outcomes && i < sending->plan.count; i++)
		free(sending->outcomes[i].reason);
	free(sending->outcomes);
	swk_plan_free(&sending->plan);
	swk_names_free(&sending->pending);
	swk_upstreams_free(&sending->fitted);
}

/* A silent target is not waited for while another run waits for the lock, or if it was behind
 * before: what is pending there then is for a full run. */
static bool is_late(const struct swk_target *target, int64_t silent_ms, bool others, void *context)
{
	const struct swk_run *run = context;

	if (silent_ms < SWK_TARGET_CHANGE_SILENT_MS)
		return false;
	return swk_store_has_waiter(&run->store) || (others && target->behind && !run->full);
}

/* Writes what targets load when they start, before any is changed. */
static int prepare_all(struct swk_run *run, const struct sending *sendings)
{
	int status = 0;

	swk_run_inform_targets(run);
	for (size_t i = 0; !status && i < run->target_count; i++) {
		struct swk_target *target = &run->targets[i];

		if (sendings[i].plan.count && target->kind->prepare)
			status = target->kind->prepare(target, &sendings[i].plan, run->error);
	}
	return status;
}

/* Sends the plans, to all targets at once that have one and answer. */
static int send_all(struct swk_run *run, struct sending *sendings)
{
	struct swk_work *work = calloc(run->target_count, sizeof(*work));
	size_t count = 0, answering = 0;
	int status;

	if (!work)
		return swk_error_memory(run->error);
	for (size_t i = 0; i < run->target_count; i++)
		answering += !run->targets[i].given_up;
	for (size_t i = 0; i < run->target_count; i++) {
		struct swk_target *target = &run->targets[i];

		target->alone = answering <= 1;
		if (sendings[i].plan.count && !target->given_up)
			work[count++] = (struct swk_work){.target = target, send, &sendings[i]};
	}
	if (run->target_count == 1)
		begin_progress(run, sendings);
	status = swk_side_by_side(work, count, swk_run_may_be_late(run) ? is_late : NULL, run,
				  run->error);
	if (run->target_count == 1)
		swk_report_progress(run->report, run->targets->name, "upstreams",
				    sendings->plan.count, sendings->plan.count);
	free(work);
	return status;
}

/* With `may_go_back`, run->refused gets what FILE can go back from. */
static int reconcile_once(struct swk_run *run, bool may_go_back)
{
	struct sending *sendings = calloc(run->target_count, sizeof(*sendings));
	int status = sendings ? plan_all(run, sendings, may_go_back) : swk_error_memory(run->error);

	if (!status)
		status = swk_store_check_lock(&run->store, run->error);
	if (!status) {
		run->touched = true;
		status = prepare_all(run, sendings);
	}
	if (!status)
		status = send_all(run, sendings);
	for (size_t i = 0; !status && i < run->target_count; i++)
		status = take_outcomes(run, i, &sendings[i]);
	/* If FILE goes back, everything is sent once more. */
	for (size_t i = 0; !status && !run->refused.count && i < run->target_count; i++)
		note_pending(run, &run->targets[i],
			     run->report->targets[i].pending - sendings[i].explained);
	run->report->updated = run->updated.count;
	run->report->deleted = run->deleted.count;
	for (size_t i = 0; sendings && i < run->target_count; i++)
		free_sending(&sendings[i]);
	free(sendings);
	return status;
}

int swk_run_reconcile(struct swk_run *run)
{
	/* FILE stays as it is on hold, and after an undo. */
	int status = reconcile_once(run, !run->on_hold && !run->hold);

	if (!status && run->refused.count && !swk_run_roll_back(run)) {
		swk_names_free(&run->refused);
		status = reconcile_once(run, false);
	}
	swk_run_forget_confirmed(run);
	swk_run_note_refusals(run);
	return status ? status : run->error->status;
}
