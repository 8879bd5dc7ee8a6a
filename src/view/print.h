/* SPDX-License-Identifier: MIT */
/* Prints a report: as text for people, as JSON for programs. Functions append to `out`, and return
 * 0 or SWK_INTERNAL. */
#ifndef SWK_VIEW_PRINT_H
#define SWK_VIEW_PRINT_H

#include "base/buffer.h"
#include "base/log.h"
#include "model/report.h"
#include "policy/decisions.h"

/* One line: `services=… upstreams=… …`. */
int swk_print_summary(struct swk_buffer *out, const struct swk_report *report,
		      struct swk_error *error);

/*
 * One line for each difference: `+ web: 10.0.0.1:80`, `~ web: -10.0.0.1:80`, `- web`. A line about
 * a target ends with its name in brackets; a line about the conf file ends with `(on hold)` during
 * a hold.
 */
int swk_print_differences(struct swk_buffer *out, const struct swk_report *report,
			  struct swk_error *error);

/* The whole report as one JSON object on one line, with the exit status and the failure; `failure`
 * may be NULL. */
int swk_print_json(struct swk_buffer *out, const struct swk_report *report, int status,
		   const struct swk_error *failure, struct swk_error *error);

/* The log line about a run: level, text and fields, whose texts are borrowed. It always fits into
 * the 4 KB of output that an agent keeps. */
#define SWK_EVENT_FIELDS 18

struct swk_event_line {
	enum swk_log_level level;
	const char *text;
	struct swk_log_field fields[SWK_EVENT_FIELDS];
	size_t count;
};

void swk_print_event(struct swk_event_line *line, const struct swk_report *report, bool dry_run,
		     int status, const struct swk_error *failure);

/* A table of decisions and their reasons, for one service, or for all if `service` is NULL. */
int swk_print_decisions(struct swk_buffer *out, const struct swk_decisions *decisions,
			const char *service, struct swk_error *error);

#endif
