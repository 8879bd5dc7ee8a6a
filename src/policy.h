/* SPDX-License-Identifier: MIT */
/*
 * From instances to upstreams: which of them are served, in which upstream, and what becomes of an
 * upstream that we have. Pure: no file, no network, no clock.
 */
#ifndef SWK_POLICY_H
#define SWK_POLICY_H

#include <stdbool.h>

#include "model.h"
#include "report.h"
#include "settings.h"

/* Whether a service is never published: `consul` itself. */
bool swk_policy_leaves_out(const char *service);

/*
 * Adds a service of a list, unless it is left out or its name can't be an upstream's (that is
 * noted). Returns 0 or SWK_INTERNAL.
 */
int swk_policy_service(struct swk_services *services, const char *name, struct swk_report *report,
		       struct swk_error *error);

/*
 * Adds an instance to its service. Mesh proxies and gateways are no instances of a service. What
 * can't be used is noted, and counts as registered.
 */
int swk_policy_instance(struct swk_services *services, const struct swk_settings *settings,
			const struct swk_instance *instance, struct swk_report *report,
			struct swk_error *error);

/*
 * Decides what the file shall hold: `have` is what it holds now, `services` what is known of the
 * registry (all of it if `complete`, else these services only; its upstreams are moved out),
 * `foreign` the names that others made on a target. `wanted`, zeroed when called, comes out sorted.
 */
int swk_policy_decide(const struct swk_upstreams *have, struct swk_services *services,
		      bool complete, const struct swk_names *foreign, struct swk_upstreams *wanted,
		      struct swk_report *report, struct swk_error *error);

#endif
