/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "base/file.h"
#include "run/run.h"
#include "run/side_by_side.h"

/* ---- reading ---- */

/* Refuses the last target if an earlier one has its name, address or file: both would share what is
 * pending, or write over each other. */
static int refuse_duplicate(struct swk_run *run)
{
	size_t last = run->target_count - 1;
	const struct swk_target_settings *settings = run->settings->targets;
	const struct swk_target *target = &run->targets[last];

	for (size_t i = 0; i < last; i++) {
		bool same_name = !strcmp(run->targets[i].name, target->name);

		if (target->file && run->targets[i].file &&
		    swk_file_is_same(run->targets[i].file, target->file))
			return swk_error_set(run->error, settings[last].wrong,
					     "%s: there already is a target that writes '%s', "
					     "from %s",
					     settings[last].where, target->file, settings[i].where);
		if (same_name || !strcmp(run->targets[i].address, target->address))
			return swk_error_set(
				run->error, settings[last].wrong,
				"%s: there already is a target '%s', from %s", settings[last].where,
				same_name ? target->name : target->address, settings[i].where);
	}
	return 0;
}

/* Refuses a page that would overwrite the conf file or a target's. */
static int refuse_page(struct swk_run *run)
{
	const struct swk_settings *settings = run->settings;
	const char *page = settings->page_file;

	if (page && swk_file_is_same(page, settings->conf))
		return swk_error_set(run->error, SWK_CONFIG,
				     "page_file: '%s' is the conf file: the page needs another "
				     "file",
				     page);
	for (size_t i = 0; page && i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];

		if (target->file && swk_file_is_same(page, target->file))
			return swk_error_set(run->error, SWK_CONFIG,
					     "page_file: '%s' is the file of target '%s': the page "
					     "needs another file",
					     page, target->name);
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
		const struct swk_target_settings *its = &settings->targets[i];
		struct swk_target *target = &run->targets[i];

		target->kind = swk_target_kind(its->kind);
		run->target_count++;
		if (target->kind->open(target, settings, its, run->error) ||
		    refuse_duplicate(run) ||
		    swk_report_target(run->report, target->name, run->error))
			return run->error->status;
		if (target->port)
			run->policy.reserved[run->policy.reserved_count++] =
				(struct swk_reserved){target->port, target->kind->words.interface};
	}
	return refuse_page(run);
}

struct swk_target *swk_run_find_target(const struct swk_run *run, const char *name)
{
	for (size_t i = 0; i < run->target_count; i++) {
		if (!strcmp(run->targets[i].name, name))
			return &run->targets[i];
	}
	return NULL;
}

void swk_run_inform_targets(struct swk_run *run)
{
	const char *event = run->hold ? "undo" : swk_event_words[run->report->event];

	for (size_t i = 0; i < run->target_count; i++)
		run->targets[i].run =
			(struct swk_target_run){run->store.conf, event, swk_run_index(run)};
}

/* What to read from the targets. */
struct question {
	struct swk_run *run;
	enum swk_depth depth;
	const char *name;
	bool new_names;	       /* the answer decides whether new upstreams are sent */
	_Atomic bool answered; /* by a target that was late */
};

static int read_target(struct swk_target *target, void *context, struct swk_error *error)
{
	const struct question *question = context;
	const int64_t began = swk_now_us();
	int status = target->kind->read(target, question->depth, question->name,
					question->run->deadline, error);

	target->read_us = swk_now_us() - began;
	swk_names_free(&target->confirmed);
	return status;
}

static int read_late(struct swk_target *target, void *context, struct swk_error *error)
{
	struct question *question = context;
	int status = read_target(target, context, error);

	if (!target->given_up)
		question->answered = true;
	return status;
}

bool swk_run_may_be_late(const struct swk_run *run)
{
	return run->target_count > 1 && run->store.lock_descriptor >= 0;
}

/* Reads one part first, so a target that does not answer costs one request only. */
static int read_again(struct swk_target *target, void *context, struct swk_error *error)
{
	const struct question *question = context;
	struct question first = {.run = question->run, .depth = SWK_DEPTH_STATE};
	int status;

	if (question->depth != SWK_DEPTH_PARTS)
		return read_target(target, context, error);
	status = read_target(target, &first, error);
	return status || target->given_up ? status : read_target(target, context, error);
}

/*
 * Other targets get their changes without a silent one, which this run reads again when it has
 * released the lock. But an upstream that is new must not be sent to a target that has another one
 * of its name: so the first time that a target is silent, a new name waits for it.
 */
