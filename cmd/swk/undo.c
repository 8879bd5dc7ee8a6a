/* SPDX-License-Identifier: MIT */
#include "commands.h"
#include "../shared/tell.h"
#include "run/apply.h"

int swk_undo_command(struct swk_options *options, const struct swk_log *log)
{
	struct swk_settings *settings = &options->settings;
	struct swk_error error = {0};
	struct swk_report report;
	struct swk_hold hold;
	int status = swk_fill_hold(&hold, options->word ? options->word : "swk undo", log);

	if (status)
		return status;
	/* As with --resync: no worker must keep another state. */
	if (!settings->verify_set)
		settings->verify = true;
	swk_report_init(&report);
	swk_tell_progress(&report, options);
	status = swk_apply_undo(settings, &hold, &report, &error);
	status = swk_tell(log, options, &report, status, &error, true);
	if (report.finished && !options->json && !options->quiet && !settings->dry_run)
		swk_say_on_hold(settings);
	swk_report_free(&report);
	return status;
}
