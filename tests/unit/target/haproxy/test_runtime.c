/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <pthread.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include "target/haproxy/runtime.h"

/* What is waited for must have happened by then, if it happens at all. */
#define LONG_MS 30000

static char folder[] = "/tmp/swk-runtime-XXXXXX", path[64];

/* What stands in for HAProxy: gives an answer, whatever it was asked, and closes the connection. */
struct other {
	struct swk_socket at;
	const char *answer;
	size_t length; /* of it */
	int listening;
	long after_ms;	 /* begins to listen then */
	char asked[256]; /* what it was asked */
	pthread_t thread;
};

static void begin_to_listen(struct other *other)
{
	other->listening = socket(AF_UNIX, SOCK_STREAM, 0);
	if (bind(other->listening, (const void *)&other->at.at, other->at.length) ||
	    listen(other->listening, 5))
		abort();
}

static void *serve(void *context)
{
	struct other *other = context;
	const struct timespec pause = {0, other->after_ms * 1000000L};
	size_t length = 0;
	ssize_t size = 1;
	int descriptor;

	if (other->after_ms) {
		(void)nanosleep(&pause, NULL);
		begin_to_listen(other);
	}
	descriptor = accept(other->listening, NULL, NULL);
	while (size > 0 && !strstr(other->asked, "quit\n")) {
		size = recv(descriptor, other->asked + length, sizeof(other->asked) - 1 - length,
			    0);
		length += size > 0 ? (size_t)size : 0;
		other->asked[length] = '\0';
	}
	(void)send(descriptor, other->answer, other->length, MSG_NOSIGNAL);
	(void)close(descriptor);
	(void)close(other->listening);
	return NULL;
}

static struct swk_haproxy_peer begin(struct other *other, const char *answer, size_t length,
				     long after_ms)
{
	struct swk_haproxy_peer peer = {.timeout = 0};

	*other = (struct other){.answer = answer, .length = length, .after_ms = after_ms};
	(void)unlink(path);
	assert_true(swk_socket_parse(&other->at, path));
	assert_true(swk_socket_parse(&peer.socket, path));
	if (!after_ms)
		begin_to_listen(other);
	assert_int_equal(pthread_create(&other->thread, NULL, serve, other), 0);
	return peer;
}

static void end(struct other *other)
{
	assert_int_equal(pthread_join(other->thread, NULL), 0);
	(void)unlink(path);
}

static void add(struct swk_haproxy_request *request, enum swk_haproxy_command command,
		const char *text)
{
	struct swk_error error = {0};

	assert_int_equal(swk_haproxy_begin(request, command, 0, &error), 0);
	assert_int_equal(swk_buffer_add(&request->text, text, strlen(text), &error), 0);
	assert_int_equal(swk_haproxy_end(request, &error), 0);
}

static void asked(void **state)
{
	static const struct {
		const char *name, *answer;
		size_t length; /* 0: all of it */
		bool complete;
	} rows[] = {
		{"all answers", "\n> New server registered.\n\n> \n> ", 0, true},
		{"the first answer", "\n> New server registered.\n\n> ", 0, false},
		{"a part of an answer", "\n> New server regis", 0, false},
		{"nothing", "", 0, false},
		{"another program", "HTTP/1.1 400 Bad request\r\n\r\n", 0, false},
		{"a NUL byte", "\n> New\0server\n> \n> ", 19, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0}, cause = {0};
		struct swk_haproxy_request request;
		struct other other;
		struct swk_haproxy_peer peer =
			begin(&other, rows[i].answer,
			      rows[i].length ? rows[i].length : strlen(rows[i].answer), 0);

		swk_haproxy_request_init(&request);
		add(&request, SWK_HAPROXY_ADD, "add server a/b 10.0.0.1:80");
		add(&request, SWK_HAPROXY_SET, "set server a/b state ready");
		assert_int_equal(swk_haproxy_ask(&peer, &request, swk_now_ms() + LONG_MS, NULL,
						 &cause, &error),
				 0);
		end(&other);
		unit_same(rows[i].name, other.asked,
			  "prompt\nadd server a/b 10.0.0.1:80\nset server a/b state ready\nquit\n");
		unit_number(rows[i].name, cause.status, rows[i].complete ? 0 : SWK_TEMPFAIL);
		unit_number(rows[i].name, peer.dropped, !rows[i].complete);
		if (rows[i].complete) {
			swk_haproxy_interpret(&request);
			assert_true(swk_haproxy_is_fine(&request.list[0]));
			assert_true(swk_haproxy_is_fine(&request.list[1]));
		}
		swk_haproxy_request_free(&request);
	}
}

