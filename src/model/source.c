/* SPDX-License-Identifier: MIT */
#include "model/source.h"

#include <string.h>

const struct swk_source_traits swk_source_traits[] = {
	[SWK_SOURCE_SERVICE] = {.word = "service", .tagged = true, .listed = true, .limited = true},
	[SWK_SOURCE_KEY] = {.word = "key"},
};

const struct swk_source swk_source_unknown = {.name = "", .tag = ""};

const char swk_source_fallback[] = "the fallback list";

bool swk_source_is_elsewhere(const struct swk_source *source)
{
	return source->place && *source->place;
}

bool swk_source_is(const struct swk_source *source, enum swk_source_kind kind, const char *name)
{
	return source->kind == kind && !strcmp(source->name, name);
}

bool swk_source_same(const struct swk_source *a, const struct swk_source *b)
{
	return swk_source_is(a, b->kind, b->name) && !strcmp(a->tag, b->tag);
}

bool swk_source_same_place(const struct swk_source *a, const struct swk_source *b)
{
	return !strcmp(a->place ? a->place : "", b->place ? b->place : "");
}

int swk_source_compare(const struct swk_source *a, const struct swk_source *b)
{
	int order = strcmp(a->name, b->name);

	if (!order)
		order = (a->kind > b->kind) - (a->kind < b->kind);
	return order ? order : strcmp(a->tag, b->tag);
}
