/* SPDX-License-Identifier: MIT */
#include "print_survey.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

/* ---- lines ---- */

/* Colours as any terminal has them (ECMA-48). */
#define BOLD "1"
#define RED "31"
#define GREEN "32"
#define YELLOW "33"
#define CYAN "36"

struct line {
	struct swk_buffer *out;
	const struct swk_print_style *style;
	size_t used; /* columns */
};

/* Adds text, which is printable ASCII, as far as there is room; `colour` may be NULL. */
static int put(struct line *line, const char *colour, const char *text, struct swk_error *error)
{
	size_t length = strlen(text);
	int status = 0;

	if (line->style->width && length > line->style->width - line->used)
		length = line->style->width - line->used;
	line->used += length;
	if (!line->style->colour || !length)
		colour = NULL;
	if (colour)
		status = swk_buffer_print(line->out, error, "\033[%sm", colour);
	if (!status)
		status = swk_buffer_add(line->out, text, length, error);
	return status || !colour ? status : swk_buffer_print(line->out, error, "\033[m");
}

static int end_line(struct line *line, struct swk_error *error)
{
	line->used = 0;
	return swk_buffer_print(line->out, error, "\n");
}

/* ---- tables ---- */

enum { COLUMNS_MAX = 5 };

struct table {
	size_t columns;
	const char *titles[COLUMNS_MAX];
	bool right[COLUMNS_MAX]; /* numbers */
	size_t coloured;	 /* the column that has a colour */
	size_t widths[COLUMNS_MAX];
};

static void widen(struct table *table, const char *const *cells)
{
	for (size_t i = 0; i < table->columns; i++) {
		size_t length = strlen(cells[i]);

		if (length > table->widths[i])
			table->widths[i] = length;
	}
}

static int put_spaces(struct line *line, size_t count, struct swk_error *error)
{
	static const char spaces[] = "                ";
	const size_t most = sizeof(spaces) - 1;
	int status = 0;

	for (; !status && count; count -= count < most ? count : most)
		status = put(line, NULL, &spaces[most - (count < most ? count : most)], error);
	return status;
}

static int put_cells(struct line *line, const struct table *table, const char *const *cells,
		     const char *colour, bool title, struct swk_error *error)
{
	size_t last = table->columns - 1;
	int status = 0;

	while (last && !*cells[last])
		last--;
	for (size_t i = 0; !status && i <= last; i++) {
		const size_t padding = table->widths[i] - strlen(cells[i]);

		if (i)
			status = put_spaces(line, 2, error);
		if (!status && table->right[i])
			status = put_spaces(line, padding, error);
		if (!status)
			status = put(line, title || i == table->coloured ? colour : NULL, cells[i],
				     error);
		if (!status && !table->right[i] && i < last)
			status = put_spaces(line, padding, error);
	}
	return status ? status : end_line(line, error);
}

/* ---- targets ---- */

static const char *const standing_colours[SWK_STANDINGS] = {
	[SWK_STANDS_IN_STEP] = GREEN, [SWK_STANDS_KEPT] = YELLOW, [SWK_STANDS_FOREIGN] = CYAN,
	[SWK_STANDS_UNSEEN] = YELLOW, [SWK_STANDS_BEHIND] = RED,  [SWK_STANDS_DIFFERS] = RED,
	[SWK_STANDS_MISSING] = RED,   [SWK_STANDS_SPLIT] = RED,	  [SWK_STANDS_OWED] = RED,
};

/* A row's cells; the numbers are written into `room`. */
static void take_cells(const struct swk_survey_row *row, const char *cells[COLUMNS_MAX],
		       char room[2][SWK_NUMBER_MAX])
{
	cells[0] = row->upstream;
	cells[1] = row->in_file ? swk_number_text(room[0], row->file) : "-";
	cells[2] = "?";
	if (row->seen)
		cells[2] = swk_number_text(room[1], row->live);
	cells[3] = swk_standing_words[row->standing];
	cells[4] = row->detail;
}

