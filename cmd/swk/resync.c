/* SPDX-License-Identifier: MIT */
#include <unistd.h>

#include "asking.h"
#include "commands.h"
#include "../shared/tell.h"
#include "base/deadline.h"
#include "run/apply.h"

int swk_full_run(struct swk_options *options, const struct swk_log *log)
{
	struct swk_settings *settings = &options->settings;
	struct swk_error error = {0};
	struct swk_report report;
	int status;

	settings->resync = true;
	swk_settings_complete(settings);
	swk_report_init(&report);
	swk_tell_progress(&report, options);
	status = swk_apply(settings, STDIN_FILENO, &report, NULL, NULL, &error);
	status = swk_tell(log, options, &report, status, &error, true);
	swk_report_free(&report);
	return status;
}

static int resync_fleet(const struct swk_options *options, const struct swk_log *log)
{
	const unsigned seconds = options->patience ? options->patience : SWK_FLEET_SECONDS;
	struct swk_error error = {0};
	struct swk_progress progress;
	struct swk_asking asking;
	int status;

	swk_interrupt_catch();
	swk_progress_begin(&progress, log);
	status = swk_asking_begin(&asking, options, &progress, &error);
	asking.requester.request.all = true;
	asking.end = progress.began + (int64_t)seconds * 1000;
	if (!status)
		status = swk_asking_wait(&asking, &error);
	if (status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	else
		swk_tell_line("%zu host%s in step", swk_fleet_awaited(&asking.requester.fleet),
			      swk_fleet_awaited(&asking.requester.fleet) == 1 ? " is" : "s are");
	swk_asking_free(&asking);
	return status;
}

int swk_resync_command(struct swk_options *options, const struct swk_log *log)
{
	if (options->fleet)
		return resync_fleet(options, log);
	options->settings.verify = true;
	if (options->patience)
		options->settings.timeout =
			options->patience < SWK_TIMEOUT_MAX ? options->patience : SWK_TIMEOUT_MAX;
	return swk_full_run(options, log);
}
