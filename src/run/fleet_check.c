/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/deadline.h"
#include "consul/calls.h"
#include "run/apply.h"
#include "run/run.h"

/* The check's output depends on its status only: a change of the output alone would start a run on
 * each host, too. */
static const char *const outputs[SWK_FLEET_STATUSES] = {
	[SWK_FLEET_PASSING] = "in step",
	[SWK_FLEET_WARNING] =
		"on hold, held back or pending, or a run failed: see 'swk status' on this host",
	[SWK_FLEET_CRITICAL] = "no proxy answers, or the settings are wrong: see 'swk status' on "
			       "this host",
};

static bool is_silent(const struct swk_run *run)
{
	for (size_t i = 0; i < run->target_count; i++) {
		if (run->targets[i].live.readable != SWK_READ_NOTHING)
			return false;
	}
	return run->live_read && run->target_count;
}

/* What the run has learnt. */
static enum swk_fleet_status learn(const struct swk_run *run, int status)
{
	if (is_silent(run))
		return SWK_FLEET_CRITICAL;
	for (size_t i = 0; i < run->state.target_count; i++) {
		const struct swk_state_target *entry = &run->state.targets[i];

		if (entry->pending.count && swk_run_find_target(run, entry->target))
			return SWK_FLEET_WARNING;
	}
	return status || run->on_hold || run->hold ? SWK_FLEET_WARNING : SWK_FLEET_PASSING;
}

/* Makes the request. It may not take long: other runs wait for the lock. */
static int send(const struct swk_consul *consul, struct swk_http *http,
		enum swk_fleet_status status, struct swk_error *cause)
{
	const struct swk_caller caller = {consul, http, swk_now_ms() + SWK_CONSUL_CONNECT_MS,
					  cause};

	return swk_consul_update_check(&caller, status, outputs[status]);
}

/* A run that is no full one does not know all that is wrong: it only makes the check worse. */
void swk_run_update_check(struct swk_run *run, int status)
{
	const bool applies = run->settings->fleet_check && !run->settings->dry_run &&
			     run->consul.base && run->store.lock_descriptor >= 0;
	struct swk_error cause = {0};
	enum swk_fleet_status now;

	if (!applies || status == SWK_USAGE || status == SWK_CONFIG)
		return;
	now = learn(run, status);
	if (!run->full && now <= run->state.check)
		return;
	if (send(&run->consul, run->http, now, &cause)) {
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"the check of this host could not be set to %s (it needs "
				"swk-fleet.hcl, and a token with service:write for swk-apply): %s",
				swk_fleet_words[now], cause.text);
		return;
	}
	if (run->state.check == now || run->error->status)
		return;
	run->state.check = now;
	if (swk_run_save_state(run, false)) {
		swk_report_note(run->report, SWK_NOTE_WARNING, "%s", run->error->text);
		*run->error = (struct swk_error){0};
	}
}

void swk_apply_refuse(const struct swk_settings *settings)
{
	struct swk_error cause = {0};
	struct swk_consul consul = {0};
	struct swk_http *http = settings->fleet_check ? swk_http_open(&cause) : NULL;

	if (http && !swk_consul_init(&consul, &settings->consul, settings->token_file, &cause))
		(void)send(&consul, http, SWK_FLEET_CRITICAL, &cause);
	swk_consul_free(&consul);
	swk_http_close(http);
}
