/* SPDX-License-Identifier: MIT */
/* Reads the journal, for `swk history` and the page. Takes no lock, and writes nothing. */
#ifndef SWK_RUN_HISTORY_H
#define SWK_RUN_HISTORY_H

#include "model/change.h"

/*
 * Reads all changes of the journal next to `conf`, which is FILE. Sets the fate of each, and names
 * the instances of lost servers as far as the changes have them. The struct must be zeroed; free it
 * in any case. Returns 0, SWK_INTERNAL without memory, or SWK_CANTCREATE if a file can't be read.
 */
int swk_history_read(const char *conf, struct swk_changes *changes, struct swk_error *error);

#endif
