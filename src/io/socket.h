/* SPDX-License-Identifier: MIT */
/* Bounded dialogues over a stream socket: sends a request, and reads the answer up to its end,
 * which is when the other side closes the connection. Resolves no names. */
#ifndef SWK_IO_SOCKET_H
#define SWK_IO_SOCKET_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/socket.h>

#include "base/buffer.h"
#include "base/deadline.h"

struct swk_socket {
	struct sockaddr_storage at;
	socklen_t length;
	uint16_t port;	  /* if it is a loopback address; else 0 */
	const char *name; /* the text below, borrowed */
};

/* Reads the absolute path of a UNIX socket, or an IP address and a port: `127.0.0.1:9999`,
 * `[::1]:9999`. Returns false if it is neither. */
bool swk_socket_parse(struct swk_socket *socket, const char *text);

struct swk_socket_dialogue {
	const struct swk_socket *socket;
	const char *request;
	size_t length;		  /* bytes */
	struct swk_buffer answer; /* initialised by the caller, with its ceiling; owned by it */
	int64_t deadline;	  /* (deadline.h) */
	struct swk_watch *watch;  /* `heard` is kept up to date, and `stop` obeyed; or NULL */

	bool unreachable;	/* nothing listens there */
	bool dropped;		/* the connection ended before the answer was whole */
	struct swk_error cause; /* SWK_TEMPFAIL: why there is no whole answer. The part that came
				 * is in `answer` */
};

/* Appends to the answer. Reads while it sends, so that neither side waits for the other. Returns 0,
 * or SWK_INTERNAL without memory. */
int swk_socket_ask(struct swk_socket_dialogue *dialogue, struct swk_error *error);

#endif
