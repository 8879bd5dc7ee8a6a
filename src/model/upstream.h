/* SPDX-License-Identifier: MIT */
/*
 * An upstream, and a set of them. Whoever provides a struct frees it; a zeroed struct is an empty
 * one.
 */
#ifndef SWK_MODEL_UPSTREAM_H
#define SWK_MODEL_UPSTREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/server.h"
#include "model/terms.h"

struct swk_upstream {
	char *name;    /* all three owned */
	char *service; /* where it comes from: a service ("": not known)… */
	char *tag;     /* …and its routing tag in full (`gray=a`), or "" */
	struct swk_server *servers;
	size_t count;
	size_t registered; /* of a registry: instances, usable or not… */
	size_t usable;	   /* …and those of them that are served and not down */
	bool keyed; /* its source is no service, but this name in the key-value store; no tag */
	enum swk_balance balance;
	unsigned keepalive; /* idle connections kept by a worker; 0: no such directive */
	/* Both say nothing without keepalive. */
	unsigned keepalive_timeout;  /* seconds; 0: nginx's own */
	unsigned keepalive_requests; /* 0: nginx's own */
	bool partial;		     /* of a live one: it has servers that this model can't hold */
	/* Of a live one, over several looks: whether the last didn't find it, and how often it was
	 * there where the look before hadn't found it, or the other way round. */
	bool absent;
	unsigned switches;
	bool varies; /* of a live one: not all looks found it, or not with the same servers */
};

int swk_upstream_init(struct swk_upstream *upstream, const char *name, const char *service,
		      const char *tag, struct swk_error *error);
void swk_upstream_free(struct swk_upstream *upstream);
/* Copies the server and its host's name. */
int swk_upstream_add(struct swk_upstream *upstream, const struct swk_server *server,
		     struct swk_error *error);

/* Sorts the servers as swk_server_compare does, and keeps one of each address, whatever their order
 * was: one that is not down before one that is, then one that is no backup, then the larger weight.
 */
void swk_upstream_tidy(struct swk_upstream *upstream);

/* Its server of the same address, or NULL. The servers are sorted. */
const struct swk_server *swk_upstream_find_server(const struct swk_upstream *upstream,
						  const struct swk_server *server);

/* Whether a server of it has a host's name: a proxy shows what that was resolved to, so that the
 * two can't be compared. */
bool swk_upstream_has_host(const struct swk_upstream *upstream);

/* Whether a proxy would behave the same with both: balancing, keepalive, and servers with their
 * attributes; not where they come from. The servers of both are sorted. */
bool swk_upstream_same(const struct swk_upstream *a, const struct swk_upstream *b);
bool swk_upstream_same_servers(const struct swk_upstream *a, const struct swk_upstream *b);
bool swk_upstream_same_addresses(const struct swk_upstream *a, const struct swk_upstream *b);

/* ---- a set of upstreams ---- */

/* Sorted by name without case, as dyups compares names; no two names are the same so. */
struct swk_upstreams {
	struct swk_upstream *list;
	size_t count;
};

void swk_upstreams_free(struct swk_upstreams *set);

/* Takes the upstream over, which is zeroed, at the end of the list. Sort before anything else. */
int swk_upstreams_append(struct swk_upstreams *set, struct swk_upstream *upstream,
			 struct swk_error *error);
/* Returns NULL, or a name that is there twice. */
const char *swk_upstreams_sort(struct swk_upstreams *set);
struct swk_upstream *swk_upstreams_find(const struct swk_upstreams *set, const char *name);

/* The same with a deep copy, of an upstream that stays as it is. */
int swk_upstreams_append_copy(struct swk_upstreams *set, const struct swk_upstream *upstream,
			      struct swk_error *error);

#endif
