/* SPDX-License-Identifier: MIT */
/* Prints a survey: as tables for people, as JSON for programs. Functions append to `out`, and
 * return 0 or SWK_INTERNAL. */
#ifndef SWK_VIEW_STATUS_H
#define SWK_VIEW_STATUS_H

#include "base/buffer.h"
#include "base/table.h"
#include "model/report.h"
#include "policy/survey.h"

/* A table for each target, and one of the services and upstreams that are not published. */
int swk_print_survey(struct swk_buffer *out, const struct swk_survey *survey,
		     const struct swk_print_style *style, struct swk_error *error);

/* The whole survey as one JSON object on one line, with the exit status, the failure (null if its
 * status is 0), and the report's notes. */
int swk_print_survey_json(struct swk_buffer *out, const struct swk_survey *survey,
			  const struct swk_report *report, int result,
			  const struct swk_error *failure, struct swk_error *error);

#endif
