/* SPDX-License-Identifier: MIT */
/* Makes an upstream acceptable to nginx. Pure. */
#ifndef SWK_POLICY_FIT_H
#define SWK_POLICY_FIT_H

#include "model/report.h"
#include "model/upstream.h"
#include "settings/rules.h"

/* Sets balancing and keepalive from the rules. Shares need round robin. */
void swk_fit_rules(struct swk_upstream *upstream, const struct swk_rules *rules);

/*
 * With shares (NULL: none), sets the weights by them, for targets that take weights up to `limit`.
 * Otherwise, if the largest weight exceeds `most`, scales all down in proportion. Before that,
 * sorts the servers and keeps one for each address. Clears `backup` where nginx refuses it, with a
 * note. The only server that is not down gets max_fails 0. Returns how many servers are not down.
 */
size_t swk_fit(struct swk_upstream *upstream, const struct swk_shares *shares, unsigned most,
	       unsigned limit, struct swk_report *report);

#endif
