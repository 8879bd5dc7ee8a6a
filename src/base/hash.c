/* SPDX-License-Identifier: MIT */
#include "base/hash.h"

#include <stdbool.h>
#include <string.h>

static const uint64_t prime = UINT64_C(1099511628211);

/* The shift brings the upper half of the product down, so that it mixes with the next word. */
static uint64_t add_word(uint64_t hash, uint64_t word)
{
	hash = (hash ^ word) * prime;
	return hash ^ hash >> 32;
}

uint64_t swk_hash_bytes(uint64_t hash, const void *data, size_t length)
{
	const unsigned char *bytes = data;
	uint64_t words[4], lanes[4] = {hash, hash + 1, hash + 2, hash + 3};
	const bool is_long = length >= 2 * sizeof(words);

	/* Four words at a time, because one multiplication need not wait for another: that is three
	 * times as fast. */
	for (; is_long && length >= sizeof(words); length -= sizeof(words)) {
		memcpy(words, bytes, sizeof(words));
		bytes += sizeof(words);
		lanes[0] = add_word(lanes[0], words[0]);
		lanes[1] = add_word(lanes[1], words[1]);
		lanes[2] = add_word(lanes[2], words[2]);
		lanes[3] = add_word(lanes[3], words[3]);
	}
	if (is_long)
		hash = ((lanes[0] * prime ^ lanes[1]) * prime ^ lanes[2]) * prime ^ lanes[3];
	for (; length >= sizeof(*words); length -= sizeof(*words)) {
		memcpy(words, bytes, sizeof(*words));
		bytes += sizeof(*words);
		hash = add_word(hash, *words);
	}
	for (size_t i = 0; i < length; i++)
		hash = (hash ^ bytes[i]) * prime;
	return hash;
}

uint64_t swk_hash_text(uint64_t hash, const char *text)
{
	/* NULL hashes as 0xff, which no UTF-8 text contains. */
	return text ? swk_hash_bytes(hash, text, strlen(text) + 1)
		    : swk_hash_bytes(hash, "\xff", 1);
}

/* The last step of MurmurHash3. Without it, texts that differ only at the end have similar
 * hashes. */
uint64_t swk_hash_end(uint64_t hash)
{
	hash = (hash ^ hash >> 33) * UINT64_C(0xff51afd7ed558ccd);
	hash = (hash ^ hash >> 33) * UINT64_C(0xc4ceb9fe1a85ec53);
	return hash ^ hash >> 33;
}
