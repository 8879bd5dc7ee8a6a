/* SPDX-License-Identifier: MIT */
/* Lines and tables for people, optionally in colour. */
#ifndef SWK_BASE_TABLE_H
#define SWK_BASE_TABLE_H

#include "base/buffer.h"

/* Colours that every terminal has (ECMA-48). */
#define SWK_BOLD "1"
#define SWK_RED "31"
#define SWK_GREEN "32"
#define SWK_YELLOW "33"
#define SWK_CYAN "36"

struct swk_print_style {
	bool colour;
};

struct swk_line {
	struct swk_buffer *out;
	const struct swk_print_style *style;
};

/* Appends text, which must be printable ASCII. `colour` may be NULL. All functions here return 0 or
 * SWK_INTERNAL. */
int swk_line_put(struct swk_line *line, const char *colour, const char *text,
		 struct swk_error *error);
int swk_line_end(struct swk_line *line, struct swk_error *error);

enum { SWK_COLUMNS_MAX = 6 };

struct swk_row {
	const char *cells[SWK_COLUMNS_MAX]; /* valid until the next row */
	const char *colour;		    /* or NULL */
};

struct swk_table {
	size_t columns;
	const char *titles[SWK_COLUMNS_MAX];
	bool right[SWK_COLUMNS_MAX]; /* aligned to the right */
	size_t coloured;	     /* the column that gets the row's colour */
	size_t count;
	/* Fills in a zeroed row; false: omit the row. Called twice for each row. */
	bool (*row)(void *context, size_t place, struct swk_row *row);
	void *context;
};

/* Prints the titles, then one line for each row. */
int swk_table_print(struct swk_line *line, const struct swk_table *table, struct swk_error *error);

#endif
