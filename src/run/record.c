/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>
#include <time.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/file.h"
#include "nginx/conf.h"
#include "nginx/scan.h"
#include "run/run.h"

/* ---- the lock, and what is read under it ---- */

int swk_run_open_conf(struct swk_run *run, int *descriptor)
{
	run->opened = time(NULL);
	return swk_file_open(run->store.conf, descriptor, &run->about, run->error);
}

static int read_text(struct swk_run *run, struct swk_buffer *text)
{
	const char *path = run->store.conf;
	int descriptor, status = swk_run_open_conf(run, &descriptor);

	run->exists = descriptor >= 0;
	if (!run->exists)
		return status;
	status = swk_buffer_read(text, descriptor, SWK_NO_DEADLINE, path, SWK_CANTCREATE,
				 run->error);
	(void)close(descriptor);
	return status;
}

/* Parses FILE's text. */
static int take_text(struct swk_run *run, const struct swk_buffer *text)
{
	const bool adopt = run->settings->adopt;
	struct swk_error cause = {0};
	int status;

	run->managed = swk_nginx_is_managed(text->data, text->length);
	if (!run->managed && !adopt)
		return swk_error_set(
			run->error, SWK_HELD_BACK,
			"%s was not written by swk-apply, which does not overwrite it: take it "
			"over with --adopt, or name another file with --conf",
			run->store.conf);
	status = swk_nginx_read(&run->recorded, run->store.conf, text->data, text->length, &cause);
	run->hash = swk_nginx_hash(text);
	if (!status)
		return 0;
	if (status == SWK_INTERNAL || !adopt || !run->complete)
		return swk_error_set(run->error, status, "%s", cause.text);
	swk_report_note(run->report, SWK_NOTE_WARNING, "%s is rewritten from Consul alone (%s)",
			run->store.conf, cause.text);
	run->rewrite = true;
	return 0;
}

int swk_run_read_whole(struct swk_run *run)
{
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_CONF_MAX);
	status = read_text(run, &text);
	if (!status)
		status = take_text(run, &text);
	swk_buffer_free(&text);
	return status;
}

static int read_conf(struct swk_run *run)
{
	int status = swk_run_read_excerpt(run);

	return status || run->excerpt.used ? status : swk_run_read_whole(run);
}

/* *damaged is 0, or the number of a damaged line. */
static int read_state(struct swk_run *run, size_t *damaged)
{
	struct swk_buffer *text = &run->state_text;
	bool exists;
	int status = swk_file_read(run->store.state, text, &exists, run->error);

	if (!status && exists)
		status = swk_state_read(&run->state, text->data, text->length, damaged, run->error);
	return status;
}

/* If a damaged FILE.state cannot be set aside, it is replaced. */
static void set_aside(struct swk_run *run, size_t line)
{
	bool aside = !run->settings->dry_run;
	struct swk_error cause = {0};

	if (aside && swk_store_set_aside(&run->store, &cause)) {
		swk_report_note(run->report, SWK_NOTE_WARNING, "%s", cause.text);
		aside = false;
	}
	swk_report_note(run->report, SWK_NOTE_WARNING,
			"%s:%zu: cannot be read%s%s; every upstream is sent again",
			run->store.state, line, aside ? ", and is set aside as " : "",
			aside ? run->store.bad_state : "");
}

static void read_confirmed(struct swk_run *run)
{
	const struct swk_buffer *confirmed = &run->state.confirmed;
	struct swk_error cause = {0};

	if (confirmed->length && swk_nginx_read(&run->confirmed, run->store.state, confirmed->data,
						confirmed->length, &cause))
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"%s; if nginx rejects an upstream, it stays in %s", cause.text,
				run->store.conf);
}

/* FILE.state says how FILE may be read. */
static int read_files(struct swk_run *run)
{
	size_t damaged = 0;

	if (read_state(run, &damaged))
		return run->error->status;
	/* A request may be about any upstream. */
	run->of_few &= !swk_received_any_open(&run->state.requests);
	if (read_conf(run))
		return run->error->status;
	if (damaged)
		set_aside(run, damaged);
	read_confirmed(run);
	return 0;
}

