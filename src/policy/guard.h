/* SPDX-License-Identifier: MIT */
/*
 * Tells an outage of the registry from an outage of the services. Each returns whether the numbers
 * are plausible; if not, a note says why. Pure.
 */
#ifndef SWK_POLICY_GUARD_H
#define SWK_POLICY_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "model/report.h"

/* `services` is the number of valid names in a list, without `consul`; `least` is the operator's
 * minimum, and `where` who set it. `which` names the list in messages. */
bool swk_guard_list(size_t services, size_t least, const char *where, const char *which,
		    struct swk_report *report);

/* `asked` services were asked about, and have `instances` altogether. */
bool swk_guard_instances(size_t asked, size_t instances, struct swk_report *report);

/* Deletions among `upstreams` managed ones; at most `percent` of these may go. With fewer than
 * SWK_DELETIONS_FROM upstreams, any number may. */
bool swk_guard_deletions(size_t deletions, size_t upstreams, unsigned percent,
			 struct swk_report *report);

#endif
