/* SPDX-License-Identifier: MIT */
/* The content of FILE.hold: since when, by whom and why an operator has put changes on hold.
 * Changes are on hold while the file exists, whatever it contains. Knows the text, not the file. */
#ifndef SWK_STORE_HOLD_H
#define SWK_STORE_HOLD_H

#include <stdint.h>

#include "base/buffer.h"

struct swk_hold {
	int64_t since;		     /* seconds since the epoch; 0: not known */
	char holder[SWK_HOLDER_MAX]; /* both are printable ASCII, and may be empty */
	char reason[SWK_REASON_MAX];
};

/* Escapes both texts; NULL counts as empty. Truncates a holder that is too long. Returns 0, or
 * SWK_USAGE if the reason is too long. */
int swk_hold_set(struct swk_hold *hold, int64_t since, const char *holder, const char *reason,
		 struct swk_error *error);

/* Appends the text. Its lines: a head; `since SECONDS`; `by NAME` and `reason TEXT`, unless empty;
 * `end`. Returns 0 or SWK_INTERNAL. */
int swk_hold_write(struct swk_buffer *out, const struct swk_hold *hold, struct swk_error *error);

/* Reads such a text. Returns 0, or the number of the first invalid line; the hold is then empty. */
size_t swk_hold_read(struct swk_hold *hold, const char *text, size_t length);

/* Appends `since 2026-11-21T18:47:00Z by root (REASON)`, for a message. Returns 0 or
 * SWK_INTERNAL. */
int swk_hold_describe(struct swk_buffer *out, const struct swk_hold *hold, struct swk_error *error);

#endif
