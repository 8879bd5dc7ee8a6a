/* SPDX-License-Identifier: MIT */
/* The answers of the dyups interface: what a status means, and what it prints of upstreams. Knows
 * neither how it is asked, nor when. */
#ifndef SWK_TARGET_DYUPS_ANSWER_H
#define SWK_TARGET_DYUPS_ANSWER_H

#include "io/http.h"
#include "model/live.h"

enum swk_dyups_meaning {
	SWK_DYUPS_DONE,
	SWK_DYUPS_NOT_THERE, /* of a DELETE: the answering worker hasn't got it */
	SWK_DYUPS_NOT_SYNC,  /* the answering worker changed, the queue to the others is full */
	SWK_DYUPS_LATER,
	SWK_DYUPS_CUT, /* nginx may have taken a part of the body */
	SWK_DYUPS_FINAL,
};

/* What an answer means; *advice is what to do about it, "" if there is nothing to be said. */
enum swk_dyups_meaning swk_dyups_meaning(const struct swk_http_request *request,
					 const char **advice);

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
