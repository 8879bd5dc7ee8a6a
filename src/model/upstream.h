/* SPDX-License-Identifier: MIT */
/* An upstream, and a set of upstreams. The caller provides and frees the structs; a zeroed struct
 * is empty. Functions that return an int return 0 or SWK_INTERNAL. */
#ifndef SWK_MODEL_UPSTREAM_H
#define SWK_MODEL_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/server.h"
#include "model/source.h"
#include "model/terms.h"

/* Parts of a target, such as the processes of a proxy, may each have a live state of their own. How
 * an upstream is spread over the parts that were read; each value outranks the one before it. */
enum swk_spread {
	SWK_SPREAD_SAME,     /* all have it, with the same servers */
	SWK_SPREAD_DIFFERS,  /* all have it, some with other servers or another spelling */
	SWK_SPREAD_SOME,     /* some lack it */
	SWK_SPREAD_RETURNED, /* some lack it; a part that restarted came back with an old one */
};

struct swk_upstream {
	char *name;		  /* owned, with the texts of `source`: they are in one block */
	struct swk_source source; /* set it with swk_upstream_set */
	struct swk_server *servers;
	size_t count;
	size_t registered; /* its instances in the registry, usable or not */
	size_t usable;	   /* those that are served, and not marked down */
	size_t latest;	   /* the number within its service of the one that was placed last */
	uint64_t colours;  /* which its instances have: a bit for each, by `group` of the server */
	enum swk_balance balance;
	unsigned keepalive; /* idle connections per process of the proxy; 0: none */
	bool says_none;	    /* `keepalive 0;` is written, because the default is not 0 */
	/* The next two have no effect without keepalive. */
	unsigned keepalive_timeout;  /* seconds; 0: nginx's default */
	unsigned keepalive_requests; /* 0: nginx's default */
	/* The next four are only for the live state. */
	size_t leaving; /* servers out of rotation that are deleted when they are free; they are not
			 * among `servers` */
	bool draining;	/* out of rotation, and deleted when it is free */
	bool partial;	/* has servers that don't fit the model, or parts of the target differ */
	enum swk_spread spread;
};

int swk_upstream_init(struct swk_upstream *upstream, const char *name,
		      const struct swk_source *source, struct swk_error *error);
/* Sets the name and the source. Either may be the upstream's own. */
int swk_upstream_set(struct swk_upstream *upstream, const char *name,
		     const struct swk_source *source, struct swk_error *error);
void swk_upstream_free(struct swk_upstream *upstream);
/* Appends a copy of the server, with its host name. */
int swk_upstream_add(struct swk_upstream *upstream, const struct swk_server *server,
		     struct swk_error *error);

/*
 * Sorts the servers by swk_server_compare, and keeps one for each address. It prefers a server that
 * is up, then one that is not a backup, then the larger weight; the order before does not matter.
 */
void swk_upstream_tidy(struct swk_upstream *upstream);

/*
 * If the largest weight exceeds `most`, scales all down in proportion. A server that is down gets
 * no requests, so its weight does not scale the others. Each weight is then in 1…most. Returns the
 * largest weight before, or 0 if it did not exceed `most`.
 */
unsigned swk_upstream_scale(struct swk_upstream *upstream, unsigned most);
/* The largest weight of a server that is not down; 0: there is none. */
unsigned swk_upstream_largest(const struct swk_upstream *upstream);
/* What becomes of a weight if `largest` is scaled to `most`. */
unsigned swk_weight_scaled(unsigned weight, unsigned largest, unsigned most);

/* The server with the same address, or NULL. The servers must be sorted. */
const struct swk_server *swk_upstream_find_server(const struct swk_upstream *upstream,
						  const struct swk_server *server);

/* Whether some server has a host name. It can't be compared with the live state, where a proxy
 * shows the address that the name resolved to. */
bool swk_upstream_has_host(const struct swk_upstream *upstream);

/*
 * Whether a proxy behaves the same with both: compares balancing, keepalive, and servers with their
 * attributes, but not the source. The other two compare only servers with attributes, and only
 * addresses. Servers must be sorted. A `partial` upstream equals none.
 */
bool swk_upstream_same(const struct swk_upstream *a, const struct swk_upstream *b);
bool swk_upstream_same_servers(const struct swk_upstream *a, const struct swk_upstream *b);
bool swk_upstream_same_addresses(const struct swk_upstream *a, const struct swk_upstream *b);

/* ---- a set of upstreams ---- */

/* Sorted by name without case. Names differ by more than case, because some proxies ignore it. */
struct swk_upstreams {
	struct swk_upstream *list;
	size_t count;
};

void swk_upstreams_free(struct swk_upstreams *set);

/* Whether some upstream keeps idle connections. */
bool swk_upstreams_keep(const struct swk_upstreams *set);

/* Moves an upstream to the end of the list, and zeroes it. Call swk_upstreams_sort before
 * swk_upstreams_find. */
int swk_upstreams_append(struct swk_upstreams *set, struct swk_upstream *upstream,
			 struct swk_error *error);
/* Sorts by name. Returns NULL, or a name that occurs twice. */
const char *swk_upstreams_sort(struct swk_upstreams *set);
struct swk_upstream *swk_upstreams_find(const struct swk_upstreams *set, const char *name);

/* As swk_upstreams_append, with a deep copy. */
int swk_upstreams_append_copy(struct swk_upstreams *set, const struct swk_upstream *upstream,
			      struct swk_error *error);

#endif