int swk_run_lock_and_read(struct swk_run *run)
{
	/* A dry run needs no lock, because every file is replaced as a whole. */
	bool locks = !run->settings->dry_run;

	if (swk_store_open(&run->store, run->settings->conf, run->error) ||
	    (locks && swk_store_lock(&run->store, run->deadline, &run->waited, run->error)) ||
	    read_files(run))
		return run->error->status;
	run->policy.recorded = &run->recorded;
	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		run->targets[i].behind = entry && entry->pending.count;
		if (entry)
			run->targets[i].known = entry->parts;
	}
	for (size_t i = 0; i < run->state.refused_count; i++)
		run->state.refused[i].in_file =
			swk_upstreams_find(&run->recorded, run->state.refused[i].upstream);
	return 0;
}

int swk_run_lock_again(struct swk_run *run)
{
	const int64_t patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;
	struct swk_error cause = {0};
	size_t damaged = 0;

	if (swk_store_lock(&run->store, patience < run->deadline ? patience : run->deadline,
			   &run->waited, &cause)) {
		swk_store_unlock(&run->store);
		return cause.status == SWK_INTERNAL ? swk_error_memory(run->error) : 0;
	}
	swk_state_free(&run->state);
	swk_upstreams_free(&run->confirmed);
	swk_buffer_clear(&run->state_text);
	if (read_state(run, &damaged))
		return run->error->status;
	read_confirmed(run);
	return 0;
}

void swk_run_unlock(struct swk_run *run)
{
	swk_store_close(&run->store);
	swk_state_free(&run->state);
	swk_run_close_excerpt(run);
	swk_upstreams_free(&run->desired);
	swk_upstreams_free(&run->confirmed);
	swk_names_free(&run->changes);
	swk_names_free(&run->refused);
	swk_names_free(&run->final);
	swk_change_free(&run->change);
	swk_causes_free(&run->causes);
	swk_buffer_clear(&run->state_text);
	run->replaced = false;
	run->hash = 0;
}

/* ---- FILE, and first what is pending ---- */

static int make_pending(struct swk_state_target *entry, const struct swk_target *target,
			const char *name, struct swk_error *error)
{
	if (target && swk_names_contain(&target->excluded, name))
		return 0;
	return swk_names_add(&entry->pending, name, error);
}

/* Makes every change pending for every target on record, and the whole of FILE for a target that is
 * not on record; without what the target does not receive. */
static int record_changes(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];
		struct swk_state_target *entry = swk_state_find_target(&run->state, target->name);

		if (entry)
			continue;
		entry = swk_state_add_target(&run->state, target->name, run->error);
		status = run->error->status;
		for (size_t j = 0; !status && j < run->desired.count; j++)
			status = make_pending(entry, target, run->desired.list[j].name, run->error);
	}
	for (size_t i = 0; i < run->state.target_count; i++) {
		struct swk_state_target *entry = &run->state.targets[i];
		const struct swk_target *target = swk_run_find_target(run, entry->target);

		for (size_t j = 0; !status && j < run->changes.count; j++)
			status = make_pending(entry, target, run->changes.list[j], run->error);
	}
	return status;
}

/* Records which upstreams leave FILE: they were managed. */
static int note_gone(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->changes.count; i++) {
		const char *name = run->changes.list[i];

		if (swk_upstreams_find(&run->desired, name))
			swk_names_remove(&run->state.gone, name);
		else
			status = swk_state_add_gone(&run->state, name, run->error);
	}
	return status;
}

