/* SPDX-License-Identifier: MIT */
/* A service with its upstreams, and a set of services. */
#ifndef SWK_MODEL_SERVICE_H
#define SWK_MODEL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/upstream.h"

struct swk_service {
	char *name;	  /* owned */
	bool unlisted;	  /* Consul's list lacks it, but it is asked about */
	size_t instances; /* all that are registered, usable or not */
	size_t untagged;  /* of them, those that have not the tag to be published */
	size_t placed;	  /* sum of `registered` over its upstreams (SWK_PLACES_MAX) */
	bool undecodable; /* an instance is undecodable: it may belong to any of the upstreams */
	bool unavailable; /* Consul did not answer: the instances are not known */
	bool crowded;	  /* it has more instances, or more colours, than are read */
	bool filtered;	  /* it may have instances that Consul's token may not read */
	bool unconfirmed; /* Consul did not say whether what it lacks is gone */
	bool unchanged;	  /* not decoded, because the conf file already has this state */
	bool noted;	  /* there is a note about it, or the same state may cause one next time */
	bool answered;	  /* by Consul, about the whole service */
	uint64_t index;	  /* Consul's index in the answer; 0: none */
	struct swk_upstream left_out;	/* only servers: of instances that are not served */
	struct swk_upstreams upstreams; /* one for each tag; may have no server */
	struct swk_upstreams stand_ins; /* for those that need servers from elsewhere */
};

/* The upstream with this tag, or NULL. "" is the upstream without a tag. */
struct swk_upstream *swk_service_upstream(const struct swk_service *service, const char *tag);
/* The same among the stand-ins. */
struct swk_upstream *swk_service_stand_in(const struct swk_service *service, const char *tag);

/* Sorted by name, byte by byte, because Consul's catalogue distinguishes case. */
struct swk_services {
	struct swk_service *list;
	size_t count;
	enum swk_source_kind kind; /* of keys, each upstream counts as a service */
	bool undecodable;	   /* an instance is undecodable, even the name of its service */
	bool filtered;		   /* there may be others that Consul's token may not read */
};

void swk_services_free(struct swk_services *services); /* keeps only the kind */
void swk_service_clear(struct swk_service *service);   /* keeps only the first two */
struct swk_service *swk_services_find(const struct swk_services *services, const char *name);
/* Finds or adds a service; NULL without memory. The pointer is valid until the next one is
 * added. */
struct swk_service *swk_services_get(struct swk_services *services, const char *name,
				     struct swk_error *error);

#endif
