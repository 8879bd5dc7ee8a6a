/* SPDX-License-Identifier: MIT */
/* nginx's syntax for upstreams: writes an upstream's directives, and writes and reads FILE. No
 * other code writes nginx's configuration or acts on FILE's text. */
#ifndef SWK_NGINX_CONF_H
#define SWK_NGINX_CONF_H

#include <stdbool.h>

#include "base/buffer.h"
#include "model/upstream.h"

/* FILE's first line, and the beginnings of a source's comment and of a tag in it. */
extern const char swk_nginx_head[];
extern const char *const swk_nginx_comments[SWK_SOURCE_KINDS];
extern const char swk_nginx_comment_tag[];

/* nginx's defaults for a server line (ngx_http_upstream_module). */
#define SWK_NGINX_WEIGHT 1
#define SWK_NGINX_MAX_FAILS 1
#define SWK_NGINX_FAIL_TIMEOUT 10

/*
 * Appends the directives of an upstream, each between `before` and `after`: the balancing method,
 * `keepalive 20;` and its time-out and requests, then `server 10.0.0.1:8001 max_fails=3
 * fail_timeout=2s;`. The method comes first: after keepalive it would replace keepalive, and after
 * the servers nginx would check their `backup` against the default method. The attributes are those
 * of ngx_http_upstream_module.
 */
int swk_nginx_directives(struct swk_buffer *out, const struct swk_upstream *upstream,
			 const char *before, const char *after, struct swk_error *error);

/* Appends an upstream's block after an empty line, with its source in a comment: `# service web,
 * tag gray=a, from dc2`, or `# key web`. The second appends one for each upstream. */
int swk_nginx_block(struct swk_buffer *out, const struct swk_upstream *upstream,
		    struct swk_error *error);
int swk_nginx_blocks(struct swk_buffer *out, const struct swk_upstreams *set,
		     struct swk_error *error);

/* Appends the whole of FILE: a head that names swk-apply, then the blocks. */
int swk_nginx_file(struct swk_buffer *out, const struct swk_upstreams *set,
		   struct swk_error *error);

/* Whether a text begins as swk-apply's files do, or is blank. */
bool swk_nginx_is_managed(const char *text, size_t length);

/*
 * Reads a file that swk_nginx_file wrote. The order of directives, other comments and white space
 * may differ, because people and other programs write such files, too. An upstream without a source
 * comment gets the service "". Anything else is SWK_CANTCREATE with its line, even `backup` with a
 * method that has none, because swk-apply must not overwrite a file that it does not understand.
 * `path` is for the message. The set must be zeroed; it and its servers are sorted on return.
 */
int swk_nginx_read(struct swk_upstreams *set, const char *path, const char *text, size_t length,
		   struct swk_error *error);

#endif
