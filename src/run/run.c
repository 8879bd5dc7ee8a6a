/* SPDX-License-Identifier: MIT */
#include "run/run.h"

#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "io/connections.h"

void swk_run_begin(struct swk_run *run, const struct swk_settings *settings,
		   struct swk_report *report, struct swk_error *error)
{
	*run = (struct swk_run){.settings = settings,
				.policy = {.settings = settings, .is_here = swk_address_is_here},
				.report = report,
				.error = error,
				.keys = {.kind = SWK_SOURCE_KEY},
				.began = swk_now_ms()};
	run->deadline = run->began + (int64_t)settings->timeout * 1000;
	swk_process_limit(&run->limit, run->deadline + SWK_GRACE_MS,
			  settings->consul_watch ? 0 : SWK_TEMPFAIL,
			  "the run hung until 10 s after --timeout, and was ended; the next run "
			  "completes it");
	run->step_began = settings->metrics_file ? swk_now_us() : 0;
	run->store.lock_descriptor = -1;
	swk_buffer_init(&run->state_text, SWK_STATE_MAX);
	if (swk_run_has_journal(run))
		run->policy.causes = &run->causes;
	run->http = swk_http_open(error);
}

static void close_targets(struct swk_run *run)
{
	for (size_t i = 0; i < run->target_count; i++) {
		struct swk_target *target = &run->targets[i];

		target->kind->close(target);
		swk_live_free(&target->live);
		swk_names_free(&target->excluded);
		swk_names_free(&target->confirmed);
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
	swk_upstreams_free(&run->withheld);
	swk_requests_free(&run->requests);
	swk_names_free(&run->taken);
	swk_names_free(&run->updated);
	swk_names_free(&run->deleted);
	swk_buffer_free(&run->state_text);
	free(run->rejection);
	swk_http_close(run->http);
	swk_process_lift(&run->limit);
}

static bool is_https(const char *url)
{
	return !strncasecmp(url, "https:", strlen("https:"));
}

int swk_run_open_consul(struct swk_run *run)
{
	bool tls;

	if (swk_consul_init(&run->consul, &run->settings->consul, run->settings->token_file,
			    run->error))
		return run->error->status;
	tls = is_https(run->consul.base);
	for (size_t i = 0; i < run->target_count; i++)
		tls |= is_https(run->targets[i].address);
	if (!tls)
		swk_http_without_tls();
	return 0;
}

uint64_t swk_run_index(const struct swk_run *run)
{
	if (run->complete)
		return run->report->index;
	if (run->services.count == 1 && run->services.list[0].index)
		return run->services.list[0].index;
	return run->keys_known ? run->keys_index : run->event_index;
}
