/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <unistd.h>

#include "base/process.h"
#include "io/program.h"

/* A program that a test waits for must have ended by then, if it ends at all. */
#define LONG_MS 30000

static struct swk_program_result result;

static void run_argv(const char *const *argv, const char *input, size_t length, long milliseconds)
{
	struct swk_error error = {0};
	const struct swk_program program = {.argv = argv,
					    .input = input,
					    .input_length = length,
					    .deadline = swk_now_ms() + milliseconds};

	assert_int_equal(swk_program_run(&program, &result, &error), 0);
}

static void run_script(const char *script, const char *input, size_t length, long milliseconds)
{
	const char *const argv[] = {"/bin/sh", "-c", script, NULL};

	run_argv(argv, input, length, milliseconds);
}

static void programs_end(void **state)
{
	static const struct {
		const char *name, *script;
		size_t input; /* so many bytes */
		enum swk_program_end end;
		int number;
		const char *output;
	} rows[] = {
		{"nothing", ":", 0, SWK_PROGRAM_EXITED, 0, ""},
		{"a status", "exit 3", 0, SWK_PROGRAM_EXITED, 3, ""},
		{"both outputs", "echo one; echo two >&2", 0, SWK_PROGRAM_EXITED, 0, "one\ntwo\n"},
		{"a signal", "echo one; kill -KILL $$", 0, SWK_PROGRAM_KILLED, SIGKILL, "one\n"},
		{"no input", "cat", 0, SWK_PROGRAM_EXITED, 0, ""},
		{"a small input", "cat", 3, SWK_PROGRAM_EXITED, 0, "xxx"},
		{"a large input", "wc -c", 3000000, SWK_PROGRAM_EXITED, 0, "3000000\n"},
		{"input that is not read", "exit 4", 3000000, SWK_PROGRAM_EXITED, 4, ""},
		{"a closed input", "exec <&-; echo one; exit 5", 3000000, SWK_PROGRAM_EXITED, 5,
		 "one\n"},
		{"a closed output", "exec >&- 2>&-; exit 6", 0, SWK_PROGRAM_EXITED, 6, ""},
		{"a process group",
		 "read -r pid name how parent group rest </proc/$$/stat; "
		 "echo $((pid - group))",
		 0, SWK_PROGRAM_EXITED, 0, "0\n"},
		{"descriptors",
		 "for i in $(seq 0 200); do [ ! -e /proc/$$/fd/$i ] || echo $i; done", 0,
		 SWK_PROGRAM_EXITED, 0, "0\n1\n2\n"},
		{"SIGPIPE", "kill -PIPE $$; exit 9", 0, SWK_PROGRAM_KILLED, SIGPIPE, ""},
		{"SIGXFSZ", "kill -XFSZ $$; exit 9", 0, SWK_PROGRAM_KILLED, SIGXFSZ, ""},
	};
	int stray = fcntl(STDERR_FILENO, F_DUPFD, 100);

	(void)state;
	assert_true(stray >= 100);
	for (size_t i = 0; i < COUNT(rows); i++) {
		char *input = unit_repeat('x', rows[i].input);

		run_script(rows[i].script, input, rows[i].input, LONG_MS);
		unit_number(rows[i].name, result.end, rows[i].end);
		unit_number(rows[i].name, result.number, rows[i].number);
		unit_same(rows[i].name, result.output, rows[i].output);
		free(input);
	}
	(void)close(stray);
}

static void arguments_are_not_for_a_shell(void **state)
{
	static const char *const argv[] = {"/bin/echo", "$HOME; exit 3", "", "*", NULL};

	(void)state;
	run_argv(argv, "", 0, LONG_MS);
	assert_string_equal(result.output, "$HOME; exit 3  *\n");
}

