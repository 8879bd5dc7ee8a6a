/* SPDX-License-Identifier: MIT */
/*
 * An upstream, and a set of upstreams. The caller provides and frees the structs; a zeroed struct
 * is empty.
 */
#ifndef SWK_MODEL_UPSTREAM_H
#define SWK_MODEL_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/server.h"
#include "model/terms.h"

struct swk_upstream {
	char *name;    /* owned, as are the next two */
	char *service; /* its source ("": not known) */
	char *tag;     /* the routing tag in full (`gray=a`), or "" */
	struct swk_server *servers;
	size_t count;
	size_t registered; /* instances in the registry, usable or not */
	size_t usable;	   /* those that are served and not down */
	bool keyed;	   /* its source is this name in the key-value store, no service; no tag */
	enum swk_balance balance;
	unsigned keepalive; /* idle connections for each worker; 0: no directive */
	/* The next two have no effect without keepalive. */
	unsigned keepalive_timeout;  /* seconds; 0: nginx's default */
	unsigned keepalive_requests; /* 0: nginx's default */
	bool partial; /* live: some servers don't fit this model, or samples differ */
	/* Live, with several samples: whether the last sample lacked it, and how often it appeared
	 * or disappeared from one sample to the next. */
	bool absent;
	unsigned switches;
	bool varies; /* live: samples lack it, or have other servers for it */
};

int swk_upstream_init(struct swk_upstream *upstream, const char *name, const char *service,
		      const char *tag, struct swk_error *error);
void swk_upstream_free(struct swk_upstream *upstream);
/* Copies the server and its host name. */
int swk_upstream_add(struct swk_upstream *upstream, const struct swk_server *server,
		     struct swk_error *error);

/* Sorts the servers as swk_server_compare does, and keeps one for each address, regardless of their
 * order: prefers one that is not down, then one that is no backup, then the larger weight. */
void swk_upstream_tidy(struct swk_upstream *upstream);

/* The server with the same address, or NULL. The servers must be sorted. */
const struct swk_server *swk_upstream_find_server(const struct swk_upstream *upstream,
						  const struct swk_server *server);

/* Whether a server has a host name. A proxy shows the resolved address instead, so the two can't be
 * compared. */
bool swk_upstream_has_host(const struct swk_upstream *upstream);

/* Whether a proxy would behave the same with both: balancing, keepalive, servers with their
 * attributes. The source doesn't count. The servers of both must be sorted. */
bool swk_upstream_same(const struct swk_upstream *a, const struct swk_upstream *b);
bool swk_upstream_same_servers(const struct swk_upstream *a, const struct swk_upstream *b);
bool swk_upstream_same_addresses(const struct swk_upstream *a, const struct swk_upstream *b);

/* ---- a set of upstreams ---- */

/* Sorted by name without case, as dyups compares names; names are unique in that sense. */
struct swk_upstreams {
	struct swk_upstream *list;
	size_t count;
};

void swk_upstreams_free(struct swk_upstreams *set);

/* Moves the upstream to the end of the list, and zeroes it. Sort before any other call. */
int swk_upstreams_append(struct swk_upstreams *set, struct swk_upstream *upstream,
			 struct swk_error *error);
/* Returns NULL, or a name that occurs twice. */
const char *swk_upstreams_sort(struct swk_upstreams *set);
struct swk_upstream *swk_upstreams_find(const struct swk_upstreams *set, const char *name);

/* The same with a deep copy. */
int swk_upstreams_append_copy(struct swk_upstreams *set, const struct swk_upstream *upstream,
			      struct swk_error *error);

#endif
