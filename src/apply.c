/* SPDX-License-Identifier: MIT */
#include "apply.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "deadline.h"
#include "explain.h"
#include "guard.h"
#include "plan.h"
#include "run.h"

/* ---- 4., 5. what is wanted ---- */

static int put_back(struct swk_run *run, struct swk_upstream *upstream)
{
	static const char why[] = "max_deletions holds back that it is deleted";
	int status = swk_whys_add(run->policy.whys,
				  &(struct swk_why){.service = upstream->service,
						    .tag = upstream->tag,
						    .keyed = upstream->keyed,
						    .upstream = upstream->name,
						    .verdict = SWK_KEPT,
						    .reason = (char *)(uintptr_t)why},
				  run->error);

	return status ? status : swk_upstreams_append(&run->wanted, upstream, run->error);
}

/* Puts back what a pass that knows all of a source would delete of it, where that is too much to be
 * believed. */
static int guard_deletions(struct swk_run *run, bool keyed)
{
	struct swk_upstreams held = {0};
	size_t all = 0;
	int status = 0;

	for (size_t i = 0; !status && i < run->have.count; i++) {
		const struct swk_upstream *this = &run->have.list[i];

		all += this->keyed == keyed;
		if (this->keyed == keyed && !swk_upstreams_find(&run->wanted, this->name))
			status = swk_upstreams_append_copy(&held, this, run->error);
	}
	if (!status &&
	    !swk_guard_deletions(held.count, all, run->settings->max_deletions, run->report)) {
		for (size_t i = 0; !status && i < held.count; i++)
			status = put_back(run, &held.list[i]);
		(void)swk_upstreams_sort(&run->wanted);
	}
	swk_upstreams_free(&held);
	return status;
}

static int guard_all_deletions(struct swk_run *run)
{
	int status = 0;

	if (run->settings->force)
		return 0;
	if (run->complete)
		status = guard_deletions(run, false);
	if (!status && run->keys_told)
		status = guard_deletions(run, true);
	return status;
}

/* Who tells of an upstream in the file; false where this run didn't learn how it is. */
static bool learnt(const struct swk_run *run, const struct swk_upstream *upstream,
		   const struct swk_upstream **told)
{
	const struct swk_service *service =
		swk_services_find(upstream->keyed ? &run->keys : &run->services, upstream->service);

	*told = service ? swk_service_upstream(service, upstream->tag) : NULL;
	if (*told)
		return true;
	if (service)
		return !service->unasked && !service->unchanged && !service->instances;
	/* It is gone, and was held back. */
	return upstream->keyed ? run->keys_told : run->complete && run->list_known;
}

/* How healthy the upstreams are that the file will have. */
static int report_health(struct swk_run *run)
{
	for (size_t i = 0; run->settings->metrics_file && i < run->wanted.count; i++) {
		const struct swk_upstream *told;
		struct swk_health_report *health =
			swk_report_health(run->report, run->wanted.list[i].name, run->error);

		if (!health)
			return run->error->status;
		health->known = learnt(run, &run->wanted.list[i], &told);
		if (told)
			health->registered = told->registered;
		if (told)
			health->usable = told->usable;
	}
	return 0;
}

static int decide(struct swk_run *run)
{
	bool complete = run->complete && run->list_known;
	const struct swk_sources sources = {.services = {&run->services, complete},
					    .keys = {&run->keys, run->keys_told}};
	struct swk_names foreign = {0};
	/* What is in neither list may be in the one that could not be had. */
	bool all = complete && (run->keys_told || !run->settings->keyprefix);
	int status =
		swk_policy_find_sources(&run->have, run->settings, &run->services, all, run->error);

	if (!status && !run->settings->adopt)
		status = swk_run_find_foreign(run, &foreign);
	if (!status)
		status = swk_decide(&run->policy, &run->have, &sources, &foreign, &run->wanted,
				    run->report, run->error);
	if (!status)
		status = guard_all_deletions(run);
	if (!status && run->policy.whys)
		status = swk_explain(run->policy.whys, &run->wanted, run->error);
	if (!status)
		status = swk_plan_changes(&run->changes, &run->have, &run->wanted, run->error);
	if (!status)
		status = report_health(run);
	swk_names_free(&foreign);
	return status;
}

/* ---- 10. what is told ---- */

static void count(struct swk_run *run)
{
	struct swk_report *report = run->report;

	report->finished = true;
	report->whole = run->complete && run->list_known && !report->counted[SWK_NOTE_UNASKED];
	report->services = run->services.count + run->keys.count;
	report->upstreams = run->wanted.count;
	report->servers = 0;
	for (size_t i = 0; i < run->wanted.count; i++)
		report->servers += run->wanted.list[i].count;
	if (!run->complete)
		report->index = run->keys_told ? run->keys_index : run->event_index;
	if (!run->complete && run->services.count == 1 && run->services.list[0].index)
		report->index = run->services.list[0].index;
}

