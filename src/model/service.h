/* SPDX-License-Identifier: MIT */
/* A service as the registry tells of it, and a set of services. */
#ifndef SWK_MODEL_SERVICE_H
#define SWK_MODEL_SERVICE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "model/upstream.h"

struct swk_service {
	char *name;	  /* owned */
	size_t instances; /* registered, whether they can be used or not */
	size_t placed;	  /* in all its upstreams together */
	bool undecodable; /* one of them can't be decoded: its tags are not known */
	bool unavailable; /* its instances are not known at all */
	bool unchanged;	  /* nor need they be: what the file has of it is right */
	bool noted;	  /* there was something to say of it, or it may be so again */
	uint64_t index;	  /* Consul's, of the answer; 0: none */
	struct swk_upstreams upstreams; /* one a tag; in it those that pass, maybe none */
};

/* The one of this tag ("": of none), or NULL. */
struct swk_upstream *swk_service_upstream(const struct swk_service *service, const char *tag);

/* Sorted by name, byte by byte: unlike dyups, Consul's catalogue tells case apart in names. */
struct swk_services {
	struct swk_service *list;
	size_t count;
	bool undecodable; /* there is a registration of which not even the service is known */
};

void swk_services_free(struct swk_services *services);
void swk_service_clear(struct swk_service *service); /* forgets all but the name */
struct swk_service *swk_services_find(const struct swk_services *services, const char *name);
/* Finds it, or adds it; NULL without memory. The result is good until the next is added. */
struct swk_service *swk_services_get(struct swk_services *services, const char *name,
				     struct swk_error *error);

#endif
