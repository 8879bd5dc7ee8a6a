/* SPDX-License-Identifier: MIT */
#include "policy/reason.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

const char *const swk_outcome_words[] = {
	[SWK_OUTCOME_SERVED] = "served",     [SWK_OUTCOME_SERVED_DOWN] = "down",
	[SWK_OUTCOME_LEFT_OUT] = "left out", [SWK_OUTCOME_SKIPPED] = "skipped",
	[SWK_OUTCOME_KEPT] = "kept",	     [SWK_OUTCOME_HELD_BACK] = "held",
};

static void free_decision(struct swk_decision *decision)
{
	free(decision->service);
	free(decision->tag);
	free(decision->instance);
	free(decision->node);
	free(decision->status);
	free(decision->upstream);
	free(decision->address);
	free(decision->reason);
}

static char *copy(const char *text)
{
	char escaped[SWK_TEXT_MAX];

	swk_text_escape(escaped, sizeof(escaped), text ? text : "");
	return strdup(escaped);
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
	new = (struct swk_decision){.service = copy(decision->service),
				    .tag = copy(decision->tag),
				    .keyed = decision->keyed,
				    .instance = copy(decision->instance),
				    .node = copy(decision->node),
				    .status = copy(decision->status),
				    .upstream = copy(decision->upstream),
				    .address = copy(decision->address),
				    .outcome = decision->outcome,
				    .reason = copy(decision->reason)};
	if (!new.service || !new.tag || !new.instance || !new.node || !new.status ||
	    !new.upstream || !new.address || !new.reason) {
		free_decision(&new);
		return swk_error_memory(error);
	}
	list[decisions->count++] = new;
	return 0;
}

/* Puts a copy in place of a text. */
static int replace(char **text, const char *with, struct swk_error *error)
{
	char *new = copy(with);

	if (!new)
		return swk_error_memory(error);
	free(*text);
	*text = new;
	return 0;
}

int swk_decision_explain(struct swk_decision *decision, enum swk_outcome outcome,
			 const char *reason, struct swk_error *error)
{
	decision->outcome = outcome;
	return replace(&decision->reason, reason, error);
}

int swk_decision_move(struct swk_decision *decision, const char *upstream, struct swk_error *error)
{
	return replace(&decision->upstream, upstream, error);
}

void swk_decisions_forget(struct swk_decisions *decisions, const char *service)
{
	size_t kept = 0;

	for (size_t i = 0; decisions && i < decisions->count; i++) {
		const struct swk_decision *this = &decisions->list[i];

		if (service ? this->keyed || strcmp(this->service, service) != 0 : !this->keyed)
			decisions->list[kept++] = decisions->list[i];
		else
			free_decision(&decisions->list[i]);
	}
	if (decisions)
		decisions->count = kept;
}

void swk_decisions_free(struct swk_decisions *decisions)
{
	for (size_t i = 0; i < decisions->count; i++)
		free_decision(&decisions->list[i]);
	free(decisions->list);
	*decisions = (struct swk_decisions){0};
}

static int compare(const void *a, const void *b)
{
	const struct swk_decision *x = a, *y = b;
	int order = strcmp(x->service, y->service);

	if (!order)
		order = x->keyed - y->keyed;
	if (!order)
		order = strcmp(x->tag, y->tag);
	if (!order)
		order = strcmp(x->instance, y->instance);
	if (!order)
		order = strcmp(x->upstream, y->upstream);
	return order ? order : strcmp(x->node, y->node);
}

void swk_decisions_sort(struct swk_decisions *decisions)
{
	if (decisions->count)
		qsort(decisions->list, decisions->count, sizeof(*decisions->list), compare);
}
