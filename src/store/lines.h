/* SPDX-License-Identifier: MIT */
/*
 * Texts that one run leaves for the next. The first line is a head, the last is `end`: a truncated
 * text is recognised.
 */
#ifndef SWK_STORE_LINES_H
#define SWK_STORE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/*
 * Passes on each line between head and end, without its newline. `take` returns false for an
 * invalid line, and reports other failures in `error`, which it shares with the caller. Returns 0,
 * or the number of the first invalid line, from 1.
 */
size_t swk_lines_read(const char *text, size_t length, const char *head,
		      bool (*take)(void *context, const char *line), void *context,
		      const struct swk_error *error);

#endif
