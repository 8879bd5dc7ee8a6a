/* SPDX-License-Identifier: MIT */
#include "policy/explain.h"

#include <stdio.h>
#include <string.h>

/* Lines about one upstream and its instances, one behind the other in a sorted list. */
struct group {
	struct swk_decision *list;
	size_t count;
	const struct swk_decision *about;    /* the line about the upstream, or NULL */
	const struct swk_upstream *upstream; /* in the file, or NULL */
};

static bool is_same_group(const struct swk_decision *a, const struct swk_decision *b)
{
	return a->keyed == b->keyed && !strcmp(a->service, b->service) && !strcmp(a->tag, b->tag);
}

/* The line that says what became of the upstream: of several, that of one that is kept under a name
 * that it had before. */
static const struct swk_decision *find_about(const struct group *group)
{
	const struct swk_decision *found = NULL;

	for (size_t i = 0; i < group->count; i++) {
		const struct swk_decision *this = &group->list[i];

		if (!*this->instance && *this->upstream &&
		    (!found || this->outcome == SWK_OUTCOME_KEPT))
			found = this;
	}
	return found;
}

/* The server of this address, or NULL. */
static const struct swk_server *find_server(const struct swk_upstream *upstream,
					    const char *address)
{
	struct swk_server server = {.port = 0};
	char room[SWK_HOST_MAX + 1];

	if (!swk_server_parse_address(&server, address, strlen(address)) &&
	    !swk_server_parse_host(&server, address, strlen(address), room))
		return NULL;
	return swk_upstream_find_server(upstream, &server);
}

/* One whose server stands in the file. */
static int correct_served(const struct group *group, struct swk_decision *decision,
			  const struct swk_server *server, struct swk_error *error)
{
	bool kept = group->about && group->about->outcome == SWK_OUTCOME_KEPT;
	char reason[SWK_TEXT_MAX];

	if (server->down || decision->outcome == SWK_OUTCOME_SERVED) {
		decision->outcome = server->down ? SWK_OUTCOME_SERVED_DOWN : SWK_OUTCOME_SERVED;
		return 0;
	}
	(void)snprintf(reason, sizeof(reason), "%s%s", decision->reason,
		       kept ? ", but its upstream keeps its last servers"
			    : "; another instance has its address and is served");
	return swk_decision_explain(decision, kept ? SWK_OUTCOME_KEPT : SWK_OUTCOME_LEFT_OUT,
				    reason, error);
}

static int correct(const struct group *group, struct swk_decision *decision,
		   struct swk_error *error)
{
	const struct swk_server *server =
		group->upstream ? find_server(group->upstream, decision->address) : NULL;
	enum swk_outcome outcome = SWK_OUTCOME_LEFT_OUT;
	char reason[SWK_TEXT_MAX];

	if (server)
		return correct_served(group, decision, server, error);
	if ((decision->outcome != SWK_OUTCOME_SERVED &&
	     decision->outcome != SWK_OUTCOME_SERVED_DOWN) ||
	    !group->about)
		return 0;
	if (group->about->outcome == SWK_OUTCOME_SKIPPED ||
	    group->about->outcome == SWK_OUTCOME_HELD_BACK)
		outcome = group->about->outcome;
	(void)snprintf(reason, sizeof(reason), "%s", group->about->reason);
	return swk_decision_explain(decision, outcome, reason, error);
}

static int correct_group(struct group *group, const struct swk_upstreams *desired,
			 struct swk_error *error)
{
	int status = 0;

	group->about = find_about(group);
	for (size_t i = 0; !status && i < group->count; i++) {
		struct swk_decision *decision = &group->list[i];
		const char *name = group->about ? group->about->upstream : decision->upstream;

		if (!*decision->instance || !*decision->upstream)
			continue;
		group->upstream = swk_upstreams_find(desired, name);
		if (group->upstream && (strcmp(group->upstream->service, decision->service) != 0 ||
					group->upstream->keyed != decision->keyed))
			group->upstream = NULL;
		if (strcmp(decision->upstream, name) != 0)
			status = swk_decision_move(decision, name, error);
		if (!status)
			status = correct(group, decision, error);
	}
	return status;
}

int swk_explain(struct swk_decisions *decisions, const struct swk_upstreams *desired,
		struct swk_error *error)
{
	int status = 0;
	size_t end;

	swk_decisions_sort(decisions);
	for (size_t i = 0; !status && i < decisions->count; i = end) {
		struct group group = {.list = &decisions->list[i]};

		for (end = i; end < decisions->count &&
			      is_same_group(&decisions->list[i], &decisions->list[end]);)
			end++;
		group.count = end - i;
		status = correct_group(&group, desired, error);
	}
	return status;
}
