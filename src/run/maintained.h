/* SPDX-License-Identifier: MIT */
/* One instance that an operator puts into maintenance, through its own agent: no other agent
 * can. */
#ifndef SWK_RUN_MAINTAINED_H
#define SWK_RUN_MAINTAINED_H

#include "consul/calls.h"
#include "settings/settings.h"

struct swk_maintained {
	const struct swk_settings *settings; /* borrowed, like the ID */
	const char *id;
	struct swk_consul agent;  /* the instance's */
	struct swk_consul consul; /* this host's: for the catalogue */
	struct swk_http *http;
	char *service;		     /* of the instance; owned */
	char node[SWK_NODE_MAX + 1]; /* the agent's; "": not known before the maintenance */

	/* What the catalogue says. */
	bool shown;	/* that it is in maintenance */
	bool named;	/* it has a host name instead of an address */
	bool elsewhere; /* on another host, whose loopback addresses are not those of this one */
	/* Where proxies may send its requests: first its address, and the address that this host's
	 * settings select, if that is another; then those that other settings may select. */
	struct swk_server servers[SWK_REQUEST_SERVICES_MAX];
	size_t selected_count, server_count;
	bool crowded; /* it has more addresses */
};

/* Finds the instance at its agent; `agent` is its address, NULL: this host's. Returns 0, SWK_USAGE
 * if there is no such instance, or the status of an error. Call swk_maintained_free in any case. */
int swk_maintained_find(struct swk_maintained *maintained, const struct swk_settings *settings,
			const char *id, const char *agent, struct swk_error *error);
void swk_maintained_free(struct swk_maintained *maintained);

/* Begins or ends the maintenance. Returns as above. */
int swk_maintained_set(struct swk_maintained *maintained, bool on, const char *reason,
		       struct swk_error *error);

/* Asks Consul's leader what the catalogue says: the agent changes it a little later. Returns 0, or
 * SWK_UNAVAILABLE. */
int swk_maintained_read(struct swk_maintained *maintained, struct swk_error *error);

#endif
