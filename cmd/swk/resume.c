/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "../shared/tell.h"
#include "apply.h"
#include "commands.h"

static int resume(struct swk_options *options, const struct swk_log *log)
{
	struct swk_log own = *log;
	struct swk_settings *settings = &options->settings;
	struct swk_error error = {0};
	struct swk_report report;
	int status;

	settings->resume = settings->resync = true;
	swk_settings_complete(settings);
	swk_report_init(&report);
	status = swk_apply(settings, STDIN_FILENO, &report, NULL, &error);
	swk_tell_as(&own, options);
	status = swk_tell(&own, options, &report, status, &error, true);
	swk_report_free(&report);
	return status;
}

int swk_resume_command(int argc, char **argv, const struct swk_log *log)
{
	struct swk_options options;
	bool done;
	int status = swk_begin(&options, SWK_COMMAND_RESUME, argc, argv, "swk resume [option]…",
			       log, &done);

	if (!done)
		status = resume(&options, log);
	swk_options_free(&options);
	return status;
}
