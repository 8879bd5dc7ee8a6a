/* SPDX-License-Identifier: MIT */
/*
 * Makes a registration's text shorter before it is decoded. Each check of it has a Definition,
 * which nobody here reads, of a fifth of the text, and nearly always the same from check to check:
 * one that was decoded once need not be decoded again.
 */
#ifndef SWK_CONSUL_TRIM_H
#define SWK_CONSUL_TRIM_H

#include "base/buffer.h"

struct swk_trim {
	struct swk_buffer known; /* a Definition that is a JSON object, without an Address */
	struct swk_buffer text;	 /* a text without it */
	size_t misses;		 /* texts that didn't have it */
};

void swk_trim_init(struct swk_trim *trim);
void swk_trim_free(struct swk_trim *trim);

/*
 * Returns the text, or a shorter one in which known Definitions are `{}`: JSON if, and only if, the
 * text is, with the same values but for those. *length is the text's, and comes out as that of what
 * is returned, which is borrowed until the next call. Without memory it is the text.
 */
const char *swk_trim(struct swk_trim *trim, const char *text, size_t *length);

#endif
