/* SPDX-License-Identifier: MIT */
/* Places registrations in upstreams: decides which services are published, and to which upstreams
 * of its service an instance belongs. Pure: no file, no network, no clock. */
#ifndef SWK_POLICY_PLACEMENT_H
#define SWK_POLICY_PLACEMENT_H

#include "model/registration.h"
#include "model/service.h"
#include "policy/endpoint.h"

/* Adds a service from a list, if it is published. Notes a name that can't be an upstream's. Returns
 * 0 or SWK_INTERNAL. */
int swk_policy_service(struct swk_services *services, const struct swk_policy *policy,
		       const char *name, struct swk_report *report, struct swk_error *error);

/*
 * Adds an instance to its service. Ignores Consul itself, and proxies and gateways of the mesh.
 * Notes an instance that is unusable. An instance that is not served still counts as registered in
 * its upstreams; one that is not published counts only in its service. Returns 0 or SWK_INTERNAL.
 */
int swk_policy_instance(struct swk_services *services, const struct swk_policy *policy,
			const struct swk_instance *instance, struct swk_report *report,
			struct swk_error *error);

/* Whether a key has the form PREFIX/UPSTREAM/ADDRESS:PORT. Checks only prefix, slashes and
 * lengths. */
bool swk_policy_is_key(const struct swk_settings *settings, const char *key);

/* As swk_policy_instance, for a key PREFIX/UPSTREAM/ADDRESS:PORT: UPSTREAM counts as the
 * service. */
int swk_policy_key(struct swk_services *services, const struct swk_policy *policy,
		   const struct swk_key *key, struct swk_report *report, struct swk_error *error);

/*
 * Sets the source of each recorded upstream without one (service ""), as in another program's file:
 * the service or colour whose upstream has this name. If there is none, a complete run assumes a
 * deleted service of that name; any other run leaves the source open. Returns 0 or SWK_INTERNAL.
 */
int swk_policy_find_sources(struct swk_upstreams *recorded, const struct swk_settings *settings,
			    const struct swk_services *services, bool complete,
			    struct swk_error *error);

#endif