static int put_rows(struct line *line, const struct swk_survey_target *target,
		    struct swk_error *error)
{
	struct table table = {.columns = 5,
			      .titles = {"UPSTREAM", "FILE", "LIVE", "STATE", "DETAIL"},
			      .right = {[1] = true, [2] = true},
			      .coloured = 3};
	char room[2][SWK_NUMBER_MAX];
	const char *cells[COLUMNS_MAX];
	int status;

	widen(&table, table.titles);
	for (size_t i = 0; i < target->count; i++) {
		take_cells(&target->rows[i], cells, room);
		widen(&table, cells);
	}
	status = put_cells(line, &table, table.titles, BOLD, true, error);
	for (size_t i = 0; !status && i < target->count; i++) {
		take_cells(&target->rows[i], cells, room);
		status = put_cells(line, &table, cells, standing_colours[target->rows[i].standing],
				   false, error);
	}
	return status;
}

/* `http://…: 5 upstreams: 3 in step, 1 owed, 1 foreign` */
static int put_target(struct line *line, const struct swk_survey_target *target,
		      struct swk_error *error)
{
	size_t counts[SWK_STANDINGS] = {0};
	const char *between = ": ";
	char text[SWK_TEXT_MAX];
	int status;

	for (size_t i = 0; i < target->count; i++)
		counts[target->rows[i].standing]++;
	(void)snprintf(text, sizeof(text), ": %zu upstream%s", target->count,
		       target->count == 1 ? "" : "s");
	status = end_line(line, error);
	if (!status)
		status = put(line, BOLD, target->name, error);
	if (!status)
		status = put(line, NULL, text, error);
	for (size_t i = 0; !status && i < SWK_STANDINGS; i++) {
		if (!counts[i])
			continue;
		(void)snprintf(text, sizeof(text), "%zu %s", counts[i], swk_standing_words[i]);
		status = put(line, NULL, between, error);
		between = ", ";
		if (!status)
			status = put(line, standing_colours[i], text, error);
	}
	if (!status)
		status = end_line(line, error);
	if (!status && *target->trouble) {
		status = put(line, target->asked ? YELLOW : RED, target->trouble, error);
		if (!status)
			status = end_line(line, error);
	}
	return status || !target->count ? status : put_rows(line, target, error);
}

/* ---- what is not published ---- */

static void take_why_cells(const struct swk_why *why, const char *cells[COLUMNS_MAX])
{
	cells[0] = why->service;
	cells[1] = *why->upstream ? why->upstream : "-";
	cells[2] = swk_verdict_words[why->verdict];
	cells[3] = why->reason;
}

static int put_unpublished(struct line *line, const struct swk_whys *whys, struct swk_error *error)
{
	static const char *const colours[SWK_VERDICTS] = {
		[SWK_SKIPPED] = YELLOW, [SWK_HELD_BACK] = RED};
	struct table table = {.columns = 4,
			      .titles = {"NOT PUBLISHED", "UPSTREAM", "DECISION", "REASON"},
			      .coloured = 2};
	const char *cells[COLUMNS_MAX];
	int status;

	widen(&table, table.titles);
	for (size_t i = 0; i < whys->count; i++) {
		take_why_cells(&whys->list[i], cells);
		widen(&table, cells);
	}
	status = end_line(line, error);
	if (!status)
		status = put_cells(line, &table, table.titles, BOLD, true, error);
	for (size_t i = 0; !status && i < whys->count; i++) {
		take_why_cells(&whys->list[i], cells);
		status = put_cells(line, &table, cells, colours[whys->list[i].verdict], false,
				   error);
	}
	return status;
}

/* ---- all of it ---- */

static int put_hold(struct line *line, const char *held, struct swk_error *error)
{
	int result = put(line, YELLOW, "held ", error);

	if (!result)
		result = put(line, YELLOW, held, error);
	if (!result)
		result =
			put(line, NULL, ": the file stays as it is; 'swk resume' ends this", error);
	return result ? result : end_line(line, error);
}

