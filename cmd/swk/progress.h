/* SPDX-License-Identifier: MIT */
/* The progress of a command that waits. On a terminal it is one line, which is repainted; elsewhere
 * it is a log line for each change. */
#ifndef SWK_PROGRESS_H
#define SWK_PROGRESS_H

#include "base/log.h"
#include "base/process.h"

struct swk_progress {
	const struct swk_log *log; /* borrowed */
	int64_t began;		   /* swk_now_ms() */
	bool paints;
	char shown[SWK_TEXT_MAX]; /* the last text */
};

/* Begins now. */
void swk_progress_begin(struct swk_progress *progress, const struct swk_log *log);

/* Whole seconds since the beginning. */
int64_t swk_progress_seconds(const struct swk_progress *progress);

/* Shows `12 s: TEXT`. */
void swk_progress_show(struct swk_progress *progress, const char *text);
/* The same, but not in the first two seconds: for what mostly takes less. */
void swk_progress_late(struct swk_progress *progress, const char *text);

/* Erases a repainted line, before other output. */
void swk_progress_end(const struct swk_progress *progress);

#endif
