/* SPDX-License-Identifier: MIT */
#include "policy/guard.h"

bool swk_guard_list(size_t services, size_t least, const char *where, const char *which,
		    struct swk_report *report)
{
	if (!services) {
		swk_report_note(
			report, SWK_NOTE_HELD_BACK,
			"%s has no service: Consul seems to be down, or the token lacks the "
			"right service:read; nothing was changed",
			which);
		return false;
	}
	if (services < least) {
		swk_report_note(report, SWK_NOTE_HELD_BACK,
				"%s has %zu service%s, but min_services (%s) is %zu: Consul seems "
				"to be down; "
				"nothing was changed. If the list is right, lower that number",
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
			"Consul lists %zu service%s but not one instance: taken for a token "
			"without the right node:read; nothing was changed",
			asked, asked == 1 ? "" : "s");
	return false;
}

bool swk_guard_deletions(size_t deletions, size_t upstreams, unsigned percent,
			 struct swk_report *report)
{
	if (upstreams < SWK_DELETIONS_FROM || deletions * 100 <= upstreams * percent)
		return true;
	swk_report_note(
		report, SWK_NOTE_HELD_BACK,
		"%zu of %zu upstreams would be deleted, more than the %u %% of "
		"--max-deletions: they are kept; if they are meant to go, once with --force",
		deletions, upstreams, percent);
	return false;
}
