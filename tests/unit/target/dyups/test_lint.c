/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "nginx/conf.h"
#include "target/dyups/lint.h"

#define SERVER "server 10.0.0.1:80;"
#define OURS "upstream web {" SERVER "}\nupstream Web-App_b {" SERVER "}\n"

static char main_name[] = "nginx.conf", ours_name[] = "/ours.conf";
static const struct swk_nginx_file main_file = {.name = main_name};
static const struct swk_nginx_file ours_file = {.name = ours_name, .conf = true};

/* Sets what reading the files would find: an include of `conf` matches FILE, one of `wide` also
 * files beside it, and one of `rest` contains what follows a line `--`. */
static void load(struct swk_directives *directives, struct swk_directives *rest)
{
	for (size_t i = 0; i < directives->count; i++) {
		struct swk_directive *directive = &directives->list[i];

		load(&directive->inside, rest);
		if (!swk_directive_includes(directive))
			continue;
		directive->includes_beside = !strcmp(directive->words[1], "wide");
		directive->includes_conf =
			directive->includes_beside || !strcmp(directive->words[1], "ours");
		if (!strcmp(directive->words[1], "rest")) {
			directive->inside = *rest;
			*rest = (struct swk_directives){0};
		}
	}
}

static void parse(struct swk_directives *out, const struct swk_nginx_file *file, const char *text,
		  size_t length)
{
	struct swk_error error = {0};
	size_t room = 100000;

	(void)swk_nginx_conf_parse(out, file, text, length, &room, &error);
	unit_same(text, error.text, "");
}

/* Lints a text. Returns `3 bound-at-start, 5 hash`, the rules with their lines, with hints if asked
 * for. The caller frees it and *findings. */
static char *lint_with(bool hints, const char *text, const char *ours_text,
		       struct swk_findings *findings)
{
	const char *mark = strstr(text, "--\n");
	size_t length = mark ? (size_t)(mark - text) : strlen(text);
	struct swk_directives top = {0}, rest = {0};
	struct swk_lint_conf conf = {.path = ours_name};
	static char coming[] = "coming", *expected[] = {coming};
	struct swk_error error = {0}, unreadable = {0};
	struct swk_buffer out;
	char *result;

	parse(&top, &main_file, text, length);
	if (mark)
		parse(&rest, &main_file, mark + 3, strlen(mark + 3));
	load(&rest, &rest);
	load(&top, &rest);
	parse(&conf.directives, &ours_file, ours_text, strlen(ours_text));
	(void)swk_nginx_read(&conf.upstreams, ours_name, ours_text, strlen(ours_text), &unreadable);
	conf.expected = (struct swk_names){expected, 1};
	assert_int_equal(swk_dyups_lint(findings, &top, &conf, &error), 0);
	swk_buffer_init(&out, 100000);
	for (size_t i = 0; i < findings->count; i++) {
		if (findings->list[i].hint && !hints)
			continue;
		(void)swk_buffer_print(&out, &error, "%s%s%u %s", out.length ? ", " : "",
				       strcmp(findings->list[i].file, ours_name) ? "" : "ours:",
				       findings->list[i].line, findings->list[i].rule);
	}
	result = strdup(out.data ? out.data : "");
	swk_buffer_free(&out);
	swk_directives_free(&top);
	swk_directives_free(&rest);
	swk_directives_free(&conf.directives);
	swk_upstreams_free(&conf.upstreams);
	return result;
}

static char *lint(const char *text, const char *ours_text, struct swk_findings *findings)
{
	return lint_with(false, text, ours_text, findings);
}

struct row {
	const char *text, *desired;
};

static void check_rows(const struct row *rows, size_t count, const char *conf)
{
	for (size_t i = 0; i < count; i++) {
		struct swk_findings findings = {0};
		char *got = lint(rows[i].text, conf, &findings);

		unit_same(rows[i].text, got, rows[i].desired);
		free(got);
		swk_findings_free(&findings);
	}
}

/* A correct whole configuration with this text on line 2. */
#define WHOLE(text) "http {include ours;\n" text "\n}"
#define PASS(text) WHOLE("server {location / {" text "}}")

