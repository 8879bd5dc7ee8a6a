/* SPDX-License-Identifier: MIT */
/* Requests to Consul: what comes from the environment and the settings, and what is asked of a
 * server whose answers come from the test. tests/e2e tests the answers of a real agent. */
#include "unit.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <sys/socket.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "consul/client.h"

static const struct swk_consul_settings nothing_set;

static const char *const variables[] = {
	"CONSUL_HTTP_ADDR",	  "CONSUL_HTTP_SSL",	    "CONSUL_HTTP_SSL_VERIFY",
	"CONSUL_CACERT",	  "CONSUL_CAPATH",	    "CONSUL_CLIENT_CERT",
	"CONSUL_CLIENT_KEY",	  "CONSUL_TLS_SERVER_NAME", "CONSUL_HTTP_AUTH",
	"CONSUL_NAMESPACE",	  "CONSUL_PARTITION",	    "CONSUL_HTTP_TOKEN",
	"CONSUL_HTTP_TOKEN_FILE", "CONSUL_INDEX",
};

static int forget(void **state)
{
	(void)state;
	for (size_t i = 0; i < COUNT(variables); i++)
		(void)unsetenv(variables[i]);
	return 0;
}

static void set(const char *name, const char *value)
{
	if (value)
		assert_int_equal(setenv(name, value, 1), 0);
	else
		assert_int_equal(unsetenv(name), 0);
}

