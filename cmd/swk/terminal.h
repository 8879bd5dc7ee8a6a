/* SPDX-License-Identifier: MIT */
/* Standard output, where it is a terminal. */
#ifndef SWK_TERMINAL_H
#define SWK_TERMINAL_H

#include <stdbool.h>
#include <stddef.h>

/* Whether what stands there can be painted over, and whether colours are welcome: not where
 * NO_COLOR says so (no-color.org), nor either on one that is TERM=dumb. */
bool swk_terminal_paints(void);
bool swk_terminal_colours(void);

/* Its size now; 0 where that is not known. */
void swk_terminal_size(size_t *columns, size_t *rows);

#endif
