/* SPDX-License-Identifier: MIT */
/* The page of both commands. */
#ifndef SWK_PRESENT_H
#define SWK_PRESENT_H

#include "base/buffer.h"
#include "model/report.h"
#include "policy/survey.h"
#include "settings/settings.h"

/* Appends a page, with the journal and the time. A journal that can't be read becomes a note in the
 * report. Returns 0 or SWK_INTERNAL. */
int swk_present(struct swk_buffer *out, const struct swk_settings *settings,
		const struct swk_survey *survey, struct swk_report *report,
		const struct swk_error *failure, struct swk_error *error);

#endif
