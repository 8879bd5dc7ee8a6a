/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/process.h"

/* Starts a process with some of the descriptors 0 to 2 closed. Returns 0 if it finds all of them
 * open. */
static int begun_without(unsigned closed)
{
	pid_t child = fork();
	int status, descriptor;

	assert_true(child >= 0);
	if (child) {
		assert_int_equal(waitpid(child, &status, 0), child);
		return status;
	}
	/* Close what the test's caller left open. */
	for (int i = 0; i < 256; i++) {
		if (i > 2 || closed & 1U << i)
			(void)close(i);
	}
	if (!swk_process_begin())
		_exit(1);
	for (int i = 0; i < 3; i++) {
		if (fcntl(i, F_GETFD) < 0)
			_exit(2);
	}
	/* The lowest free descriptor shows that nothing else stayed open. */
	descriptor = open("/dev/null", O_RDONLY);
	if (descriptor != 3)
		_exit(3);
	/* If not ignored, this would end the process. */
	(void)raise(SIGPIPE);
	_exit(0);
}

static void descriptors_are_open(void **state)
{
	(void)state;
	for (unsigned closed = 0; closed < 8; closed++)
		assert_int_equal(begun_without(closed), 0);
}

static void signals_are_unblocked(void **state)
{
	sigset_t all, left;

	(void)state;
	(void)sigfillset(&all);
	assert_int_equal(sigprocmask(SIG_SETMASK, &all, NULL), 0);
	assert_true(swk_process_begin());
	assert_int_equal(sigprocmask(SIG_SETMASK, NULL, &left), 0);
	assert_int_equal(sigismember(&left, SIGALRM), 0);
	assert_int_equal(sigismember(&left, SIGTERM), 0);
}

/* Runs a process that would never end. Returns its status, and what it wrote to standard error,
 * which may be a full pipe. */
static int limited(bool full, char text[256])
{
	struct swk_process_limit limit;
	int ends[2], status;
	pid_t child;

	assert_int_equal(pipe2(ends, O_NONBLOCK), 0);
	while (full && write(ends[1], "x", 1) == 1)
		;
	child = fork();
	assert_true(child >= 0);
	if (!child) {
		(void)dup2(ends[1], STDERR_FILENO);
		(void)fcntl(STDERR_FILENO, F_SETFL, 0);
		swk_process_limit(&limit, swk_now_ms() + 1, SWK_TEMPFAIL, "it hung");
		for (;;)
			(void)pause();
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	memset(text, 0, 256);
	assert_true(read(ends[0], text, 255) > 0);
	(void)close(ends[0]);
	(void)close(ends[1]);
	return status;
}

static void process_is_ended(void **state)
{
	char text[256];

	(void)state;
	assert_int_equal(limited(false, text), SWK_TEMPFAIL << 8);
	assert_string_equal(text, "test_process: error: it hung\n");
	assert_int_equal(limited(true, text), SWK_TEMPFAIL << 8);
}

/* The limit would end the test. */
static void limit_is_lifted(void **state)
{
	struct swk_process_limit limit, never = {.set = false};
	const struct timespec pause = {0, 100000000};

	(void)state;
	swk_process_limit(&limit, swk_now_ms() + 50, SWK_TEMPFAIL, "");
	swk_process_lift(&limit);
	swk_process_lift(&never);
	(void)nanosleep(&pause, NULL);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_are_open),
		cmocka_unit_test(signals_are_unblocked),
		cmocka_unit_test(process_is_ended),
		cmocka_unit_test(limit_is_lifted),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
