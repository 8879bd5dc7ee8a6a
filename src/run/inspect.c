/* SPDX-License-Identifier: MIT */
#include "run/inspect.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "run/run.h"

/* Makes the recorded state the desired state, because Consul is distrusted. */
static int keep_recorded(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->recorded.count; i++)
		status = swk_upstreams_append_copy(&run->desired, &run->recorded.list[i],
						   run->error);
	return status;
}

static int fill_in_hold(struct swk_run *run, struct swk_survey *survey)
{
	char text[SWK_TEXT_MAX];
	struct swk_buffer what;
	bool whole;
	int status;

	if (!swk_file_exists(run->store.hold))
		return 0;
	swk_buffer_init(&what, SWK_DOCUMENT_MAX);
	status = swk_run_describe_hold(run, &what, &whole);
	if (status)
		goto out;
	swk_text_escape(text, sizeof(text), what.data);
	survey->on_hold = strdup(text);
	if (!survey->on_hold)
		status = swk_error_memory(run->error);
out:
	swk_buffer_free(&what);
	return status;
}

/* FILE's upstreams, and those that Consul calls for. */
struct sides {
	struct swk_upstreams *recorded;
	const struct swk_upstreams *desired;
};

static int add_target(struct swk_run *run, struct swk_survey *survey, const struct sides *sides,
		      const struct swk_target *target)
{
	const struct swk_state_target *entry = swk_state_find_target(&run->state, target->name);
	struct swk_upstreams recorded, desired;
	const struct swk_survey_known known = {
		.recorded = swk_run_fitted(run, target, sides->recorded, false, &recorded),
		.desired = swk_run_fitted(run, target, sides->desired, false, &desired),
		.decisions = &survey->decisions,
		.gone = &run->state.gone,
		.refused = &run->refused};
	char text[SWK_TEXT_MAX] = "";
	const struct swk_survey_reading reading = {.name = target->name,
						   .words = &target->kind->words,
						   .live = &target->live,
						   .pending = entry ? &entry->pending : NULL,
						   .excluded = &target->excluded,
						   .confirmed = &target->confirmed,
						   .creates = target->kind->creates,
						   .read_us = target->read_us,
						   .trouble = text};
	int status = run->error->status;

	if (target->trouble.status)
		(void)snprintf(text, sizeof(text), "%s", target->trouble.text);
	else if (target->advice && swk_upstreams_keep(sides->recorded))
		(void)snprintf(text, sizeof(text), "%s: %s", target->name, target->advice);

	if (known.recorded && known.desired)
		status = swk_survey_add_target(survey, &known, &reading, run->error);
	swk_upstreams_free(&recorded);
	swk_upstreams_free(&desired);
	return status;
}

/* Moves FILE's upstreams into the survey. */
static int fill_in(struct swk_run *run, struct swk_survey *survey, const struct sides *sides)
{
	const size_t room = strlen(run->store.conf) * strlen("\\x00") + 1;
	int status = 0;

	survey->conf = malloc(room);
	if (!survey->conf)
		return swk_error_memory(run->error);
	swk_text_escape(survey->conf, room, run->store.conf);
	survey->success = run->state.success;
	survey->index = swk_run_index(run);
	status = fill_in_hold(run, survey);
	for (size_t i = 0; !status && i < run->target_count; i++)
		status = add_target(run, survey, sides, &run->targets[i]);
	if (!status)
		status = swk_survey_add_unpublished(survey, &survey->decisions, run->error);
	survey->upstreams = *sides->recorded;
	*sides->recorded = (struct swk_upstreams){0};
	return status;
}

/* Reads the live state and, if Consul is trusted, decides. */
static int compare(struct swk_run *run, struct swk_survey *survey, enum swk_depth depth)
{
	if (swk_run_read_live(run, depth) || swk_run_record_survivors(run) ||
	    (survey->distrusted ? keep_recorded(run) : swk_run_decide(run)) ||
	    swk_run_find_excluded(run))
		return run->error->status;
	return fill_in(run, survey, &(struct sides){&run->recorded, &run->desired});
}

static int inspect_steps(struct swk_run *run, struct swk_survey *survey)
{
	int status;

	run->complete = run->full = true;
	if (swk_run_open_targets(run) || swk_run_open_consul(run) || swk_run_lock_and_read(run))
		return run->error->status;
	status = swk_run_ask_consul(run);
	survey->distrusted = status == SWK_HELD_BACK && !run->error->status;
	if (status && !survey->distrusted)
		return status;
	if (survey->distrusted)
		swk_decisions_free(&survey->decisions);
	return compare(run, survey, SWK_DEPTH_PARTS);
}

int swk_inspect(const struct swk_settings *settings, struct swk_survey *survey,
		struct swk_report *report, struct swk_error *error)
{
	struct swk_run run;
	int result;

	swk_run_begin(&run, settings, report, error);
	run.policy.decisions = &survey->decisions;
	result = run.http ? inspect_steps(&run, survey) : error->status;
	swk_run_finish(&run);
	return result;
}

static int inspect_undecided_steps(struct swk_run *run, struct swk_survey *survey)
{
	run->complete = run->full = true;
	survey->distrusted = true;
	if (swk_run_open_targets(run) || swk_run_lock_and_read(run))
		return run->error->status;
	return compare(run, survey, SWK_DEPTH_STATE);
}

