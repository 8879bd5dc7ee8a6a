/* SPDX-License-Identifier: MIT */
/* An error is an exit status and a message of one line. A function that can fail returns 0 or a
 * status, and fills the caller's error. The first failure owns the message. */
#ifndef SWK_BASE_ERROR_H
#define SWK_BASE_ERROR_H

#include <stdbool.h>
#include <stddef.h>

#include "base/limits.h"

enum swk_status {
	SWK_OK = 0,
	SWK_HELD_BACK = 10,   /* a change was held back, or the registry is distrusted */
	SWK_USAGE = 64,	      /* an option or variable is wrong */
	SWK_DATA = 65,	      /* the input is not a usable document */
	SWK_UNAVAILABLE = 69, /* Consul did not answer */
	SWK_INTERNAL = 70,    /* no memory, or a bug */
	SWK_CANTCREATE = 73,  /* a file could not be read, parsed or written */
	SWK_TEMPFAIL = 75,    /* something is pending, or the lock was not free in time */
	SWK_CONFIG = 78,      /* the settings are wrong */
};

struct swk_error {
	int status;
	char text[SWK_TEXT_MAX];
};

/* Sets the error, unless it is set already. Returns the error's status. The text may quote
 * untrusted input, because it is escaped like swk_text_escape. */
int swk_error_set(struct swk_error *error, int status, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Appends text to an error that is set, for example a consequence that only the caller knows. The
 * text is not escaped. */
void swk_error_add(struct swk_error *error, const char *text);

static inline int swk_error_memory(struct swk_error *error)
{
	(void)swk_error_set(error, SWK_INTERNAL, "out of memory");
	return SWK_INTERNAL;
}

/* Whether a message may quote an operator's text. False if it may have a password, as a URL may: it
 * has an @, or a colon that is not followed by a slash or a digit. */
bool swk_text_is_public(const char *text);

/* Copies a text: each byte that is not printable ASCII becomes \xNN. Truncates it to fit. */
void swk_text_escape(char *out, size_t size, const char *text);

#endif