/* ---- a second look ---- */

/*
 * Once more, from the file as it is by now: somebody else may have written it meanwhile. Nothing is
 * decided anew.
 */
static int catch_up(struct swk_run *run, unsigned looks)
{
	int status = swk_run_lock_and_read(run);

	swk_report_forget(run->report, SWK_NOTE_OWED);
	for (size_t i = 0; !status && i < run->have.count; i++)
		status = swk_upstreams_append_copy(&run->wanted, &run->have.list[i], run->error);
	if (!status)
		status = swk_run_load_live(run, looks);
	if (!status)
		status = swk_run_owe_survivors(run);
	if (!status)
		status = swk_run_converge(run);
	/* Not the indexes: of those, what is in the file may be newer by now. */
	if (!status && !swk_report_status(run->report))
		run->state.success = (int64_t)time(NULL);
	return status ? status : swk_run_save_state(run, false);
}

/* Waits until the workers have read their queues, and compares what each of them has. */
static int verify(struct swk_run *run)
{
	long wait = swk_deadline_left(run->deadline, (long)run->settings->read_interval * 1000);
	struct timespec pause = {wait / 1000, wait % 1000 * 1000000};

	swk_run_unlock(run);
	(void)nanosleep(&pause, NULL);
	return catch_up(run, SWK_VERIFY_LOOKS);
}

static int look_again(struct swk_run *run)
{
	bool answers = false;
	int status = 0;

	/* One that refuses the connection is waited for, but nobody else waits for that. */
	if (swk_run_is_refused(run)) {
		swk_store_unlock(&run->store);
		answers = swk_run_await_refused(run);
	}
	if (answers) {
		swk_run_unlock(run);
		status = catch_up(run, 1);
	}
	if (!status && run->settings->verify && (run->updated.count || run->deleted.count))
		status = verify(run);
	return status;
}

/* ---- all of it ---- */

/* A worker that died came back with what the files said when nginx started: a pass that shall put
 * everything right looks at each. */
static int look(struct swk_run *run)
{
	unsigned looks = run->settings->verify ? SWK_VERIFY_LOOKS : 1;

	return run->thorough ? swk_run_load_live(run, looks) : swk_run_look_for_names(run);
}

/* Of a large document each of these is several MB, and from here on what is wanted is enough. A
 * complete pass remembers what was told. */
static void forget_what_led_to_it(struct swk_run *run)
{
	swk_upstreams_free(&run->have);
	for (size_t i = 0; !run->complete && i < run->services.count; i++)
		swk_upstreams_free(&run->services.list[i].upstreams);
}

static int remember(struct swk_run *run)
{
	int status;

	/* Of what Consul says, nothing was acted on. */
	if (run->held)
		return swk_run_save_state(run, false);
	status = swk_run_remember(run);
	return status ? status : swk_run_remember_checks(run);
}

/* The time since the last step's end went into this one, whether it failed or not. */
static void took(struct swk_run *run, enum swk_step step)
{
	int64_t now = run->settings->metrics_file ? swk_now_us() : 0;

	run->report->steps[step] += now - run->step_began;
	run->step_began = now;
}

/* From what is wanted on. */
static int carry_through(struct swk_run *run)
{
	int status = swk_run_persist(run);

	took(run, SWK_STEP_WRITE);
	if (!status && run->settings->dry_run)
		status = swk_run_describe_targets(run);
	else if (!status)
		status = swk_run_converge(run);
	took(run, SWK_STEP_SEND);
	if (!status && !run->settings->dry_run)
		status = remember(run);
	if (!status)
		count(run);
	took(run, SWK_STEP_REMEMBER);
	if (!status && !run->settings->dry_run)
		status = look_again(run);
	took(run, SWK_STEP_VERIFY);
	return status;
}

static int read_all(struct swk_run *run, int descriptor)
{
	int status = swk_run_open_targets(run);

	if (!status)
		status = swk_consul_init(&run->consul, &run->settings->consul,
					 run->settings->token_file, run->error);
	if (!status)
		status = swk_run_read_document(run, descriptor);
	took(run, SWK_STEP_READ);
	if (!status)
		status = swk_run_lock_and_read(run);
	took(run, SWK_STEP_LOCK);
	if (!status)
		status = swk_run_obey_hold(run);
	return status;
}

