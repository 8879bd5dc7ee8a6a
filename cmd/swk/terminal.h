/* SPDX-License-Identifier: MIT */
/* Standard output as a terminal. */
#ifndef SWK_TERMINAL_H
#define SWK_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether it can be redrawn, and whether colours are welcome. Neither if TERM=dumb; no colours if
 * NO_COLOR is set (no-color.org). */
bool swk_terminal_paints(void);
bool swk_terminal_colours(void);

/* The present size; 0 if not known. */
void swk_terminal_size(size_t *columns, size_t *rows);

#endif
