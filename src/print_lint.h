/* SPDX-License-Identifier: MIT */
/* What was found in nginx's configuration, printed. */
#ifndef SWK_PRINT_LINT_H
#define SWK_PRINT_LINT_H

#include "buffer.h"
#include "nginx_lint.h"

/* A line each, `FILE:LINE: what: why; mend`; or all as one JSON array. */
int swk_print_findings(struct swk_buffer *out, const struct swk_findings *findings,
		       struct swk_error *error);
int swk_print_findings_json(struct swk_buffer *out, const struct swk_findings *findings,
			    struct swk_error *error);

#endif
