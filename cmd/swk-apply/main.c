/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <unistd.h>

#include "publish.h"
#include "../shared/tell.h"
#include "base/buffer.h"
#include "base/deadline.h"
#include "base/log.h"
#include "base/process.h"
#include "run/apply.h"
#include "settings/options.h"
#include "view/print.h"

/* Writes the metrics. A failure is only a warning, because the exit status is about nginx. */
static void publish(const struct swk_settings *settings, const struct swk_report *report,
		    int status, const struct swk_log *log)
{
	struct swk_error error = {0};

	if (settings->metrics_file && !settings->dry_run &&
	    swk_publish(settings->metrics_file, report, status, &error))
		swk_log_line(log, SWK_LOG_WARNING, error.text);
}

/* Writes the page after a full run. A run that ended early may not know that it is one. If the
 * settings are wrong, the page's file may be wrong, too. */
static void publish_page(const struct swk_settings *settings, struct swk_survey *survey,
			 struct swk_report *report, const struct swk_error *failure,
			 const struct swk_log *log)
{
	const bool wrong = failure->status == SWK_USAGE || failure->status == SWK_CONFIG;
	const bool full = settings->resync || report->event == SWK_EVENT_SERVICES || survey->conf;
	struct swk_error error = {0};

	if (full && !wrong && settings->page_file && !settings->dry_run &&
	    swk_publish_page(settings, survey, report, failure, &error))
		swk_log_line(log, SWK_LOG_WARNING, error.text);
}

/* Logs the run as one line of fields. It comes last: an agent keeps only the last 4 KB. */
static void say_event(const struct swk_settings *settings, const struct swk_report *report,
		      int status, const struct swk_error *failure, const struct swk_log *log)
{
	struct swk_event_line line;

	swk_print_event(&line, report, settings->dry_run, status, failure);
	swk_log_fields(log, line.level, line.text, line.fields, line.count);
}

/* Whether the next run can't help either. */
static bool needs_operator(int status)
{
	return status == SWK_USAGE || status == SWK_INTERNAL || status == SWK_CONFIG;
}

/* The status for the caller. */
static int status_of(const struct swk_options *options, int status)
{
	return options->settings.consul_watch && !needs_operator(status) ? 0 : status;
}

/* Ends the process if its output is not read: a pipe is full. A person may take any time. */
static void limit_output(const struct swk_options *options, int status)
{
	static struct swk_process_limit limit;

	if (isatty(STDIN_FILENO) || isatty(STDOUT_FILENO) || isatty(STDERR_FILENO))
		return;
	swk_process_limit(&limit,
			  swk_now_ms() + (int64_t)options->settings.timeout * 1000 + SWK_GRACE_MS,
			  status_of(options, status), "");
}

/* Reports a run that could not begin. */
static void say_refusal(const struct swk_options *options, const struct swk_error *failure,
			const struct swk_log *log)
{
	struct swk_report report;

	limit_output(options, failure->status);
	if (failure->status == SWK_CONFIG)
		swk_apply_refuse(&options->settings);
	swk_report_init(&report);
	publish(&options->settings, &report, failure->status, log);
	if (log->format == SWK_LOG_TEXT)
		swk_log_line(log, SWK_LOG_ERROR, failure->text);
	else
		say_event(&options->settings, &report, failure->status, failure, log);
}

static int run(struct swk_options *options, struct swk_log *log)
{
	struct swk_error failure = {0};
	struct swk_settings *settings = &options->settings;
	struct swk_survey survey = {0};
	struct swk_report report;
	int status;

	swk_report_init(&report);
	swk_tell_progress(&report, options);
	/* FILE.checks has no numbers of instances, so the first metrics need answers from
	 * Consul. */
	if (settings->metrics_file)
		settings->ask_unchanged = !swk_publish_began(settings->metrics_file);
	if (!settings->resync && isatty(STDIN_FILENO))
		status = swk_error_set(
			&failure, SWK_USAGE,
			"standard input is a terminal, where swk-apply expects a watch's document: "
			"use 'swk-apply < FILE', or --resync, which reads none; see --help");
	else
		status = swk_apply(settings, STDIN_FILENO, &report, NULL,
				   settings->page_file && !settings->dry_run ? &survey : NULL,
				   &failure);
	limit_output(options, status);
	if (status == SWK_CONFIG)
		swk_apply_refuse(settings);
	publish(settings, &report, status, log);
	publish_page(settings, &survey, &report, &failure, log);
	status = swk_tell(log, options, &report, status, &failure, false);
	status = swk_tell_printed(log, status);
	if (log->format != SWK_LOG_TEXT)
		say_event(settings, &report, status, &failure, log);
	swk_survey_free(&survey);
	swk_report_free(&report);
	return status_of(options, status);
}

static int print_help(struct swk_error *error)
{
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	status = swk_options_describe(&text, SWK_COMMAND_APPLY, error);
	if (!status)
		(void)printf("Usage: swk-apply [option]… < DOCUMENT\n"
			     "       swk-apply --resync [option]…\n"
			     "\n"
			     "Reads the document of a Consul watch, writes the conf file, and "
			     "applies the\n"
			     "changes to each proxy.\n"
			     "\n"
			     "%s"
			     "\nAn option without a value takes =no, as in --verify=no.\n"
			     "Each option can also be set by a variable: --conf by SWK_CONF, "
			     "--dry-run by\n"
			     "SWK_DRY_RUN=1; SWK_DYUPS takes several URLs. An option overrides a "
			     "variable,\n"
			     "and a variable overrides the settings file. CONSUL_HTTP_ADDR and "
			     "Consul's other\n"
			     "variables say how to reach Consul. See swk-apply(8).\n",
			     text.data);
	swk_buffer_free(&text);
	return status;
}

static int print_version(void)
{
	(void)printf("swk-apply %s\n", SWK_VERSION);
	return 0;
}

int main(int argc, char **argv)
{
	struct swk_log log = {.program = "swk-apply", .level = SWK_LOG_INFO};
	struct swk_options options;
	struct swk_error error = {0};
	int status;

	if (!swk_process_begin())
		return SWK_INTERNAL;
	log.journal = swk_log_is_journal(STDERR_FILENO);
	status = swk_options_read(&options, SWK_COMMAND_APPLY, argc, argv, &error);
	swk_tell_as(&log, &options);
	log.format = (enum swk_log_format)options.settings.log_format;
	if (status)
		say_refusal(&options, &error, &log);
	else if (options.help)
		status = swk_tell_printed(&log, print_help(&error));
	else if (options.version)
		status = swk_tell_printed(&log, print_version());
	else
		status = run(&options, &log);
	swk_options_free(&options);
	return status;
}
