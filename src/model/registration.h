/* SPDX-License-Identifier: MIT */
/*
 * What a registry holds, decoded: an instance of a service, a key, a check. All of it is borrowed
 * for the call that it is handed to. Nothing in it is to be trusted but that its texts are UTF-8
 * and hold no NUL.
 */
#ifndef SWK_MODEL_REGISTRATION_H
#define SWK_MODEL_REGISTRATION_H

#include <stdbool.h>
#include <stddef.h>

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

#endif
