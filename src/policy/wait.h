/* SPDX-License-Identifier: MIT */
/* So many healthy instances of a service, wherever they shall be: how many there are. Pure. */
#ifndef SWK_POLICY_WAIT_H
#define SWK_POLICY_WAIT_H

#include "base/buffer.h"
#include "model/live.h"
#include "model/names.h"
#include "model/service.h"

/*
 * One service that is waited for. The numbers are those of the last look; each is of instances that
 * the one before it counts, too: those at one address count once, and one that is in several
 * upstreams where it is in all of them.
 */
struct swk_wait {
	char *service; /* owned */
	size_t goal;
	unsigned seconds;  /* and no longer */
	size_t registered; /* instances in Consul */
	size_t healthy;	   /* that are to be served, and not marked down */
	size_t filed;	   /* in the file */
	size_t sent;	   /* and owed to no target */
	size_t live;	   /* and on all targets, in all looks… */
	bool live_read;	   /* …if all of them were looked at */
};

struct swk_waits {
	struct swk_wait *list; /* sorted by service, byte by byte */
	size_t count;
};

/* Takes `SERVICE=N` or `SERVICE=N,SECONDS`; SWK_USAGE where it is neither. */
int swk_waits_add(struct swk_waits *waits, const char *operand, struct swk_error *error);
void swk_waits_free(struct swk_waits *waits);

/* What a target has, and is owed (NULL: everything). */
struct swk_wait_target {
	const struct swk_live *live; /* NULL: it wasn't looked at */
	const struct swk_names *pending;
};

/* Counts anew. `recorded` is what the file holds, `services` what the registry says. */
int swk_waits_count(struct swk_waits *waits, const struct swk_services *services,
		    const struct swk_upstreams *recorded, const struct swk_wait_target *targets,
		    size_t target_count, struct swk_error *error);

/* Whether it is worth while to look at targets; whether all are there; the first that is not, and
 * had no more than so many seconds, or NULL. */
bool swk_waits_sent(const struct swk_waits *waits);
bool swk_waits_over(const struct swk_waits *waits);
const struct swk_wait *swk_waits_late(const struct swk_waits *waits, int64_t seconds);

/* Appends how far one is: `web: 2 of 3 live (Consul: 4, healthy 3; in the file 3, sent 3)`; of
 * targets that were not looked at, `web: 2 of 3 sent (…)`. */
int swk_wait_describe(struct swk_buffer *out, const struct swk_wait *wait, struct swk_error *error);

#endif
