/* SPDX-License-Identifier: MIT */
/*
 * Shortens a registration's text before jansson decodes it. A third of the text are objects that
 * nothing reads: Definition of checks, Proxy of services and, unless they are needed, tagged
 * addresses.
 */
#ifndef SWK_CONSUL_TRIM_H
#define SWK_CONSUL_TRIM_H

#include "base/buffer.h"

/*
 * Returns the text, or a shorter one in `room` in which such objects are `{}`. The result is valid
 * JSON if and only if the text is; all other values are the same. An object is left out only if it
 * is simple JSON, without arrays, escapes, fractions and blanks. The text must end with a NUL, and
 * contain no other. *length is that of the text, then of the result. Without memory it is the text.
 * `tagged`: the tagged addresses are needed.
 */
const char *swk_trim(struct swk_buffer *room, const char *text, size_t *length, bool tagged);

#endif
