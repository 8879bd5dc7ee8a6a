/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "base/hash.h"
#include "consul/calls.h"
#include "consul/requests.h"
#include "policy/comply.h"
#include "run/run.h"

static size_t count_pending(const struct swk_run *run)
{
	size_t pending = 0;

	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		if (entry)
			pending += entry->pending.count;
	}
	return pending;
}

/* Fills in what an evaluation knows of each target. `rooms` has room for fitted copies. */
static int gather(struct swk_run *run, struct swk_comply_target *targets,
		  struct swk_upstreams *rooms)
{
	static const struct swk_names nothing;

	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, target->name);

		targets[i] = (struct swk_comply_target){
			.name = target->name,
			.words = &target->kind->words,
			.trouble = target->trouble.status ? target->trouble.text : NULL,
			.live = &target->live,
			.pending = entry ? &entry->pending : NULL,
			.late = entry ? &entry->late : &nothing,
			.excluded = &target->excluded,
			.changed = &run->final,
			.recorded = swk_run_fitted(run, target, &run->desired, false, &rooms[i]),
			.creates = target->kind->creates};
		if (!targets[i].recorded)
			return run->error->status;
	}
	return 0;
}

static uint64_t hash_reason(const struct swk_ack *ack)
{
	return swk_hash_end(swk_hash_text(SWK_HASH_START, ack->reason));
}

/* Writes an acknowledgement, and remembers that. A failure is a note. */
static int give(struct swk_run *run, struct swk_received *one, struct swk_ack *ack)
{
	struct swk_error cause = {0};
	const struct swk_caller caller = {&run->consul, run->http, run->deadline, &cause};
	char *key = swk_ack_key(run->node, ack->id);
	struct swk_buffer text;
	bool set = false;

	swk_buffer_init(&text, SWK_REQUEST_BYTES_MAX);
	if (!key)
		(void)swk_error_memory(&cause);
	else if (!swk_ack_encode(&text, ack, &cause))
		(void)swk_consul_set_key(&caller, key, text.data, NULL, &set);
	if (set) {
		one->given = true;
		one->state = ack->state;
		one->reason = hash_reason(ack);
	} else {
		swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
				"request %s is not answered, because its acknowledgement could not "
				"be written (the token needs key:write for %s): %s",
				ack->id, key ? key : SWK_FLEET_ACKS,
				cause.status ? cause.text : "Consul refused it");
	}
	swk_buffer_free(&text);
	free(key);
	return cause.status == SWK_INTERNAL ? swk_error_memory(run->error) : 0;
}

/* One reading of all targets, and what the answers still wait for. */
struct reading {
	int64_t began; /* swk_now_ms() */
	bool awaits;   /* a target that may soon be in step */
	bool young;    /* the end of a reload that may have begun before the targets changed */
};

/* Whether new processes of a proxy may have started after the reading began, because of a reload
 * that began before the targets were without the servers. An earlier run may have noted when that
 * was. After a reboot, all processes are new, and the time is noted again. */
static bool is_young(const struct swk_received *one, const struct reading *reading)
{
	return one->gone_since && reading->began - one->gone_since < SWK_RELOADING_MS;
}

/* Notes since when neither FILE nor a target has one of the servers that a request asks to be
 * without. A target may change long after FILE, when its next reload is due. */
static void note_gone(const struct swk_run *run, const struct swk_ack *ack,
		      struct swk_received *one)
{
	const int64_t now = swk_now_ms();

	if (ack->state != SWK_ACK_DONE || !swk_comply_is_gone(&one->request, &run->desired))
		one->gone_since = 0;
	else if (!one->gone_since || one->gone_since > now)
		one->gone_since = now;
}

/* Evaluates one request. Writes its acknowledgement if that differs from the last one. */
static int answer(struct swk_run *run, const struct swk_comply_known *known,
		  struct swk_received *one, struct reading *reading)
{
	bool awaits;
	struct swk_ack ack = {.time = (int64_t)time(NULL),
			      .version = SWK_VERSION,
			      .pending = count_pending(run),
			      .on_hold = run->on_hold};
	int status;

