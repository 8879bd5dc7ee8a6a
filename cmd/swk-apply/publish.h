/* SPDX-License-Identifier: MIT */
/* The metrics file and the page. */
#ifndef SWK_PUBLISH_H
#define SWK_PUBLISH_H

#include "policy/survey.h"
#include "model/report.h"
#include "settings/settings.h"

/* Whether the file records a complete run. */
bool swk_publish_began(const char *path);

/* Replaces the metrics file: adds this run to the old file's counters. `status` is the run's.
 * Returns 0 or a status, which must not change the run's status. */
int swk_publish(const char *path, const struct swk_report *report, int status,
		struct swk_error *error);

/*
 * Replaces the page after a full run: `survey` is what the run filled in. If the run ended early,
 * the survey is empty, and is filled in here without Consul. The settings must have passed the
 * checks of swk_apply. Returns as the function above.
 */
int swk_publish_page(const struct swk_settings *settings, struct swk_survey *survey,
		     struct swk_report *report, const struct swk_error *failure,
		     struct swk_error *error);

#endif
