/* SPDX-License-Identifier: MIT */
#include "view/page/html.h"

#include <stdarg.h>
#include <string.h>
#include <time.h>

#include "base/number.h"

static void put_bytes(struct swk_html *html, const char *text, size_t length)
{
	(void)swk_buffer_add(html->out, text, length, html->error);
}

static const char *entity(char letter)
{
	switch (letter) {
	case '&':
		return "&amp;";
	case '<':
		return "&lt;";
	case '>':
		return "&gt;";
	case '"':
		return "&quot;";
	case '\'':
		return "&#39;";
	default:
		return NULL;
	}
}

/* Letters that need no escape. */
static size_t plain_length(const char *text)
{
	size_t length = 0;

	while (text[length] >= ' ' && text[length] <= '~' && !entity(text[length]))
		length++;
	return length;
}

static void put_letter(struct swk_html *html, char letter)
{
	const char text[] = {letter, '\0'}, *named = entity(letter);
	char escaped[sizeof("\\x00")];

	swk_text_escape(escaped, sizeof(escaped), text);
	if (!named)
		named = escaped;
	put_bytes(html, named, strlen(named));
}

static void put_text(struct swk_html *html, const char *text)
{
	while (*text && !html->error->status) {
		size_t length = plain_length(text);

		put_bytes(html, text, length);
		text += length;
		if (*text)
			put_letter(html, *text++);
	}
}

static void put_number(struct swk_html *html, uint64_t number)
{
	char text[SWK_NUMBER_MAX];

	put_text(html, swk_number_text(text, number));
}

/* Appends one argument, and returns what follows its place in the format. */
static const char *put_argument(struct swk_html *html, const char *place, va_list *arguments)
{
	const char *text;

	switch (*place) {
	case 's':
		text = va_arg(*arguments, const char *);
		put_text(html, text ? text : "");
		return place + 1;
	case 'u':
		put_number(html, va_arg(*arguments, unsigned));
		return place + 1;
	default: /* zu */
		put_number(html, va_arg(*arguments, size_t));
		return place + 2;
	}
}

void swk_html_put(struct swk_html *html, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	while (*format && !html->error->status) {
		size_t length = strcspn(format, "%");

		put_bytes(html, format, length);
		format += length;
		if (*format)
			format = put_argument(html, format + 1, &arguments);
	}
	va_end(arguments);
}

void swk_html_time(struct swk_html *html, int64_t seconds)
{
	const time_t when = (time_t)seconds;
	char date[32], clock[16];
	struct tm parts;

	if (!seconds || !gmtime_r(&when, &parts) || !strftime(date, sizeof(date), "%F", &parts) ||
	    !strftime(clock, sizeof(clock), "%T", &parts)) {
		swk_html_put(html, "<span class=\"none\">&#8211;</span>");
		return;
	}
	swk_html_put(html, "<time datetime=\"%sT%sZ\">%s %s</time>", date, clock, date, clock);
}
