/* SPDX-License-Identifier: MIT */
/* Requests to HAProxy's runtime API: several commands over one connection, with an answer to
 * each. */
#ifndef SWK_TARGET_HAPROXY_RUNTIME_H
#define SWK_TARGET_HAPROXY_RUNTIME_H

#include "io/socket.h"
#include "target/haproxy/answer.h"

/* A command that was or is to be sent. */
struct swk_haproxy_sent {
	enum swk_haproxy_command command;
	size_t change;			  /* the change that it is a part of: the caller's number */
	bool may_fail;			  /* its answer does not matter */
	bool may_exist;			  /* an `add server` of a server that may exist */
	enum swk_haproxy_meaning meaning; /* of its answer */
};

struct swk_haproxy_request {
	struct swk_buffer text; /* the commands, a line each */
	struct swk_haproxy_sent *list;
	size_t count;
	struct swk_buffer answer;
	char *rest; /* of the answer */
};

void swk_haproxy_request_init(struct swk_haproxy_request *request);
void swk_haproxy_request_free(struct swk_haproxy_request *request);

/* Begins a command; the caller appends it to the text. Returns 0 or SWK_INTERNAL, like the next
 * function, which ends it. */
int swk_haproxy_begin(struct swk_haproxy_request *request, enum swk_haproxy_command command,
		      size_t change, struct swk_error *error);
int swk_haproxy_end(struct swk_haproxy_request *request, struct swk_error *error);

/* How to ask. */
struct swk_haproxy_peer {
	struct swk_socket socket;
	unsigned timeout; /* seconds, of one request */
	bool unreachable; /* nothing listened at the last request */
	bool dropped;	  /* the connection ended before the last answer was whole */
};

/*
 * Sends all commands. Then swk_haproxy_answer returns the answers, one after the other. Sets the
 * cause if HAProxy does not answer each of them: then any of them may have been carried out.
 * Returns 0 or SWK_INTERNAL.
 */
int swk_haproxy_ask(struct swk_haproxy_peer *peer, struct swk_haproxy_request *request,
		    int64_t deadline, struct swk_watch *watch, struct swk_error *cause,
		    struct swk_error *error);
char *swk_haproxy_answer(struct swk_haproxy_request *request);

/* Sets the meanings of all answers. */
void swk_haproxy_interpret(struct swk_haproxy_request *request);

/* Whether an answer is not a rejection. */
bool swk_haproxy_is_fine(const struct swk_haproxy_sent *sent);

/*
 * The first makes HAProxy's master process reload. HAProxy 2.6 does not answer; later versions
 * answer whether the new process has started. The second then asks the master whether the last
 * reload has failed. If it has, both set the cause to SWK_DATA. While the master restarts itself,
 * nothing listens: the first then tries again for a moment, and the second assumes that nothing has
 * failed. Both return 0 or SWK_INTERNAL.
 */
int swk_haproxy_reload(struct swk_haproxy_peer *master, int64_t deadline, struct swk_watch *watch,
		       struct swk_error *cause, struct swk_error *error);
int swk_haproxy_see_failure(struct swk_haproxy_peer *master, int64_t deadline,
			    struct swk_watch *watch, struct swk_error *cause,
			    struct swk_error *error);

/*
 * Asks the master for its worker's process id. *worker becomes 0 if there is no new worker, as
 * after a reload that failed. While the master reloads, nothing listens: the function then waits
 * for a moment, and sets the cause if that is not enough. Returns 0 or SWK_INTERNAL.
 */
int swk_haproxy_find_worker(struct swk_haproxy_peer *master, uint64_t *worker, int64_t deadline,
			    struct swk_watch *watch, struct swk_error *cause,
			    struct swk_error *error);

/* What to ask for. Each includes what comes before it. */
enum swk_haproxy_depth {
	SWK_HAPROXY_NAMES,   /* the names of backends */
	SWK_HAPROXY_SERVERS, /* the servers, and the process */
	SWK_HAPROXY_DETAILS, /* of servers, which make the answer several times as long */
};

/* Asks for the state. It borrows from the request; both must be initialised, and are the caller's
 * to free. */
int swk_haproxy_read_state(struct swk_haproxy_peer *peer, enum swk_haproxy_depth depth,
			   struct swk_haproxy_request *request, struct swk_haproxy_state *state,
			   int64_t deadline, struct swk_watch *watch, struct swk_error *cause,
			   struct swk_error *error);

#endif
