/* SPDX-License-Identifier: MIT */
/*
 * An operator's hold on automatic changes: since when, by whom, and why. Knows its text, not the
 * file. The file's existence is the hold.
 */
#ifndef SWK_STORE_HOLD_H
#define SWK_STORE_HOLD_H

#include <stdint.h>

#include "base/buffer.h"

struct swk_hold {
	int64_t since;		     /* seconds since the epoch; 0: not known */
	char holder[SWK_HOLDER_MAX]; /* printable ASCII, as is the reason; both may be empty */
	char reason[SWK_REASON_MAX];
};

/* Escapes both texts; NULL counts as empty. A holder that is too long is cut off; a reason that is
 * too long is SWK_USAGE. */
int swk_hold_set(struct swk_hold *hold, int64_t since, const char *holder, const char *reason,
		 struct swk_error *error);

/* Lines: a head; `since SECONDS`; `by NAME` and `reason TEXT`, unless empty; and `end`. */
int swk_hold_write(struct swk_buffer *out, const struct swk_hold *hold, struct swk_error *error);

/* Reads such a text. Returns 0, or the first invalid line; then the hold is empty. */
size_t swk_hold_read(struct swk_hold *hold, const char *text, size_t length);

/* Appends for a message: `since 2026-11-21T18:47:00Z by root (REASON)`. */
int swk_hold_describe(struct swk_buffer *out, const struct swk_hold *hold, struct swk_error *error);

#endif
