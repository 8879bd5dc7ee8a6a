/* SPDX-License-Identifier: MIT */
/* Decides the desired state, from the recorded state and the registry. Pure. */
#ifndef SWK_POLICY_DECIDE_H
#define SWK_POLICY_DECIDE_H

#include "model/names.h"
#include "model/service.h"
#include "policy/endpoint.h"

/* What a run knows of the sources of one kind. */
struct swk_known_sources {
	struct swk_services *services;
	bool complete; /* `services` has all; false: nothing is known about others */
	bool guarded;  /* the run is about all of them: max_deletions applies */
	bool unwanted; /* the settings ask for none */
};

struct swk_sources {
	const struct swk_known_sources *list;
	size_t count;
};

/*
 * Decides what the conf file will have. `recorded` is what it has now; `unmanaged` has the live
 * names that swk-apply did not make. `desired` must be zeroed, and is sorted afterwards. Fits the
 * upstreams in `sources` to nginx, and may add to them. Returns 0 or SWK_INTERNAL.
 */
int swk_decide(const struct swk_policy *policy, const struct swk_upstreams *recorded,
	       const struct swk_sources *sources, const struct swk_names *unmanaged,
	       struct swk_upstreams *desired, struct swk_report *report, struct swk_error *error);

/*
 * Whether swk_decide would delete a recorded upstream, or mark all its servers down, because a
 * document does not have it, or has none of its servers up. Call swk_policy_find_sources first.
 */
bool swk_decide_deletes(const struct swk_settings *settings, const struct swk_upstreams *recorded,
			const struct swk_known_sources *document);

#endif
