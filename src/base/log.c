/* SPDX-License-Identifier: MIT */
#include "base/log.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>

const char *const swk_log_formats[] = {"text", "logfmt", "json", NULL};

static const int priorities[] = {[SWK_LOG_ERROR] = LOG_ERR,
				 [SWK_LOG_WARNING] = LOG_WARNING,
				 [SWK_LOG_INFO] = LOG_INFO,
				 [SWK_LOG_DEBUG] = LOG_DEBUG};

bool swk_log_is_journal(int descriptor)
{
	const char *stream = getenv("JOURNAL_STREAM");
	struct stat about;
	char its[64];

	if (!stream || fstat(descriptor, &about))
		return false;
	(void)snprintf(its, sizeof(its), "%ju:%ju", (uintmax_t)about.st_dev,
		       (uintmax_t)about.st_ino);
	return !strcmp(stream, its);
}

/* ---- a line for programs ---- */

static int add_text(struct swk_buffer *out, const char *text, struct swk_error *error)
{
	int status = swk_buffer_add(out, "\"", 1, error);

	for (; !status && *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte < 0x20 || byte >= 0x7f)
			status = swk_buffer_print(out, error, "\\\\x%02x", byte);
		else if (byte == '"' || byte == '\\')
			status = swk_buffer_print(out, error, "\\%c", byte);
		else
			status = swk_buffer_add(out, text, 1, error);
	}
	return status ? status : swk_buffer_add(out, "\"", 1, error);
}

/* Whether logfmt needs no quotes for the text. */
static bool is_bare(const char *text)
{
	const char *at = text;

	while (*at > 0x20 && *at < 0x7f && *at != '"' && *at != '\\' && *at != '=')
		at++;
	return at > text && !*at;
}

static int add_field(struct swk_buffer *out, enum swk_log_format format, bool first,
		     const struct swk_log_field *field, struct swk_error *error)
{
	const bool json = format == SWK_LOG_JSON;
	const char *between = json ? "," : " ";
	int status;

	if (first)
		between = json ? "{" : "";
	status = swk_buffer_print(out, error, json ? "%s\"%s\":" : "%s%s=", between, field->name);
	if (status)
		return status;
	if (!field->text)
		return swk_buffer_print(out, error, "%" PRId64, field->number);
	if (format == SWK_LOG_LOGFMT && is_bare(field->text))
		return swk_buffer_add(out, field->text, strlen(field->text), error);
	return add_text(out, field->text, error);
}

int swk_log_compose(struct swk_buffer *out, enum swk_log_format format, const struct timespec *now,
		    enum swk_log_level level, const char *text, const struct swk_log_field *fields,
		    size_t count, struct swk_error *error)
{
	static const char *const words[] = {[SWK_LOG_ERROR] = "error",
					    [SWK_LOG_WARNING] = "warn",
					    [SWK_LOG_INFO] = "info",
					    [SWK_LOG_DEBUG] = "debug"};
	struct swk_log_field head[] = {{.name = "ts"},
				       {.name = "level", .text = words[level]},
				       {.name = "msg", .text = text}};
	char date[32] = "", stamp[48];
	struct tm tm;
	int status = 0;

	if (gmtime_r(&now->tv_sec, &tm))
		(void)strftime(date, sizeof(date), "%Y-%m-%dT%H:%M:%S", &tm);
	(void)snprintf(stamp, sizeof(stamp), "%s.%03ldZ", date, now->tv_nsec / 1000000);
	head[0].text = stamp;
	for (size_t i = 0; !status && i < sizeof(head) / sizeof(*head); i++)
		status = add_field(out, format, !i, &head[i], error);
	for (size_t i = 0; !status && i < count; i++)
		status = add_field(out, format, false, &fields[i], error);
	return status || format != SWK_LOG_JSON ? status : swk_buffer_add(out, "}", 1, error);
}

/* ---- writing lines ---- */

void swk_log_syslog(const struct swk_log *log, enum swk_log_level level, const char *text)
{
	if (!log->syslog || level > log->level)
		return;
	openlog(log->program, LOG_PID, LOG_DAEMON);
	syslog(priorities[level], "%s", text);
	closelog();
}

/* Writes a line with one call, so that lines of concurrent runs don't mix. */
static void tell(const struct swk_log *log, enum swk_log_level level, const char *before,
		 const char *text)
{
	char priority[8] = "";

	if (log->journal)
		(void)snprintf(priority, sizeof(priority), "<%d>", priorities[level]);
	(void)fprintf(stderr, "%s%s%s\n", priority, before, text);
}

static void say_text(const struct swk_log *log, enum swk_log_level level, const char *text)
{
	static const char *const words[] = {[SWK_LOG_ERROR] = "error: ",
					    [SWK_LOG_WARNING] = "warning: ",
					    [SWK_LOG_INFO] = "",
					    [SWK_LOG_DEBUG] = "debug: "};
	char before[64], escaped[SWK_TEXT_MAX];

	(void)snprintf(before, sizeof(before), "%s: %s", log->program, words[level]);
	swk_text_escape(escaped, sizeof(escaped), text);
	tell(log, level, before, escaped);
	swk_log_syslog(log, level, escaped);
}

void swk_log_fields(const struct swk_log *log, enum swk_log_level level, const char *text,
		    const struct swk_log_field *fields, size_t count)
{
	struct swk_error error = {0};
	struct swk_buffer line;
	struct timespec now;

	if (level > log->level)
		return;
	if (log->format == SWK_LOG_TEXT) {
		say_text(log, level, text);
		return;
	}
	(void)clock_gettime(CLOCK_REALTIME, &now);
	swk_buffer_init(&line, SWK_DOCUMENT_MAX);
	if (swk_log_compose(&line, log->format, &now, level, text, fields, count, &error)) {
		say_text(log, level, text); /* no memory: text is better than nothing */
	} else {
		tell(log, level, "", line.data);
		swk_log_syslog(log, level, line.data);
	}
	swk_buffer_free(&line);
}

void swk_log_line(const struct swk_log *log, enum swk_log_level level, const char *text)
{
	swk_log_fields(log, level, text, NULL, 0);
}