static void programs_may_be_missing(void **state)
{
	static const struct {
		const char *path;
		int number;
	} rows[] = {{"/nowhere/at/all", ENOENT}, {"/etc/passwd", EACCES}, {"/", EACCES}};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		const char *const argv[] = {rows[i].path, NULL};

		run_argv(argv, "x", 1, LONG_MS);
		unit_number(rows[i].path, result.end, SWK_PROGRAM_NOT_STARTED);
		unit_number(rows[i].path, result.number, rows[i].number);
	}
}

static void output_is_cut(void **state)
{
	(void)state;
	run_script("head -c 3000000 /dev/zero | tr '\\0' y; exit 7", "", 0, LONG_MS);
	assert_int_equal(result.end, SWK_PROGRAM_EXITED);
	assert_int_equal(result.number, 7);
	assert_int_equal(result.length, SWK_PROGRAM_OUTPUT_MAX);
	assert_int_equal(strspn(result.output, "y"), SWK_PROGRAM_OUTPUT_MAX);
}

static void secrets_stay_here(void **state)
{
	static const char *const argv[] = {"/usr/bin/env", NULL};

	(void)state;
	assert_int_equal(setenv("CONSUL_HTTP_TOKEN", "secret", 1), 0);
	assert_int_equal(setenv("CONSUL_HTTP_TOKEN_FILE", "secret", 1), 0);
	assert_int_equal(setenv("CONSUL_HTTP_AUTH", "user:secret", 1), 0);
	assert_int_equal(setenv("VAULT_TOKEN", "secret", 1), 0);
	assert_int_equal(setenv("KEPT", "TOKEN", 1), 0);
	run_argv(argv, "", 0, LONG_MS);
	assert_null(strstr(result.output, "secret"));
	assert_non_null(strstr(result.output, "KEPT=TOKEN\n"));
}

/* Whether a process runs. One that has ended may not have been waited for yet. */
static bool runs(pid_t pid)
{
	char path[64], how = 'X';
	FILE *about;

	(void)snprintf(path, sizeof(path), "/proc/%d/stat", (int)pid);
	about = fopen(path, "re");
	if (!about)
		return false;
	if (fscanf(about, "%*d (%*[^)]) %c", &how) != 1)
		how = 'X';
	(void)fclose(about);
	return how != 'X' && how != 'Z';
}

static void assert_ends(pid_t pid)
{
	int64_t until = swk_now_ms() + LONG_MS;

	assert_true(pid > 1);
	while (runs(pid) && swk_deadline_left(until, 1))
		(void)usleep(1000);
	assert_false(runs(pid));
}

static void group_ends_at_deadline(void **state)
{
	static const char *const rows[] = {
		"sleep 1000 & echo $!; wait",
		"sleep 1000 & echo $!; sleep 1000",
		"trap '' TERM; sleep 1000 & echo $!; wait",
		"(trap '' TERM; exec sleep 1000) & echo $!; exec >&- 2>&-; wait",
		"trap '' TERM; (trap '' TERM; while :; do sleep 0.01; done) & echo $!; "
		"while :; do echo x; done",
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		run_script(rows[i], "", 0, 300);
		unit_number(rows[i], result.end, SWK_PROGRAM_TIMED_OUT);
		assert_ends(atoi(result.output));
	}
}

static void background_is_left_alone(void **state)
{
	pid_t pid;

	(void)state;
	run_script("sleep 1000 & echo $!; exit 3", "", 0, LONG_MS);
	assert_int_equal(result.end, SWK_PROGRAM_EXITED);
	assert_int_equal(result.number, 3);
	pid = atoi(result.output);
	assert_true(runs(pid));
	assert_int_equal(kill(pid, SIGKILL), 0);
}

static void programs_can_be_stopped(void **state)
{
	struct swk_watch watch = {.stop = true};
	static const char *const argv[] = {"/bin/sleep", "1000", NULL};
	const struct swk_program program = {
		.argv = argv, .deadline = SWK_NO_DEADLINE, .watch = &watch};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_program_run(&program, &result, &error), 0);
	assert_int_equal(result.end, SWK_PROGRAM_STOPPED);
}

