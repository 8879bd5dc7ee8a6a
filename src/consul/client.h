/* SPDX-License-Identifier: MIT */
/* Asks Consul's agent. Answers go to a sink (document.h), like a watch's document. */
#ifndef SWK_CONSUL_CLIENT_H
#define SWK_CONSUL_CLIENT_H

#include <stdbool.h>
#include <stdint.h>

#include "consul/access.h"
#include "consul/document.h"
#include "io/http.h"

/* One query and its result. */
struct swk_consul_query {
	/* Asks for this service's health; NULL: for the list of services. */
	const char *service;
	/* Only of a query about a service; each may be NULL. Another datacenter than the settings';
	 * a filter in Consul's language; the peer whose instances are asked for. */
	const char *datacenter, *filter, *peer;
	/* Asks for the keys below this prefix instead; no slash at its ends. An answer without a
	 * key is valid. */
	const char *keyprefix;
	/* Only the leader answers, after it has made sure that it still is the leader. */
	bool consistent;
	/* In the agent's own datacenter, namespace and partition, whatever the settings say. */
	bool near;
	/* Consul answers when its index exceeds this, or after SWK_CONSUL_WAIT_S. 0: at once. */
	uint64_t after;
	struct swk_document_sink sink;
	/* With "stale" or "cached": asks the leader again if the answer's index is lower. Accepts
	 * the leader's answer with any index, because a new cluster's indexes start over. 0:
	 * accepts any index. */
	uint64_t least;
	/* Called with the sink's context before the query is made again: discard what the sink got.
	 * May be NULL. */
	void (*again)(void *context);
	/* Called with the sink's context when an answer is complete, or none will come, also if the
	 * query is made again. May be NULL. */
	void (*ended)(void *context);
	uint64_t known;		/* the hash of an answer that need not be decoded again; 0: none */
	uint64_t number;	/* the hash of the answer's bytes (hash.h); 0: too many bytes */
	bool same;		/* the answer is the known one; the sink got nothing */
	uint64_t index;		/* the answer's index; 0: none */
	bool filtered;		/* the answer lacks what the token may not read */
	struct swk_error error; /* SWK_UNAVAILABLE if invalid: discard what the sink got */
	bool passing;		/* the error may be temporary */
};

/* Makes all queries, several at once, and repeats those whose error may be temporary. Stops at the
 * deadline (deadline.h). Returns 0, or SWK_INTERNAL for all of them. */
int swk_consul_ask(const struct swk_consul *consul, struct swk_http *http,
		   struct swk_consul_query *queries, size_t count, int64_t deadline,
		   struct swk_error *error);

/* Whether the same request may succeed a little later. */
bool swk_consul_may_pass(const struct swk_http_request *request);

/* Percent-encodes a prefix of keys, or a key, except its slashes. The caller frees the result. NULL
 * without memory. */
char *swk_consul_encode_key(const char *key);

#endif
