/* SPDX-License-Identifier: MIT */
#include "responder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#define ANSWERS_MAX 32
#define REQUESTS_MAX 16384
#define SYNC "GET /sync "

/* One thread writes these while the other waits for its answer. */
static struct {
	int listener;
	unsigned port;
	char kinds[ANSWERS_MAX];
	struct fuzz_text answers[ANSWERS_MAX];
	bool used[ANSWERS_MAX];
	size_t answer_count;
	struct fuzz_request requests[REQUESTS_MAX];
	size_t request_count;
	pthread_mutex_t lock;
} server = {.lock = PTHREAD_MUTEX_INITIALIZER};

static void send_all(int connection, const char *data, size_t length)
{
	while (length) {
		ssize_t sent = send(connection, data, length, MSG_NOSIGNAL);

		if (sent < 0 && errno == EINTR)
			continue;
		if (sent <= 0)
			return;
		data += sent;
		length -= (size_t)sent;
	}
}

/* Closes with a reset, like a worker that dies. */
static void reset(int connection)
{
	const struct linger now = {.l_onoff = 1, .l_linger = 0};

	(void)setsockopt(connection, SOL_SOCKET, SO_LINGER, &now, sizeof(now));
}

static void send_answer(int connection, const char *status, const char *index,
			struct fuzz_text body, bool cut)
{
	char head[256];
	int length = snprintf(head, sizeof(head),
			      "HTTP/1.1 %s answered\r\nX-Consul-Index: %s\r\nConnection: close\r\n"
			      "Content-Length: %zu\r\n\r\n",
			      status, index, body.length + cut);

	send_all(connection, head, (size_t)length);
	send_all(connection, body.data, body.length);
}

/* Answers according to a text of the script. */
static void answer_as(int connection, struct fuzz_text text)
{
	const char *end = memchr(text.data, '\n', text.length);
	size_t length = end ? (size_t)(end - text.data) : text.length;
	struct fuzz_text body = {text.data + length, 0};
	char line[64], status[16] = "200", index[32] = "1";

	if (end)
		body = (struct fuzz_text){end + 1, text.length - length - 1};
	(void)snprintf(line, sizeof(line), "%.*s", (int)length, text.data);
	(void)sscanf(line, "%*c %15s %31s", status, index);
	if (!strcmp(status, "raw"))
		send_all(connection, body.data, body.length);
	else if (!strcmp(status, "reset"))
		reset(connection);
	else if (!strcmp(status, "short"))
		send_answer(connection, "200", index, body, true);
	else if (strcmp(status, "close") != 0)
		send_answer(connection, status, index, body, false);
}

static void answer(int connection, char kind)
{
	static const struct {
		char kind;
		const char *text;
	} usual[] = {{'D', "D 204\n"},	 {'L', "L 204\n"},	  {'C', "C 200\n{\"web\":[]}"},
		     {'H', "H 200\n[]"}, {'P', "P 200\nsuccess"}, {'X', "X 200\nsuccess"},
		     {'K', "K 404\n"},	 {'?', "? 404\nno such"}};
	size_t last = ANSWERS_MAX;

	for (size_t i = 0; i < server.answer_count; i++) {
		if (server.kinds[i] != kind)
			continue;
		last = i;
		if (!server.used[i])
			break;
	}
	if (last < ANSWERS_MAX) {
		server.used[last] = true;
		answer_as(connection, server.answers[last]);
		return;
	}
	for (size_t i = 0; i < sizeof(usual) / sizeof(*usual); i++) {
		if (usual[i].kind == kind)
			answer_as(connection,
				  (struct fuzz_text){usual[i].text, strlen(usual[i].text)});
	}
}

static char kind_of(const struct fuzz_request *request)
{
	static const struct {
		const char *part;
		char kind;
	} paths[] = {{"/detail", 'D'},
		     {"/list", 'L'},
		     {"/v1/catalog/services", 'C'},
		     {"/v1/health/service/", 'H'},
		     {"/v1/kv/", 'K'}};

	if (!strcmp(request->method, "POST"))
		return 'P';
	if (!strcmp(request->method, "DELETE"))
		return 'X';
	for (size_t i = 0; i < sizeof(paths) / sizeof(*paths); i++) {
		if (strstr(request->path, paths[i].part))
			return paths[i].kind;
	}
	return '?';
}

