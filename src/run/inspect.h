/* SPDX-License-Identifier: MIT */
/* Reads the state of FILE, Consul and all targets, for `swk status` and `swk wait`. Takes no lock;
 * writes and sends nothing. */
#ifndef SWK_RUN_INSPECT_H
#define SWK_RUN_INSPECT_H

#include "model/report.h"
#include "policy/survey.h"
#include "policy/wait.h"
#include "settings/settings.h"

/*
 * Reads FILE, Consul, and all live state with several samples, and fills in `survey`, which is
 * zeroed except for `only`. Needs settings->dry_run. Returns 0, or a status with the error set. If
 * Consul is unavailable or distrusted, the result is incomplete, and a note in the report says why.
 */
int swk_inspect(const struct swk_settings *settings, struct swk_survey *survey,
		struct swk_report *report, struct swk_error *error);

/* The same without Consul, and with one sample, for a run that ended early: nothing is decided, and
 * the survey is `distrusted`. Ends at the deadline (deadline.h). */
int swk_inspect_undecided(const struct swk_settings *settings, struct swk_survey *survey,
			  int64_t deadline, struct swk_report *report, struct swk_error *error);

/*
 * Counts how many of the awaited instances are where they should be. Needs settings->dry_run and
 * settings->ask. Asks Consul about the awaited services only, and reads targets only if FILE has
 * enough of each. Ends at the deadline (deadline.h). Results and notes are as above.
 */
int swk_inspect_waits(const struct swk_settings *settings, struct swk_waits *waits,
		      int64_t deadline, struct swk_report *report, struct swk_error *error);

#endif
