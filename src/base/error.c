/* SPDX-License-Identifier: MIT */
#include "base/error.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

void swk_text_escape(char *out, size_t size, const char *text)
{
	static const char hex[] = "0123456789abcdef";
	size_t used = 0;

	for (; *text; text++) {
		unsigned char byte = (unsigned char)*text;

		if (byte >= 0x20 && byte < 0x7f) {
			if (used + 1 >= size)
				break;
			out[used++] = (char)byte;
			continue;
		}
		if (used + 4 >= size)
			break;
		out[used++] = '\\';
		out[used++] = 'x';
		out[used++] = hex[byte >> 4];
		out[used++] = hex[byte & 15];
	}
	out[used] = '\0';
}

bool swk_text_is_public(const char *text)
{
	for (const char *colon = text; (colon = strchr(colon, ':')) != NULL;) {
		if (!strchr("/0123456789", *++colon))
			return false;
	}
	return !strchr(text, '@');
}

int swk_error_set(struct swk_error *error, int status, const char *format, ...)
{
	char raw[SWK_TEXT_MAX];
	va_list arguments;

	if (error->status)
		return error->status;
	va_start(arguments, format);
	if (vsnprintf(raw, sizeof(raw), format, arguments) < 0)
		raw[0] = '\0';
	va_end(arguments);
	swk_text_escape(error->text, sizeof(error->text), raw);
	error->status = status;
	return status;
}

void swk_error_add(struct swk_error *error, const char *text)
{
	size_t used = strlen(error->text);

	if (error->status)
		(void)snprintf(error->text + used, sizeof(error->text) - used, "%s", text);
}
