/* SPDX-License-Identifier: MIT */
/* Commands that give an upstream's servers to a backend. Pure. All their parts are validated: names
 * of upstreams, addresses printed from their bytes, numbers, the operator's words, and names of
 * servers as HAProxy itself shows them. */
#ifndef SWK_TARGET_HAPROXY_CHANGE_H
#define SWK_TARGET_HAPROXY_CHANGE_H

#include "model/upstream.h"
#include "settings/field.h"
#include "target/haproxy/runtime.h"

/* A change of one upstream that HAProxy has as a backend. Borrowed. */
struct swk_haproxy_change {
	size_t number;			   /* the caller's; in the commands */
	const struct swk_upstream *before; /* what HAProxy has confirmed */
	const struct swk_upstream *after;
	const struct swk_haproxy_state *state;
	const struct swk_texts *options; /* of each server */
};

/*
 * Whether a change must be made by a reload: the balancing method, a server's `backup`, or a host
 * name changes, which the runtime API can't do.
 */
bool swk_haproxy_needs_reload(const struct swk_upstream *before, const struct swk_upstream *after);

/* Whether the runtime API can make no part of such a change: it can't add servers with host
 * names. */
bool swk_haproxy_changes_hosts(const struct swk_upstream *before, const struct swk_upstream *after);

/*
 * Both append commands. The first ones let servers get requests: new servers, servers that come
 * back, other weights and limits. When these have succeeded, the second ones take servers out of
 * rotation, and delete those that `after` does not have. A deletion fails while the server has
 * connections. Return 0 or SWK_INTERNAL.
 */
int swk_haproxy_raise(struct swk_haproxy_request *request, const struct swk_haproxy_change *change,
		      struct swk_error *error);
int swk_haproxy_lower(struct swk_haproxy_request *request, const struct swk_haproxy_change *change,
		      struct swk_error *error);

/* Whether the state has the upstream as desired, apart from servers in maintenance that the
 * upstream does not have. Compares addresses, weights, whether a server is down, and details if
 * there are any. */
bool swk_haproxy_shows(const struct swk_haproxy_state *state, const struct swk_upstream *upstream);

/* Whether a line is of a server that is out of rotation, and not in the upstream. NULL: no upstream
 * is known, so that none is. */
bool swk_haproxy_leaves(const struct swk_haproxy_line *line, const struct swk_upstream *upstream);

/* Appends the deletion of such a server. */
int swk_haproxy_delete(struct swk_haproxy_request *request, const struct swk_haproxy_line *line,
		       size_t number, struct swk_error *error);

#endif
