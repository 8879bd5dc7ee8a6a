/* SPDX-License-Identifier: MIT */
/* What is asked of a server whose answers come from the test. tests/e2e tests the answers of a real
 * agent. */
#include "unit.h"
#include "variables.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "consul/client.h"

static const struct swk_consul_settings nothing_set;

/* A request and its answer. Each is expected once; the same request repeated gets its answers in
 * this order. */
struct exchange {
	const char *target;
	const char *answer; /* without its Content-Length; NULL: a reset of the connection */
};

#define OK_AT(index) "HTTP/1.1 200 OK\r\nX-Consul-Index: " #index "\r\n\r\n"
#define NOT_FOUND_AT(index) "HTTP/1.1 404 Not Found\r\nX-Consul-Index: " #index "\r\n\r\n"
#define INSTANCE(id)                                                                               \
	"{\"Node\":{},\"Service\":{\"ID\":\"" id                                                   \
	"\",\"Service\":\"web\",\"Port\":80},\"Checks\":[]}"

/* Answers one connection. False if it brought no expected request. */
static bool answer_one(int connection, const struct exchange *exchanges, size_t count, bool *done)
{
	const struct linger reset = {.l_onoff = 1};
	const char *answer = "HTTP/1.1 403 Not In The Test\r\n\r\n";
	char request[4096] = "", target[1024];
	size_t length = 0;
	ssize_t got;

	while (!strstr(request, "\r\n\r\n")) {
		got = read(connection, request + length, sizeof(request) - 1 - length);
		if (got <= 0)
			return false;
		length += (size_t)got;
		request[length] = '\0';
	}
	if (sscanf(request, "GET %1023s", target) != 1)
		return false;
	for (size_t i = 0; i < count; i++) {
		if (done[i] || strcmp(exchanges[i].target, target) != 0)
			continue;
		done[i] = true;
		answer = exchanges[i].answer;
		break;
	}
	if (!answer)
		return !setsockopt(connection, SOL_SOCKET, SO_LINGER, &reset, sizeof(reset));
	/* Closing the connection ends the body. */
	return write(connection, answer, strlen(answer)) == (ssize_t)strlen(answer);
}

/* Returns a listening socket. */
static int listen_at(char address[32])
{
	struct sockaddr_in at = {.sin_family = AF_INET, .sin_addr = {htonl(INADDR_LOOPBACK)}};
	socklen_t size = sizeof(at);
	int listening = socket(AF_INET, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_int_equal(bind(listening, (struct sockaddr *)&at, sizeof(at)), 0);
	assert_int_equal(listen(listening, 8), 0);
	assert_int_equal(getsockname(listening, (struct sockaddr *)&at, &size), 0);
	(void)snprintf(address, 32, "127.0.0.1:%u", ntohs(at.sin_port));
	return listening;
}

/* Starts a server process. It exits with 0 after every exchange has happened. */
static pid_t serve(const struct exchange *exchanges, size_t count, char address[32])
{
	int listening = listen_at(address);
	bool done[8] = {false};
	pid_t child;

	assert_true(count <= COUNT(done));
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		size_t answered = 0;

		(void)alarm(10);
		while (answered < count) {
			int connection = accept(listening, NULL, NULL);

			answered += answer_one(connection, exchanges, count, done);
			(void)close(connection);
		}
		for (size_t i = 0; i < count; i++) {
			if (!done[i])
				_exit(1);
		}
		_exit(0);
	}
	(void)close(listening);
	return child;
}

/* What a sink received, as text. */
struct got {
	char text[256];
};

static int got_instance(void *context, const struct swk_instance *instance, struct swk_error *error)
{
	struct got *got = context;

	(void)error;
	(void)strncat(got->text, instance->id, sizeof(got->text) - strlen(got->text) - 1);
	return 0;
}

static int got_unreadable(void *context, const char *service, const char *what, const char *reason,
			  struct swk_error *error)
{
	(void)context;
	(void)service;
	return swk_error_set(error, SWK_DATA, "%s: %s", what, reason);
}

static void got_again(void *context)
{
	(void)strcat(((struct got *)context)->text, "|");
}

