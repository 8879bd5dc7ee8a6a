/* SPDX-License-Identifier: MIT */
/* The page: how things stand, as one HTML file without scripts. Pure: no file, no clock. */
#ifndef SWK_VIEW_PAGE_PAGE_H
#define SWK_VIEW_PAGE_PAGE_H

#include "base/buffer.h"
#include "model/change.h"
#include "model/report.h"
#include "policy/survey.h"

/* What a page shows. Borrowed. */
struct swk_page {
	const char *host;		   /* the name of this machine; "" */
	int64_t now;			   /* epoch seconds, when the survey was made */
	const struct swk_survey *survey;   /* `conf` is NULL: nothing is known but the failure */
	const struct swk_report *report;   /* its notes */
	const struct swk_error *failure;   /* why the run ended early, or status 0 */
	const struct swk_changes *changes; /* the whole journal, judged */
};

/* Appends the page. Returns 0, or SWK_INTERNAL if memory runs out or the buffer is too small. */
int swk_page_write(struct swk_buffer *out, const struct swk_page *page, struct swk_error *error);

/* The page's style, in pieces that end with NULL, and its hash as the page's own policy has it:
 * `sha256-…`. */
extern const char *const swk_page_style[];
extern const char swk_page_style_hash[];

#endif
