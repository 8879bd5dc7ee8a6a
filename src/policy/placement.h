/* SPDX-License-Identifier: MIT */
/*
 * From registrations to upstreams: which service is published, and which of its upstreams an
 * instance belongs to. Pure: no file, no network, no clock.
 */
#ifndef SWK_POLICY_PLACEMENT_H
#define SWK_POLICY_PLACEMENT_H

#include "model/registration.h"
#include "model/service.h"
#include "policy/endpoint.h"

/*
 * Adds a service of a list, unless it is not published or its name can't be an upstream's (that is
 * noted). Returns 0 or SWK_INTERNAL.
 */
int swk_policy_service(struct swk_services *services, const struct swk_policy *policy,
		       const char *name, struct swk_report *report, struct swk_error *error);

/*
 * Adds an instance to its service. Mesh proxies and gateways are no instances of a service. What
 * can't be used, or is left out by its health, is noted, and counts as registered in its
 * upstreams; one that isn't to be published counts as registered in its service.
 */
int swk_policy_instance(struct swk_services *services, const struct swk_policy *policy,
			const struct swk_instance *instance, struct swk_report *report,
			struct swk_error *error);

/* Whether a key is PREFIX/UPSTREAM/ADDRESS:PORT, as far as the slashes go. */
bool swk_policy_is_key(const struct swk_settings *settings, const char *key);

/* The same of a key, PREFIX/UPSTREAM/ADDRESS:PORT: its upstream is the service. */
int swk_policy_key(struct swk_services *services, const struct swk_policy *policy,
		   const struct swk_key *key, struct swk_report *report, struct swk_error *error);

/*
 * Finds out where upstreams come from that don't say so (service ""), as those of another program's
 * file: a service's of that name, or a colour's; where there is neither, it is left open in a pass
 * that is not complete, and is a service of that name, which is gone, in one that is.
 */
int swk_policy_find_sources(struct swk_upstreams *recorded, const struct swk_settings *settings,
			    const struct swk_services *services, bool complete,
			    struct swk_error *error);

#endif
