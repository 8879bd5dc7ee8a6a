/* SPDX-License-Identifier: MIT */
/*
 * What the program thinks in: servers, upstreams, sets of them, sets of names, and an instance as
 * a registry tells of it. Who provides a struct frees it; a zeroed struct is an empty one.
 */
#ifndef SWK_MODEL_MODEL_H
#define SWK_MODEL_MODEL_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/terms.h"

/* ---- a server ---- */

/* Defaults that nginx gives a server line that doesn't say (ngx_http_upstream_module). */
#define SWK_NGINX_WEIGHT 1
#define SWK_NGINX_MAX_FAILS 1
#define SWK_NGINX_FAIL_TIMEOUT 10

struct swk_server {
	uint8_t ip[16]; /* network order; IPv4 in the first four */
	char *host;	/* a host's name in place of ip, or NULL; in an upstream, owned by it */
	bool v6;
	bool backup;
	bool down;
	uint16_t port;
	unsigned weight;
	unsigned max_conns;    /* 0: no limit */
	unsigned max_fails;    /* 0: never taken for failed */
	unsigned fail_timeout; /* seconds */
};

/* Room for an address as swk_server_address prints it: a host name, a colon, a port. */
#define SWK_ADDRESS_MAX 272

/*
 * Sets ip, v6 and port from an IPv4 or IPv6 literal (without brackets) and a port; a host that was
 * set is forgotten. False where the text is no literal, is the unspecified address, or the port is
 * not in 1…65535: then the server stays as it is.
 */
bool swk_server_set_address(struct swk_server *server, const char *literal, unsigned long port);

/* The same from `10.0.0.1:80` or `[::1]:80`. */
bool swk_server_parse_address(struct swk_server *server, const char *text, size_t length);

/* Sets a host's name, which is borrowed, and a port in place of an address. False, and nothing is
 * changed, where swk_host_valid doesn't take the name, or the port is not in 1…65535. */
bool swk_server_set_host(struct swk_server *server, char *host, unsigned long port);

/* The same from `backend.example:80`; the name, as it stands in `room`, is borrowed from there. */
bool swk_server_parse_host(struct swk_server *server, const char *text, size_t length,
			   char room[SWK_HOST_MAX + 1]);

/* As nginx writes it: `10.0.0.1:80`, `[::1]:80`, `backend.example:80`. Returns text. */
const char *swk_server_address(const struct swk_server *server, char text[SWK_ADDRESS_MAX]);

/* 127.0.0.0/8, ::1, and the former as IPv6 (::ffff:127.0.0.0/104). Of a host's name it is not
 * known, and so false. */
bool swk_server_is_loopback(const struct swk_server *server);

/* Orders by address: IPv4 first, then the bytes, then the port. Hosts stand behind all addresses,
 * by their names, in which case is nothing, then by port. */
int swk_server_compare(const struct swk_server *a, const struct swk_server *b);

/* Whether all but the address is the same. */
bool swk_server_same_attributes(const struct swk_server *a, const struct swk_server *b);

/* ---- an upstream ---- */

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

/* ---- a set of names ---- */

/* Sorted without case, each once; owned. */
struct swk_names {
	char **list;
	size_t count;
};

void swk_names_free(struct swk_names *names);
int swk_names_add(struct swk_names *names, const char *name, struct swk_error *error);
int swk_names_add_all(struct swk_names *names, const struct swk_names *more,
		      struct swk_error *error);
bool swk_names_contain(const struct swk_names *names, const char *name);
void swk_names_remove(struct swk_names *names, const char *name);

/* ---- what a target has ---- */

enum swk_readable {
	SWK_READ_NOTHING,    /* it can't be asked */
	SWK_READ_NAMES,	     /* some names: what is missing may be there all the same */
	SWK_READ_ADDRESSES,  /* every upstream with its servers' addresses */
	SWK_READ_ATTRIBUTES, /* and with their attributes; balancing and keepalive are never told */
};

struct swk_live {
	enum swk_readable readable;
	struct swk_upstreams upstreams; /* sorted; service and tag are "" */
};

