/* SPDX-License-Identifier: MIT */
/* FILE.journal: one line of JSON for each change of FILE, the newest last. When it would exceed its
 * size, it becomes FILE.journal.old, and a new one begins. */
#ifndef SWK_STORE_JOURNAL_H
#define SWK_STORE_JOURNAL_H

#include "model/change.h"
#include "store/store.h"

/*
 * Reads the last `most` changes (0: all) of FILE.journal.old and FILE.journal; newest last. Missing
 * files are no error. A torn last line is ignored; other lines that can't be read are counted.
 * Needs no lock. The struct must be zeroed; free it in any case. Returns 0, SWK_INTERNAL without
 * memory, or SWK_CANTCREATE if a file can't be read.
 */
int swk_journal_read(const struct swk_store *store, size_t most, struct swk_changes *changes,
		     struct swk_error *error);

#endif
