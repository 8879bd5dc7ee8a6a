/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "commands.h"
#include "../shared/tell.h"
#include "run/apply.h"

int swk_resume_command(struct swk_options *options, const struct swk_log *log)
{
	struct swk_settings *settings = &options->settings;
	struct swk_error error = {0};
	char caller[SWK_HOLDER_MAX];
	struct swk_report report;
	int status;

	swk_name_caller(caller);
	settings->caller = caller;
	settings->resume = settings->resync = true;
	swk_settings_complete(settings);
	swk_report_init(&report);
	swk_tell_progress(&report, options);
	status = swk_apply(settings, STDIN_FILENO, &report, NULL, NULL, &error);
	status = swk_tell(log, options, &report, status, &error, true);
	swk_report_free(&report);
	return status;
}
