/* SPDX-License-Identifier: MIT */
/* The metrics file. */
#ifndef SWK_PUBLISH_H
#define SWK_PUBLISH_H

#include "model/report.h"

/* Whether the file records a complete run. */
bool swk_publish_began(const char *path);

/* Replaces the metrics file: adds this run to the old file's counters. `status` is the run's.
 * Returns 0 or a status, which must not change the run's status. */
int swk_publish(const char *path, const struct swk_report *report, int status,
		struct swk_error *error);

#endif
