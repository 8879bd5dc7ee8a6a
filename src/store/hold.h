/* SPDX-License-Identifier: MIT */
/*
 * That an operator holds automatic changes: since when, who, and why. Knows its text, not the file
 * that it stands in, and whose being there is what holds.
 */
#ifndef SWK_STORE_HOLD_H
#define SWK_STORE_HOLD_H

#include <stdint.h>

#include "base/buffer.h"

struct swk_hold {
	int64_t since;		     /* seconds since the epoch; 0: nobody knows */
	char holder[SWK_HOLDER_MAX]; /* printable ASCII, as the reason; may be empty, too */
	char reason[SWK_REASON_MAX];
};

/* Escapes both texts; NULL is an empty one. Of a name too long the end is cut off, for a reason too
 * long the result is SWK_USAGE. */
int swk_hold_set(struct swk_hold *hold, int64_t since, const char *holder, const char *reason,
		 struct swk_error *error);

/* Lines: a head; `since SECONDS`; `by NAME` and `reason TEXT`, unless empty; and `end`. */
int swk_hold_write(struct swk_buffer *out, const struct swk_hold *hold, struct swk_error *error);

/* Reads such a text. Returns 0, or the first line that is none of these; the hold is then empty. */
size_t swk_hold_read(struct swk_hold *hold, const char *text, size_t length);

/* For a message: `since 2026-11-21T18:47:00Z by root (REASON)`. */
int swk_hold_describe(struct swk_buffer *out, const struct swk_hold *hold, struct swk_error *error);

#endif
