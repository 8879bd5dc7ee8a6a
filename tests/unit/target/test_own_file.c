/* SPDX-License-Identifier: MIT */
/* A file of a target, through the kind `file`, with shell commands as the proxy. */
#include "unit.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "base/file.h"
#include "base/hash.h"
#include "base/process.h"
#include "store/result.h"
#include "target/file/file.h"

#define LONG_ENOUGH 30000 /* ms */

static char folder[64], conf[80], file[80], confirmed[96], result_file[96], lock[96], checks[80],
	reloads[80];
static struct swk_target target;
static struct swk_file_settings own;

/* ---- the target ---- */

static void set_command(struct swk_texts *command, const char *script, char **texts)
{
	static char shell[] = "/bin/sh", option[] = "-c", name[] = "sh";

	texts[0] = shell;
	texts[1] = option;
	texts[2] = (char *)script;
	texts[3] = name;
	texts[4] = file;
	*command = (struct swk_texts){texts, script ? 5 : 0};
}

/* Both scripts get the path of the file, and each start is counted. Without a script for the
 * reload, `swk reload` does it. */
static void open_target(const char *check, const char *reload)
{
	static char *texts[2][5], scripts[2][512];
	static char *patterns[] = {(char *)"hidden"};
	const struct swk_target_settings its = {
		.name = (char *)"edge", .own = &own, .selection = {.exclude = {patterns, 1}}};
	struct swk_settings settings = {.conf = conf, .timeout = 60};
	struct swk_error error = {0};

	own = (struct swk_file_settings){.own = {.file = file}};
	(void)snprintf(scripts[0], sizeof(scripts[0]), "echo >>%s\n%s", checks, check);
	(void)snprintf(scripts[1], sizeof(scripts[1]), "echo >>%s\n%s", reloads,
		       reload ? reload : "");
	set_command(&own.own.check, scripts[0], texts[0]);
	set_command(&own.own.reload, reload ? scripts[1] : NULL, texts[1]);
	target = (struct swk_target){.kind = &swk_target_file,
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
	(void)snprintf(folder, sizeof(folder), "/tmp/swk-file.XXXXXX");
	if (!mkdtemp(folder))
		return -1;
	(void)snprintf(conf, sizeof(conf), "%s/c.conf", folder);
	(void)snprintf(file, sizeof(file), "%s/upstreams.conf", folder);
	(void)snprintf(checks, sizeof(checks), "%s/checks", folder);
	(void)snprintf(reloads, sizeof(reloads), "%s/reloads", folder);
	(void)snprintf(confirmed, sizeof(confirmed), "%s.edge.confirmed", conf);
	(void)snprintf(result_file, sizeof(result_file), "%s.edge.result", conf);
	(void)snprintf(lock, sizeof(lock), "%s.edge.lock", conf);
	return 0;
}

static int remove_folder(void **state)
{
	const char *const paths[] = {conf, file, checks, reloads, confirmed, result_file, lock};

	(void)state;
	for (size_t i = 0; i < COUNT(paths); i++)
		(void)unlink(paths[i]);
	return rmdir(folder); /* so nothing else was left */
}

static void write_text(const char *path, const char *text)
{
	FILE *out = fopen(path, "we");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

/* The text of a file, to free; NULL: none. */
static char *text_of(const char *path)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	bool exists;

	swk_buffer_init(&text, SWK_CONF_MAX);
	assert_int_equal(swk_file_read(path, &text, &exists, &error), 0);
	if (exists && !text.data)
		return strdup("");
	return text.data;
}

static long lines_of(const char *path)
{
	char *text = text_of(path);
	long count = 0;

	for (const char *at = text; at && *at; at++)
		count += *at == '\n';
	free(text);
	return count;
}

/* The upstreams of the file, or "none"; to free. */
static char *show_file(const char *path)
{
	struct swk_upstreams set = {0};
	struct swk_error error = {0};
	char *text = text_of(path), *shown;

	if (!text)
		return strdup("none");
	assert_int_equal(swk_nginx_read(&set, path, text, strlen(text), &error), 0);
	shown = unit_show(&set);
	swk_upstreams_free(&set);
	free(text);
	return shown;
}

static void assert_file(const char *row, const char *path, const char *expected)
{
	char *shown = show_file(path);

	unit_same(row, shown, expected);
	free(shown);
}

/* Applies a plan that makes these upstreams, and deletes these names. Returns a letter for each
 * operation, `.` if it was not tried; to free. *said has the reasons, with a newline after each. */
static char *apply(const char *upstreams, const char *deleted, long milliseconds, char **said)
{
	static const char letters[] = ".drixuhw"; /* enum swk_target_result */
	struct swk_upstreams set = unit_upstreams(upstreams);
	struct swk_names names = unit_names(deleted);
	struct swk_operation list[8];
	struct swk_target_outcome outcomes[8] = {{.reason = NULL}};
	struct swk_plan plan = {list, 0};
	struct swk_error error = {0};
	struct swk_buffer reasons;
	char *results = calloc(9, 1);

	for (size_t i = 0; i < set.count; i++)
		list[plan.count++] =
			(struct swk_operation){.name = set.list[i].name, .upstream = &set.list[i]};
	for (size_t i = 0; i < names.count; i++)
		list[plan.count++] = (struct swk_operation){.name = names.list[i]};
	assert_int_equal(
		target.kind->apply(&target, &plan, outcomes, swk_now_ms() + milliseconds, &error),
		0);
	swk_buffer_init(&reasons, 10000);
	(void)swk_buffer_add(&reasons, "", 0, &error);
	for (size_t i = 0; i < plan.count; i++) {
		results[i] = letters[outcomes[i].result];
		if (outcomes[i].reason)
			(void)swk_buffer_print(&reasons, &error, "%s\n", outcomes[i].reason);
		free(outcomes[i].reason);
	}
	swk_upstreams_free(&set);
	swk_names_free(&names);
	*said = reasons.data;
	return results;
}

/* The same, for a plan whose results are known. */
static void assert_applied(const char *row, const char *upstreams, const char *deleted,
			   const char *expected)
{
	char *said, *results = apply(upstreams, deleted, LONG_ENOUGH, &said);

	unit_same(row, results, expected);
	free(results);
	free(said);
}

static void assert_read(const char *row, const char *expected, const char *trouble)
{
	struct swk_error error = {0};
	char *found;

	assert_int_equal(target.kind->read(&target, SWK_DEPTH_STATE, NULL, SWK_NO_DEADLINE, &error),
			 0);
	found = unit_show(&target.live.upstreams);
	unit_same(row, found, expected);
	unit_says(row, target.trouble.text, trouble);
	if (!*trouble)
		unit_same(row, target.trouble.text, "");
	free(found);
}

#define ABC "a: 10.0.0.1:80; b: 10.0.0.1:80"

/* ---- what is left out ---- */

static void levels(void **state)
{
	static const struct {
		const char *check, *upstreams, *deleted, *results, *file;
		int checks, reloads;
		const char *says; /* the reasons, or why the whole plan failed */
	} rows[] = {
		/* All is accepted. */
		{"true", "b: 10.0.0.2:80; c: 10.0.0.2:80", "a", "ddd",
		 "b: 10.0.0.2:80; c: 10.0.0.2:80", 1, 1, ""},
		/* The proxy's configuration refers to a. */
		{"grep -q '^upstream a ' $1 || { echo no a; exit 1; }",
		 "b: 10.0.0.2:80; c: 10.0.0.2:80", "a", "ddh",
		 "a: 10.0.0.1:80; b: 10.0.0.2:80; c: 10.0.0.2:80", 2, 1,
		 "edge: upstream a: not deleted, because the proxy rejects its configuration "
		 "without it: remove what refers to it (edge: /bin/sh ended with status 1: no a)"},
		/* It has c already. */
		{"! grep '^upstream c ' $1", "b: 10.0.0.2:80; c: 10.0.0.2:80", "a", "dhh",
		 "a: 10.0.0.1:80; b: 10.0.0.2:80", 3, 1,
		 "edge: upstream c: not added, because the proxy rejects its configuration with "
		 "it (edge: /bin/sh ended with status 1: upstream c {)"},
		/* Nothing of the plan is left. */
		{"grep -q '^upstream a ' $1", "", "a", "h", ABC, 2, 0, "upstream a: not deleted"},
		{"! grep -q '^upstream c ' $1", "c: 10.0.0.2:80", "", "h", ABC, 2, 0,
		 "upstream c: not added"},
		/* Nothing is accepted, not even what there was. */
		{"exit 1", "b: 10.0.0.2:80; c: 10.0.0.2:80", "a", "...", ABC, 3, 0, ""},
		{"exit 1", "b: 10.0.0.2:80", "", ".", ABC, 1, 0, ""},
		{"exit 1", "", "a", ".", ABC, 2, 0, ""},
		{"grep -c ^upstream $1; exit 1", "", "a", ".", ABC, 2, 0, "status 1: 1"},
		/* Not a rejection: the check can't be carried out. */
		{"kill -KILL $$", "b: 10.0.0.2:80; c: 10.0.0.2:80", "a", "...", ABC, 1, 0, ""},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *results, *said;

		open_target("true", "true");
		assert_applied("before", ABC, "c", "ddd");
		close_target();
		(void)unlink(checks);
		(void)unlink(reloads);

		open_target(rows[i].check, "true");
		results = apply(rows[i].upstreams, rows[i].deleted, LONG_ENOUGH, &said);
		unit_same(rows[i].check, results, rows[i].results);
		unit_says(rows[i].check, *said ? said : target.trouble.text, rows[i].says);
		unit_number(rows[i].check, *said != '\0', strchr(results, 'h') != NULL);
		assert_file(rows[i].check, file, rows[i].file);
		assert_file(rows[i].check, confirmed, rows[i].file);
		unit_number(rows[i].check, lines_of(checks), rows[i].checks);
		unit_number(rows[i].check, lines_of(reloads), rows[i].reloads);
		unit_number(rows[i].check, target.given_up, strchr(results, '.') != NULL);
		free(results);
		free(said);

		/* In the same run, what was left out is not tried again. */
		if (strspn(rows[i].results, "h") == strlen(rows[i].results)) {
			results = apply(rows[i].upstreams, rows[i].deleted, LONG_ENOUGH, &said);
			unit_same(rows[i].check, results, rows[i].results);
			unit_same(rows[i].check, said, "");
			unit_number(rows[i].check, lines_of(checks), rows[i].checks);
			free(results);
			free(said);
		}
		close_target();
	}
}

/* ---- failures ---- */

static void restored(void **state)
{
	static const struct {
		const char *check, *reload, *says;
		long milliseconds;
	} rows[] = {
		{"echo bad; exit 1", "true", "edge: /bin/sh ended with status 1: bad", LONG_ENOUGH},
		{"true", "echo no rights; exit 4", "edge: /bin/sh ended with status 4: no rights",
		 LONG_ENOUGH},
		{"true", "kill -KILL $$", "edge: /bin/sh was ended by signal 9", LONG_ENOUGH},
		{"exec sleep 1000", "true", "edge: /bin/sh was not done in time", 300},
		{"true", "exec sleep 1000", "edge: /bin/sh was not done in time", 300},
	};

	(void)state;
	for (int first = 1; first >= 0; first--) {
		for (size_t i = 0; i < COUNT(rows); i++) {
			char *results, *said, *before = text_of(file), *after;

			open_target(rows[i].check, rows[i].reload);
			results = apply("a: 10.0.0.3:80; d: 10.0.0.3:80", "b", rows[i].milliseconds,
					&said);
			unit_same(rows[i].says, results, "...");
			unit_same(rows[i].says, said, "");
			unit_says(rows[i].says, target.trouble.text, rows[i].says);
			assert_true(target.given_up);
			after = text_of(file);
			unit_same(rows[i].says, after, before);
			close_target();
			free(results);
			free(said);
			free(before);
			free(after);
		}
		if (!first)
			break;
		open_target("true", "true");
		assert_applied("before", ABC, "", "dd");
		close_target();
	}
}

/* A file that another program wrote stays, and so does what can't be read. */
static void not_ours(void **state)
{
	char *text;

	(void)state;
	open_target("true", "true");
	write_text(file, "upstream other { server 10.0.0.1:80; }\n");
	assert_applied("another's", ABC, "", "..");
	unit_says("another's", target.trouble.text,
		  "was not written by swk-apply, which does not overwrite it");
	text = text_of(file);
	assert_string_equal(text, "upstream other { server 10.0.0.1:80; }\n");
	free(text);
	assert_int_equal(unlink(file), 0);
	assert_int_equal(mkdir(confirmed, 0755), 0);
	target.given_up = false;
	assert_applied("a folder", ABC, "", "..");
	unit_says("a folder", target.trouble.text, confirmed);
	assert_file("a folder", file, "none");
	assert_int_equal(rmdir(confirmed), 0);
	assert_int_equal(lines_of(checks), 0);
	close_target();
}

/* What a reload loaded, although it failed, is not what is confirmed. */
static void loaded_or_not(void **state)
{
	(void)state;
	open_target("true", "true");
	assert_applied("before", ABC, "", "dd");
	assert_applied("the same", ABC, "", "dd");
	assert_int_equal(lines_of(reloads), 1);
	close_target();

	open_target("true", "kill -KILL $$");
	assert_applied("a failure", "a: 10.0.0.3:80", "", ".");
	assert_int_equal(lines_of(reloads), 2);
	close_target();

	open_target("exit 1", "true");
	assert_applied("a rejection", "a: 10.0.0.1:80", "", ".");
	assert_int_equal(lines_of(reloads), 2);
	close_target();

	open_target("true", "true");
	assert_applied("taken back", "a: 10.0.0.1:80", "", "d");
	assert_int_equal(lines_of(reloads), 3);
	assert_applied("the same", "a: 10.0.0.1:80", "", "d");
	assert_int_equal(lines_of(reloads), 3);
	close_target();

	/* After a rejection alone, the proxy has what it had. */
	open_target("exit 1", "true");
	assert_applied("a rejection", "a: 10.0.0.3:80", "", ".");
	close_target();
	open_target("true", "true");
	assert_applied("taken back", "a: 10.0.0.1:80", "", "d");
	assert_int_equal(lines_of(reloads), 3);
	close_target();
}

/* ---- what the file is based on ---- */

#define CONF                                                                                       \
	"# service a\nupstream a {\n    server 10.0.0.1:80;\n}\n# service b\nupstream b {\n"       \
	"    server 10.0.0.1:80;\n}\n# service hidden\nupstream hidden {\n"                        \
	"    server 10.0.0.1:80;\n}\n"

static void base(void **state)
{
	static const struct {
		const char *confirmed, *upstreams, *deleted, *results, *file;
	} rows[] = {
		{NULL, "b: 10.0.0.2:80", "", "d", "a: 10.0.0.1:80; b: 10.0.0.2:80"},
		{NULL, "b: 10.0.0.2:80", "c", "dd", "a: 10.0.0.1:80; b: 10.0.0.2:80"},
		{"upstream {\n", "b: 10.0.0.2:80", "", "d", "a: 10.0.0.1:80; b: 10.0.0.2:80"},
		{"upstream c {\n    server 10.0.0.9:80;\n}\nupstream {\n", "b: 10.0.0.2:80", "",
		 "d", "a: 10.0.0.1:80; b: 10.0.0.2:80"},
		{"", "b: 10.0.0.2:80", "", "d", "b: 10.0.0.2:80"},
		{"# service c\nupstream c {\n    server 10.0.0.9:80;\n}\n", "b: 10.0.0.2:80", "",
		 "d", "b: 10.0.0.2:80; c: 10.0.0.9:80"},
	};

	(void)state;
	write_text(conf, CONF);
	for (size_t i = 0; i < COUNT(rows); i++) {
		open_target("true", "true");
		(void)unlink(file);
		(void)unlink(confirmed);
		if (rows[i].confirmed)
			write_text(confirmed, rows[i].confirmed);
		assert_applied(rows[i].file, rows[i].upstreams, rows[i].deleted, rows[i].results);
		assert_file(rows[i].file, file, rows[i].file);
		assert_file(rows[i].file, confirmed, rows[i].file);
		close_target();
	}
}

static void read_again(void **state)
{
	char *text;

	(void)state;
	open_target("true", "true");
	assert_read("nothing", "", "");
	assert_applied("before", ABC, "", "dd");
	assert_read("confirmed", ABC, "");

	text = text_of(file);
	write_text(file, "# Written by swk-apply");
	assert_read("another text", "", "upstreams.conf was not written by swk-apply");
	assert_true(target.given_up);
	write_text(file, text);
	assert_int_equal(truncate(file, (off_t)strlen(text) - 1), 0);
	assert_read("cut", "",
		    "upstreams.conf is not as edge has confirmed it; it is written again");
	assert_int_equal(unlink(file), 0);
	assert_read("lost", "", "upstreams.conf does not exist; it is written again");
	write_text(file, text);
	assert_read("back", ABC, "");
	write_text(confirmed, "upstream {\n");
	assert_read("damaged", "", "; it is written again");
	free(text);
	close_target();
}

static void assert_unconfirmed(const char *row, bool expected)
{
	struct swk_error error = {0};

	assert_int_equal(target.kind->read(&target, SWK_DEPTH_PARTS, NULL, SWK_NO_DEADLINE, &error),
			 0);
	unit_number(row, target.live.readable, SWK_READ_ATTRIBUTES);
	unit_number(row, target.live.unconfirmed, expected);
}

/* Whether the proxy may have something else than what is read. */
static void unconfirmed(void **state)
{
	char *text;

	(void)state;
	open_target("true", "true");
	assert_unconfirmed("never had anything", false);
	write_text(file, "");
	assert_unconfirmed("an empty file", false);
	assert_applied("before", ABC, "", "dd");
	assert_unconfirmed("loaded", false);
	text = text_of(file);
	(void)unlink(file);
	assert_unconfirmed("the file is lost", true);
	write_text(file, text);
	assert_int_equal(truncate(file, (off_t)strlen(text) - 1), 0);
	assert_unconfirmed("the file is cut", true);
	write_text(file, text);
	assert_unconfirmed("the file is back", false);
	(void)unlink(lock);
	assert_unconfirmed("the lock file is lost", false);
	assert_int_equal(symlink(file, lock), 0);
	assert_unconfirmed("the lock file can't be read", true);
	(void)unlink(lock);
	write_text(confirmed, "upstream {\n");
	assert_unconfirmed("damaged", true);
	(void)unlink(confirmed);
	assert_unconfirmed("another name", true);
	close_target();

	open_target("exit 1", "true");
	assert_applied("a rejection", "a: 10.0.0.1:80", "", ".");
	assert_unconfirmed("a rejection", true);
	close_target();

	open_target("true", "true");
	assert_applied("all", ABC, "", "dd");
	assert_unconfirmed("all", false);
	close_target();

	open_target("true", "kill -KILL $$");
	assert_applied("an unknown end", "a: 10.0.0.3:80", "", ".");
	assert_unconfirmed("an unknown end", true);
	close_target();

	open_target("true", "true");
	assert_applied("taken back", "a: 10.0.0.1:80", "", "d");
	assert_unconfirmed("taken back", false);
	assert_applied("nothing left", "", "a b", "dd");
	assert_int_equal(unlink(confirmed), 0);
	assert_unconfirmed("nothing left", false);
	assert_int_equal(unlink(file), 0);
	assert_unconfirmed("the file is lost, too", true);
	free(text);
	close_target();
}

/* ---- the interval ---- */

/* Lets the last reload have begun so long ago. */
static void set_age(long milliseconds)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	int64_t then;

	(void)clock_gettime(CLOCK_REALTIME, &times[1]);
	then = (int64_t)times[1].tv_sec * 1000 + times[1].tv_nsec / 1000000 - milliseconds;
	times[1].tv_sec = (time_t)(then / 1000);
	times[1].tv_nsec = (long)(then % 1000) * 1000000;
	assert_int_equal(utimensat(AT_FDCWD, lock, times, 0), 0);
}

