/* SPDX-License-Identifier: MIT */
#include "policy/decisions.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

const char *const swk_outcome_words[] = {
	[SWK_OUTCOME_SERVED] = "served",       [SWK_OUTCOME_SERVED_DOWN] = "down",
	[SWK_OUTCOME_LEFT_OUT] = "left out",   [SWK_OUTCOME_SKIPPED] = "skipped",
	[SWK_OUTCOME_KEPT] = "kept",	       [SWK_OUTCOME_FAILOVER] = "failover",
	[SWK_OUTCOME_HELD_BACK] = "held back",
};

/* Adds an escaped copy of a text to the list's texts; NULL without memory. */
static const char *own(struct swk_decisions *decisions, const char *text)
{
	char escaped[SWK_TEXT_MAX];
	char **grown = swk_list_grow(decisions->texts, decisions->text_count, sizeof(*grown));

	if (!grown)
		return NULL;
	decisions->texts = grown;
	swk_text_escape(escaped, sizeof(escaped), text ? text : "");
	grown[decisions->text_count] = strdup(escaped);
	return grown[decisions->text_count] ? grown[decisions->text_count++] : NULL;
}

int swk_decisions_add(struct swk_decisions *decisions, const struct swk_decision *decision,
		      struct swk_error *error)
{
	struct swk_decision *list, new;

	if (!decisions)
		return 0;
	list = swk_list_grow(decisions->list, decisions->count, sizeof(*list));
	if (!list)
		return swk_error_memory(error);
	decisions->list = list;
	new = *decision;
	new.source.name = own(decisions, decision->source.name);
	new.source.tag = own(decisions, decision->source.tag);
	new.instance = own(decisions, decision->instance);
	new.node = own(decisions, decision->node);
	new.status = own(decisions, decision->status);
	new.upstream = own(decisions, decision->upstream);
	new.address = own(decisions, decision->address);
	new.reason = own(decisions, decision->reason);
	if (!new.source.name || !new.source.tag || !new.instance || !new.node || !new.status ||
	    !new.upstream || !new.address || !new.reason)
		return swk_error_memory(error);
	list[decisions->count++] = new;
	return 0;
}

void swk_decisions_forget(struct swk_decisions *decisions, enum swk_source_kind kind,
			  const char *name)
{
	size_t kept = 0;

	for (size_t i = 0; decisions && i < decisions->count; i++) {
		const struct swk_decision *this = &decisions->list[i];

		if (name ? !swk_source_is(&this->source, kind, name) : this->source.kind != kind)
			decisions->list[kept++] = *this;
	}
	if (decisions)
		decisions->count = kept;
}

void swk_decisions_free(struct swk_decisions *decisions)
{
	for (size_t i = 0; i < decisions->text_count; i++)
		free(decisions->texts[i]);
	free(decisions->texts);
	free(decisions->list);
	*decisions = (struct swk_decisions){0};
}

static int compare(const void *a, const void *b)
{
	const struct swk_decision *x = a, *y = b;
	int order = swk_source_compare(&x->source, &y->source);

	if (!order)
		order = strcmp(x->instance, y->instance);
	if (!order)
		order = strcmp(x->upstream, y->upstream);
	return order ? order : strcmp(x->node, y->node);
}

static void sort(struct swk_decisions *decisions)
{
	if (decisions->count)
		qsort(decisions->list, decisions->count, sizeof(*decisions->list), compare);
}

/* ---- corrections ---- */

/* The lines about one upstream and its instances, which are neighbours in a sorted list. */
struct group {
	struct swk_decision *list;
	size_t count;
	const struct swk_decision *about; /* the line about the upstream, or NULL */
};

/* The line that says why the upstream is not as its instances say, or NULL. If it lost a name and
 * is kept under another, there are two: then it is the line that says kept. */
static const struct swk_decision *find_about(const struct group *group)
{
	const struct swk_decision *found = NULL;

	for (size_t i = 0; i < group->count; i++) {
		const struct swk_decision *this = &group->list[i];

		if (!*this->instance && *this->upstream && this->outcome != SWK_OUTCOME_SERVED &&
		    (!found || this->outcome == SWK_OUTCOME_KEPT))
			found = this;
	}
	return found;
}

/* The server with this address, or NULL. */
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

/* Corrects a decision whose server will be in the conf file. */
static int correct_served(struct swk_decisions *decisions, const struct group *group,
			  struct swk_decision *decision, const struct swk_server *server,
			  struct swk_error *error)
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
	decision->outcome = kept ? SWK_OUTCOME_KEPT : SWK_OUTCOME_LEFT_OUT;
	decision->reason = own(decisions, reason);
	return decision->reason ? 0 : swk_error_memory(error);
}

/* Corrects a decision whose server will not: it gets the reason of the line about its upstream. */
static void correct_missing(const struct group *group, struct swk_decision *decision)
{
	const struct swk_decision *about = group->about;

	if ((decision->outcome != SWK_OUTCOME_SERVED &&
	     decision->outcome != SWK_OUTCOME_SERVED_DOWN) ||
	    !about)
		return;
	decision->reason = about->reason;
	decision->outcome =
		about->outcome == SWK_OUTCOME_SKIPPED || about->outcome == SWK_OUTCOME_HELD_BACK
			? about->outcome
			: SWK_OUTCOME_LEFT_OUT;
}

/* Corrects the line about the parts of an upstream that is not served after all. */
static void correct_parts(const struct group *group, struct swk_decision *decision)
{
	const struct swk_decision *about = group->about;

	if (about && about->outcome != SWK_OUTCOME_KEPT)
		decision->outcome = about->outcome;
}

static int correct_group(struct swk_decisions *decisions, struct group *group,
			 const struct swk_upstreams *desired, struct swk_error *error)
{
	int status = 0;

	group->about = find_about(group);
	for (size_t i = 0; !status && i < group->count; i++) {
		struct swk_decision *decision = &group->list[i];
		const struct swk_upstream *upstream;
		const struct swk_server *server = NULL;

		if (!*decision->upstream ||
		    (!*decision->instance && decision->outcome != SWK_OUTCOME_SERVED))
			continue;
		/* The upstream may have got another name. */
		if (group->about)
			decision->upstream = group->about->upstream;
		if (!*decision->instance) {
			correct_parts(group, decision);
			continue;
		}
		upstream = swk_upstreams_find(desired, decision->upstream);
		if (upstream &&
		    swk_source_is(&upstream->source, decision->source.kind, decision->source.name))
			server = find_server(upstream, decision->address);
		if (server)
			status = correct_served(decisions, group, decision, server, error);
		else
			correct_missing(group, decision);
	}
	return status;
}

int swk_decisions_correct(struct swk_decisions *decisions, const struct swk_upstreams *desired,
			  struct swk_error *error)
{
	int status = 0;
	size_t end;

	sort(decisions);
	for (size_t i = 0; !status && i < decisions->count; i = end) {
		struct group group = {.list = &decisions->list[i]};

		for (end = i;
		     end < decisions->count &&
		     swk_source_same(&decisions->list[i].source, &decisions->list[end].source);)
			end++;
		group.count = end - i;
		status = correct_group(decisions, &group, desired, error);
	}
	return status;
}
