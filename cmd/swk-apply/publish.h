/* SPDX-License-Identifier: MIT */
/* The metrics file. */
#ifndef SWK_PUBLISH_H
#define SWK_PUBLISH_H

#include "model/report.h"

/* Whether it records a run about all services. */
bool swk_publish_began(const char *path);

/*
 * Replaces the metrics file: records this run, and continues the old file's counters. Returns 0 or
 * a status, which must not affect the run's; the error has the reason.
 */
int swk_publish(const char *path, const struct swk_report *report, int status,
		struct swk_error *error);

#endif
