/* SPDX-License-Identifier: MIT */
#include "commands.h"
#include "../shared/tell.h"
#include "run/apply.h"
#include "settings/config.h"

int swk_check_config(struct swk_options *options, const struct swk_log *log)
{
	struct swk_error error = {0};
	int status = swk_apply_check(&options->settings, &error);

	if (status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	else if (options->config)
		swk_tell_line("%s: ok", options->config);
	else
		swk_tell_line("%s does not exist: the defaults apply", SWK_CONFIG_FILE);
	return status;
}
