/* SPDX-License-Identifier: MIT */
#include "view/status.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include <jansson.h>

#include "base/number.h"

/* ---- targets ---- */

static const char *const standing_colours[SWK_STANDINGS] = {
	[SWK_STANDS_IN_STEP] = SWK_GREEN,     [SWK_STANDS_KEPT] = SWK_YELLOW,
	[SWK_STANDS_FAILOVER] = SWK_YELLOW,   [SWK_STANDS_DRAINING] = SWK_CYAN,
	[SWK_STANDS_UNDECLARED] = SWK_YELLOW, [SWK_STANDS_UNMANAGED] = SWK_CYAN,
	[SWK_STANDS_UNSEEN] = SWK_YELLOW,     [SWK_STANDS_ON_HOLD] = SWK_YELLOW,
	[SWK_STANDS_BEHIND] = SWK_RED,	      [SWK_STANDS_DIFFERS] = SWK_RED,
	[SWK_STANDS_MISSING] = SWK_RED,	      [SWK_STANDS_SPLIT] = SWK_RED,
	[SWK_STANDS_PENDING] = SWK_RED,
};

/* A target's rows, and room for the numbers of one row. */
struct rows {
	const struct swk_survey_target *target;
	char file[SWK_NUMBER_MAX], live[SWK_NUMBER_MAX];
};

static bool take_row(void *context, size_t place, struct swk_row *row)
{
	struct rows *rows = context;
	const struct swk_survey_row *this = &rows->target->rows[place];

	row->cells[0] = this->upstream;
	row->cells[1] = this->in_file ? swk_number_text(rows->file, this->file) : "-";
	row->cells[2] = this->seen ? swk_number_text(rows->live, this->live) : "?";
	row->cells[3] = swk_standing_words[this->standing];
	row->cells[4] = this->detail;
	row->colour = standing_colours[this->standing];
	return true;
}

static int put_rows(struct swk_line *line, const struct swk_survey_target *target,
		    struct swk_error *error)
{
	struct rows rows = {.target = target};
	const struct swk_table table = {.columns = 5,
					.titles = {"UPSTREAM", "FILE", "LIVE", "STATE", "DETAIL"},
					.right = {[1] = true, [2] = true},
					.coloured = 3,
					.count = target->count,
					.row = take_row,
					.context = &rows};

	return swk_table_print(line, &table, error);
}

/* `http://…: 5 upstreams: 3 in step, 1 pending, 1 unmanaged`, then the table. */
static int put_target(struct swk_line *line, const struct swk_survey_target *target,
		      struct swk_error *error)
{
	size_t counts[SWK_STANDINGS] = {0};
	const char *between = ": ";
	char text[SWK_TEXT_MAX];

	for (size_t i = 0; i < target->count; i++)
		counts[target->rows[i].standing]++;
	(void)snprintf(text, sizeof(text), ": %zu upstream%s", target->count,
		       target->count == 1 ? "" : "s");
	if (swk_line_end(line, error) || swk_line_put(line, SWK_BOLD, target->name, error) ||
	    swk_line_put(line, NULL, text, error))
		return error->status;
	for (size_t i = 0; i < SWK_STANDINGS; i++) {
		if (!counts[i])
			continue;
		(void)snprintf(text, sizeof(text), "%zu %s", counts[i], swk_standing_words[i]);
		if (swk_line_put(line, NULL, between, error) ||
		    swk_line_put(line, standing_colours[i], text, error))
			return error->status;
		between = ", ";
	}
	if (swk_line_end(line, error))
		return error->status;
	if (*target->trouble &&
	    (swk_line_put(line, target->asked ? SWK_YELLOW : SWK_RED, target->trouble, error) ||
	     swk_line_end(line, error)))
		return error->status;
	return target->count ? put_rows(line, target, error) : 0;
}

/* ---- unpublished services ---- */

