/* SPDX-License-Identifier: MIT */
/* Failover: whether an upstream needs servers from elsewhere, and which it gets. Pure. */
#ifndef SWK_POLICY_STAND_IN_H
#define SWK_POLICY_STAND_IN_H

#include "model/report.h"
#include "model/service.h"
#include "settings/settings.h"

/* Whether the rules name a datacenter or a fallback server. */
bool swk_stand_in_is_set(const struct swk_rules *rules);

/* Whether fewer instances of an upstream are usable than min_healthy requires. A floor in numbers
 * never requires more than are registered. */
bool swk_stand_in_is_below_floor(const struct swk_rules *rules,
				 const struct swk_upstream *upstream);

/* Whether none of its own instances is usable or, for a datacenter, too few. */
bool swk_stand_in_needed(const struct swk_rules *rules, const struct swk_upstream *upstream);

/* Whether the rules still allow the place of a recorded upstream's servers. */
bool swk_stand_in_allowed(const struct swk_rules *rules, const struct swk_source *source);

/* The first upstream of a service that needs a stand-in, and has none; or NULL. */
const struct swk_upstream *swk_stand_in_lacking(const struct swk_service *service,
						const struct swk_rules *rules);

/*
 * If the settings name a service exactly, it stays published without an instance, or only with ones
 * that lack require_tag: adds its plain upstream, and those that are recorded, without a server.
 * Does nothing for other services. Returns 0 or SWK_INTERNAL.
 */
int swk_stand_in_expect(struct swk_service *service, const struct swk_settings *settings,
			const struct swk_rules *rules, const struct swk_upstreams *recorded,
			struct swk_error *error);
/* Whether the settings publish a service, and name it exactly, with a datacenter or a fallback
 * server. */
bool swk_stand_in_named(const struct swk_settings *settings, const char *service);
/* Whether swk_stand_in_named is true, the service has no instance, and `recorded` has servers of
 * its own. */
bool swk_stand_in_replaces_all(const struct swk_service *service,
			       const struct swk_settings *settings,
			       const struct swk_upstreams *recorded);
/* Whether to ask about a service even if Consul's list lacks it: swk_stand_in_named is true, or the
 * service has a peer. The list lacks imported services (Consul 1.15). */
bool swk_stand_in_unlisted(const struct swk_settings *settings, const char *service);

/* Gives a stand-in to each upstream that needs one: the upstream with the same tag of the service
 * in another datacenter, if it has a usable instance. Returns 0 or SWK_INTERNAL. */
int swk_stand_in_take(struct swk_service *service, const struct swk_rules *rules,
		      const struct swk_service *there, const char *datacenter,
		      struct swk_error *error);
/* The same if that datacenter could not be asked: an upstream that has servers from there keeps
 * them. The stand-in is then the recorded upstream, without a usable instance. */
int swk_stand_in_keep(struct swk_service *service, const struct swk_rules *rules,
		      const struct swk_upstreams *recorded, const char *datacenter,
		      struct swk_error *error);
/* The same with the fallback servers, if no own instance is usable. */
int swk_stand_in_fall_back(struct swk_service *service, const struct swk_rules *rules,
			   struct swk_error *error);

#endif
