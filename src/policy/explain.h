/* SPDX-License-Identifier: MIT */
/* What became of each registration, once it is known what the file shall hold. Pure. */
#ifndef SWK_POLICY_EXPLAIN_H
#define SWK_POLICY_EXPLAIN_H

#include "model/upstream.h"
#include "policy/reason.h"

/*
 * Corrects what was written down of instances when only they were looked at: one whose upstream
 * keeps its last servers may be served though it is critical, or not though it is passing. Sorts
 * the list.
 */
int swk_explain(struct swk_decisions *decisions, const struct swk_upstreams *desired,
		struct swk_error *error);

#endif
