/* SPDX-License-Identifier: MIT */
/* Messages for the operator, on standard error and, if configured, in syslog. A line is text, or
 * logfmt or JSON with fields for time, level, message and more. */
#ifndef SWK_BASE_LOG_H
#define SWK_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buffer.h"

enum swk_log_level { SWK_LOG_ERROR, SWK_LOG_WARNING, SWK_LOG_INFO, SWK_LOG_DEBUG };

enum swk_log_format { SWK_LOG_TEXT, SWK_LOG_LOGFMT, SWK_LOG_JSON };

extern const char *const swk_log_formats[]; /* ends with NULL */

struct swk_log {
	const char *program;
	enum swk_log_level level; /* less severe lines are dropped */
	enum swk_log_format format;
	bool journal; /* lines on standard error begin with their priority, `<4>` */
	bool syslog;
};

struct swk_log_field {
	const char *name; /* letters and `_` */
	const char *text; /* NULL: the field is a number */
	int64_t number;
};

/*
 * Whether the descriptor is the journal, which understands priorities. JOURNAL_STREAM has the
 * device and inode of the journal's socket (systemd.exec(5)); they are compared, because the
 * variable is inherited and may not match the descriptor.
 */
bool swk_log_is_journal(int descriptor);

/* Writes one line. As text it is `PROGRAM: LEVEL: text`, without LEVEL for info. Each byte that is
 * not printable ASCII becomes \xNN; escaping a text twice changes nothing. */
void swk_log_line(const struct swk_log *log, enum swk_log_level level, const char *text);

/* The same with fields, which only logfmt and JSON show. */
void swk_log_fields(const struct swk_log *log, enum swk_log_level level, const char *text,
		    const struct swk_log_field *fields, size_t count);

/* Writes to syslog only: for a line that is also printed on standard output. */
void swk_log_syslog(const struct swk_log *log, enum swk_log_level level, const char *text);

/* Appends a line in logfmt or JSON, without a newline. Each byte that is not printable ASCII
 * becomes \xNN, which is then quoted as the format requires. Returns 0 or SWK_INTERNAL. */
int swk_log_compose(struct swk_buffer *out, enum swk_log_format format, const struct timespec *now,
		    enum swk_log_level level, const char *text, const struct swk_log_field *fields,
		    size_t count, struct swk_error *error);

#endif
