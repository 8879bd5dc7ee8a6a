/* SPDX-License-Identifier: MIT */
/* Of asking Consul, what its environment says; the questions need an agent. */
#include "unit.h"

#include <unistd.h>

#include "consul.h"

static const char *const variables[] = {
	"CONSUL_HTTP_ADDR",  "CONSUL_HTTP_SSL",	       "CONSUL_HTTP_SSL_VERIFY",
	"CONSUL_CACERT",     "CONSUL_CAPATH",	       "CONSUL_CLIENT_CERT",
	"CONSUL_CLIENT_KEY", "CONSUL_TLS_SERVER_NAME", "CONSUL_HTTP_AUTH",
	"CONSUL_NAMESPACE",  "CONSUL_HTTP_TOKEN",      "CONSUL_HTTP_TOKEN_FILE",
	"CONSUL_INDEX",
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
		/* https, by the other variable: also where the address says http */
		{"h:8501", "true", NULL, "https://h:8501", NULL, NULL},
		{"http://h:8501", "1", NULL, "https://h:8501", NULL, NULL},
		{"https://h:8501", "false", NULL, "https://h:8501", NULL, NULL},
		{NULL, "T", NULL, "https://127.0.0.1:8500", NULL, NULL},
		{"h:8501", "yes", NULL, NULL, NULL, NULL},
		/* sockets */
		{"unix:///run/consul.sock", NULL, NULL, "http://localhost", "/run/consul.sock",
		 NULL},
		{"unix://", NULL, NULL, NULL, NULL, NULL},
		/* the name that the certificate has */
		{"10.0.0.1:8501", "true", "server.dc1.consul", "https://server.dc1.consul", NULL,
		 "10.0.0.1:8501"},
		{"https://[::1]:8501/path/", NULL, "server.dc1.consul",
		 "https://server.dc1.consul/path", NULL, "[::1]:8501"},
		{"http://10.0.0.1:8500", NULL, "server.dc1.consul", "http://10.0.0.1:8500", NULL,
		 NULL},
		{"https://10.0.0.1:8501", NULL, "bad name", NULL, NULL, NULL},
		{"https://10.0.0.1:8501", NULL, "a@b", NULL, NULL, NULL},
		/* what can't be one */
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
		status = swk_consul_init(&consul, NULL, &error);
		unit_number(row, status, rows[i].base ? 0 : SWK_USAGE);
		unit_same(row, consul.base, rows[i].base);
		unit_same(row, consul.peer.unix_socket, rows[i].unix_socket);
		unit_same(row, consul.peer.connect_to, rows[i].connect_to);
		if (status)
			unit_says(row, error.text, "CONSUL_");
		swk_consul_free(&consul);
	}
}

static void password_is_not_told(void **state)
{
	struct swk_consul consul;
	struct swk_error error = {0};

	(void)state;
	set("CONSUL_HTTP_TOKEN", "sec ret");
	assert_int_equal(swk_consul_init(&consul, NULL, &error), SWK_USAGE);
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
		status = swk_consul_init(&consul, NULL, &error);
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

static void namespace_in_every_query(void **state)
{
	static const struct {
		const char *namespace, *query;
	} rows[] = {
		{NULL, ""},
		{"", ""},
		{"team-1", "?ns=team-1"},
		{"a&b=c d", "?ns=a%26b%3Dc%20d"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_consul consul;
		struct swk_error error = {0};

		set("CONSUL_NAMESPACE", rows[i].namespace);
		assert_int_equal(swk_consul_init(&consul, NULL, &error), 0);
		unit_same(rows[i].namespace, consul.query, rows[i].query);
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
		status = swk_consul_init(&consul, NULL, &error);
		unit_same(rows[i].token, status == SWK_USAGE ? "refused" : consul.header,
			  rows[i].header);
		swk_consul_free(&consul);
	}
}

/* Makes a file and puts its name into path. */
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
		status = swk_consul_init(&consul, path, &error);
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
		status = swk_consul_init(&consul, path, &error);
		(void)unlink(path);
		assert_int_equal(status, over ? SWK_USAGE : 0);
		if (over)
			unit_says("too long", error.text, "no token is longer than 4096 bytes");
		else
			assert_int_equal(strlen(consul.header),
					 strlen("X-Consul-Token: ") + SWK_TOKEN_MAX);
		swk_consul_free(&consul);
	}
	free(text);
}

static void which_token(void **state)
{
	char first[32], second[32];
	struct swk_consul consul;
	struct swk_error error = {0};

	(void)state;
	make_file(first, "first", 5);
	make_file(second, "second", 6);
	set("CONSUL_HTTP_TOKEN", "third");
	set("CONSUL_HTTP_TOKEN_FILE", second);
	assert_int_equal(swk_consul_init(&consul, first, &error), 0);
	assert_string_equal(consul.header, "X-Consul-Token: first");
	swk_consul_free(&consul);
	assert_int_equal(swk_consul_init(&consul, NULL, &error), 0);
	assert_string_equal(consul.header, "X-Consul-Token: second");
	swk_consul_free(&consul);
	(void)unlink(first);
	(void)unlink(second);
	/* A file that is named and not there is no reason to go on with another token. */
	assert_int_equal(swk_consul_init(&consul, NULL, &error), SWK_USAGE);
	unit_says("not there", error.text, "the token can't be read: No such file");
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
		cmocka_unit_test_setup(addresses, forget),
		cmocka_unit_test_setup(password_is_not_told, forget),
		cmocka_unit_test_setup(peer, forget),
		cmocka_unit_test_setup(namespace_in_every_query, forget),
		cmocka_unit_test_setup(tokens_of_the_environment, forget),
		cmocka_unit_test_setup(tokens_of_a_file, forget),
		cmocka_unit_test_setup(token_at_its_limit, forget),
		cmocka_unit_test_setup(which_token, forget),
		cmocka_unit_test_setup(event_indexes, forget),
	};

	return cmocka_run_group_tests_name("consul", tests, NULL, NULL);
}
