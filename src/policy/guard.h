/* SPDX-License-Identifier: MIT */
/*
 * Tells an outage of the registry from an outage of the services. Each returns whether a complete
 * pass may go on, and notes why not. Pure.
 */
#ifndef SWK_POLICY_GUARD_H
#define SWK_POLICY_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "model/report.h"

/* A list of so many services, those left out not counted; `least` is the operator's floor. `which`
 * names the list for a person. */
bool swk_guard_list(size_t services, size_t least, const char *which, struct swk_report *report);

/* So many services were asked about, and have so many instances altogether. */
bool swk_guard_instances(size_t asked, size_t instances, struct swk_report *report);

/* So many of our upstreams would be deleted at once; at most `percent` of them may. With fewer than
 * SWK_DELETIONS_FROM of them any number may. */
bool swk_guard_deletions(size_t deletions, size_t upstreams, unsigned percent,
			 struct swk_report *report);

#endif
