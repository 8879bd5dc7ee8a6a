/* SPDX-License-Identifier: MIT */
/* Parses and builds URLs. libcurl does it, except for plain URLs such as http://127.0.0.1:18882, so
 * that these do not load libcurl. */
#ifndef SWK_IO_URL_H
#define SWK_IO_URL_H

#include <stdint.h>

#include "base/buffer.h"
#include "base/limits.h"

/* Percent-encodes one segment of a path, including `.` and `..`. The caller frees the result. NULL
 * without memory. */
char *swk_url_segment(const char *text);

/*
 * Checks a base URL from an operator: http or https, a host, optionally port and path, nothing
 * else; or `unix:` and the absolute path of a socket. It has at most SWK_URL_MAX bytes, and no
 * control characters. Returns it without a trailing slash, for the
 * caller to free; or NULL with SWK_USAGE and the reason.
 */
char *swk_url_base(const char *url, struct swk_error *error);

/* Writes a URL for a message. If it is too long, only its beginning, and `...`. Returns `text`. */
const char *swk_url_show(char text[SWK_URL_SHOWN], const char *url);

/* The path of the socket in a base URL, or NULL if it has none. Borrowed. */
const char *swk_url_socket(const char *base);

/* The port of a base URL: the given one, or the scheme's default. 0: a socket, or no memory. */
uint16_t swk_url_port(const char *base);

/* Append a parameter after `?`, or after `&` if the query has one already. The first adds nothing
 * if the value is NULL or empty; the second adds a name without a value if it is set. Return 0 or
 * SWK_INTERNAL. */
int swk_url_add_parameter(struct swk_buffer *query, const char *name, const char *value,
			  struct swk_error *error);
int swk_url_add_flag(struct swk_buffer *query, const char *name, bool set, struct swk_error *error);

#endif
