/* SPDX-License-Identifier: MIT */
/* Counts how many healthy instances of a service, or of one of its upstreams, have reached nginx.
 * Pure. */
#ifndef SWK_POLICY_WAIT_H
#define SWK_POLICY_WAIT_H

#include "base/buffer.h"
#include "model/live.h"
#include "model/names.h"
#include "model/service.h"

/*
 * An awaited service, with the latest numbers. Each number counts a subset of the one before it.
 * Instances with the same address count once. An instance that is in several upstreams counts as
 * filed, sent or live only if it is so in all of them.
 */
struct swk_wait {
	char *service;	/* owned */
	char *upstream; /* owned; counts only this upstream of the service; NULL: all */
	size_t goal;
	unsigned seconds;  /* how long to wait */
	size_t registered; /* instances in Consul */
	size_t healthy;	   /* usable, and not marked down */
	size_t filed;	   /* of these, in the conf file */
	size_t sent;	   /* of these, not pending on any target */
	size_t live;	   /* of these, in all samples of all targets */
	bool unavailable;  /* Consul did not answer */
	bool live_read;	   /* the targets were read, so `live` is valid */
};

struct swk_waits {
	struct swk_wait *list; /* sorted by service, byte by byte */
	size_t count;
};

/* Adds `NAME=N` or `NAME=N,SECONDS`. Returns 0, SWK_USAGE or SWK_INTERNAL. NAME counts as a service
 * until swk_waits_resolve finds that it is an upstream. */
int swk_waits_add(struct swk_waits *waits, const char *operand, struct swk_error *error);
void swk_waits_free(struct swk_waits *waits);

/* If a name is an upstream of the conf file, and no service there, awaits that upstream of its
 * service. Returns 0 or SWK_INTERNAL. */
int swk_waits_resolve(struct swk_waits *waits, const struct swk_upstreams *recorded,
		      struct swk_error *error);

/* The name that the operator gave. */
const char *swk_wait_name(const struct swk_wait *wait);

/* The first that is unknown to both Consul and the conf file, or NULL. */
const struct swk_wait *swk_waits_unknown(const struct swk_waits *waits,
					 const struct swk_services *services,
					 const struct swk_upstreams *recorded);

/* A target. `pending` is NULL if the state file does not know it: then everything is pending. */
struct swk_wait_target {
	const struct swk_live *live; /* NULL: not read */
	const struct swk_names *pending;
	const struct swk_names *excluded; /* upstreams that it does not receive */
};

/* Counts again. `recorded` has the conf file's upstreams, `services` has the registry's. Returns 0
 * or SWK_INTERNAL. */
int swk_waits_count(struct swk_waits *waits, const struct swk_services *services,
		    const struct swk_upstreams *recorded, const struct swk_wait_target *targets,
		    size_t target_count, struct swk_error *error);

/*
 * Three questions about all awaited services. Are enough instances of each sent? Only then it makes
 * sense to read the targets. Are enough live? Which is the first that lacks some although its time
 * is over, when `seconds` have passed (NULL: none)?
 */
bool swk_waits_sent(const struct swk_waits *waits);
bool swk_waits_over(const struct swk_waits *waits);
const struct swk_wait *swk_waits_late(const struct swk_waits *waits, int64_t seconds);

/* Appends `web: 2 of 3 live (4 registered, 3 healthy, 3 in the file, 3 sent)`, or `web: 2 of 3 sent
 * (…)` if targets were not read. Returns 0 or SWK_INTERNAL. */
int swk_wait_describe(struct swk_buffer *out, const struct swk_wait *wait, struct swk_error *error);

#endif
