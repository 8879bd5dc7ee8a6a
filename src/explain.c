/* SPDX-License-Identifier: MIT */
#include "explain.h"

#include <stdio.h>
#include <string.h>

/* The line about the upstream that an instance belongs to, or NULL. */
static const struct swk_why *of_upstream(const struct swk_whys *whys, const struct swk_why *why)
{
	for (size_t i = 0; i < whys->count; i++) {
		const struct swk_why *this = &whys->list[i];

		if (!*this->instance && *this->upstream && !strcmp(this->upstream, why->upstream) &&
		    !strcmp(this->service, why->service))
			return this;
	}
	return NULL;
}

static bool has_server(const struct swk_upstream *upstream, const char *address)
{
	char text[SWK_ADDRESS_MAX];

	for (size_t i = 0; i < upstream->count; i++) {
		if (!strcmp(swk_server_address(&upstream->servers[i], text), address))
			return true;
	}
	return false;
}

static int correct(struct swk_whys *whys, struct swk_why *why, const struct swk_upstreams *wanted,
		   struct swk_error *error)
{
	const struct swk_upstream *upstream = swk_upstreams_find(wanted, why->upstream);
	const struct swk_why *other = of_upstream(whys, why);
	bool ours = upstream && !strcmp(upstream->service, why->service);
	bool there = ours && has_server(upstream, why->address);
	bool served = why->verdict == SWK_SERVED || why->verdict == SWK_SERVED_DOWN;
	char reason[SWK_TEXT_MAX];

	if (served == there || !other)
		return 0;
	if (served) {
		(void)snprintf(reason, sizeof(reason), "%s", other->reason);
		return swk_why_explain(why,
				       other->verdict == SWK_SKIPPED ||
						       other->verdict == SWK_HELD_BACK
					       ? other->verdict
					       : SWK_LEFT_OUT,
				       reason, error);
	}
	(void)snprintf(reason, sizeof(reason), "%s, but its upstream keeps its last servers",
		       why->reason);
	return swk_why_explain(why, SWK_KEPT, reason, error);
}

int swk_explain(struct swk_whys *whys, const struct swk_upstreams *wanted, struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < whys->count; i++) {
		if (*whys->list[i].instance && *whys->list[i].upstream)
			status = correct(whys, &whys->list[i], wanted, error);
	}
	swk_whys_sort(whys);
	return status;
}
