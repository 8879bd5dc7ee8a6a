/* SPDX-License-Identifier: MIT */
#include "unit.h"
#include "model/server.h"

static void address_from_text(void **state)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: not an address */
	} rows[] = {
		{"10.0.0.1:80", "10.0.0.1:80"},
		{"255.255.255.255:65535", "255.255.255.255:65535"},
		{"10.0.0.1:00080", "10.0.0.1:80"},
		{"[::1]:80", "[::1]:80"},
		{"[2001:DB8:0:0::1]:8080", "[2001:db8::1]:8080"},
		{"[::ffff:10.0.0.1]:80", "[::ffff:10.0.0.1]:80"},
		{"[1111:2222:3333:4444:5555:6666:7777:8888]:65535",
		 "[1111:2222:3333:4444:5555:6666:7777:8888]:65535"},
		/* the port */
		{"10.0.0.1", NULL},
		{"10.0.0.1:", NULL},
		{"10.0.0.1:0", NULL},
		{"10.0.0.1:65536", NULL},
		{"10.0.0.1:000080", NULL},
		{"10.0.0.1:-80", NULL},
		{"10.0.0.1:+80", NULL},
		{"10.0.0.1: 80", NULL},
		{"10.0.0.1:80 ", NULL},
		{"10.0.0.1:80;", NULL},
		{"10.0.0.1:8x", NULL},
		{"10.0.0.1:80:80", NULL},
		{"[::1]:0", NULL},
		{"[::1]:65536", NULL},
		{"[::1]", NULL},
		{"[::1]:", NULL},
		/* the literal */
		{"", NULL},
		{":", NULL},
		{":80", NULL},
		{"10.0.0:80", NULL},
		{"10.0.0.256:80", NULL},
		{"10.0.0.01:80", NULL},
		{"010.0.0.1:80", NULL},
		{"0x0a.0.0.1:80", NULL},
		{"167772161:80", NULL},
		{" 10.0.0.1:80", NULL},
		{"10.0.0.1 :80", NULL},
		{"localhost:80", NULL},
		{"unix:/run/x:80", NULL},
		{"0.0.0.0:80", NULL},
		{"[::]:80", NULL},
		{"[::ffff:0.0.0.0]:80", NULL}, /* is 127.0.0.1 to Linux, as is 0.0.0.0 */
		/* the brackets */
		{"::1:80", NULL},
		{"[10.0.0.1]:80", NULL},
		{"[::1:80", NULL},
		{"[::12:80", NULL},
		{"::1]:80", NULL},
		{"[]:80", NULL},
		{"[:80", NULL},
		{"[[::1]]:80", NULL},
		{"[::1]x:80", NULL},
		{"[::1%eth0]:80", NULL},
		{"[fe80::1%1]:80", NULL},
		{"[1111:2222:3333:4444:5555:6666:7777:8888:9999]:80", NULL},
		{"[0000:0000:0000:0000:0000:0000:0000:0000:0000:0001]:80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_server server = {0};
		char address[SWK_ADDRESS_MAX];
		/* In memory of the exact length, so that a memory checker sees reads beyond it. */
		size_t length = strlen(rows[i].text);
		char *text = malloc(length + 1);
		bool good;

		assert_non_null(text);
		memcpy(text + 1, rows[i].text, length);
		good = swk_server_parse_address(&server, text + 1, length);
		free(text);
		unit_same(rows[i].text, good ? swk_server_address(&server, address) : NULL,
			  rows[i].printed);
	}
}

