/* SPDX-License-Identifier: MIT */
/* With real processes: the test itself is the parent. */
#include "unit.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "target/children.h"

static char pid_file[64];

static int make_file(void **state)
{
	int descriptor;

	(void)state;
	(void)snprintf(pid_file, sizeof(pid_file), "/tmp/swk-children.XXXXXX");
	descriptor = mkstemp(pid_file);
	return descriptor < 0 || close(descriptor);
}

static int remove_file(void **state)
{
	(void)state;
	return unlink(pid_file);
}

static void write_file(const char *text)
{
	FILE *file = fopen(pid_file, "we");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
}

static void write_own_pid(void)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "%d\n", (int)getpid());
	write_file(text);
}

/* Starts a child that does not outlive the test. It reports that it has its name, and with
 * `grandchild` a child of its own. */
static pid_t start_child(const char *name, bool grandchild)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = fork();
	assert_true(pid >= 0);
	if (!pid) {
		if (prctl(PR_SET_PDEATHSIG, SIGKILL) || prctl(PR_SET_NAME, name))
			_exit(1);
		if (grandchild && !fork()) {
			(void)prctl(PR_SET_PDEATHSIG, SIGKILL);
			for (;;)
				(void)pause();
		}
		if (write(ends[1], "x", 1) != 1)
			_exit(1);
		for (;;)
			(void)pause();
	}
	(void)close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	(void)close(ends[0]);
	return pid;
}

static void end_child(pid_t pid)
{
	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, NULL, 0), pid);
}

static void found_and_compared(void **state)
{
	struct swk_children before = {0}, now = {0};
	struct swk_error error = {0};
	pid_t first, second;

	(void)state;
	write_own_pid();
	assert_int_equal(swk_children_read(&before, pid_file, &error), SWK_TEMPFAIL);
	unit_says("none", error.text, "has no children: is the proxy running?");
	assert_int_equal(before.count, 0);

	error = (struct swk_error){0};
	first = start_child("worker", true);
	assert_int_equal(swk_children_read(&before, pid_file, &error), 0);
	assert_int_equal(before.parent, getpid());
	assert_int_equal(before.count, 1);
	assert_int_equal(before.list[0], first);
	assert_int_equal(swk_children_read(&now, pid_file, &error), 0);
	assert_false(swk_children_new(&now, &before));

	second = start_child("worker", false);
	assert_int_equal(swk_children_read(&now, pid_file, &error), 0);
	assert_int_equal(now.count, 2);
	assert_true(swk_children_new(&now, &before));
	assert_false(swk_children_new(&before, &now));

	/* A child that is gone is not a new one. */
	end_child(first);
	assert_int_equal(swk_children_read(&before, pid_file, &error), 0);
	assert_false(swk_children_new(&before, &now));
	assert_true(swk_children_new(&now, &before) == (before.count < now.count));
	end_child(second);
}

/* A process can choose its name. */
static void names(void **state)
{
	static const char *const rows[] = {"a b", ") S 1 (", "((", "a) Z", "1 2 3 4 5", "\n"};

	(void)state;
	write_own_pid();
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_children children = {0};
		struct swk_error error = {0};
		pid_t pid = start_child(rows[i], false);

		unit_number(rows[i], swk_children_read(&children, pid_file, &error), 0);
		unit_number(rows[i], (long long)children.count, 1);
		unit_number(rows[i], children.list[0], pid);
		end_child(pid);
	}
}

static void no_process(void **state)
{
	static const char *const rows[] = {
		"",    "\n",  "nginx", "0",	      "-1",
		" 12", "+12", "x1",    "99999999999", "18446744073709551617"};
	struct swk_children children = {.count = 1};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};

		write_file(rows[i]);
		unit_number(rows[i], swk_children_read(&children, pid_file, &error), SWK_TEMPFAIL);
		unit_says(rows[i], error.text, "has no process id: is the proxy running?");
		unit_number(rows[i], (long long)children.count, 0);
	}
}

static void no_file(void **state)
{
	static const struct {
		const char *path, *says;
	} rows[] = {
		{"/nonexistent/nginx.pid", "/nonexistent/nginx.pid has no process id"},
		{"/tmp", "/tmp"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_children children;
		struct swk_error error = {0};

		unit_number(rows[i].path, swk_children_read(&children, rows[i].path, &error),
			    SWK_TEMPFAIL);
		unit_says(rows[i].path, error.text, rows[i].says);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup_teardown(found_and_compared, make_file, remove_file),
		cmocka_unit_test_setup_teardown(names, make_file, remove_file),
		cmocka_unit_test_setup_teardown(no_process, make_file, remove_file),
		cmocka_unit_test_setup_teardown(no_file, make_file, remove_file),
	};

	return cmocka_run_group_tests_name("children", tests, NULL, NULL);
}
