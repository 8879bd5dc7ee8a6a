/* SPDX-License-Identifier: MIT */
/* The subcommands. Each gets its options, which are freed behind it, and returns the exit status.
 */
#ifndef SWK_COMMANDS_H
#define SWK_COMMANDS_H

#include "base/log.h"
#include "model/report.h"
#include "settings/options.h"
#include "store/hold.h"

int swk_check_config(struct swk_options *options, const struct swk_log *log);
int swk_explain_command(struct swk_options *options, const struct swk_log *log);
int swk_watches(struct swk_options *options, const struct swk_log *log);
int swk_lint(struct swk_options *options, const struct swk_log *log);
int swk_undo_command(struct swk_options *options, const struct swk_log *log);
int swk_hold_command(struct swk_options *options, const struct swk_log *log);
int swk_resume_command(struct swk_options *options, const struct swk_log *log);
int swk_status_command(struct swk_options *options, const struct swk_log *log);
int swk_wait_command(struct swk_options *options, const struct swk_log *log);

/* A hold that begins now, by whoever called. Returns 0, or SWK_USAGE, which was said. */
int swk_fill_hold(struct swk_hold *hold, const char *reason, const struct swk_log *log);

/* That it holds, on standard output. */
void swk_say_on_hold(const struct swk_settings *settings);

/* Says what kept a look from being a whole one, and what somebody should see to. What the table
 * says already is forgotten. */
void swk_say_notes(struct swk_report *report, const struct swk_log *log);

#endif
