/* SPDX-License-Identifier: MIT */
#include "log.h"

#include <stdio.h>
#include <syslog.h>

void swk_log_syslog(const struct swk_log *log, enum swk_log_level level, const char *text)
{
	static const int priorities[] = {[SWK_LOG_ERROR] = LOG_ERR,
					 [SWK_LOG_WARNING] = LOG_WARNING,
					 [SWK_LOG_INFO] = LOG_INFO,
					 [SWK_LOG_DEBUG] = LOG_DEBUG};

	if (!log->syslog || level > log->level)
		return;
	openlog(log->program, LOG_PID, LOG_DAEMON);
	syslog(priorities[level], "%s", text);
	closelog();
}

void swk_log_line(const struct swk_log *log, enum swk_log_level level, const char *text)
{
	static const char *const words[] = {[SWK_LOG_ERROR] = "error: ",
					    [SWK_LOG_WARNING] = "warning: ",
					    [SWK_LOG_INFO] = "",
					    [SWK_LOG_DEBUG] = "debug: "};

	if (level > log->level)
		return;
	/* One write, so that lines of runs side by side don't mix. */
	(void)fprintf(stderr, "%s: %s%s\n", log->program, words[level], text);
	swk_log_syslog(log, level, text);
}
