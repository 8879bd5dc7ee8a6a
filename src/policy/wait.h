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
 * One awaited service, with the latest numbers. Each number is a part of the one before it.
 * Instances at one address count once; one that is in several upstreams counts if it is in all of
 * them.
 */
struct swk_wait {
	char *service;	/* owned */
	char *upstream; /* only this one of its upstreams; NULL: all; owned */
	size_t goal;
	unsigned seconds;  /* how long to wait */
	size_t registered; /* instances in Consul */
	size_t healthy;	   /* usable, and not marked down */
	size_t filed;	   /* of these, in FILE */
	size_t sent;	   /* of these, pending on no target */
	size_t live;	   /* of these, on all targets in all samples */
	bool unavailable;  /* Consul could not be asked */
	bool live_read;	   /* targets were read */
};

struct swk_waits {
	struct swk_wait *list; /* sorted by service, byte by byte */
	size_t count;
};

/* Adds `NAME=N` or `NAME=N,SECONDS`; SWK_USAGE if it is neither. The name is a service's until
 * swk_waits_resolve finds that it is an upstream's. */
int swk_waits_add(struct swk_waits *waits, const char *operand, struct swk_error *error);
void swk_waits_free(struct swk_waits *waits);

/* Where a name is no service of FILE's, but an upstream of it: awaits that one of its service. */
int swk_waits_resolve(struct swk_waits *waits, const struct swk_upstreams *recorded,
		      struct swk_error *error);

/* The name as it was given. */
const char *swk_wait_name(const struct swk_wait *wait);

/* The first that is neither a service of Consul's nor anything in FILE, or NULL. */
const struct swk_wait *swk_waits_unknown(const struct swk_waits *waits,
					 const struct swk_services *services,
					 const struct swk_upstreams *recorded);

/* A target's live state, and what it has pending (NULL: everything). */
struct swk_wait_target {
	const struct swk_live *live; /* NULL: not read */
	const struct swk_names *pending;
};

/* Counts anew. `recorded` is what FILE holds, `services` what the registry says. */
int swk_waits_count(struct swk_waits *waits, const struct swk_services *services,
		    const struct swk_upstreams *recorded, const struct swk_wait_target *targets,
		    size_t target_count, struct swk_error *error);

/* Whether enough is sent for all, so that reading targets is worthwhile; whether enough is live for
 * all; the first that is incomplete and waits no longer than `seconds`, or NULL. */
bool swk_waits_sent(const struct swk_waits *waits);
bool swk_waits_over(const struct swk_waits *waits);
const struct swk_wait *swk_waits_late(const struct swk_waits *waits, int64_t seconds);

/* Appends the progress: `web: 2 of 3 live (4 registered, 3 healthy, 3 in the file, 3 sent)`; if
 * targets were not read, `web: 2 of 3 sent (…)`. */
int swk_wait_describe(struct swk_buffer *out, const struct swk_wait *wait, struct swk_error *error);

#endif
