/* SPDX-License-Identifier: MIT */
/* The subcommands. Each gets its own name and words as argc and argv, and returns the exit status.
 */
#ifndef SWK_COMMANDS_H
#define SWK_COMMANDS_H

#include "hold.h"
#include "log.h"
#include "options.h"
#include "report.h"

int swk_check_config(int argc, char **argv, const struct swk_log *log);
int swk_explain_command(int argc, char **argv, const struct swk_log *log);
int swk_watches(int argc, char **argv, const struct swk_log *log);
int swk_lint(int argc, char **argv, const struct swk_log *log);
int swk_undo_command(int argc, char **argv, const struct swk_log *log);
int swk_hold_command(int argc, char **argv, const struct swk_log *log);
int swk_resume_command(int argc, char **argv, const struct swk_log *log);
int swk_status_command(int argc, char **argv, const struct swk_log *log);
int swk_wait_command(int argc, char **argv, const struct swk_log *log);

/* Reads the options of one, and does what --help and --version ask for. *done: that was all, or it
 * failed; the result is the exit status then. Whichever, free the options. */
int swk_begin(struct swk_options *options, enum swk_command command, int argc, char **argv,
	      const char *usage, const struct swk_log *log, bool *done);

/* A hold that begins now, by whoever called. Returns 0, or SWK_USAGE, which was said. */
int swk_fill_hold(struct swk_hold *hold, const char *reason, const struct swk_log *log);

/* That it holds, on standard output. */
void swk_say_held(const struct swk_settings *settings);

/* Says what kept a look from being a whole one, and what somebody should see to. */
void swk_say_notes(const struct swk_report *report, const struct swk_log *log);

#endif
