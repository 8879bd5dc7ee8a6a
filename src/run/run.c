/* SPDX-License-Identifier: MIT */
#include "run/run.h"

#include <stdlib.h>

#include "base/deadline.h"

void swk_run_begin(struct swk_run *run, const struct swk_settings *settings,
		   struct swk_report *report, struct swk_error *error)
{
	*run = (struct swk_run){.settings = settings,
				.policy = {.settings = settings},
				.report = report,
				.error = error,
				.began = swk_now_ms()};
	run->deadline = run->began + (int64_t)settings->timeout * 1000;
	swk_process_limit(&run->limit, run->deadline + SWK_GRACE_MS, SWK_TEMPFAIL,
			  "the run hung until 10 s after --timeout, and was ended; the next run "
			  "completes it");
	run->step_began = settings->metrics_file ? swk_now_us() : 0;
	run->store.lock_descriptor = -1;
	swk_buffer_init(&run->text, SWK_CONF_MAX);
	run->http = swk_http_open(error);
}

static void close_targets(struct swk_run *run)
{
	for (size_t i = 0; i < run->target_count; i++) {
		struct swk_target *target = &run->targets[i];

		target->kind->close(target);
		swk_live_free(&target->live);
		swk_names_free(&target->excluded);
	}
	free(run->targets);
}

void swk_run_finish(struct swk_run *run)
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
	swk_process_lift(&run->limit);
}

int swk_run_open_consul(struct swk_run *run)
{
	return swk_consul_init(&run->consul, &run->settings->consul, run->settings->token_file,
			       run->error);
}