static bool take_decision(void *context, size_t place, struct swk_row *row)
{
	static const char *const colours[SWK_OUTCOMES] = {
		[SWK_OUTCOME_SKIPPED] = SWK_YELLOW, [SWK_OUTCOME_HELD_BACK] = SWK_RED};
	const struct swk_decisions *decisions = context;
	const struct swk_decision *decision = &decisions->list[place];

	row->cells[0] = decision->source.name;
	row->cells[1] = *decision->upstream ? decision->upstream : "-";
	row->cells[2] = swk_outcome_words[decision->outcome];
	row->cells[3] = decision->reason;
	row->colour = colours[decision->outcome];
	return true;
}

static int put_unpublished(struct swk_line *line, const struct swk_decisions *decisions,
			   struct swk_error *error)
{
	struct swk_decisions rows = *decisions;
	const struct swk_table table = {
		.columns = 4,
		.titles = {"NOT PUBLISHED", "UPSTREAM", "DECISION", "REASON"},
		.coloured = 2,
		.count = decisions->count,
		.row = take_decision,
		.context = &rows};
	int status = swk_line_end(line, error);

	return status ? status : swk_table_print(line, &table, error);
}

/* ---- the survey ---- */

static int put_hold(struct swk_line *line, const char *on_hold, struct swk_error *error)
{
	static const char advice[] = ": the file stays as it is until 'swk resume'";

	if (swk_line_put(line, SWK_YELLOW, "on hold ", error) ||
	    swk_line_put(line, SWK_YELLOW, on_hold, error) ||
	    swk_line_put(line, NULL, advice, error) || swk_line_end(line, error))
		return error->status;
	return 0;
}

/* The lines about the conf file, and about a hold. */
static int put_head(struct swk_line *line, const struct swk_survey *survey, struct swk_error *error)
{
	const time_t seconds = (time_t)survey->success;
	char text[64] = "never";
	struct tm when;

	if (survey->success && localtime_r(&seconds, &when))
		(void)strftime(text, sizeof(text), "%F %T", &when);
	if (swk_line_put(line, SWK_BOLD, survey->conf, error) ||
	    swk_line_put(line, NULL, ": last successful run: ", error) ||
	    swk_line_put(line, NULL, text, error) || swk_line_end(line, error))
		return error->status;
	return survey->on_hold ? put_hold(line, survey->on_hold, error) : 0;
}

int swk_print_survey(struct swk_buffer *out, const struct swk_survey *survey,
		     const struct swk_print_style *style, struct swk_error *error)
{
	struct swk_line line = {.out = out, .style = style};
	int status = put_head(&line, survey, error);

	for (size_t i = 0; !status && i < survey->target_count; i++)
		status = put_target(&line, &survey->targets[i], error);
	if (status || !survey->unpublished.count)
		return status;
	return put_unpublished(&line, &survey->unpublished, error);
}

/* ---- JSON ---- */

static json_t *row_of(const struct swk_survey_row *row)
{
	return json_pack("{ss, ss, ss, so, so, ss, sb, sb, ss}", "upstream", row->upstream,
			 "service", row->service, "tag", row->tag, "file",
			 row->in_file ? json_integer((json_int_t)row->file) : json_null(), "live",
			 row->seen ? json_integer((json_int_t)row->live) : json_null(), "state",
			 swk_standing_words[row->standing], "pending", row->pending, "kept",
			 row->kept, "detail", row->detail);
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
		const struct swk_decision *decision = &survey->unpublished.list[i];

		(void)json_array_append_new(
			list, json_pack("{ss, ss?, ss, ss}", "service", decision->source.name,
					"upstream", *decision->upstream ? decision->upstream : NULL,
					"decision", swk_outcome_words[decision->outcome], "reason",
					decision->reason));
	}
	return list;
}

/* The notes about what made the survey incomplete, and the warnings. */
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
			  survey->success ? json_integer(survey->success) : json_null(), "on_hold",
			  survey->on_hold, "targets", targets(survey), "unpublished",
			  unpublished(survey), "notes", notes(report));
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	int printed = text ? swk_buffer_print(out, error, "%s\n", text) : swk_error_memory(error);

	json_decref(object);
	free(text);
	return printed;
}
