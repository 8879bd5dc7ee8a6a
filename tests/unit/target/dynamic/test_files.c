/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "target/dynamic/files.h"

#define HEAD "# Written by swk-apply from what Consul says. Changes made by hand are lost.\n"
#define GONE HEAD "# The conf file no longer has this upstream.\nserver 0.0.0.1 down;\n"

static char folder[64];

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/swk-dynamic.XXXXXX");
	return mkdtemp(folder) ? 0 : -1;
}

static int remove_folder(void **state)
{
	char command[128];

	(void)state;
	(void)snprintf(command, sizeof(command), "rm -r %s", folder);
	return system(command);
}

static void texts(void **state)
{
	static const struct {
		const char *upstream, *text;
	} rows[] = {
		{"web: 10.0.0.1:80 [::1]:81,weight=5,down",
		 HEAD "server 10.0.0.1:80 max_fails=1 fail_timeout=10s;\n"
		      "server [::1]:81 weight=5 max_fails=1 fail_timeout=10s down;\n"},
		/* the method and keepalive are nginx's */
		{"web: 10.0.0.1:80 least_conn keepalive=20 keepalive_timeout=30",
		 HEAD "server 10.0.0.1:80 max_fails=1 fail_timeout=10s;\n"},
		{"web: 10.0.0.1:80 10.0.0.2:80,backup",
		 HEAD "server 10.0.0.1:80 max_fails=1 fail_timeout=10s;\n"
		      "server 10.0.0.2:80 max_fails=1 fail_timeout=10s backup;\n"
		      "server 0.0.0.1 down;\n"},
		{"web:", HEAD "server 0.0.0.1 down;\n"},
		{NULL, GONE},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams set = unit_upstreams(rows[i].upstream ? rows[i].upstream : "");
		struct swk_error error = {0};
		struct swk_buffer text;

		swk_buffer_init(&text, SWK_CONF_MAX);
		assert_int_equal(swk_dynamic_file_text(&text, set.list, &error), 0);
		unit_same(rows[i].upstream ? rows[i].upstream : "gone", text.data, rows[i].text);
		swk_buffer_free(&text);
		swk_upstreams_free(&set);
	}
}

static void write_text(const char *name, const char *text)
{
	char path[128];
	FILE *file;

	(void)snprintf(path, sizeof(path), "%s/%s", folder, name);
	file = fopen(path, "we");
	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void names(void **state)
{
	static const char *const files[] = {"web.servers",  "Web.servers",     "api.v2.servers",
					    "web.server",   "web.servers.tmp", "web.serversx",
					    "-web.servers", "..servers",       ".servers",
					    "a b.servers",  "a%.servers",      "api.servers"};
	static const char *const expected[] = {"api", "api.v2", "Web", "web"};
	struct swk_texts found = {0};
	struct swk_error error = {0};

	(void)state;
	for (size_t i = 0; i < COUNT(files); i++)
		write_text(files[i], "");
	assert_int_equal(swk_dynamic_files_list(&found, folder, &error), 0);
	assert_int_equal(found.count, COUNT(expected));
	for (size_t i = 0; i < COUNT(expected); i++)
		assert_string_equal(found.list[i], expected[i]);
	swk_texts_free(&found);
}

static void no_folder(void **state)
{
	struct swk_texts found = {0};
	struct swk_error error = {0};
	char path[128];

	(void)state;
	(void)snprintf(path, sizeof(path), "%s/none", folder);
	assert_int_equal(swk_dynamic_files_list(&found, path, &error), SWK_CANTCREATE);
	unit_says("no folder", error.text, path);
	unit_says("no folder", error.text, "No such file or directory");
	error = (struct swk_error){0};
	assert_int_equal(swk_dynamic_file_write(path, "web", NULL, &error), SWK_CANTCREATE);
}

/* The number that tells whether a file was replaced; 0 without a file. */
static ino_t number_of(const char *name)
{
	struct stat about;
	char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s.servers", folder, name);
	return stat(path, &about) ? 0 : about.st_ino;
}

static void assert_text(const char *name, const char *expected)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_CONF_MAX);
	assert_int_equal(swk_dynamic_file_read(&text, folder, name, &error), 0);
	unit_same(name, text.length ? text.data : "", expected);
	swk_buffer_free(&text);
}

static void writing(void **state)
{
	struct swk_upstreams set = unit_upstreams("web: 10.0.0.1:80");
	struct swk_error error = {0};
	ino_t number;

	(void)state;
	assert_text("web", "");
	assert_int_equal(swk_dynamic_file_write(folder, "web", set.list, &error), 0);
	assert_text("web", HEAD "server 10.0.0.1:80 max_fails=1 fail_timeout=10s;\n");
	number = number_of("web");
	assert_int_equal(swk_dynamic_file_write(folder, "web", set.list, &error), 0);
	assert_int_equal(number_of("web"), number);
	assert_int_equal(swk_dynamic_file_write(folder, "web", NULL, &error), 0);
	assert_int_not_equal(number_of("web"), number);
	assert_text("web", GONE);
	/* What is written by hand is replaced. */
	write_text("web.servers", "");
	assert_int_equal(swk_dynamic_file_write(folder, "web", NULL, &error), 0);
	assert_text("web", GONE);
	swk_upstreams_free(&set);
}

static void empty(void **state)
{
	static const struct {
		const char *text;
		bool empty;
	} rows[] = {
		{"", true},
		{GONE, true},
		{"server 0.0.0.1 down;", true},
		{"\n  server 0.0.0.0:1 down;\r\n\t# server 10.0.0.1;\n", true},
		{"server 0.0.0.1;\n", false},
		{"server 10.0.0.1 down;\n", false},
		{"server 0.0.0.1 down; server 10.0.0.1 down;\n", false},
		{"server 0.0.0.1 down;\nserver 10.0.0.1;\n", false},
		{"include more;\n", false},
		{"server 0. down;\n", false},
		{"server 0. down\n", false},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_buffer text = {.data = strdup(rows[i].text),
					  .length = strlen(rows[i].text)};

		unit_number(rows[i].text, swk_dynamic_file_is_empty(&text), rows[i].empty);
		free(text.data);
	}
}

static void links(void **state)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	char target[128], path[128];

	(void)state;
	write_text("secret", "x\n");
	(void)snprintf(target, sizeof(target), "%s/secret", folder);
	(void)snprintf(path, sizeof(path), "%s/web.servers", folder);
	assert_int_equal(symlink(target, path), 0);
	swk_buffer_init(&text, SWK_CONF_MAX);
	assert_int_equal(swk_dynamic_file_read(&text, folder, "web", &error), SWK_CANTCREATE);
	unit_says("a link", error.text, path);
	error = (struct swk_error){0};
	assert_int_equal(swk_dynamic_file_write(folder, "web", NULL, &error), SWK_CANTCREATE);
	error = (struct swk_error){0};
	assert_int_equal(swk_file_read(target, &text, &(bool){0}, &error), 0);
	assert_string_equal(text.data, "x\n");
	swk_buffer_free(&text);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(texts),
		cmocka_unit_test(empty),
		cmocka_unit_test_setup_teardown(names, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(no_folder, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(writing, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(links, make_folder, remove_folder),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
