/* SPDX-License-Identifier: MIT */
#include "view/print.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

#include "base/table.h"

int swk_print_summary(struct swk_buffer *out, const struct swk_report *report,
		      struct swk_error *error)
{
	return swk_buffer_print(out, error,
				"services=%zu upstreams=%zu servers=%zu updated=%zu deleted=%zu "
				"kept=%zu skipped=%zu index=%" PRIu64 " ms=%" PRId64 "\n",
				report->services, report->upstreams, report->servers,
				report->updated, report->deleted, report->counted[SWK_NOTE_KEPT],
				report->counted[SWK_NOTE_SKIPPED], report->index,
				report->milliseconds);
}

int swk_print_differences(struct swk_buffer *out, const struct swk_report *report,
			  struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < report->difference_count; i++) {
		const struct swk_difference *this = &report->differences[i];

		if (this->target)
			status = swk_buffer_print(out, error, "%c %s (%s)\n", this->sign,
						  this->text, this->target);
		else
			status = swk_buffer_print(out, error, "%c %s%s\n", this->sign, this->text,
						  report->on_hold ? " (on hold)" : "");
	}
	return status;
}

static json_t *differences(const struct swk_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->difference_count; i++) {
		const struct swk_difference *difference = &report->differences[i];

		(void)json_array_append_new(
			list, json_pack("{ss%, ss, ss?, sb}", "sign", &difference->sign, (size_t)1,
					"text", difference->text, "target", difference->target,
					"on_hold", report->on_hold && !difference->target));
	}
	return list;
}

static json_t *targets(const struct swk_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->target_count; i++) {
		const struct swk_target_report *target = &report->targets[i];

		(void)json_array_append_new(list,
					    json_pack("{ss, sI, sI, sI}", "target", target->name,
						      "updated", (json_int_t)target->updated,
						      "deleted", (json_int_t)target->deleted,
						      "pending", (json_int_t)target->pending));
	}
	return list;
}

static json_t *notes(const struct swk_report *report)
{
	static const char *const kinds[SWK_NOTE_KINDS] = {
		[SWK_NOTE_DETAIL] = "detail",	    [SWK_NOTE_DUE] = "due",
		[SWK_NOTE_SKIPPED] = "skipped",	    [SWK_NOTE_KEPT] = "kept",
		[SWK_NOTE_FAILOVER] = "failover",   [SWK_NOTE_WARNING] = "warning",
		[SWK_NOTE_HELD_BACK] = "held_back", [SWK_NOTE_UNAVAILABLE] = "unavailable",
		[SWK_NOTE_PENDING] = "pending",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < report->note_count; i++)
		(void)json_array_append_new(list, json_pack("{ss, ss}", "kind",
							    kinds[report->notes[i].kind], "text",
							    report->notes[i].text));
	return list;
}

int swk_print_json(struct swk_buffer *out, const struct swk_report *report, int status,
		   const struct swk_error *failure, struct swk_error *error)
{
	json_t *object = json_pack(
		"{si, ss?, sI, sI, sI, sI, sI, sI, sI, sI, sI, so, so, so}", "status", status,
		"error", failure && failure->status ? failure->text : NULL, "services",
		(json_int_t)report->services, "upstreams", (json_int_t)report->upstreams, "servers",
		(json_int_t)report->servers, "updated", (json_int_t)report->updated, "deleted",
		(json_int_t)report->deleted, "kept", (json_int_t)report->counted[SWK_NOTE_KEPT],
		"skipped", (json_int_t)report->counted[SWK_NOTE_SKIPPED], "index",
		(json_int_t)report->index, "ms", (json_int_t)report->milliseconds, "changes",
		differences(report), "targets", targets(report), "notes", notes(report));
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	int result = text ? swk_buffer_print(out, error, "%s\n", text) : swk_error_memory(error);

	json_decref(object);
	free(text);
	return result;
}

/* ---- the log line ---- */

