/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "model/model.h"

/* ---- servers ---- */

static void address_from_text(void **state)
{
	static const struct {
		const char *text;
		const char *printed; /* NULL: it is no address */
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
		/* In memory of just its length, so that a checker sees what is read beyond it. */
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
		const char *printed; /* NULL: it is no host with a port */
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
		/* sockets, to nginx */
		{"unix:/run/x:80", NULL},
		{"unix:80", NULL},
		{"UNIX:80", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_server server = {0};
		char address[SWK_ADDRESS_MAX], room[SWK_HOST_MAX + 1];
		/* In memory of just its length, so that a checker sees what is read beyond it. */
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

/* What is set last is the address; what is refused changes nothing. */
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
	/* And a good one changes nothing but the address. */
	assert_true(swk_server_parse_address(&server, "[::2]:81", 8));
	assert_int_equal(server.weight, 3);
	assert_true(swk_server_parse_address(&server, "10.0.0.1:80", 11));
	assert_memory_equal(&server, &before, sizeof(server));
}

static void length_ends_the_text(void **state)
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

static void hosts_have_no_case(void **state)
{
	struct swk_server a = unit_server("Backend.example:80,weight=2"),
			  b = unit_server("backend.EXAMPLE:80");

	(void)state;
	assert_int_equal(swk_server_compare(&a, &b), 0);
}

/* ---- names ---- */

static void names_and_their_parts(void **state)
{
	static const struct {
		const char *name;
		bool valid, part;
	} rows[] = {
		{"web", true, true},	 {"a", true, true},
		{"0", true, true},	 {"Web-1.example_x", true, true},
		{"", false, false},	 {".", false, true},
		{".web", false, true},	 {"_web", false, true},
		{"-web", false, true},	 {"we b", false, false},
		{"web/", false, false},	 {"web;", false, false},
		{"web{", false, false},	 {"web\n", false, false},
		{"web$x", false, false}, {"w\xc3\xa9", false, false},
		{"web=a", false, false}, {"we#b", false, false},
		{"we\"b", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unit_number(rows[i].name, swk_name_valid(rows[i].name), rows[i].valid);
		unit_number(rows[i].name, swk_name_part_valid(rows[i].name), rows[i].part);
	}
	for (int byte = 1; byte < 256; byte++) {
		char name[] = {'a', (char)byte, '\0'};
		bool allowed = (byte >= '0' && byte <= '9') || (byte >= 'a' && byte <= 'z') ||
			       (byte >= 'A' && byte <= 'Z') || strchr("._-", byte);

		unit_number(name, swk_name_valid(name), allowed);
	}
}

static void names_at_the_limit(void **state)
{
	char *longest = unit_repeat('a', SWK_NAME_MAX), *over = unit_repeat('a', SWK_NAME_MAX + 1);

	(void)state;
	assert_int_equal(SWK_NAME_MAX, 200);
	assert_true(swk_name_valid(longest));
	assert_true(swk_name_part_valid(longest));
	assert_false(swk_name_valid(over));
	assert_false(swk_name_part_valid(over));
	free(longest);
	free(over);
}

static void tags(void **state)
{
	static const struct {
		const char *tag;
		bool valid;
	} rows[] = {
		{"", true},	    {"gray=a", true},	 {"gray=-a", true},   {"gray", false},
		{"=", false},	    {"=a", false},	 {"gray=", false},    {"gray=a=b", false},
		{"gra y=a", false}, {"gray=a b", false}, {"gray=a\n", false},
	};
	char *part = unit_repeat('a', SWK_NAME_MAX + 1), tag[3 * SWK_NAME_MAX];

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_number(rows[i].tag, swk_tag_valid(rows[i].tag), rows[i].valid);
	for (int name = 0; name < 2; name++) {
		for (int value = 0; value < 2; value++) {
			(void)snprintf(tag, sizeof(tag), "%s=%s", part + name, part + value);
			unit_number("parts at the limit", swk_tag_valid(tag), name && value);
		}
	}
	free(part);
}

static void hosts(void **state)
{
	static const struct {
		const char *host;
		bool valid;
	} rows[] = {
		{"a", true},
		{"backend.example", true},
		{"a-b.c-d", true},
		{"1.example", true},
		{"xn--bcher-kva.example", true},
		{"", false},
		{".", false},
		{"a.", false},
		{".a", false},
		{"a..b", false},
		{"-a", false},
		{"a-", false},
		{"a.1", false},
		{"1", false},
		{"0x7f.1", false},
		{"a_b", false},
		{"a b", false},
		{"a:b", false},
		{"a;", false},
		{"b\xc3\xbc", false},
		{"unix", false},
		{"Unix", false},
		{"unix.a", true},
		{"unixa", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_number(rows[i].host, swk_host_valid(rows[i].host), rows[i].valid);
}

/* ---- an upstream ---- */

static void tidying_sorts_and_keeps_each_address_once(void **state)
{
	static const struct {
		const char *servers, *desired;
	} rows[] = {
		{"x:", "x:"},
		{"x: 10.0.0.1:80", "x: 10.0.0.1:80"},
		{"x: [::1]:80 10.0.0.10:80 10.0.0.2:80", "x: 10.0.0.2:80 10.0.0.10:80 [::1]:80"},
		{"x: 10.0.0.1:81 10.0.0.1:80 10.0.0.1:81 10.0.0.1:80 10.0.0.1:80",
		 "x: 10.0.0.1:80 10.0.0.1:81"},
		{"x: 10.0.0.2:80 10.0.0.1:80,weight=5 10.0.0.1:80,weight=9",
		 "x: 10.0.0.1:80,weight=9 10.0.0.2:80"},
		{"x: 10.0.0.1:80,weight=9 10.0.0.1:80,weight=5", "x: 10.0.0.1:80,weight=9"},
		{"x: b.example:80 a.example:81 [::1]:80 a.example:80 10.0.0.1:80",
		 "x: 10.0.0.1:80 [::1]:80 a.example:80 a.example:81 b.example:80"},
		{"x: a.example:80,weight=5 A.example:80 b.example:80 a.EXAMPLE:80 10.0.0.1:80",
		 "x: 10.0.0.1:80 a.example:80,weight=5 b.example:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = {0};
		char *shown;

		unit_append(&set, rows[i].servers);
		swk_upstream_tidy(&set.list[0]);
		shown = unit_show(&set);
		unit_same(rows[i].servers, shown, rows[i].desired);
		free(shown);
		swk_upstreams_free(&set);
	}
}

static void sameness(void **state)
{
	static const struct {
		const char *a, *b;
		bool addresses, servers, all;
	} rows[] = {
		{"x:", "x:", true, true, true},
		{"x: 10.0.0.1:80", "x: 10.0.0.1:80", true, true, true},
		{"x: 10.0.0.1:80", "y<z gray=a>: 10.0.0.1:80", true, true, true},
		{"x: 10.0.0.1:80", "x:", false, false, false},
		{"x: 10.0.0.1:80", "x: 10.0.0.1:81", false, false, false},
		{"x: 10.0.0.1:80", "x: 10.0.0.1:80 10.0.0.2:80", false, false, false},
		{"x: 10.0.0.1:80 keepalive=1", "x: 10.0.0.1:80", true, true, false},
		{"x: 10.0.0.1:80 least_conn", "x: 10.0.0.1:80", true, true, false},
		{"x: 10.0.0.1:80 ip_hash", "x: 10.0.0.1:80 random_two", true, true, false},
		{"x: 10.0.0.1:80 ip_hash", "x: 10.0.0.1:80 ip_hash", true, true, true},
		{"x: 10.0.0.1:80 keepalive=1 keepalive_timeout=2", "x: 10.0.0.1:80 keepalive=1",
		 true, true, false},
		{"x: 10.0.0.1:80 keepalive=1 keepalive_requests=2", "x: 10.0.0.1:80 keepalive=1",
		 true, true, false},
		{"x: 10.0.0.1:80 keepalive_timeout=2 keepalive_requests=2", "x: 10.0.0.1:80", true,
		 true, true},
		{"x: 10.0.0.1:80 keyed", "x: 10.0.0.1:80", true, true, true},
		{"x: a.example:80", "x: A.example:80", true, true, true},
		{"x: a.example:80", "x: b.example:80", false, false, false},
		{"x: a.example:80", "x: a.example:81", false, false, false},
		{"x: a.example:80", "x: 10.0.0.1:80", false, false, false},
		{"x: a.example:80,weight=2", "x: a.example:80", true, false, false},
		{"x: 10.0.0.1:80,weight=2", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,max_conns=2", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,max_fails=2", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,fail_timeout=2", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,backup", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80,down", "x: 10.0.0.1:80", true, false, false},
		{"x: 10.0.0.1:80 unread", "x: 10.0.0.1:80", false, false, false},
		{"x: 10.0.0.1:80 10.0.0.2:80", "x: 10.0.0.1:80 10.0.0.2:80,down", true, false,
		 false},
	};

	(void)state;
	for (size_t i = 0; i < 2 * COUNT(rows); i++) {
		struct swk_upstreams first = unit_upstreams(rows[i / 2].a);
		struct swk_upstreams second = unit_upstreams(rows[i / 2].b);
		struct swk_upstream *a = i % 2 ? first.list : second.list;
		struct swk_upstream *b = i % 2 ? second.list : first.list;

		unit_number(rows[i / 2].a, swk_upstream_same_addresses(a, b),
			    rows[i / 2].addresses);
		unit_number(rows[i / 2].a, swk_upstream_same_servers(a, b), rows[i / 2].servers);
		unit_number(rows[i / 2].a, swk_upstream_same(a, b), rows[i / 2].all);
		swk_upstreams_free(&first);
		swk_upstreams_free(&second);
	}
}

static void hosts_among_the_servers(void **state)
{
	static const struct {
		const char *upstream;
		bool has;
	} rows[] = {
		{"x:", false},
		{"x: 10.0.0.1:80 [::1]:80", false},
		{"x: a.example:80", true},
		{"x: a.example:80 10.0.0.1:80", true},
		{"x: 10.0.0.1:80 a.example:80", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = {0};

		unit_append(&set, rows[i].upstream);
		unit_number(rows[i].upstream, swk_upstream_has_host(&set.list[0]), rows[i].has);
		swk_upstreams_free(&set);
	}
}

/* Whoever adds a server keeps its host's name, and may do with it what he likes. */
static void adding_copies_the_host(void **state)
{
	char host[] = "backend.example", *shown;
	struct swk_upstreams set = {0};
	struct swk_error error = {0};
	struct swk_server server = unit_server("10.0.0.1:80");

	(void)state;
	unit_append(&set, "web:");
	assert_true(swk_server_set_host(&server, host, 80));
	assert_int_equal(swk_upstream_add(&set.list[0], &server, &error), 0);
	assert_ptr_not_equal(set.list[0].servers[0].host, host);
	memset(host, 'x', strlen(host));
	shown = unit_show(&set);
	assert_string_equal(shown, "web: backend.example:80");
	free(shown);
	swk_upstreams_free(&set);
}

static void copy_is_deep(void **state)
{
	static const char *const texts[] = {
		"web_a<web gray=a>: 10.0.0.1:80,weight=2,max_conns=3,max_fails=0,fail_timeout=9,"
		"backup,down [::1]:80 keepalive=20",
		"web: 10.0.0.1:80 a.example:80,weight=2 b.example:80 least_conn keepalive=20 "
		"keepalive_timeout=30 keepalive_requests=40 keyed",
		"web:",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(texts); i++) {
		struct swk_upstreams from = unit_upstreams(texts[i]), to = {0};
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(swk_upstreams_append_copy(&to, &from.list[0], &error), 0);
		swk_upstreams_free(&from);
		shown = unit_show(&to);
		unit_same("the copy", shown, texts[i]);
		free(shown);
		swk_upstreams_free(&to);
	}
}

/* ---- sets ---- */

static void set_is_sorted_and_searched_without_case(void **state)
{
	struct swk_upstreams set = {0}, empty = {0};

	(void)state;
	assert_null(swk_upstreams_sort(&empty));
	assert_null(swk_upstreams_find(&empty, "web"));
	unit_append(&set, "b_z: 10.0.0.1:80; Ba: 10.0.0.1:80; c: 10.0.0.1:80; A: 10.0.0.1:80");
	assert_null(swk_upstreams_sort(&set));
	assert_string_equal(set.list[0].name, "A");
	assert_string_equal(set.list[1].name, "b_z");
	assert_string_equal(set.list[2].name, "Ba");
	assert_string_equal(set.list[3].name, "c");
	assert_ptr_equal(swk_upstreams_find(&set, "bA"), &set.list[2]);
	assert_ptr_equal(swk_upstreams_find(&set, "a"), &set.list[0]);
	assert_null(swk_upstreams_find(&set, "b"));
	assert_null(swk_upstreams_find(&set, ""));
	swk_upstreams_free(&set);
	assert_int_equal(set.count, 0);
}

static void name_that_is_there_twice_is_told(void **state)
{
	struct swk_upstreams set = {0};
	const char *twice;

	(void)state;
	unit_append(&set, "web: 10.0.0.1:80; api: 10.0.0.1:80; WEB: 10.0.0.1:80");
	twice = swk_upstreams_sort(&set);
	assert_non_null(twice);
	assert_true(!strcmp(twice, "web") || !strcmp(twice, "WEB"));
	swk_upstreams_free(&set);
}

static void appending_takes_over(void **state)
{
	struct swk_error error = {0};
	struct swk_upstreams set = {0};
	struct swk_upstream upstream;

	(void)state;
	assert_int_equal(swk_upstream_init(&upstream, "web", "web", "", &error), 0);
	assert_int_equal(swk_upstreams_append(&set, &upstream, &error), 0);
	assert_null(upstream.name);
	swk_upstream_free(&upstream);
	assert_string_equal(set.list[0].name, "web");
	swk_upstreams_free(&set);
}

static void names_without_case(void **state)
{
	struct swk_names names = unit_names("web Api web WEB zoo aPI mid");
	struct swk_error error = {0};
	char *shown = unit_show_names(&names);

	(void)state;
	/* The first spelling stays. */
	assert_string_equal(shown, "Api mid web zoo");
	free(shown);
	assert_true(swk_names_contain(&names, "MID"));
	assert_true(swk_names_contain(&names, "ZOO"));
	assert_false(swk_names_contain(&names, "mi"));
	assert_false(swk_names_contain(&names, "zooo"));
	swk_names_remove(&names, "nothing");
	swk_names_remove(&names, "WEB");
	swk_names_remove(&names, "api");
	shown = unit_show_names(&names);
	assert_string_equal(shown, "mid zoo");
	free(shown);
	assert_int_equal(swk_names_add(&names, "web", &error), 0);
	shown = unit_show_names(&names);
	assert_string_equal(shown, "mid web zoo");
	free(shown);
	swk_names_free(&names);
	assert_false(swk_names_contain(&names, "mid"));
}

/* Many come and go in no order; a plain table tells what must be there. */
static void names_come_and_go(void **state)
{
	struct swk_names names = {0};
	struct swk_error error = {0};
	bool there[64] = {false};
	size_t count = 0;
	unsigned long random = 12345;

	(void)state;
	for (size_t step = 0; step < 5000; step++) {
		size_t i;
		char name[16];

		random = random * 6364136223846793005UL + 1442695040888963407UL;
		i = (random >> 33) % COUNT(there);
		(void)snprintf(name, sizeof(name), "%s%zu", random >> 63 ? "n" : "N", i);
		assert_int_equal(swk_names_contain(&names, name), there[i]);
		/* More come than go for a while, then the other way round. */
		if ((random >> 40) % 4 < (step / 500 % 2 ? 1 : 3)) {
			assert_int_equal(swk_names_add(&names, name, &error), 0);
			count += !there[i];
			there[i] = true;
		} else {
			swk_names_remove(&names, name);
			count -= there[i];
			there[i] = false;
		}
		assert_int_equal(names.count, count);
	}
	swk_names_free(&names);
}

static void services_tell_case_apart(void **state)
{
	static const char *const come[] = {"web", "Web", "api", "web", "a", "zoo", "Web"};
	static const char *const desired[] = {"Web", "a", "api", "web", "zoo"};
	struct swk_services services = {0};
	struct swk_error error = {0};
	struct swk_service *service;

	(void)state;
	assert_null(swk_services_find(&services, "web"));
	for (size_t i = 0; i < COUNT(come); i++) {
		service = swk_services_get(&services, come[i], &error);
		assert_non_null(service);
		assert_string_equal(service->name, come[i]);
		service->instances++;
	}
	assert_int_equal(services.count, COUNT(desired));
	for (size_t i = 0; i < COUNT(desired); i++) {
		assert_string_equal(services.list[i].name, desired[i]);
		assert_ptr_equal(swk_services_find(&services, desired[i]), &services.list[i]);
	}
	assert_null(swk_services_find(&services, "WEB"));
	assert_int_equal(swk_services_find(&services, "web")->instances, 2);
	swk_services_free(&services);
	assert_int_equal(services.count, 0);
}

static void cleared_service_keeps_its_name_alone(void **state)
{
	struct swk_services services = {0};
	struct swk_error error = {0};
	struct swk_service *service = swk_services_get(&services, "web", &error);

	(void)state;
	assert_non_null(service);
	unit_append(&service->upstreams, "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80");
	service->instances = 2;
	service->undecodable = service->unavailable = true;
	service->index = 7;
	swk_service_clear(service);
	assert_string_equal(service->name, "web");
	assert_int_equal(service->instances + service->index + service->upstreams.count, 0);
	assert_false(service->undecodable || service->unavailable);
	swk_services_free(&services);
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
		cmocka_unit_test(length_ends_the_text),
		cmocka_unit_test(servers_in_order),
		cmocka_unit_test(hosts_have_no_case),
		cmocka_unit_test(names_and_their_parts),
		cmocka_unit_test(names_at_the_limit),
		cmocka_unit_test(tags),
		cmocka_unit_test(hosts),
		cmocka_unit_test(tidying_sorts_and_keeps_each_address_once),
		cmocka_unit_test(sameness),
		cmocka_unit_test(hosts_among_the_servers),
		cmocka_unit_test(adding_copies_the_host),
		cmocka_unit_test(copy_is_deep),
		cmocka_unit_test(set_is_sorted_and_searched_without_case),
		cmocka_unit_test(name_that_is_there_twice_is_told),
		cmocka_unit_test(appending_takes_over),
		cmocka_unit_test(names_without_case),
		cmocka_unit_test(names_come_and_go),
		cmocka_unit_test(services_tell_case_apart),
		cmocka_unit_test(cleared_service_keeps_its_name_alone),
	};

	return cmocka_run_group_tests_name("model", tests, NULL, NULL);
}
