/* SPDX-License-Identifier: MIT */
/*
 * Lines for whoever runs the program: on standard error, and where wanted in syslog too. As text,
 * or for programs as logfmt or JSON: then time, level and message, and what else is to be said,
 * are fields of the line.
 */
#ifndef SWK_BASE_LOG_H
#define SWK_BASE_LOG_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <time.h>

#include "base/buffer.h"

enum swk_log_level { SWK_LOG_ERROR, SWK_LOG_WARNING, SWK_LOG_INFO, SWK_LOG_DEBUG };

enum swk_log_format { SWK_LOG_TEXT, SWK_LOG_LOGFMT, SWK_LOG_JSON };

extern const char *const swk_log_formats[]; /* their words; NULL at the end */

struct swk_log {
	const char *program;
	enum swk_log_level level; /* what is above it is not said */
	enum swk_log_format format;
	bool journal; /* each line on standard error begins with its priority, `<4>` */
	bool syslog;
};

struct swk_log_field {
	const char *name; /* letters and `_` */
	const char *text; /* NULL: it is a number */
	int64_t number;
};

/*
 * Whether standard error is the journal, which takes priorities: JOURNAL_STREAM has the device and
 * inode of what the journal listens to (systemd.exec(5)), and is inherited where that is not what
 * the descriptor leads to any more.
 */
bool swk_log_is_journal(int descriptor);

/* Says one line: as text, `PROGRAM: LEVEL: text`; an info line has no level in it. Whatever the
 * text, every byte of it that is not printable ASCII is written as \xNN; one that has been escaped
 * before stays as it is. */
void swk_log_line(const struct swk_log *log, enum swk_log_level level, const char *text);

/* The same with fields behind it, which text has not. */
void swk_log_fields(const struct swk_log *log, enum swk_log_level level, const char *text,
		    const struct swk_log_field *fields, size_t count);

/* To syslog only: a line that standard output gets. */
void swk_log_syslog(const struct swk_log *log, enum swk_log_level level, const char *text);

/*
 * Adds such a line, in logfmt or JSON, without a newline. Every byte of a text that is not
 * printable ASCII is written as \xNN, and then quoted as the format does: whatever the bytes, the
 * line is valid.
 */
int swk_log_compose(struct swk_buffer *out, enum swk_log_format format, const struct timespec *now,
		    enum swk_log_level level, const char *text, const struct swk_log_field *fields,
		    size_t count, struct swk_error *error);

#endif