static void address_from_a_literal_and_a_port(void **state)
{
	static const struct {
		const char *literal;
		unsigned long port;
		const char *printed;
	} rows[] = {
		{"10.0.0.1", 1, "10.0.0.1:1"},
		{"::1", 65535, "[::1]:65535"},
		{"10.0.0.1", 0, NULL},
		{"10.0.0.1", 65536, NULL},
		{"10.0.0.1", 65536UL + 80, NULL},
		{"10.0.0.1", (1UL << 32) + 80, NULL},
		{"[::1]", 80, NULL},
		{"10.0.0.1:80", 80, NULL},
		{"10.0.0.1; include x", 80, NULL},
		{"", 80, NULL},
		{"0.0.0.0", 80, NULL},
		{"::", 80, NULL},
		{"0::0.0.0.0", 80, NULL},
		{"fe80::1%eth0", 80, NULL},
		{"10.0.0.1\n", 80, NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_server server = {0};
		char address[SWK_ADDRESS_MAX];
		bool good = swk_server_set_address(&server, rows[i].literal, rows[i].port);

		unit_same(rows[i].literal, good ? swk_server_address(&server, address) : NULL,
			  rows[i].printed);
	}
}

static void host_from_text(void **state)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: not a host with a port */
	} rows[] = {
		{"backend.example:80", "backend.example:80"},
		{"Backend.Example:65535", "Backend.Example:65535"},
		{"localhost:00080", "localhost:80"},
		{"10.0.0.example:80", "10.0.0.example:80"},
		{"unix.example:80", "unix.example:80"},
		/* the port */
		{"backend.example", NULL},
		{"backend.example:", NULL},
		{"backend.example:0", NULL},
		{"backend.example:65536", NULL},
		{"backend.example:000080", NULL},
		{"backend.example:8x", NULL},
		{"backend.example:80;", NULL},
		{"backend.example:80:80", NULL},
		/* the name */
		{"", NULL},
		{":", NULL},
		{":80", NULL},
		{"10.0.0.1:80", NULL},
		{"10.0.0.300:80", NULL},
		{"167772161:80", NULL},
		{"0x0a000001:80", NULL},
		{"[::1]:80", NULL},
		{"[backend.example]:80", NULL},
		{"back_end.example:80", NULL},
		{"backend.example.:80", NULL},
		{"-backend.example:80", NULL},
		{"backend-.example:80", NULL},
		{"backend..example:80", NULL},
		{"back end:80", NULL},
		{"backend;include x:80", NULL},
		{"$backend:80", NULL},
		{"*.example:80", NULL},
		/* nginx would take these for sockets */
		{"unix:/run/x:80", NULL},
		{"unix:80", NULL},
		{"UNIX:80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_server server = {0};
		char address[SWK_ADDRESS_MAX], room[SWK_HOST_MAX + 1];
		/* In memory of the exact length, so that a memory checker sees reads beyond it. */
		size_t length = strlen(rows[i].text);
		char *text = malloc(length + 1);
		bool good;

		assert_non_null(text);
		memcpy(text + 1, rows[i].text, length);
		good = swk_server_parse_host(&server, text + 1, length, room);
		free(text);
		assert_ptr_equal(server.host, good ? room : NULL);
		unit_same(rows[i].text, good ? swk_server_address(&server, address) : NULL,
			  rows[i].printed);
	}
}

static void hosts_at_the_limit(void **state)
{
	char *label = unit_repeat('a', 63), name[SWK_HOST_MAX + 2], text[SWK_HOST_MAX + 16],
	     room[SWK_HOST_MAX + 1], address[SWK_ADDRESS_MAX];
	struct swk_server server = {0};

	(void)state;
	assert_int_equal(SWK_HOST_MAX, 253);
	for (int over = 0; over < 2; over++) {
		(void)snprintf(name, sizeof(name), "%s.%s.%s.%.*s", label, label, label, 61 + over,
			       label);
		(void)snprintf(text, sizeof(text), "%s:65535", name);
		unit_number(name, swk_server_set_host(&server, name, 65535), !over);
		unit_number(text, swk_server_parse_host(&server, text, strlen(text), room), !over);
		if (!over)
			unit_same(text, swk_server_address(&server, address), text);
	}
	free(label);
}

