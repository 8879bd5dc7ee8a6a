/* SPDX-License-Identifier: MIT */
/*
 * A server on loopback, in a thread, that answers as a script says and remembers what it was sent.
 *
 * A script is texts with marks between them (fuzz.h). Each begins with a line `KIND STATUS
 * [INDEX]`; KIND is a letter: D /detail, L /list, C Consul's list of services, H a service's
 * health, K keys, P a POST, X a DELETE. What follows is the body. A kind's texts are its answers,
 * one after the other, the last one again and again. In place of a status: `raw`, the text is the
 * whole answer, headers and all; `close`, there is none; `reset`; `short`, a body that ends too
 * early.
 */
#ifndef SWK_FUZZ_RESPONDER_H
#define SWK_FUZZ_RESPONDER_H

#include "fuzz.h"

struct fuzz_request {
	char method[8];
	char *path; /* owned, as the body is */
	char *body;
};

/* Starts it, once; it never ends. Returns the port. */
unsigned fuzz_responder_start(void);

/* Begins a script, which is borrowed until the next; what was remembered is forgotten. */
void fuzz_responder_script(struct fuzz_text script);

/* Waits until everything that was sent so far is answered, and returns what was remembered. */
const struct fuzz_request *fuzz_responder_requests(size_t *count);

#endif
