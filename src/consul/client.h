/* SPDX-License-Identifier: MIT */
/*
 * Asks Consul's agent: its environment, paths and parameters, as Consul's own tools have them, and
 * what the settings say where the environment doesn't.
 * Answers go to a sink (document.h), as a watch's document does.
 */
#ifndef SWK_CONSUL_CLIENT_H
#define SWK_CONSUL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "consul/document.h"
#include "io/http.h"
#include "settings/settings.h"

struct swk_consul {
	char *base;	 /* the URL before the path; all owned but the peer's own texts */
	char *query;	 /* parameters of a request: "" or "?ns=…&dc=…&stale&cached" */
	size_t strict;	 /* so many bytes of it where the leader shall answer */
	size_t uncached; /* so many where no cache can */
	char *header;	 /* the token's; NULL without one. Never shown */
	char *unix_socket;
	char *connect_to;
	struct swk_http_peer peer; /* borrowed from all this, the environment and the settings */
};

/*
 * Reads CONSUL_HTTP_ADDR, CONSUL_HTTP_SSL, CONSUL_HTTP_SSL_VERIFY, CONSUL_CACERT, CONSUL_CAPATH,
 * CONSUL_CLIENT_CERT, CONSUL_CLIENT_KEY, CONSUL_TLS_SERVER_NAME, CONSUL_HTTP_AUTH and
 * CONSUL_NAMESPACE; where one of them is not set or empty, its setting counts. The token is that of
 * the file `token_file`, else of the file CONSUL_HTTP_TOKEN_FILE, else CONSUL_HTTP_TOKEN, else that
 * of the settings' file. Returns 0, SWK_USAGE, SWK_CONFIG where a setting is wrong, or
 * SWK_INTERNAL.
 */
int swk_consul_init(struct swk_consul *consul, const struct swk_consul_settings *settings,
		    const char *token_file, struct swk_error *error);
void swk_consul_free(struct swk_consul *consul);

/* CONSUL_INDEX, which an agent gives to a handler: *index is 0 where it is not set. */
int swk_consul_event_index(uint64_t *index, struct swk_error *error);

/* One question. */
struct swk_consul_query {
	const char *service;   /* its health; NULL: the list of services */
	const char *keyprefix; /* the keys below it, instead; no slash at its ends. Without any, the
				* sink gets none, and that is an answer */
	struct swk_document_sink sink;
	uint64_t least; /* where others than the leader may answer: an answer of an older index is
			 * asked for once more, of the leader, whose answer counts whatever its
			 * index (it begins anew with a new cluster); 0: any will do */
	void (*again)(void *context); /* called with the sink's context before that: what it has got
				       * is to be forgotten; or NULL */
	uint64_t known;	 /* the number of an answer that need not be decoded; 0: none is known */
	uint64_t number; /* of the answer's bytes (hash.h); 0: there are too many */
	bool same;	 /* it is the known one; the sink got nothing of it */
	uint64_t index;	 /* of the answer; 0: none */
	struct swk_error error; /* SWK_UNAVAILABLE if it was not answered as it should be; what
				 * the sink has got by then is not to be used */
};

/* Asks all of them, several at once, each until the deadline (deadline.h) at the latest. Returns 0,
 * or SWK_INTERNAL for all of them. */
int swk_consul_ask(const struct swk_consul *consul, struct swk_http *http,
		   struct swk_consul_query *queries, size_t count, int64_t deadline,
		   struct swk_error *error);

#endif
