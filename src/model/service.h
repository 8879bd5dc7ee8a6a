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
	size_t instances; /* registered, usable or not */
	size_t placed;	  /* places taken in all its upstreams together */
	bool undecodable; /* an instance can't be decoded: its tags are not known */
	bool unavailable; /* Consul could not be asked: its instances are not known */
	bool unchanged;	  /* not decoded, because FILE already has the same */
	bool noted;	  /* there was a note about it, or the same state would cause one */
	uint64_t index;	  /* Consul's, of the answer; 0: none */
	struct swk_upstreams upstreams; /* one per tag, with usable servers, maybe none */
};

/* The upstream with this tag ("": without one), or NULL. */
struct swk_upstream *swk_service_upstream(const struct swk_service *service, const char *tag);

/* Sorted by name, byte by byte: Consul's catalogue distinguishes case, dyups does not. */
struct swk_services {
	struct swk_service *list;
	size_t count;
	bool undecodable; /* an instance can't be decoded, not even its service's name */
};

void swk_services_free(struct swk_services *services);
void swk_service_clear(struct swk_service *service); /* keeps only the name */
struct swk_service *swk_services_find(const struct swk_services *services, const char *name);
/* Finds a service or adds it; NULL without memory. Valid until the next one is added. */
struct swk_service *swk_services_get(struct swk_services *services, const char *name,
				     struct swk_error *error);

#endif
