/* SPDX-License-Identifier: MIT */
/* The subcommands. Each returns the exit status. The caller frees the options. */
#ifndef SWK_COMMANDS_H
#define SWK_COMMANDS_H

#include "base/log.h"
#include "model/change.h"
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
int swk_reload_command(struct swk_options *options, const struct swk_log *log);
int swk_status_command(struct swk_options *options, const struct swk_log *log);
int swk_wait_command(struct swk_options *options, const struct swk_log *log);
int swk_drain_command(struct swk_options *options, const struct swk_log *log);
int swk_undrain_command(struct swk_options *options, const struct swk_log *log);
int swk_fleet_command(struct swk_options *options, const struct swk_log *log);
int swk_resync_command(struct swk_options *options, const struct swk_log *log);
int swk_history_command(struct swk_options *options, const struct swk_log *log);

/* Makes a full run, and reports it. */
int swk_full_run(struct swk_options *options, const struct swk_log *log);

/* Reads a point in the journal, as the option names it. Returns 0 or SWK_USAGE. */
int swk_read_point(struct swk_change_point *point, const char *text, const char *option,
		   struct swk_error *error);

/* Names the calling user, escaped: with sudo, the user who called sudo. */
void swk_name_caller(char name[SWK_HOLDER_MAX]);

/* Fills in a hold that begins now, by the calling user. Returns 0, or SWK_USAGE after logging a
 * message. */
int swk_fill_hold(struct swk_hold *hold, const char *reason, const struct swk_log *log);

/* Prints that changes are on hold. */
void swk_say_on_hold(const struct swk_settings *settings);

/* Logs the notes, except those that the command's table shows: skipped, kept and pending. */
void swk_say_notes(struct swk_report *report, const struct swk_log *log);

#endif
