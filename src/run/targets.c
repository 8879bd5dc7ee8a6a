/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "run/run.h"
#include "target/dyups/dyups.h"
#include "target/plan.h"

/* ---- reading ---- */

/* Refuses the last target if an earlier one has its name or URL: both would share what is
 * pending. */
static int refuse_duplicate(struct swk_run *run)
{
	size_t last = run->target_count - 1;
	const struct swk_target_settings *settings = run->settings->targets;
	const struct swk_target *target = &run->targets[last];

	for (size_t i = 0; i < last; i++) {
		bool same_name = !strcmp(run->targets[i].name, target->name);

		if (same_name || !strcmp(run->targets[i].url, target->url))
			return swk_error_set(
				run->error, settings[last].wrong,
				"%s: there already is a target '%s', from %s", settings[last].where,
				same_name ? target->name : target->url, settings[i].where);
	}
	return 0;
}

int swk_run_open_targets(struct swk_run *run)
{
	const struct swk_settings *settings = run->settings;

	run->targets = calloc(settings->target_count, sizeof(*run->targets));
	if (!run->targets)
		return swk_error_memory(run->error);
	for (size_t i = 0; i < settings->target_count; i++) {
		struct swk_target *target = &run->targets[i];

		if (swk_target_dyups.open(target, &settings->targets[i], run->error))
			return run->error->status;
		target->read_interval = settings->read_interval;
		if (target->port)
			run->policy.reserved[run->policy.reserved_count++] = target->port;
		run->target_count++;
		if (refuse_duplicate(run) ||
		    swk_report_target(run->report, target->name, run->error))
			return run->error->status;
	}
	return 0;
}

/* What to read from the targets: all live state, in so many samples, or only a probe. */
struct question {
	unsigned samples; /* 0: probe */
	const char *name;
};

static int ask(struct swk_run *run, struct swk_target *targets, size_t count,
	       const struct question *question)
{
	if (!question->samples)
		return swk_target_dyups.probe(targets, count, question->name, run->http,
					      run->deadline, run->error);
	return swk_target_dyups.read(targets, count, question->samples, run->http, run->deadline,
				     run->error);
}

/* Asks again while the trouble may pass soon: nginx replaces a dead worker at once. */
static int ask_again(struct swk_run *run, struct swk_target *target,
		     const struct question *question)
{
	const struct question first = {question->samples ? 1 : 0, question->name};
	const struct timespec pause = {0, SWK_TARGET_PAUSE_MS * 1000000L};
	int64_t patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;
	int status = 0;

	while (!status && target->passing && swk_deadline_left(patience, 1) &&
	       swk_deadline_left(run->deadline, 1)) {
		(void)nanosleep(&pause, NULL);
		status = ask(run, target, 1, &first);
		if (!status && question->samples > 1 && !target->given_up)
			status = ask(run, target, 1, question);
	}
	return status;
}

static int ask_all(struct swk_run *run, const struct question *question)
{
	int status = ask(run, run->targets, run->target_count, question);

	for (size_t i = 0; !status && i < run->target_count; i++) {
		struct swk_target *target = &run->targets[i];

		status = ask_again(run, target, question);
		if (target->trouble.status && target->live.readable != SWK_READ_NOTHING)
			swk_report_note(run->report, SWK_NOTE_WARNING, "%s", target->trouble.text);
	}
	run->live_read = true;
	return status;
}

int swk_run_read_live(struct swk_run *run, unsigned samples)
{
	const struct question question = {.samples = samples};

	return ask_all(run, &question);
}

static bool has_new_name(const struct swk_run *run, const struct swk_services *services)
{
	for (size_t i = 0; i < services->count; i++) {
		const struct swk_upstreams *upstreams = &services->list[i].upstreams;

		for (size_t j = 0; j < upstreams->count; j++) {
			if (!swk_upstreams_find(&run->recorded, upstreams->list[j].name))
				return true;
		}
	}
	return false;
}

int swk_run_probe_names(struct swk_run *run)
{
	const struct question question = {.name = NULL};

	if (run->settings->adopt ||
	    (!has_new_name(run, &run->services) && !has_new_name(run, &run->keys)))
		return 0;
	return ask_all(run, &question);
}

/* A name to send or delete, or NULL. */
static const char *name_to_send(const struct swk_run *run)
{
	if (run->changes.count)
		return run->changes.list[0];
	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		/* A target that is not on record is sent the whole of FILE. */
		if (!entry && run->desired.count)
			return run->desired.list[0].name;
		if (entry && entry->pending.count)
			return entry->pending.list[0];
	}
	return NULL;
}

