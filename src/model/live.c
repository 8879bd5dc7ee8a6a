/* SPDX-License-Identifier: MIT */
#include "model/live.h"

#include <string.h>

void swk_live_free(struct swk_live *live)
{
	swk_upstreams_free(&live->upstreams);
	live->readable = SWK_READ_NOTHING;
}

/* An upstream with servers that don't fit the model can't be compared. */
static bool is_seen_to_vary(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return strcmp(a->name, b->name) != 0 ||
	       (!a->partial && !b->partial && !swk_upstream_same_servers(a, b));
}

int swk_live_merge(struct swk_live *live, struct swk_live *sample, struct swk_error *error)
{
	const size_t had = live->upstreams.count;
	int status = 0;

	for (size_t i = 0; i < had; i++) {
		struct swk_upstream *this = &live->upstreams.list[i];
		const struct swk_upstream *other =
			swk_upstreams_find(&sample->upstreams, this->name);

		this->varies |= !other || is_seen_to_vary(this, other);
		if (!other || strcmp(other->name, this->name) != 0 ||
		    !swk_upstream_same_servers(this, other))
			this->partial = true;
		if (!other != this->absent) {
			this->absent = !other;
			this->switches++;
		}
	}
	for (size_t i = 0; !status && i < sample->upstreams.count; i++) {
		struct swk_upstream *other = &sample->upstreams.list[i];
		const struct swk_upstreams before = {live->upstreams.list, had};

		if (swk_upstreams_find(&before, other->name))
			continue;
		other->partial = other->varies = true;
		other->switches = 1;
		status = swk_upstreams_append(&live->upstreams, other, error);
	}
	(void)swk_upstreams_sort(&live->upstreams);
	if (sample->readable < live->readable)
		live->readable = sample->readable;
	swk_live_free(sample);
	return status;
}

bool swk_live_differs(const struct swk_live *live, const struct swk_upstream *desired)
{
	const struct swk_upstream *present = swk_upstreams_find(&live->upstreams, desired->name);

	if (live->readable < SWK_READ_ADDRESSES)
		return false;
	/* A POST of `web` makes dyups replace `Web`, but requests find the upstream only by the
	 * exact name that was posted last (measured on Tengine 3.2.0). */
	if (!present || strcmp(present->name, desired->name) != 0)
		return true;
	/* nginx shows the addresses that a host name resolves to, and each worker may have resolved
	 * it at another time. Only a missing upstream is certain. */
	if (swk_upstream_has_host(desired))
		return present->switches > 0;
	return live->readable == SWK_READ_ATTRIBUTES
		       ? !swk_upstream_same_servers(present, desired)
		       : !swk_upstream_same_addresses(present, desired);
}
