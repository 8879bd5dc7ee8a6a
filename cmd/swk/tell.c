/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "commands.h"
#include "print.h"

static void say_notes(const struct swk_report *report, const struct swk_log *log)
{
	for (size_t i = 0; i < report->note_count; i++) {
		const struct swk_note *note = &report->notes[i];
		enum swk_log_level level = SWK_LOG_WARNING;

		if (note->kind >= SWK_NOTE_HELD)
			level = SWK_LOG_ERROR;
		else if (note->kind == SWK_NOTE_DETAIL)
			level = SWK_LOG_DEBUG;
		swk_log_line(log, level, note->text);
	}
}

/* What standard output gets: the report as an object, or what changed and the line that sums it
 * up. */
static int print_report(const struct swk_options *options, const struct swk_report *report,
			int status, const struct swk_error *failure, struct swk_error *error)
{
	struct swk_buffer out;
	int result;

	swk_buffer_init(&out, SWK_DOCUMENT_MAX);
	if (options->json)
		result = swk_print_json(&out, report, status, failure, error);
	else
		result = options->quiet && !options->settings.dry_run
				 ? 0
				 : swk_print_differences(&out, report, error);
	if (!result && report->finished && !options->json && !options->quiet &&
	    !options->settings.dry_run)
		result = swk_print_summary(&out, report, error);
	if (!result && out.length)
		(void)fwrite(out.data, 1, out.length, stdout);
	if (!result && fflush(stdout))
		result = swk_error_set(error, SWK_INTERNAL, "standard output can't be written to");
	swk_buffer_free(&out);
	return result;
}

int swk_tell(const struct swk_options *options, const struct swk_report *report, int status,
	     const struct swk_error *failure, const struct swk_log *log)
{
	struct swk_error unprinted = {0};
	struct swk_log own = *log;

	own.syslog = options->syslog;
	if (options->quiet)
		own.level = SWK_LOG_ERROR;
	if (options->verbose)
		own.level = SWK_LOG_DEBUG;
	say_notes(report, &own);
	if (failure->status)
		swk_log_line(&own, SWK_LOG_ERROR, failure->text);
	if (!print_report(options, report, status, failure, &unprinted))
		return status;
	swk_log_line(&own, SWK_LOG_ERROR, unprinted.text);
	return status ? status : unprinted.status;
}
