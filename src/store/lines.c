/* SPDX-License-Identifier: MIT */
#include "store/lines.h"

#include <string.h>

#include "base/limits.h"

static size_t count_lines(const char *text, size_t length)
{
	const char *end = text + length;
	size_t count = 0;

	while ((text = memchr(text, '\n', (size_t)(end - text)))) {
		text++;
		count++;
	}
	return count;
}

size_t swk_lines_read(const char *text, size_t length, const char *head,
		      bool (*take)(void *context, const char *line), swk_lines_take_many *many,
		      void *context, const struct swk_error *error)
{
	char line[SWK_TEXT_MAX];
	const char *at = text ? text : "", *end = at + length, *stop;
	size_t number = 0, length_of_many;
	bool ended = false;

	for (; at < end && !error->status; at = stop + 1) {
		number++;
		stop = memchr(at, '\n', (size_t)(end - at));
		if (ended || !stop || (size_t)(stop - at) >= sizeof(line) ||
		    memchr(at, '\0', (size_t)(stop - at)))
			return number;
		memcpy(line, at, (size_t)(stop - at));
		line[stop - at] = '\0';
		length_of_many = (size_t)(end - stop) - 1;
		if (many && number > 1 && many(context, line, stop + 1, &length_of_many)) {
			number += count_lines(stop + 1, length_of_many);
			stop += length_of_many;
			continue;
		}
		ended = number > 1 && !strcmp(line, "end");
		if (number == 1 ? strcmp(line, head) != 0 : !ended && !take(context, line))
			return number;
	}
	return ended || error->status ? 0 : number + 1;
}