/* Whether another run could wait for the next reload. */
static bool may_wait(void)
{
	struct swk_error error = {0};
	struct swk_store store;
	char path[96];
	bool taken;

	(void)snprintf(path, sizeof(path), "%s.edge", conf);
	assert_int_equal(swk_store_open(&store, path, &error), 0);
	assert_int_equal(swk_store_try_lock(&store, &taken, &error), 0);
	swk_store_close(&store);
	return taken;
}

/* The interval begins with the reload. */
static void begin_of_a_reload(void **state)
{
	struct stat about;

	(void)state;
	open_target("true", "touch -d @1000000 ${1%/*}/c.conf.edge.lock");
	assert_applied("a reload", "a: 10.0.0.1:80", "", "d");
	assert_int_equal(stat(lock, &about), 0);
	assert_int_equal(about.st_mtim.tv_sec, 1000000);
	close_target();
}

static void intervals(void **state)
{
	static const struct {
		const char *row, *event;
		long age; /* ms */
		long timeout;
		const char *results;
		long least, most; /* due in so many ms */
		const char *said, *trouble;
	} rows[] = {
		{"long ago", "service", 3600000, 60000, "d", 0, 0, "", ""},
		{"just over", "service", 1001000, 60000, "d", 0, 0, "", ""},
		{"in the future", "service", -3600000, 60000, "d", 0, 0, "", ""},
		{"recent", "service", 500000, 3600000, "w", 400000, 500000, "edge: reload due in ",
		 ""},
		{"an undo", "undo", 500000, 3600000, "d", 0, 0, "", ""},
		{"too late", "service", 500000, 60000, ".", 0, 0, "",
		 "edge: the next reload is due in "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *results, *said;
		long due;

		open_target("true", "true");
		own.own.interval = 1000;
		assert_applied(rows[i].row, "a: 10.0.0.1:80", "", "d");
		set_age(rows[i].age);
		target.run.event = rows[i].event;
		results = apply("a: 10.0.0.2:80", "", rows[i].timeout, &said);
		due = target.due ? (long)(target.due - swk_now_ms()) : 0;
		unit_same(rows[i].row, results, rows[i].results);
		unit_number(rows[i].row, due >= rows[i].least && due <= rows[i].most, true);
		/* A busy machine may take seconds for this. */
		unit_says(rows[i].row, said, rows[i].said);
		unit_number(rows[i].row, *said != '\0', *rows[i].said != '\0');
		unit_says(rows[i].row, target.trouble.text, rows[i].trouble);
		unit_number(rows[i].row, target.given_up, *rows[i].trouble != '\0');
		/* Only a run that waits keeps others from waiting. */
		unit_number(rows[i].row, may_wait(), !rows[i].most);
		target.due = 0;
		assert_read(rows[i].row,
			    rows[i].results[0] == 'd' ? "a: 10.0.0.2:80" : "a: 10.0.0.1:80", "");
		unit_number(rows[i].row, may_wait(), true);
		free(results);
		free(said);
		close_target();
		(void)unlink(lock);
	}
}

/* Others leave their changes to the run that waits, and find the lock again if that ends. */
static void one_waits(void **state)
{
	struct swk_target waiting;
	char *results, *said;

	(void)state;
	open_target("true", "true");
	own.own.interval = 1000;
	assert_applied("first", "a: 10.0.0.1:80", "", "d");
	results = apply("a: 10.0.0.2:80", "", 3600000, &said);
	assert_string_equal(results, "w");
	assert_true(target.due != 0);
	free(results);
	free(said);
	waiting = target;

	open_target("true", "true");
	own.own.interval = 1000;
	results = apply("b: 10.0.0.2:80", "c", LONG_ENOUGH, &said);
	assert_string_equal(results, "ww");
	assert_non_null(strstr(said, "edge: reload due in "));
	assert_null(strstr(strchr(said, '\n') + 1, "due")); /* said once */
	assert_true(target.due == 0);
	assert_false(target.given_up);
	free(results);
	free(said);
	close_target();
	assert_false(may_wait());

	/* The wait is over, and nothing is left to do: an empty plan, or only what was left out. */
	target = waiting;
	assert_applied("nothing left", "", "", "");
	assert_true(target.due == 0);
	assert_true(may_wait());
	close_target();
	assert_int_equal(lines_of(reloads), 1);
}

/* ---- results of `swk reload` ---- */

static uint64_t hash_of(const char *path)
{
	char *text = text_of(path);
	uint64_t hash = swk_hash_end(swk_hash_bytes(SWK_HASH_START, text, strlen(text)));

	free(text);
	return hash;
}

static void write_result(const struct swk_result *result)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_HOLD_MAX);
	assert_int_equal(swk_result_write(&text, result, &error), 0);
	write_text(result_file, text.data);
	swk_buffer_free(&text);
}

