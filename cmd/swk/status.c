/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "terminal.h"
#include "../shared/present.h"
#include "run/inspect.h"
#include "view/status.h"

enum { DRIFTED = 1 };

/* The form of the output. */
struct sheet {
	const struct swk_settings *settings;
	bool json, html;
	struct swk_print_style style;
};

/* ---- one survey ---- */

struct view {
	struct swk_survey survey;
	struct swk_report report;
	struct swk_error failure;
	int result;
};

static bool is_narrowed(const struct view *view)
{
	return view->survey.only && view->survey.only->count;
}

/* A note about too many deletions concerns all upstreams, not one of those named. */
static bool is_held_back(const struct view *view)
{
	return swk_survey_held_back(&view->survey) ||
	       (!is_narrowed(view) && view->report.counted[SWK_NOTE_HELD_BACK]);
}

/* If the operator names upstreams, drops notes about the others. Keeps those about everything. */
static void forget_others(struct view *view)
{
	if (!is_narrowed(view))
		return;
	swk_report_forget(&view->report, SWK_NOTE_WARNING);
	if (!view->survey.distrusted)
		swk_report_forget(&view->report, SWK_NOTE_HELD_BACK);
}

static int result_of(const struct view *view)
{
	if (view->failure.status)
		return view->failure.status;
	if (view->report.counted[SWK_NOTE_UNAVAILABLE])
		return SWK_UNAVAILABLE;
	if (!swk_survey_complete(&view->survey))
		return SWK_TEMPFAIL;
	if (swk_survey_drifted(&view->survey))
		return DRIFTED;
	return is_held_back(view) ? SWK_HELD_BACK : 0;
}

static int print(struct view *view, const struct sheet *sheet, struct swk_error *error)
{
	struct swk_buffer text;
	int result = 0;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	if (sheet->html)
		result = swk_present(&text, sheet->settings, &view->survey, &view->report,
				     &view->failure, error);
	else if (sheet->json)
		result = swk_print_survey_json(&text, &view->survey, &view->report, view->result,
					       &view->failure, error);
	else if (!view->failure.status)
		result = swk_print_survey(&text, &view->survey, &sheet->style, error);
	if (!result && text.length)
		(void)fwrite(text.data, 1, text.length, stdout);
	(void)fflush(stdout); /* messages on standard error must follow it */
	swk_buffer_free(&text);
	return result;
}

static int survey(const struct swk_settings *settings, const struct swk_texts *only,
		  const struct sheet *sheet, const struct swk_log *log, struct swk_error *error)
{
	struct view view = {.survey.only = only};
	const char *unknown;
	int result;

	swk_report_init(&view.report);
	(void)swk_inspect(settings, &view.survey, &view.report, &view.failure);
	unknown = view.failure.status ? NULL : swk_survey_unknown(&view.survey);
	if (unknown && !view.report.counted[SWK_NOTE_UNAVAILABLE])
		(void)swk_error_set(&view.failure, SWK_USAGE,
				    "there is no upstream or service '%s' in the conf file, in "
				    "a proxy or in Consul",
				    unknown);
	forget_others(&view);
	view.result = result_of(&view);
	(void)print(&view, sheet, error);
	swk_say_notes(&view.report, log);
	if (view.failure.status)
		swk_log_line(log, SWK_LOG_ERROR, view.failure.text);
	result = view.result;
	swk_survey_free(&view.survey);
	swk_report_free(&view.report);
	return error->status ? error->status : result;
}

/* ---- the command ---- */

static bool has_colours(enum swk_color color)
{
	return color == SWK_COLOR_AUTO ? swk_terminal_colours() : color == SWK_COLOR_ALWAYS;
}

int swk_status_command(struct swk_options *options, const struct swk_log *log)
{
	const struct swk_texts only = {options->words, options->word_count};
	const struct sheet sheet = {.settings = &options->settings,
				    .json = options->json,
				    .html = options->html,
				    .style.colour = has_colours(options->color)};
	struct swk_error error = {0};
	int result;

	options->settings.dry_run = true;
	if (options->json && options->html)
		result =
			swk_error_set(&error, SWK_USAGE,
				      "--json and --html are two forms of one output: leave one of "
				      "them out");
	else
		result = survey(&options->settings, &only, &sheet, log, &error);
	if (error.status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	return result;
}
