/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "commands.h"
#include "../shared/tell.h"
#include "run/apply.h"

/* Fills in the hold and, with --to, the point. Returns 0, or a status after logging a message. */
static int prepare(const struct swk_options *options, struct swk_hold *hold,
		   struct swk_change_point *point, const struct swk_log *log)
{
	struct swk_error error = {0};
	char reason[SWK_REASON_MAX];

	(void)snprintf(reason, sizeof(reason), "swk undo%s%s", options->to ? " --to " : "",
		       options->to ? options->to : "");
	if (options->to && swk_read_point(point, options->to, "to", &error)) {
		swk_log_line(log, SWK_LOG_ERROR, error.text);
		return error.status;
	}
	return swk_fill_hold(hold, options->word ? options->word : reason, log);
}

int swk_undo_command(struct swk_options *options, const struct swk_log *log)
{
	struct swk_settings *settings = &options->settings;
	struct swk_change_point point;
	struct swk_error error = {0};
	struct swk_report report;
	struct swk_hold hold;
	int status = prepare(options, &hold, &point, log);

	if (status)
		return status;
	/* As with --resync: no worker must keep another state. */
	if (!settings->verify_set)
		settings->verify = true;
	swk_report_init(&report);
	swk_tell_progress(&report, options);
	status = swk_apply_undo(settings, &hold, options->to ? &point : NULL, &report, &error);
	status = swk_tell(log, options, &report, status, &error, true);
	if (report.finished && !options->json && !options->quiet && !settings->dry_run)
		swk_say_on_hold(settings);
	swk_report_free(&report);
	return status;
}
