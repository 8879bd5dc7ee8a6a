/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/process.h"

/* In a process of its own, with some of its descriptors closed: 0 where all is well. */
static int begun_without(unsigned closed)
{
	pid_t child = fork();
	int status, descriptor;

	assert_true(child >= 0);
	if (child) {
		assert_int_equal(waitpid(child, &status, 0), child);
		return status;
	}
	/* What the test's own caller left open is none of it. */
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
	/* Nothing is left open that was opened on the way. */
	descriptor = open("/dev/null", O_RDONLY);
	if (descriptor != 3)
		_exit(3);
	/* Would end the process. */
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