int swk_run_probe_before_sending(struct swk_run *run)
{
	const struct question question = {.name = name_to_send(run)};

	return run->live_read || !question.name ? 0 : ask_all(run, &question);
}

int swk_run_find_unmanaged(struct swk_run *run, struct swk_names *unmanaged)
{
	static const struct swk_names nothing;
	int status = 0;

	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		status = swk_plan_unmanaged(unmanaged, &run->targets[i].live, &run->recorded,
					    entry ? &entry->pending : &nothing, run->error);
	}
	return status;
}

/* ---- sending ---- */

/* Carries out one operation of a plan. If it is not confirmed, adds it to `left`: it stays
 * pending. */
static int carry_out(struct swk_run *run, struct swk_target *target,
		     const struct swk_operation *operation, int64_t deadline,
		     struct swk_names *left)
{
	const struct swk_target_kind *kind = target->kind;
	enum swk_target_result result = SWK_TARGET_PENDING;
	struct swk_error cause = {0};

	if (target->given_up)
		return swk_names_add(left, operation->name, run->error);
	if (operation->upstream)
		result = kind->update(target, run->http, operation->upstream, deadline, &cause);
	else
		result = kind->delete (target, run->http, operation->name, deadline, &cause);
	if (result == SWK_TARGET_DONE)
		return swk_names_add(operation->upstream ? &run->updated : &run->deleted,
				     operation->name, run->error);
	swk_report_note(run->report, SWK_NOTE_PENDING, "%s", cause.text);
	return swk_names_add(left, operation->name, run->error);
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

/* Carries out a target's plan, which includes all that is pending for it. Each target gets an equal
 * share of the time that is left. */
static int reconcile_target(struct swk_run *run, size_t number, const struct swk_plan *plan)
{
	int64_t now = swk_now_ms();
	int64_t deadline = now + (run->deadline - now) / (int64_t)(run->target_count - number);
	struct swk_target *target = &run->targets[number];
	struct swk_target_report *report = &run->report->targets[number];
	struct swk_names left = {0}, *pending;
	int status = 0;

	for (size_t i = 0; !status && i < plan->count; i++) {
		size_t before = left.count;

		swk_report_progress(run->report, target->name, "upstreams", i, plan->count);
		status = carry_out(run, target, &plan->list[i], deadline, &left);
		if (!status && left.count == before)
			(*(plan->list[i].upstream ? &report->updated : &report->deleted))++;
	}
	swk_report_progress(run->report, target->name, "upstreams", plan->count, plan->count);
	if (status) {
		swk_names_free(&left);
		return status;
	}
	pending = &swk_state_find_target(&run->state, target->name)->pending;
	swk_names_free(pending);
	*pending = left;
	report->pending = pending->count;
	note_pending(run, target, pending->count);
	return 0;
}

/* Makes a plan pending before it is sent. A run that is killed may have changed only one worker,
 * and a sample of that one would show no difference. */
static int record_plan(struct swk_run *run, size_t number, const struct swk_plan *plan)
{
	struct swk_names *pending =
		&swk_state_find_target(&run->state, run->targets[number].name)->pending;
	int status = 0;

	for (size_t i = 0; !status && i < plan->count; i++)
		status = swk_names_add(pending, plan->list[i].name, run->error);
	return status;
}

/* Makes each target's plan. Its names are borrowed from `desired` and from `pending`, which gets a
 * copy of what is pending for the target. */
static int plan_all(struct swk_run *run, struct swk_plan *plans, struct swk_names *pending)
{
	bool added = false;

	for (size_t i = 0; i < run->target_count; i++) {
		struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);
		size_t before = entry->pending.count;

		if (swk_names_add_all(&pending[i], &entry->pending, run->error) ||
		    swk_plan_make(&plans[i], &run->desired, &run->changes, &pending[i],
				  &run->targets[i].live, run->error) ||
		    record_plan(run, i, &plans[i]))
			return run->error->status;
		added |= entry->pending.count > before;
	}
	return added ? swk_run_save_state(run, false) : 0;
}

int swk_run_reconcile(struct swk_run *run)
{
	struct swk_plan *plans = calloc(run->target_count, sizeof(*plans));
	struct swk_names *pending = calloc(run->target_count, sizeof(*pending));
	int status =
		plans && pending ? plan_all(run, plans, pending) : swk_error_memory(run->error);

	for (size_t i = 0; !status && i < run->target_count; i++) {
		run->touched = true;
		status = reconcile_target(run, i, &plans[i]);
	}
	run->report->updated = run->updated.count;
	run->report->deleted = run->deleted.count;
	for (size_t i = 0; i < run->target_count; i++) {
		if (plans)
			swk_plan_free(&plans[i]);
		if (pending)
			swk_names_free(&pending[i]);
	}
	free(plans);
	free(pending);
	return status;
}

