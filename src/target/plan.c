/* SPDX-License-Identifier: MIT */
#include "target/plan.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

/* Another spelling is a change: a proxy that ignores case when it replaces an upstream may still
 * find one only by its exact name. */
static bool same_spelling(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return !strcmp(a->name, b->name);
}

int swk_plan_changes(struct swk_names *changes, const struct swk_upstreams *recorded,
		     const struct swk_upstreams *desired, struct swk_error *error)
{
	size_t i = 0, j = 0;
	int status = 0;

	/* Both are sorted. */
	while (!status && (i < recorded->count || j < desired->count)) {
		int order = i < recorded->count ? -1 : 1;

		if (i < recorded->count && j < desired->count)
			order = strcasecmp(recorded->list[i].name, desired->list[j].name);
		if (order < 0)
			status = swk_names_add(changes, recorded->list[i].name, error);
		else if (order > 0 || !same_spelling(&recorded->list[i], &desired->list[j]) ||
			 !swk_upstream_same(&recorded->list[i], &desired->list[j]))
			status = swk_names_add(changes, desired->list[j].name, error);
		i += order <= 0;
		j += order >= 0;
	}
	return status;
}

int swk_plan_unmanaged(struct swk_names *unmanaged, const struct swk_live *live,
		       const struct swk_upstreams *recorded, const struct swk_names *pending,
		       struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < live->upstreams.count; i++) {
		const char *name = live->upstreams.list[i].name;

		if (!live->upstreams.list[i].draining && !swk_upstreams_find(recorded, name) &&
		    !swk_names_contain(pending, name))
			status = swk_names_add(unmanaged, name, error);
	}
	return status;
}

static int plan_one(struct swk_plan *plan, const char *name, const struct swk_upstream *upstream,
		    bool pending, struct swk_error *error)
{
	struct swk_operation *list = swk_list_grow(plan->list, plan->count, sizeof(*list));

	if (!list)
		return swk_error_memory(error);
	plan->list = list;
	list[plan->count++] =
		(struct swk_operation){.name = name, .upstream = upstream, .pending = pending};
	return 0;
}

/* What plans are made from. */
struct planning {
	const struct swk_upstreams *desired;
	const struct swk_names *changes, *pending, *excluded;
	const struct swk_live *live;
};

/* Adds the operations whose names are among the changes or, if `among` is false, all others. */
static int plan_part(struct swk_plan *plan, const struct planning *from, bool among,
		     struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < from->desired->count; i++) {
		const struct swk_upstream *upstream = &from->desired->list[i];
		bool is_pending = swk_names_contain(from->pending, upstream->name);

		if (swk_names_contain(from->changes, upstream->name) == among &&
		    (is_pending || swk_live_differs(from->live, upstream)) &&
		    !swk_names_contain(from->excluded, upstream->name))
			status = plan_one(plan, upstream->name, upstream, is_pending, error);
	}
	for (size_t i = 0; !status && i < from->pending->count; i++) {
		const char *name = from->pending->list[i];

		if (swk_names_contain(from->changes, name) == among &&
		    !swk_upstreams_find(from->desired, name) &&
		    !swk_names_contain(from->excluded, name))
			status = plan_one(plan, name, NULL, true, error);
	}
	return status;
}

int swk_plan_make(struct swk_plan *plan, const struct swk_upstreams *desired,
		  const struct swk_names *changes, const struct swk_names *pending,
		  const struct swk_names *excluded, const struct swk_live *live,
		  struct swk_error *error)
{
	const struct planning from = {desired, changes, pending, excluded, live};
	int status = plan_part(plan, &from, true, error);

	return status ? status : plan_part(plan, &from, false, error);
}

void swk_plan_free(struct swk_plan *plan)
{
	free(plan->list);
	*plan = (struct swk_plan){0};
}

/* ---- description ---- */

int swk_plan_describe(struct swk_buffer *out, const struct swk_upstream *before,
		      const struct swk_upstream *after, struct swk_error *error)
{
	size_t from = before ? before->count : 0, to = after ? after->count : 0, i = 0, j = 0;
	char address[SWK_ADDRESS_MAX];
	int status, order;

	if (!after)
		return before ? swk_buffer_print(out, error, "%s", before->name) : 0;
	status = swk_buffer_print(out, error, "%s:", after->name);
	/* Both are sorted. */
	while (!status && (i < from || j < to)) {
		order = i == from ? 1 : j == to ? -1 : 0;
		if (!order)
			order = swk_server_compare(&before->servers[i], &after->servers[j]);
		if (order)
			status = swk_buffer_print(out, error, " %s%s",
						  order < 0 ? "-"
						  : before  ? "+"
							    : "",
						  swk_server_address(order < 0 ? &before->servers[i]
									       : &after->servers[j],
								     address));
		i += order <= 0;
		j += order >= 0;
	}
	if (!status && before && swk_upstream_same_addresses(before, after))
		status = swk_buffer_print(out, error, " other attributes");
	return status;
}