#define NOT_YET "edge: 'swk reload edge' has not loaded the file yet: is its unit active?"

static void results_of_reload(void **state)
{
	enum { NONE, OLD, NEW };
	static const struct {
		const char *row;
		int hash, serving, status;
		const char *results, *trouble;
		bool left; /* the result */
	} rows[] = {
		{"loaded", NEW, NEW, 0, "d", "", true},
		{"another was loaded", OLD, OLD, 0, ".", NOT_YET, true},
		{"another was rejected, and this is served", OLD, NEW, SWK_DATA, "d", "", true},
		{"another failed, so what is served is not known", OLD, NEW, SWK_TEMPFAIL, ".",
		 NOT_YET, false},
		{"an earlier try was rejected", NEW, OLD, SWK_DATA, ".", NOT_YET, false},
		{"an earlier try failed", NEW, NONE, SWK_TEMPFAIL, ".", NOT_YET, false},
	};
	uint64_t hashes[3] = {0};

	(void)state;
	open_target("true", "true");
	assert_applied("new", "a: 10.0.0.2:80", "", "d");
	hashes[NEW] = hash_of(file);
	assert_applied("old", "a: 10.0.0.1:80", "", "d");
	hashes[OLD] = hash_of(file);
	close_target();
	for (size_t i = 0; i < COUNT(rows); i++) {
		const struct swk_result result = {.hash = hashes[rows[i].hash],
						  .serving = hashes[rows[i].serving],
						  .status = rows[i].status,
						  .message = "why"};
		char *results, *said;

		write_result(&result);
		open_target("true", NULL);
		results = apply("a: 10.0.0.2:80", "", 100, &said);
		unit_same(rows[i].row, results, rows[i].results);
		unit_same(rows[i].row, target.trouble.text, rows[i].trouble);
		unit_number(rows[i].row, access(result_file, F_OK) == 0, rows[i].left);
		assert_file(rows[i].row, file,
			    *results == 'd' ? "a: 10.0.0.2:80" : "a: 10.0.0.1:80");
		free(results);
		free(said);
		close_target();
		open_target("true", "true");
		assert_applied("old", "a: 10.0.0.1:80", "", "d");
		close_target();
	}
}

