/* SPDX-License-Identifier: MIT */
#include "store/result.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "store/lines.h"

static const char head[] = "swk result 1";

int swk_result_write(struct swk_buffer *out, const struct swk_result *result,
		     struct swk_error *error)
{
	char text[sizeof(result->message)];

	swk_text_escape(text, sizeof(text), result->message);
	return swk_buffer_print(out, error,
				"%s\nhash %016" PRIx64 "\nserving %016" PRIx64
				"\nstatus %d\n%s%s%send\n",
				head, result->hash, result->serving, result->status,
				*text ? "message " : "", text, *text ? "\n" : "");
}

static bool take_hash(uint64_t *hash, const char *text)
{
	if (strspn(text, "0123456789abcdef") != 16 || text[16])
		return false;
	*hash = strtoull(text, NULL, 16);
	return true;
}

static bool take_status(int *status, const char *text)
{
	const int known[] = {0, SWK_DATA, SWK_TEMPFAIL};
	char number[8];

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++) {
		(void)snprintf(number, sizeof(number), "%d", known[i]);
		if (strcmp(number, text) != 0)
			continue;
		*status = known[i];
		return true;
	}
	return false;
}

static bool read_line(void *context, const char *line)
{
	struct swk_result *result = context;

	if (!strncmp(line, "hash ", 5))
		return take_hash(&result->hash, line + 5);
	if (!strncmp(line, "serving ", 8))
		return take_hash(&result->serving, line + 8);
	if (!strncmp(line, "status ", 7))
		return take_status(&result->status, line + 7);
	if (strncmp(line, "message ", 8) != 0 || strlen(line + 8) > SWK_RESULT_MAX)
		return false;
	swk_text_escape(result->message, sizeof(result->message), line + 8);
	return true;
}

size_t swk_result_read(struct swk_result *result, const char *text, size_t length)
{
	const struct swk_error none = {0};
	size_t damaged;

	*result = (struct swk_result){0};
	damaged = swk_lines_read(text, length, head, read_line, NULL, result, &none);
	if (damaged)
		*result = (struct swk_result){0};
	return damaged;
}
