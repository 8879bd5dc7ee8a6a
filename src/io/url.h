/* SPDX-License-Identifier: MIT */
/*
 * URLs, taken apart and put together. libcurl does it, except for what is plain: it need not be
 * loaded for http://127.0.0.1:18882 and its like.
 */
#ifndef SWK_IO_URL_H
#define SWK_IO_URL_H

#include <stdint.h>

#include "base/error.h"

/* Percent-encodes a path's segment, `.` and `..` included; the result is the caller's to free, NULL
 * without memory. */
char *swk_url_segment(const char *text);

/*
 * Takes a base URL apart that an operator gave: http or https, a host, perhaps a port and a path,
 * and nothing else. Returns it without a slash at its end, the caller's to free; or NULL with the
 * reason in the error, whose status is SWK_USAGE.
 */
char *swk_url_base(const char *url, struct swk_error *error);

/* The port of such a base URL, named or its scheme's own; 0 without memory. */
uint16_t swk_url_port(const char *base);

#endif