static void addresses(void **state)
{
	static const struct {
		const char *address, *ssl, *server_name;
		const char *base; /* NULL: refused */
		const char *unix_socket, *connect_to;
	} rows[] = {
		{NULL, NULL, NULL, "http://127.0.0.1:8500", NULL, NULL},
		{"", "", "", "http://127.0.0.1:8500", NULL, NULL},
		{"10.0.0.1:8500", NULL, NULL, "http://10.0.0.1:8500", NULL, NULL},
		{"[::1]:8500", NULL, NULL, "http://[::1]:8500", NULL, NULL},
		{"http://consul.example:8500/", NULL, NULL, "http://consul.example:8500", NULL,
		 NULL},
		{"http://h:1/path/", NULL, NULL, "http://h:1/path", NULL, NULL},
		{"https://h:8501", NULL, NULL, "https://h:8501", NULL, NULL},
		/* https because of CONSUL_HTTP_SSL, even if the address says http */
		{"h:8501", "true", NULL, "https://h:8501", NULL, NULL},
		{"http://h:8501", "1", NULL, "https://h:8501", NULL, NULL},
		{"https://h:8501", "false", NULL, "https://h:8501", NULL, NULL},
		{NULL, "T", NULL, "https://127.0.0.1:8500", NULL, NULL},
		{"h:8501", "yes", NULL, NULL, NULL, NULL},
		/* sockets */
		{"unix:///run/consul.sock", NULL, NULL, "http://localhost", "/run/consul.sock",
		 NULL},
		{"unix://", NULL, NULL, NULL, NULL, NULL},
		/* the name in the certificate */
		{"10.0.0.1:8501", "true", "server.dc1.consul", "https://server.dc1.consul", NULL,
		 "10.0.0.1:8501"},
		{"https://[::1]:8501/path/", NULL, "server.dc1.consul",
		 "https://server.dc1.consul/path", NULL, "[::1]:8501"},
		{"http://10.0.0.1:8500", NULL, "server.dc1.consul", "http://10.0.0.1:8500", NULL,
		 NULL},
		{"https://10.0.0.1:8501", NULL, "bad name", NULL, NULL, NULL},
		{"https://10.0.0.1:8501", NULL, "a@b", NULL, NULL, NULL},
		/* not an address */
		{"ftp://h", NULL, NULL, NULL, NULL, NULL},
		{"h:99999", NULL, NULL, NULL, NULL, NULL},
		{"user:secret@h:8500", NULL, NULL, NULL, NULL, NULL},
		{"h:8500?a=b", NULL, NULL, NULL, NULL, NULL},
		{"h\r\nX: y", NULL, NULL, NULL, NULL, NULL},
		{"https://user:secret@h:8501", NULL, "server.dc1.consul", NULL, NULL, NULL},
		{"https://h:99999", NULL, "server.dc1.consul", NULL, NULL, NULL},
		{"https://h o:8501", NULL, "server.dc1.consul", NULL, NULL, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_consul consul;
		struct swk_error error = {0};
		char row[32];
		int status;

		(void)snprintf(row, sizeof(row), "row %zu", i);
		set("CONSUL_HTTP_ADDR", rows[i].address);
		set("CONSUL_HTTP_SSL", rows[i].ssl);
		set("CONSUL_TLS_SERVER_NAME", rows[i].server_name);
		status = swk_consul_init(&consul, &nothing_set, NULL, &error);
		unit_number(row, status, rows[i].base ? 0 : SWK_USAGE);
		unit_same(row, consul.base, rows[i].base);
		unit_same(row, consul.peer.unix_socket, rows[i].unix_socket);
		unit_same(row, consul.peer.connect_to, rows[i].connect_to);
		if (status)
			unit_says(row, error.text, "CONSUL_");
		swk_consul_free(&consul);
	}
}

static void password_is_not_printed(void **state)
{
	struct swk_consul consul;
	struct swk_error error = {0};

	(void)state;
	set("CONSUL_HTTP_TOKEN", "sec ret");
	assert_int_equal(swk_consul_init(&consul, &nothing_set, NULL, &error), SWK_USAGE);
	assert_null(strstr(error.text, "ret"));
	swk_consul_free(&consul);
}

static void peer(void **state)
{
	static const struct {
		const char *verify;
		int insecure; /* -1: refused */
	} rows[] = {{NULL, 0},	 {"", 0},      {"true", 0}, {"1", 0}, {"t", 0},
		    {"TRUE", 0}, {"false", 1}, {"0", 1},    {"F", 1}, {"no", -1}};
	struct swk_consul consul;

	(void)state;
	set("CONSUL_CACERT", "/ca.pem");
	set("CONSUL_CAPATH", "/ca");
	set("CONSUL_CLIENT_CERT", "/cert.pem");
	set("CONSUL_CLIENT_KEY", "/key.pem");
	set("CONSUL_HTTP_AUTH", "user:password");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		int status;

		set("CONSUL_HTTP_SSL_VERIFY", rows[i].verify);
		status = swk_consul_init(&consul, &nothing_set, NULL, &error);
		unit_number(rows[i].verify, status, rows[i].insecure < 0 ? SWK_USAGE : 0);
		if (!status) {
			unit_number(rows[i].verify, consul.peer.insecure, rows[i].insecure);
			assert_string_equal(consul.peer.ca_file, "/ca.pem");
			assert_string_equal(consul.peer.ca_path, "/ca");
			assert_string_equal(consul.peer.client_cert, "/cert.pem");
			assert_string_equal(consul.peer.client_key, "/key.pem");
			assert_string_equal(consul.peer.user, "user:password");
		}
		swk_consul_free(&consul);
	}
}

