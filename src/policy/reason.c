/* SPDX-License-Identifier: MIT */
#include "policy/reason.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

const char *const swk_verdict_words[] = {
	[SWK_SERVED] = "served",   [SWK_SERVED_DOWN] = "down", [SWK_LEFT_OUT] = "left out",
	[SWK_SKIPPED] = "skipped", [SWK_KEPT] = "kept",	       [SWK_HELD_BACK] = "held",
};

static void free_why(struct swk_why *why)
{
	free(why->service);
	free(why->tag);
	free(why->instance);
	free(why->node);
	free(why->status);
	free(why->upstream);
	free(why->address);
	free(why->reason);
}

static char *copy(const char *text)
{
	char escaped[SWK_TEXT_MAX];

	swk_text_escape(escaped, sizeof(escaped), text ? text : "");
	return strdup(escaped);
}

int swk_whys_add(struct swk_whys *whys, const struct swk_why *why, struct swk_error *error)
{
	struct swk_why *list, new;

	if (!whys)
		return 0;
	list = swk_list_grow(whys->list, whys->count, sizeof(*list));
	if (!list)
		return swk_error_memory(error);
	whys->list = list;
	new = (struct swk_why){.service = copy(why->service),
			       .tag = copy(why->tag),
			       .keyed = why->keyed,
			       .instance = copy(why->instance),
			       .node = copy(why->node),
			       .status = copy(why->status),
			       .upstream = copy(why->upstream),
			       .address = copy(why->address),
			       .verdict = why->verdict,
			       .reason = copy(why->reason)};
	if (!new.service || !new.tag || !new.instance || !new.node || !new.status ||
	    !new.upstream || !new.address || !new.reason) {
		free_why(&new);
		return swk_error_memory(error);
	}
	list[whys->count++] = new;
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

int swk_why_explain(struct swk_why *why, enum swk_verdict verdict, const char *reason,
		    struct swk_error *error)
{
	why->verdict = verdict;
	return replace(&why->reason, reason, error);
}

int swk_why_move(struct swk_why *why, const char *upstream, struct swk_error *error)
{
	return replace(&why->upstream, upstream, error);
}

void swk_whys_forget(struct swk_whys *whys, const char *service)
{
	size_t kept = 0;

	for (size_t i = 0; whys && i < whys->count; i++) {
		const struct swk_why *this = &whys->list[i];

		if (service ? this->keyed || strcmp(this->service, service) != 0 : !this->keyed)
			whys->list[kept++] = whys->list[i];
		else
			free_why(&whys->list[i]);
	}
	if (whys)
		whys->count = kept;
}

void swk_whys_free(struct swk_whys *whys)
{
	for (size_t i = 0; i < whys->count; i++)
		free_why(&whys->list[i]);
	free(whys->list);
	*whys = (struct swk_whys){0};
}

static int compare(const void *a, const void *b)
{
	const struct swk_why *x = a, *y = b;
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

void swk_whys_sort(struct swk_whys *whys)
{
	if (whys->count)
		qsort(whys->list, whys->count, sizeof(*whys->list), compare);
}
