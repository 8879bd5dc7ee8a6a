/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <pthread.h>
#include <sys/un.h>
#include <unistd.h>

#include "io/socket.h"

/* What is waited for must have happened by then, if it happens at all. */
#define LONG_MS 30000

#define ANSWER_MAX 100000

static char folder[] = "/tmp/swk-socket-XXXXXX", path[64];

static void parsed(void **state)
{
	static const struct {
		const char *text;
		bool valid;
		int family;
		uint16_t port;
	} rows[] = {
		{"/run/haproxy/admin.sock", true, AF_UNIX, 0},
		{"127.0.0.1:9999", true, AF_INET, 9999},
		{"10.0.0.1:9999", true, AF_INET, 0},
		{"[::1]:9999", true, AF_INET6, 9999},
		{"[2001:db8::1]:9999", true, AF_INET6, 0},
		{"localhost:9999", false, 0, 0},
		{"127.0.0.1", false, 0, 0},
		{"127.0.0.1:0", false, 0, 0},
		{"::1:9999", false, 0, 0},
		{"run/admin.sock", false, 0, 0},
		{"", false, 0, 0},
	};
	struct swk_socket parsed;
	char *longest = unit_repeat('/', 107), *longer = unit_repeat('/', 108);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unit_number(rows[i].text, swk_socket_parse(&parsed, rows[i].text), rows[i].valid);
		if (!rows[i].valid)
			continue;
		unit_number(rows[i].text, parsed.at.ss_family, rows[i].family);
		unit_number(rows[i].text, parsed.port, rows[i].port);
	}
	assert_true(swk_socket_parse(&parsed, longest));
	assert_false(swk_socket_parse(&parsed, longer));
	free(longest);
	free(longer);
}

/* ---- dialogues ---- */

/* What the other side does: reads so many bytes, writes so many, and closes the connection, or
 * waits until the test is over. */
struct other {
	int listening;
	bool accepts;
	size_t reads, writes;
	bool waits;
	int over[2]; /* a pipe */
};

static void transfer(int descriptor, size_t size, bool writing)
{
	char text[5000] = {0};

	memset(text, 'a', sizeof(text));
	while (size) {
		size_t part = size < sizeof(text) ? size : sizeof(text);
		ssize_t done = writing ? send(descriptor, text, part, MSG_NOSIGNAL)
				       : recv(descriptor, text, part, 0);

		if (done <= 0)
			return;
		size -= (size_t)done;
	}
}

static void *serve(void *context)
{
	struct other *other = context;
	int descriptor = other->accepts ? accept(other->listening, NULL, NULL) : -1;
	char byte;

	if (descriptor >= 0) {
		transfer(descriptor, other->reads, false);
		transfer(descriptor, other->writes, true);
	}
	if (other->waits)
		(void)!read(other->over[0], &byte, 1);
	if (descriptor >= 0)
		(void)close(descriptor);
	return NULL;
}

static int listen_at(const struct swk_socket *at)
{
	int descriptor = socket(at->at.ss_family, SOCK_STREAM, 0);

	assert_true(descriptor >= 0);
	assert_int_equal(bind(descriptor, (const void *)&at->at, at->length), 0);
	assert_int_equal(listen(descriptor, 5), 0);
	return descriptor;
}

/* Has a dialogue with the other side. The caller frees the answer. */
static struct swk_socket_dialogue talk(struct other *other, size_t length, long milliseconds,
				       struct swk_watch *watch)
{
	struct swk_socket_dialogue dialogue = {.length = length, .watch = watch};
	char *request = unit_repeat('x', length);
	struct swk_error error = {0};
	struct swk_socket at;
	pthread_t thread;

	assert_true(swk_socket_parse(&at, path));
	other->listening = listen_at(&at);
	assert_int_equal(pipe(other->over), 0);
	assert_int_equal(pthread_create(&thread, NULL, serve, other), 0);
	swk_buffer_init(&dialogue.answer, ANSWER_MAX);
	dialogue.socket = &at;
	dialogue.request = request;
	dialogue.deadline = swk_now_ms() + milliseconds;
	assert_int_equal(swk_socket_ask(&dialogue, &error), 0);
	(void)close(other->over[1]);
	(void)close(other->listening);
	assert_int_equal(pthread_join(thread, NULL), 0);
	(void)close(other->over[0]);
	(void)unlink(path);
	free(request);
	return dialogue;
}

