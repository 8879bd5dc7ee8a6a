/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "nginx/conf.h"
#include "run/run.h"
#include "store/hold.h"
#include "target/plan.h"

/* ---- the hold ---- */

int swk_run_describe_hold(struct swk_run *run, struct swk_buffer *out, bool *whole)
{
	const char *path = run->store.hold;
	struct swk_error cause = {0};
	struct swk_buffer text;
	struct swk_hold hold;
	bool exists = false;
	size_t damaged = 0;
	int status;

	swk_buffer_init(&text, SWK_HOLD_MAX);
	if (!swk_file_read(path, &text, &exists, &cause) && exists)
		damaged = swk_hold_read(&hold, text.data, text.length);
	swk_buffer_free(&text);
	*whole = exists && !cause.status && !damaged;
	if (*whole)
		status = swk_hold_describe(out, &hold, run->error);
	else if (damaged)
		status = swk_buffer_print(out, run->error, "(%s:%zu: cannot be read)", path,
					  damaged);
	else
		status = swk_buffer_print(out, run->error, "(%s)",
					  cause.status ? cause.text : "its file is a broken link");
	return status;
}

static int end_hold(struct swk_run *run, const char *what)
{
	char text[SWK_TEXT_MAX];

	if (run->settings->dry_run)
		return 0;
	swk_report_note(run->report, SWK_NOTE_DETAIL, "no longer on hold; it was on hold %s", what);
	run->hold_changed = true;
	if (swk_store_remove(&run->store, run->store.hold, run->error))
		return run->error->status;
	(void)snprintf(text, sizeof(text), "it was on hold %s", what);
	swk_run_journal_action(run, "resume", run->settings->caller, text);
	run->journaled = false; /* what the run changes is yet to come */
	return 0;
}

/* nginx must not be kept equal to a file that another program wrote. */
static int refuse_to_adopt(struct swk_run *run)
{
	if (run->excerpt.used || (run->managed && !run->rewrite))
		return 0;
	return swk_error_set(run->error, SWK_HELD_BACK,
			     "%s is not taken over while changes are on hold: 'swk resume --adopt' "
			     "ends the hold and takes it over",
			     run->store.conf);
}

static int hold_changes(struct swk_run *run, const char *what)
{
	run->on_hold = run->report->on_hold = true;
	swk_report_note(
		run->report, SWK_NOTE_HELD_BACK,
		"on hold %s: %s stays as it is until 'swk resume', which catches up with Consul",
		what, run->store.conf);
	return refuse_to_adopt(run);
}

int swk_run_obey_hold(struct swk_run *run)
{
	struct swk_buffer what;
	bool whole;
	int status;

	run->report->hold_known = true;
	if (!swk_file_exists(run->store.hold)) {
		if (run->settings->resume)
			swk_report_note(run->report, SWK_NOTE_WARNING,
					"changes to %s are not on hold; swk resume makes a "
					"complete run anyway",
					run->store.conf);
		return 0;
	}
	swk_buffer_init(&what, SWK_DOCUMENT_MAX);
	status = swk_run_describe_hold(run, &what, &whole);
	if (!status)
		status = run->settings->resume ? end_hold(run, what.data)
					       : hold_changes(run, what.data);
	swk_buffer_free(&what);
	return status;
}

int swk_run_begin_hold(struct swk_run *run, const struct swk_hold *hold, enum swk_note_kind again)
{
	struct swk_buffer text;
	bool whole = false, written = false;
	int status = 0;

	if (run->settings->dry_run)
		return 0;
	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	if (swk_file_exists(run->store.hold))
		status = swk_run_describe_hold(run, &text, &whole);
	if (status)
		goto out;
	if (whole) {
		swk_report_note(run->report, again, "already on hold %s", text.data);
		goto out;
	}
	swk_buffer_clear(&text);
	if (swk_hold_write(&text, hold, run->error) ||
	    swk_store_replace(&run->store, run->store.hold, &text, true, &written, run->error))
		status = run->error->status;
	run->hold_changed |= written;
out:
	swk_buffer_free(&text);
	return status;
}

void swk_run_keep_as_is(struct swk_run *run)
{
	swk_upstreams_free(&run->desired);
	swk_names_free(&run->changes);
	run->desired = run->recorded;
	run->recorded = (struct swk_upstreams){0};
}

/* ---- an earlier FILE ---- */

static int read_previous(struct swk_run *run, const char *path, struct swk_buffer *text)
{
	bool exists;
	int status = swk_file_read(path, text, &exists, run->error);

	if (status || exists)
		return status;
	return swk_error_set(run->error, SWK_CANTCREATE,
			     "%s does not exist, so there is no earlier version of %s to put back: "
			     "'swk hold' keeps the present one as it is",
			     path, run->store.conf);
}

int swk_run_read_earlier(struct swk_run *run)
{
	const char *path = run->point ? run->store.journal : swk_store_previous(&run->store);
	struct swk_error cause = {0};
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_CONF_MAX);
	status = run->point ? swk_run_read_point(run, &text) : read_previous(run, path, &text);
	if (status)
		goto out;
	if (!swk_nginx_is_managed(text.data, text.length))
		status = swk_error_set(run->error, SWK_HELD_BACK,
				       "%s was not written by swk-apply, so it is not put back",
				       path);
	else if (swk_nginx_read(&run->desired, path, text.data, text.length, &cause))
		/* Without the advice after the semicolon, which is about FILE. */
		status = swk_error_set(run->error, cause.status, "%.*s; it cannot be put back",
				       (int)strcspn(cause.text, ";"), cause.text);
out:
	swk_buffer_free(&text);
	return status;
}

/* Removes unmanaged upstreams from the desired state, as a run from Consul does. */
static int leave_to_others(struct swk_run *run, const struct swk_names *unmanaged)
{
	struct swk_upstreams kept = {0};
	int status = 0;

	for (size_t i = 0; !status && i < run->desired.count; i++) {
		const struct swk_upstream *this = &run->desired.list[i];

		if (!swk_names_contain(unmanaged, this->name))
			status = swk_upstreams_append_copy(&kept, this, run->error);
		else
			swk_report_note(run->report, SWK_NOTE_HELD_BACK,
					"upstream %s: not put back: a proxy has an unmanaged "
					"upstream of this name",
					this->name);
	}
	swk_upstreams_free(&run->desired);
	run->desired = kept;
	return status;
}

int swk_run_plan_undo(struct swk_run *run)
{
	const struct swk_names *gone = &run->state.gone;
	const size_t before = run->desired.count;
	struct swk_names unmanaged = {0};
	int status = swk_run_find_unmanaged(run, &unmanaged);

	if (status)
		goto out;
	/* Restores a deleted upstream even if it is live again: a part of a target came back with
	 * it, or an operator has already restored it by hand. */
	for (size_t i = 0; i < gone->count; i++)
		swk_names_remove(&unmanaged, gone->list[i]);
	/* FILE.previous may have what a target rejected only after it was written. */
	if ((unmanaged.count && leave_to_others(run, &unmanaged)) || swk_run_obey_refusals(run) ||
	    swk_plan_changes(&run->changes, &run->recorded, &run->desired, run->error) ||
	    swk_run_find_excluded(run))
		status = run->error->status;
	else if (!run->changes.count && run->desired.count == before && run->point)
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"%s had the same upstreams then, so there is nothing to put back",
				run->store.conf);
	else if (!run->changes.count && run->desired.count == before)
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"%s has the same upstreams as %s, so there is nothing to put back",
				swk_store_previous(&run->store), run->store.conf);
out:
	swk_names_free(&unmanaged);
	return status;
}
