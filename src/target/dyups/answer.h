/* SPDX-License-Identifier: MIT */
/* The answers of the dyups interface: statuses, and how upstreams are printed. */
#ifndef SWK_TARGET_DYUPS_ANSWER_H
#define SWK_TARGET_DYUPS_ANSWER_H

#include "io/http.h"
#include "model/live.h"

/* An upstream that is created and deleted to learn something. No managed one has such a name. If a
 * run is killed in between, reads leave it out, and the next run that tries again deletes it. */
#define SWK_DYUPS_TRIAL "_swk-apply"

enum swk_dyups_meaning {
	SWK_DYUPS_DONE,
	SWK_DYUPS_NOT_THERE, /* to a DELETE: the answering worker does not have the upstream */
	SWK_DYUPS_NOT_SYNC,  /* the answering worker changed; the queue to the others is full */
	SWK_DYUPS_LATER,     /* a retry may help */
	SWK_DYUPS_CUT,	     /* nginx may have taken only a part of the body */
	SWK_DYUPS_INVALID,   /* nginx rejects the body, or this worker rejects every body */
	SWK_DYUPS_FINAL,     /* a retry does not help */
};

/* What an answer means. *advice says what to do about it, or is "". */
enum swk_dyups_meaning swk_dyups_meaning(const struct swk_http_request *request,
					 const char **advice);

/* Whether nginx, by its Server header, ignores the keepalive of upstreams that dyups changed. */
bool swk_dyups_loses_keepalive(const char *server);

/*
 * Reads an answer to GET /detail. Each block is a name, `server ADDRESS [ATTRIBUTE=N]…` lines and
 * an empty line. A server that is not understood makes its upstream `partial`. Returns 0 or
 * SWK_INTERNAL.
 */
int swk_dyups_read_detail(struct swk_live *live, const char *text, size_t length,
			  struct swk_error *error);

/* Reads an answer to GET /list: a name on each line, or `upstream NAME {` before each body. */
int swk_dyups_read_list(struct swk_live *live, const char *text, size_t length,
			struct swk_error *error);

/*
 * Whether an answer to GET /upstream/NAME, a list of `server ADDRESS` lines, has this upstream's
 * servers. The module prints one line for each directive, and for a host name only its first
 * address (from its source). So with host names, all other addresses must be there, and as many
 * lines as servers.
 */
bool swk_dyups_shows(const struct swk_upstream *upstream, const char *text, size_t length);

#endif
