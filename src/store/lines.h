/* SPDX-License-Identifier: MIT */
/* Reads the texts that one run leaves for the next. The first line is a head. The last is `end`, so
 * that a truncated text is recognised. */
#ifndef SWK_STORE_LINES_H
#define SWK_STORE_LINES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* May take a line, and with it the first lines of the text that follows. Returns whether it does;
 * *length, which is that of the text, becomes that of those lines. */
typedef bool swk_lines_take_many(void *context, const char *line, const char *text, size_t *length);

/*
 * A line has less than SWK_TEXT_MAX bytes: what such a text may contain has its own, lower limit.
 * Passes each line between the head and the end to `take`, without its newline. `take` returns
 * false for an invalid line. It sets `error`, which it shares with the caller, for any other
 * failure; reading then stops. `many`, or NULL, is asked first. Returns 0, or the number
 * of the first invalid line, from 1.
 */
size_t swk_lines_read(const char *text, size_t length, const char *head,
		      bool (*take)(void *context, const char *line), swk_lines_take_many *many,
		      void *context, const struct swk_error *error);

#endif