static void dialogues(void **state)
{
	static const struct {
		const char *name;
		size_t length;
		struct other other;
		long milliseconds;
		size_t answered;
		const char *cause; /* a part of it; NULL: none */
	} rows[] = {
		{"an answer", 10, {.accepts = true, .reads = 10, .writes = 20}, LONG_MS, 20, NULL},
		{"no answer", 10, {.accepts = true, .reads = 10}, LONG_MS, 0, NULL},
		{"a large request",
		 3000000,
		 {.accepts = true, .reads = 3000000, .writes = 3},
		 LONG_MS,
		 3,
		 NULL},
		{"the largest answer",
		 10,
		 {.accepts = true, .reads = 10, .writes = ANSWER_MAX},
		 LONG_MS,
		 ANSWER_MAX,
		 NULL},
		{"one byte more",
		 10,
		 {.accepts = true, .reads = 10, .writes = ANSWER_MAX + 1, .waits = true},
		 LONG_MS,
		 SIZE_MAX,
		 "the answer is too large"},
		{"an answer without an end",
		 10,
		 {.accepts = true, .reads = 10, .writes = 20, .waits = true},
		 50,
		 20,
		 "no answer in time"},
		{"a request that is not read",
		 3000000,
		 {.accepts = true, .waits = true},
		 50,
		 0,
		 "no answer in time"},
		{"a connection that ends early",
		 3000000,
		 {.accepts = true, .reads = 5},
		 LONG_MS,
		 0,
		 "the connection ended before"},
		{"a connection that is not accepted",
		 10,
		 {.waits = true},
		 50,
		 0,
		 "no answer in time"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct other other = rows[i].other;
		struct swk_socket_dialogue dialogue =
			talk(&other, rows[i].length, rows[i].milliseconds, NULL);

		if (rows[i].answered != SIZE_MAX)
			unit_number(rows[i].name, (long long)dialogue.answer.length,
				    (long long)rows[i].answered);
		unit_number(rows[i].name, dialogue.unreachable, false);
		unit_number(rows[i].name, dialogue.cause.status, rows[i].cause ? SWK_TEMPFAIL : 0);
		unit_says(rows[i].name, dialogue.cause.text, rows[i].cause ? rows[i].cause : "");
		swk_buffer_free(&dialogue.answer);
	}
}

static void nothing_listens(void **state)
{
	struct swk_socket_dialogue dialogue = {.deadline = swk_now_ms() + LONG_MS};
	struct swk_error error = {0};
	struct swk_socket at;

	(void)state;
	swk_buffer_init(&dialogue.answer, 10);
	assert_true(swk_socket_parse(&at, path));
	dialogue.socket = &at;
	assert_int_equal(swk_socket_ask(&dialogue, &error), 0);
	assert_true(dialogue.unreachable);
	unit_says("no file", dialogue.cause.text, path);
	/* A file of an earlier process. */
	(void)close(listen_at(&at));
	assert_int_equal(swk_socket_ask(&dialogue, &error), 0);
	assert_true(dialogue.unreachable);
	unit_says("a file", dialogue.cause.text, "cannot connect: Connection refused");
	(void)unlink(path);
}

/* A watch that says stop ends the wait at once, and one that doesn't learns when something came. */
static void watched(void **state)
{
	struct swk_watch watch = {.stop = true};
	struct other silent = {.accepts = true, .reads = 10, .waits = true};
	struct other quick = {.accepts = true, .reads = 10, .writes = 5};
	struct swk_socket_dialogue dialogue = talk(&silent, 10, LONG_MS, &watch);

	(void)state;
	unit_says("stop", dialogue.cause.text, "others wait");
	assert_int_equal(watch.heard, 0);
	swk_buffer_free(&dialogue.answer);
	watch.stop = false;
	dialogue = talk(&quick, 10, LONG_MS, &watch);
	assert_int_equal(dialogue.cause.status, 0);
	assert_int_not_equal(watch.heard, 0);
	swk_buffer_free(&dialogue.answer);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(parsed),
		cmocka_unit_test(dialogues),
		cmocka_unit_test(nothing_listens),
		cmocka_unit_test(watched),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	failed = cmocka_run_group_tests_name("socket", tests, NULL, NULL);
	(void)rmdir(folder);
	return failed;
}
