/* SPDX-License-Identifier: MIT */
#include "policy/guard.h"

bool swk_guard_list(size_t services, size_t least, const char *where, const char *which,
		    struct swk_report *report)
{
	if (!services) {
		swk_report_note(report, SWK_NOTE_HELD_BACK,
				"%s has no service, so nothing was changed: Consul seems to be "
				"down, or the token lacks service:read",
				which);
		return false;
	}
	if (services < least) {
		swk_report_note(
			report, SWK_NOTE_HELD_BACK,
			"%s has %zu service%s, but min_services (%s) is %zu, so nothing was "
			"changed: Consul seems to be down; if the list is right, lower that number",
			which, services, services == 1 ? "" : "s", where, least);
		return false;
	}
	return true;
}

bool swk_guard_instances(size_t asked, size_t instances, struct swk_report *report)
{
	if (!asked || instances)
		return true;
	swk_report_note(report, SWK_NOTE_HELD_BACK,
			"Consul lists %zu service%s but shows no instance, so nothing was changed: "
			"the token seems to lack node:read",
			asked, asked == 1 ? "" : "s");
	return false;
}

bool swk_guard_deletions(size_t deletions, size_t upstreams, unsigned percent,
			 struct swk_report *report)
{
	if (upstreams < SWK_DELETIONS_FROM || deletions * 100 <= upstreams * percent)
		return true;
	swk_report_note(report, SWK_NOTE_HELD_BACK,
			"%zu of %zu upstreams would be deleted, more than --max-deletions allows "
			"(%u%%), so all of them stay: to delete them, run once with --force",
			deletions, upstreams, percent);
	return false;
}