static void bound_names(void **state)
{
	static const struct row rows[] = {
		{PASS("proxy_pass http://web;"), "2 bound-at-start"},
		{PASS("proxy_pass https://WEB;"), "2 bound-at-start"},
		{PASS("proxy_pass http://web/;"), "2 bound-at-start"},
		{PASS("proxy_pass http://web?a=b;"), "2 bound-at-start"},
		{PASS("proxy_pass \"http://web-app_b/x\";"), "2 bound-at-start"},
		{PASS("grpc_pass web;"), "2 bound-at-start"},
		{PASS("grpc_pass grpcs://web;"), "2 bound-at-start"},
		{PASS("fastcgi_pass web;"), "2 bound-at-start"},
		{PASS("uwsgi_pass suwsgi://web;"), "2 bound-at-start"},
		{PASS("scgi_pass web;"), "2 bound-at-start"},
		{PASS("memcached_pass web;"), "2 bound-at-start"},
		{PASS("if ($a) {proxy_pass http://web;}"), "2 bound-at-start"},
		{PASS("limit_except GET {proxy_pass http://web;}"), "2 bound-at-start"},
		{PASS("location /a {\nproxy_pass http://web;}"), "3 bound-at-start"},
		{PASS("include rest;") "--\n\nproxy_pass http://web;", "2 bound-at-start"},
		/* A fragment. */
		{"proxy_pass http://web;", "1 bound-at-start"},
		{"location / {\nproxy_pass http://web;}", "2 bound-at-start"},
		{"server {listen 80; location / {\n\nproxy_pass http://web;}}", "3 bound-at-start"},

		/* With a port it is a host, and the upstream is in the way. */
		{PASS("proxy_pass http://web:80;"), "2 upstream-port"},
		{PASS("proxy_pass http://WEB:8080/a?b;"), "2 upstream-port"},
		{PASS("fastcgi_pass web:9000;"), "2 upstream-port"},
		{PASS("tunnel_pass web:443;"), "2 upstream-port"},
		{PASS("proxy_pass http://coming:80;"), "2 upstream-port"},
		{PASS("proxy_pass http://coming;"), ""},
		{PASS("proxy_pass http://web:80$request_uri;"), ""},
		{PASS("proxy_pass http://webs:80;"), ""},
		{PASS("proxy_pass http://10.0.0.1:80/web:80;"), ""},

		{PASS("proxy_pass http://$web;"), ""},
		{PASS("set $x web; proxy_pass http://$x;"), ""},
		{PASS("proxy_pass http://web$request_uri;"), ""},
		{PASS("proxy_pass http://web/$a;"), ""},
		{PASS("proxy_pass http://webs;"), ""},
		{PASS("proxy_pass http://we;"), ""},
		{PASS("proxy_pass http://other;"), ""},
		{PASS("proxy_pass http://127.0.0.1:80/web;"), ""},
		{PASS("proxy_pass http://unix:/web:/;"), ""},
		{PASS("proxy_pass http://[::1]:80;"), ""},
		{PASS("fastcgi_pass unix:/web;"), ""},
		{PASS("proxy_pass_header web;"), ""},
		/* Upstreams of another kind, and the same words in other blocks. */
		{"http {include ours;}\nstream {upstream web {" SERVER
		 "} server {proxy_pass web;}}",
		 ""},
		{WHOLE("map $a $b {proxy_pass web; upstream web;}"), ""},
	};

	(void)state;
	check_rows(rows, COUNT(rows), OURS);
}