static void *run_many(void *input)
{
	static const char *const argv[] = {"/bin/cat", NULL};
	const size_t length = strlen(input);
	const struct swk_program program = {.argv = argv,
					    .input = input,
					    .input_length = length,
					    .deadline = swk_now_ms() + LONG_MS};

	for (unsigned i = 0; i < 20; i++) {
		struct swk_program_result its;
		struct swk_error error = {0};

		if (swk_program_run(&program, &its, &error) || its.end != SWK_PROGRAM_EXITED ||
		    its.number || strcmp(its.output, input) != 0)
			return NULL;
	}
	return input;
}

static void several_run_side_by_side(void **state)
{
	static char inputs[8][16];
	pthread_t threads[COUNT(inputs)];
	void *done;

	(void)state;
	for (size_t i = 0; i < COUNT(inputs); i++) {
		(void)snprintf(inputs[i], sizeof(inputs[i]), "input %zu", i);
		assert_int_equal(pthread_create(&threads[i], NULL, run_many, inputs[i]), 0);
	}
	for (size_t i = 0; i < COUNT(inputs); i++) {
		assert_int_equal(pthread_join(threads[i], &done), 0);
		assert_ptr_equal(done, inputs[i]);
	}
}

static void descriptions(void **state)
{
	static const char *const argv[] = {"/bin/x", NULL};
	const struct swk_program program = {.argv = argv};
	static const struct {
		enum swk_program_end end;
		int number;
		const char *output, *text;
	} rows[] = {
		{SWK_PROGRAM_NOT_STARTED, ENOENT, "",
		 "/bin/x cannot be run: No such file or directory"},
		{SWK_PROGRAM_EXITED, 3, "", "/bin/x ended with status 3"},
		{SWK_PROGRAM_EXITED, 3, "\n \nno room\nmore",
		 "/bin/x ended with status 3: no room / more"},
		{SWK_PROGRAM_EXITED, 3, "a\tb\33[1m\xc3\n",
		 "/bin/x ended with status 3: a\\x09b\\x1b[1m\\xc3"},
		{SWK_PROGRAM_KILLED, 9, "so far", "/bin/x was ended by signal 9: so far"},
		{SWK_PROGRAM_TIMED_OUT, 0, "so far",
		 "/bin/x was not done in time, and was ended: so far"},
		{SWK_PROGRAM_STOPPED, 0, "", "/bin/x was ended, because other runs wait"},
	};
	char text[SWK_TEXT_MAX], *line = unit_repeat('x', SWK_PROGRAM_OUTPUT_MAX);

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		result = (struct swk_program_result){.end = rows[i].end, .number = rows[i].number};
		(void)snprintf(result.output, sizeof(result.output), "%s", rows[i].output);
		swk_program_describe(&program, &result, text, sizeof(text));
		unit_same(rows[i].text, text, rows[i].text);
	}
	(void)snprintf(result.output, sizeof(result.output), "%s", line);
	swk_program_describe(&program, &result, text, sizeof(text));
	assert_int_equal(strlen(strrchr(text, ' ') + 1), SWK_PROGRAM_LINE_MAX - 1);
	swk_program_describe(&program, &result, text, 10);
	assert_int_equal(strlen(text), 9);
	free(line);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(programs_end),
		cmocka_unit_test(arguments_are_not_for_a_shell),
		cmocka_unit_test(programs_may_be_missing),
		cmocka_unit_test(output_is_cut),
		cmocka_unit_test(secrets_stay_here),
		cmocka_unit_test(group_ends_at_deadline),
		cmocka_unit_test(background_is_left_alone),
		cmocka_unit_test(programs_can_be_stopped),
		cmocka_unit_test(several_run_side_by_side),
		cmocka_unit_test(descriptions),
	};

	if (!swk_process_begin())
		return 1;
	return cmocka_run_group_tests(tests, NULL, NULL);
}
