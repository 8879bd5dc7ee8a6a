/* SPDX-License-Identifier: MIT */
/* Decides about one registration under the rules of its service: its endpoint is a server, or the
 * reason why it has none. Pure. */
#ifndef SWK_POLICY_ENDPOINT_H
#define SWK_POLICY_ENDPOINT_H

#include "model/registration.h"
#include "model/report.h"
#include "model/server.h"
#include "model/upstream.h"
#include "policy/causes.h"
#include "policy/decisions.h"
#include "settings/settings.h"

/* A port of a target's interface. */
struct swk_reserved {
	uint16_t port;
	const char *interface; /* what a message calls it; borrowed */
};

/* What decisions depend on besides the registry. */
struct swk_policy {
	const struct swk_settings *settings;
	const char *datacenter; /* whose instances count; NULL: as the settings say */
	/* No instance may use one of these on loopback: a proxy would then pass requests of clients
	 * to its own interface, past every rule that keeps them away. */
	struct swk_reserved reserved[SWK_TARGETS_MAX];
	size_t reserved_count;
	/* In a service with too many colours, these stay. NULL: not known yet. */
	const struct swk_upstreams *recorded;
	/* Whether a node's address is this host's. NULL: not known, so every node may be here. */
	bool (*is_here)(const char *address);
	struct swk_decisions *decisions; /* NULL: not requested */
	struct swk_causes *causes;	 /* likewise */
};

struct swk_endpoint {
	enum swk_outcome outcome;   /* served, served down, left out, or skipped */
	struct swk_server server;   /* its host name is borrowed from `host` */
	char host[SWK_ADDRESS_MAX]; /* a host name */
	bool here;		    /* it depends on the addresses of this host */
	char reason[SWK_TEXT_MAX];  /* "" if served and up */
};

/* Decides about an instance from its address, health and attributes. Notes attributes that it
 * ignores. */
void swk_endpoint_of_instance(struct swk_endpoint *endpoint, const struct swk_policy *policy,
			      const struct swk_rules *rules, const struct swk_instance *instance,
			      struct swk_report *report);

/* The same for a key; `address` is the key's last segment, such as `10.0.0.1:80`. */
void swk_endpoint_of_key(struct swk_endpoint *endpoint, const struct swk_policy *policy,
			 const struct swk_rules *rules, const struct swk_key *key,
			 const char *address, struct swk_report *report);

/* Whether the instance's node is this host, or may be. */
bool swk_endpoint_node_is_here(const struct swk_policy *policy,
			       const struct swk_instance *instance);

/* A server without an address, with the attributes that the rules give to each. */
struct swk_server swk_endpoint_server(const struct swk_rules *rules);

/* Returns `passing`, `warning`, `critical` or `maintenance`. */
const char *swk_endpoint_health(const struct swk_instance *instance);

#endif
