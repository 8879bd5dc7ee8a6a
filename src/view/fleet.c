/* SPDX-License-Identifier: MIT */
#include "view/fleet.h"

#include <stdio.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/number.h"

static bool has_answered(const struct swk_fleet_row *row)
{
	return row->standing != SWK_FLEET_SILENT;
}

/* ---- the table ---- */

/* Room for the cells of one row. */
struct rows {
	const struct swk_fleet_view *view;
	char node[SWK_TEXT_MAX], answer[32], pending[SWK_NUMBER_MAX];
};

static const char *detail_of(const struct swk_fleet_row *row)
{
	if (!has_answered(row))
		return row->host.alive == SWK_FLEET_CRITICAL ? "its agent has failed" : "";
	return row->ack.reason;
}

static const char *colour_of(const struct swk_fleet_row *row)
{
	if (!has_answered(row) || row->ack.pending)
		return SWK_RED;
	return row->ack.on_hold ? SWK_YELLOW : SWK_GREEN;
}

static bool take_row(void *context, size_t place, struct swk_row *cells)
{
	struct rows *rows = context;
	const struct swk_fleet_row *row = &rows->view->fleet->rows[place];
	const int64_t took = row->answered - rows->view->asked;

	swk_text_escape(rows->node, sizeof(rows->node), row->host.node);
	(void)snprintf(rows->answer, sizeof(rows->answer), "%lld.%03lld s", (long long)took / 1000,
		       (long long)took % 1000);
	cells->cells[0] = rows->node;
	cells->cells[1] = row->host.check ? swk_fleet_words[row->host.check] : "-";
	cells->cells[2] = has_answered(row) ? rows->answer : "none";
	cells->cells[3] =
		has_answered(row) ? swk_number_text(rows->pending, row->ack.pending) : "?";
	cells->cells[4] = !has_answered(row) ? "?" : row->ack.on_hold ? "yes" : "no";
	cells->cells[5] = detail_of(row);
	cells->colour = colour_of(row);
	return true;
}

int swk_print_fleet(struct swk_buffer *out, const struct swk_fleet_view *view,
		    const struct swk_print_style *style, struct swk_error *error)
{
	struct rows rows = {.view = view};
	struct swk_line line = {out, style};
	const struct swk_table table = {
		.columns = 6,
		.titles = {"HOST", "CHECK", "ANSWER", "PENDING", "ON HOLD", "DETAIL"},
		.right = {[2] = true, [3] = true},
		.coloured = 2,
		.count = view->fleet->count,
		.row = take_row,
		.context = &rows};

	return swk_table_print(&line, &table, error);
}

/* ---- JSON ---- */

/* The word of a check's status; null without a check. */
static json_t *word_of(enum swk_fleet_status status)
{
	return status ? json_string(swk_fleet_words[status]) : json_null();
}

static json_t *host_of(const struct swk_fleet_row *row, int64_t asked)
{
	const bool answered = has_answered(row);
	char node[SWK_TEXT_MAX], address[SWK_TEXT_MAX];

	swk_text_escape(node, sizeof(node), row->host.node);
	swk_text_escape(address, sizeof(address), row->host.address);
	return json_pack("{ss, ss, so, so, so, so, so, ss, ss}", "host", node, "address", address,
			 "check", word_of(row->host.check), "agent", word_of(row->host.alive),
			 "answer_ms", answered ? json_integer(row->answered - asked) : json_null(),
			 "pending",
			 answered ? json_integer((json_int_t)row->ack.pending) : json_null(),
			 "on_hold", answered ? json_boolean(row->ack.on_hold) : json_null(),
			 "version", row->ack.version, "detail", detail_of(row));
}

int swk_print_fleet_json(struct swk_buffer *out, const struct swk_fleet_view *view,
			 struct swk_error *error)
{
	json_t *hosts = json_array(), *object;
	char *text;
	int status;

	for (size_t i = 0; i < view->fleet->count; i++)
		(void)json_array_append_new(hosts, host_of(&view->fleet->rows[i], view->asked));
	object = json_pack("{si, ss?, so}", "status", view->result, "error", view->trouble, "hosts",
			   hosts);
	text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	status = text ? swk_buffer_print(out, error, "%s\n", text) : swk_error_memory(error);
	json_decref(object);
	free(text);
	return status;
}
