/* SPDX-License-Identifier: MIT */
/* How swk-apply and swk report a run. */
#ifndef SWK_TELL_H
#define SWK_TELL_H

#include "base/log.h"
#include "model/report.h"
#include "settings/options.h"

/* Sets the log's level and syslog from the options. */
void swk_tell_as(struct swk_log *log, const struct swk_options *options);

/* Makes a run that takes longer than a second show its progress on standard error, if that is a
 * terminal and messages are text. */
void swk_tell_progress(struct swk_report *report, const struct swk_options *options);

/* Logs one line for each note, and one that counts the notes without text. */
void swk_tell_notes(const struct swk_log *log, const struct swk_report *report);

/*
 * Reports a run. Logs its notes and, if the log is text, its failure. Then prints the report as
 * JSON, or the differences and the summary line; without `changes`, it prints differences only of a
 * dry run or on hold. Returns the given status, or SWK_INTERNAL if that is 0 and memory runs out.
 */
int swk_tell(const struct swk_log *log, const struct swk_options *options,
	     const struct swk_report *report, int status, const struct swk_error *failure,
	     bool changes);

/* Prints a line on standard output, escaped like messages. */
void swk_tell_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * Flushes standard output at the end of a command, and reports lost output. Returns the given
 * status, or SWK_INTERNAL if output was lost and the status is 0 or 1. The status 1 is an answer,
 * too, and its output was lost. Call it once, because it reports the same loss each time.
 */
int swk_tell_printed(const struct swk_log *log, int status);

#endif
