/* SPDX-License-Identifier: MIT */
/* Decoded entries of a registry: an instance of a service, a key, a check. Everything is borrowed
 * for the call that receives it. It is untrusted. All that is certain: the texts are UTF-8 without
 * NUL. */
#ifndef SWK_MODEL_REGISTRATION_H
#define SWK_MODEL_REGISTRATION_H

#include <stdbool.h>
#include <stddef.h>

enum swk_health { SWK_PASSING, SWK_WARNING, SWK_CRITICAL };

/* A name with a value, as in Meta. */
struct swk_pair {
	const char *name;
	const char *value;
};

/* A tagged address: its name is `lan` or `wan_ipv6`, for example. */
struct swk_tagged {
	const char *name;
	const char *address;
	double port; /* 0: none given, as always for a node's address */
};

/* One of the ports of an instance. */
struct swk_port {
	const char *name;
	double port; /* as written */
};

/* One registration of a service. */
struct swk_instance {
	size_t number; /* its index in the document, from 0 */
	const char *service;
	const char *id;	  /* for messages */
	const char *node; /* for messages */
	const char *datacenter;
	const char *peer;    /* the cluster that it is imported from; "": none, as usual */
	const char *address; /* the instance's; "": none */
	const char *node_address;
	double port;		      /* as written: may be no valid port */
	const struct swk_port *ports; /* by name; `port` is the default one */
	size_t port_count;
	const struct swk_tagged *tagged; /* the instance's */
	size_t tagged_count;
	const struct swk_tagged *node_tagged; /* the node's */
	size_t node_tagged_count;
	const char *const *tags;
	size_t tag_count;
	const struct swk_pair *meta; /* the instance's, not the node's */
	size_t meta_count;
	unsigned weight_passing; /* Consul's Weights; both are 1 if not given */
	unsigned weight_warning;
	enum swk_health health; /* worst of its own and its node's checks, except maintenance */
	bool maintenance;	/* of the instance or of its node */
	bool checked;		/* it has a check of its own, besides maintenance */
	bool proxy;		/* a proxy or gateway of Consul's mesh */
	bool native;		/* it speaks the mesh's mutual TLS itself */
};

/* One key of the key-value store, with its decoded value. */
struct swk_key {
	const char *key;	       /* the whole path */
	const struct swk_pair *values; /* members of the value; numbers are texts here */
	size_t value_count;
	const char *trouble; /* why the value can't be used, or NULL */
};

/* One key of the key-value store, with the bytes of its value. */
struct swk_value {
	const char *key;   /* the whole path */
	const char *bytes; /* NULL: the value can't be decoded. Not terminated */
	size_t length;
};

struct swk_check {
	const char *node;
	const char *id;
	const char *service_id; /* the id of the instance; meaningless in a node's check */
	const char *service;	/* the instance's service; meaningless in a node's check */
	const char *status;
	double index;  /* Consul's index of the last change; 0: none given */
	bool of_node;  /* it applies to all instances on the node */
	bool readable; /* false: texts that can't be decoded are "" */
};

#endif
