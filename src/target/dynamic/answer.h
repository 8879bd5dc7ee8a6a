/* SPDX-License-Identifier: MIT */
/* The answers of ngx_dynamic_upstream: statuses, and how it prints the servers of an upstream. */
#ifndef SWK_TARGET_DYNAMIC_ANSWER_H
#define SWK_TARGET_DYNAMIC_ANSWER_H

#include "io/http.h"
#include "model/upstream.h"
#include "settings/field.h"

enum swk_dynamic_meaning {
	SWK_DYNAMIC_DONE,
	SWK_DYNAMIC_NOTHING,	/* nothing changed: it is there already, or not there */
	SWK_DYNAMIC_UNDECLARED, /* nginx has no upstream of this name */
	SWK_DYNAMIC_NO_ZONE,	/* the upstream can't be changed, because it has no `zone` */
	SWK_DYNAMIC_FULL,	/* its `zone` has no room */
	SWK_DYNAMIC_CHANGED,	/* the servers are not as they were read last */
	SWK_DYNAMIC_ALIVE,	/* an upstream has to be named: the module answers */
	SWK_DYNAMIC_LATER,	/* a retry may help */
	SWK_DYNAMIC_FINAL,	/* a retry does not help */
};

enum swk_dynamic_meaning swk_dynamic_meaning(const struct swk_http_request *request);

/*
 * The servers of an upstream. nginx accepts no upstream without servers, so an empty one has a
 * placeholder. This is `down`, and has an address that no server can have: 0.x.x.x. The module
 * itself adds `0.0.0.0:1` if the last server is removed.
 */
struct swk_dynamic_servers {
	/* Those that could be swk-apply's, sorted. `partial` if there are others, or if something
	 * was not understood. */
	struct swk_upstream upstream;
	struct swk_texts others; /* all other servers, by the word with which they are removed */
	struct swk_texts placeholders; /* the same for placeholders */
	bool unclear;		       /* something was not understood */
	bool cut; /* the module prints at most 128 KiB, and this is not the whole answer */
};

/*
 * Reads an answer with `verbose`. Each line is `server WORD addr=ADDRESS weight=N max_fails=N
 * fail_timeout=N max_conns=N conns=N [down] [backup];`. WORD is as in nginx's configuration, or as
 * it was added. `servers` must be zeroed. Returns 0 or SWK_INTERNAL.
 */
int swk_dynamic_servers_read(struct swk_dynamic_servers *servers, const char *name,
			     const char *text, size_t length, struct swk_error *error);
void swk_dynamic_servers_free(struct swk_dynamic_servers *servers);

/*
 * Whether an upstream with these servers needs a placeholder. It does if all servers are backups.
 * It also does if there are backups and a single other server: the module then marks the upstream
 * as one with a single server, and nginx never tries the backups (measured on nginx 1.22.1).
 */
bool swk_dynamic_needs_placeholder(const struct swk_upstream *upstream);

#endif
