/* SPDX-License-Identifier: MIT */
/*
 * A 64-bit hash of texts: different texts have the same one once in 2^64 times. Not for cases where
 * an attacker gains by a collision.
 */
#ifndef SWK_BASE_HASH_H
#define SWK_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The start value (from FNV-1a, 64 bits). The hash depends on the machine's byte order, and on how
 * a text is split over several calls. */
#define SWK_HASH_START UINT64_C(14695981039346656037)

uint64_t swk_hash_bytes(uint64_t hash, const void *data, size_t length);
/* Hashes a text with its end: "a", "bc" differs from "ab", "c". NULL has a hash of its own. */
uint64_t swk_hash_text(uint64_t hash, const char *text);
/* Finishes a hash. Finished hashes may be summed in any order. */
uint64_t swk_hash_end(uint64_t hash);

#endif
