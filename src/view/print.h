/* SPDX-License-Identifier: MIT */
/* Prints the report: as text for people, as JSON for programs. */
#ifndef SWK_VIEW_PRINT_H
#define SWK_VIEW_PRINT_H

#include "base/buffer.h"
#include "base/log.h"
#include "model/report.h"
#include "policy/decisions.h"

/* One line, `services=… upstreams=… …`. */
int swk_print_summary(struct swk_buffer *out, const struct swk_report *report,
		      struct swk_error *error);

/* One line for each difference: `+ web: 10.0.0.1:80`, `~ web: -10.0.0.1:80`, `- web`. A target's
 * difference is followed by its name in brackets. */
int swk_print_differences(struct swk_buffer *out, const struct swk_report *report,
			  struct swk_error *error);

/* Everything as one JSON object, with the exit status and, if not NULL, the failure. */
int swk_print_json(struct swk_buffer *out, const struct swk_report *report, int status,
		   const struct swk_error *failure, struct swk_error *error);

/* The one log line about a run: level, text and fields, whose texts are borrowed. It always fits in
 * the 4 KB that an agent keeps. */
#define SWK_EVENT_FIELDS 18

struct swk_event_line {
	enum swk_log_level level;
	const char *text;
	struct swk_log_field fields[SWK_EVENT_FIELDS];
	size_t count;
};

void swk_print_event(struct swk_event_line *line, const struct swk_report *report, bool dry_run,
		     int status, const struct swk_error *failure);

/* A table of decisions and their reasons; of one service, or of all if that is NULL. */
int swk_print_decisions(struct swk_buffer *out, const struct swk_decisions *decisions,
			const char *service, struct swk_error *error);

#endif
