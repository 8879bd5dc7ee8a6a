/* SPDX-License-Identifier: MIT */
#include "commands.h"

int swk_fleet_command(struct swk_options *options, const struct swk_log *log)
{
	(void)options;
	(void)log;
	return 0;
}
