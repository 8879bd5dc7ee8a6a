/* SPDX-License-Identifier: MIT */
/* What standard output can do, if it is a terminal. */
#ifndef SWK_TERMINAL_H
#define SWK_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether a line can be repainted, and whether to use colours. Neither if TERM=dumb; no colours if
 * NO_COLOR is set (no-color.org). */
bool swk_terminal_paints(void);
bool swk_terminal_colours(void);

/* The size in characters; 0: not known. */
void swk_terminal_size(size_t *columns, size_t *rows);

#endif
