/* SPDX-License-Identifier: MIT */
/*
 * nginx's syntax of upstreams: an upstream's directives, and FILE written and read. No other code
 * writes configuration, or acts on FILE's text.
 */
#ifndef SWK_NGINX_CONF_H
#define SWK_NGINX_CONF_H

#include <stdbool.h>

#include "base/buffer.h"
#include "model/upstream.h"

/*
 * Appends the directives of an upstream, each with `before` and `after` around it: the balancing
 * method, `keepalive 20;` and its time-out and requests, then `server 10.0.0.1:8001 max_fails=3
 * fail_timeout=2s;`. The method is first: after keepalive it would replace it, and after the
 * servers nginx would check their `backup` against the previous method. Attributes are those of
 * ngx_http_upstream_module.
 */
int swk_nginx_directives(struct swk_buffer *out, const struct swk_upstream *upstream,
			 const char *before, const char *after, struct swk_error *error);

/* Appends the whole file: a head that names swk-apply, then a block for each upstream, with its
 * source in a comment: `# service web, tag gray=a`, or `# key web`. */
int swk_nginx_file(struct swk_buffer *out, const struct swk_upstreams *set,
		   struct swk_error *error);

/* Whether a file begins as swk-apply's files do, or is blank. */
bool swk_nginx_is_managed(const char *text, size_t length);

/*
 * Reads a file as swk_nginx_file writes it. The order of directives, other comments and white space
 * may differ, as people and other programs write them. An upstream without a source comment has the
 * service "". Anything else is SWK_CANTCREATE with its line, even `backup` with a method that has
 * none: a file that is not understood must not be overwritten. `path` is for the message. The set,
 * zeroed when called, is sorted, and so are the servers.
 */
int swk_nginx_read(struct swk_upstreams *set, const char *path, const char *text, size_t length,
		   struct swk_error *error);

#endif
