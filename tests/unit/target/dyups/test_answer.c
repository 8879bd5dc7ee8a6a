/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "target/dyups/answer.h"
#include "target/dyups/dyups.h"

typedef int reader(struct swk_live *live, const char *text, size_t length, struct swk_error *error);

/* What a reader makes of a text in memory of its exact length: `READABLE / upstreams`. */
static char *read_text(reader *read, const char *text, size_t length)
{
	static const char *const readable[] = {"nothing", "names", "addresses", "attributes"};
	struct swk_live live = {0};
	struct swk_error error = {0};
	char *copy = malloc(length + 1), *shown, *all;

	assert_non_null(copy);
	memcpy(copy + 1, text, length);
	assert_int_equal(read(&live, copy + 1, length, &error), 0);
	free(copy);
	for (size_t i = 0; i < live.upstreams.count; i++) {
		struct swk_upstream *upstream = &live.upstreams.list[i];

		/* The answer does not show the source, so the rows omit it. */
		assert_true(swk_source_same(&upstream->source, &swk_source_unknown));
		assert_int_equal(
			swk_upstream_set(upstream, upstream->name,
					 &(struct swk_source){.name = upstream->name, .tag = ""},
					 &error),
			0);
	}
	shown = unit_show(&live.upstreams);
	assert_true(asprintf(&all, "%s / %s", readable[live.readable], shown) > 0);
	free(shown);
	swk_upstreams_free(&live.upstreams);
	return all;
}

#define ATTRIBUTES " weight=1 max_conns=0 max_fails=1 fail_timeout=10 backup=0 down=0"

