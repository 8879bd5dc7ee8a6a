/* SPDX-License-Identifier: MIT */
#include "io/socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

#include "model/server.h"

/* ---- where it is ---- */

static bool parse_path(struct swk_socket *socket, const char *text)
{
	struct sockaddr_un *at = (struct sockaddr_un *)&socket->at;

	if (strlen(text) >= sizeof(at->sun_path))
		return false;
	at->sun_family = AF_UNIX;
	memcpy(at->sun_path, text, strlen(text) + 1);
	socket->length = sizeof(*at);
	return true;
}

bool swk_socket_parse(struct swk_socket *socket, const char *text)
{
	struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&socket->at;
	struct sockaddr_in *v4 = (struct sockaddr_in *)&socket->at;
	struct swk_server server;

	*socket = (struct swk_socket){.name = text};
	if (text[0] == '/')
		return parse_path(socket, text);
	if (!swk_server_parse_address(&server, text, strlen(text)))
		return false;
	if (server.v6) {
		v6->sin6_family = AF_INET6;
		v6->sin6_port = htons(server.port);
		memcpy(&v6->sin6_addr, server.ip, sizeof(v6->sin6_addr));
	} else {
		v4->sin_family = AF_INET;
		v4->sin_port = htons(server.port);
		memcpy(&v4->sin_addr, server.ip, sizeof(v4->sin_addr));
	}
	socket->length = server.v6 ? sizeof(*v6) : sizeof(*v4);
	socket->port = swk_server_is_loopback(&server) ? server.port : 0;
	return true;
}

/* ---- asking ---- */

static int fail(struct swk_socket_dialogue *this, const char *what, int number)
{
	return swk_error_set(&this->cause, SWK_TEMPFAIL, "%s: %s%s%s", this->socket->name, what,
			     number ? ": " : "", number ? strerror(number) : "");
}

/* Waits for the events. Returns 0 or the cause's status. */
static int await(struct swk_socket_dialogue *this, int descriptor, short events, short *seen)
{
	struct pollfd poll_descriptor = {.fd = descriptor, .events = events};

	for (;;) {
		long most = this->watch ? SWK_TARGET_TICK_MS : 1000;
		int left = (int)swk_deadline_left(this->deadline, most);
		int count = poll(&poll_descriptor, 1, left);

		if (this->watch && this->watch->stop)
			return fail(this, "no answer, and others wait", 0);
		if (count > 0)
			break;
		if (count < 0 && errno != EINTR)
			return fail(this, "cannot wait for an answer", errno);
		if (!left)
			return fail(this, "no answer in time", 0);
	}
	*seen = poll_descriptor.revents;
	return 0;
}

static int refuse_connection(struct swk_socket_dialogue *this, int number)
{
	this->unreachable = number == ECONNREFUSED || number == ENOENT;
	return fail(this, "cannot connect", number);
}

/* Connects. A UNIX socket whose queue is full says EAGAIN, and nothing shows when it has room. */
static int reach(struct swk_socket_dialogue *this, int descriptor)
{
	const struct sockaddr *at = (const struct sockaddr *)&this->socket->at;
	socklen_t size = sizeof(int);
	int number = 0;
	short seen;

	while (connect(descriptor, at, this->socket->length)) {
		if (errno == EINPROGRESS)
			break;
		if (errno != EAGAIN && errno != EINTR)
			return refuse_connection(this, errno);
		if (!swk_deadline_left(this->deadline, 1) || (this->watch && this->watch->stop))
			return fail(this, "no answer in time", 0);
		swk_pause_before_retry(0);
	}
	if (await(this, descriptor, POLLOUT, &seen))
		return this->cause.status;
	if (getsockopt(descriptor, SOL_SOCKET, SO_ERROR, &number, &size) || number)
		return refuse_connection(this, number);
	return 0;
}

static int note_drop(struct swk_socket_dialogue *this, const char *what, int number)
{
	this->dropped = true;
	return fail(this, what, number);
}

/* Sends what the other side takes. */
static int send_some(struct swk_socket_dialogue *this, int descriptor, size_t *sent)
{
	ssize_t size = send(descriptor, this->request + *sent, this->length - *sent, MSG_NOSIGNAL);

	if (size < 0 && errno != EAGAIN && errno != EINTR)
		return note_drop(this, "the connection ended before all was sent", errno);
	if (size > 0)
		*sent += (size_t)size;
	return 0;
}

/* Reads what there is. *end: the other side has closed the connection. */
static int read_some(struct swk_socket_dialogue *this, int descriptor, bool *end,
		     struct swk_error *error)
{
	struct swk_buffer *answer = &this->answer;
	char text[16384];
	ssize_t size = recv(descriptor, text, sizeof(text), 0);

	if (size < 0 && (errno == EAGAIN || errno == EINTR))
		return 0;
	if (size < 0)
		return note_drop(this, "the connection ended before the answer did", errno);
	*end = !size;
	if (this->watch)
		this->watch->heard = swk_now_ms();
	if ((size_t)size > answer->ceiling - answer->length)
		return fail(this, "the answer is too large", 0);
	return size ? swk_buffer_add(answer, text, (size_t)size, error) : 0;
}

static int converse(struct swk_socket_dialogue *this, int descriptor, struct swk_error *error)
{
	size_t sent = 0;
	bool end = false;
	int status = reach(this, descriptor);

	while (!status && !end) {
		short events = sent < this->length ? POLLIN | POLLOUT : POLLIN, seen = 0;

		status = await(this, descriptor, events, &seen);
		/* What was answered is of use even if the rest can't be sent. */
		if (!status && (seen & (POLLIN | POLLHUP | POLLERR)))
			status = read_some(this, descriptor, &end, error);
		if (!status && !end && (seen & POLLOUT) && sent < this->length)
			status = send_some(this, descriptor, &sent);
	}
	if (!status && sent < this->length)
		status = note_drop(this, "the connection ended before all was sent", 0);
	return status;
}

int swk_socket_ask(struct swk_socket_dialogue *dialogue, struct swk_error *error)
{
	int descriptor = socket(dialogue->socket->at.ss_family,
				SOCK_STREAM | SOCK_CLOEXEC | SOCK_NONBLOCK, 0);

	dialogue->unreachable = dialogue->dropped = false;
	dialogue->cause = (struct swk_error){0};
	if (descriptor < 0) {
		(void)fail(dialogue, "cannot connect", errno);
		return 0;
	}
	(void)converse(dialogue, descriptor, error);
	(void)close(descriptor);
	return error->status;
}
