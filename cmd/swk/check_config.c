/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "apply.h"
#include "commands.h"
#include "config.h"

int swk_check_config(struct swk_options *options, const struct swk_log *log)
{
	struct swk_error error = {0};
	int status = swk_apply_check(&options->settings, &error);

	if (status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	else if (options->config)
		(void)printf("%s: ok\n", options->config);
	else
		(void)printf("%s is not there: the defaults hold\n", SWK_CONFIG_FILE);
	return status;
}
