/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

#include "commands.h"
#include "../shared/tell.h"
#include "run/apply.h"

void swk_name_caller(char name[SWK_HOLDER_MAX])
{
	static const char *const variables[] = {"SUDO_USER", "USER", "LOGNAME"};

	for (size_t i = 0; i < sizeof(variables) / sizeof(*variables); i++) {
		const char *value = getenv(variables[i]);

		if (!value || !*value)
			continue;
		swk_text_escape(name, SWK_HOLDER_MAX, value);
		return;
	}
	(void)snprintf(name, SWK_HOLDER_MAX, "uid %lu", (unsigned long)getuid());
}

int swk_fill_hold(struct swk_hold *hold, const char *reason, const struct swk_log *log)
{
	struct swk_error error = {0};
	char caller[SWK_HOLDER_MAX];
	int status;

	swk_name_caller(caller);
	status = swk_hold_set(hold, (int64_t)time(NULL), caller, reason, &error);
	if (status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	return status;
}

void swk_say_on_hold(const struct swk_settings *settings)
{
	swk_tell_line("%s stays as it is until 'swk resume'", settings->conf);
	(void)fflush(stdout); /* messages on standard error must follow it */
}

int swk_hold_command(struct swk_options *options, const struct swk_log *log)
{
	struct swk_error error = {0};
	struct swk_report report;
	struct swk_hold hold;
	int status = swk_fill_hold(&hold, options->word, log);

	if (status)
		return status;
	swk_report_init(&report);
	status = swk_apply_hold(&options->settings, &hold, &report, &error);
	if (!status)
		swk_say_on_hold(&options->settings);
	swk_tell_notes(log, &report);
	if (status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	swk_report_free(&report);
	return status;
}
