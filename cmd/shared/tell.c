/* SPDX-License-Identifier: MIT */
#include "tell.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/deadline.h"
#include "view/print.h"

void swk_tell_as(struct swk_log *log, const struct swk_options *options)
{
	log->syslog = options->syslog;
	if (options->quiet)
		log->level = SWK_LOG_ERROR;
	if (options->verbose)
		log->level = SWK_LOG_DEBUG;
}

/* Repaints one line, and erases it at the end. */
static void show_progress(const char *whom, const char *things, size_t done, size_t all)
{
	static int64_t began, shown;
	const int64_t now = swk_now_ms();
	char text[SWK_TEXT_MAX];

	if (!began)
		began = now;
	if (done == all) {
		if (shown)
			(void)fprintf(stderr, "\r\033[K");
		began = shown = 0;
		return;
	}
	if (now - began < SWK_PROGRESS_AFTER_MS || now - shown < SWK_PROGRESS_EVERY_MS)
		return;
	shown = now;
	swk_text_escape(text, sizeof(text), whom);
	(void)fprintf(stderr, "\r\033[K%s: %zu of %zu %s", text, done, all, things);
}

void swk_tell_progress(struct swk_report *report, const struct swk_options *options)
{
	const char *term = getenv("TERM");

	if (isatty(STDERR_FILENO) && term && *term && strcmp(term, "dumb") != 0 &&
	    !options->quiet && options->settings.log_format == SWK_LOG_TEXT)
		report->progress = show_progress;
}

void swk_tell_notes(const struct swk_log *log, const struct swk_report *report)
{
	static const enum swk_log_level levels[SWK_NOTE_KINDS] = {
		[SWK_NOTE_DETAIL] = SWK_LOG_DEBUG,     [SWK_NOTE_DUE] = SWK_LOG_INFO,
		[SWK_NOTE_SKIPPED] = SWK_LOG_WARNING,  [SWK_NOTE_KEPT] = SWK_LOG_WARNING,
		[SWK_NOTE_FAILOVER] = SWK_LOG_WARNING, [SWK_NOTE_WARNING] = SWK_LOG_WARNING,
		[SWK_NOTE_HELD_BACK] = SWK_LOG_ERROR,  [SWK_NOTE_UNAVAILABLE] = SWK_LOG_ERROR,
		[SWK_NOTE_PENDING] = SWK_LOG_ERROR,
	};
	size_t all = 0;
	char more[64];

	for (size_t i = 0; i < report->note_count; i++)
		swk_log_line(log, levels[report->notes[i].kind], report->notes[i].text);
	for (size_t i = 0; i < SWK_NOTE_KINDS; i++)
		all += report->counted[i];
	(void)snprintf(more, sizeof(more), "%zu more messages are not shown",
		       all - report->note_count);
	if (all > report->note_count)
		swk_log_line(log, SWK_LOG_WARNING, more);
}

static int print_result(const struct swk_log *log, const struct swk_options *options,
			const struct swk_report *report, int status,
			const struct swk_error *failure, bool changes, struct swk_error *error)
{
	struct swk_buffer out, summary;
	int result = 0;

	swk_buffer_init(&out, SWK_DOCUMENT_MAX);
	swk_buffer_init(&summary, SWK_TEXT_MAX);
	if (options->json)
		result = swk_print_json(&out, report, status, failure, error);
	else if (options->settings.dry_run || ((changes || report->on_hold) && !options->quiet))
		result = swk_print_differences(&out, report, error);
	if (!result && options->settings.dry_run && report->finished && !options->json &&
	    !out.length)
		result = swk_buffer_print(&out, error, "No changes\n");
	if (!result && report->finished && log->format == SWK_LOG_TEXT)
		result = swk_print_summary(&summary, report, error);
	if (!result && out.length)
		(void)fwrite(out.data, 1, out.length, stdout);
	if (!result && summary.length) {
		if (!options->json && !options->settings.dry_run && !options->quiet)
			(void)fwrite(summary.data, 1, summary.length, stdout);
		summary.data[summary.length - 1] = '\0';
		swk_log_syslog(log, SWK_LOG_INFO, summary.data);
	}
	swk_buffer_free(&out);
	swk_buffer_free(&summary);
	return result;
}

int swk_tell(const struct swk_log *log, const struct swk_options *options,
	     const struct swk_report *report, int status, const struct swk_error *failure,
	     bool changes)
{
	struct swk_error unprinted = {0};

	swk_tell_notes(log, report);
	if (failure->status && log->format == SWK_LOG_TEXT)
		swk_log_line(log, SWK_LOG_ERROR, failure->text);
	if (!print_result(log, options, report, status, failure, changes, &unprinted))
		return status;
	swk_log_line(log, SWK_LOG_ERROR, unprinted.text);
	return status ? status : unprinted.status;
}

void swk_tell_line(const char *format, ...)
{
	char raw[SWK_TEXT_MAX], text[SWK_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(raw, sizeof(raw), format, arguments) < 0)
		raw[0] = '\0';
	va_end(arguments);
	swk_text_escape(text, sizeof(text), raw);
	(void)printf("%s\n", text);
}

int swk_tell_printed(const struct swk_log *log, int status)
{
	if (!fflush(stdout) && !ferror(stdout))
		return status;
	swk_log_line(log, SWK_LOG_ERROR, "cannot write to standard output");
	return status > 1 ? status : SWK_INTERNAL;
}