static void damaged_result(void **state)
{
	char *results, *said;

	(void)state;
	write_text(result_file, "swk result 1\nend\n");
	open_target("true", NULL);
	results = apply("a: 10.0.0.2:80", "", 100, &said);
	assert_string_equal(results, ".");
	assert_string_equal(target.trouble.text, NOT_YET);
	free(results);
	free(said);
	close_target();
}

/* Calls the kind's function for `swk reload`. Returns the status of the cause. */
static int reload(const char *script, const char *says)
{
	char *texts[] = {(char *)"/bin/sh", (char *)"-c", (char *)script, (char *)"sh", file};
	const struct swk_texts command = {texts, COUNT(texts)};
	struct swk_error cause = {0}, error = {0};

	assert_int_equal(target.kind->reload(&target, script ? &command : NULL,
					     swk_now_ms() + LONG_ENOUGH, &cause, &error),
			 0);
	unit_says(script ? script : "no command", cause.text, says);
	return cause.status;
}

static void assert_result(const char *row, int status, const char *serving)
{
	struct swk_result result;
	char *text = text_of(result_file);

	assert_non_null(text);
	unit_number(row, (long long)swk_result_read(&result, text, strlen(text)), 0);
	unit_number(row, result.status, status);
	if (serving)
		unit_number(row, result.serving == hash_of(serving), true);
	else
		unit_number(row, (long long)result.serving, 0);
	free(text);
}

