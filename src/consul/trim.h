/* SPDX-License-Identifier: MIT */
/*
 * Shortens a registration's text before it is decoded. Each check has a Definition, which no code
 * here reads. Definitions are a fifth of the text, and nearly always the same: one that was decoded
 * once need not be decoded again.
 */
#ifndef SWK_CONSUL_TRIM_H
#define SWK_CONSUL_TRIM_H

#include "base/buffer.h"

struct swk_trim {
	struct swk_buffer known; /* a Definition that is a JSON object without an Address */
	struct swk_buffer text;	 /* the shortened text */
	size_t misses;		 /* texts without the known Definition */
};

void swk_trim_init(struct swk_trim *trim);
void swk_trim_free(struct swk_trim *trim);

/*
 * Returns the text, or a shorter one in which known Definitions are `{}`. The result is valid JSON
 * if and only if the text is, with the same values otherwise. *length is that of the text, then of
 * the result. The result is borrowed until the next call. Without memory it is the text.
 */
const char *swk_trim(struct swk_trim *trim, const char *text, size_t *length);

#endif
