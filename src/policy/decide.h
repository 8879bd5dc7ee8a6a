/* SPDX-License-Identifier: MIT */
/* What becomes of the upstreams that we have, and of those that the registry tells of. Pure. */
#ifndef SWK_POLICY_DECIDE_H
#define SWK_POLICY_DECIDE_H

#include "model/names.h"
#include "model/service.h"
#include "policy/endpoint.h"

/* One that tells of upstreams: Consul's services, or its key-value store. */
struct swk_source {
	struct swk_services *services; /* what is known of it */
	bool complete;		       /* that is all there is; else it says nothing of others */
};

struct swk_sources {
	struct swk_source services;
	struct swk_source keys; /* of which `services` are the upstreams' names */
};

/*
 * Decides what the file shall hold: `recorded` is what it holds now, `unmanaged` the names that
 * others made on a target. `desired`, zeroed when called, comes out sorted.
 */
int swk_decide(const struct swk_policy *policy, const struct swk_upstreams *recorded,
	       const struct swk_sources *sources, const struct swk_names *unmanaged,
	       struct swk_upstreams *desired, struct swk_report *report, struct swk_error *error);

#endif
