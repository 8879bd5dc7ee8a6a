/* SPDX-License-Identifier: MIT */
/* Compares states, and lists what to send. Pure functions. */
#ifndef SWK_TARGET_PLAN_H
#define SWK_TARGET_PLAN_H

#include "base/buffer.h"
#include "model/live.h"
#include "model/names.h"

/* One upstream that a target must be given, or must delete. */
struct swk_operation {
	const char *name;		     /* borrowed, like the upstream */
	const struct swk_upstream *upstream; /* NULL: FILE has no such upstream; delete it */
	bool pending; /* recorded as pending; false: only the live state differs */
	/* If the proxy rejects it: FILE goes back to `confirmed`, or loses it if `is_new`. With
	 * neither, FILE keeps it. */
	const struct swk_upstream *confirmed;
	bool is_new;
};

struct swk_plan {
	struct swk_operation *list; /* owned */
	size_t count;
};

/* The names of the upstreams that FILE gains, loses or changes. */
int swk_plan_changes(struct swk_names *changes, const struct swk_upstreams *recorded,
		     const struct swk_upstreams *desired, struct swk_error *error);

/* The live names that are neither in FILE nor pending nor draining. */
int swk_plan_unmanaged(struct swk_names *unmanaged, const struct swk_live *live,
		       const struct swk_upstreams *recorded, const struct swk_names *pending,
		       struct swk_error *error);

/*
 * Lists what to send to a target: what is pending, and the drift in its live state. Changes that
 * this run makes to FILE come first. Leaves out the names in `excluded`. Names and
 * upstreams are borrowed from `desired` and `pending`.
 */
int swk_plan_make(struct swk_plan *plan, const struct swk_upstreams *desired,
		  const struct swk_names *changes, const struct swk_names *pending,
		  const struct swk_names *excluded, const struct swk_live *live,
		  struct swk_error *error);

void swk_plan_free(struct swk_plan *plan);

/* Appends a description of the servers that an upstream gains and loses. `before` is NULL if it is
 * new, `after` if it is deleted. */
int swk_plan_describe(struct swk_buffer *out, const struct swk_upstream *before,
		      const struct swk_upstream *after, struct swk_error *error);

#endif
