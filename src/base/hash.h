/* SPDX-License-Identifier: MIT */
/*
 * A number that stands for texts: the same for the same, and another for others but once in 2^64.
 * Not for what somebody may gain by making two that are alike.
 */
#ifndef SWK_BASE_HASH_H
#define SWK_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* With this it begins (after FNV-1a, 64 bits). It depends on the machine's order of bytes, and on
 * how a text is cut if it is given in pieces… */
#define SWK_HASH_START UINT64_C(14695981039346656037)

uint64_t swk_hash_bytes(uint64_t hash, const void *data, size_t length);
/* A text with its end: "a", "bc" is another than "ab", "c". NULL is one of its own. */
uint64_t swk_hash_text(uint64_t hash, const char *text);
/* …and with this it ends: then such numbers may be added up, in any order. */
uint64_t swk_hash_end(uint64_t hash);

#endif
