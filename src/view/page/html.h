/* SPDX-License-Identifier: MIT */
/* Writes HTML. Only the formats in the code are markup: every text that is put in is escaped. */
#ifndef SWK_VIEW_PAGE_HTML_H
#define SWK_VIEW_PAGE_HTML_H

#include "base/buffer.h"

struct swk_html {
	struct swk_buffer *out;
	struct swk_error *error; /* after an error, all functions do nothing */
};

/*
 * Appends a format, which must be a literal. It may have only `%s`, `%u` and `%zu`. A text is
 * escaped as in a message (error.h), then for HTML: it can neither end an element or a quoted
 * attribute nor begin one. NULL counts as "".
 */
void swk_html_put(struct swk_html *html, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Appends a time in UTC, as an element; a dash for 0. */
void swk_html_time(struct swk_html *html, int64_t seconds);

#endif
