/* SPDX-License-Identifier: MIT */
/* What the dyups interface prints of the upstreams that it has, read. Knows the text, not how it is
 * asked for. */
#ifndef SWK_TARGET_DYUPS_ANSWER_H
#define SWK_TARGET_DYUPS_ANSWER_H

#include "model/live.h"

/*
 * Reads an answer to GET /detail: blocks of a name and `server ADDRESS [ATTRIBUTE=N]…` lines, with
 * an empty line behind each. What is not understood of a server makes its upstream `partial`.
 * Returns 0 or SWK_INTERNAL.
 */
int swk_dyups_read_detail(struct swk_live *live, const char *text, size_t length,
			  struct swk_error *error);

/* Reads an answer to GET /list: a name a line, or `upstream NAME {` before each body. */
int swk_dyups_read_list(struct swk_live *live, const char *text, size_t length,
			struct swk_error *error);

/*
 * Whether an answer to GET /upstream/NAME, `server ADDRESS` lines, has the servers of this one. The
 * module prints one line a directive, with the first address that it has of a host's name (so its
 * source): with such names, the other addresses must be there, and no fewer lines than servers.
 */
bool swk_dyups_shows(const struct swk_upstream *upstream, const char *text, size_t length);

#endif
