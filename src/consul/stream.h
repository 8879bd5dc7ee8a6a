/* SPDX-License-Identifier: MIT */
/*
 * The framing of a JSON document: finds where each element of its array begins and ends, or each
 * key and value of its object, and hands on one at a time, so that memory does not grow with the
 * document. What is in an element is its caller's to judge.
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
	/* Set by the caller, before the first byte. */
	int (*take)(void *context, enum swk_stream_part part, struct swk_error *error);
	void *context;
	bool null_allowed;    /* `null` is a document, too */
	const char *accepted; /* which documents are: for messages */

	/* For the caller to read; in `take` they are about what is handed on. */
	struct swk_buffer element; /* its text */
	char first;		   /* its first byte */
	bool too_large;		   /* it is over SWK_ELEMENT_MAX: the text is not all of it */
	size_t start;		   /* the line on which it began, from 1 */
	size_t number;		   /* of elements, or values, before it */
	size_t length;		   /* bytes of the document so far */
	size_t line;		   /* there, from 1 */
	bool object;		   /* the document is an object */
	bool begun, ended;	   /* the document */

	/* Its own. */
	unsigned char state;
	bool scalar;	/* the element under way is a number or a word */
	bool in_string; /* within the element */
	bool escaped;	/* after a backslash there */
	size_t depth;	/* of the element's brackets */
};

void swk_stream_init(struct swk_stream *stream);
void swk_stream_free(struct swk_stream *stream);

/* Takes the next bytes. Returns 0, SWK_DATA with the place and the reason, or what `take` said,
 * which ends the reading. */
int swk_stream_feed(struct swk_stream *stream, const char *data, size_t length,
		    struct swk_error *error);

#endif
