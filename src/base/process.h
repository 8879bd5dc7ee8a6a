/* SPDX-License-Identifier: MIT */
/* The first step of every command. */
#ifndef SWK_BASE_PROCESS_H
#define SWK_BASE_PROCESS_H

#include <stdbool.h>

/*
 * Opens the three standard descriptors if they are closed: else a file opened later could become
 * one of them, and messages would go into it. Ignores SIGPIPE, so that a closed standard output
 * does not end a run half way. Returns false on failure.
 */
bool swk_process_begin(void);

#endif
