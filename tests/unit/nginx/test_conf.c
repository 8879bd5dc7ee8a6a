/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "nginx/conf.h"

#define HEAD "# Written by swk-apply from what Consul says. Changes made by hand are lost.\n"

/* ---- writing ---- */

static void exact_directives(void **state)
{
	static const struct {
		const char *upstream, *text;
	} rows[] = {
		{"web: 10.0.0.1:80", "<server 10.0.0.1:80 max_fails=1 fail_timeout=10s;>"},
		{"web: 10.0.0.1:80,max_fails=3,fail_timeout=2 [2001:db8::1]:8080 keepalive=20",
		 "<keepalive 20;>"
		 "<server 10.0.0.1:80 max_fails=3 fail_timeout=2s;>"
		 "<server [2001:db8::1]:8080 max_fails=1 fail_timeout=10s;>"},
		{"web: 10.0.0.1:80,weight=5,max_conns=7,max_fails=0,fail_timeout=0,backup,down",
		 "<server 10.0.0.1:80 weight=5 max_conns=7 max_fails=0 fail_timeout=0s backup "
		 "down;>"},
		{"web: 10.0.0.1:80,down",
		 "<server 10.0.0.1:80 max_fails=1 fail_timeout=10s down;>"},
		{"web: Backend.example:80,weight=2 10.0.0.1:80",
		 "<server 10.0.0.1:80 max_fails=1 fail_timeout=10s;>"
		 "<server Backend.example:80 weight=2 max_fails=1 fail_timeout=10s;>"},
		/* the method before keepalive, and both before the servers */
		{"web: 10.0.0.1:80 least_conn",
		 "<least_conn;><server 10.0.0.1:80 max_fails=1 fail_timeout=10s;>"},
		{"web: 10.0.0.1:80 ip_hash keepalive=8",
		 "<ip_hash;><keepalive 8;><server 10.0.0.1:80 max_fails=1 fail_timeout=10s;>"},
		{"web: 10.0.0.1:80 random_two keepalive=8 keepalive_timeout=60 "
		 "keepalive_requests=1000000000",
		 "<random two;><keepalive 8;><keepalive_timeout 60s;>"
		 "<keepalive_requests 1000000000;>"
		 "<server 10.0.0.1:80 max_fails=1 fail_timeout=10s;>"},
		{"web: 10.0.0.1:80 keepalive=8 keepalive_requests=9",
		 "<keepalive 8;><keepalive_requests 9;>"
		 "<server 10.0.0.1:80 max_fails=1 fail_timeout=10s;>"},
		{"web: 10.0.0.1:80 says_none keepalive_requests=9",
		 "<keepalive 0;><server 10.0.0.1:80 max_fails=1 fail_timeout=10s;>"},
		/* keepalive's other directives need keepalive */
		{"web: 10.0.0.1:80 keepalive_timeout=60 keepalive_requests=9",
		 "<server 10.0.0.1:80 max_fails=1 fail_timeout=10s;>"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = unit_upstreams(rows[i].upstream);
		struct swk_error error = {0};
		struct swk_buffer out;

		swk_buffer_init(&out, SWK_CONF_MAX);
		assert_int_equal(swk_nginx_directives(&out, &set.list[0], "<", ">", &error), 0);
		unit_same(rows[i].upstream, out.data, rows[i].text);
		swk_buffer_free(&out);
		swk_upstreams_free(&set);
	}
}

static void exact_file(void **state)
{
	static const struct {
		const char *upstreams, *text;
	} rows[] = {
		{"", HEAD},
		{"web: 10.0.0.2:80 10.0.0.1:80; web_a<web gray=a>: [::1]:80,weight=2 keepalive=8",
		 HEAD "\n"
		      "# service web\n"
		      "upstream web {\n"
		      "    server 10.0.0.1:80 max_fails=1 fail_timeout=10s;\n"
		      "    server 10.0.0.2:80 max_fails=1 fail_timeout=10s;\n"
		      "}\n"
		      "\n"
		      "# service web, tag gray=a\n"
		      "upstream web_a {\n"
		      "    keepalive 8;\n"
		      "    server [::1]:80 weight=2 max_fails=1 fail_timeout=10s;\n"
		      "}\n"},
		{"api<>: 10.0.0.1:80; db<other>: 10.0.0.1:80 of_keys; web: backend.example:80 "
		 "least_conn keepalive=8 keepalive_timeout=60 of_keys",
		 HEAD "\n"
		      "upstream api {\n"
		      "    server 10.0.0.1:80 max_fails=1 fail_timeout=10s;\n"
		      "}\n"
		      "\n"
		      "# key other\n"
		      "upstream db {\n"
		      "    server 10.0.0.1:80 max_fails=1 fail_timeout=10s;\n"
		      "}\n"
		      "\n"
		      "# key web\n"
		      "upstream web {\n"
		      "    least_conn;\n"
		      "    keepalive 8;\n"
		      "    keepalive_timeout 60s;\n"
		      "    server backend.example:80 max_fails=1 fail_timeout=10s;\n"
		      "}\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = unit_upstreams(rows[i].upstreams);
		struct swk_error error = {0};
		struct swk_buffer out;

		swk_buffer_init(&out, SWK_CONF_MAX);
		assert_int_equal(swk_nginx_file(&out, &set, &error), 0);
		unit_same(rows[i].upstreams, out.data, rows[i].text);
		assert_true(swk_nginx_is_managed(out.data, out.length));
		swk_buffer_free(&out);
		swk_upstreams_free(&set);
	}
}

static void file_over_the_ceiling_is_an_error(void **state)
{
	struct swk_upstreams set = unit_upstreams("web: 10.0.0.1:80 keepalive=8");
	struct swk_error error = {0};
	struct swk_buffer out;
	size_t whole;

	(void)state;
	swk_buffer_init(&out, SWK_CONF_MAX);
	assert_int_equal(swk_nginx_file(&out, &set, &error), 0);
	whole = out.length;
	swk_buffer_free(&out);
	for (size_t ceiling = 0; ceiling <= whole; ceiling++) {
		struct swk_error cause = {0};

		swk_buffer_init(&out, ceiling);
		assert_int_equal(swk_nginx_file(&out, &set, &cause),
				 ceiling < whole ? SWK_INTERNAL : 0);
		swk_buffer_free(&out);
	}
	swk_upstreams_free(&set);
}

/* ---- reading ---- */

/* Reads a text in memory of its exact length. Returns the set as text, which the caller frees, or
 * NULL. */
static char *read_text(const char *text, size_t length, struct swk_error *error)
{
	struct swk_upstreams set = {0};
	char *copy = malloc(length + 1), *shown = NULL;

	assert_non_null(copy);
	memcpy(copy + 1, text, length);
	if (!swk_nginx_read(&set, "FILE", copy + 1, length, error))
		shown = unit_show(&set);
	else
		assert_null(set.list);
	free(copy);
	swk_upstreams_free(&set);
	return shown;
}

static void what_is_written_reads_back(struct swk_upstreams *set, const char *row)
{
	struct swk_error error = {0};
	struct swk_buffer out;
	char *desired = unit_show(set), *got;

	swk_buffer_init(&out, SWK_CONF_MAX);
	assert_int_equal(swk_nginx_file(&out, set, &error), 0);
	got = read_text(out.data, out.length, &error);
	unit_same(row, got ? got : error.text, desired);
	free(got);
	free(desired);
	swk_buffer_free(&out);
}

static uint64_t random_state;

static unsigned below(unsigned most)
{
	random_state ^= random_state << 13;
	random_state ^= random_state >> 7;
	random_state ^= random_state << 17;
	return (unsigned)(random_state >> 32) % most;
}

/* Appends `length` random letters of a name; the first may start one. */
static void random_name(char *name, size_t length)
{
	static const char letters[] = "abzABZ059._-";

	for (size_t i = 0; i < length; i++)
		name[i] = letters[below(i ? 12 : 9)];
	name[length] = '\0';
}

/* A random host name of up to three labels, each beginning and ending with a letter or digit. */
static void random_host(char host[SWK_HOST_MAX + 1])
{
	static const char letters[] = "abzABZ059-";
	char *at = host;

	for (unsigned labels = below(3); labels; labels--) {
		for (unsigned length = 1 + below(below(4) ? 8 : 63), i = 0; i < length; i++)
			*at++ = letters[below(i && i + 1 < length ? 10 : 9)];
		*at++ = '.';
	}
	(void)strcpy(at, "example");
}

static struct swk_server random_server(bool backups, char host[SWK_HOST_MAX + 1])
{
	struct swk_server server = {
		.v6 = below(2),
		.backup = backups && below(2),
		.down = below(2),
		.port = (uint16_t)(1 + below(65535)),
		.weight = below(2) ? 1 : 1 + below(SWK_WEIGHT_MAX),
		.max_conns = below(2) ? 0 : below(1000000),
		.max_fails = below(2) ? 3 : below(SWK_MAX_FAILS_MAX + 1),
		.fail_timeout = below(2) ? 2 : below(SWK_FAIL_TIMEOUT_MAX + 1),
	};

	for (size_t i = 0; i < (server.v6 ? 16 : 4); i++)
		server.ip[i] = (uint8_t)(below(3) ? below(256) : 0);
	server.ip[0] |= 1;
	if (!below(3)) {
		random_host(host);
		assert_true(swk_server_set_host(&server, host, server.port));
	}
	return server;
}

static void random_upstream(struct swk_upstreams *set)
{
	char service[SWK_NAME_MAX + 1], name[2 * SWK_NAME_MAX + 8], colour[SWK_NAME_MAX + 1],
		tag[SWK_NAME_MAX + 8] = "", host[SWK_HOST_MAX + 1];
	struct swk_source source = {.name = service, .tag = tag};
	struct swk_error error = {0};
	struct swk_upstream upstream;
	unsigned servers = 1 + below(5);

	random_name(service, 1 + below(below(4) ? 12 : SWK_NAME_MAX));
	(void)snprintf(name, sizeof(name), "%s", service);
	if (below(2) && strlen(service) + 1 < SWK_NAME_MAX) {
		random_name(colour, 1 + below(SWK_NAME_MAX - (unsigned)strlen(service) - 1));
		(void)snprintf(name, sizeof(name), "%s_%s", service, colour);
		(void)snprintf(tag, sizeof(tag), "gray=%s", colour);
	}
	if (swk_upstreams_find(set, name))
		return;
	source.kind = !*tag && below(2) ? SWK_SOURCE_KEY : SWK_SOURCE_SERVICE;
	assert_int_equal(swk_upstream_init(&upstream, name, &source, &error), 0);
	upstream.balance = (enum swk_balance)below(SWK_BALANCES);
	while (servers--) {
		struct swk_server server =
			random_server(swk_balance_has_backups(upstream.balance), host);

		assert_int_equal(swk_upstream_add(&upstream, &server, &error), 0);
	}
	if (below(2)) {
		upstream.keepalive = 1 + below(SWK_KEEPALIVE_MAX);
		upstream.keepalive_timeout = below(2) ? 0 : 1 + below(SWK_FAIL_TIMEOUT_MAX);
		upstream.keepalive_requests = below(2) ? 0 : 1 + below(SWK_KEEPALIVE_REQUESTS_MAX);
	}
	swk_upstream_tidy(&upstream);
	assert_int_equal(swk_upstreams_append(set, &upstream, &error), 0);
	assert_null(swk_upstreams_sort(set));
}

static void any_model_reads_back(void **state)
{
	(void)state;
	for (unsigned seed = 1; seed <= 300; seed++) {
		struct swk_upstreams set = {0};
		char row[32];

		(void)snprintf(row, sizeof(row), "seed %u", seed);
		random_state = seed * 0x9e3779b97f4a7c15ULL;
		for (unsigned i = below(20); i; i--)
			random_upstream(&set);
		what_is_written_reads_back(&set, row);
		swk_upstreams_free(&set);
	}
}

/* The longest name of an upstream, with the longest and the shortest colour. */
static void longest_names_read_back(void **state)
{
	(void)state;
	for (size_t service = 1; service < SWK_NAME_MAX - 1; service++) {
		char *first = unit_repeat('s', service),
		     *colour = unit_repeat('c', SWK_NAME_MAX - 1 - service), text[4 * SWK_NAME_MAX];
		struct swk_upstreams set;

		(void)snprintf(text, sizeof(text), "%s_%s<%s gray=%s>: 10.0.0.1:80", first, colour,
			       first, colour);
		set = unit_upstreams(text);
		what_is_written_reads_back(&set, text);
		swk_upstreams_free(&set);
		free(first);
		free(colour);
	}
}

static void forms_of_other_writers(void **state)
{
	static const struct {
		const char *text, *desired;
	} rows[] = {
		{"", ""},
		{" \n\t\r\n", ""},
		{"# nothing", ""},
		{"#", ""},
		{"upstream web{server 10.0.0.1:80;}", "web<>: 10.0.0.1:80"},
		{"upstream web { server 10.0.0.1:80 ; keepalive 5 ; }",
		 "web<>: 10.0.0.1:80 keepalive=5"},
		{"\r\n\tupstream\n\n web\r\n{\r\n\tserver\n10.0.0.1:80\n;\n}\r\n",
		 "web<>: 10.0.0.1:80"},
		{"upstream b{server 10.0.0.1:80;}upstream a{server 10.0.0.2:80;}",
		 "a<>: 10.0.0.2:80; b<>: 10.0.0.1:80"},
		{"upstream web { # with a comment; and { signs }\n"
		 "server 10.0.0.1:80; # another\n# and one more\n} # the last",
		 "web<>: 10.0.0.1:80"},
		{"upstream web { server 10.0.0.1:80; keepalive 0; keepalive_requests 1; }",
		 "web<>: 10.0.0.1:80 says_none keepalive_requests=1"},
		{"upstream web { keepalive 5; server 10.0.0.1:80; }",
		 "web<>: 10.0.0.1:80 keepalive=5"},
		/* attributes in any order, and nginx's forms of a time */
		{"upstream web { server 10.0.0.1:80 down weight=2 backup max_conns=9; }",
		 "web<>: 10.0.0.1:80,weight=2,max_conns=9,backup,down"},
		{"upstream web { server 10.0.0.1:80 fail_timeout=30 max_fails=0; }",
		 "web<>: 10.0.0.1:80,max_fails=0,fail_timeout=30"},
		{"upstream web { server 10.0.0.1:80 fail_timeout=30s; }",
		 "web<>: 10.0.0.1:80,fail_timeout=30"},
		{"upstream web { server backend.example:80 weight=2; server 10.0.0.1:80; "
		 "server BACKEND.example:80; server a:1; }",
		 "web<>: 10.0.0.1:80 a:1 backend.example:80,weight=2"},
		{"upstream web { server 10.0.0.1:80 max_conns=999999999; }",
		 "web<>: 10.0.0.1:80,max_conns=999999999"},
		/* directives in any order */
		{"upstream web{least_conn;server 10.0.0.1:80;}", "web<>: 10.0.0.1:80 least_conn"},
		{"upstream web { server 10.0.0.1:80; ip_hash ; }", "web<>: 10.0.0.1:80 ip_hash"},
		{"upstream web { keepalive 5; random\n two; server 10.0.0.1:80; }",
		 "web<>: 10.0.0.1:80 random_two keepalive=5"},
		{"upstream web { least_conn; server 10.0.0.1:80 backup; }",
		 "web<>: 10.0.0.1:80,backup least_conn"},
		{"upstream web { server 10.0.0.1:80; keepalive_requests 1000000000; "
		 "keepalive_timeout 86400s; keepalive 65535; }",
		 "web<>: 10.0.0.1:80 keepalive=65535 keepalive_timeout=86400 "
		 "keepalive_requests=1000000000"},
		{"upstream web { server 10.0.0.1:80; keepalive_requests 1; keepalive_timeout 1; }",
		 "web<>: 10.0.0.1:80 keepalive_timeout=1 keepalive_requests=1"},
		/* sorted, and each address once */
		{"upstream web { server [::1]:80; server 10.0.0.2:80; server 10.0.0.10:80; "
		 "server 10.0.0.2:80; }",
		 "web<>: 10.0.0.2:80 10.0.0.10:80 [::1]:80"},
		/* the comment with the source */
		{"# service web, tag gray=a\nupstream x { server 10.0.0.1:80; }",
		 "x<web gray=a>: 10.0.0.1:80"},
		{"# service web, tag gray=a, from dc2\nupstream x { server 10.0.0.1:80; }",
		 "x<web gray=a>: 10.0.0.1:80"},
		{"# service web, from the fallback list\nupstream x { server 10.0.0.1:80; }",
		 "x<web>: 10.0.0.1:80"},
		{"# service web, from a b\nupstream x { server 10.0.0.1:80; }", "x<>: 10.0.0.1:80"},
		{"# key web, from dc2\nupstream x { server 10.0.0.1:80; }", "x<>: 10.0.0.1:80"},
		{"# service web\n\n# by hand\nupstream x { server 10.0.0.1:80; }",
		 "x<web>: 10.0.0.1:80"},
		{"# service web\nupstream x { server 10.0.0.1:80; }\nupstream y { server "
		 "10.0.0.1:80; }",
		 "x<web>: 10.0.0.1:80; y<>: 10.0.0.1:80"},
		{"# service \nupstream x { server 10.0.0.1:80; }", "x<>: 10.0.0.1:80"},
		{"# service a b\nupstream x { server 10.0.0.1:80; }", "x<>: 10.0.0.1:80"},
		{"# service web, tag gray\nupstream x { server 10.0.0.1:80; }", "x<>: 10.0.0.1:80"},
		{"# services web\nupstream x { server 10.0.0.1:80; }", "x<>: 10.0.0.1:80"},
		{"# key web\nupstream x { server 10.0.0.1:80; }", "x<web>: 10.0.0.1:80 of_keys"},
		{"# key web\nupstream x { server 10.0.0.1:80; }\nupstream y { server "
		 "10.0.0.1:80; }",
		 "x<web>: 10.0.0.1:80 of_keys; y<>: 10.0.0.1:80"},
		{"# key a\n# service b\nupstream x { server 10.0.0.1:80; }", "x<b>: 10.0.0.1:80"},
		{"# service b, tag gray=a\n# key a\nupstream x { server 10.0.0.1:80; }",
		 "x<a>: 10.0.0.1:80 of_keys"},
		{"# key \nupstream x { server 10.0.0.1:80; }", "x<>: 10.0.0.1:80"},
		{"# key a b\nupstream x { server 10.0.0.1:80; }", "x<>: 10.0.0.1:80"},
		{"# key a, tag gray=a\nupstream x { server 10.0.0.1:80; }", "x<>: 10.0.0.1:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		char *got = read_text(rows[i].text, strlen(rows[i].text), &error);

		unit_same(rows[i].text, got ? got : error.text, rows[i].desired);
		free(got);
	}
}

static void comment_of_any_length(void **state)
{
	(void)state;
	for (size_t length = 1; length < 1000; length++) {
		char *name = unit_repeat('s', length), *text, desired[2000], *got;
		struct swk_error error = {0};
		bool one_of_ours = length <= SWK_NAME_MAX;

		assert_true(asprintf(&text, "# service %s\nupstream x{server 10.0.0.1:80;}", name) >
			    0);
		(void)snprintf(desired, sizeof(desired), "x<%s>: 10.0.0.1:80",
			       one_of_ours ? name : "");
		got = read_text(text, strlen(text), &error);
		unit_same("a long comment", got, desired);
		free(got);
		free(text);
		free(name);
	}
}

static void refused_with_its_line(void **state)
{
	static const char letters_201[] =
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa"
		"aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa";
	static const struct {
		const char *text;
		unsigned line;
		const char *says;
	} rows[] = {
		{"\n\ninclude x;", 3, "'include'"},
		{"server 10.0.0.1:80;", 1, "'server'"},
		{"http {\nupstream web { server 10.0.0.1:80; }\n}", 1, "'http'"},
		{";", 1, "';'"},
		{"upstream web { server 10.0.0.1:80; }\n}", 2, "'}'"},
		/* names */
		{"upstream", 1, "'end'"},
		{"upstream {", 1, "'{'"},
		{"upstream _web { server 10.0.0.1:80; }", 1, "'_web'"},
		{"upstream we$b { server 10.0.0.1:80; }", 1, "'we$b'"},
		{"upstream \"web\" { server 10.0.0.1:80; }", 1, "'\"web\"'"},
		{"upstream a b { server 10.0.0.1:80; }", 1, "'b'"},
		/* braces, and the end of the file */
		{"upstream web\nserver 10.0.0.1:80; }", 2, "'server'"},
		{"upstream web", 1, "'end'"},
		{"upstream web {", 1, "'end'"},
		{"upstream web {\nserver", 2, "'end'"},
		{"upstream web {\nserver 10.0.0.1:80", 2, "'end'"},
		{"upstream web {\nserver 10.0.0.1:80;", 2, "'end'"},
		{"upstream web {\nserver 10.0.0.1:80;\n# }", 3, "'end'"},
		{"upstream web {\nserver 10.0.0.1:80;\nkeepalive", 3, "'end'"},
		{"upstream web {\nserver 10.0.0.1:80;\nkeepalive 8", 3, "'end'"},
		{"upstream web {\nserver 10.0.0.1:80\n}", 3, "'}'"},
		{"upstream web {\nserver 10.0.0.1:80;\nupstream b { server 10.0.0.1:80; }", 3,
		 "'upstream'"},
		{"upstream web {\n}", 2, "'}'"},
		/* servers with the same attributes, each over two lines */
		{"upstream web { server 10.0.0.1:80\nweight=2; server 10.0.0.2:80\nweight=2; x }",
		 3, "'x'"},
		{"upstream web {\nkeepalive 8;\n}", 3, "'}'"},
		/* directives */
		{"upstream web {\nserver 10.0.0.1:80;\nleast_time;\n}", 3, "'least_time'"},
		{"upstream web {\nround_robin;\n}", 2, "'round_robin'"},
		{"upstream web {\nleast_con;\n}", 2, "'least_con'"},
		{"upstream web {\nleast_connx;\n}", 2, "'least_connx'"},
		{"upstream web {\nrandomly two;\n}", 2, "'randomly'"},
		{"upstream web {\nleast_conn\n}", 3, "'}'"},
		{"upstream web {\nleast_conn x;\n}", 2, "'x'"},
		{"upstream web {\nleast_conn;\nleast_conn;\n}", 3, "'least_conn'"},
		{"upstream web {\nleast_conn;\nip_hash;\n}", 3, "'ip_hash'"},
		{"upstream web {\nrandom;\n}", 2, "';'"},
		{"upstream web {\nrandom three;\n}", 2, "'three'"},
		{"upstream web {\nrandom two least_conn;\n}", 2, "'least_conn'"},
		{"upstream web {\nrandom two;\nrandom two;\n}", 3, "'random'"},
		{"upstream web {\nleast_conn;\n}", 3, "'}'"},
		{"upstream web {\nip_hash;\nserver 10.0.0.1:80 backup;\n}", 4, "'backup'"},
		{"upstream web {\nserver 10.0.0.1:80;\nserver 10.0.0.2:80 backup;\nrandom two;\n}",
		 5, "'backup'"},
		{"upstream web {\ninclude x;\n}", 2, "'include'"},
		{"upstream web {\nserver 10.0.0.1:80;\nzone web 64k;\n}", 3, "'zone'"},
		{"upstream web {\nserver 10.0.0.1:80;\nkeepalive 8;\nkeepalive 8;\n}", 4, "'8'"},
		{"upstream web {\nkeepalive 0;\nkeepalive 0;\n}", 3, "'0'"},
		{"upstream web {\nkeepalive 0;\nkeepalive 8;\n}", 3, "'8'"},
		{"upstream web {\nkeepalive 8;\nkeepalive 0;\n}", 3, "'0'"},
		{"upstream web {\nserver 10.0.0.1:80;\nkeepalive 65536;\n}", 3, "'65536'"},
		{"upstream web {\nserver 10.0.0.1:80;\nkeepalive x;\n}", 3, "'x'"},
		{"upstream web {\nserver 10.0.0.1:80;\nkeepalive 8 9;\n}", 3, "'9'"},
		{"upstream web {\nkeepalive 4294967297;\n}", 2, "'4294967297'"},
		{"upstream web {\nkeepalive 18446744073709551617;\n}", 2, "'18446744073709551617'"},
		{"upstream web {\nkeepalive_timeout 0;\n}", 2, "'0'"},
		{"upstream web {\nkeepalive_timeout 86401;\n}", 2, "'86401'"},
		{"upstream web {\nkeepalive_timeout 1m;\n}", 2, "'1m'"},
		{"upstream web {\nkeepalive_timeout 60s 60s;\n}", 2, "'60s'"},
		{"upstream web {\nkeepalive_timeout 5;\nkeepalive_timeout 7;\n}", 3, "'7'"},
		{"upstream web {\nkeepalive_requests 0;\n}", 2, "'0'"},
		{"upstream web {\nkeepalive_requests 9s;\n}", 2, "'9s'"},
		{"upstream web {\nkeepalive_requests 1000000001;\n}", 2, "'1000000001'"},
		{"upstream web {\nkeepalive_requests 5;\nkeepalive_requests 7;\n}", 3, "'7'"},
		{"upstream web {\nkeepalive_time 5;\n}", 2, "'keepalive_time'"},
		/* servers */
		{"upstream web {\nserver backend.example;\n}", 2, "'backend.example'"},
		{"upstream web {\nserver back_end:80;\n}", 2, "'back_end:80'"},
		{"upstream web {\nserver backend.example:80 resolve;\n}", 2, "'resolve'"},
		{"upstream web {\nserver 10.0.0.300:80;\n}", 2, "'10.0.0.300:80'"},
		{"upstream web {\nserver 10.0.0.1;\n}", 2, "'10.0.0.1'"},
		{"upstream web {\nserver unix:/run/x;\n}", 2, "'unix:/run/x'"},
		{"upstream web {\nserver unix:80;\n}", 2, "'unix:80'"},
		{"upstream web {\nserver 10.0.0.1:80 max_conns=1000000000;\n}", 2,
		 "'max_conns=1000000000'"},
		{"upstream web {\nserver ;\n}", 2, "';'"},
		{"upstream web {\nserver 10.0.0.1:80 slow_start=5s;\n}", 2, "'slow_start=5s'"},
		{"upstream web {\nserver 10.0.0.1:80 weight=;\n}", 2, "'weight='"},
		{"upstream web {\nserver 10.0.0.1:80 weight=0;\n}", 2, "'weight=0'"},
		{"upstream web {\nserver 10.0.0.1:80 weight=-1;\n}", 2, "'weight=-1'"},
		{"upstream web {\nserver 10.0.0.1:80 weight=65536;\n}", 2, "'weight=65536'"},
		{"upstream web {\nserver 10.0.0.1:80 weight=1x;\n}", 2, "'weight=1x'"},
		{"upstream web {\nserver 10.0.0.1:80 weight=99999999999999999999;\n}", 2,
		 "'weight=99999999999999999999'"},
		{"upstream web {\nserver 10.0.0.1:80 fail_timeout=;\n}", 2, "'fail_timeout='"},
		{"upstream web {\nserver 10.0.0.1:80 fail_timeout=1m;\n}", 2, "'fail_timeout=1m'"},
		{"upstream web {\nserver 10.0.0.1:80 fail_timeout=s;\n}", 2, "fail_timeout="},
		{"upstream web {\nserver 10.0.0.1:80 backup=1;\n}", 2, "'backup=1'"},
		/* names that differ only in case */
		{"upstream web { server 10.0.0.1:80; }\nupstream WEB { server 10.0.0.1:80; }", 0,
		 "appears twice"},
		/* words that swk-apply never writes */
		{letters_201, 1, "unexpected 'aaa"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		char where[32], *got = read_text(rows[i].text, strlen(rows[i].text), &error);

		if (got)
			fail_msg("accepted: %s as %s", rows[i].text, got);
		unit_number(rows[i].text, error.status, SWK_CANTCREATE);
		(void)snprintf(where, sizeof(where),
			       rows[i].line ? "FILE:%u: " : "FILE: ", rows[i].line);
		if (strncmp(error.text, where, strlen(where)) != 0)
			fail_msg("%s: not %s: %s", rows[i].text, where, error.text);
		unit_says(rows[i].text, error.text, rows[i].says);
	}
}

/* A NUL anywhere outside a comment, and words of any length over the limit. */
static void refused_at_any_length(void **state)
{
	static const char text[] = "upstream web {\n server 10.0.0.1:80;\n}\n";
	struct swk_error error;
	char copy[sizeof(text)], *got;

	(void)state;
	for (size_t i = 0; i < sizeof(text) - 1; i++) {
		memcpy(copy, text, sizeof(text));
		copy[i] = '\0';
		error = (struct swk_error){0};
		got = read_text(copy, sizeof(text) - 1, &error);
		if (got)
			fail_msg("accepted with a NUL at %zu as %s", i, got);
		unit_number("with a NUL", error.status, SWK_CANTCREATE);
		unit_says("with a NUL", error.text, "FILE:");
	}
	for (size_t length = SWK_NAME_MAX + 1; length < SWK_NAME_MAX + 300; length++) {
		char *word = unit_repeat('a', length), whole[SWK_NAME_MAX + 400];

		(void)snprintf(whole, sizeof(whole), "upstream\n%s{server 10.0.0.1:80;}", word);
		error = (struct swk_error){0};
		got = read_text(whole, strlen(whole), &error);
		if (got)
			fail_msg("accepted with a name of %zu as %s", length, got);
		unit_says("with a long name", error.text, "FILE:2: ");
		free(word);
	}
}

/* A truncated file is refused, or ends after a block and has fewer of them. */
static void cut_anywhere(void **state)
{
	static const char text[] = "# service a\nupstream a { server 10.0.0.1:80; keepalive 2; }\n"
				   "# service b\nupstream b { server [::1]:80 weight=2; }\n";
	const char *first = strchr(text, '}') + 1, *second = strrchr(text, '}') + 1;

	(void)state;
	for (size_t length = 0; length < sizeof(text); length++) {
		struct swk_error error = {0};
		char *got = read_text(text, length, &error);

		if (text + length >= second)
			assert_string_equal(got,
					    "a: 10.0.0.1:80 keepalive=2; b: [::1]:80,weight=2");
		else if (got)
			unit_same("cut", got,
				  text + length >= first ? "a: 10.0.0.1:80 keepalive=2" : "");
		else
			assert_int_equal(error.status, SWK_CANTCREATE);
		free(got);
	}
}

/* ---- managed files ---- */

static void managed_or_not(void **state)
{
	static const struct {
		const char *text;
		bool conf;
	} rows[] = {
		{"", true},
		{" \t\r\n", true},
		{HEAD, true},
		{"# Written by swk-apply from what Consul says.", true},
		{"# Written by swk-apply from what Consul says", false},
		{" " HEAD, false},
		{"\n" HEAD, false},
		{"# service web\nupstream web { server 10.0.0.1:80; }", false},
		{"#", false},
		{"x", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		/* In memory of the exact length. */
		size_t length = strlen(rows[i].text);
		char *text = malloc(length + 1);

		assert_non_null(text);
		memcpy(text + 1, rows[i].text, length);
		unit_number(rows[i].text, swk_nginx_is_managed(text + 1, length), rows[i].conf);
		free(text);
	}
}

/* A missing file is an empty buffer, which has no bytes at all. */
static void no_bytes(void **state)
{
	struct swk_upstreams set = {0};
	struct swk_error error = {0};

	(void)state;
	assert_true(swk_nginx_is_managed(NULL, 0));
	assert_int_equal(swk_nginx_read(&set, "FILE", NULL, 0, &error), 0);
	assert_int_equal(set.count, 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_directives),
		cmocka_unit_test(exact_file),
		cmocka_unit_test(file_over_the_ceiling_is_an_error),
		cmocka_unit_test(any_model_reads_back),
		cmocka_unit_test(longest_names_read_back),
		cmocka_unit_test(forms_of_other_writers),
		cmocka_unit_test(comment_of_any_length),
		cmocka_unit_test(refused_with_its_line),
		cmocka_unit_test(refused_at_any_length),
		cmocka_unit_test(cut_anywhere),
		cmocka_unit_test(managed_or_not),
		cmocka_unit_test(no_bytes),
	};

	return cmocka_run_group_tests_name("conf", tests, NULL, NULL);
}
