/* SPDX-License-Identifier: MIT */
/*
 * A server on loopback, in a thread, that answers according to a script and records the requests.
 *
 * A script is texts with marks between them (fuzz.h). Each begins with a line `KIND STATUS
 * [INDEX]`. KIND is a letter: D /detail, L /list, C Consul's list of services, H a service's
 * health, K keys, P a POST, X a DELETE. The rest is the body. The texts of a kind are its answers
 * in turn; the last one is repeated. STATUS may also be a word: `raw`, the text is the whole answer
 * with its headers; `close`, no answer; `reset`; `short`, the body ends too early.
 */
#ifndef SWK_FUZZ_RESPONDER_H
#define SWK_FUZZ_RESPONDER_H

#include "fuzz.h"

struct fuzz_request {
	char method[8];
	char *path; /* owned, like the body */
	char *body;
};

/* Starts the server, once; it never ends. Returns its port. */
unsigned fuzz_responder_start(void);

/* Begins a script, which is borrowed until the next one. Forgets the recorded requests. */
void fuzz_responder_script(struct fuzz_text script);

/* Waits until every request so far is answered. Returns the recorded requests. */
const struct fuzz_request *fuzz_responder_requests(size_t *count);

#endif
