/* SPDX-License-Identifier: MIT */
/*
 * What a registry holds, decoded: an instance of a service, a key, a check. Everything is borrowed
 * for the call that receives it. Trust nothing in it, except that its texts are UTF-8 without NUL.
 */
#ifndef SWK_MODEL_REGISTRATION_H
#define SWK_MODEL_REGISTRATION_H

#include <stdbool.h>
#include <stddef.h>

enum swk_health { SWK_PASSING, SWK_WARNING, SWK_CRITICAL };

/* A name and a text, as in Meta. */
struct swk_pair {
	const char *name;
	const char *value;
};

/* An address with a name such as `lan` or `wan_ipv6`. */
struct swk_tagged {
	const char *name;
	const char *address;
	double port; /* of a service's address; 0: none given */
};

/* One registration of a service. */
struct swk_instance {
	size_t number; /* its index in the document, from 0 */
	const char *service;
	const char *id;	     /* for messages */
	const char *node;    /* for messages */
	const char *address; /* its own; "": none */
	const char *node_address;
	double port;			 /* the number as written */
	const struct swk_tagged *tagged; /* its own */
	size_t tagged_count;
	const struct swk_tagged *node_tagged; /* its node's */
	size_t node_tagged_count;
	const char *const *tags;
	size_t tag_count;
	const struct swk_pair *meta; /* the service's, not the node's */
	size_t meta_count;
	unsigned weight_passing; /* Consul's Weights; both 1 if not given */
	unsigned weight_warning;
	enum swk_health health; /* worst of its own and its node's checks, but maintenance */
	bool maintenance;	/* of the instance or of its node */
	bool checked;		/* it has a check of its own besides maintenance */
	bool proxy;		/* a mesh proxy or gateway, not a service */
};

/* One key of the key-value store, with its decoded value. */
struct swk_key {
	size_t number;
	const char *key;	       /* in full */
	const struct swk_pair *values; /* members of the value; numbers as text, too */
	size_t value_count;
	const char *trouble; /* why the value can't be used, or NULL */
};

struct swk_check {
	const char *node;
	const char *id;
	const char *service_id; /* the instance's id; meaningless in a node's check */
	const char *service;	/* its service; meaningless in a node's check */
	const char *status;
	double index;  /* Consul's, of the last change; 0: none given */
	bool of_node;  /* it applies to all instances on the node */
	bool readable; /* else unreadable texts are "" */
};

#endif
