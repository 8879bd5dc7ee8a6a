/* SPDX-License-Identifier: MIT */
/* What both commands report about a run. */
#ifndef SWK_TELL_H
#define SWK_TELL_H

#include "base/log.h"
#include "model/report.h"
#include "settings/options.h"

/* Sets the log up as the options say, except for its format. */
void swk_tell_as(struct swk_log *log, const struct swk_options *options);

/* Has a run show its progress on standard error once it takes longer than a second, if that is a
 * terminal and messages are text. */
void swk_tell_progress(struct swk_report *report, const struct swk_options *options);

/* One line for each note, and one that counts the notes without text. */
void swk_tell_notes(const struct swk_log *log, const struct swk_report *report);

/*
 * Reports a run: its notes and, as text, its failure. Then standard output gets the report as JSON,
 * or the differences of a dry run or a hold, and the summary line. With `changes`, FILE's
 * differences are printed, too. Returns the given status; SWK_INTERNAL if that is 0 and memory ran
 * out.
 */
int swk_tell(const struct swk_log *log, const struct swk_options *options,
	     const struct swk_report *report, int status, const struct swk_error *failure,
	     bool changes);

/* Prints a line on standard output, escaped as messages are. */
void swk_tell_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Ends a command: flushes standard output, and reports a failure to write it. Returns the given
 * status; SWK_INTERNAL if output was lost and the status is 0, or 1, an answer that did not get
 * out. Call it once, because lost output stays lost.
 */
int swk_tell_printed(const struct swk_log *log, int status);

#endif
