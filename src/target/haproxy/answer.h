/* SPDX-License-Identifier: MIT */
/*
 * The answers of HAProxy's runtime API. In interactive mode a prompt follows each answer. Without
 * it, nothing separates the answers to several commands: some end with an empty line, and others do
 * not (measured on 2.6.12).
 */
#ifndef SWK_TARGET_HAPROXY_ANSWER_H
#define SWK_TARGET_HAPROXY_ANSWER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/server.h"

/* Cuts the first answer off a text, and returns it without white space at its end; NULL if no
 * prompt follows. `*rest` is what follows the prompt. */
char *swk_haproxy_next_answer(char **rest);

enum swk_haproxy_command {
	SWK_HAPROXY_ADD,
	SWK_HAPROXY_SET, /* and `enable`: a success is an empty answer */
	SWK_HAPROXY_DELETE,
};

enum swk_haproxy_meaning {
	SWK_HAPROXY_DONE,
	SWK_HAPROXY_EXISTS,   /* to `add server` */
	SWK_HAPROXY_BUSY,     /* to `del server`: it still has connections */
	SWK_HAPROXY_REJECTED, /* anything else */
};

/* What the answer to a command means. A server that is to be deleted may be gone already. */
enum swk_haproxy_meaning swk_haproxy_meaning(enum swk_haproxy_command command, const char *answer);

/* The line of one server. Texts are borrowed from the answer. */
struct swk_haproxy_line {
	const char *backend, *name;
	/* Its address and weight; `down` if it is in maintenance. `host` is the name from which
	 * HAProxy has the address. */
	struct swk_server server;
	bool draining; /* an operator made it drain: it gets no new requests */
	bool known;    /* its address fits the model, and its name is that address (conf.h) */
	bool placed;   /* not known, but `server` has the address to which HAProxy sends requests */
	bool detailed; /* server.backup and server.max_conns are what HAProxy has */
};

/* A process of HAProxy. */
struct swk_haproxy_state {
	uint64_t process;      /* its process id; 0: not known */
	const char **backends; /* names, sorted as by strcmp; the list is owned */
	size_t backend_count;
	/* Owned. Sorted by backend; then those that are not `known`; then by address. */
	struct swk_haproxy_line *lines;
	size_t count;
};

void swk_haproxy_state_free(struct swk_haproxy_state *state);

/*
 * Each reads the answer to one command, which it changes, into the state: `show info`, `show
 * backend`, `show servers state`. The last two may appear once each. `show stat -1 4 -1` adds
 * details to the servers that the state has. Returns 0; SWK_TEMPFAIL if the answer is not one, for
 * example because the socket's level does not permit the command; or SWK_INTERNAL.
 */
int swk_haproxy_read_info(struct swk_haproxy_state *state, char *answer, struct swk_error *error);
int swk_haproxy_read_backends(struct swk_haproxy_state *state, char *answer,
			      struct swk_error *error);
int swk_haproxy_read_servers(struct swk_haproxy_state *state, char *answer,
			     struct swk_error *error);
int swk_haproxy_read_details(struct swk_haproxy_state *state, char *answer,
			     struct swk_error *error);

bool swk_haproxy_has_backend(const struct swk_haproxy_state *state, const char *name);

/* The lines of a backend. *count is 0 if it has no server. */
const struct swk_haproxy_line *swk_haproxy_lines(const struct swk_haproxy_state *state,
						 const char *backend, size_t *count);

#endif
