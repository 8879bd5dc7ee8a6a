/* SPDX-License-Identifier: MIT */
/* Shares: colours as percentages of one upstream. Servers know their colour by `group`: its place
 * in the shares, from 1. Pure. */
#ifndef SWK_POLICY_SHARES_H
#define SWK_POLICY_SHARES_H

#include "model/upstream.h"
#include "settings/field.h"

/* The largest weight that each kind of proxy takes. HAProxy's limit is the lowest. */
#define SWK_SHARES_WEIGHT 256

/* The colour's place, from 1; 0: it is not among the shares. */
unsigned swk_shares_place(const struct swk_shares *shares, const char *colour);

/* Whether some colour with a share has no registered instance in the upstream. */
bool swk_shares_lack(const struct swk_shares *shares, const struct swk_upstream *upstream);

/*
 * Sets the weights, so that each colour gets its share of the requests. Within a colour, the
 * weights before count in proportion; if the largest exceeds `most`, as if it were `most`. Servers
 * of no group count to the group with the largest share. Colours without a server give their share
 * to the others, in proportion. Servers that are down take no share; backups share among
 * themselves.
 *
 * The weights are the smallest integers that are exact, if they are at most SWK_SHARES_WEIGHT. If
 * not, they are rounded, and larger only if the shares would not hold within half a percentage
 * point; or within one, if some target takes no more than SWK_SHARES_WEIGHT. `limit` is the largest
 * weight that all targets take.
 */
void swk_shares_weigh(struct swk_upstream *upstream, const struct swk_shares *shares, unsigned most,
		      unsigned limit);

/* Writes the colours' parts of the requests: `canary 5%, no colour 95%`. Weights count as
 * swk_upstream_scale would scale them to `most`. */
void swk_shares_describe(char text[SWK_TEXT_MAX], const struct swk_upstream *upstream,
			 const struct swk_shares *shares, unsigned most);

/* Whether each colour's part of the requests is within one percentage point of its share, with the
 * same weights. */
bool swk_shares_hold(const struct swk_upstream *upstream, const struct swk_shares *shares,
		     unsigned most);

#endif