int swk_inspect_undecided(const struct swk_settings *settings, struct swk_survey *survey,
			  int64_t deadline, struct swk_report *report, struct swk_error *error)
{
	struct swk_run run;
	int result;

	swk_run_begin(&run, settings, report, error);
	run.deadline = deadline;
	result = run.http ? inspect_undecided_steps(&run, survey) : error->status;
	swk_run_finish(&run);
	return result;
}

/* ---- at the end of a run ---- */

/* FILE, but with the upstreams that a target rejected, as Consul has them. */
static int merge_rejected(struct swk_run *run, struct swk_upstreams *merged)
{
	int status = 0;

	(void)swk_upstreams_sort(&run->withheld);
	for (size_t i = 0; !status && i < run->desired.count; i++) {
		if (!swk_upstreams_find(&run->withheld, run->desired.list[i].name))
			status = swk_upstreams_append_copy(merged, &run->desired.list[i],
							   run->error);
	}
	for (size_t i = 0; !status && i < run->withheld.count; i++) {
		status = swk_names_add(&run->refused, run->withheld.list[i].name, run->error);
		if (!status)
			status = swk_upstreams_append_copy(merged, &run->withheld.list[i],
							   run->error);
	}
	(void)swk_upstreams_sort(merged);
	return status;
}

/* run->desired is what FILE has now. */
static int compare_again(struct swk_run *run)
{
	struct swk_upstreams merged = {0};
	struct sides sides = {&run->desired, &run->desired};
	int status = 0;

	if (run->withheld_all) {
		swk_upstreams_free(&run->recorded);
		run->recorded = run->desired;
		run->desired = run->withheld;
		run->withheld = (struct swk_upstreams){0};
		sides.recorded = &run->recorded;
		status = swk_run_find_excluded(run);
	} else if (run->withheld.count) {
		status = merge_rejected(run, &merged);
		sides.desired = &merged;
	}
	if (!status)
		status = fill_in(run, run->survey, &sides);
	swk_upstreams_free(&merged);
	return status;
}

int swk_run_fill_in_survey(struct swk_run *run)
{
	struct swk_error failure = {0}, *error = run->error;

	if (!run->survey || !run->full)
		return 0;
	swk_store_unlock(&run->store);
	run->error = &failure;
	if (compare_again(run))
		swk_survey_free(run->survey);
	run->error = error;
	return 0;
}

/* ---- a few services ---- */

static int ask_about(struct swk_run *run, struct swk_waits *waits)
{
	const struct swk_wait *unknown;
	int status;

	if (swk_run_open_targets(run) || swk_run_open_consul(run) || swk_run_lock_and_read(run) ||
	    swk_run_obey_hold(run) || swk_waits_resolve(waits, &run->recorded, run->error))
		return run->error->status;
	for (size_t i = 0; i < waits->count; i++) {
		if (!swk_services_get(&run->services, waits->list[i].service, run->error))
			return run->error->status;
	}
	status = swk_run_ask_consul(run);
	unknown = swk_waits_unknown(waits, &run->services, &run->recorded);
	if (!run->error->status && unknown)
		return swk_error_set(
			run->error, SWK_USAGE,
			"'%s': Consul has no instance of this service, and %s has no upstream of "
			"this name: register the first instance before you wait",
			swk_wait_name(unknown), run->store.conf);
	/* The services were asked about; only the tree of keys is distrusted. */
	return status == SWK_HELD_BACK && !run->error->status ? 0 : status;
}

static int count_steps(struct swk_run *run, struct swk_waits *waits)
{
	struct swk_wait_target *targets = calloc(run->settings->target_count + 1, sizeof(*targets));
	int status = targets ? ask_about(run, waits) : swk_error_memory(run->error);

	if (!status)
		status = swk_run_find_excluded(run);
	if (status)
		goto out;
	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		targets[i].pending = entry ? &entry->pending : NULL;
		targets[i].excluded = &run->targets[i].excluded;
	}
	status = swk_waits_count(waits, &run->services, &run->recorded, targets, run->target_count,
				 run->error);
	if (status || !swk_waits_sent(waits))
		goto out;
	status = swk_run_read_live(run, SWK_DEPTH_PARTS);
	if (status)
		goto out;
	for (size_t i = 0; i < run->target_count; i++) {
		targets[i].live = &run->targets[i].live;
		if (run->targets[i].live.readable == SWK_READ_NOTHING)
			swk_report_note(run->report, SWK_NOTE_PENDING, "%s",
					run->targets[i].trouble.text);
	}
	status = swk_waits_count(waits, &run->services, &run->recorded, targets, run->target_count,
				 run->error);
out:
	free(targets);
	return status;
}

int swk_inspect_waits(const struct swk_settings *settings, struct swk_waits *waits,
		      int64_t deadline, struct swk_report *report, struct swk_error *error)
{
	struct swk_run run;
	int status;

	swk_run_begin(&run, settings, report, error);
	run.deadline = deadline;
	status = run.http ? count_steps(&run, waits) : error->status;
	swk_run_finish(&run);
	return status;
}