	memcpy(ack.id, one->request.id, sizeof(ack.id));
	memcpy(ack.node, run->node, sizeof(ack.node));
	status = swk_comply(&ack, &one->request, known, &awaits, run->error);
	if (status)
		return status;
	note_gone(run, &ack, one);
	/* What Consul was not asked about is never done. A request that came meanwhile is for the
	 * run that the agent starts with it. */
	if (!swk_run_has_taken(run, one) && (!one->given || ack.state == SWK_ACK_DONE))
		return 0;
	reading->awaits |= awaits;
	if (ack.state == SWK_ACK_DONE && is_young(one, reading)) {
		/* The next event waits for this one, so an event leaves that to the run that is
		 * about requests. If Consul has an answer, that run may have ended. */
		reading->young |=
			run->settings->requests || run->local || run->complete || one->given;
		return 0;
	}
	if (ack.state == SWK_ACK_PENDING)
		swk_report_note_once(run->report, SWK_NOTE_WARNING, ack.reason);
	if (run->local)
		return swk_acks_append(run->local->acks, &ack, run->error);
	if (one->given && one->state == ack.state && one->reason == hash_reason(&ack))
		return 0;
	return give(run, one, &ack);
}

static int answer_each(struct swk_run *run, const struct swk_comply_target *targets,
		       struct reading *reading)
{
	const struct swk_received_list received = swk_run_requests(run);
	struct swk_names rejected = {0};
	const struct swk_comply_known known = {
		.settings = run->settings,
		.services = &run->services,
		.recorded = &run->desired,
		.targets = targets,
		.target_count = run->target_count,
		.rejected = &rejected,
		.on_hold = run->on_hold,
		.held_back = run->report->counted[SWK_NOTE_HELD_BACK],
		.unavailable = run->report->counted[SWK_NOTE_UNAVAILABLE],
		.unlisted = run->complete && !run->list_known};
	int status = 0;

	for (size_t i = 0; !status && i < run->state.refused_count; i++)
		status = swk_names_add(&rejected, run->state.refused[i].upstream, run->error);
	for (size_t i = 0; !status && i < received.count; i++) {
		if (swk_received_is_open(&received.list[i]))
			status = answer(run, &known, &received.list[i], reading);
	}
	swk_names_free(&rejected);
	return status;
}

/* Answers all open requests, from what the run has just read. */
static int answer_all(struct swk_run *run, struct reading *reading)
{
	struct swk_comply_target *targets = calloc(run->target_count + 1, sizeof(*targets));
	struct swk_upstreams *rooms = calloc(run->target_count + 1, sizeof(*rooms));
	int status = targets && rooms ? gather(run, targets, rooms) : swk_error_memory(run->error);

	if (!status)
		status = answer_each(run, targets, reading);
	for (size_t i = 0; rooms && i < run->target_count; i++)
		swk_upstreams_free(&rooms[i]);
	free(rooms);
	free(targets);
	return status;
}

/* Finds the name of this host's node. Without it, nothing can be answered. */
static int find_node(struct swk_run *run)
{
	struct swk_error cause = {0};
	const struct swk_caller caller = {&run->consul, run->http, run->deadline, &cause};
	bool registered;

	if (run->local || *run->node)
		return 0;
	if (swk_consul_node(&caller, SWK_FLEET_SERVICE, run->node, &registered) == SWK_INTERNAL)
		return swk_error_memory(run->error);
	if (cause.status)
		swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
				"requests are not answered, because the agent could not be asked "
				"for the name of this host: %s",
				cause.text);
	else if (!registered)
		swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
				"requests are not answered, because the agent has no service "
				"swk-apply with a check: install swk-fleet.hcl, and give the token "
				"service:read for it");
	return 0;
}

/* Forgets the requests whose acknowledgements are deleted. Without the lock, a later run does it.
 */
static int forget_gone(struct swk_run *run)
{
	if (run->store.lock_descriptor < 0 || !swk_received_remove_gone(&run->state.requests))
		return 0;
	return swk_run_save_state(run, false);
}

