/* SPDX-License-Identifier: MIT */
#include "consul/stream.h"

#include <stdio.h>
#include <string.h>

/* What the next byte may be. */
enum state {
	REFUSED, /* not a state: the byte is not allowed here */
	AT_START,
	AT_FIRST_ELEMENT, /* an element or `]` */
	AT_ELEMENT,	  /* an element */
	AFTER_ELEMENT,	  /* `,` or `]` */
	AT_FIRST_KEY,	  /* a key or `}` */
	AT_KEY,		  /* a key */
	AT_COLON,
	AT_VALUE,
	AFTER_VALUE, /* `,` or `}` */
	AFTER_N,     /* the letters of `null` in turn */
	AFTER_NU,
	AFTER_NUL,
	AT_END,
	IN_ELEMENT, /* these three end with the element, not through `follows` */
	IN_KEY,
	IN_VALUE,
	STATES
};

/* What a byte means to the framing. */
enum class {
	OTHER, /* may begin a number or a word */
	LETTER_N,
	LETTER_U,
	LETTER_L,
	QUOTE,
	BEGIN_ARRAY,
	BEGIN_OBJECT,
	END_ARRAY,
	END_OBJECT,
	COMMA,
	COLON,
	BLANK,
	NOTHING, /* a NUL */
	CLASSES
};

static const unsigned char classes[256] = {
	['n'] = LETTER_N,    ['u'] = LETTER_U,	   ['l'] = LETTER_L,  ['"'] = QUOTE,
	['['] = BEGIN_ARRAY, ['{'] = BEGIN_OBJECT, [']'] = END_ARRAY, ['}'] = END_OBJECT,
	[','] = COMMA,	     [':'] = COLON,	   [' '] = BLANK,     ['\t'] = BLANK,
	['\r'] = BLANK,	     ['\n'] = BLANK,	   ['\0'] = NOTHING,
};

#define ANY_VALUE(state)                                                                           \
	[OTHER] = (state), [LETTER_N] = (state), [LETTER_U] = (state), [LETTER_L] = (state),       \
	[QUOTE] = (state), [BEGIN_ARRAY] = (state), [BEGIN_OBJECT] = (state)

/* The next state. A pair that is not listed here is refused. */
static const unsigned char follows[STATES][CLASSES] = {
	[AT_START] = {[BLANK] = AT_START,
		      [BEGIN_ARRAY] = AT_FIRST_ELEMENT,
		      [BEGIN_OBJECT] = AT_FIRST_KEY,
		      [LETTER_N] = AFTER_N},
	[AT_FIRST_ELEMENT] =
		{[BLANK] = AT_FIRST_ELEMENT, [END_ARRAY] = AT_END, ANY_VALUE(IN_ELEMENT)},
	[AT_ELEMENT] = {[BLANK] = AT_ELEMENT, ANY_VALUE(IN_ELEMENT)},
	[AFTER_ELEMENT] = {[BLANK] = AFTER_ELEMENT, [COMMA] = AT_ELEMENT, [END_ARRAY] = AT_END},
	[AT_FIRST_KEY] = {[BLANK] = AT_FIRST_KEY, [QUOTE] = IN_KEY, [END_OBJECT] = AT_END},
	[AT_KEY] = {[BLANK] = AT_KEY, [QUOTE] = IN_KEY},
	[AT_COLON] = {[BLANK] = AT_COLON, [COLON] = AT_VALUE},
	[AT_VALUE] = {[BLANK] = AT_VALUE, ANY_VALUE(IN_VALUE)},
	[AFTER_VALUE] = {[BLANK] = AFTER_VALUE, [COMMA] = AT_KEY, [END_OBJECT] = AT_END},
	[AFTER_N] = {[LETTER_U] = AFTER_NU},
	[AFTER_NU] = {[LETTER_L] = AFTER_NUL},
	[AFTER_NUL] = {[LETTER_L] = AT_END},
	[AT_END] = {[BLANK] = AT_END},
};

void swk_stream_init(struct swk_stream *stream)
{
	*stream = (struct swk_stream){.state = AT_START, .line = 1};
	swk_buffer_init(&stream->element, SWK_ELEMENT_MAX);
}

void swk_stream_free(struct swk_stream *stream)
{
	swk_buffer_free(&stream->element);
}

/* ---- within an element ---- */

static bool in_element(const struct swk_stream *stream)
{
	return stream->state >= IN_ELEMENT;
}

static void begin(struct swk_stream *stream, char byte)
{
	stream->scalar = byte != '{' && byte != '[' && byte != '"';
	stream->depth = 0;
	stream->first = byte;
	stream->in_string = stream->escaped = stream->too_large = false;
	stream->start = stream->line;
	swk_buffer_clear(&stream->element);
}

/* The bytes outside strings that matter to the framing. */
static const char between_strings[256] = {
	['"'] = 1, ['{'] = 1, ['['] = 1, ['}'] = 1, [']'] = 1, ['\n'] = 1};

/*
 * Continues a string at `data`. Returns the byte after it, or `end` if it does not end here. A
 * quote after an odd number of backslashes does not end it. *escaped: the next byte follows such a
 * backslash.
 */
static const char *scan_string(const char *data, const char *end, bool *ended, bool *escaped)
{
	const char *quote, *stop, *backslash;

	do {
		data += *escaped;
		quote = memchr(data, '"', (size_t)(end - data));
		stop = quote ? quote : end;
		for (backslash = stop; backslash > data && backslash[-1] == '\\'; backslash--)
			;
		*escaped = (stop - backslash) % 2;
		data = stop;
	} while (quote && *escaped);
	*ended = quote;
	return quote ? quote + 1 : end;
}

