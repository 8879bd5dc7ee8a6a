/* SPDX-License-Identifier: MIT */
/* The report, printed: as text for people, as JSON for programs. */
#ifndef SWK_VIEW_PRINT_H
#define SWK_VIEW_PRINT_H

#include "base/buffer.h"
#include "base/log.h"
#include "model/report.h"
#include "policy/decisions.h"

/* `services=… upstreams=… …`, one line. */
int swk_print_summary(struct swk_buffer *out, const struct swk_report *report,
		      struct swk_error *error);

/* A line a difference: `+ web: 10.0.0.1:80`, `~ web: -10.0.0.1:80`, `- web`; behind one that
 * concerns a target its name in brackets. */
int swk_print_differences(struct swk_buffer *out, const struct swk_report *report,
			  struct swk_error *error);

/* All of it as one JSON object, with the exit status and, where it isn't NULL, the failure. */
int swk_print_json(struct swk_buffer *out, const struct swk_report *report, int status,
		   const struct swk_error *failure, struct swk_error *error);

/* The fields of the one line that a log has of a run, and how grave and what it is; the texts are
 * borrowed. Whatever the report says, the line fits in the 4 KB that an agent keeps. */
#define SWK_EVENT_FIELDS 18

struct swk_event_line {
	enum swk_log_level level;
	const char *text;
	struct swk_log_field fields[SWK_EVENT_FIELDS];
	size_t count;
};

void swk_print_event(struct swk_event_line *line, const struct swk_report *report, bool dry_run,
		     int status, const struct swk_error *failure);

/* A table of why each registration is served or not; of one service only, unless that is NULL. */
int swk_print_decisions(struct swk_buffer *out, const struct swk_decisions *decisions,
			const char *service, struct swk_error *error);

#endif
