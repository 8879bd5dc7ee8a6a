/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "apply.h"
#include "commands.h"
#include "config.h"

int swk_check_config(int argc, char **argv, const struct swk_log *log)
{
	struct swk_error error = {0};
	struct swk_options options;
	bool done;
	int status = swk_begin(&options, SWK_COMMAND_CHECK, argc, argv,
			       "swk check-config [option]… [FILE]", log, &done);

	if (!done) {
		status = swk_apply_check(&options.settings, &error);
		if (status)
			swk_log_line(log, SWK_LOG_ERROR, error.text);
		else if (options.config)
			(void)printf("%s: ok\n", options.config);
		else
			(void)printf("%s is not there: the defaults hold\n", SWK_CONFIG_FILE);
	}
	swk_options_free(&options);
	return status;
}
