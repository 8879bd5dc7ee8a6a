/* SPDX-License-Identifier: MIT */
#include "run/history.h"

#include "base/file.h"
#include "nginx/scan.h"
#include "store/journal.h"

/* A hash that no FILE has in the journal. */
#define ANOTHER 1

/* FILE's hash as the journal has it; 0: there is no FILE. */
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
	if (!status && exists && !*hash)
		*hash = ANOTHER;
	swk_buffer_free(&text);
	return status;
}

int swk_history_read(const char *conf, size_t most, struct swk_changes *changes,
		     struct swk_error *error)
{
	struct swk_store store;
	uint64_t hash;
	int status;

	if (swk_store_open(&store, conf, error) || swk_journal_read(&store, most, changes, error) ||
	    find_hash(store.conf, &hash, error) || swk_changes_name_instances(changes, error))
		status = error->status;
	else {
		status = 0;
		swk_changes_judge(changes, hash);
	}
	swk_store_close(&store);
	return status;
}
