/* SPDX-License-Identifier: MIT */
/* Distinguishes an outage of the registry from an outage of the services. Each function returns
 * whether the numbers are plausible; if not, it adds a note. Pure. */
#ifndef SWK_POLICY_GUARD_H
#define SWK_POLICY_GUARD_H

#include <stdbool.h>
#include <stddef.h>

#include "model/report.h"

/* Checks a list of services. `services` counts its valid names without `consul`; `least` is
 * min_services, and `where` names what set it. `which` names the list in messages. */
bool swk_guard_list(size_t services, size_t least, const char *where, const char *which,
		    struct swk_report *report);

/* Checks the answers about services: Consul was asked about `asked` services, which have
 * `instances` altogether. */
bool swk_guard_instances(size_t asked, size_t instances, struct swk_report *report);

/* Checks the number of deletions: at most `percent` of the managed upstreams, or any number if
 * there are fewer than SWK_DELETIONS_FROM. */
bool swk_guard_deletions(size_t deletions, size_t upstreams, unsigned percent,
			 struct swk_report *report);

#endif
