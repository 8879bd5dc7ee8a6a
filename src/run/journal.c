/* SPDX-License-Identifier: MIT */
#include "store/journal.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "nginx/rewind.h"
#include "nginx/scan.h"
#include "run/run.h"

bool swk_run_has_journal(const struct swk_run *run)
{
	return run->settings->journal_size && !run->settings->dry_run;
}

/* ---- what guards hold back ---- */

/* Whether a change of the journal is about the upstream with which a message begins: `upstream web:
 * kept with its last 2 servers`. */
static bool is_about(const struct swk_change *change, const char *message)
{
	static const char begin[] = "upstream ";
	const size_t length = strcspn(message, ":");

	for (size_t i = 0; i < change->upstream_count; i++) {
		const char *name = change->upstreams[i].name;

		if (length == strlen(begin) + strlen(name) &&
		    !strncmp(message + strlen(begin), name, strlen(name)))
			return true;
	}
	return false;
}

/* Whether the journal has had a message for less than an hour, and the upstream has not changed
 * since. */
static bool is_told(const struct swk_changes *recent, const char *message, int64_t now)
{
	for (size_t i = recent->count; i-- > 0;) {
		const struct swk_change *this = &recent->list[i];

		/* If the time is in the future, the clock was set back, and the age is not known.
		 */
		for (size_t j = 0; j < this->held_back_count; j++) {
			if (!strcmp(this->held_back[j], message))
				return now >= this->time &&
				       now - this->time < SWK_JOURNAL_AGAIN_S * INT64_C(1000);
		}
		if (is_about(this, message))
			return false;
	}
	return false;
}

static bool is_for_journal(const struct swk_note *note)
{
	return note->kind == SWK_NOTE_HELD_BACK || note->kind == SWK_NOTE_KEPT ||
	       note->kind == SWK_NOTE_FAILOVER;
}

static int add_held_back(struct swk_run *run, const char *message)
{
	struct swk_change *change = &run->change;
	char **list = swk_list_grow(change->held_back, change->held_back_count, sizeof(*list));

	if (!list)
		return swk_error_memory(run->error);
	change->held_back = list;
	list[change->held_back_count] = swk_run_own_text(run, message);
	change->held_back_count += list[change->held_back_count] != NULL;
	return run->error->status;
}

/* Adds the messages that are new. */
static int find_held_back(struct swk_run *run)
{
	const struct swk_report *report = run->report;
	struct swk_changes recent = {0};
	struct swk_error ignored = {0};
	int status = 0;

	if (!report->counted[SWK_NOTE_HELD_BACK] && !report->counted[SWK_NOTE_KEPT] &&
	    !report->counted[SWK_NOTE_FAILOVER])
		return 0;
	/* If the journal can't be read, everything is new. */
	(void)swk_journal_read(&run->store, SWK_JOURNAL_RECENT, &recent, &ignored);
	for (size_t i = 0; !status && i < report->note_count &&
			   run->change.held_back_count < SWK_JOURNAL_MESSAGES;
	     i++) {
		const struct swk_note *note = &report->notes[i];

		if (is_for_journal(note) && !is_told(&recent, note->text, run->change.time))
			status = add_held_back(run, note->text);
	}
	swk_changes_free(&recent);
	return status;
}

/* ---- the line ---- */

/* Fills in what every line has. */
static int describe_run(struct swk_run *run, const char *event, const char *by, const char *reason)
{
	struct swk_change *change = &run->change;

	change->time = swk_wall_ms();
	change->index = swk_run_index(run);
	free(change->event);
	free(change->service);
	free(change->by);
	free(change->reason);
	change->event = swk_run_own_text(run, event);
	change->service = swk_run_own_text(run, run->report->service);
	change->by = swk_run_own_text(run, by);
	change->reason = swk_run_own_text(run, reason);
	return run->error->status;
}

static int append(struct swk_run *run)
{
	struct swk_error cause = {0};

	run->journaled = true;
	if (!swk_journal_append(&run->store, run->settings->journal_size, &run->change, &cause))
		return 0;
	if (cause.status == SWK_INTERNAL || cause.status == SWK_TEMPFAIL)
		return swk_error_set(run->error, cause.status, "%s", cause.text);
	if (run->change.after)
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"%s; the journal lacks this change, so 'swk undo --to' cannot go "
				"back past it",
				cause.text);
	else
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"%s; 'swk history' does not show what this run did", cause.text);
	return 0;
}

