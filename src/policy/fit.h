/* SPDX-License-Identifier: MIT */
/* An upstream made fit for nginx. Pure. */
#ifndef SWK_POLICY_FIT_H
#define SWK_POLICY_FIT_H

#include "model/report.h"
#include "model/upstream.h"
#include "settings/rules.h"

/* Sets what the rules say of all its servers together: balancing, and connections that are kept. */
void swk_fit_rules(struct swk_upstream *upstream, const struct swk_rules *rules);

/*
 * Sorts the servers and keeps each address once; brings weights down to `most` where the largest is
 * more, in the same proportion; and drops `backup` where nginx refuses it, which is noted. Returns
 * how many of the servers are not down.
 */
size_t swk_fit(struct swk_upstream *upstream, unsigned most, struct swk_report *report);

#endif
