/* SPDX-License-Identifier: MIT */
/* Lines for whoever runs the program: on standard error, and where wanted in syslog too. */
#ifndef SWK_LOG_H
#define SWK_LOG_H

#include <stdbool.h>

enum swk_log_level { SWK_LOG_ERROR, SWK_LOG_WARNING, SWK_LOG_INFO, SWK_LOG_DEBUG };

struct swk_log {
	const char *program;
	enum swk_log_level level; /* what is above it is not said */
	bool syslog;
};

/* Says one line, `PROGRAM: LEVEL: text`; an info line has no level in it. */
void swk_log_line(const struct swk_log *log, enum swk_log_level level, const char *text);

/* The same to syslog only: a line that standard output gets. */
void swk_log_syslog(const struct swk_log *log, enum swk_log_level level, const char *text);

#endif
