/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "terminal.h"
#include "run/inspect.h"
#include "view/status.h"

enum { DRIFTED = 1 };

/* Where it goes, and how. */
struct sheet {
	bool json;
	bool paints; /* over what stood there before */
	struct swk_print_style style;
	size_t rows; /* of the terminal */
};

/* ---- painting ---- */

static int add_note(struct swk_buffer *text, const struct swk_print_style *style, const char *note,
		    struct swk_error *error)
{
	struct swk_line line = {.out = text, .style = style};

	if (swk_line_end(&line, error) || swk_line_put(&line, SWK_RED, note, error) ||
	    swk_line_end(&line, error))
		return error->status;
	return 0;
}

/* What else would be said beside the table, and be painted over. */
static int add_notes(struct swk_buffer *text, const struct sheet *sheet,
		     const struct swk_report *report, const struct swk_error *failure,
		     struct swk_error *error)
{
	int result = 0;

	for (size_t i = 0; !result && i < report->note_count; i++) {
		if (report->notes[i].kind >= SWK_NOTE_WARNING)
			result = add_note(text, &sheet->style, report->notes[i].text, error);
	}
	return result || !failure->status ? result
					  : add_note(text, &sheet->style, failure->text, error);
}

/* Over what stands there, line by line, in one write, so that nothing flickers. Nothing of the
 * terminal is set, so that nothing is to be put back, whatever ends this. */
static int paint(const struct swk_buffer *text, size_t rows, struct swk_error *error)
{
	static const char home[] = "\033[H", rest_of_line[] = "\033[K", rest[] = "\033[J";
	struct swk_buffer out;
	size_t lines = 0;
	int result;

	swk_buffer_init(&out, SWK_DOCUMENT_MAX);
	result = swk_buffer_print(&out, error, "%s", home);
	for (const char *at = text->data, *end; !result && at && *at; at = end) {
		end = strchrnul(at, '\n');
		/* The last is where the cursor stands. */
		if (rows > 2 && ++lines > rows - 2) {
			result = swk_buffer_print(&out, error, "more does not fit%s\n",
						  rest_of_line);
			break;
		}
		result = swk_buffer_print(&out, error, "%.*s%s\n", (int)(end - at), at,
					  rest_of_line);
		end += *end == '\n';
	}
	if (!result)
		result = swk_buffer_print(&out, error, "%s", rest);
	if (!result && write(STDOUT_FILENO, out.data, out.length) < 0)
		result = swk_error_set(error, SWK_INTERNAL, "standard output can't be written to");
	swk_buffer_free(&out);
	return result;
}

/* ---- one look ---- */

/* What is wanted of one look, and what it came to. */
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

/* Deletions that are too many are noted as a whole. */
static bool is_held_back(const struct view *view)
{
	return swk_survey_held_back(&view->survey) ||
	       (!is_narrowed(view) && view->report.counted[SWK_NOTE_HELD_BACK]);
}

/* Who asks about a few is told what concerns all, and else nothing of the others. */
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

static int print(const struct view *view, const struct sheet *sheet, struct swk_error *error)
{
	struct swk_buffer text;
	int result = 0;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	if (sheet->json)
		result = swk_print_survey_json(&text, &view->survey, &view->report, view->result,
					       &view->failure, error);
	else if (!view->failure.status)
		result = swk_print_survey(&text, &view->survey, &sheet->style, error);
	if (!result && sheet->paints)
		result = add_notes(&text, sheet, &view->report, &view->failure, error);
	if (!result && sheet->paints)
		result = paint(&text, sheet->rows, error);
	else if (!result && text.length)
		(void)fwrite(text.data, 1, text.length, stdout);
	(void)fflush(stdout); /* where both go to one place, what is said stands behind it */
	swk_buffer_free(&text);
	return result;
}

static int sample_once(const struct swk_settings *settings, const struct swk_texts *only,
		       const struct sheet *sheet, const struct swk_log *log,
		       struct swk_error *error)
{
	struct view view = {.survey.only = only};
	const char *unknown;
	int result;

	swk_report_init(&view.report);
	(void)swk_inspect(settings, &view.survey, &view.report, &view.failure);
	unknown = view.failure.status ? NULL : swk_survey_unknown(&view.survey);
	if (unknown && !view.report.counted[SWK_NOTE_UNAVAILABLE])
		(void)swk_error_set(&view.failure, SWK_USAGE,
				    "there is no upstream and no service '%s': not in the file, in "
				    "no nginx, and not in Consul",
				    unknown);
	forget_others(&view);
	view.result = result_of(&view);
	(void)print(&view, sheet, error);
	if (!sheet->paints) {
		swk_say_notes(&view.report, log);
		if (view.failure.status)
			swk_log_line(log, SWK_LOG_ERROR, view.failure.text);
	}
	result = view.result;
	swk_survey_free(&view.survey);
	swk_report_free(&view.report);
	return error->status ? error->status : result;
}

/* ---- all of it ---- */

static int watch(struct swk_options *options, struct sheet *sheet, const struct swk_texts *only,
		 const struct swk_log *log, struct swk_error *error)
{
	int result;

	do {
		/* The window may have another size each time. */
		if (sheet->paints)
			swk_terminal_size(&sheet->style.width, &sheet->rows);
		result = sample_once(&options->settings, only, sheet, log, error);
	} while (options->watch && !error->status && !ferror(stdout) && !sleep(options->watch));
	return result;
}

int swk_status_command(struct swk_options *options, const struct swk_log *log)
{
	const struct swk_texts only = {options->words, options->word_count};
	struct sheet sheet = {.json = options->json, .style.colour = swk_terminal_colours()};
	struct swk_error error = {0};
	int result;

	options->settings.dry_run = true;
	sheet.paints = options->watch && !options->json && swk_terminal_paints();
	result = watch(options, &sheet, &only, log, &error);
	if (error.status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	return result;
}
