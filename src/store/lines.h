/* SPDX-License-Identifier: MIT */
/* Reads the texts that one run leaves for the next. The first line is a head. The last is `end`, so
 * that a truncated text is recognised. */
#ifndef SWK_STORE_LINES_H
#define SWK_STORE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* May take several lines at the beginning of a text. Returns how many; *taken is their length. */
typedef size_t swk_lines_take_many(void *context, const char *text, size_t length, size_t *taken);

/*
 * A line has less than SWK_TEXT_MAX bytes: what such a text may contain has its own, lower limit.
 * Passes each line between the head and the end to `take`, without its newline. `take` returns
 * false for an invalid line. It sets `error`, which it shares with the caller, for any other
 * failure; reading then stops. `many`, or NULL, is asked before each line. Returns 0, or the number
 * of the first invalid line, from 1.
 */
size_t swk_lines_read(const char *text, size_t length, const char *head,
		      bool (*take)(void *context, const char *line), swk_lines_take_many *many,
		      void *context, const struct swk_error *error);

#endif
