/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

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

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(descriptors_are_open),
	};

	return cmocka_run_group_tests_name("process", tests, NULL, NULL);
}
