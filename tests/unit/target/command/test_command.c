/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <sys/stat.h>
#include <unistd.h>

#include "base/file.h"
#include "base/process.h"
#include "target/command/command.h"

static char folder[64], conf[80], confirmed[96], input[80];
static struct swk_target target;

/* A target whose command is this script, with the file for its input as the first argument. */
static void open_target(const char *script)
{
	static char *texts[] = {(char *)"/bin/sh", (char *)"-c", NULL, (char *)"sh", input};
	static struct swk_command_settings own = {{texts, COUNT(texts)}};
	const struct swk_target_settings its = {.name = (char *)"edge", .own = &own};
	struct swk_settings settings = {0};
	struct swk_error error = {0};

	texts[2] = (char *)script;
	target = (struct swk_target){.kind = &swk_target_command,
				     .run = {.conf = conf, .event = "service", .index = 7}};
	assert_int_equal(target.kind->open(&target, &settings, &its, &error), 0);
}

static void close_target(void)
{
	target.kind->close(&target);
	swk_live_free(&target.live);
}

static int make_folder(void **state)
{
	(void)state;
	(void)snprintf(folder, sizeof(folder), "/tmp/swk-command.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(conf, sizeof(conf), "%s/c.conf", folder);
	(void)snprintf(confirmed, sizeof(confirmed), "%s.edge.confirmed", conf);
	(void)snprintf(input, sizeof(input), "%s/input", folder);
	return 0;
}

static int remove_folder(void **state)
{
	(void)state;
	(void)unlink(input);
	(void)unlink(confirmed);
	return rmdir(folder);
}

static void assert_file(const char *row, const char *path, const char *expected)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	bool exists;

	swk_buffer_init(&text, SWK_CONF_MAX);
	assert_int_equal(swk_file_read(path, &text, &exists, &error), 0);
	unit_same(row, exists ? text.data : NULL, expected);
	swk_buffer_free(&text);
}

