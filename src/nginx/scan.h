/* SPDX-License-Identifier: MIT */
/*
 * Reads FILE block by block, without interpreting what is in the blocks: for a run that is about
 * few upstreams of many. That is only allowed if the text is known to be what swk-apply wrote. So a
 * hash of it is kept, and compared.
 */
#ifndef SWK_NGINX_SCAN_H
#define SWK_NGINX_SCAN_H

#include <stdint.h>

#include "base/buffer.h"
#include "model/names.h"
#include "model/upstream.h"

/* An upstream's lines in FILE, from the comment to the brace. */
struct swk_nginx_block {
	enum swk_source_kind kind;
	char source[SWK_NAME_MAX + 1]; /* name of the source; "": no comment */
	char name[SWK_NAME_MAX + 1];
	const char *text; /* borrowed for the call */
	size_t length;
};

typedef int swk_nginx_take(void *context, const struct swk_nginx_block *block,
			   struct swk_error *error);

/*
 * Passes each block of an open file to `take`. *hash becomes the text's hash, or 0 if it is not a
 * sequence of blocks. If it is not the hash that the text should have, what `take` got is
 * worthless. Returns 0, SWK_CANTCREATE if the file cannot be read, SWK_INTERNAL without memory, or
 * what `take` returns.
 */
int swk_nginx_scan(int descriptor, const char *path, swk_nginx_take *take, void *context,
		   uint64_t *hash, struct swk_error *error);

/* The hash of the text that swk_nginx_file gives. */
uint64_t swk_nginx_hash(const struct swk_buffer *text);

/*
 * Copies an open file, whose blocks are sorted by name, without the upstreams that have one of the
 * names. Inserts those of `set` that have. *before and *after become the hashes of both texts.
 * Returns as swk_nginx_scan, or -1 with errno set if `to` cannot be written.
 */
int swk_nginx_splice(int from, const char *path, int to, const struct swk_names *names,
		     const struct swk_upstreams *set, uint64_t *before, uint64_t *after,
		     struct swk_error *error);

#endif