static void enterprise_names_in_every_query(void **state)
{
	static const struct {
		const char *namespace, *partition, *query;
	} rows[] = {
		{NULL, NULL, ""},
		{"", "", ""},
		{"team-1", NULL, "?ns=team-1"},
		{"a&b=c d", NULL, "?ns=a%26b%3Dc%20d"},
		{NULL, "a&b=c d", "?partition=a%26b%3Dc%20d"},
		{"team-1", "part-1", "?ns=team-1&partition=part-1"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_consul consul;
		struct swk_error error = {0};

		set("CONSUL_NAMESPACE", rows[i].namespace);
		set("CONSUL_PARTITION", rows[i].partition);
		assert_int_equal(swk_consul_init(&consul, &nothing_set, NULL, &error), 0);
		unit_same(rows[i].query, consul.query, rows[i].query);
		swk_consul_free(&consul);
	}
}

/* ---- the settings ---- */

static void settings_without_environment(void **state)
{
	static const struct swk_consul_settings settings = {
		.address = "https://10.0.0.1:8501",
		.ca_file = "/set/ca.pem",
		.ca_path = "/set/ca",
		.cert_file = "/set/cert.pem",
		.key_file = "/set/key.pem",
		.server_name = "set.example",
		.namespace = "set",
		.partition = "in",
	};
	/* The environment sets one at a time; the others keep the settings' values. */
	static const struct {
		const char *name, *value;
		const char *shown;
	} rows[] = {
		{NULL, NULL,
		 "https://set.example 10.0.0.1:8501 ?ns=set&partition=in /set/ca.pem /set/ca "
		 "/set/cert.pem "
		 "/set/key.pem"},
		{"CONSUL_HTTP_ADDR", "",
		 "https://set.example 10.0.0.1:8501 ?ns=set&partition=in /set/ca.pem /set/ca "
		 "/set/cert.pem "
		 "/set/key.pem"},
		{"CONSUL_HTTP_ADDR", "https://h:1",
		 "https://set.example h:1 ?ns=set&partition=in /set/ca.pem /set/ca /set/cert.pem "
		 "/set/key.pem"},
		{"CONSUL_TLS_SERVER_NAME", "said.example",
		 "https://said.example 10.0.0.1:8501 ?ns=set&partition=in /set/ca.pem /set/ca "
		 "/set/cert.pem "
		 "/set/key.pem"},
		{"CONSUL_NAMESPACE", "said",
		 "https://set.example 10.0.0.1:8501 ?ns=said&partition=in /set/ca.pem /set/ca "
		 "/set/cert.pem "
		 "/set/key.pem"},
		{"CONSUL_PARTITION", "said",
		 "https://set.example 10.0.0.1:8501 ?ns=set&partition=said /set/ca.pem /set/ca "
		 "/set/cert.pem /set/key.pem"},
		{"CONSUL_CACERT", "/ca.pem",
		 "https://set.example 10.0.0.1:8501 ?ns=set&partition=in /ca.pem /set/ca "
		 "/set/cert.pem "
		 "/set/key.pem"},
		{"CONSUL_CAPATH", "/ca",
		 "https://set.example 10.0.0.1:8501 ?ns=set&partition=in /set/ca.pem /ca "
		 "/set/cert.pem "
		 "/set/key.pem"},
		{"CONSUL_CLIENT_CERT", "/cert.pem",
		 "https://set.example 10.0.0.1:8501 ?ns=set&partition=in /set/ca.pem /set/ca "
		 "/cert.pem "
		 "/set/key.pem"},
		{"CONSUL_CLIENT_KEY", "/key.pem",
		 "https://set.example 10.0.0.1:8501 ?ns=set&partition=in /set/ca.pem /set/ca "
		 "/set/cert.pem "
		 "/key.pem"},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_consul consul;
		struct swk_error error = {0};
		char shown[512];

		(void)forget(state);
		if (rows[i].name)
			set(rows[i].name, rows[i].value);
		assert_int_equal(swk_consul_init(&consul, &settings, NULL, &error), 0);
		(void)snprintf(shown, sizeof(shown), "%s %s %s %s %s %s %s", consul.base,
			       consul.peer.connect_to, consul.query, consul.peer.ca_file,
			       consul.peer.ca_path, consul.peer.client_cert,
			       consul.peer.client_key);
		unit_same(rows[i].name, shown, rows[i].shown);
		swk_consul_free(&consul);
	}
}

static void errors_name_their_source(void **state)
{
	static const struct {
		const char *name, *value; /* a variable and its value */
		struct swk_consul_settings settings;
		int status;
		const char *text; /* the start of the message */
	} rows[] = {
		{NULL,
		 NULL,
		 {.address = "ftp://user:secret@h"},
		 SWK_CONFIG,
		 "consul.address: swk-apply does not know its scheme"},
		{NULL,
		 NULL,
		 {.address = "user:secret@http://h"},
		 SWK_CONFIG,
		 "consul.address: swk-apply does not"},
		{NULL,
		 NULL,
		 {.address = "http:/user:secret@h"},
		 SWK_CONFIG,
		 "consul.address: the URL must not have a user"},
		{NULL,
		 NULL,
		 {.address = "http://user:secret%40h"},
		 SWK_CONFIG,
		 "consul.address: it is not a URL"},
		{"CONSUL_HTTP_TOKEN_FILE",
		 "5ec7e75e-c7e7-5ec7-e75e-c7e75ec7e75e",
		 {0},
		 SWK_USAGE,
		 "CONSUL_HTTP_TOKEN_FILE: this is a token, and not"},
		{NULL, NULL, {.address = "unix://"}, SWK_CONFIG, "consul.address: unix:// needs"},
		{NULL,
		 NULL,
		 {.address = "h:99999"},
		 SWK_CONFIG,
		 "consul.address: 'http://h:99999'"},
		{NULL,
		 NULL,
		 {.address = "user:secret@h"},
		 SWK_CONFIG,
		 "consul.address: the URL must not"},
		{NULL, NULL, {.address = ""}, 0, ""},
		{NULL,
		 NULL,
		 {.address = "https://h", .server_name = "bad name"},
		 SWK_CONFIG,
		 "consul.server_name: 'https://bad name': "},
		{NULL, NULL, {.server_name = "bad name"}, 0, ""},
		{"CONSUL_HTTP_ADDR", "ftp://h", {.address = "h"}, SWK_USAGE, "CONSUL_HTTP_ADDR: "},
		{"CONSUL_HTTP_ADDR", "h", {.address = "ftp://h"}, 0, ""},
		{"CONSUL_TLS_SERVER_NAME",
		 "bad name",
		 {.address = "https://h"},
		 SWK_USAGE,
		 "CONSUL_TLS_SERVER_NAME: "},
		{"CONSUL_HTTP_SSL",
		 "maybe",
		 {.address = "ftp://h"},
		 SWK_USAGE,
		 "CONSUL_HTTP_SSL: "},
		{NULL,
		 NULL,
		 {.token_file = "/no/such"},
		 SWK_CONFIG,
		 "consul.token_file: /no/such: the token cannot be read: No such file"},
		{"CONSUL_HTTP_TOKEN_FILE",
		 "/no/such",
		 {.token_file = "/dev/null"},
		 SWK_USAGE,
		 "CONSUL_HTTP_TOKEN_FILE: /no/such: the token cannot be read"},
		{"CONSUL_HTTP_TOKEN",
		 "sec ret",
		 {.token_file = "/no/such"},
		 SWK_USAGE,
		 "CONSUL_HTTP_TOKEN: the token contains a blank"},
		{"CONSUL_HTTP_TOKEN", "good", {.token_file = "/no/such"}, 0, ""},
	};

	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_consul consul;
		struct swk_error error = {0};
		char row[32];

		(void)forget(state);
		(void)snprintf(row, sizeof(row), "row %zu", i);
		if (rows[i].name)
			set(rows[i].name, rows[i].value);
		unit_number(row, swk_consul_init(&consul, &rows[i].settings, NULL, &error),
			    rows[i].status);
		if (strncmp(error.text, rows[i].text, strlen(rows[i].text)) != 0)
			unit_same(row, error.text, rows[i].text);
		assert_null(strstr(error.text, "secret"));
		assert_null(strstr(error.text, "5ec7e75e"));
		swk_consul_free(&consul);
	}
}

