/* SPDX-License-Identifier: MIT */
/* HAProxy's syntax: writes upstreams as `backend` sections. Measured on HAProxy 2.6.12. */
#ifndef SWK_HAPROXY_CONF_H
#define SWK_HAPROXY_CONF_H

#include "base/buffer.h"
#include "model/upstream.h"
#include "settings/field.h"

/* The largest weight of a server (srv_parse_weight). */
#define SWK_HAPROXY_WEIGHT_MAX 256

/* Makes an upstream acceptable to HAProxy: scales its weights. Returns what it changed, for a
 * message, or NULL. */
const char *swk_haproxy_fit(struct swk_upstream *upstream);

/* Writes a server's name, which is its address and port: `10.0.0.1:80`, `::1:80` without brackets,
 * which a name must not have, or `backend.example:80`. Returns `text`. */
const char *swk_haproxy_server_name(const struct swk_server *server, char text[SWK_ADDRESS_MAX]);

/* Whether an option can be a word of a server line, or a line of a backend: printable, and not
 * empty. A word has no white space, and no `;`, which would end a runtime command. It has no
 * quotes, backslash or `#` either: they mean different things in the file and in a command. */
bool swk_haproxy_word_valid(const char *word);
bool swk_haproxy_line_valid(const char *line);

/*
 * Appends what follows a server's name, in the file and in `add server`: ` 10.0.0.1:80 weight 5
 * maxconn 100 backup`, then `disabled` if the server is down, then the options, which may be NULL.
 * A server that is added at run time inherits nothing from `default-server`, so the words are
 * complete. A host name that can't be resolved must not stop HAProxy from starting, so it gets
 * `init-addr`, which `add server` rejects. Returns 0 or SWK_INTERNAL, like the next function.
 */
int swk_haproxy_server_words(struct swk_buffer *out, const struct swk_server *server,
			     const struct swk_texts *options, struct swk_error *error);

/*
 * Appends a backend for each upstream, each after an empty line: `balance`, `option allbackups`,
 * the backend's options, and a line for each server. `allbackups` makes HAProxy use all backup
 * servers when no other is left, as nginx does. The options may be NULL. max_fails, fail_timeout
 * and keepalive have no counterpart.
 */
int swk_haproxy_backends(struct swk_buffer *out, const struct swk_upstreams *set,
			 const struct swk_texts *server_options,
			 const struct swk_texts *backend_options, struct swk_error *error);

/* Whether two texts, each written by swk_haproxy_backends, differ in nothing but servers and what
 * is registered about them: they have the same backends, with the same options. */
bool swk_haproxy_same_frame(const char *a, const char *b);

#endif
