/* SPDX-License-Identifier: MIT */
#include "terminal.h"

#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

bool swk_terminal_paints(void)
{
	const char *term = getenv("TERM");

	return isatty(STDOUT_FILENO) && term && *term && strcmp(term, "dumb") != 0;
}

bool swk_terminal_colours(void)
{
	const char *none = getenv("NO_COLOR");

	return swk_terminal_paints() && (!none || !*none);
}

void swk_terminal_size(size_t *columns, size_t *rows)
{
	struct winsize window = {0};

	*columns = *rows = 0;
	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &window))
		return;
	*columns = window.ws_col;
	*rows = window.ws_row;
}