int swk_run_save_state(struct swk_run *run, bool durably)
{
	struct swk_buffer text;
	bool replaced = false;
	int status = 0;

	swk_buffer_init(&text, SWK_STATE_MAX);
	swk_buffer_free(&run->state.confirmed);
	swk_buffer_init(&run->state.confirmed, SWK_CONF_MAX);
	if (swk_nginx_blocks(&run->state.confirmed, &run->confirmed, run->error) ||
	    swk_state_write(&text, &run->state, run->error) ||
	    swk_store_replace(&run->store, run->store.state, &text, durably, &replaced, run->error))
		status = run->error->status;
	swk_buffer_free(&text);
	return status;
}

/* FILE.previous never gets what a target rejected. `hash` is that of the new FILE. */
static int replace_conf(struct swk_run *run, struct swk_content content, uint64_t hash)
{
	if (swk_run_journal_change(run, hash) || swk_run_save_state(run, true) ||
	    (run->refused.count
		     ? swk_store_write(&run->store, run->store.conf, content, true, &run->touched,
				       run->error)
		     : swk_store_commit(&run->store, content, &run->touched, run->error)))
		return run->error->status;
	run->exists = run->replaced = true;
	return 0;
}

/* Remembers what FILE has, for the next excerpt. */
static void note_conf(struct swk_run *run, uint64_t hash)
{
	run->state.conf = swk_run_count(run, &run->desired);
	run->state.conf.hash = hash;
}

static int persist_whole(struct swk_run *run)
{
	struct swk_buffer text;
	uint64_t hash;
	int status;

	swk_buffer_init(&text, SWK_CONF_MAX);
	status = swk_nginx_file(&text, &run->desired, run->error);
	hash = swk_nginx_hash(&text);
	if (!status && (run->replaced || !run->exists || hash != run->hash))
		status = replace_conf(run, swk_content_of(&text), hash);
	if (!status)
		note_conf(run, hash);
	if (!status && !run->replaced)
		swk_run_note_identity(run, &run->about);
	swk_buffer_free(&text);
	return status;
}

static int persist_excerpt(struct swk_run *run)
{
	uint64_t hash;

	if (swk_run_compare_excerpt(run, &hash))
		return run->error->status;
	if (hash == run->excerpt.hash && !run->replaced)
		return 0;
	if (!replace_conf(run, (struct swk_content){swk_run_write_excerpt, run}, hash)) {
		note_conf(run, hash);
		swk_run_note_identity(run, &run->excerpt.written);
		return 0;
	}
	if (!run->excerpt.outdated)
		return run->error->status;
	*run->error = (struct swk_error){0};
	return swk_run_give_up_excerpt(run) ? run->error->status : persist_whole(run);
}

int swk_run_persist(struct swk_run *run)
{
	/* If FILE does not exist, an empty one is not needed. */
	const bool needed = run->exists || run->desired.count;
	int status = 0;

	if (record_changes(run) || note_gone(run))
		return run->error->status;
	if (!run->settings->dry_run && !run->on_hold && needed)
		status = run->excerpt.used ? persist_excerpt(run) : persist_whole(run);
	if (!status)
		swk_run_journal_rest(run);
	return status;
}

/* ---- what is remembered ---- */

static bool is_service(const void *context, const char *name)
{
	return swk_services_find(context, name);
}

int swk_run_remember(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->services.count; i++) {
		const struct swk_service *service = &run->services.list[i];

		if (service->index)
			status = swk_indexes_set(&run->state.indexes, service->name, service->index,
						 run->error);
	}
	/* The index of a service that is gone is not needed any more. */
	if (!status && swk_run_knows_all(run))
		status = swk_indexes_keep(&run->state.indexes, is_service, &run->services,
					  run->error);
	if (run->complete && run->list_known)
		run->state.listed = run->report->index;
	if (run->keys_known && run->keys_index)
		run->state.keys_index = run->keys_index;
	if (!swk_report_status(run->report))
		run->state.success = (int64_t)time(NULL);
	if (!status)
		swk_run_note_document(run);
	/* Not durable: if the machine crashes, a later run asks or sends once more. */
	return status ? status : swk_run_save_state(run, false);
}
