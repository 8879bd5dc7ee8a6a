/* SPDX-License-Identifier: MIT */
/*
 * The framing of a JSON document. Finds the bounds of each element of its array, or of each key and
 * value of its object, and passes on one at a time. So memory does not grow with the document. The
 * caller decides what an element means.
 */
#ifndef SWK_CONSUL_STREAM_H
#define SWK_CONSUL_STREAM_H

#include <stdbool.h>
#include <stddef.h>

#include "base/buffer.h"

enum swk_stream_part {
	SWK_STREAM_ELEMENT, /* of an array */
	SWK_STREAM_KEY,	    /* of an object */
	SWK_STREAM_VALUE,
};

struct swk_stream {
	/* Set by the caller before the first byte. */
	int (*take)(void *context, enum swk_stream_part part, struct swk_error *error);
	void *context;
	bool null_allowed;    /* accepts `null` as a document */
	const char *accepted; /* the accepted documents, for messages */

	/* For the caller to read. In `take`, they describe the part passed on. */
	struct swk_buffer element; /* its text */
	char first;		   /* its first byte */
	bool too_large;		   /* over SWK_ELEMENT_MAX: the text is incomplete */
	size_t start;		   /* the line where it begins, from 1 */
	size_t number;		   /* elements or values before it */
	size_t length;		   /* bytes of the document read so far */
	size_t line;		   /* the current line, from 1 */
	bool object;		   /* the document is an object */
	bool begun, ended;	   /* the document */

	/* Private. */
	unsigned char state;
	bool scalar;	/* the element is a number or a word */
	bool in_string; /* inside a string of the element */
	bool escaped;	/* after a backslash in that string */
	size_t depth;	/* of open brackets in the element */
};

void swk_stream_init(struct swk_stream *stream);
void swk_stream_free(struct swk_stream *stream);

/* Takes the next bytes. Returns 0, SWK_DATA with place and reason, or the status of `take`, which
 * ends the reading. */
int swk_stream_feed(struct swk_stream *stream, const char *data, size_t length,
		    struct swk_error *error);

#endif
