/* SPDX-License-Identifier: MIT */
/*
 * From settings and documents to the file, without files and network. An input is
 *
 *	options %% present file %% live names %% document %% document ...
 *
 * and the options are letters, and behind them, from a `{` on, a settings file:
 *
 *	a	adopt
 *	c	the documents tell of all services that there are
 *	k f t 2 h	the most of keepalive, max_fails, fail_timeout; min_healthy 2, 50%
 *
 * What comes out is a file that can be read back, that says nothing but what it may, and that the
 * same documents leave as it is.
 */
#ifndef SWK_FUZZ_CHAIN_H
#define SWK_FUZZ_CHAIN_H

#include "fuzz.h"

/* The file that came of an input. What is in it has been checked, and read back. */
struct chain_file {
	struct swk_upstreams set;
	struct swk_buffer text;
	struct swk_error
		refusal; /* why there is none: the settings, the present file, a document */
};

/* Provide a zeroed one. */
void chain_run(struct chain_file *file, const char *input, size_t length);
void chain_file_free(struct chain_file *file);

/* The body with which an upstream would be sent; the buffer is initialised. */
void chain_body(struct swk_buffer *body, const struct swk_upstream *upstream);

#endif
