/* SPDX-License-Identifier: MIT */
/*
 * An error: the exit status that it means and one line for a person. Functions return 0 or a
 * status, and fill the caller's error; the first failure owns the message.
 */
#ifndef SWK_BASE_ERROR_H
#define SWK_BASE_ERROR_H

#include <stddef.h>

#include "base/limits.h"

enum swk_status {
	SWK_OK = 0,
	SWK_HELD_BACK = 10,   /* something wanted was held back, or the document refused */
	SWK_USAGE = 64,	      /* options or environment */
	SWK_DATA = 65,	      /* the input is no watch document that can be used */
	SWK_UNAVAILABLE = 69, /* Consul could not be asked */
	SWK_INTERNAL = 70,    /* memory, or a defect */
	SWK_CANTCREATE = 73,  /* the conf or state file */
	SWK_TEMPFAIL = 75,    /* a target is not confirmed, or no lock in time */
	SWK_CONFIG = 78,      /* settings */
};

struct swk_error {
	int status;
	char text[SWK_TEXT_MAX];
};

/*
 * Sets the error unless it is set already, and returns its status. The text may quote what was
 * read: every byte that is not printable ASCII is written as \xNN.
 */
int swk_error_set(struct swk_error *error, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Adds to the message of an error that is set: what became of everything, which only the caller
 * knows. */
void swk_error_add(struct swk_error *error, const char *text);

/* The one for memory that was not to be had. */
static inline int swk_error_memory(struct swk_error *error)
{
	(void)swk_error_set(error, SWK_INTERNAL, "no memory");
	return SWK_INTERNAL;
}

/* Copies text so that it can stand in a line of a log: every byte but printable ASCII as \xNN. */
void swk_text_escape(char *out, size_t size, const char *text);

#endif