/* The hash of FILE as it is now. */
static uint64_t hash_now(const struct swk_run *run)
{
	if (run->replaced)
		return run->state.conf.hash;
	if (run->excerpt.used)
		return run->excerpt.hash;
	return run->exists ? run->hash : 0;
}

static const char *reason_of(const struct swk_run *run)
{
	if (run->hold)
		return run->hold->reason;
	if (run->rejection)
		return run->rejection;
	return run->settings->force ? "--force" : run->settings->adopt ? "--adopt" : NULL;
}

int swk_run_journal_change(struct swk_run *run, uint64_t hash)
{
	const char *event = swk_event_words[run->report->event];

	if (!swk_run_has_journal(run))
		return 0;
	if (run->hold || run->rejection)
		event = run->hold ? "undo" : "reject";
	run->change.before = swk_nginx_hash_lasting(hash_now(run));
	run->change.after = swk_nginx_hash_lasting(hash);
	if (run->change.before == run->change.after)
		return 0;
	if (describe_run(run, event, run->hold ? run->hold->holder : run->settings->caller,
			 reason_of(run)) ||
	    find_held_back(run))
		return run->error->status;
	return append(run);
}

/* ---- an earlier FILE ---- */

/* Names the point, and how far the journal goes. */
static int refuse_point(struct swk_run *run, const struct swk_changes *changes)
{
	const struct swk_change *list = changes->list;
	char first[SWK_CHANGE_TIME_MAX], last[SWK_CHANGE_TIME_MAX];

	if (!changes->count)
		return swk_error_set(run->error, SWK_CANTCREATE,
				     "%s has no change to go back to: 'swk undo' without --to "
				     "restores %s",
				     run->store.journal, swk_store_previous(&run->store));
	return swk_error_set(run->error, SWK_CANTCREATE,
			     "%s does not have this point: it has the changes %" PRIu64
			     " of %s to %" PRIu64 " of %s; see 'swk history'",
			     run->store.journal, list[0].number,
			     swk_change_time(list[0].time, first), list[changes->count - 1].number,
			     swk_change_time(list[changes->count - 1].time, last));
}

int swk_run_read_point(struct swk_run *run, struct swk_buffer *text)
{
	struct swk_changes changes = {0};
	size_t first;
	bool exists;
	int status = swk_journal_read(&run->store, 0, &changes, run->error);

	if (!status && !swk_changes_find(&changes, run->point, &first))
		status = refuse_point(run, &changes);
	if (!status)
		status = swk_file_read(run->store.conf, text, &exists, run->error);
	if (!status && !exists)
		status = swk_error_set(run->error, SWK_CANTCREATE,
				       "%s does not exist, and undo --to begins with it: "
				       "'swk-apply --resync --adopt' writes it from Consul",
				       run->store.conf);
	if (!status)
		status = swk_nginx_rewind(text, run->store.conf, &changes, first, run->error);
	swk_changes_free(&changes);
	return status;
}

/* ---- what does not change FILE ---- */

/* A failure of these is not one of the run. */
void swk_run_journal_action(struct swk_run *run, const char *event, const char *by,
			    const char *reason)
{
	const struct swk_error before = *run->error;

	if (!swk_run_has_journal(run))
		return;
	swk_change_free(&run->change);
	if (!describe_run(run, event, by, reason))
		(void)append(run);
	swk_change_free(&run->change);
	*run->error = before;
}

void swk_run_journal_rest(struct swk_run *run)
{
	const struct swk_error before = *run->error;

	if (!swk_run_has_journal(run) || run->journaled || run->on_hold)
		return;
	if (run->hold) {
		swk_run_journal_action(run, "undo", run->hold->holder, run->hold->reason);
		return;
	}
	swk_change_free(&run->change);
	run->change.time = swk_wall_ms();
	if (!find_held_back(run) && run->change.held_back_count &&
	    !describe_run(run, swk_event_words[run->report->event], run->settings->caller, NULL))
		(void)append(run);
	swk_change_free(&run->change);
	*run->error = before;
}

void swk_run_journal_guard(struct swk_run *run)
{
	const struct swk_error before = *run->error;

	if (!swk_run_has_journal(run) || run->journaled)
		return;
	/* A guard may end a run before it takes the lock. */
	if (run->store.lock_descriptor < 0 && !run->store.conf &&
	    (swk_store_open(&run->store, run->settings->conf, run->error) ||
	     swk_store_lock(&run->store, run->deadline, &run->waited, run->error)))
		goto out;
	if (run->store.lock_descriptor >= 0 && !swk_file_exists(run->store.hold))
		swk_run_journal_rest(run);
out:
	*run->error = before;
}