/* Makes all queries. Every exchange must happen, and no other request. */
static void ask_server(const char *row, const struct swk_consul_settings *given,
		       const struct exchange *exchanges, size_t exchange_count,
		       struct swk_consul_query *queries, size_t count)
{
	struct swk_consul_settings settings = *given;
	struct swk_error error = {0};
	struct swk_http *http = swk_http_open(&error);
	struct swk_consul consul;
	char address[32];
	pid_t child = serve(exchanges, exchange_count, address);
	int ended;

	settings.address = address;
	unit_number(row, swk_consul_init(&consul, &settings, NULL, &error), 0);
	unit_number(row,
		    swk_consul_ask(&consul, http, queries, count, swk_now_ms() + 10000, &error), 0);
	assert_int_equal(waitpid(child, &ended, 0), child);
	if (ended)
		fail_msg("%s: not every request was made, or another one was", row);
	swk_consul_free(&consul);
	swk_http_close(http);
}

static void requests(void **state)
{
	static const struct {
		struct swk_consul_settings settings;
		const char *service, *keyprefix;
		const char *target;
	} rows[] = {
		{{0}, NULL, NULL, "/v1/catalog/services"},
		{{.datacenter = "d", .stale = true, .cached = true},
		 NULL,
		 NULL,
		 "/v1/catalog/services?dc=d&stale&cached"},
		{{0}, "a/b c?", NULL, "/v1/health/service/a%2Fb%20c%3F"},
		{{.cached = true}, "web", NULL, "/v1/health/service/web?cached"},
		{{0}, NULL, "up", "/v1/kv/up/?recurse"},
		{{0}, NULL, "a b/c%2Fd/e?", "/v1/kv/a%20b/c%252Fd/e%3F/?recurse"},
		{{.stale = true}, NULL, "up", "/v1/kv/up/?recurse&stale"},
		/* Consul's agent does not cache keys. */
		{{.cached = true}, NULL, "up", "/v1/kv/up/?recurse"},
		{{.namespace = "n", .datacenter = "d", .stale = true, .cached = true},
		 NULL,
		 "up",
		 "/v1/kv/up/?recurse&ns=n&dc=d&stale"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct exchange exchange = {rows[i].target, NOT_FOUND_AT(7)};
		struct swk_consul_query query = {.service = rows[i].service,
						 .keyprefix = rows[i].keyprefix};

		ask_server(rows[i].target, &rows[i].settings, &exchange, 1, &query, 1);
	}
}

static void no_key_is_a_valid_answer(void **state)
{
	static const struct {
		const char *keyprefix, *answer;
		uint64_t index;
		const char *error; /* a part of the message; NULL: no error */
	} rows[] = {
		{"up", NOT_FOUND_AT(7), 7, NULL},
		/* A server that does not know the path sends no index. */
		{"up", "HTTP/1.1 404 Not Found\r\n\r\n", 0, "answered 404"},
		{"up", NOT_FOUND_AT(0), 0, "answered 404"},
		{"up", NOT_FOUND_AT(7) "no page here", 0, "answered 404: no page here"},
		{"up", OK_AT(7) "", 0, "/v1/kv/up/?recurse: "},
		{"up", OK_AT(7) "[]", 0, "not what Consul answers there"},
		{"up", OK_AT(7) "[" INSTANCE("a") "]", 0, "not what Consul answers there"},
		{NULL, NOT_FOUND_AT(7), 0, "answered 404"},
		{NULL, OK_AT(7) "[]", 7, NULL},
		{NULL, OK_AT(7) "[" INSTANCE("a") "]", 7, NULL},
		{NULL, OK_AT(7) "{\"web\":[]}", 0, "not what Consul answers there"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct exchange exchange = {rows[i].keyprefix ? "/v1/kv/up/?recurse"
								    : "/v1/health/service/web",
						  rows[i].answer};
		struct got got = {""};
		struct swk_consul_query query = {
			.service = rows[i].keyprefix ? NULL : "web",
			.keyprefix = rows[i].keyprefix,
			.sink = {.context = &got, .undecodable = got_unreadable}};

		ask_server(rows[i].answer, &nothing_set, &exchange, 1, &query, 1);
		unit_number(rows[i].answer, (long long)query.index, (long long)rows[i].index);
		unit_number(rows[i].answer, query.error.status,
			    rows[i].error ? SWK_UNAVAILABLE : 0);
		if (rows[i].error)
			unit_says(rows[i].answer, query.error.text, rows[i].error);
	}
}

/* An answer with the known hash is not decoded. Any other is decoded, a large one as it arrives. */
static void known_answer(void **state)
{
	static char large[SWK_ANSWER_KEPT + 4096];
	static const char *const ids[] = {"a", "b", "c"};
	const char *const bodies[] = {"[" INSTANCE("a") "]", "[" INSTANCE("b") "]", large};
	uint64_t numbers[COUNT(bodies)] = {0};

	(void)state;
	memset(large, ' ', sizeof(large) - 1);
	memcpy(large, "[" INSTANCE("c"), strlen("[" INSTANCE("c")));
	large[sizeof(large) - 2] = ']';
	/* Each answer with each hash as the known one, after a first round with none. */
	for (size_t i = 0; i < COUNT(bodies); i++) {
		for (size_t j = 0; j <= COUNT(bodies); j++) {
			char *answer;
			struct got got = {""};
			struct swk_consul_query query = {
				.service = "web",
				.known = j ? numbers[j - 1] : 0,
				.sink = {.context = &got, .instance = got_instance}};
			/* A large answer has no hash. */
			bool same = j == i + 1 && bodies[i] != large;

			assert_true(asprintf(&answer, OK_AT(7) "%s", bodies[i]) > 0);
			ask_server(bodies[i], &nothing_set,
				   &(struct exchange){"/v1/health/service/web", answer}, 1, &query,
				   1);
			free(answer);
			if (!j)
				numbers[i] = query.number;
			assert_true(query.number == numbers[i]);
			assert_int_equal(query.number != 0, bodies[i] != large);
			assert_int_equal(query.error.status, 0);
			assert_int_equal(query.index, 7);
			assert_int_equal(query.same, same);
			assert_string_equal(got.text, same ? "" : ids[i]);
		}
	}
	assert_true(numbers[0] != numbers[1]);
}

/* Consul's header says that the token may not read all. Such an answer is decoded in any case. */
static void filtered_answers(void **state)
{
	static const struct {
		const char *header;
		bool filtered;
	} rows[] = {
		{"", false},
		{"X-Consul-Results-Filtered-By-ACLs: true\r\n", true},
		{"x-consul-results-filtered-by-acls:true\r\n", true},
		{"X-Consul-Results-Filtered-By-ACLs: false\r\n", false},
		{"X-Consul-Results-Filtered-By-ACLs:\r\n", false},
		{"X-Consul-Results-Filtered-By-ACLs-Too: true\r\n", false},
	};
	uint64_t known = 0;

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct got got = {""};
		struct swk_consul_query query = {
			.service = "web",
			.known = known,
			.sink = {.context = &got, .instance = got_instance}};
		char *answer;

		assert_true(asprintf(&answer,
				     "HTTP/1.1 200 OK\r\n%sX-Consul-Index: 7\r\n\r\n[" INSTANCE(
					     "a") "]",
				     rows[i].header) > 0);
		ask_server(rows[i].header, &nothing_set,
			   &(struct exchange){"/v1/health/service/web", answer}, 1, &query, 1);
		free(answer);
		unit_number(rows[i].header, query.filtered, rows[i].filtered);
		unit_number(rows[i].header, query.same, known && !rows[i].filtered);
		assert_int_equal(query.index, 7);
		known = query.number;
	}
}

#define WEB "/v1/health/service/web"
#define KEYS "/v1/kv/up/?recurse"

static void older_than_required(void **state)
{
	static const struct {
		const char *row;
		struct swk_consul_settings settings;
		const char *keyprefix;
		uint64_t least;
		struct exchange exchanges[2];
		const char *got; /* `|`: `again` was called */
		uint64_t index;
		int status;
	} rows[] = {
		{"old: the leader's counts, however old",
		 {.stale = true},
		 NULL,
		 10,
		 {{WEB "?stale", OK_AT(9) "[" INSTANCE("a") "]"},
		  {WEB, OK_AT(8) "[" INSTANCE("b") "]"}},
		 "a|b",
		 8,
		 0},
		{"the other parameters stay",
		 {.cached = true, .namespace = "n", .datacenter = "d"},
		 NULL,
		 10,
		 {{WEB "?ns=n&dc=d&cached", OK_AT(9) "[]"},
		  {WEB "?ns=n&dc=d", OK_AT(11) "[" INSTANCE("b") "]"}},
		 "|b",
		 11,
		 0},
		{"just as new",
		 {.stale = true},
		 NULL,
		 10,
		 {{WEB "?stale", OK_AT(10) "[" INSTANCE("a") "]"}},
		 "a",
		 10,
		 0},
		{"any will do",
		 {.stale = true},
		 NULL,
		 0,
		 {{WEB "?stale", OK_AT(1) "[" INSTANCE("a") "]"}},
		 "a",
		 1,
		 0},
		{"it was the leader's",
		 {.datacenter = "d"},
		 NULL,
		 10,
		 {{WEB "?dc=d", OK_AT(9) "[" INSTANCE("a") "]"}},
		 "a",
		 9,
		 0},
		{"no answer of the leader's",
		 {.stale = true},
		 NULL,
		 10,
		 {{WEB "?stale", OK_AT(9) "[" INSTANCE("a") "]"},
		  {WEB, "HTTP/1.1 403 Oh\r\n\r\nPermission denied"}},
		 "a|",
		 0,
		 SWK_UNAVAILABLE},
		{"no answer at all",
		 {.stale = true},
		 NULL,
		 10,
		 {{WEB "?stale", "HTTP/1.1 403 Oh\r\nX-Consul-Index: 1\r\n\r\nPermission denied"}},
		 "",
		 0,
		 SWK_UNAVAILABLE},
		{"keys",
		 {.stale = true, .cached = true},
		 "up",
		 10,
		 {{KEYS "&stale", NOT_FOUND_AT(9)}, {KEYS, NOT_FOUND_AT(10)}},
		 "|",
		 10,
		 0},
		{"keys, which come from the leader",
		 {.cached = true},
		 "up",
		 10,
		 {{KEYS, NOT_FOUND_AT(9)}},
		 "",
		 9,
		 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct got got = {""};
		struct swk_consul_query query = {.service = rows[i].keyprefix ? NULL : "web",
						 .keyprefix = rows[i].keyprefix,
						 .sink = {.context = &got,
							  .instance = got_instance,
							  .undecodable = got_unreadable},
						 .least = rows[i].least,
						 .again = got_again};

		ask_server(rows[i].row, &rows[i].settings, rows[i].exchanges,
			   rows[i].exchanges[1].target ? 2 : 1, &query, 1);
		unit_same(rows[i].row, got.text, rows[i].got);
		unit_number(rows[i].row, (long long)query.index, (long long)rows[i].index);
		unit_number(rows[i].row, query.error.status, rows[i].status);
	}
}

/* Among many answers, only the old ones are asked for again. `again` may be NULL. */
static void only_old_answers_again(void **state)
{
	static const struct swk_consul_settings settings = {.stale = true};
	static const struct exchange exchanges[] = {
		{"/v1/health/service/a?stale", OK_AT(10) "[" INSTANCE("1") "]"},
		{"/v1/health/service/b?stale", OK_AT(9) "[" INSTANCE("2") "]"},
		{"/v1/health/service/c?stale", OK_AT(11) "[" INSTANCE("3") "]"},
		{"/v1/health/service/b", OK_AT(12) "[" INSTANCE("4") "]"},
	};
	static const char *const names[] = {"a", "b", "c"};
	static const char *const desired[] = {"1", "24", "3"};
	static const int indexes[] = {10, 12, 11};
	struct swk_consul_query queries[3] = {0};
	struct got got[3] = {{""}};

	(void)state;
	for (size_t i = 0; i < COUNT(queries); i++)
		queries[i] = (struct swk_consul_query){
			.service = names[i],
			.least = 10,
			.sink = {.context = &got[i],
				 .instance = got_instance,
				 .undecodable = got_unreadable},
		};
	ask_server("three", &settings, exchanges, COUNT(exchanges), queries, COUNT(queries));
	for (size_t i = 0; i < COUNT(queries); i++) {
		unit_same(names[i], got[i].text, desired[i]);
		unit_number(names[i], (long long)queries[i].index, indexes[i]);
		unit_number(names[i], queries[i].error.status, 0);
	}
}

#define ERROR(status, text) "HTTP/1.1 " #status " Oh\r\n\r\n" text

static void errors_that_may_pass(void **state)
{
	static const struct {
		const char *answer; /* the first one */
		bool repeated;
	} rows[] = {
		{ERROR(500, "rpc error making call: EOF"), true},
		{ERROR(500, "rpc error making call: No cluster leader"), true},
		{ERROR(500, "No known Consul servers"), true},
		{ERROR(429, "Your IP is issuing too many concurrent connections"), true},
		{ERROR(503, ""), true},
		{"", true},
		{NULL, true},
		/* The sink may already have a part of this answer. */
		{"HTTP/1.1 200 OK\r\nX-Consul-Index: 6\r\nContent-Length: 999\r\n\r\n"
		 "[" INSTANCE("x") ",",
		 true},
		{ERROR(500, "Failed to create boolean expression evaluator: 1:3"), false},
		{ERROR(500, "No path to datacenter"), false},
		{ERROR(500, "rpc error making call: No path to datacenter"), false},
		{ERROR(403, "Permission denied"), false},
		{ERROR(404, ""), false},
		{ERROR(400, "Invalid query parameter"), false},
		{OK_AT(6) "[", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *row = rows[i].answer ? rows[i].answer : "a reset";
		const struct exchange exchanges[] = {{WEB, rows[i].answer},
						     {WEB, OK_AT(7) "[" INSTANCE("a") "]"}};
		struct got got = {""};
		struct swk_consul_query query = {.service = "web",
						 .sink = {.context = &got,
							  .instance = got_instance,
							  .undecodable = got_unreadable},
						 .again = got_again};

		ask_server(row, &nothing_set, exchanges, rows[i].repeated ? 2 : 1, &query, 1);
		unit_same(row, got.text, rows[i].repeated ? "|a" : "");
		unit_number(row, (long long)query.index, rows[i].repeated ? 7 : 0);
		unit_number(row, query.error.status, rows[i].repeated ? 0 : SWK_UNAVAILABLE);
	}
}

/* One query shows whether the agent answers again, before it gets the others. */
static void one_query_first(void **state)
{
	static const struct exchange exchanges[] = {
		{"/v1/health/service/a", ERROR(500, "EOF")},
		{"/v1/health/service/b", NULL},
		{"/v1/health/service/c", ERROR(429, "")},
		{"/v1/health/service/a", NULL},
		{"/v1/health/service/a", OK_AT(7) "[]"},
		{"/v1/health/service/b", OK_AT(7) "[]"},
		{"/v1/health/service/c", OK_AT(7) "[]"},
	};
	static const char *const names[] = {"a", "b", "c"};
	struct swk_consul_query queries[3] = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(queries); i++)
		queries[i].service = names[i];
	ask_server("three", &nothing_set, exchanges, COUNT(exchanges), queries, COUNT(queries));
	for (size_t i = 0; i < COUNT(queries); i++)
		unit_number(names[i], queries[i].error.status, 0);
}

static void no_request_after_the_deadline(void **state)
{
	struct swk_error error = {0};
	struct swk_http *http = swk_http_open(&error);
	struct swk_consul_query query = {.service = "web"};
	struct swk_consul consul;
	char address[32];
	int listening = listen_at(address);
	const struct swk_consul_settings settings = {.address = address};

	(void)state;
	assert_int_equal(swk_consul_init(&consul, &settings, NULL, &error), 0);
	assert_int_equal(swk_consul_ask(&consul, http, &query, 1, swk_now_ms(), &error), 0);
	assert_int_equal(query.error.status, SWK_UNAVAILABLE);
	unit_says("late", query.error.text, "/v1/health/service/web: Timeout was reached");
	assert_int_equal(fcntl(listening, F_SETFL, O_NONBLOCK), 0);
	assert_int_equal(accept(listening, NULL, NULL), -1);
	(void)close(listening);
	swk_consul_free(&consul);
	swk_http_close(http);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(requests, unit_forget),
		cmocka_unit_test_setup(no_key_is_a_valid_answer, unit_forget),
		cmocka_unit_test_setup(known_answer, unit_forget),
		cmocka_unit_test_setup(filtered_answers, unit_forget),
		cmocka_unit_test_setup(older_than_required, unit_forget),
		cmocka_unit_test_setup(only_old_answers_again, unit_forget),
		cmocka_unit_test_setup(errors_that_may_pass, unit_forget),
		cmocka_unit_test_setup(one_query_first, unit_forget),
		cmocka_unit_test_setup(no_request_after_the_deadline, unit_forget),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