static void swk_reload(void **state)
{
	char *text, *other;

	(void)state;
	open_target("true", "true");
	assert_applied("confirmed", "a: 10.0.0.1:80", "", "d");
	text = text_of(file);
	close_target();

	open_target("! grep -q 10.0.0.9 $1", NULL);
	assert_int_equal(reload(NULL, "target 'edge' has no \"reload\" in its settings"),
			 SWK_USAGE);
	assert_int_equal(reload("true", ""), 0);
	assert_result("loaded", 0, file);
	/* If it is killed meanwhile, no result says what the proxy has. */
	assert_int_equal(reload("test ! -e ${1%/*}/c.conf.edge.result", ""), 0);
	assert_result("loaded", 0, file);

	/* A rejected file is replaced by what is confirmed, which the proxy still has. That change
	 * of the file starts it again, and then the result stays. */
	other = strdup(text);
	strstr(other, "10.0.0.1")[7] = '9';
	write_text(file, other);
	assert_int_equal(reload("exit 9", "edge: /bin/sh ended with status 1"), SWK_DATA);
	assert_file("rejected", file, "a: 10.0.0.1:80");
	assert_result("rejected", SWK_DATA, file);
	assert_int_equal(reload("exit 9", ""), 0);
	assert_result("rejected", SWK_DATA, file);

	/* After another failure it is not known what the proxy has. */
	strstr(other, "10.0.0.9")[7] = '2';
	write_text(file, other);
	assert_int_equal(reload("exit 1", "edge: /bin/sh ended with status 1"), SWK_TEMPFAIL);
	assert_file("failed", file, "a: 10.0.0.1:80");
	assert_result("failed", SWK_TEMPFAIL, NULL);
	assert_int_equal(reload("true", ""), 0);
	assert_result("loaded again", 0, file);

	free(other);
	free(text);
	close_target();
	(void)unlink(file);
	open_target("true", NULL);
	assert_int_equal(reload("true", "does not exist"), SWK_CANTCREATE);
	close_target();
}