/* ---- deleted but live ---- */

int swk_run_record_survivors(struct swk_run *run)
{
	const struct swk_names *gone = &run->state.gone;
	int status = 0;

	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_upstreams *live = &run->targets[i].live.upstreams;
		struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		for (size_t j = 0; !status && entry && j < gone->count; j++) {
			const struct swk_upstream *upstream =
				swk_upstreams_find(live, gone->list[j]);

			if (upstream && (upstream->switches >= SWK_SWITCHES_MIN ||
					 swk_names_contain(&run->deleted, gone->list[j])))
				status = swk_names_add(&entry->pending, gone->list[j], run->error);
		}
	}
	return status;
}

/* ---- unreachable targets ---- */

/* Whether a target is unreachable and has something pending. */
static bool is_awaited(const struct swk_run *run, const struct swk_target *target)
{
	const struct swk_state_target *entry = swk_state_find_target(&run->state, target->name);

	return target->unreachable && entry && entry->pending.count;
}

bool swk_run_is_unreachable(const struct swk_run *run)
{
	for (size_t i = 0; i < run->target_count; i++) {
		if (is_awaited(run, &run->targets[i]))
			return true;
	}
	return false;
}

bool swk_run_await_unreachable(struct swk_run *run)
{
	const struct timespec pause = {0, SWK_TARGET_PAUSE_MS * 1000000L};
	int64_t patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;
	struct swk_error ignored = {0};

	while (swk_deadline_left(patience, 1) && swk_deadline_left(run->deadline, 1)) {
		(void)nanosleep(&pause, NULL);
		for (size_t i = 0; i < run->target_count; i++) {
			struct swk_target *target = &run->targets[i];

			if (is_awaited(run, target) &&
			    !target->kind->read(target, 1, 1, run->http, run->deadline, &ignored) &&
			    !target->unreachable)
				return true;
		}
	}
	return false;
}

/* ---- describing ---- */

static int describe(struct swk_run *run, const struct swk_upstream *before,
		    const struct swk_upstream *after, bool pending, const char *target)
{
	struct swk_buffer text;
	char sign = '~';
	int status;

	if (!before)
		sign = '+';
	else if (!after)
		sign = '-';
	swk_buffer_init(&text, SWK_CONF_MAX);
	if (pending && before && after && swk_upstream_same_servers(before, after))
		status = swk_buffer_print(&text, run->error, "%s: pending", after->name);
	else
		status = swk_plan_describe(&text, before, after, run->error);
	if (!status)
		status = swk_report_difference(run->report, sign, text.data, target, run->error);
	swk_buffer_free(&text);
	return status;
}

int swk_run_describe_changes(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->changes.count; i++) {
		const char *name = run->changes.list[i];

		status = describe(run, swk_upstreams_find(&run->recorded, name),
				  swk_upstreams_find(&run->desired, name), false, NULL);
	}
	return status;
}

/* Without a read of a target's servers, only what is pending is known. */
static int describe_pending(struct swk_run *run, const struct swk_operation *operation,
			    const char *target)
{
	char text[SWK_NAME_MAX + sizeof(": pending")];

	(void)snprintf(text, sizeof(text), "%s%s", operation->name,
		       operation->upstream ? ": pending" : "");
	return swk_report_difference(run->report, operation->upstream ? '~' : '-', text, target,
				     run->error);
}

/* Describes what a target would be sent besides FILE's changes. */
static int describe_target(struct swk_run *run, const struct swk_target *target)
{
	static const struct swk_names nothing;
	const struct swk_state_target *entry = swk_state_find_target(&run->state, target->name);
	struct swk_plan plan = {0};
	int status = swk_plan_make(&plan, &run->desired, &run->changes,
				   entry ? &entry->pending : &nothing, &target->live, run->error);

	for (size_t i = 0; !status && i < plan.count; i++) {
		const struct swk_operation *operation = &plan.list[i];
		const struct swk_upstream *live =
			swk_upstreams_find(&target->live.upstreams, operation->name);

		if (swk_names_contain(&run->changes, operation->name))
			continue;
		if (target->live.readable < SWK_READ_ADDRESSES)
			status = describe_pending(run, operation, target->name);
		else if (live || operation->upstream)
			status = describe(run, live, operation->upstream, operation->pending,
					  target->name);
	}
	swk_plan_free(&plan);
	return status;
}

int swk_run_describe_targets(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];

		if (run->live_read && target->live.readable == SWK_READ_NOTHING)
			swk_report_note(run->report, SWK_NOTE_WARNING, "%s", target->trouble.text);
		else
			status = describe_target(run, target);
	}
	return status;
}