/* What is known of the whole: a line each. */
static int put_head(struct line *line, const struct swk_survey *survey, struct swk_error *error)
{
	const time_t seconds = (time_t)survey->success;
	char text[64] = "never";
	struct tm when;
	int result;

	if (survey->success && localtime_r(&seconds, &when))
		(void)strftime(text, sizeof(text), "%F %T", &when);
	result = put(line, BOLD, survey->conf, error);
	if (!result)
		result = put(line, NULL, ": last run that left nothing to do: ", error);
	if (!result)
		result = put(line, NULL, text, error);
	if (!result)
		result = end_line(line, error);
	return result || !survey->held ? result : put_hold(line, survey->held, error);
}

int swk_print_survey(struct swk_buffer *out, const struct swk_survey *survey,
		     const struct swk_print_style *style, struct swk_error *error)
{
	struct line line = {.out = out, .style = style};
	int result = put_head(&line, survey, error);

	for (size_t i = 0; !result && i < survey->target_count; i++)
		result = put_target(&line, &survey->targets[i], error);
	return result || !survey->unpublished.count
		       ? result
		       : put_unpublished(&line, &survey->unpublished, error);
}

/* ---- JSON ---- */

static json_t *row_of(const struct swk_survey_row *row)
{
	return json_pack("{ss, ss, ss, so, so, ss, sb, sb, ss}", "upstream", row->upstream,
			 "service", row->service, "tag", row->tag, "file",
			 row->in_file ? json_integer((json_int_t)row->file) : json_null(), "live",
			 row->seen ? json_integer((json_int_t)row->live) : json_null(), "state",
			 swk_standing_words[row->standing], "owed", row->owed, "kept", row->kept,
			 "detail", row->detail);
}

static json_t *targets(const struct swk_survey *survey)
{
	json_t *list = json_array();

	for (size_t i = 0; i < survey->target_count; i++) {
		const struct swk_survey_target *target = &survey->targets[i];
		json_t *rows = json_array();

		for (size_t j = 0; j < target->count; j++)
			(void)json_array_append_new(rows, row_of(&target->rows[j]));
		(void)json_array_append_new(list,
					    json_pack("{ss, sb, ss?, so}", "target", target->name,
						      "asked", target->asked, "trouble",
						      *target->trouble ? target->trouble : NULL,
						      "upstreams", rows));
	}
	return list;
}

static json_t *unpublished(const struct swk_survey *survey)
{
	json_t *list = json_array();

	for (size_t i = 0; i < survey->unpublished.count; i++) {
		const struct swk_why *why = &survey->unpublished.list[i];

		(void)json_array_append_new(
			list, json_pack("{ss, ss?, ss, ss}", "service", why->service, "upstream",
					*why->upstream ? why->upstream : NULL, "decision",
					swk_verdict_words[why->verdict], "reason", why->reason));
	}
	return list;
}

/* What kept the look from being a whole one, and what somebody should see to. */
static json_t *notes(const struct swk_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->note_count; i++) {
		if (report->notes[i].kind >= SWK_NOTE_WARNING)
			(void)json_array_append_new(list, json_string(report->notes[i].text));
	}
	return list;
}

int swk_print_survey_json(struct swk_buffer *out, const struct swk_survey *survey,
			  const struct swk_report *report, int result,
			  const struct swk_error *failure, struct swk_error *error)
{
	json_t *object =
		json_pack("{si, ss?, ss?, so, ss?, so, so, so}", "status", result, "error",
			  failure->status ? failure->text : NULL, "conf", survey->conf, "success",
			  survey->success ? json_integer(survey->success) : json_null(), "held",
			  survey->held, "targets", targets(survey), "unpublished",
			  unpublished(survey), "notes", notes(report));
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	int printed = text ? swk_buffer_print(out, error, "%s\n", text) : swk_error_memory(error);

	json_decref(object);
	free(text);
	return printed;
}
