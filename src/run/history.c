/* SPDX-License-Identifier: MIT */
#include "run/history.h"

#include <string.h>
#include <sys/stat.h>
#include <time.h>

#include "base/deadline.h"
#include "base/file.h"
#include "nginx/conf.h"
#include "nginx/scan.h"
#include "store/journal.h"

/* A hash that no FILE has in the journal: swk-apply's FILE, which another program changed. */
#define ANOTHER 1

/* How often to read the journal and FILE. */
#define TRIES 4

/* Whether a text is FILE's, although it may have been changed since. */
static bool is_managed(const struct swk_buffer *text)
{
	/* A blank file is managed, too. */
	return swk_nginx_is_managed(text->data, text->length) &&
	       memchr(text->data, *swk_nginx_head, text->length);
}

/* FILE's hash as the journal has it; 0: there is no FILE, or swk-apply has not written it. */
static int find_hash(const char *path, uint64_t *hash, struct swk_error *error)
{
	struct swk_buffer text;
	bool exists;
	int status;

	*hash = 0;
	swk_buffer_init(&text, SWK_CONF_MAX);
	status = swk_file_read(path, &text, &exists, error);
	if (!status && exists)
		*hash = swk_nginx_hash_lasting(swk_nginx_hash(&text));
	if (!status && text.length && !*hash && is_managed(&text))
		*hash = ANOTHER;
	swk_buffer_free(&text);
	return status;
}

static struct stat stat_of(const char *path)
{
	struct stat about = {0};

	(void)lstat(path, &about);
	return about;
}

/* Reads the journal, and judges its changes. A run may change both files after the journal was
 * read: then they are read again. */
static int read_together(const struct swk_store *store, struct swk_changes *changes,
			 struct swk_error *error)
{
	for (int i = 0; i < TRIES; i++) {
		const struct stat before = stat_of(store->journal);
		struct stat after;
		uint64_t hash;

		swk_changes_free(changes);
		if (swk_journal_read(store, 0, changes, error) ||
		    find_hash(store->conf, &hash, error))
			return error->status;
		swk_changes_judge(changes, hash);
		after = stat_of(store->journal);
		if (before.st_ino == after.st_ino && before.st_size == after.st_size)
			break;
	}
	return 0;
}

/* ---- a change under way ---- */

/* Whether the last change of FILE has not happened, or not yet. */
static bool may_be_under_way(const struct swk_changes *changes)
{
	size_t i = changes->count;

	while (i && !changes->list[i - 1].before && !changes->list[i - 1].after)
		i--;
	return i && changes->list[i - 1].fate == SWK_CHANGE_NOT_DONE;
}

/* Waits until FILE is replaced, or a run should have done so. */
static void await_replacement(const struct swk_store *store)
{
	const struct timespec pause = {0, SWK_HISTORY_PAUSE_MS * 1000000L};
	const int64_t end = swk_now_ms() + SWK_HISTORY_WAIT_MS;
	const ino_t before = stat_of(store->conf).st_ino;

	while (stat_of(store->conf).st_ino == before && swk_now_ms() < end)
		(void)nanosleep(&pause, NULL);
}

int swk_history_read(const char *conf, struct swk_changes *changes, struct swk_error *error)
{
	struct swk_store store;
	int status = swk_store_open(&store, conf, error);

	if (!status)
		status = read_together(&store, changes, error);
	if (!status && may_be_under_way(changes)) {
		await_replacement(&store);
		status = read_together(&store, changes, error);
	}
	if (!status)
		status = swk_changes_name_instances(changes, error);
	swk_store_close(&store);
	return status;
}
