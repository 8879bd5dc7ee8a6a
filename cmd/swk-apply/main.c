/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>

#include "apply.h"
#include "buffer.h"
#include "log.h"
#include "options.h"
#include "print.h"
#include "process.h"

static void say_notes(const struct swk_log *log, const struct swk_report *report)
{
	static const enum swk_log_level levels[SWK_NOTE_KINDS] = {
		[SWK_NOTE_DETAIL] = SWK_LOG_DEBUG, [SWK_NOTE_SKIPPED] = SWK_LOG_WARNING,
		[SWK_NOTE_KEPT] = SWK_LOG_WARNING, [SWK_NOTE_WARNING] = SWK_LOG_WARNING,
		[SWK_NOTE_HELD] = SWK_LOG_ERROR,   [SWK_NOTE_UNASKED] = SWK_LOG_ERROR,
		[SWK_NOTE_OWED] = SWK_LOG_ERROR,
	};
	size_t all = 0;
	char more[64];

	for (size_t i = 0; i < report->note_count; i++)
		swk_log_line(log, levels[report->notes[i].kind], report->notes[i].text);
	for (size_t i = 0; i < SWK_NOTE_KINDS; i++)
		all += report->counted[i];
	(void)snprintf(more, sizeof(more), "and %zu more like these", all - report->note_count);
	if (all > report->note_count)
		swk_log_line(log, SWK_LOG_WARNING, more);
}

/* What standard output gets: the differences, the report, or the line that sums it up. */
static int print_result(const struct swk_options *options, const struct swk_report *report,
			int status, const struct swk_error *failure, const struct swk_log *log,
			struct swk_error *error)
{
	struct swk_buffer out, summary;
	int result = 0;

	swk_buffer_init(&out, SWK_DOCUMENT_MAX);
	swk_buffer_init(&summary, SWK_TEXT_MAX);
	if (options->json)
		result = swk_print_json(&out, report, status, failure, error);
	else if (options->settings.dry_run || (report->held && !options->quiet))
		result = swk_print_differences(&out, report, error);
	if (!result && report->finished)
		result = swk_print_summary(&summary, report, error);
	if (!result && out.length)
		(void)fwrite(out.data, 1, out.length, stdout);
	if (!result && summary.length) {
		if (!options->json && !options->settings.dry_run && !options->quiet)
			(void)fwrite(summary.data, 1, summary.length, stdout);
		summary.data[summary.length - 1] = '\0';
		swk_log_syslog(log, SWK_LOG_INFO, summary.data);
	}
	if (!result && fflush(stdout))
		result = swk_error_set(error, SWK_INTERNAL, "standard output can't be written to");
	swk_buffer_free(&out);
	swk_buffer_free(&summary);
	return result;
}

static int run(const struct swk_options *options, struct swk_log *log)
{
	struct swk_error failure = {0}, unprinted = {0};
	struct swk_report report;
	int status;

	swk_report_init(&report);
	if (!options->settings.resync && isatty(STDIN_FILENO))
		status = swk_error_set(&failure, SWK_USAGE,
				       "standard input is a terminal: a watch's document is read "
				       "there, as from 'swk-apply < snapshot.json'; --resync reads "
				       "none; see --help");
	else
		status = swk_apply(&options->settings, STDIN_FILENO, &report, NULL, &failure);
	say_notes(log, &report);
	if (failure.status)
		swk_log_line(log, SWK_LOG_ERROR, failure.text);
	if (print_result(options, &report, status, &failure, log, &unprinted)) {
		swk_log_line(log, SWK_LOG_ERROR, unprinted.text);
		if (!status)
			status = unprinted.status;
	}
	swk_report_free(&report);
	return status;
}

static int print_help(struct swk_error *error)
{
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	status = swk_options_describe(&text, SWK_COMMAND_APPLY, error);
	if (!status)
		(void)printf(
			"Usage: swk-apply [option]… < DOCUMENT\n"
			"       swk-apply --resync [option]…\n"
			"\n"
			"Reads the document of a Consul watch, renders nginx's upstream file, and\n"
			"applies what changed through the dyups interface.\n"
			"\n"
			"%s"
			"\nWhat takes no value takes =no, as in --verify=no.\n"
			"Each has a variable too: SWK_CONF for --conf, SWK_DRY_RUN=1 for "
			"--dry-run;\n"
			"SWK_DYUPS holds URLs separated by spaces. An option wins over a variable, "
			"a\n"
			"variable over the settings file. Consul is reached as CONSUL_HTTP_ADDR "
			"and its\n"
			"kin say. See swk-apply(8).\n",
			text.data);
	swk_buffer_free(&text);
	return status;
}

int main(int argc, char **argv)
{
	struct swk_log log = {.program = "swk-apply", .level = SWK_LOG_INFO};
	struct swk_options options;
	struct swk_error error = {0};
	int status;

	if (!swk_process_begin())
		return SWK_INTERNAL;
	status = swk_options_read(&options, SWK_COMMAND_APPLY, argc, argv, &error);
	if (options.quiet)
		log.level = SWK_LOG_ERROR;
	if (options.verbose)
		log.level = SWK_LOG_DEBUG;
	log.syslog = options.syslog;
	if (status)
		swk_log_line(&log, SWK_LOG_ERROR, error.text);
	else if (options.help)
		status = print_help(&error);
	else if (options.version)
		(void)printf("swk-apply %s\n", SWK_VERSION);
	else
		status = run(&options, &log);
	swk_options_free(&options);
	return status;
}
