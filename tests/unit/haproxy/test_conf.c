/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "haproxy/conf.h"

static struct swk_texts texts(char **list)
{
	struct swk_texts texts = {list, 0};

	while (list && list[texts.count])
		texts.count++;
	return texts;
}

static void exact_backends(void **state)
{
	static char *check[] = {"check", "inter", "1s", NULL};
	static char *lines[] = {"option httpchk GET /health", "timeout queue 5s", NULL};
	static const struct {
		const char *upstream;
		char **server_options, **backend_options;
		const char *text;
	} rows[] = {
		{"web: 10.0.0.1:80", NULL, NULL,
		 "\nbackend web\n    balance roundrobin\n    option allbackups\n"
		 "    server 10.0.0.1:80 10.0.0.1:80 weight 1\n"},
		{"web: 10.0.0.1:80,weight=5,max_conns=7,max_fails=0,backup,down "
		 "[2001:db8::1]:8080 least_conn keepalive=20",
		 NULL, NULL,
		 "\nbackend web\n    balance leastconn\n    option allbackups\n"
		 "    server 10.0.0.1:80 10.0.0.1:80 weight 5 maxconn 7 backup disabled\n"
		 "    server 2001:db8::1:8080 [2001:db8::1]:8080 weight 1\n"},
		{"web: 10.0.0.1:80 ip_hash", check, lines,
		 "\nbackend web\n    balance source\n    hash-type consistent\n"
		 "    option allbackups\n    option httpchk GET /health\n    timeout queue 5s\n"
		 "    server 10.0.0.1:80 10.0.0.1:80 weight 1 check inter 1s\n"},
		{"web: backend.example:80,weight=256 random_two", check, NULL,
		 "\nbackend web\n    balance random\n    option allbackups\n"
		 "    server backend.example:80 backend.example:80 weight 256 "
		 "init-addr last,libc,none check inter 1s\n"},
		{"web:", NULL, lines,
		 "\nbackend web\n    balance roundrobin\n    option allbackups\n"
		 "    option httpchk GET /health\n    timeout queue 5s\n"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_texts server = texts(rows[i].server_options),
				 backend = texts(rows[i].backend_options);
		struct swk_upstreams set = unit_upstreams(rows[i].upstream);
		struct swk_error error = {0};
		struct swk_buffer out;

		swk_buffer_init(&out, SWK_CONF_MAX);
		assert_int_equal(swk_haproxy_backends(&out, &set, server.list ? &server : NULL,
						      backend.list ? &backend : NULL, &error),
				 0);
		unit_same(rows[i].upstream, out.data, rows[i].text);
		swk_buffer_free(&out);
		swk_upstreams_free(&set);
	}
}

static void fitted_weights(void **state)
{
	static const struct {
		const char *upstream, *fitted;
		bool changed;
	} rows[] = {
		{"web: 10.0.0.1:80,weight=256 10.0.0.2:80,backup ip_hash",
		 "web: 10.0.0.1:80,weight=256 10.0.0.2:80,backup ip_hash", false},
		{"web: 10.0.0.1:80,weight=65535 10.0.0.2:80,weight=32768 10.0.0.3:80",
		 "web: 10.0.0.1:80,weight=256 10.0.0.2:80,weight=128 10.0.0.3:80", true},
		{"web: 10.0.0.1:80,weight=300,down 10.0.0.2:80,weight=4",
		 "web: 10.0.0.1:80,weight=256,down 10.0.0.2:80,weight=4", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = unit_upstreams(rows[i].upstream);
		const char *note = swk_haproxy_fit(&set.list[0]);
		char *shown = unit_show(&set);

		unit_same(rows[i].upstream, shown, rows[i].fitted);
		assert_int_equal(note != NULL, rows[i].changed);
		free(shown);
		swk_upstreams_free(&set);
	}
}

static void valid_options(void **state)
{
	static const struct {
		const char *text;
		bool word, line;
	} rows[] = {
		{"check", true, true},	       {"last,libc,none", true, true},
		{"req.hdr(host)", true, true}, {"", false, false},
		{"check inter", false, true},  {"check;shutdown", false, true},
		{"a#b", false, true},	       {"\"a\"", false, true},
		{"'a'", false, true},	       {"a\\b", false, true},
		{"a\nb", false, false},	       {"a\rb", false, false},
		{"a\tb", false, false},	       {"a\x7f", false, false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unit_number(rows[i].text, swk_haproxy_word_valid(rows[i].text), rows[i].word);
		unit_number(rows[i].text, swk_haproxy_line_valid(rows[i].text), rows[i].line);
	}
}

#define BACKEND "# head\n\nbackend web\n    balance roundrobin\n"
#define SERVER "    server 10.0.0.1:80 10.0.0.1:80 weight 1"

static void same_frames(void **state)
{
	static const struct {
		const char *name, *a, *b;
		bool same;
	} rows[] = {
		{"nothing", "", "", true},
		{"equal", BACKEND SERVER "\n", BACKEND SERVER "\n", true},
		{"no end of line", BACKEND SERVER "\n", BACKEND SERVER, true},
		{"attributes", BACKEND SERVER " check\n",
		 BACKEND SERVER "3 maxconn 9 backup disabled init-addr last,libc,none check\n",
		 true},
		{"more servers", BACKEND SERVER " check\n",
		 BACKEND SERVER " check\n" SERVER " check\n", true},
		{"other options", BACKEND SERVER " check\n", BACKEND SERVER " check inter 1s\n",
		 false},
		{"no options", BACKEND SERVER "\n", BACKEND SERVER " check\n", false},
		{"options of one", BACKEND SERVER " check\n", BACKEND SERVER " check\n" SERVER "\n",
		 false},
		{"another line", BACKEND SERVER "\n", BACKEND "    option httpchk\n" SERVER "\n",
		 false},
		{"another backend", BACKEND SERVER "\n",
		 BACKEND SERVER "\n\nbackend api\n" SERVER "\n", false},
		{"another name", BACKEND SERVER "\n", "# head\n\nbackend Web\n" SERVER "\n", false},
		{"no servers", BACKEND, BACKEND SERVER "\n", false},
		{"cut", BACKEND SERVER "\n", BACKEND "    server", false},
		{"cut in a server", BACKEND SERVER "\n", BACKEND "    server ", true},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		unit_number(rows[i].name, swk_haproxy_same_frame(rows[i].a, rows[i].b),
			    rows[i].same);
		unit_number(rows[i].name, swk_haproxy_same_frame(rows[i].b, rows[i].a),
			    rows[i].same);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(exact_backends),
		cmocka_unit_test(fitted_weights),
		cmocka_unit_test(valid_options),
		cmocka_unit_test(same_frames),
	};

	return cmocka_run_group_tests_name("haproxy conf", tests, NULL, NULL);
}