static void parameters_in_order(void **state)
{
	static const struct {
		struct swk_consul_settings settings;
		const char *query;
	} rows[] = {
		{{0}, ""},
		{{.datacenter = "dc2"}, "?dc=dc2"},
		{{.datacenter = "", .namespace = "", .partition = ""}, ""},
		{{.namespace = "a&b=c d", .datacenter = "e/f#g"}, "?ns=a%26b%3Dc%20d&dc=e%2Ff%23g"},
		{{.stale = true}, "?stale"},
		{{.cached = true}, "?cached"},
		{{.stale = true, .cached = true}, "?stale&cached"},
		{{.partition = "p",
		  .namespace = "n",
		  .datacenter = "d",
		  .stale = true,
		  .cached = true},
		 "?ns=n&partition=p&dc=d&stale&cached"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_consul consul;
		struct swk_error error = {0};

		assert_int_equal(swk_consul_init(&consul, &rows[i].settings, NULL, &error), 0);
		unit_same(rows[i].query, consul.query, rows[i].query);
		swk_consul_free(&consul);
	}
}

/* ---- the token ---- */

static void tokens_of_the_environment(void **state)
{
	static const struct {
		const char *token, *header; /* "refused" */
	} rows[] = {
		{NULL, NULL},
		{"", NULL},
		{"b1gs33cr3t-~!", "X-Consul-Token: b1gs33cr3t-~!"},
		{"a b", "refused"},
		{" a", "refused"},
		{"a\n", "refused"},
		{"a\r\nX-Other: b", "refused"},
		{"a\x7f", "refused"},
		{"caf\xc3\xa9", "refused"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_consul consul;
		struct swk_error error = {0};
		int status;

		set("CONSUL_HTTP_TOKEN", rows[i].token);
		status = swk_consul_init(&consul, &nothing_set, NULL, &error);
		unit_same(rows[i].token, status == SWK_USAGE ? "refused" : consul.header,
			  rows[i].header);
		swk_consul_free(&consul);
	}
}

/* Creates a file, and writes its name into `path`. */
static void make_file(char path[32], const char *text, size_t length)
{
	int descriptor;

	(void)strcpy(path, "/tmp/swk-unit-XXXXXX");
	descriptor = mkstemp(path);
	assert_true(descriptor >= 0);
	assert_int_equal(write(descriptor, text, length), length);
	(void)close(descriptor);
}

static void tokens_of_a_file(void **state)
{
	static const struct {
		const char *text;
		size_t length;
		const char *header; /* "refused" */
	} rows[] = {
		{"abc", 3, "X-Consul-Token: abc"},
		{"abc\n", 4, "X-Consul-Token: abc"},
		{" \t\r\nabc\r\n\n ", 11, "X-Consul-Token: abc"},
		{"", 0, NULL},
		{" \n", 2, NULL},
		{"a\nb\n", 4, "refused"},
		{"a\r\nX-Other: b", 13, "refused"},
		{"abc\0def", 7, "refused"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_consul consul;
		struct swk_error error = {0};
		char path[32];
		int status;

		make_file(path, rows[i].text, rows[i].length);
		status = swk_consul_init(&consul, &nothing_set, path, &error);
		(void)unlink(path);
		unit_same(rows[i].text, status == SWK_USAGE ? "refused" : consul.header,
			  rows[i].header);
		if (status)
			unit_says(rows[i].text, error.text, path);
		swk_consul_free(&consul);
	}
}

static void token_at_its_limit(void **state)
{
	char *text = unit_repeat('a', SWK_TOKEN_MAX + 1), path[32];

	(void)state;
	for (size_t over = 0; over < 2; over++) {
		struct swk_consul consul;
		struct swk_error error = {0};
		int status;

		make_file(path, text, SWK_TOKEN_MAX + over);
		status = swk_consul_init(&consul, &nothing_set, path, &error);
		(void)unlink(path);
		assert_int_equal(status, over ? SWK_USAGE : 0);
		if (over)
			unit_says("too long", error.text, "the token: larger than 4096 bytes");
		else
			assert_int_equal(strlen(consul.header),
					 strlen("X-Consul-Token: ") + SWK_TOKEN_MAX);
		swk_consul_free(&consul);
	}
	free(text);
}

static void which_token(void **state)
{
	char first[32], second[32], last[32];
	const struct swk_consul_settings settings = {.token_file = last};
	/* Each applies once all before it are removed. */
	static const char *const order[] = {"first", "second", "third", "last"};

	(void)state;
	make_file(first, "first", 5);
	make_file(second, "second", 6);
	make_file(last, "last", 4);
	set("CONSUL_HTTP_TOKEN_FILE", second);
	set("CONSUL_HTTP_TOKEN", "third");
	for (size_t i = 0; i < COUNT(order); i++) {
		struct swk_consul consul;
		struct swk_error error = {0};

		if (i > 1)
			set(i == 2 ? "CONSUL_HTTP_TOKEN_FILE" : "CONSUL_HTTP_TOKEN", "");
		unit_number(order[i], swk_consul_init(&consul, &settings, i ? NULL : first, &error),
			    0);
		unit_same(order[i], consul.header + strlen("X-Consul-Token: "), order[i]);
		swk_consul_free(&consul);
	}
	(void)unlink(first);
	(void)unlink(second);
	(void)unlink(last);
}

/* If a named file does not exist, no other token is used instead. */
static void missing_token_file(void **state)
{
	struct swk_consul consul;
	struct swk_error error = {0};

	(void)state;
	set("CONSUL_HTTP_TOKEN_FILE", "/no/such");
	set("CONSUL_HTTP_TOKEN", "other");
	assert_int_equal(swk_consul_init(&consul, &nothing_set, NULL, &error), SWK_USAGE);
	unit_says("not there", error.text, "the token cannot be read: No such file");
	assert_null(consul.base);
	swk_consul_free(&consul);
}

/* ---- the index ---- */

static void event_indexes(void **state)
{
	static const struct {
		const char *value;
		bool good;
		uint64_t index;
	} rows[] = {
		{NULL, true, 0},
		{"", true, 0},
		{"0", true, 0},
		{"42", true, 42},
		{"9223372036854775808", true, 9223372036854775808U},
		{"99999999999999999999", false, 0},
		{"-1", false, 0},
		{"+1", false, 0},
		{" 1", false, 0},
		{"1x", false, 0},
		{"0x10", false, 0},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		uint64_t index = 12345;

		set("CONSUL_INDEX", rows[i].value);
		unit_number(rows[i].value, swk_consul_event_index(&index, &error),
			    rows[i].good ? 0 : SWK_USAGE);
		assert_true(index == rows[i].index);
	}
}

/* ---- queries ---- */

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
		cmocka_unit_test_setup(addresses, forget),
		cmocka_unit_test_setup(password_is_not_printed, forget),
		cmocka_unit_test_setup(peer, forget),
		cmocka_unit_test_setup(enterprise_names_in_every_query, forget),
		cmocka_unit_test_setup(settings_without_environment, forget),
		cmocka_unit_test_setup(errors_name_their_source, forget),
		cmocka_unit_test_setup(parameters_in_order, forget),
		cmocka_unit_test_setup(tokens_of_the_environment, forget),
		cmocka_unit_test_setup(tokens_of_a_file, forget),
		cmocka_unit_test_setup(token_at_its_limit, forget),
		cmocka_unit_test_setup(which_token, forget),
		cmocka_unit_test_setup(missing_token_file, forget),
		cmocka_unit_test_setup(event_indexes, forget),
		cmocka_unit_test_setup(requests, forget),
		cmocka_unit_test_setup(no_key_is_a_valid_answer, forget),
		cmocka_unit_test_setup(known_answer, forget),
		cmocka_unit_test_setup(filtered_answers, forget),
		cmocka_unit_test_setup(older_than_required, forget),
		cmocka_unit_test_setup(only_old_answers_again, forget),
		cmocka_unit_test_setup(errors_that_may_pass, forget),
		cmocka_unit_test_setup(one_query_first, forget),
		cmocka_unit_test_setup(no_request_after_the_deadline, forget),
	};

	return cmocka_run_group_tests_name("client", tests, NULL, NULL);
}