static bool is_late(const struct swk_target *target, int64_t silent_ms, bool others, void *context)
{
	const struct question *question = context;

	if (silent_ms < SWK_TARGET_READ_SILENT_MS)
		return false;
	if (question->run->catching_up && swk_store_has_waiter(&question->run->store))
		return true;
	return others && (target->behind || !question->new_names);
}

/* A target that was stopped may answer soon. */
static void note_late(const struct swk_work *work, size_t count)
{
	for (size_t i = 0; i < count; i++)
		work[i].target->passing |= work[i].watch.stop && work[i].target->given_up;
}

/* Reads the targets that match, all at once. */
static int read_matching(struct swk_run *run, struct question *question,
			 bool (*match)(const struct swk_run *run, const struct swk_target *target),
			 int (*take)(struct swk_target *target, void *context,
				     struct swk_error *error))
{
	struct swk_work *work = calloc(run->target_count + 1, sizeof(*work));
	size_t count = 0;
	int status;

	if (!work)
		return swk_error_memory(run->error);
	for (size_t i = 0; i < run->target_count; i++) {
		if (match(run, &run->targets[i]))
			work[count++] =
				(struct swk_work){.target = &run->targets[i], take, question};
	}
	status = swk_side_by_side(work, count, swk_run_may_be_late(run) ? is_late : NULL, question,
				  run->error);
	note_late(work, count);
	free(work);
	return status;
}

static bool is_passing(const struct swk_run *run, const struct swk_target *target)
{
	(void)run;
	return target->passing;
}

/* A target that did not answer in time, or failed too often, is not asked again by this run. */
static bool may_answer(const struct swk_run *run, const struct swk_target *target)
{
	(void)run;
	return !target->given_up || target->unreachable || target->passing;
}

/* Whether no target answers, but one may soon. */
static bool is_answer_near(const struct swk_run *run)
{
	bool near = false;

	for (size_t i = 0; i < run->target_count; i++) {
		if (!run->targets[i].given_up)
			return false;
		near |= run->targets[i].passing;
	}
	return near;
}

static bool has_no_keepalive(const struct swk_upstreams *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (!set->list[i].keepalive)
			return true;
	}
	return false;
}

/* Whether it matters what `keepalive 0;` means to nginx, and a full run may try it. */
static bool may_try(const struct swk_run *run, enum swk_depth depth)
{
	bool matters = has_no_keepalive(&run->recorded);

	if (!run->full || depth < SWK_DEPTH_STATE || run->catching_up || run->on_hold ||
	    run->store.lock_descriptor < 0)
		return false;
	for (size_t i = 0; !matters && i < run->services.count; i++)
		matters = has_no_keepalive(&run->services.list[i].upstreams);
	for (size_t i = 0; !matters && i < run->keys.count; i++)
		matters = has_no_keepalive(&run->keys.list[i].upstreams);
	return matters;
}

