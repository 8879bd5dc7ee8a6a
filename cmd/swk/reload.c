/* SPDX-License-Identifier: MIT */
#include "commands.h"
#include "../shared/tell.h"
#include "run/apply.h"

int swk_reload_command(struct swk_options *options, const struct swk_log *log)
{
	const struct swk_texts command = {.list = options->words + 1,
					  .count = options->word_count - 1};
	struct swk_error error = {0};

	if (!options->word_count)
		(void)swk_error_set(&error, SWK_USAGE,
				    "the target to reload is missing: give its name; see --help");
	else
		(void)swk_apply_reload(&options->settings, options->words[0],
				       command.count ? &command : NULL, &error);
	if (error.status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	return error.status;
}