/* Records a complete request. NULL if it is not valid. */
static const struct fuzz_request *remember(const char *text, const char *body)
{
	struct fuzz_request *request = &server.requests[server.request_count];
	const char *path = strchr(text, ' '), *end = path ? strchr(path + 1, ' ') : NULL;

	fuzz_require(end && (size_t)(path - text) < sizeof(request->method),
		     "this was sent as a request: %s", text);
	fuzz_require(server.request_count < REQUESTS_MAX, "too many requests in one run");
	(void)snprintf(request->method, sizeof(request->method), "%.*s", (int)(path - text), text);
	request->path = strndup(path + 1, (size_t)(end - path - 1));
	request->body = strdup(body);
	server.request_count++;
	return request;
}

/* Reads a request. Returns the start of its body, or NULL if the peer has closed. */
static const char *receive(int connection, struct swk_buffer *text)
{
	struct swk_error error = {0};
	const char *end = NULL, *field;
	size_t length = 0;
	char piece[16384];

	while (!end || (size_t)(text->data + text->length - end) < length) {
		ssize_t got = recv(connection, piece, sizeof(piece), 0);

		if (got <= 0 || swk_buffer_add(text, piece, (size_t)got, &error))
			return NULL;
		end = strstr(text->data, "\r\n\r\n");
		if (!end)
			continue;
		end += 4;
		field = strcasestr(text->data, "\r\nContent-Length:");
		if (field && field < end)
			length = strtoul(field + 17, NULL, 10);
	}
	return end;
}

static void serve(int connection)
{
	struct swk_buffer text;
	const char *body;

	swk_buffer_init(&text, SIZE_MAX / 2);
	body = receive(connection, &text);
	(void)pthread_mutex_lock(&server.lock);
	if (body && strncmp(text.data, SYNC, strlen(SYNC)) != 0)
		answer(connection, kind_of(remember(text.data, body)));
	(void)pthread_mutex_unlock(&server.lock);
	swk_buffer_free(&text);
}

static void *run(void *nothing)
{
	for (;;) {
		int connection = accept(server.listener, NULL, NULL);

		if (connection < 0)
			continue;
		serve(connection);
		(void)close(connection);
	}
	return nothing;
}

static struct sockaddr_in own_address(void)
{
	return (struct sockaddr_in){.sin_family = AF_INET,
				    .sin_port = htons((uint16_t)server.port),
				    .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
}

unsigned fuzz_responder_start(void)
{
	struct sockaddr_in address = own_address();
	socklen_t length = sizeof(address);
	sigset_t all, before;
	pthread_t thread;

	/* The fuzzer's alarms belong to its own thread. */
	(void)sigfillset(&all);
	(void)pthread_sigmask(SIG_SETMASK, &all, &before);
	server.listener = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	if (server.listener < 0 ||
	    bind(server.listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(server.listener, 128) ||
	    getsockname(server.listener, (struct sockaddr *)&address, &length) ||
	    pthread_create(&thread, NULL, run, NULL)) {
		perror("the responder can't be started");
		exit(1);
	}
	(void)pthread_sigmask(SIG_SETMASK, &before, NULL);
	server.port = ntohs(address.sin_port);
	return server.port;
}

void fuzz_responder_script(struct fuzz_text script)
{
	(void)pthread_mutex_lock(&server.lock);
	for (size_t i = 0; i < server.request_count; i++) {
		free(server.requests[i].path);
		free(server.requests[i].body);
	}
	server.request_count = server.answer_count = 0;
	while (script.length && server.answer_count < ANSWERS_MAX) {
		struct fuzz_text text = fuzz_next(&script);

		if (!text.length)
			continue;
		server.kinds[server.answer_count] = text.data[0];
		server.used[server.answer_count] = false;
		server.answers[server.answer_count++] = text;
	}
	(void)pthread_mutex_unlock(&server.lock);
}

static void connect_to_itself(int connection)
{
	struct sockaddr_in address = own_address();
	struct pollfd wait = {.fd = connection, .events = POLLOUT};

	if (connection >= 0 && !connect(connection, (struct sockaddr *)&address, sizeof(address)))
		return;
	/* An interrupted connect() continues by itself. */
	if (connection >= 0 && errno == EINTR) {
		while (poll(&wait, 1, -1) < 0 && errno == EINTR)
			;
		return;
	}
	perror("the responder can't be reached");
	exit(1);
}

const struct fuzz_request *fuzz_responder_requests(size_t *count)
{
	static const char text[] = SYNC "HTTP/1.1\r\n\r\n";
	int connection = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);
	ssize_t got;
	char byte;

	/* Connections are served in turn: once this one is, all earlier ones were. */
	connect_to_itself(connection);
	send_all(connection, text, strlen(text));
	do {
		got = recv(connection, &byte, 1, 0);
	} while (got > 0 || (got < 0 && errno == EINTR));
	(void)close(connection);
	*count = server.request_count;
	return server.requests;
}
