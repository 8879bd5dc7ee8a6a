/* SPDX-License-Identifier: MIT */
#include <string.h>
#include <strings.h>

#include "run/run.h"

/* ---- what a target does not receive ---- */

/* Whether a target receives everything. */
static bool is_all(const struct swk_selection *selection)
{
	return !selection->include.count && !selection->exclude.count;
}

static int exclude(struct swk_target *target, const struct swk_selection *selection,
		   const struct swk_upstreams *set, const struct swk_upstreams *instead,
		   struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < set->count; i++) {
		const struct swk_upstream *upstream = &set->list[i];

		if (!swk_selection_has(selection, upstream->source.name) &&
		    (!instead || !swk_upstreams_find(instead, upstream->name)))
			status = swk_names_add(&target->excluded, upstream->name, error);
	}
	return status;
}

int swk_run_find_excluded(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_selection *selection = &run->settings->targets[i].selection;
		struct swk_target *target = &run->targets[i];

		swk_names_free(&target->excluded);
		if (is_all(selection))
			continue;
		/* If an upstream gets another source, the new one counts. */
		status = exclude(target, selection, &run->desired, NULL, run->error);
		if (!status)
			status = exclude(target, selection, &run->recorded, &run->desired,
					 run->error);
	}
	return status;
}

/* ---- what a target takes ---- */

const struct swk_upstreams *swk_run_fitted(struct swk_run *run, const struct swk_target *target,
					   const struct swk_upstreams *set, bool notes,
					   struct swk_upstreams *room)
{
	*room = (struct swk_upstreams){0};
	if (!target->kind->fit)
		return set;
	for (size_t i = 0; i < set->count; i++) {
		const char *name = set->list[i].name, *change;

		if (swk_names_contain(&target->excluded, name))
			continue;
		if (swk_upstreams_append_copy(room, &set->list[i], run->error))
			return NULL;
		change = target->kind->fit(target, &room->list[room->count - 1]);
		if (change && notes)
			swk_report_note(run->report, SWK_NOTE_WARNING, "%s: upstream %s: %s",
					target->name, name, change);
	}
	return room;
}

/* ---- unmanaged upstreams ---- */

static bool has_excluded(const struct swk_services *services, const struct swk_selection *selection,
			 const char *name)
{
	for (size_t i = 0; i < services->count; i++) {
		const struct swk_service *service = &services->list[i];

		if (swk_selection_has(selection, service->name))
			continue;
		for (size_t j = 0; j < service->upstreams.count; j++) {
			if (!strcasecmp(service->upstreams.list[j].name, name))
				return true;
		}
	}
	return false;
}

/* Live upstreams that are not managed, without those that the target would not receive anyway. */
static int find_unmanaged(struct swk_run *run, size_t number, struct swk_names *unmanaged)
{
	static const struct swk_names nothing;
	const struct swk_selection *selection = &run->settings->targets[number].selection;
	const struct swk_target *target = &run->targets[number];
	const struct swk_state_target *entry = swk_state_find_target(&run->state, target->name);
	struct swk_names names = {0};
	int status = swk_plan_unmanaged(&names, &target->live, &run->recorded,
					entry ? &entry->pending : &nothing, run->error);

	for (size_t i = 0; !status && i < names.count; i++) {
		const char *name = names.list[i];

		if (is_all(selection) || (!has_excluded(&run->services, selection, name) &&
					  !has_excluded(&run->keys, selection, name)))
			status = swk_names_add(unmanaged, name, run->error);
	}
	swk_names_free(&names);
	return status;
}

int swk_run_find_unmanaged(struct swk_run *run, struct swk_names *unmanaged)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->target_count; i++)
		status = find_unmanaged(run, i, unmanaged);
	return status;
}

/* ---- deleted but live ---- */

int swk_run_record_survivors(struct swk_run *run)
{
	const struct swk_names *gone = &run->state.gone;
	int status = 0;

	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_upstreams *live = &run->targets[i].live.upstreams;
		struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		for (size_t j = 0; !status && entry && j < gone->count; j++) {
			const struct swk_upstream *upstream =
				swk_upstreams_find(live, gone->list[j]);

			if (upstream && (upstream->spread == SWK_SPREAD_RETURNED ||
					 swk_names_contain(&run->deleted, gone->list[j])))
				status = swk_names_add(&entry->pending, gone->list[j], run->error);
		}
	}
	return status;
}
