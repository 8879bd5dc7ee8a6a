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

/* Rejects what swk_result_write can't have written. */
static bool take_message(char *message, const char *text)
{
	char escaped[SWK_TEXT_MAX];

	swk_text_escape(escaped, sizeof(escaped), text);
	if (!*text || strlen(text) > SWK_RESULT_MAX || strcmp(escaped, text) != 0)
		return false;
	memcpy(message, text, strlen(text) + 1);
	return true;
}

struct reading {
	struct swk_result *result;
	size_t lines; /* after the head */
};

/* The lines have a fixed order. The last is optional. */
static bool read_line(void *context, const char *line)
{
	static const char *const words[] = {"hash ", "serving ", "status ", "message "};
	struct reading *reading = context;
	struct swk_result *result = reading->result;
	const size_t number = reading->lines++;
	const char *text;

	if (number >= sizeof(words) / sizeof(*words) ||
	    strncmp(line, words[number], strlen(words[number])) != 0)
		return false;
	text = line + strlen(words[number]);
	switch (number) {
	case 0:
		return take_hash(&result->hash, text);
	case 1:
		return take_hash(&result->serving, text);
	case 2:
		return take_status(&result->status, text);
	default:
		return take_message(result->message, text);
	}
}

size_t swk_result_read(struct swk_result *result, const char *text, size_t length)
{
	const struct swk_error none = {0};
	struct reading reading = {result, 0};
	size_t damaged;

	*result = (struct swk_result){0};
	damaged = swk_lines_read(text, length, head, read_line, NULL, &reading, &none);
	if (!damaged && reading.lines < 3)
		damaged = reading.lines + 2;
	if (damaged)
		*result = (struct swk_result){0};
	return damaged;
}