static void detail(void **state)
{
	static const struct {
		const char *text, *desired;
	} rows[] = {
		{"", "attributes / "},
		{"\n\n", "attributes / "},
		{"web\nserver 10.0.0.1:80" ATTRIBUTES "\n\n", "attributes / web: 10.0.0.1:80"},
		{"web\nserver 10.0.0.10:80" ATTRIBUTES "\nserver 10.0.0.2:80" ATTRIBUTES "\n\n"
		 "api\nserver [2001:db8::1]:8080" ATTRIBUTES "\n\n",
		 "attributes / api: [2001:db8::1]:8080; web: 10.0.0.2:80 10.0.0.10:80"},
		{"web\nserver 10.0.0.1:80 weight=5 max_conns=7 max_fails=0 fail_timeout=2 backup=1 "
		 "down=1\n\n",
		 "attributes / web: 10.0.0.1:80,weight=5,max_conns=7,max_fails=0,fail_timeout=2,"
		 "backup,down"},
		/* the stand-alone module has no max_conns */
		{"web\nserver 10.0.0.1:80 weight=1 max_fails=3 fail_timeout=2 backup=0 down=0\n\n",
		 "attributes / web: 10.0.0.1:80,max_fails=3,fail_timeout=2"},
		/* Tengine 2.1 has no attributes */
		{"web\nserver 10.0.0.1:80\nserver 10.0.0.2:80\n\n",
		 "addresses / web: 10.0.0.1:80 10.0.0.2:80"},
		{"web\nserver 10.0.0.1:80 \n\n", "addresses / web: 10.0.0.1:80"},
		/* last lines that are cut, or not ended */
		{"web\nserver 10.0.0.1:80" ATTRIBUTES, "attributes / web: 10.0.0.1:80"},
		{"web", "attributes / web:"},
		{"web\n\n", "attributes / web:"},
		/* servers that the model can't represent */
		{"web\nserver unix:/run/x" ATTRIBUTES "\n\napi\nserver 10.0.0.1:80" ATTRIBUTES
		 "\n\n",
		 "attributes / api: 10.0.0.1:80; web: unread"},
		{"web\nserver backend:80" ATTRIBUTES "\nserver 10.0.0.1:80" ATTRIBUTES "\n\n",
		 "attributes / web: 10.0.0.1:80 unread"},
		{"web\nserver 10.0.0.1:80 slow_start=1\n\n",
		 "attributes / web: 10.0.0.1:80 unread"},
		{"web\nserver 10.0.0.1:80 weight=1x\n\n", "attributes / web: 10.0.0.1:80 unread"},
		{"web\nserver 10.0.0.1:80 weight=\n\n", "attributes / web: 10.0.0.1:80 unread"},
		{"web\nserver 10.0.0.1:80 weight\n\n", "attributes / web: 10.0.0.1:80 unread"},
		{"web\nserver 10.0.0.1:80 weight=-1\n\n", "attributes / web: 10.0.0.1:80 unread"},
		{"web\nserver 10.0.0.1:80 weight=4294967297\n\n",
		 "attributes / web: 10.0.0.1:80 unread"},
		{"web\nserver 10.0.0.1:80 weight=12345678901234567890\n\n",
		 "attributes / web: 10.0.0.1:80 unread"},
		{"web\nserver 10.0.0.1:80 "
		 "aaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaaa="
		 "1\n\n",
		 "attributes / web: 10.0.0.1:80 unread"},
		{"web\nkeepalive 20\n\n", "attributes / web: unread"},
		{"web\nserver\n\n", "attributes / web: unread"},
		/* the same server twice has twice the traffic */
		{"web\nserver 10.0.0.1:80" ATTRIBUTES "\nserver 10.0.0.1:80" ATTRIBUTES "\n\n",
		 "attributes / web: 10.0.0.1:80 unread"},
		/* unmanaged names, whatever they are */
		{"we b;{}\nserver 10.0.0.1:80" ATTRIBUTES "\n\n",
		 "attributes / we b;{}: 10.0.0.1:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = read_text(swk_dyups_read_detail, rows[i].text, strlen(rows[i].text));

		unit_same(rows[i].text, got, rows[i].desired);
		free(got);
	}
}

static void list(void **state)
{
	static const struct {
		const char *text, *desired;
	} rows[] = {
		{"", "names / "},
		{"web\napi\n", "names / api:; web:"},
		{"web\n\napi", "names / api:; web:"},
		{"upstream web {\nserver 10.0.0.1:80;keepalive 20;\n}\nupstream api {\nserver "
		 "10.0.0.2:80;\n}\n",
		 "names / api:; web:"},
		{"upstream a {\n}\n", "names / a:"},
		{"upstream\nupstream  {\n", "names / upstream:; upstream  {:"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *got = read_text(swk_dyups_read_list, rows[i].text, strlen(rows[i].text));

		unit_same(rows[i].text, got, rows[i].desired);
		free(got);
	}
}

/* Cut, changed, or with a NUL at any byte: it is read somehow, and never beyond its end. */
static void anything_is_read(void **state)
{
	static const char text[] = "web\nserver 10.0.0.1:80" ATTRIBUTES
				   "\nserver [::1]:80\n\nupstream api {\nserver x\n}\n\n";
	static reader *const readers[] = {swk_dyups_read_detail, swk_dyups_read_list};
	static const char bytes[] = {'\0', '\n', ' ', '=', ':', '[', (char)0xff};
	char copy[sizeof(text)];

	(void)state;
	for (size_t i = 0; i < sizeof(text); i++) {
		for (size_t j = 0; j < COUNT(readers); j++) {
			free(read_text(readers[j], text, i));
			for (size_t k = 0; k < sizeof(bytes); k++) {
				memcpy(copy, text, sizeof(text));
				copy[i] = bytes[k];
				free(read_text(readers[j], copy, sizeof(text) - 1));
			}
		}
	}
}

/* A line ends at a NUL. If nothing comes before it, the line is empty. */
static void nul_bytes(void **state)
{
	static const char text[] = "\0name\nweb\0x\nserver 10.0.0.1:80\0 slow_start=1\n\0\napi\n";
	char *shown = read_text(swk_dyups_read_detail, text, sizeof(text) - 1);

	(void)state;
	assert_string_equal(shown, "addresses / api:; web: 10.0.0.1:80");
	free(shown);
}

static void no_bytes(void **state)
{
	struct swk_live live = {0};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_dyups_read_detail(&live, NULL, 0, &error), 0);
	assert_int_equal(live.readable, SWK_READ_ATTRIBUTES);
	assert_int_equal(swk_dyups_read_list(&live, NULL, 0, &error), 0);
	assert_int_equal(live.readable, SWK_READ_NAMES);
	assert_int_equal(live.upstreams.count, 0);
}

static void opens_valid_urls(void **state)
{
	static const struct {
		const char *url, *name; /* NULL: refused */
	} rows[] = {
		{"http://127.0.0.1:18882", "http://127.0.0.1:18882"},
		{"http://127.0.0.1:18882/", "http://127.0.0.1:18882"},
		{"http://127.0.0.1:18882/dyups//", "http://127.0.0.1:18882/dyups"},
		{"https://[::1]:1", "https://[::1]:1"},
		{"127.0.0.1:18882", NULL},
		{"unix:///run/x", "unix:/run/x"},
		{"unix:run/x", NULL},
		{"file:///etc/passwd", NULL},
		{"http://user:secret@127.0.0.1", NULL},
		{"http://127.0.0.1/?a=b", NULL},
		{"http://127.0.0.1/#a", NULL},
		{"http://127.0.0.1:99999", NULL},
		{"http://", NULL},
		{"", NULL},
		{"http://a b", NULL},
		{"http://a\r\nX: y", NULL},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_target target = {0};
		struct swk_error error = {0};
		struct swk_dyups_settings own = {.url = (char *)(uintptr_t)rows[i].url};
		const struct swk_target_settings settings = {
			.own = &own, .where = (char *)"--dyups", .wrong = SWK_USAGE};
		const struct swk_settings all = {.read_interval = 1};
		int status = swk_target_dyups.open(&target, &all, &settings, &error);

		unit_number(rows[i].url, status, rows[i].name ? 0 : SWK_USAGE);
		if (status)
			unit_says(rows[i].url, error.text, "--dyups: ");
		else
			unit_same(rows[i].url, target.name, rows[i].name);
		swk_target_dyups.close(&target);
	}
}

static void servers_shown(void **unused)
{
	static const struct {
		const char *desired, *text;
		bool same;
	} rows[] = {
		{"web: 10.0.0.1:80 10.0.0.2:80", "server 10.0.0.1:80\nserver 10.0.0.2:80\n", true},
		{"web: 10.0.0.1:80 10.0.0.2:80", "server 10.0.0.2:80\nserver 10.0.0.1:80\n", true},
		{"web: [2001:db8::1]:80", "server [2001:db8:0::1]:80\n", true},
		{"web: 10.0.0.1:80,weight=5,down", "server 10.0.0.1:80\n", true},
		{"web: 10.0.0.1:80 10.0.0.2:80", "server 10.0.0.1:80\n", false},
		{"web: 10.0.0.1:80", "server 10.0.0.1:80\nserver 10.0.0.2:80\n", false},
		{"web: 10.0.0.1:80", "server 10.0.0.1:81\n", false},
		{"web: 10.0.0.1:80", "server example\n", false},
		{"web: 10.0.0.1:80", "", false},
		/* host names: as many lines as servers, and all addresses among them */
		{"web: a.example:80", "server 10.0.0.9:80\n", true},
		{"web: a.example:80 b.example:80", "server 10.0.0.9:80\nserver 10.0.0.9:80\n",
		 true},
		{"web: a.example:80", "server 10.0.0.9:80\nserver 10.0.0.8:80\n", true},
		{"web: a.example:80", "server a.example:80\n", true},
		{"web: 10.0.0.1:80 [::1]:80 a.example:80",
		 "server 10.0.0.1:80\nserver [::1]:80\nserver 10.0.0.1:80\n", true},
		{"web: 10.0.0.1:80 [::1]:80 a.example:80",
		 "server 10.0.0.1:80\nserver 10.0.0.9:80\nserver 10.0.0.9:80\n", false},
		{"web: 10.0.0.2:80 a.example:80", "server 10.0.0.1:80\nserver 10.0.0.9:80\n",
		 false},
		{"web: 10.0.0.1:80 a.example:80 b.example:80",
		 "server 10.0.0.1:80\nserver 10.0.0.9:80\n", false},
		{"web: a.example:80 b.example:80", "server 10.0.0.9:80\n", false},
		{"web: a.example:80", "", false},
	};

	(void)unused;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = unit_upstreams(rows[i].desired);

		unit_number(rows[i].text,
			    swk_dyups_shows(&set.list[0], rows[i].text, strlen(rows[i].text)),
			    rows[i].same);
		swk_upstreams_free(&set);
	}
}

static void keepalive_by_version(void **state)
{
	static const struct {
		const char *server;
		bool loses;
	} rows[] = {
		{"Tengine/3.2.0", true},
		{"Tengine/3.10.1", true},
		{"Tengine/4.0.0", true},
		{"Tengine/3.1.0", false},
		{"Tengine/2.4.1", false},
		{"Tengine", false},
		{"nginx/1.29.7", true},
		{"nginx/1.31.3", true},
		{"nginx/2.0.0", true},
		{"nginx/1.29.6", false},
		{"nginx/1.22.1", false},
		{"nginx", false},
		{"", false},
		{"openresty/3.2.0", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++)
		unit_number(rows[i].server, swk_dyups_loses_keepalive(rows[i].server),
			    rows[i].loses);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(detail),
		cmocka_unit_test(list),
		cmocka_unit_test(anything_is_read),
		cmocka_unit_test(nul_bytes),
		cmocka_unit_test(no_bytes),
		cmocka_unit_test(opens_valid_urls),
		cmocka_unit_test(keepalive_by_version),
		cmocka_unit_test(servers_shown),
	};

	return cmocka_run_group_tests_name("answer", tests, NULL, NULL);
}
