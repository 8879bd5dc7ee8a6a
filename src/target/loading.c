/* SPDX-License-Identifier: MIT */
/* Has the file of a target checked and loaded: by commands of the settings or, if these name none
 * for the reload, by `swk reload`, whose result it waits for. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/file.h"
#include "base/hash.h"
#include "io/program.h"
#include "store/result.h"
#include "target/confirmed.h"
#include "target/own_file.h"

static uint64_t hash_text(const struct swk_buffer *text)
{
	return swk_hash_end(swk_hash_bytes(SWK_HASH_START, text->data, text->length));
}

/* ---- commands ---- */

int swk_own_file_run(const struct swk_target *target, const struct swk_texts *command,
		     int64_t deadline, struct swk_error *cause, struct swk_error *error)
{
	const char **argv = calloc(command->count + 1, sizeof(*argv));
	struct swk_program program = {.argv = argv, .deadline = deadline, .watch = target->watch};
	struct swk_program_result result;
	char text[SWK_TEXT_MAX];

	if (!argv)
		return swk_error_memory(error);
	for (size_t i = 0; i < command->count; i++)
		argv[i] = command->list[i];
	/* A command that works says nothing until it ends. One that failed before is not given that
	 * time while others wait. */
	if (target->watch && !target->behind)
		target->watch->heard = deadline;
	if (!swk_program_run(&program, &result, error) &&
	    (result.end != SWK_PROGRAM_EXITED || result.number)) {
		swk_program_describe(&program, &result, text, sizeof(text));
		(void)swk_error_set(cause,
				    result.end == SWK_PROGRAM_EXITED ? SWK_DATA : SWK_TEMPFAIL,
				    "%s: %s", target->name, text);
	}
	free(argv);
	return error->status;
}

/* Checks the file in its place, and reloads the proxy. */
static int check_and_reload(struct swk_target *target, const struct swk_own_file *file,
			    const struct swk_texts *command, bool reload, int64_t deadline,
			    struct swk_error *cause, struct swk_error *error)
{
	const struct swk_texts *check = &file->settings->check;

	if (check->count &&
	    (swk_own_file_run(target, check, deadline, cause, error) || cause->status))
		return error->status;
	if (!reload)
		return 0;
	(void)file->reload(target, command, deadline, cause, error);
	/* The check accepts what a reload would reject, so the cause is another. */
	if (check->count && cause->status == SWK_DATA)
		cause->status = SWK_TEMPFAIL;
	return error->status;
}

/* ---- results of `swk reload` ---- */

/* Opens FILE.NAME.result. Root writes it in another user's folder, so it follows no link. */
static int open_result(const struct swk_target *target, struct swk_store *store,
		       struct swk_error *cause, struct swk_error *error)
{
	char *path = swk_target_path(target, "result", error);

	*store = (struct swk_store){.lock_descriptor = -1};
	if (path)
		(void)swk_store_open_alone(store, path, cause);
	free(path);
	return error->status;
}

/* A result that is missing or damaged is zeroed. */
static int read_result(const struct swk_store *store, struct swk_result *result,
		       struct swk_error *cause)
{
	struct swk_buffer text;
	bool exists;

	*result = (struct swk_result){0};
	swk_buffer_init(&text, SWK_HOLD_MAX);
	if (!swk_file_read(store->conf, &text, &exists, cause) && exists)
		(void)swk_result_read(result, text.data, text.length);
	swk_buffer_free(&text);
	return cause->status;
}

/* Removes the result of an earlier try: this one may end differently. After other failures than a
 * rejection the proxy may have loaded any file. */
static int forget_failure(const struct swk_target *target, uint64_t hash, struct swk_error *cause,
			  struct swk_error *error)
{
	struct swk_result result;
	struct swk_store store;

	if (!open_result(target, &store, cause, error) && !cause->status &&
	    !read_result(&store, &result, cause) && result.status &&
	    (result.hash == hash || result.status != SWK_DATA))
		(void)swk_store_remove(&store, store.conf, cause);
	swk_store_close(&store);
	return error->status;
}

/* Waits until `swk reload` has loaded the file with this text, or has failed. Replaces the file
 * every second, because systemd does not see that a file changes just when a unit that it has
 * started ends. */