static void reloaded(void **state)
{
	static const struct {
		const char *name, *answer;
		long after_ms;
		int status;
	} rows[] = {
		{"2.6", "", 0, 0},
		{"while it starts itself anew", "", 300, 0},
		{"a success", "Success=1\n--\n", 0, 0},
		{"a failure", "Success=0\n--\n[ALERT] …\n", 0, SWK_DATA},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0}, cause = {0};
		struct other other;
		struct swk_haproxy_peer peer =
			begin(&other, rows[i].answer, strlen(rows[i].answer), rows[i].after_ms);

		assert_int_equal(
			swk_haproxy_reload(&peer, swk_now_ms() + LONG_MS, NULL, &cause, &error), 0);
		end(&other);
		unit_same(rows[i].name, other.asked, "reload\nquit\n");
		unit_number(rows[i].name, cause.status, rows[i].status);
	}
}

#define PROCESSES "#<PID> <type> <reloads> <uptime> <version>\n12 master 3 "

static void failures_seen(void **state)
{
	static const struct {
		const char *answer;
		int status;
	} rows[] = {
		{PROCESSES "[failed: 0] 0d00h00m02s 2.6.12\n# workers\n", 0},
		{PROCESSES "[failed: 1] 0d00h00m02s 2.6.12\n# workers\n", SWK_DATA},
		{PROCESSES "[failed: 12] 0d00h00m02s 2.6.12\n# workers\n", SWK_DATA},
		{PROCESSES "0d00h00m02s 2.4\n", 0},
		{"", 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0}, cause = {0};
		struct other other;
		struct swk_haproxy_peer peer =
			begin(&other, rows[i].answer, strlen(rows[i].answer), 0);

		assert_int_equal(swk_haproxy_see_failure(&peer, swk_now_ms() + LONG_MS, NULL,
							 &cause, &error),
				 0);
		end(&other);
		unit_same(rows[i].answer, other.asked, "show proc\nquit\n");
		unit_number(rows[i].answer, cause.status, rows[i].status);
	}
}

static void workers_found(void **state)
{
	static const struct {
		const char *answer;
		unsigned after_ms, worker;
	} rows[] = {
		{PROCESSES "[failed: 0]\n# workers\n34 worker 0\n# old workers\n33 worker 1\n", 0,
		 34},
		{PROCESSES "[failed: 0]\n# workers\n34 worker 0\n", 100, 34},
		{PROCESSES "[failed: 1]\n# workers\n# old workers\n33 worker 1\n", 0, 0},
		{PROCESSES "[failed: 0]\n", 0, 0},
		{"# workers\n", 0, 0},
		{"", 0, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0}, cause = {0};
		uint64_t worker = 1;
		struct other other;
		struct swk_haproxy_peer peer =
			begin(&other, rows[i].answer, strlen(rows[i].answer), rows[i].after_ms);

		assert_int_equal(swk_haproxy_find_worker(&peer, &worker, swk_now_ms() + LONG_MS,
							 NULL, &cause, &error),
				 0);
		end(&other);
		unit_same(rows[i].answer, other.asked, "show proc\nquit\n");
		unit_number(rows[i].answer, (long long)worker, (long long)rows[i].worker);
		unit_number(rows[i].answer, cause.status, 0);
	}
}

/* Nothing ever listens. */
static void no_worker_found(void **state)
{
	struct swk_error error = {0}, cause = {0};
	struct swk_haproxy_peer peer = {0};
	uint64_t worker = 1;

	(void)state;
	assert_true(swk_socket_parse(&peer.socket, path));
	assert_int_equal(
		swk_haproxy_find_worker(&peer, &worker, swk_now_ms() + 100, NULL, &cause, &error),
		0);
	assert_int_equal(cause.status, SWK_TEMPFAIL);
	assert_int_equal(worker, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(asked),	   cmocka_unit_test(reloaded),
		cmocka_unit_test(failures_seen),   cmocka_unit_test(workers_found),
		cmocka_unit_test(no_worker_found),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	(void)snprintf(path, sizeof(path), "%s/socket", folder);
	failed = cmocka_run_group_tests_name("haproxy runtime", tests, NULL, NULL);
	(void)rmdir(folder);
	return failed;
}
