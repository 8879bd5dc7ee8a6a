/* SPDX-License-Identifier: MIT */
/*
 * An error: an exit status and one line for a person. Functions return 0 or a status, and fill the
 * caller's error. The first failure owns the message.
 */
#ifndef SWK_BASE_ERROR_H
#define SWK_BASE_ERROR_H

#include <stddef.h>

#include "base/limits.h"

enum swk_status {
	SWK_OK = 0,
	SWK_HELD_BACK = 10,   /* a change was held back, or the document distrusted */
	SWK_USAGE = 64,	      /* wrong options or environment */
	SWK_DATA = 65,	      /* no usable document */
	SWK_UNAVAILABLE = 69, /* Consul could not be asked */
	SWK_INTERNAL = 70,    /* no memory, or a defect */
	SWK_CANTCREATE = 73,  /* a file can't be read or written */
	SWK_TEMPFAIL = 75,    /* a target has something pending, or no lock in time */
	SWK_CONFIG = 78,      /* wrong settings */
};

struct swk_error {
	int status;
	char text[SWK_TEXT_MAX];
};

/*
 * Sets the error, unless it is set already, and returns its status. The text may quote input: every
 * byte that is not printable ASCII is written as \xNN.
 */
int swk_error_set(struct swk_error *error, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends to an error that is set: its consequences, which only the caller knows. */
void swk_error_add(struct swk_error *error, const char *text);

/* Sets the error for lack of memory. */
static inline int swk_error_memory(struct swk_error *error)
{
	(void)swk_error_set(error, SWK_INTERNAL, "no memory");
	return SWK_INTERNAL;
}

/* Copies text for one line of a log: every byte that is not printable ASCII as \xNN. */
void swk_text_escape(char *out, size_t size, const char *text);

#endif