static int await_result(const struct swk_target *target, const struct swk_own_file *file,
			const struct swk_buffer *text, int64_t deadline, struct swk_error *cause,
			struct swk_error *error)
{
	const struct timespec pause = {0, SWK_TARGET_TICK_MS * 1000000L};
	const uint64_t hash = hash_text(text);
	struct swk_result result = {0};
	struct swk_store store;
	int64_t again = swk_now_ms() + SWK_TARGET_AGAIN_MS;
	bool ended = false;

	/* If an earlier run has waited in vain, the unit may not be active, and other runs wait for
	 * the store's lock. A result that comes later is still there for the next run. */
	if (target->behind && deadline > swk_now_ms() + SWK_TARGET_VAIN_MS)
		deadline = swk_now_ms() + SWK_TARGET_VAIN_MS;
	if (target->watch && !target->behind)
		target->watch->heard = deadline;
	if (open_result(target, &store, cause, error) || cause->status)
		goto out;
	while (!read_result(&store, &result, cause) &&
	       !(ended = result.hash == hash || result.serving == hash) &&
	       swk_deadline_left(deadline, 1) && !swk_target_is_stopped(target)) {
		if (!swk_deadline_left(again, 1)) {
			if (swk_own_file_replace(file, text, cause))
				goto out;
			again = swk_now_ms() + SWK_TARGET_AGAIN_MS;
		}
		(void)nanosleep(&pause, NULL);
	}
	if (ended && result.hash == hash && result.status)
		(void)swk_error_set(cause, result.status, "%s", result.message);
	else if (!ended)
		(void)swk_error_set(cause, SWK_TEMPFAIL,
				    "%s: 'swk reload %s' has not loaded the file yet: is its unit "
				    "active?",
				    target->name, target->name);
out:
	swk_store_close(&store);
	return error->status;
}

/* ---- loading ---- */

int swk_own_file_load(struct swk_target *target, const struct swk_own_file *file,
		      const struct swk_buffer *text, bool reload, int64_t deadline,
		      struct swk_error *cause, struct swk_error *error)
{
	if (!file->reloads && forget_failure(target, hash_text(text), cause, error))
		return error->status;
	if (cause->status || swk_own_file_replace(file, text, cause))
		return 0;
	return file->reloads ? check_and_reload(target, file, NULL, reload, deadline, cause, error)
			     : await_result(target, file, text, deadline, cause, error);
}

/* ---- swk reload ---- */

/* Replaces a file in another user's folder. */
static int replace_no_link(const char *path, const struct swk_buffer *text, struct swk_error *cause)
{
	struct swk_store store;
	bool replaced = false;

	if (!swk_store_open_alone(&store, path, cause))
		(void)swk_store_replace(&store, path, text, true, &replaced, cause);
	swk_store_close(&store);
	return cause->status;
}

/* After a failure: goes back to what is confirmed, unless another file is there by now. Sets
 * result->serving: after a rejection, the proxy has what is confirmed. */
static int go_back(struct swk_target *target, const struct swk_own_file *file,
		   struct swk_result *result, uint64_t *back, struct swk_error *cause,
		   struct swk_error *error)
{
	struct swk_upstreams confirmed = {0};
	struct swk_error damage = {0};
	struct swk_buffer present, text;
	bool known, exists;

	swk_buffer_init(&present, SWK_CONF_MAX);
	swk_buffer_init(&text, SWK_CONF_MAX);
	result->serving = 0;
	if (swk_confirmed_read(target, &confirmed, &known, &damage, cause, error) ||
	    cause->status || !known ||
	    swk_own_file_render(target, file, &confirmed, &text, error) ||
	    swk_own_file_text(file, &present, &exists, cause))
		goto out;
	if (result->status == SWK_DATA)
		result->serving = hash_text(&text);
	*back = hash_text(&text);
	if (exists && hash_text(&present) == result->hash && result->hash != *back)
		(void)replace_no_link(file->settings->file, &text, cause);
out:
	swk_upstreams_free(&confirmed);
	swk_buffer_free(&present);
	swk_buffer_free(&text);
	return error->status;
}

static int write_result(struct swk_store *store, const struct swk_result *result,
			struct swk_error *cause, struct swk_error *error)
{
	struct swk_buffer text;
	bool replaced = false;

