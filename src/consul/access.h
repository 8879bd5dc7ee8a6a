/* SPDX-License-Identifier: MIT */
/*
 * How Consul's agent is reached: its address, TLS, the token, and the parameters of each request.
 * Environment variables and parameters are those of Consul's own tools. A setting applies if its
 * variable is not set.
 */
#ifndef SWK_CONSUL_ACCESS_H
#define SWK_CONSUL_ACCESS_H

#include <stdint.h>

#include "io/http.h"
#include "settings/settings.h"

struct swk_consul {
	char *base;	 /* URL up to the path; owned, like all members except the peer's texts */
	char *query;	 /* parameters: "" or "?ns=…&partition=…&dc=…&stale&cached" */
	size_t agent;	 /* length of `query` with "ns" and "partition" only: of the agent itself */
	size_t strict;	 /* length of `query` without "stale" and "cached": the leader answers */
	size_t uncached; /* length of `query` without "cached" */
	char *header;	 /* contains the token; NULL without one. Never printed */
	char *unix_socket;
	char *connect_to;
	struct swk_http_peer peer; /* borrowed from the above, the environment and the settings */
};

/*
 * Reads CONSUL_HTTP_ADDR, CONSUL_HTTP_SSL, CONSUL_HTTP_SSL_VERIFY, CONSUL_CACERT, CONSUL_CAPATH,
 * CONSUL_CLIENT_CERT, CONSUL_CLIENT_KEY, CONSUL_TLS_SERVER_NAME, CONSUL_HTTP_AUTH,
 * CONSUL_NAMESPACE and CONSUL_PARTITION. If one is unset or empty, its setting applies. The token
 * comes from the first of these that exists: the file `token_file`, the file
 * CONSUL_HTTP_TOKEN_FILE, CONSUL_HTTP_TOKEN, the settings' token file. Returns 0, SWK_USAGE,
 * SWK_CONFIG for a wrong setting, or SWK_INTERNAL.
 */
int swk_consul_init(struct swk_consul *consul, const struct swk_consul_settings *settings,
		    const char *token_file, struct swk_error *error);
void swk_consul_free(struct swk_consul *consul);

/* Reads CONSUL_INDEX, which an agent sets for a handler. *index is 0 if it is not set. */
int swk_consul_event_index(uint64_t *index, struct swk_error *error);

/* Replaces the token and the password in a server's text by asterisks. */
void swk_consul_hide_secrets(const struct swk_consul *consul, char *text);

#endif
