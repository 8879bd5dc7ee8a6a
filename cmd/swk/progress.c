/* SPDX-License-Identifier: MIT */
#include "progress.h"

#include <stdio.h>
#include <string.h>

#include "terminal.h"
#include "base/deadline.h"

void swk_progress_begin(struct swk_progress *progress, const struct swk_log *log)
{
	*progress = (struct swk_progress){
		.log = log, .began = swk_now_ms(), .paints = swk_terminal_paints()};
}

int64_t swk_progress_seconds(const struct swk_progress *progress)
{
	return (swk_now_ms() - progress->began) / 1000;
}

/* Repaints the line. Truncates the text to the width, because a wrapped line can't be repainted. */
static void paint(const char *line)
{
	size_t columns, rows;

	swk_terminal_size(&columns, &rows);
	(void)printf("\r\033[K%.*s", columns ? (int)columns - 1 : SWK_TEXT_MAX, line);
	(void)fflush(stdout);
}

void swk_progress_show(struct swk_progress *progress, const char *text)
{
	char line[SWK_TEXT_MAX + 32];

	(void)snprintf(line, sizeof(line), "%lld s: %s", (long long)swk_progress_seconds(progress),
		       text);
	if (progress->paints)
		paint(line);
	else if (strcmp(progress->shown, text) != 0)
		swk_log_line(progress->log, SWK_LOG_INFO, line);
	(void)snprintf(progress->shown, sizeof(progress->shown), "%s", text);
}

void swk_progress_late(struct swk_progress *progress, const char *text)
{
	/* That time is what a host needs. */
	if (swk_now_ms() - progress->began >= SWK_RELOADING_MS + SWK_PROGRESS_AFTER_MS)
		swk_progress_show(progress, text);
}

void swk_progress_end(const struct swk_progress *progress)
{
	if (!progress->paints)
		return;
	(void)printf("\r\033[K");
	(void)fflush(stdout);
}
