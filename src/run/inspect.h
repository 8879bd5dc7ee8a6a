/* SPDX-License-Identifier: MIT */
/* Looks at what there is, which change nothing: no lock is taken, nothing is written or sent. */
#ifndef SWK_RUN_INSPECT_H
#define SWK_RUN_INSPECT_H

#include "model/report.h"
#include "policy/survey.h"
#include "policy/wait.h"
#include "settings/settings.h"

/*
 * Looks at the file, at all that the targets have, on several connections, and at what Consul says,
 * and changes nothing: `survey`, zeroed but for its `only`, tells of it. Returns 0, or a status
 * with the error set. What kept the look from being a whole one is noted in the report: Consul that
 * can't be asked, or that is not to be believed. The settings say dry_run.
 */
int swk_inspect(const struct swk_settings *settings, struct swk_survey *survey,
		struct swk_report *report, struct swk_error *error);

/*
 * Looks how many of what is waited for is there, and changes nothing. Consul is asked about those
 * services only, and targets where the file has enough of each. Notes and errors are as above, and
 * the time ends at the deadline (deadline.h) at the latest. The settings say dry_run and ask.
 */
int swk_inspect_waits(const struct swk_settings *settings, struct swk_waits *waits,
		      int64_t deadline, struct swk_report *report, struct swk_error *error);

#endif
