/* SPDX-License-Identifier: MIT */
/* What differs, and so what is to be sent. Pure. */
#ifndef SWK_TARGET_PLAN_H
#define SWK_TARGET_PLAN_H

#include "base/buffer.h"
#include "model/live.h"
#include "model/names.h"

/* One upstream to be brought to what the file says of it. */
struct swk_operation {
	const char *name;		     /* borrowed, as the upstream is */
	const struct swk_upstream *upstream; /* NULL: the file has none of this name; delete it */
	bool pending; /* the target is known not to have it; else it was seen not to */
};

struct swk_plan {
	struct swk_operation *list; /* owned */
	size_t count;
};

/* The names whose blocks the file gains, loses or changes. */
int swk_plan_changes(struct swk_names *changes, const struct swk_upstreams *recorded,
		     const struct swk_upstreams *desired, struct swk_error *error);

/* Names that are live and neither in the file nor owed: somebody else's. */
int swk_plan_unmanaged(struct swk_names *unmanaged, const struct swk_live *live,
		       const struct swk_upstreams *recorded, const struct swk_names *pending,
		       struct swk_error *error);

/*
 * What a target is to be sent: what it is owed, and of the file what its live state shows to
 * differ; this run's own changes of the file first. Names and upstreams are borrowed from `desired`
 * and `pending`.
 */
int swk_plan_make(struct swk_plan *plan, const struct swk_upstreams *desired,
		  const struct swk_names *changes, const struct swk_names *pending,
		  const struct swk_live *live, struct swk_error *error);

/* Of what `recorded` has and `desired` has not, so many are to be deleted. */
size_t swk_plan_deletions(const struct swk_upstreams *recorded,
			  const struct swk_upstreams *desired);
void swk_plan_free(struct swk_plan *plan);

/* Appends, for a person, what differs between two of one name: what the wanted
 * one gains and loses. Before may be NULL; after too, and then it goes. */
int swk_plan_describe(struct swk_buffer *out, const struct swk_upstream *before,
		      const struct swk_upstream *after, struct swk_error *error);

#endif
