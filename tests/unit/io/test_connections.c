/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <sys/socket.h>
#include <netinet/in.h>
#include <unistd.h>

#include "io/connections.h"

#define HEAD                                                                                       \
	"  sl  local_address rem_address   st tx_queue rx_queue tr tm->when retrnsmt   uid  "      \
	"timeout inode\n"
#define REST " 00000000:00000000 00:00000000 00000000     0        0 1 1 0000 100 0 0 10 0\n"
#define FROM " 0200000A:D431 "

/* 10.0.0.1 and port 80 as they stand in the kernel's tables on this host. */
static const char *local(const char *address)
{
	static char texts[4][64];
	static unsigned turn;
	char *text = texts[turn++ % COUNT(texts)];
	struct swk_server server = unit_server(address);
	int length = 0;

	for (size_t i = 0; i < (server.v6 ? 16U : 4U); i += 4) {
		uint32_t word;

		memcpy(&word, server.ip + i, sizeof(word));
		length += sprintf(text + length, "%08X", word);
	}
	(void)sprintf(text + length, ":%04X", server.port);
	return text;
}

/* Reads a table with this line, after a line about another socket. */
static struct swk_connections read_table(const char *state, const char *address, const char *of)
{
	char path[] = "/tmp/test_connections-XXXXXX";
	struct swk_server server = unit_server(of);
	struct swk_connections connections = {0};
	struct swk_error error = {0};
	FILE *file = fdopen(mkstemp(path), "w");

	assert_non_null(file);
	(void)fprintf(file, HEAD "   0: %s" FROM "%s" REST " 123: %s" FROM "%s" REST,
		      local("10.9.9.9:9"), state, address, state);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(swk_connections_read(&connections, path, &server, &error), 0);
	(void)unlink(path);
	return connections;
}

static void lines(void **ignored)
{
	static const struct {
		const char *state, *address, *of;
		unsigned established, listening;
	} cases[] = {
		{"01", "10.0.0.1:80", "10.0.0.1:80", 1, 0},
		{"03", "10.0.0.1:80", "10.0.0.1:80", 1, 0},
		{"01", "[::ffff:10.0.0.1]:80", "10.0.0.1:80", 1, 0},
		{"01", "[2001:db8::1]:443", "[2001:db8::1]:443", 1, 0},
		/* Another address or port. */
		{"01", "10.0.0.2:80", "10.0.0.1:80", 0, 0},
		{"01", "10.0.0.1:81", "10.0.0.1:80", 0, 0},
		{"01", "[2001:db8::1]:443", "[2001:db8::2]:443", 0, 0},
		{"01", "1.0.0.10:80", "10.0.0.1:80", 0, 0},
		{"01", "10.0.0.1:20480", "10.0.0.1:80", 0, 0},
		/* States that count no more: TIME_WAIT, CLOSE_WAIT, CLOSE. */
		{"06", "10.0.0.1:80", "10.0.0.1:80", 0, 0},
		{"08", "10.0.0.1:80", "10.0.0.1:80", 0, 0},
		{"07", "10.0.0.1:80", "10.0.0.1:80", 0, 0},
		/* Listening. */
		{"0A", "10.0.0.1:80", "10.0.0.1:80", 0, 1},
		{"0A", "10.0.0.2:80", "10.0.0.1:80", 0, 0},
		{"0A", "10.0.0.1:81", "10.0.0.1:80", 0, 0},
	};
	static const struct {
		const char *address, *of;
	} any[] = {
		{"00000000:0050", "10.0.0.1:80"},
		{"00000000000000000000000000000000:0050", "10.0.0.1:80"},
		{"00000000000000000000000000000000:0050", "[2001:db8::1]:80"},
	};

	(void)ignored;
	for (size_t i = 0; i < COUNT(cases); i++) {
		struct swk_connections got =
			read_table(cases[i].state, local(cases[i].address), cases[i].of);

		unit_number(cases[i].address, (long long)got.established, cases[i].established);
		unit_number(cases[i].address, got.listening, cases[i].listening);
	}
	for (size_t i = 0; i < COUNT(any); i++)
		unit_number(any[i].address, read_table("0A", any[i].address, any[i].of).listening,
			    1);
}

