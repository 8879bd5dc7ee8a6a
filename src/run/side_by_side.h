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
};

/* Does all work, each in a thread of its own if there is more than one; returns when all is done.
 * Returns 0 or the first status of the list, with its error. */
int swk_side_by_side(struct swk_work *list, size_t count, struct swk_error *error);

#endif
