/* SPDX-License-Identifier: MIT */
/*
 * From settings and documents to FILE, without files and network. An input is
 *
 *	options %% FILE %% live names %% document %% document ...
 *
 * The options are letters, then, from a `{` on, a settings file:
 *
 *	a	adopt
 *	c	the documents list all services
 *	k f t	the largest keepalive, max_fails, fail_timeout
 *	2 h	min_healthy is 2, or 50%
 *
 * The result is a FILE that can be read back, has only what it may have, and does not change with
 *the same documents.
 */
#ifndef SWK_FUZZ_CHAIN_H
#define SWK_FUZZ_CHAIN_H

#include "fuzz.h"

/* The FILE made from an input. It has been checked and read back. */
struct chain_file {
	struct swk_upstreams set;
	struct swk_buffer text;
	/* Why there is no FILE: an error in the settings, the old FILE or a document. */
	struct swk_error refusal;
};

/* `file` must be zeroed. */
void chain_run(struct chain_file *file, const char *input, size_t length);
void chain_file_free(struct chain_file *file);

/* Writes the body of the POST for an upstream. The buffer must be initialised. */
void chain_body(struct swk_buffer *body, const struct swk_upstream *upstream);

#endif
