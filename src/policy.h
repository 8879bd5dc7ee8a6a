/* SPDX-License-Identifier: MIT */
/*
 * From instances to upstreams: which of them are served, in which upstream, and what becomes of an
 * upstream that we have. Pure: no file, no network, no clock.
 */
#ifndef SWK_POLICY_H
#define SWK_POLICY_H

#include <stdbool.h>
#include <stdint.h>

#include "model.h"
#include "report.h"
#include "settings.h"

/* What the decisions depend on, beyond what the registry says. */
struct swk_policy {
	const struct swk_settings *settings;
	/* The ports at which nginx is spoken to by us. No instance may be there on loopback:
	 * whoever registers one would let the whole world speak to it, past every allow and deny.
	 */
	uint16_t reserved[SWK_TARGETS_MAX];
	size_t reserved_count;
};

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
int swk_policy_instance(struct swk_services *services, const struct swk_policy *policy,
			const struct swk_instance *instance, struct swk_report *report,
			struct swk_error *error);

/*
 * Finds out where upstreams come from that don't say so (service ""), as those of another program's
 * file: a service's of that name, or a colour's; where there is neither, it is left open in a pass
 * that is not complete, and is a service of that name, which is gone, in one that is.
 */
int swk_policy_find_sources(struct swk_upstreams *have, const struct swk_services *services,
			    bool complete, struct swk_error *error);

/*
 * Decides what the file shall hold: `have` is what it holds now, `services` what is known of the
 * registry (all of it if `complete`, else these services only),
 * `foreign` the names that others made on a target. `wanted`, zeroed when called, comes out sorted.
 */
int swk_policy_decide(const struct swk_settings *settings, const struct swk_upstreams *have,
		      struct swk_services *services, bool complete, const struct swk_names *foreign,
		      struct swk_upstreams *wanted, struct swk_report *report,
		      struct swk_error *error);

#endif
