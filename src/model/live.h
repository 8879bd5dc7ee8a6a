/* SPDX-License-Identifier: MIT */
/* What a target holds in memory, as far as it can be read. */
#ifndef SWK_MODEL_LIVE_H
#define SWK_MODEL_LIVE_H

#include <stdbool.h>

#include "model/upstream.h"

enum swk_readable {
	SWK_READ_NOTHING,    /* it can't be asked */
	SWK_READ_NAMES,	     /* some names: what is missing may be there all the same */
	SWK_READ_ADDRESSES,  /* every upstream with its servers' addresses */
	SWK_READ_ATTRIBUTES, /* and with their attributes; balancing and keepalive are never told */
};

struct swk_live {
	enum swk_readable readable;
	struct swk_upstreams upstreams; /* sorted; service and tag are "" */
};

void swk_live_free(struct swk_live *live);

/*
 * Adds another look at the same target, which is freed: an upstream that not both have, or not with
 * the same servers, becomes `partial`, so that it is the same as no other.
 */
int swk_live_merge(struct swk_live *live, struct swk_live *sample, struct swk_error *error);

/* Whether what can be read of it shows that it hasn't this upstream as it is. */
bool swk_live_differs(const struct swk_live *live, const struct swk_upstream *desired);

#endif
