/* SPDX-License-Identifier: MIT */
/* Base64 as RFC 4648 has it, section 4, read strictly: there is one text of each content. */
#ifndef SWK_CONSUL_BASE64_H
#define SWK_CONSUL_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Room for what a text of this length says, at most. */
#define SWK_BASE64_ROOM(length) ((length) / 4 * 3)

/*
 * Decodes a text into bytes, which have SWK_BASE64_ROOM for it. False where it is none: a length
 * that is no multiple of four, a byte that is no digit (white space, too), padding elsewhere than
 * at the end, bits behind the last byte that are not 0.
 */
bool swk_base64_decode(const char *text, size_t length, char *bytes, size_t *count);

#endif