/* What can't be read is skipped. */
static void other_lines(void **ignored)
{
	static const char *const bad[] = {
		"",
		":0050",
		"0100000A",
		"0100000A:",
		"01000:0050",
		"0100000G:0050",
		"0100000A0:0050",
		"x100000A:0050",
		"0100000A;0050",
	};

	(void)ignored;
	for (size_t i = 0; i < COUNT(bad); i++)
		unit_number(bad[i], (long long)read_table("01", bad[i], "10.0.0.1:80").established,
			    0);
}

static void no_table(void **ignored)
{
	struct swk_server server = unit_server("10.0.0.1:80");
	struct swk_connections connections = {0};
	struct swk_error error = {0};

	(void)ignored;
	assert_int_equal(swk_connections_read(&connections, "/proc/self/no-table", &server, &error),
			 0);
	assert_int_equal(swk_connections_read(&connections, "/proc/self", &server, &error),
			 SWK_UNAVAILABLE);
	unit_says("folder", error.text, "/proc/self cannot be read: ");
}

/* A table of 100,000 connections. */
static void many(void **ignored)
{
	char path[] = "/tmp/test_connections-XXXXXX";
	struct swk_server server = unit_server("10.0.0.1:80");
	struct swk_connections connections = {0};
	struct swk_error error = {0};
	FILE *file = fdopen(mkstemp(path), "w");

	(void)ignored;
	assert_non_null(file);
	(void)fputs(HEAD, file);
	for (unsigned i = 0; i < 100000; i++)
		(void)fprintf(file, "%4u: %s" FROM "01" REST, i,
			      local(i % 4 ? "10.0.0.2:80" : "10.0.0.1:80"));
	assert_int_equal(fclose(file), 0);
	assert_int_equal(swk_connections_read(&connections, path, &server, &error), 0);
	assert_int_equal(connections.established, 25000);
	(void)unlink(path);
}

/* Listens on loopback, on a port that the kernel selects. */
static int listener(struct swk_server *server, bool v6)
{
	struct sockaddr_in six_less = {.sin_family = AF_INET,
				       .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	struct sockaddr_in6 six = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
	struct sockaddr *address = v6 ? (void *)&six : (void *)&six_less;
	socklen_t length = v6 ? sizeof(six) : sizeof(six_less);
	int descriptor = socket(address->sa_family, SOCK_STREAM, 0);

	if (descriptor < 0 || bind(descriptor, address, length)) {
		if (descriptor >= 0)
			(void)close(descriptor);
		return -1;
	}
	assert_int_equal(listen(descriptor, 5), 0);
	assert_int_equal(getsockname(descriptor, address, &length), 0);
	assert_true(swk_server_set_address(server, v6 ? "::1" : "127.0.0.1",
					   ntohs(v6 ? six.sin6_port : six_less.sin_port)));
	return descriptor;
}

/* Real sockets, on each family that this host has. */
static void sockets(void **ignored)
{
	(void)ignored;
	for (int v6 = 0; v6 < 2; v6++) {
		struct swk_server server = {0};
		struct swk_connections connections;
		struct swk_error error = {0};
		struct sockaddr_storage at;
		socklen_t length = sizeof(at);
		int listening = listener(&server, v6), client, accepted;

		if (listening < 0 && v6)
			continue;
		assert_true(listening >= 0);
		assert_int_equal(swk_connections_count(&connections, &server, &error), 0);
		assert_true(connections.listening);
		assert_int_equal(connections.established, 0);
		assert_int_equal(getsockname(listening, (void *)&at, &length), 0);
		client = socket(at.ss_family, SOCK_STREAM, 0);
		assert_int_equal(connect(client, (void *)&at, length), 0);
		/* One that nothing has accepted yet counts, too. */
		assert_int_equal(swk_connections_count(&connections, &server, &error), 0);
		assert_int_equal(connections.established, 1);
		accepted = accept(listening, NULL, NULL);
		(void)close(accepted);
		(void)close(client);
		(void)close(listening);
		assert_int_equal(swk_connections_count(&connections, &server, &error), 0);
		assert_int_equal(connections.established, 0);
		assert_false(connections.listening);
	}
}

static void here(void **ignored)
{
	(void)ignored;
	assert_true(swk_address_is_here("127.0.0.1"));
	assert_false(swk_address_is_here("192.0.2.1"));
	assert_false(swk_address_is_here("localhost"));
	assert_false(swk_address_is_here(""));
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines), cmocka_unit_test(other_lines), cmocka_unit_test(no_table),
		cmocka_unit_test(many),	 cmocka_unit_test(sockets),	cmocka_unit_test(here),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
