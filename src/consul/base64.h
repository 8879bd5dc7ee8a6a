/* SPDX-License-Identifier: MIT */
/* Base64 as in RFC 4648, section 4, read strictly: each content has exactly one text. */
#ifndef SWK_CONSUL_BASE64_H
#define SWK_CONSUL_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* Bytes needed at most for a text of this length. */
#define SWK_BASE64_ROOM(length) ((length) / 4 * 3)

/*
 * Decodes a text into `bytes`, which holds SWK_BASE64_ROOM. Returns false if the length is no
 * multiple of four, a byte is no digit (such as white space), padding is not at the end, or bits
 * after the last byte are not 0.
 */
bool swk_base64_decode(const char *text, size_t length, char *bytes, size_t *count);

#endif
