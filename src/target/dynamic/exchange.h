/* SPDX-License-Identifier: MIT */
/* Requests to ngx_dynamic_upstream about one upstream, and what a target of the kind keeps. */
#ifndef SWK_TARGET_DYNAMIC_EXCHANGE_H
#define SWK_TARGET_DYNAMIC_EXCHANGE_H

#include "target/dynamic/answer.h"
#include "target/web.h"

struct swk_dynamic {
	struct swk_target_web web;
	const char *directory; /* of the files (files.h); borrowed from the settings */
};

struct swk_dynamic_exchange {
	struct swk_target *target;
	const char *name; /* of the upstream; valid, so it needs no escape; NULL: about none */
	int64_t deadline;
	bool retries;	  /* a request that fails is repeated */
	int64_t patience; /* when that ends; 0: nothing has failed yet */
	unsigned tried;
	struct swk_http_request request; /* the last one; without URL */
	struct swk_buffer answer;
	struct swk_error *error; /* SWK_INTERNAL only; an answer is then SWK_DYNAMIC_LATER */
};

void swk_dynamic_begin(struct swk_dynamic_exchange *exchange, struct swk_target *target,
		       const char *name, int64_t deadline, struct swk_error *error);
void swk_dynamic_end(struct swk_dynamic_exchange *exchange);

/* Sends a request with this query after the upstream's name. The caller has validated all of it. */
enum swk_dynamic_meaning swk_dynamic_ask(struct swk_dynamic_exchange *exchange, const char *query);

/* Asks for the servers of the upstream. `servers` must be zeroed; the caller frees it. */
enum swk_dynamic_meaning swk_dynamic_ask_servers(struct swk_dynamic_exchange *exchange,
						 struct swk_dynamic_servers *servers);

/* Describes the last answer: `404 Not found`, or why there is none. */
#define SWK_DYNAMIC_ANSWER_MAX (SWK_HTTP_REASON_MAX + 32)
const char *swk_dynamic_describe(const struct swk_dynamic_exchange *exchange,
				 char text[SWK_DYNAMIC_ANSWER_MAX]);

/* read.c: see swk_target_kind. */
int swk_dynamic_read(struct swk_target *target, enum swk_depth depth, const char *name,
		     int64_t deadline, struct swk_error *error);

#endif
