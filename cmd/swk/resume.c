/* SPDX-License-Identifier: MIT */
#include "commands.h"

int swk_resume_command(struct swk_options *options, const struct swk_log *log)
{
	char caller[SWK_HOLDER_MAX];

	swk_name_caller(caller);
	options->settings.caller = caller;
	options->settings.resume = true;
	return swk_full_run(options, log);
}
