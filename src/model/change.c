/* SPDX-License-Identifier: MIT */
#include "model/change.h"

#include <stdlib.h>

static void free_upstream(struct swk_change_upstream *upstream)
{
	for (size_t i = 0; i < upstream->server_count; i++) {
		struct swk_change_server *server = &upstream->servers[i];

		free(server->address);
		free(server->instance);
		free(server->node);
		free(server->reason);
	}
	free(upstream->servers);
	free(upstream->name);
	free(upstream->source);
	free(upstream->reason);
	free(upstream->before);
}

void swk_change_cut(struct swk_change *change, size_t count)
{
	for (size_t i = 0; i < change->upstream_count; i++)
		free_upstream(&change->upstreams[i]);
	free(change->upstreams);
	change->upstreams = NULL;
	change->upstream_count = 0;
	change->cut = count;
}

void swk_change_free(struct swk_change *change)
{
	swk_change_cut(change, 0);
	for (size_t i = 0; i < change->held_back_count; i++)
		free(change->held_back[i]);
	free(change->held_back);
	free(change->event);
	free(change->service);
	free(change->by);
	free(change->reason);
	*change = (struct swk_change){0};
}

void swk_changes_free(struct swk_changes *changes)
{
	for (size_t i = 0; i < changes->count; i++)
		swk_change_free(&changes->list[i]);
	free(changes->list);
	*changes = (struct swk_changes){0};
}

void swk_changes_judge(struct swk_changes *changes, uint64_t now)
{
	bool known = now;

	for (size_t i = changes->count; i-- > 0;) {
		struct swk_change *this = &changes->list[i];

		if (!this->before && !this->after)
			continue;
		if (!known || this->after == now)
			this->fate = SWK_CHANGE_DONE;
		else if (this->before == now)
			this->fate = SWK_CHANGE_NOT_DONE;
		else
			this->fate = SWK_CHANGE_GAP;
		now = this->before;
		known = true;
	}
}
