/* SPDX-License-Identifier: MIT */
/* What every command does first. */
#ifndef SWK_BASE_PROCESS_H
#define SWK_BASE_PROCESS_H

#include <stdbool.h>

/*
 * Opens the standard descriptors that are closed: otherwise a file opened later could become one of
 * them, and messages would go into that file. Ignores SIGPIPE and SIGXFSZ, so that a closed
 * standard output or a limit of file sizes (RLIMIT_FSIZE) does not end a run halfway. Returns false
 * on failure.
 */
bool swk_process_begin(void);

#endif
