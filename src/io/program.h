/* SPDX-License-Identifier: MIT */
/* Runs another program, without a shell, and waits until it ends. Safe in several threads. */
#ifndef SWK_IO_PROGRAM_H
#define SWK_IO_PROGRAM_H

#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/error.h"

struct swk_program {
	const char *const *argv; /* ends with NULL; the first is the program's absolute path */
	const char *input;	 /* its standard input */
	size_t input_length;
	int64_t deadline;	       /* it is ended then (deadline.h) */
	const struct swk_watch *watch; /* whose `stop` ends it, too; or NULL */
};

enum swk_program_end {
	SWK_PROGRAM_NOT_STARTED, /* `number` is the errno */
	SWK_PROGRAM_EXITED,	 /* the exit status */
	SWK_PROGRAM_KILLED,	 /* the signal */
	SWK_PROGRAM_TIMED_OUT,
	SWK_PROGRAM_STOPPED, /* by the watch */
};

struct swk_program_result {
	enum swk_program_end end;
	int number;
	/* The first bytes of its standard output and standard error, as they came, with a NUL. Not
	 * escaped. */
	char output[SWK_PROGRAM_OUTPUT_MAX + 1];
	size_t length;
};

/*
 * Needs swk_process_begin (process.h), which ignores SIGPIPE: a program need not read its input.
 * The program gets a process group of its own, the caller's environment without passwords and
 * tokens, and no descriptor but the standard ones. A program that must end gets SIGTERM, with its
 * whole group, and SIGKILL after SWK_PROGRAM_END_MS. If the caller dies, only the program itself
 * gets SIGTERM, and no SIGKILL follows. What the program leaves in the background goes on. Returns
 * 0 or SWK_INTERNAL; a program that cannot be started is a result.
 */
int swk_program_run(const struct swk_program *program, struct swk_program_result *result,
		    struct swk_error *error);

/* Describes how a program ended, with its path and the beginning of its output, escaped, in one
 * line. */
void swk_program_describe(const struct swk_program *program,
			  const struct swk_program_result *result, char *text, size_t size);

#endif
