/* SPDX-License-Identifier: MIT */
#include "base/process.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

bool swk_process_begin(void)
{
	int descriptor;

	do {
		descriptor = open("/dev/null", O_RDWR);
	} while (descriptor >= 0 && descriptor < 3);
	if (descriptor < 0)
		return false;
	(void)close(descriptor);
	return signal(SIGPIPE, SIG_IGN) != SIG_ERR && signal(SIGXFSZ, SIG_IGN) != SIG_ERR;
}