/* ---- one file ---- */

static void same_file(void **state)
{
	static const struct {
		const char *one, *other; /* in the folder */
		bool same;
	} rows[] = {
		{"u", "u", true},
		{"u", "v", false},
		{"u", "./u", true},
		{"u", "link/u", true},
		{"u", "link//u", true},
		{"link/u", "link/v", false},
		{"there", "link/there", true},
		{"there", "file", true},
		{"there", "u", false},
		{"dangling", "u", false},
		{"none/u", "none/u", true},
		{"none/u", "u", false},
	};
	char link[96], second[96], dangling[96];

	(void)state;
	(void)snprintf(link, sizeof(link), "%s/link", folder);
	(void)snprintf(second, sizeof(second), "%s/file", folder);
	(void)snprintf(dangling, sizeof(dangling), "%s/dangling", folder);
	(void)snprintf(file, sizeof(file), "%s/there", folder);
	write_text(file, "");
	assert_int_equal(symlink(".", link), 0);
	assert_int_equal(symlink("there", second), 0);
	assert_int_equal(symlink("nowhere", dangling), 0);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char one[128], other[128];

		(void)snprintf(one, sizeof(one), "%s/%s", folder, rows[i].one);
		(void)snprintf(other, sizeof(other), "%s/%s", folder, rows[i].other);
		unit_number(rows[i].other, swk_file_is_same(one, other), rows[i].same);
		unit_number(rows[i].one, swk_file_is_same(other, one), rows[i].same);
	}
	assert_int_equal(unlink(link) | unlink(second) | unlink(dangling), 0);
}