/* Continues an element at `data`. Returns how many bytes belong to it. *ended: they include its
 * last byte. */
static size_t scan(struct swk_stream *stream, const char *data, size_t length, bool *ended)
{
	const char *at = data, *const end = data + length;
	size_t depth = stream->depth;
	bool string_ended;

	*ended = false;
	while (!*ended && at < end) {
		if (stream->in_string) {
			at = scan_string(at, end, &string_ended, &stream->escaped);
			stream->in_string = !string_ended;
			*ended = string_ended && !depth;
			continue;
		}
		while (at < end && !between_strings[(unsigned char)*at])
			at++;
		if (at == end)
			break;
		switch (*at++) {
		case '"':
			stream->in_string = true;
			break;
		case '\n':
			stream->line++;
			break;
		case '{':
		case '[':
			depth++;
			break;
		default:
			*ended = !--depth;
		}
	}
	stream->depth = depth;
	return (size_t)(at - data);
}

/* The same for a number or a word, which ends before the first byte that can't belong to it. */
static size_t scan_scalar(const char *data, size_t length, bool *ended)
{
	size_t i;

	for (i = 0; i < length && !strchr(",]} \t\r\n", data[i]); i++)
		;
	*ended = i < length;
	return i;
}

/* Passes on the complete element. */
static int end(struct swk_stream *stream, struct swk_error *error)
{
	static const struct {
		enum swk_stream_part part;
		enum state next;
	} ends[STATES] = {
		[IN_ELEMENT] = {SWK_STREAM_ELEMENT, AFTER_ELEMENT},
		[IN_KEY] = {SWK_STREAM_KEY, AT_COLON},
		[IN_VALUE] = {SWK_STREAM_VALUE, AFTER_VALUE},
	};
	enum swk_stream_part part = ends[stream->state].part;
	int status;

	stream->state = (unsigned char)ends[stream->state].next;
	status = stream->take(stream->context, part, error);
	stream->number += part != SWK_STREAM_KEY;
	return status;
}

static int continue_element(struct swk_stream *stream, const char *data, size_t length,
			    size_t *used, struct swk_error *error)
{
	bool ended;

	*used = stream->scalar ? scan_scalar(data, length, &ended)
			       : scan(stream, data, length, &ended);
	stream->length += *used;
	if (stream->element.length + *used > SWK_ELEMENT_MAX)
		stream->too_large = true;
	else if (swk_buffer_add(&stream->element, data, *used, error))
		return error->status;
	return ended ? end(stream, error) : 0;
}

/* ---- between elements ---- */

static int refuse_byte(struct swk_stream *stream, char byte, struct swk_error *error)
{
	static const char *const expected[STATES] = {
		[AT_START] = "an array or an object",
		[AT_FIRST_ELEMENT] = "an instance or ']'",
		[AT_ELEMENT] = "an instance",
		[AFTER_ELEMENT] = "',' or ']'",
		[AT_FIRST_KEY] = "a name or '}'",
		[AT_KEY] = "a name",
		[AT_COLON] = "':'",
		[AT_VALUE] = "a value",
		[AFTER_VALUE] = "',' or '}'",
		[AFTER_N] = "null",
		[AFTER_NU] = "null",
		[AFTER_NUL] = "null",
		[AT_END] = "the end",
	};
	char shown[8] = {byte};

	if (byte <= ' ' || byte > '~')
		(void)snprintf(shown, sizeof(shown), "\\x%02x", (unsigned char)byte);
	if (stream->state == AT_START && byte == 'n')
		return swk_error_set(error, SWK_DATA,
				     "line %zu: this looks like null, which is the document of a "
				     "'key' or 'keyprefix' watch that finds no key; %s",
				     stream->line, stream->accepted);
	return swk_error_set(
		error, SWK_DATA,
		"line %zu, byte %zu: this is not a watch's document: expected %s, found %s",
		stream->line, stream->length + 1, expected[stream->state], shown);
}

/* Takes one byte. If it begins an element, does not count it: continue_element takes it again. */
static int take_byte(struct swk_stream *stream, char byte, struct swk_error *error)
{
	const enum class class = classes[(unsigned char)byte];
	enum state next = follows[stream->state][class];

	if (next == AFTER_N && !stream->null_allowed)
		next = REFUSED;
	if (next == REFUSED)
		return refuse_byte(stream, byte, error);
	stream->line += byte == '\n';
	stream->object |= next == AT_FIRST_KEY;
	stream->begun |= next != AT_START;
	stream->ended = next == AT_END;
	stream->state = (unsigned char)next;
	if (in_element(stream))
		begin(stream, byte);
	else
		stream->length++;
	return 0;
}

int swk_stream_feed(struct swk_stream *stream, const char *data, size_t length,
		    struct swk_error *error)
{
	size_t at = 0, used;
	int status = 0;

	if (length > SWK_DOCUMENT_MAX - stream->length)
		return swk_error_set(error, SWK_DATA, "the document is larger than %lu MiB",
				     SWK_DOCUMENT_MAX >> 20);
	while (!status && at < length) {
		used = 0;
		if (!in_element(stream)) {
			status = take_byte(stream, data[at], error);
			used = !in_element(stream);
		} else {
			status = continue_element(stream, data + at, length - at, &used, error);
		}
		at += used;
	}
	return status;
}