static int find_out(struct swk_run *run)
{
	int status = swk_run_ask_consul(run);

	took(run, SWK_STEP_CONSUL);
	if (!status)
		status = look(run);
	if (!status)
		status = swk_run_owe_survivors(run);
	took(run, SWK_STEP_LOOK);
	if (!status)
		status = decide(run);
	if (!status)
		status = swk_run_describe_changes(run);
	if (run->held)
		swk_run_keep_as_is(run);
	forget_what_led_to_it(run);
	took(run, SWK_STEP_DECIDE);
	return status;
}

static int steps(struct swk_run *run, int descriptor)
{
	int status = read_all(run, descriptor);

	if (!status)
		status = find_out(run);
	if (!status)
		status = swk_run_look_before_sending(run);
	took(run, SWK_STEP_LOOK);
	return status ? status : carry_through(run);
}

/* The hold comes first, so that nothing is done to what was put back. */
static int undo_steps(struct swk_run *run, const struct swk_hold *hold)
{
	int status = swk_run_open_targets(run);

	if (!status)
		status = swk_run_lock_and_read(run);
	if (!status)
		status = swk_run_read_previous(run);
	if (!status)
		status = swk_run_begin_hold(run, hold, SWK_NOTE_DETAIL);
	if (!status)
		status = swk_run_load_live(run, 1);
	if (!status)
		status = swk_run_owe_survivors(run);
	if (!status)
		status = swk_run_plan_undo(run);
	if (!status)
		status = swk_run_describe_changes(run);
	return status ? status : carry_through(run);
}

static void close_targets(struct swk_run *run)
{
	for (size_t i = 0; i < run->target_count; i++)
		run->targets[i].kind->close(&run->targets[i]);
	free(run->targets);
}

static void finish(struct swk_run *run)
{
	close_targets(run);
	swk_consul_free(&run->consul);
	swk_run_unlock(run);
	swk_run_free_checks(run);
	swk_services_free(&run->services);
	swk_services_free(&run->keys);
	swk_names_free(&run->updated);
	swk_names_free(&run->deleted);
	swk_buffer_free(&run->text);
	swk_http_close(run->http);
}

int swk_apply_check(const struct swk_settings *settings, struct swk_error *error)
{
	struct swk_report report;
	struct swk_run run = {.settings = settings, .report = &report, .error = error};
	int status;

	swk_report_init(&report);
	status = swk_run_open_targets(&run);
	if (!status)
		status = swk_consul_init(&run.consul, &settings->consul, settings->token_file,
					 error);
	close_targets(&run);
	swk_consul_free(&run.consul);
	swk_report_free(&report);
	return status;
}

static void begin(struct swk_run *run, const struct swk_settings *settings,
		  struct swk_report *report, struct swk_error *error)
{
	*run = (struct swk_run){.settings = settings,
				.policy = {.settings = settings},
				.report = report,
				.error = error,
				.began = swk_now_ms()};
	run->deadline = run->began + (int64_t)settings->timeout * 1000;
	run->step_began = settings->metrics_file ? swk_now_us() : 0;
	run->store.lock_descriptor = -1;
	swk_buffer_init(&run->text, SWK_CONF_MAX);
	run->http = swk_http_open(error);
}

/* What became of everything, where a run ended early. */
static const char *outcome(const struct swk_run *run)
{
	if (run->touched)
		return "; the conf file or nginx may be changed already";
	return run->hold_changed ? "; but for the hold, nothing was changed"
				 : "; nothing was changed";
}

static int end(struct swk_run *run, int status)
{
	bool dry_run = run->settings->dry_run;

	if (status && !run->touched && !dry_run)
		swk_report_forget_differences(run->report);
	/* What was wrong is known where it happened. */
	if (status && status != SWK_USAGE && status != SWK_CONFIG)
		swk_error_add(run->error, outcome(run));
	if (!status)
		status = swk_report_status(run->report);
	/* A look has nothing held back or owed of its own. */
	if (!run->error->status && dry_run && status != SWK_UNAVAILABLE)
		status = 0;
	run->report->milliseconds = swk_now_ms() - run->began;
	finish(run);
	return status;
}

int swk_apply(const struct swk_settings *settings, int descriptor, struct swk_report *report,
	      struct swk_whys *whys, struct swk_error *error)
{
	struct swk_run run;

	begin(&run, settings, report, error);
	run.policy.whys = whys;
	return end(&run, run.http ? steps(&run, descriptor) : error->status);
}

int swk_apply_undo(const struct swk_settings *settings, const struct swk_hold *hold,
		   struct swk_report *report, struct swk_error *error)
{
	struct swk_run run;

	begin(&run, settings, report, error);
	return end(&run, run.http ? undo_steps(&run, hold) : error->status);
}

int swk_apply_hold(const struct swk_settings *settings, const struct swk_hold *hold,
		   struct swk_report *report, struct swk_error *error)
{
	struct swk_run run;
	int status;

