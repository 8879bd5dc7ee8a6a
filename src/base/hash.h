/* SPDX-License-Identifier: MIT */
/* A 64-bit hash. It is not safe where an attacker gains from a collision. */
#ifndef SWK_BASE_HASH_H
#define SWK_BASE_HASH_H

#include <stddef.h>
#include <stdint.h>

/* The start value, from 64-bit FNV-1a. A hash depends on the machine's byte order, and on how the
 * data is split among calls. */
#define SWK_HASH_START UINT64_C(14695981039346656037)

uint64_t swk_hash_bytes(uint64_t hash, const void *data, size_t length);
/* Hashes a text and its final NUL, so that "a", "bc" differs from "ab", "c". NULL has a hash of its
 * own. */
uint64_t swk_hash_text(uint64_t hash, const char *text);
/* Finishes a hash. The sum of finished hashes identifies a set, in any order. */
uint64_t swk_hash_end(uint64_t hash);

#endif
