/* SPDX-License-Identifier: MIT */
/*
 * nginx's syntax, in one place: an upstream's directives, our file, and our file read back.
 * Nothing else writes configuration, or reads ours to act on it.
 */
#ifndef SWK_NGINX_CONF_H
#define SWK_NGINX_CONF_H

#include <stdbool.h>

#include "base/buffer.h"
#include "model/upstream.h"

/*
 * Appends the directives between an upstream's braces, each with `before` and `after` around it:
 * the balancing method, `keepalive 20;` and what else is said of kept connections, then
 * `server 10.0.0.1:8001 max_fails=3 fail_timeout=2s;`. The method stands first: after keepalive it
 * would take its place, and after the servers nginx would judge their `backup` by the method before
 * it. Attributes are as ngx_http_upstream_module has them.
 */
int swk_nginx_directives(struct swk_buffer *out, const struct swk_upstream *upstream,
			 const char *before, const char *after, struct swk_error *error);

/* Appends the whole file: a head that says who writes it, then a block an upstream, with a comment
 * that says where it comes from: `# service web, tag gray=a`, or `# key web`. */
int swk_nginx_file(struct swk_buffer *out, const struct swk_upstreams *set,
		   struct swk_error *error);

/* Whether a file begins as ours do, or has nothing in it. */
bool swk_nginx_is_managed(const char *text, size_t length);

/*
 * Reads a file such as swk_nginx_file writes, or one with the same directives in another order, and
 * other comments and white space, as people and other programs write them; an upstream without our
 * comment has the service "". What would be refused as we write it, `backup` with a method that
 * has none, is refused. Anything else is SWK_CANTCREATE, with its line: a file that is
 * not understood must not be written over. `path` is for the message. The set, zeroed when called,
 * is sorted, and so are the servers.
 */
int swk_nginx_read(struct swk_upstreams *set, const char *path, const char *text, size_t length,
		   struct swk_error *error);

#endif
