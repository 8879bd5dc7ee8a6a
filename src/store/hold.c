/* SPDX-License-Identifier: MIT */
#include "store/hold.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "store/lines.h"

static const char head[] = "swk hold 1";

int swk_hold_set(struct swk_hold *hold, int64_t since, const char *holder, const char *reason,
		 struct swk_error *error)
{
	char text[SWK_TEXT_MAX];

	*hold = (struct swk_hold){.since = since};
	swk_text_escape(hold->holder, sizeof(hold->holder), holder ? holder : "");
	swk_text_escape(text, sizeof(text), reason ? reason : "");
	if (strlen(text) >= sizeof(hold->reason))
		return swk_error_set(error, SWK_USAGE,
				     "the reason is longer than %zu characters (a character that "
				     "is not ASCII counts as several)",
				     sizeof(hold->reason) - 1);
	memcpy(hold->reason, text, strlen(text) + 1);
	return 0;
}

int swk_hold_write(struct swk_buffer *out, const struct swk_hold *hold, struct swk_error *error)
{
	if (swk_buffer_print(out, error, "%s\nsince %" PRId64 "\n", head, hold->since) ||
	    (*hold->holder && swk_buffer_print(out, error, "by %s\n", hold->holder)) ||
	    (*hold->reason && swk_buffer_print(out, error, "reason %s\n", hold->reason)))
		return error->status;
	return swk_buffer_print(out, error, "end\n");
}

/* Rejects what swk_hold_write can't have written. */
static bool take_text(char *out, size_t size, const char *text)
{
	char escaped[SWK_TEXT_MAX];

	swk_text_escape(escaped, sizeof(escaped), text);
	if (*out || !*text || strlen(text) >= size || strcmp(escaped, text) != 0)
		return false;
	memcpy(out, text, strlen(text) + 1);
	return true;
}

static bool take_since(struct swk_hold *hold, const char *text)
{
	size_t digits = strspn(text, "0123456789");

	if (hold->since || !digits || text[digits])
		return false;
	errno = 0;
	hold->since = strtoll(text, NULL, 10);
	return !errno;
}

static bool read_line(void *context, const char *line)
{
	struct swk_hold *hold = context;

	if (!strncmp(line, "since ", 6))
		return take_since(hold, line + 6);
	if (!strncmp(line, "by ", 3))
		return take_text(hold->holder, sizeof(hold->holder), line + 3);
	if (!strncmp(line, "reason ", 7))
		return take_text(hold->reason, sizeof(hold->reason), line + 7);
	return false;
}

size_t swk_hold_read(struct swk_hold *hold, const char *text, size_t length)
{
	const struct swk_error none = {0};
	size_t damaged;

	*hold = (struct swk_hold){0};
	damaged = swk_lines_read(text, length, head, read_line, NULL, hold, &none);
	if (damaged)
		*hold = (struct swk_hold){0};
	return damaged;
}

int swk_hold_describe(struct swk_buffer *out, const struct swk_hold *hold, struct swk_error *error)
{
	time_t since = (time_t)hold->since;
	char when[64];
	struct tm parts;

	if (!gmtime_r(&since, &parts) ||
	    !strftime(when, sizeof(when), "%Y-%m-%dT%H:%M:%SZ", &parts))
		(void)snprintf(when, sizeof(when), "an unknown time");
	return swk_buffer_print(out, error, "since %s%s%s%s%s%s", when, *hold->holder ? " by " : "",
				hold->holder, *hold->reason ? " (" : "", hold->reason,
				*hold->reason ? ")" : "");
}