	begin(&run, settings, report, error);
	status = swk_store_open(&run.store, settings->conf, error);
	if (!status)
		status = swk_store_lock(&run.store, run.deadline, &run.waited, error);
	if (!status)
		status = swk_run_begin_hold(&run, hold, SWK_NOTE_WARNING);
	return end(&run, status);
}

/* ---- a look, and no more ---- */

/* The file stays as it is where what Consul says can't be had, or is not to be believed. */
static int decide_nothing(struct swk_run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->have.count; i++)
		status = swk_upstreams_append_copy(&run->wanted, &run->have.list[i], run->error);
	return status;
}

static int tell(struct swk_run *run, struct swk_survey *told)
{
	const struct swk_survey_known known = {.have = &run->have,
					       .wanted = &run->wanted,
					       .whys = run->policy.whys,
					       .gone = &run->state.gone};
	int status = 0;

	told->conf = strdup(run->store.conf);
	if (!told->conf)
		return swk_error_memory(run->error);
	told->success = run->state.success;
	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];
		const struct swk_debt *debt = swk_state_debt(&run->state, target->name);

		status = swk_survey_add_target(told, &known, target->name, &target->live,
					       debt ? &debt->owed : NULL, target->trouble.text,
					       run->error);
	}
	return status ? status : swk_survey_add_unpublished(told, run->policy.whys, run->error);
}

static int look_steps(struct swk_run *run, struct swk_survey *told)
{
	int status = swk_run_open_targets(run);

	run->complete = run->thorough = true;
	if (!status)
		status = swk_consul_init(&run->consul, &run->settings->consul,
					 run->settings->token_file, run->error);
	if (!status)
		status = swk_run_lock_and_read(run);
	if (!status)
		status = swk_run_ask_consul(run);
	if (status == SWK_HELD && !run->error->status) {
		told->refused = true;
		status = 0;
		swk_whys_free(run->policy.whys);
	}
	if (!status)
		status = swk_run_load_live(run, SWK_VERIFY_LOOKS);
	if (!status)
		status = swk_run_owe_survivors(run);
	if (!status)
		status = told->refused ? decide_nothing(run) : decide(run);
	return status ? status : tell(run, told);
}

int swk_apply_look(const struct swk_settings *settings, struct swk_survey *survey,
		   struct swk_report *report, struct swk_error *error)
{
	struct swk_whys whys = {0};
	struct swk_run run;
	int result;

	begin(&run, settings, report, error);
	run.policy.whys = &whys;
	result = run.http ? look_steps(&run, survey) : error->status;
	swk_whys_free(&whys);
	finish(&run);
	return result;
}

/* ---- a look at a few services ---- */

static int count_steps(struct swk_run *run, struct swk_waits *waits)
{
	struct swk_wait_target *targets = calloc(run->settings->target_count + 1, sizeof(*targets));
	int status = targets ? swk_run_open_targets(run) : swk_error_memory(run->error);

	if (!status)
		status = swk_consul_init(&run->consul, &run->settings->consul,
					 run->settings->token_file, run->error);
	if (!status)
		status = swk_run_lock_and_read(run);
	for (size_t i = 0; !status && i < waits->count; i++) {
		if (!swk_services_get(&run->services, waits->list[i].service, run->error))
			status = run->error->status;
	}
	if (!status)
		status = swk_run_ask_consul(run);
	/* The services were asked about; what is refused is the tree of keys. */
	if (status == SWK_HELD && !run->error->status)
		status = 0;
	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_debt *debt = swk_state_debt(&run->state, run->targets[i].name);

		targets[i].owed = debt ? &debt->owed : NULL;
	}
	if (!status)
		status = swk_waits_count(waits, &run->services, &run->have, targets,
					 run->target_count, run->error);
	if (!status && swk_waits_sent(waits)) {
		status = swk_run_load_live(run, SWK_VERIFY_LOOKS);
		for (size_t i = 0; i < run->target_count; i++) {
			targets[i].live = &run->targets[i].live;
			if (run->targets[i].live.readable == SWK_READ_NOTHING)
				swk_report_note(run->report, SWK_NOTE_OWED, "%s",
						run->targets[i].trouble.text);
		}
		if (!status)
			status = swk_waits_count(waits, &run->services, &run->have, targets,
						 run->target_count, run->error);
	}
	free(targets);
	return status;
}

int swk_apply_count(const struct swk_settings *settings, struct swk_waits *waits, int64_t deadline,
		    struct swk_report *report, struct swk_error *error)
{
	struct swk_run run;
	int status;

	begin(&run, settings, report, error);
	run.deadline = deadline;
	status = run.http ? count_steps(&run, waits) : error->status;
	finish(&run);
	return status;
}