static bool is_present(const struct swk_run *run, const char *id)
{
	const struct swk_received *one = swk_received_find(&run->state.requests, id);

	return one && !one->gone;
}

/* Deletes this host's acknowledgements whose request is gone. A failure is a note. */
static int delete_old(struct swk_run *run)
{
	struct swk_error cause = {0};
	const struct swk_caller caller = {&run->consul, run->http, run->deadline, &cause};
	char *prefix = swk_ack_key(run->node, "");
	struct swk_texts keys = {0};

	if (!prefix)
		return swk_error_memory(run->error);
	prefix[strlen(prefix) - 1] = '\0';
	(void)swk_consul_list_keys(&caller, prefix, &keys);
	for (size_t i = 0; !cause.status && i < keys.count; i++) {
		const char *key = keys.list[i], *id = strrchr(key, '/');

		if (strncmp(key, prefix, strlen(prefix)) != 0 || !id || is_present(run, id + 1))
			continue;
		(void)swk_consul_delete_key(&caller, key);
	}
	if (cause.status && cause.status != SWK_INTERNAL)
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"old acknowledgements of this host could not be deleted (the token "
				"needs key:list and key:write for %s/): %s",
				prefix, cause.text);
	swk_texts_free(&keys);
	free(prefix);
	if (cause.status == SWK_INTERNAL)
		return swk_error_memory(run->error);
	return cause.status ? 0 : forget_gone(run);
}

/* Pauses without the lock, unless too little of the run's time is left. */
static bool pause_ms(struct swk_run *run, long pause, long reserve)
{
	const struct timespec time = {pause / 1000, pause % 1000 * 1000000};

	if (!swk_deadline_left(run->deadline - reserve - pause, 1))
		return false;
	swk_run_unlock(run);
	(void)nanosleep(&time, NULL);
	return true;
}

/* Whether to read the targets again, after a pause. Only the run that an agent started with the
 * requests waits for a target. */
static bool may_repeat(struct swk_run *run, const struct reading *reading, unsigned tried)
{
	const long pause = SWK_REQUEST_PAUSE_MS << (tried < 4 ? tried : 4);
	const long reloading = SWK_RELOADING_MS + SWK_REQUEST_PAUSE_MS;

	if (reading->awaits && run->settings->requests)
		return pause_ms(run, pause, SWK_REQUEST_RESERVE_MS);
	if (!reading->young)
		return false;
	/* However short the operator made the run's time, it can answer. */
	run->deadline += reloading;
	return pause_ms(run, reloading, 0);
}

/* Reads all parts of all targets, and answers what is open. *again: it may be worth it to do so
 * once more. */
static int read_and_answer(struct swk_run *run, unsigned tried, bool *again)
{
	struct reading reading = {.began = swk_now_ms()};
	bool changed = false;

	/* FILE may have changed since the lock was released. */
	swk_run_unlock(run);
	if (swk_run_catch_up(run, SWK_DEPTH_PARTS) ||
	    (!run->local && tried && swk_run_refresh_requests(run, &changed)) ||
	    answer_all(run, &reading) || (!run->local && swk_run_save_state(run, false)))
		return run->error->status;
	/* The agent delivers a new request when this run has ended. */
	*again = !changed && may_repeat(run, &reading, tried);
	return 0;
}

/* A full run does what the run that the agent started for it may have failed to do. */
static bool may_delete_old(const struct swk_run *run)
{
	if (run->local || run->settings->requests)
		return !run->local;
	return run->full && !run->settings->dry_run && !run->hold &&
	       swk_received_any_gone(&run->state.requests);
}

int swk_run_answer_requests(struct swk_run *run)
{
	bool again = run->requested;
	int status = 0;

	if (!run->requested && !may_delete_old(run))
		return 0;
	status = find_node(run);
	if (status || (!run->local && !*run->node))
		return status;
	for (unsigned tried = 0; !status && again; tried++)
		status = read_and_answer(run, tried, &again);
	return status || !may_delete_old(run) ? status : delete_old(run);
}
