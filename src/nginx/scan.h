/* SPDX-License-Identifier: MIT */
/*
 * Reads FILE block by block, without interpreting what is in the blocks: for a run that is about
 * few upstreams of many. That is allowed only if swk-apply is known to have written the text. So
 * FILE.state keeps a hash of it, which is compared.
 */
#ifndef SWK_NGINX_SCAN_H
#define SWK_NGINX_SCAN_H

#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"
#include "model/source.h"
#include "model/terms.h"

/* An upstream's lines in FILE, from the comment to the brace. */
struct swk_nginx_block {
	enum swk_source_kind kind;
	char source[SWK_NAME_MAX + 1]; /* name of the source; "": no comment */
	char name[SWK_NAME_MAX + 1];
	const char *text; /* borrowed for the call */
	size_t length;
	off_t at; /* where in the file the empty line before it is */
	uint64_t hash;
};

typedef int swk_nginx_take(void *context, const struct swk_nginx_block *block,
			   struct swk_error *error);

/*
 * Passes each block of an open file to `take`. *hash becomes the text's hash, or 0 if it is not a
 * sequence of blocks. If it is not the hash that the text should have, discard what `take` got.
 * Returns 0, SWK_CANTCREATE if the file cannot be read, SWK_INTERNAL without memory, or what `take`
 * returns.
 */
int swk_nginx_scan(int descriptor, const char *path, swk_nginx_take *take, void *context,
		   uint64_t *hash, struct swk_error *error);

/* The same for a text in memory, in which the blocks are borrowed as long as the text. */
int swk_nginx_scan_text(const struct swk_buffer *text, swk_nginx_take *take, void *context,
			uint64_t *hash, struct swk_error *error);

/*
 * The same for a text that swk_nginx_file is known to have written. Finds the blocks whose names
 * begin with `start`, without case, and does not read most of the others. The last block that
 * `take` gets is the one after them; at the end of the file, its name may be empty.
 */
int swk_nginx_find(int descriptor, const char *path, const char *start, swk_nginx_take *take,
		   void *context, struct swk_error *error);

/* The hash of the text that swk_nginx_file gives: a number for the version, and added to it the
 * hash of each block. So it need not be computed anew if a block changes. */
uint64_t swk_nginx_hash(const struct swk_buffer *text);
uint64_t swk_nginx_hash_block(const char *text, size_t length);
/* The hash without the version, so that it can be compared with one that another version of
 * swk-apply made. It is 0 only if the hash is 0, which means that the text is not known. */
uint64_t swk_nginx_hash_lasting(uint64_t hash);

#endif
