/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "run/run.h"

/* Whether an upstream is pending on a target. */
static bool is_pending(const struct swk_run *run, const char *name)
{
	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		if (entry && swk_names_contain(&entry->pending, name))
			return true;
	}
	return false;
}

/* ---- what FILE can go back to ---- */

int swk_run_note_confirmed(struct swk_run *run)
{
	struct swk_upstreams added = {0};
	int status = 0;

	for (size_t i = 0; !status && i < run->changes.count; i++) {
		const char *name = run->changes.list[i];
		const struct swk_upstream *recorded = swk_upstreams_find(&run->recorded, name);

		/* No target has confirmed what FILE has. */
		if (swk_upstreams_find(&run->confirmed, name) ||
		    swk_names_contain(&run->state.new, name) ||
		    (recorded && recorded->count > SWK_CONFIRMED_SERVERS_MAX))
			continue;
		status = recorded ? swk_upstreams_append_copy(&added, recorded, run->error)
				  : swk_names_add(&run->state.new, name, run->error);
	}
	for (size_t i = 0; !status && i < added.count; i++)
		status = swk_upstreams_append(&run->confirmed, &added.list[i], run->error);
	swk_upstreams_free(&added);
	(void)swk_upstreams_sort(&run->confirmed);
	return status;
}

/* Whether FILE need not go back any more. A target that does not answer may leave a change pending
 * for long, so what another one has confirmed in this run is enough. */
static bool is_final(const struct swk_run *run, const char *name)
{
	return swk_names_contain(&run->final, name) || !is_pending(run, name);
}

void swk_run_forget_confirmed(struct swk_run *run)
{
	struct swk_upstreams *confirmed = &run->confirmed;
	size_t kept = 0;

	for (size_t i = 0; i < confirmed->count; i++) {
		if (is_final(run, confirmed->list[i].name))
			swk_upstream_free(&confirmed->list[i]);
		else
			confirmed->list[kept++] = confirmed->list[i];
	}
	confirmed->count = kept;
	for (size_t i = run->state.new.count; i-- > 0;) {
		if (is_final(run, run->state.new.list[i]))
			swk_names_remove(&run->state.new, run->state.new.list[i]);
	}
}

void swk_run_find_confirmed(const struct swk_run *run, struct swk_operation *operation)
{
	if (!operation->upstream)
		return;
	operation->confirmed = swk_upstreams_find(&run->confirmed, operation->name);
	operation->is_new = swk_names_contain(&run->state.new, operation->name);
}

/* ---- refusals ---- */

void swk_run_note_refusals(struct swk_run *run)
{
	for (size_t i = 0; i < run->state.refused_count; i++) {
		const struct swk_refused *refused = &run->state.refused[i];
		/* The desired state of a dry run may have what was rejected. */
		bool in_file =
			run->settings->dry_run
				? refused->in_file
				: swk_upstreams_find(&run->desired, refused->upstream) != NULL;

		swk_report_note(run->report, SWK_NOTE_PENDING,
				"upstream %s: a target rejects what Consul says, so %s %s; it is "
				"sent again when its registration changes, and by full runs",
				refused->upstream, run->store.conf,
				in_file ? "keeps its last confirmed servers" : "does not have it");
	}
}

/* The service needs an answer of Consul in the next complete run. */
static void note_service(struct swk_run *run, const struct swk_upstream *upstream)
{
	struct swk_service *service = swk_run_find_service(run, &upstream->source);

	if (service)
		service->noted = true;
}

/* Replaces an upstream of the desired state by an earlier one, or removes it. */
static int put_back(struct swk_run *run, const char *name, const struct swk_upstream *before)
{
	struct swk_upstreams *desired = &run->desired;
	size_t place = (size_t)(swk_upstreams_find(desired, name) - desired->list);
	int status = 0;

	note_service(run, &desired->list[place]);
	if (run->survey)
		status = swk_upstreams_append(&run->withheld, &desired->list[place], run->error);
	swk_upstream_free(&desired->list[place]);
	desired->count--;
	memmove(&desired->list[place], &desired->list[place + 1],
		(desired->count - place) * sizeof(*desired->list));
	if (before && !status)
		status = swk_upstreams_append_copy(desired, before, run->error);
	(void)swk_upstreams_sort(desired);
	return status;
}

int swk_run_roll_back(struct swk_run *run)
{
	struct swk_buffer room;
	int status = 0;

	swk_buffer_init(&room, SWK_CONF_MAX);
	swk_change_free(&run->change);
	for (size_t i = 0; !status && i < run->refused.count; i++) {
		const char *name = run->refused.list[i];
		const struct swk_upstream *rejected = swk_upstreams_find(&run->desired, name),
					  *confirmed = swk_upstreams_find(&run->confirmed, name);
		uint64_t hash;

		status = swk_run_hash_block(rejected, &room, &hash, run->error);
		if (!status)
			status = swk_state_set_refused(&run->state, name, hash, run->error);
		if (!status && swk_run_has_journal(run))
			status = swk_run_note_upstream(run, rejected, confirmed);
		if (!status)
			status = put_back(run, name, confirmed);
	}
	swk_buffer_free(&room);
	swk_names_free(&run->changes);
	if (status || swk_names_add_all(&run->changes, &run->refused, run->error) ||
	    swk_run_reopen_requests(run))
		return run->error->status;
	return swk_run_persist(run);
}

/* Whether this run learnt what Consul says of an upstream in FILE. */
static bool is_answered(struct swk_run *run, const struct swk_upstream *upstream)
{
	const struct swk_service *service = swk_run_find_service(run, &upstream->source);

	return service && !service->unavailable && !service->unchanged;
}

/* Obeys one refusal. *over: it does not hold any more. */
static int obey_refusal(struct swk_run *run, const struct swk_refused *refused,
			struct swk_buffer *room, bool *over)
{
	const struct swk_upstream *desired = swk_upstreams_find(&run->desired, refused->upstream);
	const struct swk_upstream *recorded = swk_upstreams_find(&run->recorded, refused->upstream);
	uint64_t hash = 0;

	if (desired && swk_run_hash_block(desired, room, &hash, run->error))
		return run->error->status;
	if (run->full && !run->settings->dry_run)
		*over = true;
	else if (hash != refused->hash)
		*over = !desired ? recorded != NULL
				 : !recorded || !swk_upstream_same(desired, recorded) ||
					   is_answered(run, desired);
	else if (!run->full)
		return put_back(run, refused->upstream, recorded);
	/* For a survey. */
	return *over || !run->settings->dry_run
		       ? 0
		       : swk_names_add(&run->refused, refused->upstream, run->error);
}

int swk_run_obey_refusals(struct swk_run *run)
{
	struct swk_buffer room;
	int status = 0;

	swk_buffer_init(&room, SWK_CONF_MAX);
	for (size_t i = run->state.refused_count; !status && i-- > 0;) {
		const struct swk_refused *refused = &run->state.refused[i];
		bool over = false;

		status = obey_refusal(run, refused, &room, &over);
		if (!status && over)
			status = swk_state_set_refused(&run->state, refused->upstream, 0,
						       run->error);
	}
	swk_buffer_free(&room);
	return status;
}