static void upstreams_and_includes(void **state)
{
	static const struct row rows[] = {
		{WHOLE(""), ""},
		{WHOLE("upstream other {" SERVER "}"), ""},
		{WHOLE("upstream web {" SERVER "}"), "2 upstream-twice"},
		{WHOLE("upstream WEB {" SERVER "}"), "2 upstream-case"},
		{WHOLE("include rest;") "--\nupstream web {" SERVER "}", "1 upstream-twice"},
		{"upstream web {" SERVER "}", "1 upstream-twice"},

		{"events {}", ""},
		{"events {}\nhttp {}", "2 not-included"},
		{"events {}\nhttp {include rest;}--\nserver {}", "2 not-included"},
		{"http {include rest;}\n--\ninclude ours;", ""},
		{"http {dyups_upstream_conf ours;}", "1 not-included"},
		{WHOLE("dyups_upstream_conf ours;"), ""},
		{WHOLE("dyups_upstream_conf rest;") "--\nupstream web {" SERVER "}", ""},
		{"include rest;\n--\nhttp {\n}", "1 not-included"},
		/* An include elsewhere does not help. */
		{"http {}\nstream {include ours;}", "2 included-elsewhere"},
		{"http {}\nstream {\ninclude rest;}\n--\nserver {\ninclude ours;}",
		 "2 included-elsewhere"},
		{"http {include ours;}\nstream {include wide;}", "2 included-elsewhere"},
		{"include ours;\nhttp {}", "1 included-elsewhere"},
		{"http {server {\ninclude ours;}}", "2 included-elsewhere"},
		{"http {server {location / {if ($a) {\ninclude ours;}}}}", "2 included-elsewhere"},
		{"http {upstream a {\ninclude ours;}}", "2 included-elsewhere"},
		{"server {\ninclude ours;}", "2 included-elsewhere"},
		{"include ours;", ""},
		{"stream {include mime.types;}", ""},
		{"http {include ours;\ninclude ours;}", "2 included-twice"},
		{"http {include ours;\ninclude rest;}\n--\ninclude ours;", "1 included-twice"},
		{"http {\ninclude wide;}", "2 include-too-wide"},
		{"server {}", ""},
		{"", ""},
	};
	static const struct row of_ours[] = {
		{WHOLE(""), "ours:2 hash, ours:4 zone"},
	};

	(void)state;
	check_rows(rows, COUNT(rows), OURS);
	check_rows(of_ours, COUNT(of_ours),
		   "upstream web {\nhash $uri;" SERVER "}\nupstream b {\nzone b 1m;" SERVER "}");
}

#define INTERFACE(server, location)                                                                \
	WHOLE("server {" server "\nlocation / {" location "\ndyups_interface;}}")

static void access_to_the_interface(void **state)
{
	static const struct row rows[] = {
		{INTERFACE("listen 127.0.0.1:18882;", ""), ""},
		{INTERFACE("listen 127.0.0.1;", ""), ""},
		{INTERFACE("listen 127.9.9.9:1;", ""), ""},
		{INTERFACE("listen [::1]:1;", ""), ""},
		{INTERFACE("listen localhost:1 default_server;", ""), ""},
		{INTERFACE("listen unix:/run/dyups;", ""), ""},
		{INTERFACE("listen 127.0.0.1:1; listen [::1]:1;", ""), ""},

		{INTERFACE("listen 18882;", ""), "2 interface-open"},
		{INTERFACE("listen *:1;", ""), "2 interface-open"},
		{INTERFACE("listen 0.0.0.0:1;", ""), "2 interface-open"},
		{INTERFACE("listen [::]:1;", ""), "2 interface-open"},
		{INTERFACE("listen 10.0.0.1:1;", ""), "2 interface-open"},
		{INTERFACE("listen host.example:1;", ""), "2 interface-open"},
		{INTERFACE("listen 127.0.0.1:1;\nlisten 1;", ""), "3 interface-open"},
		{INTERFACE("", ""), "2 interface-open"},
		{INTERFACE("include rest;", "") "--\n\nlisten 1;", "2 interface-open"},
		{INTERFACE("include rest;", "") "--\nlisten [::1]:1;", ""},

		/* The first rule that matches, in the nearest level that has any. */
		{INTERFACE("listen 1;", "deny all;"), ""},
		{INTERFACE("listen 1;", "allow 127.0.0.1; allow 10.0.0.0/8; deny all;"), ""},
		{INTERFACE("listen 1;", "include rest;") "--\nallow 127.0.0.1; deny all;", ""},
		{INTERFACE("listen 1; deny all;", ""), ""},
		{WHOLE("deny all; server {listen 1; location / {dyups_interface;}}"), ""},
		{INTERFACE("listen 1;", "allow 127.0.0.1;"), "2 interface-open"},
		{INTERFACE("listen 1;", "deny 10.0.0.1;"), "2 interface-open"},
		{INTERFACE("listen 1;", "allow all; deny all;"), "2 interface-open"},
		{INTERFACE("listen 1;", "allow 0.0.0.0/0; deny all;"), "2 interface-open"},
		{INTERFACE("listen 1; deny all;", "allow 127.0.0.1;"), "2 interface-open"},

		/* IPv4 and IPv6 apart. */
		{INTERFACE("listen 1;", "deny 0.0.0.0/0;"), ""},
		{INTERFACE("listen 1;", "deny ::/0;"), "2 interface-open"},
		{INTERFACE("listen [::]:1;", "deny ::/0;"), ""},
		{INTERFACE("listen [::]:1;", "deny 0.0.0.0/0;"), "2 interface-open"},
		{INTERFACE("listen [::]:1 ipv6only=off;", "deny ::/0;"), "2 interface-open"},
		{INTERFACE("listen 1;\nlisten [::]:1;", "deny 0.0.0.0/0;"), "3 interface-open"},
		{INTERFACE("listen 1; listen [::]:1;", "deny 0.0.0.0/0; deny ::/0;"), ""},
		{INTERFACE("", "deny 0.0.0.0/0;"), ""},

		/* Reading is allowed, changing is not. */
		{INTERFACE("listen 1;", "limit_except GET {deny all;}"), ""},
		{INTERFACE("listen 1;", "limit_except GET {allow 127.0.0.1; deny all;}"), ""},
		{INTERFACE("listen 1;", "limit_except GET {allow all;}"), "2 interface-open"},
		{INTERFACE("listen 1;", "limit_except GET post {deny all;}"), "2 interface-open"},
		{INTERFACE("listen 1; limit_except GET {deny all;}", ""), "2 interface-open"},

		/* Unknown in a fragment. */
		{"server {listen 1; location / {dyups_interface;}}", ""},
		{"dyups_interface;", ""},
		/* Two interfaces in one server are one finding. */
		{WHOLE("server {listen 1;\nlocation /a {dyups_interface;}\nlocation /b "
		       "{dyups_interface;}}"),
		 "2 interface-open"},
		/* Servers without an interface may listen anywhere. */
		{WHOLE("server {listen 1;}"), ""},
	};

	(void)state;
	check_rows(rows, COUNT(rows), OURS);
}

