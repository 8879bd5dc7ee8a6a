/* SPDX-License-Identifier: MIT */
#include "consul/trim.h"

#include <string.h>

/* ---- JSON in its plainest form: each returns the byte after it, or NULL ---- */

#define DIGITS_MAX 18 /* any number of so many digits is a 64-bit integer to jansson */
#define DEPTH_MAX 4

/* From after the opening quote. */
static const char *skip_string(const char *at)
{
	while (*at >= ' ' && *at <= '~' && *at != '"' && *at != '\\')
		at++;
	return *at == '"' ? at + 1 : NULL;
}

static const char *skip_word(const char *at)
{
	static const char *const words[] = {"null", "true", "false"};
	const size_t digits = strspn(at, "0123456789");

	if (digits)
		return digits <= DIGITS_MAX && (*at != '0' || digits == 1) ? at + digits : NULL;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strncmp(at, words[i], strlen(words[i])))
			return at + strlen(words[i]);
	}
	return NULL;
}

/* From after the opening brace. */
static const char *skip_object(const char *at, unsigned depth)
{
	if (*at == '}')
		return at + 1;
	do {
		at = *at == '"' ? skip_string(at + 1) : NULL;
		if (!at || *at++ != ':')
			return NULL;
		if (*at == '"')
			at = skip_string(at + 1);
		else if (*at == '{')
			at = depth ? skip_object(at + 1, depth - 1) : NULL;
		else
			at = skip_word(at);
	} while (at && *at++ == ',');
	return at && at[-1] == '}' ? at : NULL;
}

/* ---- what nothing reads ---- */

static const char tagged_addresses[] = "TaggedAddresses";

/* Whether a member's name, of which `end` is the closing quote, is or ends in this one. */
static bool has_name(const char *text, const char *end, const char *name)
{
	const size_t length = strlen(name);

	return (size_t)(end - text) >= length && !memcmp(end - length, name, length);
}

static bool is_unread(const char *text, const char *end)
{
	return has_name(text, end, tagged_addresses) || has_name(text, end, "Definition") ||
	       has_name(text, end, "Proxy");
}

const char *swk_trim(struct swk_buffer *room, const char *text, size_t *length, bool tagged)
{
	/* A quote within a string follows a backslash, which no such name ends in. */
	static const char begin[] = "\":{";
	const char *const end = text + *length;
	const char *copied = text, *at = text, *after;
	struct swk_error error = {0};

	swk_buffer_clear(room);
	while ((at = strstr(at, begin))) {
		const char *const name_end = at;

		at += strlen(begin);
		if (!is_unread(text, name_end))
			continue;
		after = skip_object(at, DEPTH_MAX);
		/* Inside, any name may be a tagged address's. */
		if (!after)
			break;
		if (!tagged || !has_name(text, name_end, tagged_addresses)) {
			(void)swk_buffer_add(room, copied, (size_t)(at - copied), &error);
			(void)swk_buffer_add(room, "}", 1, &error);
			copied = after;
		}
		at = after;
	}
	if (copied == text || swk_buffer_add(room, copied, (size_t)(end - copied), &error) ||
	    error.status)
		return text;
	*length = room->length;
	return room->data;
}