/* The last one that was set counts; a refused one changes nothing. */
static void host_in_place_of_an_address(void **state)
{
	struct swk_server server = unit_server("[::1]:80,weight=3"), before = server;
	char host[] = "backend.example", other[] = "back_end", address[SWK_ADDRESS_MAX];

	(void)state;
	assert_false(swk_server_set_host(&server, other, 80));
	assert_false(swk_server_set_host(&server, host, 0));
	assert_false(swk_server_set_host(&server, host, 65536));
	assert_memory_equal(&server, &before, sizeof(server));
	assert_true(swk_server_set_host(&server, host, 81));
	assert_ptr_equal(server.host, host);
	assert_int_equal(server.weight, 3);
	assert_string_equal(swk_server_address(&server, address), "backend.example:81");
	assert_true(swk_server_set_address(&server, "::1", 80));
	assert_memory_equal(&server, &before, sizeof(server));
}

static void loopback(void **state)
{
	static const struct {
		const char *text;
		bool loopback;
	} rows[] = {
		{"127.0.0.1:80", true},
		{"127.255.255.254:80", true},
		{"[::1]:80", true},
		{"[::ffff:127.0.0.1]:80", true},
		{"[::ffff:127.9.9.9]:80", true},
		{"126.0.0.1:80", false},
		{"128.0.0.1:80", false},
		{"10.127.0.1:80", false},
		{"[::2]:80", false},
		{"[::127.0.0.1]:80", false},
		{"[::ffff:10.0.0.1]:80", false},
		{"[7f00::1]:80", false},
		{"[fe80::1]:80", false},
		{"localhost:80", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_server server = unit_server(rows[i].text);

		unit_number(rows[i].text, swk_server_is_loopback(&server), rows[i].loopback);
	}
}

static void refused_address_leaves_the_server(void **state)
{
	struct swk_server server = unit_server("10.0.0.1:80,weight=3"), before = server;

	(void)state;
	assert_false(swk_server_parse_address(&server, "10.0.0.300:81", 13));
	assert_false(swk_server_set_address(&server, "::1", 65536));
	assert_memory_equal(&server, &before, sizeof(server));
	/* A valid one changes only the address. */
	assert_true(swk_server_parse_address(&server, "[::2]:81", 8));
	assert_int_equal(server.weight, 3);
	assert_true(swk_server_parse_address(&server, "10.0.0.1:80", 11));
	assert_memory_equal(&server, &before, sizeof(server));
}

static void length_limits_the_text(void **state)
{
	struct swk_server server = {0};

	(void)state;
	assert_true(swk_server_parse_address(&server, "10.0.0.1:8080", 11));
	assert_int_equal(server.port, 80);
	assert_false(swk_server_parse_address(&server, "10.0.0.1\0:80", 12));
}

static void servers_in_order(void **state)
{
	static const char *const order[] = {
		"9.255.255.255:65535", "10.0.0.2:80",  "10.0.0.2:443",	  "10.0.0.10:9",
		"10.0.0.10:80",	       "192.0.2.1:1",  "[::1]:80",	  "[2001:db8::2]:80",
		"[2001:db8::10]:80",   "[fe80::1]:1",  "[fe80::1]:65535", "a.example:80",
		"A.Example:443",       "a1.example:1", "B.example:1",	  "c.example:1",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(order); i++) {
		for (size_t j = 0; j < COUNT(order); j++) {
			struct swk_server a = unit_server(order[i]), b = unit_server(order[j]);
			int result = swk_server_compare(&a, &b);

			unit_number(order[i], (result > 0) - (result < 0), (i > j) - (i < j));
		}
	}
}

static void hosts_ignore_case(void **state)
{
	struct swk_server a = unit_server("Backend.example:80,weight=2"),
			  b = unit_server("backend.EXAMPLE:80");

	(void)state;
	assert_int_equal(swk_server_compare(&a, &b), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(address_from_text),
		cmocka_unit_test(address_from_a_literal_and_a_port),
		cmocka_unit_test(host_from_text),
		cmocka_unit_test(hosts_at_the_limit),
		cmocka_unit_test(host_in_place_of_an_address),
		cmocka_unit_test(loopback),
		cmocka_unit_test(refused_address_leaves_the_server),
		cmocka_unit_test(length_limits_the_text),
		cmocka_unit_test(servers_in_order),
		cmocka_unit_test(hosts_ignore_case),
	};

	return cmocka_run_group_tests_name("server", tests, NULL, NULL);
}