	swk_buffer_init(&text, SWK_HOLD_MAX);
	if (!swk_result_write(&text, result, error))
		(void)swk_store_replace(store, store->conf, &text, false, &replaced, cause);
	swk_buffer_free(&text);
	return error->status;
}

/* Loads the file, which exists, and notes the result. If that fails, restores the confirmed file,
 * and sets *back to its hash. */
static int load_and_note(struct swk_target *target, const struct swk_own_file *file,
			 const struct swk_texts *command, struct swk_store *store,
			 struct swk_result *result, uint64_t *back, int64_t deadline,
			 struct swk_error *cause, struct swk_error *error)
{
	struct swk_error failure = {0};

	result->status = 0;
	result->message[0] = '\0';
	/* If this is killed, the last result is not true any more. */
	if (swk_store_remove(store, store->conf, cause) ||
	    check_and_reload(target, file, command, true, deadline, cause, error))
		return error->status;
	if (!cause->status) {
		result->serving = result->hash;
		return write_result(store, result, cause, error);
	}
	result->status = cause->status == SWK_DATA ? SWK_DATA : SWK_TEMPFAIL;
	(void)snprintf(result->message, sizeof(result->message), "%.*s", SWK_RESULT_MAX,
		       cause->text);
	if (go_back(target, file, result, back, &failure, error) ||
	    write_result(store, result, &failure, error))
		return error->status;
	if (failure.status) {
		swk_error_add(cause, "; then: ");
		swk_error_add(cause, failure.text);
	}
	return 0;
}

/* Whether the file has one of two contents, or can't be loaded. */
static bool is_over(const struct swk_own_file *file, uint64_t loaded, uint64_t back)
{
	struct swk_error ignored = {0};
	struct swk_buffer text;
	bool exists, over;
	uint64_t hash;

	swk_buffer_init(&text, SWK_CONF_MAX);
	over = swk_own_file_text(file, &text, &exists, &ignored) || !exists;
	hash = hash_text(&text);
	swk_buffer_free(&text);
	return over || hash == loaded || hash == back;
}

/* Loads the file once. *over is false if it changed meanwhile: systemd may not start this again for
 * that. */
static int load_once(struct swk_target *target, const struct swk_own_file *file,
		     const struct swk_texts *command, struct swk_store *store, int64_t deadline,
		     bool *over, struct swk_error *cause, struct swk_error *error)
{
	struct swk_result result;
	struct swk_buffer text;
	uint64_t back;
	bool exists;

	*cause = (struct swk_error){0};
	*over = true;
	swk_buffer_init(&text, SWK_CONF_MAX);
	if (read_result(store, &result, cause) || swk_own_file_text(file, &text, &exists, cause))
		goto out;
	if (!exists)
		(void)swk_error_set(cause, SWK_CANTCREATE, "%s does not exist",
				    file->settings->file);
	/* The file was put back after a failure, and the result of that failure is awaited. */
	else if (!result.status || hash_text(&text) != result.serving) {
		result.hash = back = hash_text(&text);
		(void)load_and_note(target, file, command, store, &result, &back, deadline, cause,
				    error);
		*over = error->status || is_over(file, result.hash, back);
	}
out:
	swk_buffer_free(&text);
	return error->status;
}

int swk_own_file_reload(struct swk_target *target, struct swk_own_file *file,
			const struct swk_texts *command, int64_t deadline, struct swk_error *cause,
			struct swk_error *error)
{
	struct swk_store store;
	bool over = false;

	if (!command && !file->reloads)
		(void)swk_error_set(
			cause, SWK_USAGE,
			"target '%s' has no \"reload\" in its settings: give a command, "
			"as in 'swk reload %s -- PROGRAM ARGUMENT'",
			target->name, target->name);
	if (cause->status || open_result(target, &store, cause, error))
		return error->status;
	if (!cause->status)
		(void)swk_store_lock_folder(&store, deadline, cause);
	if (cause->status)
		over = true;
	while (!over && swk_deadline_left(deadline, 1))
		(void)load_once(target, file, command, &store, deadline, &over, cause, error);
	if (!over && !cause->status)
		(void)swk_error_set(cause, SWK_TEMPFAIL,
				    "%s: %s changed again, and there is no time left to load it",
				    target->name, file->settings->file);
	if (cause->status == SWK_INTERNAL)
		(void)swk_error_memory(error);
	swk_store_close(&store);
	return error->status;
}
