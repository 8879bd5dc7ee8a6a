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
 * Adds a service from a list, if it is published. A name that can't be an upstream's is noted.
 * Returns 0 or SWK_INTERNAL.
 */
int swk_policy_service(struct swk_services *services, const struct swk_policy *policy,
		       const char *name, struct swk_report *report, struct swk_error *error);

/*
 * Adds an instance to its service. Ignores mesh proxies and gateways. An instance that can't be
 * used is noted. If it is placed but not served, it counts as registered in its upstreams; if it is
 * not published, it counts only in its service.
 */
int swk_policy_instance(struct swk_services *services, const struct swk_policy *policy,
			const struct swk_instance *instance, struct swk_report *report,
			struct swk_error *error);

/* Whether a key has the form PREFIX/UPSTREAM/ADDRESS:PORT; checks the slashes only. */
bool swk_policy_is_key(const struct swk_settings *settings, const char *key);

/* The same for a key PREFIX/UPSTREAM/ADDRESS:PORT; the upstream stands for the service. */
int swk_policy_key(struct swk_services *services, const struct swk_policy *policy,
		   const struct swk_key *key, struct swk_report *report, struct swk_error *error);

/*
 * Sets the source of recorded upstreams without one (service ""), as in another program's file.
 * That is the service, or the colour, with this name. If none matches, a complete run assumes a
 * deleted service of that name; any other run leaves the source open.
 */
int swk_policy_find_sources(struct swk_upstreams *recorded, const struct swk_settings *settings,
			    const struct swk_services *services, bool complete,
			    struct swk_error *error);

#endif
