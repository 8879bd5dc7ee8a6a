/* SPDX-License-Identifier: MIT */
/* Work on several targets at once. */
#ifndef SWK_RUN_SIDE_BY_SIDE_H
#define SWK_RUN_SIDE_BY_SIDE_H

#include "target/target.h"

struct swk_work {
	struct swk_target *target;
	int (*take)(struct swk_target *target, void *context, struct swk_error *error);
	void *context;
	int status; /* what `take` returned */
	struct swk_error error;
	struct swk_watch watch; /* the rest is for swk_side_by_side */
	_Atomic bool done;
	int ended; /* an eventfd */
};

/* Whether to stop waiting for a target. `others`: another target of the same work has answered. */
typedef bool (*swk_is_late)(const struct swk_target *target, int64_t silent_ms, bool others,
			    void *context);

/* Does all work at once; returns when all is done. `is_late` may be NULL: then every target is
 * waited for, and a single one needs no thread. Returns 0 or the first status of the list, with its
 * error. */
int swk_side_by_side(struct swk_work *list, size_t count, swk_is_late is_late, void *context,
		     struct swk_error *error);

#endif
