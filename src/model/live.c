/* SPDX-License-Identifier: MIT */
#include "model/live.h"

#include <string.h>

void swk_live_free(struct swk_live *live)
{
	swk_upstreams_free(&live->upstreams);
	*live = (struct swk_live){.readable = SWK_READ_NOTHING};
}

bool swk_parts_contain(const struct swk_parts *parts, uint64_t number)
{
	for (size_t i = 0; i < parts->count; i++) {
		if (parts->list[i] == number)
			return true;
	}
	return false;
}

bool swk_live_differs(const struct swk_live *live, const struct swk_upstream *desired)
{
	const struct swk_upstream *present = swk_upstreams_find(&live->upstreams, desired->name);

	if (live->readable < SWK_READ_ADDRESSES)
		return false;
	/* A proxy that ignores case when it replaces an upstream may still find one only by its
	 * exact name. */
	if (!present || strcmp(present->name, desired->name) != 0)
		return true;
	/* A proxy shows the addresses that a host name resolved to, and each of its parts may have
	 * resolved it at another time. Only a missing upstream is certain. */
	if (swk_upstream_has_host(desired))
		return present->spread >= SWK_SPREAD_SOME;
	return live->readable == SWK_READ_ATTRIBUTES
		       ? !swk_upstream_same_servers(present, desired)
		       : !swk_upstream_same_addresses(present, desired);
}
