/* SPDX-License-Identifier: MIT */
/*
 * FILE.journal: one line of JSON (entry.h) for each change of FILE, the newest last. A line is
 * durable before FILE is replaced. If FILE.journal would exceed its size, it becomes
 * FILE.journal.old, and a new one begins. What follows the last newline was not written to its end:
 * readers ignore it, and the next change replaces it.
 */
#ifndef SWK_STORE_JOURNAL_H
#define SWK_STORE_JOURNAL_H

#include "model/change.h"
#include "store/store.h"

/*
 * Appends a change durably, and numbers it. Needs the lock. `size` is the most that FILE.journal
 * may have, in bytes. If the change has more than a SWK_JOURNAL_SHARE of that, it loses its
 * upstreams, and is `cut`. If it still has more than that size, it loses its messages. Returns 0,
 * SWK_INTERNAL without memory, SWK_TEMPFAIL if the lock is lost, or SWK_CANTCREATE; then the
 * journal is as it was.
 */
int swk_journal_append(struct swk_store *store, size_t size, struct swk_change *change,
		       struct swk_error *error);

/*
 * Reads the last `most` changes (0: all) of FILE.journal.old and FILE.journal; newest last. Missing
 * files are no error. Lines that can't be read are counted. Needs no lock. The struct must be
 * zeroed; free it in any case. Returns 0, SWK_INTERNAL without memory, or SWK_CANTCREATE if a file
 * can't be read.
 */
int swk_journal_read(const struct swk_store *store, size_t most, struct swk_changes *changes,
		     struct swk_error *error);

#endif
