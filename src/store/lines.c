/* SPDX-License-Identifier: MIT */
#include "store/lines.h"

#include <string.h>

#include "base/limits.h"

size_t swk_lines_read(const char *text, size_t length, const char *head,
		      bool (*take)(void *context, const char *line), swk_lines_take_many *many,
		      void *context, const struct swk_error *error)
{
	char line[SWK_TEXT_MAX];
	const char *at = text ? text : "", *end = at + length, *stop;
	size_t number = 0, taken;
	bool ended = false;

	for (; at < end && !error->status; at = stop + 1) {
		taken = 0;
		if (many && number && !ended)
			number += many(context, at, (size_t)(end - at), &taken);
		at += taken;
		if (at == end)
			break;
		number++;
		stop = memchr(at, '\n', (size_t)(end - at));
		if (ended || !stop || (size_t)(stop - at) >= sizeof(line) ||
		    memchr(at, '\0', (size_t)(stop - at)))
			return number;
		memcpy(line, at, (size_t)(stop - at));
		line[stop - at] = '\0';
		ended = number > 1 && !strcmp(line, "end");
		if (number == 1 ? strcmp(line, head) != 0 : !ended && !take(context, line))
			return number;
	}
	return ended || error->status ? 0 : number + 1;
}