static const char *outcome(int status, bool dry_run)
{
	if (!status)
		return dry_run ? "dry run" : "in step";
	if (status == SWK_HELD_BACK)
		return "held back";
	if (status == SWK_UNAVAILABLE)
		return "Consul not asked";
	return status == SWK_TEMPFAIL ? "not confirmed" : "failed";
}

static void add_text(struct swk_event_line *line, const char *name, const char *text)
{
	line->fields[line->count++] = (struct swk_log_field){.name = name, .text = text};
}

static void add_number(struct swk_event_line *line, const char *name, uint64_t number)
{
	line->fields[line->count++] =
		(struct swk_log_field){.name = name, .number = (int64_t)number};
}

/* Adds the numbers that only a run that reached its end has. */
static void add_numbers(struct swk_event_line *line, const struct swk_report *report)
{
	add_number(line, "added", swk_report_signed(report, '+'));
	add_number(line, "removed", swk_report_signed(report, '-'));
	add_number(line, "changed", swk_report_signed(report, '~'));
	add_number(line, "upstreams", report->upstreams);
	add_number(line, "servers", report->servers);
	add_number(line, "kept", report->counted[SWK_NOTE_KEPT]);
	add_number(line, "skipped", report->counted[SWK_NOTE_SKIPPED]);
	add_number(line, "updated", report->updated);
	add_number(line, "deleted", report->deleted);
	add_number(line, "pending", swk_report_pending(report));
}

void swk_print_event(struct swk_event_line *line, const struct swk_report *report, bool dry_run,
		     int status, const struct swk_error *failure)
{
	*line = (struct swk_event_line){.level = status ? SWK_LOG_ERROR : SWK_LOG_INFO,
					.text = outcome(status, dry_run)};
	add_text(line, "event", swk_event_words[report->event]);
	if (report->service)
		add_text(line, "service", report->service);
	add_number(line, "status", (uint64_t)status);
	if (failure->status)
		add_text(line, "error", failure->text);
	if (report->on_hold)
		add_number(line, "on_hold", 1);
	if (report->finished)
		add_numbers(line, report);
	add_number(line, "targets", report->target_count);
	if (report->index)
		add_number(line, "index", report->index);
	add_number(line, "duration_ms", (uint64_t)report->milliseconds);
}

/* ---- decisions ---- */

enum { SERVICE, INSTANCE, STATUS, UPSTREAM, DECISION, REASON, COLUMNS };

/* The decisions about one service (NULL: all), and room for a cell. */
struct decision_rows {
	const struct swk_decisions *decisions;
	const char *service;
	char instance[2 * SWK_TEXT_MAX];
};

static bool take_decision(void *context, size_t place, struct swk_row *row)
{
	struct decision_rows *rows = context;
	const struct swk_decision *decision = &rows->decisions->list[place];

	if (rows->service && strcmp(decision->source.name, rows->service) != 0)
		return false;
	(void)snprintf(rows->instance, sizeof(rows->instance), "%s%s%s", decision->instance,
		       *decision->node ? "@" : "", decision->node);
	row->cells[SERVICE] = decision->source.name;
	row->cells[INSTANCE] = rows->instance;
	row->cells[STATUS] = decision->status;
	row->cells[UPSTREAM] = decision->upstream;
	row->cells[DECISION] = swk_outcome_words[decision->outcome];
	row->cells[REASON] = decision->reason;
	for (size_t i = 0; i < REASON; i++) {
		if (!*row->cells[i])
			row->cells[i] = "-";
	}
	return true;
}

int swk_print_decisions(struct swk_buffer *out, const struct swk_decisions *decisions,
			const char *service, struct swk_error *error)
{
	static const struct swk_print_style plain = {0};
	struct decision_rows rows = {.decisions = decisions, .service = service};
	const struct swk_table table = {
		.columns = COLUMNS,
		.titles = {"SERVICE", "INSTANCE", "STATUS", "UPSTREAM", "DECISION", "REASON"},
		.count = decisions->count,
		.row = take_decision,
		.context = &rows};
	struct swk_line line = {.out = out, .style = &plain};

	return swk_table_print(&line, &table, error);
}
