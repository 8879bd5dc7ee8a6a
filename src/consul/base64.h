/* SPDX-License-Identifier: MIT */
/* Strict Base64 (RFC 4648, section 4): only one text decodes to a given content. */
#ifndef SWK_CONSUL_BASE64_H
#define SWK_CONSUL_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes that a text of this length decodes to. */
#define SWK_BASE64_ROOM(length) ((length) / 4 * 3)

/*
 * Decodes a text into `bytes`, which has room for SWK_BASE64_ROOM. Returns false for a length that
 * is not a multiple of four, a byte that is not a Base64 digit (also white space), padding before
 * the end, or bits other than 0 after the last byte.
 */
bool swk_base64_decode(const char *text, size_t length, char *bytes, size_t *count);

#endif
