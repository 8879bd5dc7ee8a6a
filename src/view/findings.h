/* SPDX-License-Identifier: MIT */
/* Prints the findings of `swk lint`. */
#ifndef SWK_VIEW_FINDINGS_H
#define SWK_VIEW_FINDINGS_H

#include "base/buffer.h"
#include "model/findings.h"

/* Both append to `out`: one line for each finding, with path, line, problem, reason and fix; or a
 * JSON array on one line. They return 0 or SWK_INTERNAL. */
int swk_print_findings(struct swk_buffer *out, const struct swk_findings *findings,
		       struct swk_error *error);
int swk_print_findings_json(struct swk_buffer *out, const struct swk_findings *findings,
			    struct swk_error *error);

#endif
