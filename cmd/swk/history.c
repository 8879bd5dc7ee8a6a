/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <time.h>

#include "commands.h"
#include "run/history.h"
#include "store/entry.h"
#include "view/history.h"

static int64_t clock_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

int swk_read_point(struct swk_change_point *point, const char *text, const char *option,
		   struct swk_error *error)
{
	if (swk_change_point_read(point, text, clock_ms()))
		return 0;
	return swk_error_set(error, SWK_USAGE,
			     "--%s: '%s' is not a number of a change, a time such as "
			     "2026-11-21T18:47:00Z, or a duration such as 10m",
			     option, text);
}

/* Whether a change is as new as the operator wants. */
static bool is_recent(const struct swk_change *change, const struct swk_change_point *since)
{
	return since->number ? change->number >= since->number : change->time >= since->from;
}

static int show(const struct swk_options *options, const struct swk_changes *changes,
		const struct swk_change_point *since, size_t *shown, struct swk_error *error)
{
	char escaped[SWK_TEXT_MAX];
	const char *name = options->word ? escaped : NULL;
	struct swk_buffer text;
	int status = 0;

	/* As the journal has it. */
	swk_text_escape(escaped, sizeof(escaped), options->word ? options->word : "");
	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	for (size_t i = 0; !status && i < changes->count; i++) {
		const struct swk_change *this = &changes->list[i];

		if (!is_recent(this, since) || !swk_history_matches(this, name))
			continue;
		swk_buffer_clear(&text);
		status = options->json ? swk_entry_write(&text, this, error)
				       : swk_print_change(&text, this, name, error);
		if (!status)
			(void)fwrite(text.data, 1, text.length, stdout);
		++*shown;
	}
	swk_buffer_free(&text);
	(void)fflush(stdout); /* messages on standard error must follow it */
	return status;
}

/* Logs why there may be less than the operator expects. */
static void say_what_is_missing(const struct swk_options *options, size_t damaged, size_t shown,
				const struct swk_log *log)
{
	char text[SWK_TEXT_MAX];

	if (damaged) {
		(void)snprintf(text, sizeof(text),
			       "%s.journal: %zu line%s cannot be read, and %s left out",
			       options->settings.conf, damaged, damaged == 1 ? "" : "s",
			       damaged == 1 ? "is" : "are");
		swk_log_line(log, SWK_LOG_WARNING, text);
	}
	if (shown)
		return;
	(void)snprintf(text, sizeof(text), "%s.journal has no such change%s",
		       options->settings.conf,
		       options->settings.journal_size ? ""
						      : ", because journal_size is 0 in the "
							"settings");
	swk_log_line(log, SWK_LOG_WARNING, text);
}

int swk_history_command(struct swk_options *options, const struct swk_log *log)
{
	struct swk_change_point since = {0};
	struct swk_changes changes = {0};
	struct swk_error error = {0};
	size_t shown = 0;

	if ((options->since && swk_read_point(&since, options->since, "since", &error)) ||
	    swk_history_read(options->settings.conf, &changes, &error) ||
	    show(options, &changes, &since, &shown, &error))
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	else
		say_what_is_missing(options, changes.damaged, shown, log);
	swk_changes_free(&changes);
	return error.status;
}
