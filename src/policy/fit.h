/* SPDX-License-Identifier: MIT */
/* Makes an upstream acceptable to nginx. Pure. */
#ifndef SWK_POLICY_FIT_H
#define SWK_POLICY_FIT_H

#include "model/report.h"
#include "model/upstream.h"
#include "settings/rules.h"

/* Sets balancing and keepalive from the rules. */
void swk_fit_rules(struct swk_upstream *upstream, const struct swk_rules *rules);

/*
 * Sorts the servers and keeps one for each address. If the largest weight exceeds `most`, scales
 * all down in proportion. Clears `backup` where nginx refuses it, with a note. The only server that
 * is not down gets max_fails 0. Returns how many servers are not down.
 */
size_t swk_fit(struct swk_upstream *upstream, unsigned most, struct swk_report *report);

#endif
