/* SPDX-License-Identifier: MIT */
/* Lines and tables for people: in colour, and cut off where a terminal ends. */
#ifndef SWK_BASE_TABLE_H
#define SWK_BASE_TABLE_H

#include "base/buffer.h"

/* Colours as any terminal has them (ECMA-48). */
#define SWK_BOLD "1"
#define SWK_RED "31"
#define SWK_GREEN "32"
#define SWK_YELLOW "33"
#define SWK_CYAN "36"

struct swk_print_style {
	bool colour;
	size_t width; /* columns that there are; what is beyond is cut off; 0: nothing is */
};

struct swk_line {
	struct swk_buffer *out;
	const struct swk_print_style *style;
	size_t used; /* columns */
};

/* Adds text, which is printable ASCII, as far as there is room; `colour` may be NULL. */
int swk_line_put(struct swk_line *line, const char *colour, const char *text,
		 struct swk_error *error);
int swk_line_end(struct swk_line *line, struct swk_error *error);

enum { SWK_COLUMNS_MAX = 6 };

struct swk_row {
	const char *cells[SWK_COLUMNS_MAX]; /* good until the next is asked for */
	const char *colour;		    /* or NULL */
};

struct swk_table {
	size_t columns;
	const char *titles[SWK_COLUMNS_MAX];
	bool right[SWK_COLUMNS_MAX]; /* numbers */
	size_t coloured;	     /* the column that has the row's colour */
	size_t count;
	/* Fills in a zeroed row, of this place; false: it isn't shown. Each is asked for twice. */
	bool (*row)(void *context, size_t place, struct swk_row *row);
	void *context;
};

/* The titles, and a line a row. */
int swk_table_print(struct swk_line *line, const struct swk_table *table, struct swk_error *error);

#endif