/* A small upstream, and one with `servers` servers. */
static char *large(size_t servers)
{
	size_t length = 0;
	char *text = malloc(60 * servers + 1024);

	assert_non_null(text);
	length += (size_t)sprintf(text, "upstream small {" SERVER "}\nupstream big {");
	for (size_t i = 0; i < servers; i++)
		length += (size_t)sprintf(text + length,
					  "server 10.%03zu.%03zu.%03zu:80 max_fails=3 "
					  "fail_timeout=2s;",
					  100 + i / 10000, 100 + i / 100 % 100, 100 + i % 100);
	(void)sprintf(text + length, "}");
	return text;
}

#define LOCAL(http, server, location)                                                              \
	WHOLE(http "server {listen [::1]:1;" server "\nlocation / {" location                      \
		   "\ndyups_interface;}}")
#define CLEAN "client_body_in_file_only clean;"
#define ZONE "dyups_shm_zone_size 64m;"

static void sizes(void **state)
{
	/* The body is what swk-apply would send: 53 bytes for each server. */
	static const struct {
		size_t servers;
		const char *text, *desired;
	} rows[] = {
		/* 1000 bytes are one packet: 18 servers are 954, 19 are 1007. */
		{18, LOCAL("", "", ""), ""},
		{19, LOCAL("", "", ""), "4 body-in-pieces"},
		{19, LOCAL("", "", CLEAN), ""},
		{19, LOCAL("", "", "client_body_in_file_only on;"), ""},
		{19, LOCAL(CLEAN, "", ""), ""},
		{19, LOCAL("", "", "client_body_in_file_only off;"), "3 body-in-pieces"},
		{19, LOCAL(CLEAN, "client_body_in_file_only off;", ""), "2 body-in-pieces"},
		{19, "dyups_interface;", ""},
		{19, "client_body_in_file_only off; dyups_interface;", "1 body-in-pieces"},
		{19, WHOLE("server {location / {}}"), ""},

		/* 1 MiB: 19,784 servers are 1,048,552 bytes. */
		{19784, LOCAL(CLEAN, "", ""), ""},
		{19785, LOCAL(CLEAN, "", ""), "4 body-size"},
		{19785, LOCAL(CLEAN "client_max_body_size 1048605;", "", ""), ""},
		{19785, LOCAL(CLEAN "client_max_body_size 1048604;", "", ""), "2 body-size"},
		{19785, LOCAL(CLEAN, "client_max_body_size 2M;", ""), ""},
		{19785, LOCAL(CLEAN, "", "client_max_body_size 1024k;"), "3 body-size"},
		{19785, LOCAL(CLEAN, "", "client_max_body_size 0;"), ""},
		{19785, LOCAL(CLEAN, "", "client_max_body_size 1g;"), ""},
		{19785, LOCAL(CLEAN "client_max_body_size 1g;", "", "client_max_body_size 1k;"),
		 "3 body-size"},
		{19785, CLEAN "dyups_interface;", ""},
		{19785, CLEAN "client_max_body_size 1m; dyups_interface;", "1 body-size"},

		/* 64 KiB have room for 772 servers (40,916 bytes: 10 pages), not for 773. */
		{772, LOCAL(CLEAN "dyups_shm_zone_size 64k;", "", ""), ""},
		{773, LOCAL(CLEAN "dyups_shm_zone_size 64k;", "", ""), "2 queue-size"},
		{944, "dyups_shm_zone_size 64k;", "1 queue-size"},
		/* 2 MiB have room for 38,867 servers (2,059,951 bytes), not for 39,246 (2,080,038
		 * bytes). */
		{38867, LOCAL(CLEAN "client_max_body_size 0;", "", ""), ""},
		{39246, LOCAL(CLEAN "client_max_body_size 0;", "", ""), "1 queue-size"},
		{39246, LOCAL(CLEAN "client_max_body_size 0;" ZONE, "", ""), ""},
		{39246, LOCAL(CLEAN "client_max_body_size 0; include rest;", "", "") "--\n" ZONE,
		 ""},
		/* Without an interface there is no queue to fill. */
		{39246, WHOLE(""), ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct row row = {rows[i].text, rows[i].desired};
		char *conf = large(rows[i].servers);

		check_rows(&row, 1, conf);
		free(conf);
	}
}

/* Configurations that work but could be better. A fragment may be included in a correct place. */
static void hints(void **state)
{
#define HEADER "add_header X-Worker $pid always;"
	static const struct row rows[] = {
		{LOCAL("", "", CLEAN HEADER), ""},
		{LOCAL("", "", ""), "4 body-in-pieces, 4 worker-unnamed"},
		{LOCAL("", "", CLEAN), "4 worker-unnamed"},
		{LOCAL("", "", HEADER), "4 body-in-pieces"},
		{WHOLE("server {" HEADER CLEAN
		       "listen 127.0.0.1:1; location / {dyups_interface;}}"),
		 ""},
		/* a level that adds a header does not inherit any */
		{WHOLE("server {" HEADER CLEAN
		       "listen 127.0.0.1:1;\nlocation / {add_header A b;\ndyups_interface;}}"),
		 "4 worker-unnamed"},
		/* unless nginx 1.29.3 is told otherwise; the same on Tengine 3.2.0 */
		{WHOLE("server {" HEADER CLEAN "listen 127.0.0.1:1;\nlocation / {add_header A b; "
		       "add_header_inherit merge; dyups_interface;}}"),
		 ""},
		{WHOLE("server {" HEADER CLEAN "listen 127.0.0.1:1; add_header_inherit merge;\n"
		       "location / {add_header A b; dyups_interface;}}"),
		 ""},
		{WHOLE("server {" HEADER CLEAN "listen 127.0.0.1:1;\n"
		       "location / {add_header_inherit off;\ndyups_interface;}}"),
		 "4 worker-unnamed"},
		{WHOLE("server {" HEADER CLEAN "listen 127.0.0.1:1; add_header_inherit off;\n"
		       "location / {\ndyups_interface;}}"),
		 "4 worker-unnamed"},
		{WHOLE(HEADER "server {" CLEAN "listen 127.0.0.1:1; add_header A b;\n"
			      "location / {add_header_inherit merge;\ndyups_interface;}}"),
		 "4 worker-unnamed"},
		{WHOLE("server {" HEADER CLEAN "listen 127.0.0.1:1;\n"
		       "location / {add_header A b; add_header_inherit on;\ndyups_interface;}}"),
		 "4 worker-unnamed"},
		{"server {location / {dyups_interface;}}", ""},
		{WHOLE("dyups_upstream_conf ours;"), "2 upstream-conf"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_findings findings = {0};
		char *got = lint_with(true, rows[i].text, "", &findings);

		unit_same(rows[i].text, got, rows[i].desired);
		for (size_t j = 0; j < findings.count; j++)
			assert_true(findings.list[j].hint);
		free(got);
		swk_findings_free(&findings);
	}
}

static void mends(void **state)
{
	static const struct {
		const char *text, *what, *mend;
	} rows[] = {
		{PASS("proxy_pass http://Web;"), "'proxy_pass http://Web' names upstream web",
		 "use 'set $backend web;' and 'proxy_pass http://$backend;'"},
		{PASS("grpc_pass web;"), "'grpc_pass web' names upstream web",
		 "use 'set $backend web;' and 'grpc_pass $backend;'"},
		{PASS("proxy_pass https://web/a;"), "'proxy_pass https://web/a' names upstream web",
		 "use 'set $backend web;' and 'proxy_pass https://$backend;', with a 'rewrite ... "
		 "break;' for the path, which nginx then does not replace"},
		{WHOLE("upstream web-app_B {}"),
		 "upstream web-app_B is also in /ours.conf:2, as Web-App_b",
		 "remove or rename it here, or leave the service out with 'exclude' in the "
		 "settings"},
		{"http {}", "/ours.conf is not included",
		 "put 'include /ours.conf;' in http, or give --conf FILE if you mean another file"},
		{INTERFACE("", ""),
		 "the dyups interface is open to other machines: it listens on '*:80' by default, "
		 "without 'deny all'",
		 "make it listen on a socket such as unix:/run/nginx-dyups/dyups.sock, or on "
		 "127.0.0.1 with 'allow 127.0.0.1; deny all;' next to "
		 "dyups_interface"},
		{LOCAL(CLEAN "client_max_body_size 20;", "", ""),
		 "client_max_body_size is 20 bytes at the dyups interface, but upstream web needs "
		 "a body of 48",
		 "put 'client_max_body_size 2m;' next to dyups_interface"},
		{LOCAL(CLEAN "dyups_shm_zone_size 8k;", "", ""),
		 "dyups_shm_zone_size is 8192 bytes, but upstream web needs a body of 48",
		 "put 'dyups_shm_zone_size 2m;' in http"},
		{PASS("proxy_pass http://Web:80;"),
		 "'proxy_pass http://Web:80' has a port, but there is an upstream web",
		 "to use the upstream: 'set $backend web;' and 'proxy_pass http://$backend;'; to "
		 "use a "
		 "host of this name: give the upstream another name with 'upstream' in the "
		 "settings, or leave the service out with 'exclude'"},
		{PASS("uwsgi_pass coming:80;"),
		 "'uwsgi_pass coming:80' has a port, but the settings name an upstream coming",
		 "to use the upstream: 'set $backend coming;' and 'uwsgi_pass $backend;'; to use a "
		 "host of this name: give the upstream another name with 'upstream' in the "
		 "settings, or leave the service out with 'exclude'"},
		{WHOLE("dyups_upstream_conf /ours.conf;"),
		 "'dyups_upstream_conf /ours.conf' is not an include",
		 "remove it, unless this is Tengine 2.1, which needs both"},
		{WHOLE("dyups_upstream_conf ours.conf;"),
		 "'dyups_upstream_conf ours.conf' is not an include",
		 "remove it, unless this is Tengine 2.1, which needs both"},
		{WHOLE("dyups_upstream_conf conf/ours.conf;"),
		 "'dyups_upstream_conf conf/ours.conf' is not an include",
		 "remove it, or on Tengine 2.1 let it name /ours.conf"},
		{WHOLE("dyups_upstream_conf s.conf;"),
		 "'dyups_upstream_conf s.conf' is not an include",
		 "remove it, or on Tengine 2.1 let it name /ours.conf"},
		{"http {server {include ours;}}", "'include ours' includes /ours.conf in server",
		 "remove it here, and include the file in http"},
		{"include ours; http {}", "'include ours' includes /ours.conf outside http",
		 "remove it here, and include the file in http"},
		/* Quoted text can't control a terminal. */
		{WHOLE("include ours; include \"wide\";") "--\n\033[2J web;",
		 "'include ours' includes /ours.conf a second time", "remove one of the two"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_findings findings = {0};

		free(lint(rows[i].text, OURS, &findings));
		assert_true(findings.count > 0);
		unit_same(rows[i].text, findings.list[0].what, rows[i].what);
		unit_same(rows[i].text, findings.list[0].mend, rows[i].mend);
		unit_number(rows[i].text, *findings.list[0].reason != '\0', 1);
		swk_findings_free(&findings);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(bound_names),
		cmocka_unit_test(upstreams_and_includes),
		cmocka_unit_test(access_to_the_interface),
		cmocka_unit_test(sizes),
		cmocka_unit_test(hints),
		cmocka_unit_test(mends),
	};

	return cmocka_run_group_tests_name("lint", tests, NULL, NULL);
}