/* A full run deletes what earlier runs have taken out of rotation. */
static bool may_delete(const struct swk_run *run)
{
	return run->full && !run->on_hold && run->store.lock_descriptor >= 0;
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

/* Whether the run may add upstreams that must not replace others. */
static bool has_new_names(const struct swk_run *run)
{
	return !run->settings->adopt &&
	       (has_new_name(run, &run->services) || has_new_name(run, &run->keys));
}

/*
 * Reads all targets. While none answers, asks again those that may soon: a proxy replaces a dead
 * process at once. If another target answers, it need not wait: the run comes back to the others
 * when it has sent the rest, and has released the lock.
 */
static int ask_all(struct swk_run *run, enum swk_depth depth, const char *name)
{
	const struct timespec pause = {0, SWK_TARGET_PAUSE_MS * 1000000L};
	bool decides = run->target_count > 1 && depth != SWK_DEPTH_ONE && !run->catching_up;
	struct question question = {.run = run,
				    .depth = depth,
				    .name = name,
				    .new_names = decides && has_new_names(run)};
	int64_t patience;
	bool in_vain;
	int status;

	swk_run_inform_targets(run);
	for (size_t i = 0; i < run->target_count; i++) {
		run->targets[i].may_try = may_try(run, depth);
		run->targets[i].may_delete = may_delete(run);
	}
	status = read_matching(run, &question, may_answer, read_target);
	patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;
	while (!status && is_answer_near(run) && swk_deadline_left(patience, 1) &&
	       swk_deadline_left(run->deadline, 1)) {
		(void)nanosleep(&pause, NULL);
		status = read_matching(run, &question, is_passing, read_again);
	}
	for (size_t i = 0; i < run->target_count; i++)
		run->targets[i].may_try = run->targets[i].may_delete = false;
	in_vain = is_answer_near(run);
	for (size_t i = 0; !status && i < run->target_count; i++) {
		struct swk_target *target = &run->targets[i];
		struct swk_state_target *entry;

		target->passing &= !in_vain;
		if (target->trouble.status && target->live.readable != SWK_READ_NOTHING)
			swk_report_note_once(run->report,
					     target->live.unseen ? SWK_NOTE_PENDING
								 : SWK_NOTE_WARNING,
					     target->trouble.text);
		entry = swk_state_find_target(&run->state, target->name);
		if (entry && target->live.parts.count && !target->live.unseen)
			entry->parts = target->live.parts;
	}
	run->live_read = true;
	return status;
}

int swk_run_read_live(struct swk_run *run, enum swk_depth depth)
{
	return ask_all(run, depth, NULL);
}

int swk_run_probe_names(struct swk_run *run)
{
	return has_new_names(run) ? ask_all(run, SWK_DEPTH_NAMES, NULL) : 0;
}

static const char *first_name(const struct swk_names *names, const struct swk_names *excluded)
{
	for (size_t i = 0; i < names->count; i++) {
		if (!swk_names_contain(excluded, names->list[i]))
			return names->list[i];
	}
	return NULL;
}

/* A name to send or delete, or NULL. */
static const char *name_to_send(const struct swk_run *run)
{
	const char *name = NULL;

	for (size_t i = 0; !name && i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, target->name);

		name = first_name(&run->changes, &target->excluded);
		if (!name && entry)
			name = first_name(&entry->pending, &target->excluded);
		/* A target that is not on record is sent the whole of FILE. */
		for (size_t j = 0; !name && !entry && j < run->desired.count; j++) {
			if (!swk_names_contain(&target->excluded, run->desired.list[j].name))
				name = run->desired.list[j].name;
		}
	}
	return name;
}

int swk_run_probe_before_sending(struct swk_run *run)
{
	const char *name = name_to_send(run);

	return run->live_read || !name ? 0 : ask_all(run, SWK_DEPTH_ONE, name);
}

/* ---- targets that may answer soon ---- */

/*
 * Whether a target may answer soon, and that matters: a change is pending there, or this run was to
 * read everything. After an event, a target that already was behind is left to a later run:
 * Consul's agent delivers the next event when this run has ended.
 */
static bool is_awaited(const struct swk_run *run, const struct swk_target *target)
{
	const struct swk_state_target *entry = swk_state_find_target(&run->state, target->name);
	bool pending = entry && entry->pending.count;

	if (target->behind && !run->full && run->target_count > 1)
		return false;
	return (target->passing && (pending || run->full)) || (target->unreachable && pending);
}

/* When the first target is to get its changes that waits for a reload. */
static int64_t first_due(const struct swk_run *run)
{
	int64_t first = SWK_NO_DEADLINE;

	for (size_t i = 0; i < run->target_count; i++) {
		if (run->targets[i].due && run->targets[i].due < first)
			first = run->targets[i].due;
	}
	return first;
}

bool swk_run_is_due(const struct swk_run *run)
{
	return first_due(run) != SWK_NO_DEADLINE;
}

void swk_run_await_due(const struct swk_run *run)
{
	const long left = swk_deadline_left(first_due(run), SWK_TIMEOUT_MAX * 1000L);
	const struct timespec pause = {left / 1000, left % 1000 * 1000000};

	(void)nanosleep(&pause, NULL);
}

void swk_run_end_wait(struct swk_run *run)
{
	for (size_t i = 0; i < run->target_count; i++)
		run->targets[i].due = 0;
}

bool swk_run_is_awaiting(const struct swk_run *run)
{
	for (size_t i = 0; i < run->target_count; i++) {
		if (is_awaited(run, &run->targets[i]))
			return true;
	}
	return false;
}

int swk_run_await(struct swk_run *run, bool *answered)
{
	const struct timespec pause = {0, SWK_TARGET_PAUSE_MS * 1000000L};
	int64_t patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;
	struct question question = {.run = run, .depth = SWK_DEPTH_STATE};
	int status = 0;

	while (!status && !question.answered && swk_run_is_awaiting(run) &&
	       swk_deadline_left(patience, 1) && swk_deadline_left(run->deadline, 1)) {
		(void)nanosleep(&pause, NULL);
		status = read_matching(run, &question, is_awaited, read_late);
	}
	*answered = question.answered;
	return status;
}
