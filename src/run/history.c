/* SPDX-License-Identifier: MIT */
#include "run/history.h"

#include <string.h>
#include <sys/stat.h>

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

/* A run may replace FILE after the journal was read. So both are read again if the journal has
 * changed meanwhile. */
static int read_together(const struct swk_store *store, size_t most, struct swk_changes *changes,
			 uint64_t *hash, struct swk_error *error)
{
	for (int i = 0; i < TRIES; i++) {
		struct stat before = {0}, after = {0};

		(void)lstat(store->journal, &before);
		swk_changes_free(changes);
		if (swk_journal_read(store, most, changes, error) ||
		    find_hash(store->conf, hash, error))
			return error->status;
		(void)lstat(store->journal, &after);
		if (before.st_ino == after.st_ino && before.st_size == after.st_size)
			break;
	}
	return 0;
}

int swk_history_read(const char *conf, size_t most, struct swk_changes *changes,
		     struct swk_error *error)
{
	struct swk_store store;
	uint64_t hash = 0;
	int status;

	if (swk_store_open(&store, conf, error) ||
	    read_together(&store, most, changes, &hash, error) ||
	    swk_changes_name_instances(changes, error)) {
		status = error->status;
	} else {
		status = 0;
		swk_changes_judge(changes, hash);
	}
	swk_store_close(&store);
	return status;
}
