/* SPDX-License-Identifier: MIT */
/* How Consul is reached: what comes from the environment, and what from the settings. */
#include "unit.h"
#include "variables.h"

#include <unistd.h>

#include "consul/access.h"

static const struct swk_consul_settings nothing_set;

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

		(void)unit_forget(state);
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

		(void)unit_forget(state);
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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(addresses, unit_forget),
		cmocka_unit_test_setup(password_is_not_printed, unit_forget),
		cmocka_unit_test_setup(peer, unit_forget),
		cmocka_unit_test_setup(enterprise_names_in_every_query, unit_forget),
		cmocka_unit_test_setup(settings_without_environment, unit_forget),
		cmocka_unit_test_setup(errors_name_their_source, unit_forget),
		cmocka_unit_test_setup(parameters_in_order, unit_forget),
		cmocka_unit_test_setup(tokens_of_the_environment, unit_forget),
		cmocka_unit_test_setup(tokens_of_a_file, unit_forget),
		cmocka_unit_test_setup(token_at_its_limit, unit_forget),
		cmocka_unit_test_setup(which_token, unit_forget),
		cmocka_unit_test_setup(missing_token_file, unit_forget),
		cmocka_unit_test_setup(event_indexes, unit_forget),
	};

	return cmocka_run_group_tests_name("access", tests, NULL, NULL);
}