static void write_text(const char *path, const char *text)
{
	FILE *file = fopen(path, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

/* Applies a plan that makes these upstreams, and deletes these names. Returns what became of all
 * its operations. */
static enum swk_target_result apply(const char *upstreams, const char *deleted, long milliseconds)
{
	struct swk_upstreams set = unit_upstreams(upstreams);
	struct swk_names names = unit_names(deleted);
	struct swk_operation list[8];
	struct swk_target_outcome outcomes[8] = {{.reason = NULL}};
	struct swk_plan plan = {list, 0};
	struct swk_error error = {0};

	for (size_t i = 0; i < set.count; i++)
		list[plan.count++] =
			(struct swk_operation){.name = set.list[i].name, .upstream = &set.list[i]};
	for (size_t i = 0; i < names.count; i++)
		list[plan.count++] = (struct swk_operation){.name = names.list[i]};
	assert_int_equal(
		target.kind->apply(&target, &plan, outcomes, swk_now_ms() + milliseconds, &error),
		0);
	for (size_t i = 0; i < plan.count; i++) {
		assert_int_equal(outcomes[i].result, outcomes[0].result);
		assert_null(outcomes[i].reason);
	}
	swk_upstreams_free(&set);
	swk_names_free(&names);
	return outcomes[0].result;
}

/* What a read finds, to free. */
static char *read_state(enum swk_depth depth)
{
	struct swk_error error = {0};

	assert_int_equal(target.kind->read(&target, depth, "web", SWK_NO_DEADLINE, &error), 0);
	return unit_show(&target.live.upstreams);
}

static void assert_state(const char *row, const char *expected)
{
	char *found = read_state(SWK_DEPTH_PARTS);

	unit_same(row, found, expected);
	assert_int_equal(target.live.readable, SWK_READ_ATTRIBUTES);
	free(found);
}

#define HEAD "{\"version\":1,\"event\":\"service\",\"index\":7,\"conf\":\"CONF\",\"upstreams\":["
#define SERVER(address)                                                                            \
	"{\"address\":\"" address "\",\"weight\":1,\"max_conns\":0,\"max_fails\":1,"               \
	"\"fail_timeout\":10,\"backup\":false,\"down\":false}"

static void changes(void **state)
{
	static const struct {
		const char *upstreams, *deleted, *change, *confirmed;
	} rows[] = {
		{"web: 10.0.0.1:80", "",
		 HEAD
		 "{\"name\":\"web\",\"change\":\"created\",\"source\":{\"kind\":\"service\","
		 "\"name\":\"web\"},\"before\":null,\"after\":[" SERVER("10.0.0.1:80") "]}]}\n",
		 "web: 10.0.0.1:80"},
		{"web: 10.0.0.2:80; web_a<web gray=a>: [::1]:80,weight=5,max_conns=6,max_fails=7,"
		 "fail_timeout=8,down least_conn keepalive=9 keepalive_timeout=10 "
		 "keepalive_requests=11",
		 "",
		 HEAD "{\"name\":\"web\",\"change\":\"updated\",\"source\":{\"kind\":\"service\","
		      "\"name\":\"web\"},\"before\":[" SERVER("10.0.0.1:80") "],\"after\":[" SERVER(
			      "10.0.0.2:80") "]},"
					     "{\"name\":\"web_a\",\"change\":\"created\","
					     "\"source\":{\"kind\":\"service\",\"name\":\"web\","
					     "\"tag\":\"gray=a\"},\"before\":null,\"after\":[{"
					     "\"address\":\"[::1]:80\",\"weight\":5,"
					     "\"max_conns\":6,\"max_fails\":7,\"fail_timeout\":8,"
					     "\"backup\":false,\"down\":true}],"
					     "\"balance\":\"least_conn\",\"keepalive\":9,"
					     "\"keepalive_timeout\":10,\"keepalive_requests\":11}"
					     "]}\n",
		 "web: 10.0.0.2:80; web_a<web gray=a>: [::1]:80,weight=5,max_conns=6,max_fails=7,"
		 "fail_timeout=8,down least_conn keepalive=9 keepalive_timeout=10 "
		 "keepalive_requests=11"},
		{"api: 10.0.0.3:80,backup 10.0.0.4:80 of_keys", "web_a none",
		 HEAD "{\"name\":\"api\",\"change\":\"created\",\"source\":{\"kind\":\"key\","
		      "\"name\":\"api\"},\"before\":null,\"after\":[{\"address\":\"10.0.0.3:80\","
		      "\"weight\":1,\"max_conns\":0,\"max_fails\":1,\"fail_timeout\":10,"
		      "\"backup\":true,\"down\":false}," SERVER(
			      "10.0.0.4:80") "]},"
					     "{\"name\":\"none\",\"change\":\"deleted\","
					     "\"source\":null,\"before\":null,\"after\":null},"
					     "{\"name\":\"web_a\",\"change\":\"deleted\","
					     "\"source\":{\"kind\":\"service\",\"name\":\"web\","
					     "\"tag\":\"gray=a\"},\"before\":[{"
					     "\"address\":\"[::1]:80\",\"weight\":5,"
					     "\"max_conns\":6,\"max_fails\":7,\"fail_timeout\":8,"
					     "\"backup\":false,\"down\":true}],\"after\":null}]}\n",
		 "api: 10.0.0.3:80,backup 10.0.0.4:80 of_keys; web: 10.0.0.2:80"},
		{"WEB<>: 10.0.0.5:80", "",
		 HEAD
		 "{\"name\":\"WEB\",\"change\":\"updated\",\"source\":null,\"before\":[" SERVER(
			 "10.0.0.2:80") "],\"after\":[" SERVER("10.0.0.5:80") "]}]}\n",
		 "api: 10.0.0.3:80,backup 10.0.0.4:80 of_keys; WEB<>: 10.0.0.5:80"},
	};

	(void)state;
	open_target("sed 's|\"conf\":\"/tmp/[^\"]*/c.conf\"|\"conf\":\"CONF\"|' >\"$1\"");
	for (size_t i = 0; i < COUNT(rows); i++) {
		assert_int_equal(apply(rows[i].upstreams, rows[i].deleted, 30000), SWK_TARGET_DONE);
		assert_file(rows[i].upstreams, input, rows[i].change);
		assert_state(rows[i].upstreams, rows[i].confirmed);
	}
	close_target();
}

static void failures(void **state)
{
	static const struct {
		const char *script;
		long milliseconds;
		const char *trouble;
	} rows[] = {
		{"echo no room >&2; exit 3", 30000, "edge: /bin/sh ended with status 3: no room"},
		{"kill -KILL $$", 30000, "edge: /bin/sh was ended by signal 9"},
		{"echo begun; exec sleep 1000", 300,
		 "edge: /bin/sh was not done in time, and was ended: begun"},
	};

	(void)state;
	open_target(":");
	assert_int_equal(apply("web: 10.0.0.1:80", "", 30000), SWK_TARGET_DONE);
	close_target();
	for (size_t i = 0; i < COUNT(rows); i++) {
		open_target(rows[i].script);
		assert_int_equal(apply("web: 10.0.0.2:80", "api", rows[i].milliseconds),
				 SWK_TARGET_PENDING);
		unit_same(rows[i].script, target.trouble.text, rows[i].trouble);
		assert_true(target.given_up);
		assert_int_equal(target.live.readable, SWK_READ_NOTHING);
		assert_state(rows[i].script, "web: 10.0.0.1:80");
		assert_string_equal(target.trouble.text, "");
		close_target();
	}
}

static void damaged(void **state)
{
	static const char *const rows[] = {
		"upstream web {\n    server 10.0.0.1:80;\n}\nupstream {\n", "upstream web {\n",
		"server {}\n", "\1\2\3"};

	(void)state;
	open_target("cat >\"$1\"");
	for (size_t i = 0; i < COUNT(rows); i++) {
		write_text(confirmed, rows[i]);
		assert_state(rows[i], "");
		unit_says(rows[i], target.trouble.text, confirmed);
		unit_says(rows[i], target.trouble.text,
			  "; the command is given every upstream again");
		assert_int_equal(apply("web: 10.0.0.2:80", "", 30000), SWK_TARGET_DONE);
		assert_state(rows[i], "web: 10.0.0.2:80");
		assert_string_equal(target.trouble.text, "");
	}
	close_target();
}

static void unreadable(void **state)
{
	(void)state;
	open_target("exit 9");
	assert_int_equal(mkdir(confirmed, 0755), 0);
	assert_int_equal(apply("web: 10.0.0.2:80", "", 30000), SWK_TARGET_PENDING);
	unit_says("a folder", target.trouble.text, confirmed);
	free(read_state(SWK_DEPTH_PARTS));
	unit_says("a folder", target.trouble.text, confirmed);
	assert_int_equal(target.live.readable, SWK_READ_NOTHING);
	assert_int_equal(rmdir(confirmed), 0);
	close_target();
}

/* A command is not silent while it works, unless it failed before. */
static void watched(void **state)
{
	struct swk_watch watch = {.heard = 0};

	(void)state;
	open_target(":");
	target.watch = &watch;
	assert_int_equal(apply("web: 10.0.0.1:80", "", 30000), SWK_TARGET_DONE);
	assert_true(watch.heard > swk_now_ms());
	close_target();

	watch = (struct swk_watch){.stop = true};
	open_target("exec sleep 1000");
	target.watch = &watch;
	target.behind = true;
	assert_int_equal(apply("web: 10.0.0.2:80", "", 30000), SWK_TARGET_PENDING);
	assert_string_equal(target.trouble.text,
			    "edge: /bin/sh was ended, because other runs wait");
	assert_int_equal(watch.heard, 0);
	close_target();
}

static void no_time_left(void **state)
{
	(void)state;
	open_target(":");
	assert_int_equal(apply("web: 10.0.0.1:80", "", 0), SWK_TARGET_PENDING);
	assert_false(target.given_up);
	assert_true(target.live.unconfirmed);
	assert_state("no time", "");
	close_target();
}

static void depths(void **state)
{
	char *found;

	(void)state;
	open_target(":");
	assert_int_equal(apply("web: 10.0.0.2:80", "", 30000), SWK_TARGET_DONE);
	found = read_state(SWK_DEPTH_ONE);
	assert_string_equal(found, "");
	assert_int_equal(target.live.readable, SWK_READ_NAMES);
	free(found);
	found = read_state(SWK_DEPTH_NAMES);
	assert_string_equal(found, "web: 10.0.0.2:80");
	assert_int_equal(target.live.readable, SWK_READ_NAMES);
	free(found);
	close_target();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(changes, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(failures, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(damaged, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(unreadable, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(watched, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(no_time_left, make_folder, remove_folder),
		cmocka_unit_test_setup_teardown(depths, make_folder, remove_folder),
	};

	if (!swk_process_begin())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
