/* SPDX-License-Identifier: MIT */
#include "base/table.h"

#include <string.h>

int swk_line_put(struct swk_line *line, const char *colour, const char *text,
		 struct swk_error *error)
{
	if (!line->style->colour || !*text)
		colour = NULL;
	if ((colour && swk_buffer_print(line->out, error, "\033[%sm", colour)) ||
	    swk_buffer_print(line->out, error, "%s", text))
		return error->status;
	return colour ? swk_buffer_print(line->out, error, "\033[m") : 0;
}

int swk_line_end(struct swk_line *line, struct swk_error *error)
{
	return swk_buffer_print(line->out, error, "\n");
}

static int put_spaces(struct swk_line *line, size_t count, struct swk_error *error)
{
	static const char spaces[] = "                ";
	const size_t most = sizeof(spaces) - 1;
	int status = 0;

	for (; !status && count; count -= count < most ? count : most)
		status = swk_line_put(line, NULL, &spaces[most - (count < most ? count : most)],
				      error);
	return status;
}

static void widen(size_t widths[SWK_COLUMNS_MAX], const struct swk_table *table,
		  const char *const *cells)
{
	for (size_t i = 0; i < table->columns; i++) {
		size_t length = strlen(cells[i]);

		if (length > widths[i])
			widths[i] = length;
	}
}

/* In the row of titles, each cell has the colour. */
static int put_cells(struct swk_line *line, const struct swk_table *table,
		     const size_t widths[SWK_COLUMNS_MAX], const char *const *cells,
		     const char *colour, struct swk_error *error)
{
	size_t last = table->columns - 1;

	while (last && !*cells[last])
		last--;
	for (size_t i = 0; i <= last; i++) {
		const bool coloured = i == table->coloured || cells == table->titles;
		const size_t padding = widths[i] - strlen(cells[i]);
		const size_t before = (i ? 2 : 0) + (table->right[i] ? padding : 0);
		const size_t after = table->right[i] || i == last ? 0 : padding;

		if (put_spaces(line, before, error) ||
		    swk_line_put(line, coloured ? colour : NULL, cells[i], error) ||
		    put_spaces(line, after, error))
			return error->status;
	}
	return swk_line_end(line, error);
}

int swk_table_print(struct swk_line *line, const struct swk_table *table, struct swk_error *error)
{
	size_t widths[SWK_COLUMNS_MAX] = {0};
	int status;

	widen(widths, table, table->titles);
	for (size_t i = 0; i < table->count; i++) {
		struct swk_row row = {0};

		if (table->row(table->context, i, &row))
			widen(widths, table, row.cells);
	}
	status = put_cells(line, table, widths, table->titles, SWK_BOLD, error);
	for (size_t i = 0; !status && i < table->count; i++) {
		struct swk_row row = {0};

		if (table->row(table->context, i, &row))
			status = put_cells(line, table, widths, row.cells, row.colour, error);
	}
	return status;
}
