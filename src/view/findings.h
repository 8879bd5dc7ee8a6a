/* SPDX-License-Identifier: MIT */
/* Prints what lint found in nginx's configuration. */
#ifndef SWK_VIEW_FINDINGS_H
#define SWK_VIEW_FINDINGS_H

#include "base/buffer.h"
#include "nginx/lint.h"

/* One line each, `FILE:LINE: what: why; mend`; or all as one JSON array. */
int swk_print_findings(struct swk_buffer *out, const struct swk_findings *findings,
		       struct swk_error *error);
int swk_print_findings_json(struct swk_buffer *out, const struct swk_findings *findings,
			    struct swk_error *error);

#endif