/* ---- two at a time ---- */

/* A target that waits for its turn is not silent. */
static void watched(void **state)
{
	struct swk_watch watch = {.heard = 0};

	(void)state;
	open_target("true", "true");
	target.watch = &watch;
	assert_applied("first", "a: 10.0.0.1:80", "", "d");
	assert_true(watch.heard > swk_now_ms());

	/* What is pending may only have waited for its reload. */
	watch.heard = 0;
	target.behind = true;
	assert_applied("behind", "a: 10.0.0.2:80", "", "d");
	assert_true(watch.heard > swk_now_ms());
	target.watch = NULL;
	close_target();

	open_target("true", "exec sleep 1000");
	watch = (struct swk_watch){.stop = true};
	target.watch = &watch;
	assert_applied("stopped", "a: 10.0.0.3:80", "", ".");
	unit_says("stopped", target.trouble.text, "was ended, because other runs wait");
	/* That one failed, so next time others do not wait so long. */
	target.behind = true;
	assert_applied("stopped", "a: 10.0.0.3:80", "", ".");
	assert_true(watch.heard <= swk_now_ms());
	assert_file("stopped", file, "a: 10.0.0.2:80");
	close_target();
}

int main(void)
{
	const struct CMUnitTest tests[] = {
#define TEST(name) cmocka_unit_test_setup_teardown(name, make_folder, remove_folder)
		TEST(levels),	      TEST(restored),	TEST(not_ours),	   TEST(loaded_or_not),
		TEST(base),	      TEST(read_again), TEST(intervals),   TEST(begin_of_a_reload),
		TEST(one_waits),      TEST(swk_reload), TEST(same_file),   TEST(results_of_reload),
		TEST(damaged_result), TEST(watched),	TEST(unconfirmed),
	};

	if (!swk_process_begin())
		return 1;
	return cmocka_run_group_tests_name("own_file", tests, NULL, NULL);
}
