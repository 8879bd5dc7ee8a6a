/* SPDX-License-Identifier: MIT */
/* Strict Base64 (RFC 4648, section 4): only one text decodes to a given content. */
#ifndef SWK_CONSUL_BASE64_H
#define SWK_CONSUL_BASE64_H

#include <stdbool.h>
#include <stddef.h>

/* The most bytes that a text of this length decodes to. */
#define SWK_BASE64_ROOM(length) ((length) / 4 * 3)

/*
 * Decodes a text into `bytes`, which has room for SWK_BASE64_ROOM. Returns false if the length is
 * not a multiple of four, a byte is not a Base64 digit (white space is not), padding is not at the
 * end, or bits after the last byte are not 0.
 */
bool swk_base64_decode(const char *text, size_t length, char *bytes, size_t *count);

#endif
