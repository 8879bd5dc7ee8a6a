/* SPDX-License-Identifier: MIT */
/* What either command says of a run. */
#ifndef SWK_TELL_H
#define SWK_TELL_H

#include "base/log.h"
#include "model/report.h"
#include "settings/options.h"

/* From here on the log is as the options have it, but for its format. */
void swk_tell_as(struct swk_log *log, const struct swk_options *options);

/* A line for each note, and one for those that there was no room for. */
void swk_tell_notes(const struct swk_log *log, const struct swk_report *report);

/*
 * Says what a run came to: its notes and, in text, its failure; then what standard output gets, the
 * report, or the differences of a dry run and what is held, and the line that sums it up. With
 * `changes`, what was done to the file is among it. Returns the exit status: the given one, or,
 * where that is 0 and there was no memory to print it, SWK_INTERNAL.
 */
int swk_tell(const struct swk_log *log, const struct swk_options *options,
	     const struct swk_report *report, int status, const struct swk_error *failure,
	     bool changes);

/* Prints a line on standard output, escaped as messages are. */
void swk_tell_line(const char *format, ...) __attribute__((format(printf, 1, 2)));

/*
 * The end of a command: all that was printed is written out, or else that is said. Returns the exit
 * status: the given one, or SWK_INTERNAL where that is 0, or 1, an answer that nobody got. Once in
 * a process, since what is lost stays so.
 */
int swk_tell_printed(const struct swk_log *log, int status);

#endif
