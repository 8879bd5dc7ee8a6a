/* SPDX-License-Identifier: MIT */
/* Prints how things stand: as tables for people, as JSON for programs. */
#ifndef SWK_VIEW_STATUS_H
#define SWK_VIEW_STATUS_H

#include "base/buffer.h"
#include "base/table.h"
#include "model/report.h"
#include "policy/survey.h"

/* A table for each target, and one of what is not published. */
int swk_print_survey(struct swk_buffer *out, const struct swk_survey *survey,
		     const struct swk_print_style *style, struct swk_error *error);

/* Everything as one JSON object on one line, with the exit status and, if not NULL, the failure. */
int swk_print_survey_json(struct swk_buffer *out, const struct swk_survey *survey,
			  const struct swk_report *report, int result,
			  const struct swk_error *failure, struct swk_error *error);

#endif