void swk_live_free(struct swk_live *live);

/*
 * Adds another look at the same target, which is freed: an upstream that not both have, or not with
 * the same servers, becomes `partial`, so that it is the same as no other.
 */
int swk_live_merge(struct swk_live *live, struct swk_live *sample, struct swk_error *error);

/* Whether what can be read of it shows that it hasn't this upstream as it is. */
bool swk_live_differs(const struct swk_live *live, const struct swk_upstream *desired);

/* ---- an instance ---- */

enum swk_health { SWK_PASSING, SWK_WARNING, SWK_CRITICAL };

/* A name and a text, as of Meta. */
struct swk_pair {
	const char *name;
	const char *value;
};

/* An address under a name, as `lan` or `wan_ipv6`. */
struct swk_tagged {
	const char *name;
	const char *address;
	double port; /* a service's has one; 0: none is told */
};

/*
 * One registration, borrowed for the call that it is handed to. Nothing in it is to be trusted but
 * that its texts are UTF-8 and hold no NUL.
 */
struct swk_instance {
	size_t number;	     /* its place in the document, from 0 */
	const char *service; /* its name */
	const char *id;	     /* for messages */
	const char *node;    /* for messages */
	const char *address; /* its own; "" where it has none */
	const char *node_address;
	double port;			 /* as the number was written */
	const struct swk_tagged *tagged; /* its own… */
	size_t tagged_count;
	const struct swk_tagged *node_tagged; /* …and its node's */
	size_t node_tagged_count;
	const char *const *tags;
	size_t tag_count;
	const struct swk_pair *meta; /* the service's, not the node's */
	size_t meta_count;
	unsigned weight_passing; /* Consul's Weights: 1 and 1 where it tells none */
	unsigned weight_warning;
	enum swk_health health; /* the worst of its checks and its node's, maintenance aside */
	bool maintenance;	/* its own, or its node's */
	bool checked;		/* has a check of its own, maintenance aside */
	bool proxy;		/* a mesh proxy or gateway, not a service */
};

/* One key of the key-value store with what its value says, borrowed in the same way. */
struct swk_key {
	size_t number;
	const char *key;	       /* in full */
	const struct swk_pair *values; /* members of its value: numbers and texts as texts */
	size_t value_count;
	const char *trouble; /* why its value can't be used, or NULL */
};

/* A check, borrowed in the same way. */
struct swk_check {
	const char *node;
	const char *id;
	const char *service_id; /* of which instance, of… */
	const char *service;	/* …which service: both mean nothing in one of a node */
	const char *status;
	double index;  /* Consul's, of its last change; 0: none is told */
	bool of_node;  /* it counts for all instances there */
	bool readable; /* else the texts that can't be read are "" */
};

/* ---- what a registry says ---- */

struct swk_service {
	char *name;	  /* owned */
	size_t instances; /* registered, whether they can be used or not */
	size_t placed;	  /* in all its upstreams together */
	bool undecodable; /* one of them can't be decoded: its tags are not known */
	bool unavailable; /* its instances are not known at all */
	bool unchanged;	  /* nor need they be: what the file has of it is right */
	bool noted;	  /* there was something to say of it, or it may be so again */
	uint64_t index;	  /* Consul's, of the answer; 0: none */
	struct swk_upstreams upstreams; /* one a tag; in it those that pass, maybe none */
};

/* The one of this tag ("": of none), or NULL. */
struct swk_upstream *swk_service_upstream(const struct swk_service *service, const char *tag);

/* Sorted by name, byte by byte: unlike dyups, Consul's catalogue tells case apart in names. */
struct swk_services {
	struct swk_service *list;
	size_t count;
	bool undecodable; /* there is a registration of which not even the service is known */
};

void swk_services_free(struct swk_services *services);
void swk_service_clear(struct swk_service *service); /* forgets all but the name */
struct swk_service *swk_services_find(const struct swk_services *services, const char *name);
/* Finds it, or adds it; NULL without memory. The result is good until the next is added. */
struct swk_service *swk_services_get(struct swk_services *services, const char *name,
				     struct swk_error *error);

#endif
