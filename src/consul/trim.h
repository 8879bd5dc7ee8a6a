/* SPDX-License-Identifier: MIT */
/*
 * Shortens a registration's text before jansson decodes it: checks' Definitions, services' Proxy
 * and, unless they are needed, tagged addresses are a third of the text, and nothing reads them.
 */
#ifndef SWK_CONSUL_TRIM_H
#define SWK_CONSUL_TRIM_H

#include "base/buffer.h"

/*
 * Returns the text, or a shorter one in `room` in which such objects are `{}`. The result is valid
 * JSON if and only if the text is, with the same values otherwise: an object is left out only if it
 * is JSON in its plainest form, without arrays, escapes, fractions and blanks. The text must end in
 * a NUL and hold no other. *length is that of the text, then of the result. Without memory it is
 * the text. `tagged`: the tagged addresses are needed.
 */
const char *swk_trim(struct swk_buffer *room, const char *text, size_t *length, bool tagged);

#endif
