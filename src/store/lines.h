/* SPDX-License-Identifier: MIT */
/*
 * Texts that one run leaves for the next: lines, of which the first is a head, and the last `end`,
 * so that a cut text is told from a whole one.
 */
#ifndef SWK_STORE_LINES_H
#define SWK_STORE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Hands on the lines between head and end, each without its newline. `take` returns false where a
 * line is none that belongs there; what else goes wrong it says in the error, which it shares with
 * the caller. Returns 0, or the number of the first line that is amiss, from 1.
 */
size_t swk_lines_read(const char *text, size_t length, const char *head,
		      bool (*take)(void *context, const char *line), void *context,
		      const struct swk_error *error);

#endif
