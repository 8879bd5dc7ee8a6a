/* SPDX-License-Identifier: MIT */
/* The subcommands. Each gets its own name and words as argc and argv, and returns the exit status.
 */
#ifndef SWK_COMMANDS_H
#define SWK_COMMANDS_H

#include "log.h"
#include "options.h"

int swk_check_config(int argc, char **argv, const struct swk_log *log);
int swk_explain_command(int argc, char **argv, const struct swk_log *log);
int swk_watches(int argc, char **argv, const struct swk_log *log);
int swk_lint(int argc, char **argv, const struct swk_log *log);

/* Reads the options of one, and does what --help and --version ask for. *done: that was all, or it
 * failed; the result is the exit status then. Whichever, free the options. */
int swk_begin(struct swk_options *options, enum swk_command command, int argc, char **argv,
	      const char *usage, const struct swk_log *log, bool *done);

#endif
