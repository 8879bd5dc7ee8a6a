/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "run/run.h"

static int describe(struct swk_run *run, const struct swk_upstream *before,
		    const struct swk_upstream *after, bool pending, const char *target)
{
	struct swk_buffer text;
	char sign = '~';
	int status;

	if (!before)
		sign = '+';
	else if (!after)
		sign = '-';
	swk_buffer_init(&text, SWK_CONF_MAX);
	if (pending && before && after && swk_upstream_same_servers(before, after))
		status = swk_buffer_print(&text, run->error, "%s: pending", after->name);
	else
		status = swk_plan_describe(&text, before, after, run->error);
	if (!status)
		status = swk_report_difference(run->report, sign, text.data, target, run->error);
	swk_buffer_free(&text);
	return status;
}

int swk_run_describe_changes(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->changes.count; i++) {
		const char *name = run->changes.list[i];

		status = describe(run, swk_upstreams_find(&run->recorded, name),
				  swk_upstreams_find(&run->desired, name), false, NULL);
	}
	return status;
}

/* Without a read of a target's servers, only what is pending is known. */
static int describe_pending(struct swk_run *run, const struct swk_operation *operation,
			    const char *target)
{
	char text[SWK_NAME_MAX + sizeof(": pending")];

	(void)snprintf(text, sizeof(text), "%s%s", operation->name,
		       operation->upstream ? ": pending" : "");
	return swk_report_difference(run->report, operation->upstream ? '~' : '-', text, target,
				     run->error);
}

/* Describes what a target would be sent besides FILE's changes. */
static int describe_target(struct swk_run *run, const struct swk_target *target)
{
	static const struct swk_names nothing;
	const struct swk_state_target *entry = swk_state_find_target(&run->state, target->name);
	struct swk_upstreams room;
	const struct swk_upstreams *desired =
		swk_run_fitted(run, target, &run->desired, true, &room);
	struct swk_plan plan = {0};
	int status = run->error->status;

	if (desired)
		status = swk_plan_make(&plan, desired, &run->changes,
				       entry ? &entry->pending : &nothing, &target->excluded,
				       &target->live, run->error);
	for (size_t i = 0; !status && i < plan.count; i++) {
		const struct swk_operation *operation = &plan.list[i];
		const struct swk_upstream *live =
			swk_upstreams_find(&target->live.upstreams, operation->name);

		if (swk_names_contain(&run->changes, operation->name))
			continue;
		if (target->live.readable < SWK_READ_ADDRESSES)
			status = describe_pending(run, operation, target->name);
		else if (live || operation->upstream)
			status = describe(run, live, operation->upstream, operation->pending,
					  target->name);
	}
	swk_plan_free(&plan);
	swk_upstreams_free(&room);
	return status;
}

int swk_run_describe_targets(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];

		if (run->live_read && target->live.readable == SWK_READ_NOTHING)
			swk_report_note(run->report, SWK_NOTE_WARNING, "%s", target->trouble.text);
		else
			status = describe_target(run, target);
	}
	swk_run_note_refusals(run);
	return status;
}
