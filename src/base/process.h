/* SPDX-License-Identifier: MIT */
/* What every command does first, and a last resort against waits without a limit. */
#ifndef SWK_BASE_PROCESS_H
#define SWK_BASE_PROCESS_H

#include <stdbool.h>
#include <stdint.h>
#include <time.h>

/*
 * Opens the standard descriptors that are closed: otherwise a file opened later could become one of
 * them, and messages would go into that file. Ignores SIGPIPE and SIGXFSZ, so that a closed
 * standard output or a limit of file sizes (RLIMIT_FSIZE) does not end a run halfway. Unblocks all
 * signals, which a process inherits blocked: SIGALRM limits a wait, and SIGTERM must end a run.
 * With an ignored SIGCHLD, which it inherits as well, the kernel would discard how a program ended.
 * Returns false on failure.
 */
bool swk_process_begin(void);

struct swk_process_limit {
	timer_t timer;
	bool set;
	int status;
	char message[128];
};

/*
 * Ends the process at a time (deadline.h), with a status and a message on standard error; "" is
 * none. This is for waits that have no limit of their own: libraries read files and resolve names,
 * and a program that should read our output may not. `limit` must stay where it is until it is
 * lifted. If there is no timer, there is no limit.
 */
void swk_process_limit(struct swk_process_limit *limit, int64_t at, int status,
		       const char *message);
/* Accepts a zeroed limit. */
void swk_process_lift(struct swk_process_limit *limit);

/* Makes SIGINT, SIGTERM and SIGHUP no longer end the program, but swk_interrupted true. */
void swk_interrupt_catch(void);
bool swk_interrupted(void);

#endif
