/* SPDX-License-Identifier: MIT */
/* The desired state, from the recorded upstreams and from what the registry says. Pure. */
#ifndef SWK_POLICY_DECIDE_H
#define SWK_POLICY_DECIDE_H

#include "model/names.h"
#include "model/service.h"
#include "policy/endpoint.h"

/* A source of upstreams: Consul's services, or its key-value store. */
struct swk_source {
	struct swk_services *services; /* what is known of this source */
	bool complete;		       /* that is all of it; else nothing is known of others */
};

struct swk_sources {
	struct swk_source services;
	struct swk_source keys; /* here `services` has an entry for each upstream */
};

/*
 * Decides what FILE will hold. `recorded` is what it holds now; `unmanaged` are live names that
 * swk-apply did not make. `desired` is zeroed when called, and sorted afterwards.
 */
int swk_decide(const struct swk_policy *policy, const struct swk_upstreams *recorded,
	       const struct swk_sources *sources, const struct swk_names *unmanaged,
	       struct swk_upstreams *desired, struct swk_report *report, struct swk_error *error);

#endif
