/* SPDX-License-Identifier: MIT */
/* One instance that an operator puts into maintenance, through its own agent: only that one can. */
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
	struct swk_agent_instance its;

	/* What the catalogue says. */
	bool shown;		      /* that it is in maintenance */
	bool named;		      /* it has a host name instead of an address */
	struct swk_server servers[2]; /* its address, and the one that the settings select, if that
				       * is another */
	size_t server_count;
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
