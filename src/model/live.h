/* SPDX-License-Identifier: MIT */
/* What a target holds in memory, as far as it can be read. */
#ifndef SWK_MODEL_LIVE_H
#define SWK_MODEL_LIVE_H

#include <stdbool.h>

#include "model/upstream.h"

enum swk_readable {
	SWK_READ_NOTHING,    /* the target can't be asked */
	SWK_READ_NAMES,	     /* some names; others may exist */
	SWK_READ_ADDRESSES,  /* every upstream with its servers' addresses */
	SWK_READ_ATTRIBUTES, /* the servers' attributes, too; never balancing and keepalive */
};

struct swk_live {
	enum swk_readable readable;
	struct swk_upstreams upstreams; /* sorted; service and tag are "" */
};

void swk_live_free(struct swk_live *live);

/*
 * Adds another sample of the same target, and frees it. An upstream that only one of them has, or
 * that has other servers in the other, becomes `partial`, so that it equals no other.
 */
int swk_live_merge(struct swk_live *live, struct swk_live *sample, struct swk_error *error);

/* Whether the live state shows that the target does not have this upstream as it is here. */
bool swk_live_differs(const struct swk_live *live, const struct swk_upstream *desired);

#endif
