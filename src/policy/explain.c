/* SPDX-License-Identifier: MIT */
#include "policy/explain.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Lines about one upstream and its instances, one behind the other in a sorted list. */
struct group {
	struct swk_why *list;
	size_t count;
	const struct swk_why *about;	     /* the line about the upstream, or NULL */
	const struct swk_upstream *upstream; /* in the file, or NULL */
};

static bool is_same_group(const struct swk_why *a, const struct swk_why *b)
{
	return a->keyed == b->keyed && !strcmp(a->service, b->service) && !strcmp(a->tag, b->tag);
}

/* The line that says what became of the upstream: of several, that of one that is kept under a name
 * that it had before. */
static const struct swk_why *find_about(const struct group *group)
{
	const struct swk_why *found = NULL;

	for (size_t i = 0; i < group->count; i++) {
		const struct swk_why *this = &group->list[i];

		if (!*this->instance && *this->upstream && (!found || this->verdict == SWK_KEPT))
			found = this;
	}
	return found;
}

static int compare_servers(const void *a, const void *b)
{
	return swk_server_compare(a, b);
}

/* The server of this address, or NULL. */
static const struct swk_server *find_server(const struct swk_upstream *upstream,
					    const char *address)
{
	struct swk_server server = {.port = 0};
	char room[SWK_HOST_MAX + 1];

	if (!upstream->count || (!swk_server_parse_address(&server, address, strlen(address)) &&
				 !swk_server_parse_host(&server, address, strlen(address), room)))
		return NULL;
	return bsearch(&server, upstream->servers, upstream->count, sizeof(server),
		       compare_servers);
}

/* One whose server stands in the file. */
static int correct_served(const struct group *group, struct swk_why *why,
			  const struct swk_server *server, struct swk_error *error)
{
	bool kept = group->about && group->about->verdict == SWK_KEPT;
	char reason[SWK_TEXT_MAX];

	if (server->down || why->verdict == SWK_SERVED) {
		why->verdict = server->down ? SWK_SERVED_DOWN : SWK_SERVED;
		return 0;
	}
	(void)snprintf(reason, sizeof(reason), "%s%s", why->reason,
		       kept ? ", but its upstream keeps its last servers"
			    : "; another instance has its address and is served");
	return swk_why_explain(why, kept ? SWK_KEPT : SWK_LEFT_OUT, reason, error);
}

static int correct(const struct group *group, struct swk_why *why, struct swk_error *error)
{
	const struct swk_server *server =
		group->upstream ? find_server(group->upstream, why->address) : NULL;
	enum swk_verdict verdict = SWK_LEFT_OUT;
	char reason[SWK_TEXT_MAX];

	if (server)
		return correct_served(group, why, server, error);
	if ((why->verdict != SWK_SERVED && why->verdict != SWK_SERVED_DOWN) || !group->about)
		return 0;
	if (group->about->verdict == SWK_SKIPPED || group->about->verdict == SWK_HELD_BACK)
		verdict = group->about->verdict;
	(void)snprintf(reason, sizeof(reason), "%s", group->about->reason);
	return swk_why_explain(why, verdict, reason, error);
}

static int correct_group(struct group *group, const struct swk_upstreams *wanted,
			 struct swk_error *error)
{
	int status = 0;

	group->about = find_about(group);
	for (size_t i = 0; !status && i < group->count; i++) {
		struct swk_why *why = &group->list[i];
		const char *name = group->about ? group->about->upstream : why->upstream;

		if (!*why->instance || !*why->upstream)
			continue;
		group->upstream = swk_upstreams_find(wanted, name);
		if (group->upstream && (strcmp(group->upstream->service, why->service) != 0 ||
					group->upstream->keyed != why->keyed))
			group->upstream = NULL;
		if (strcmp(why->upstream, name) != 0)
			status = swk_why_move(why, name, error);
		if (!status)
			status = correct(group, why, error);
	}
	return status;
}

int swk_explain(struct swk_whys *whys, const struct swk_upstreams *wanted, struct swk_error *error)
{
	int status = 0;
	size_t end;

	swk_whys_sort(whys);
	for (size_t i = 0; !status && i < whys->count; i = end) {
		struct group group = {.list = &whys->list[i]};

		for (end = i; end < whys->count && is_same_group(&whys->list[i], &whys->list[end]);)
			end++;
		group.count = end - i;
		status = correct_group(&group, wanted, error);
	}
	return status;
}
