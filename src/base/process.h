/* SPDX-License-Identifier: MIT */
/* What every command sees to before anything else. */
#ifndef SWK_BASE_PROCESS_H
#define SWK_BASE_PROCESS_H

#include <stdbool.h>

/*
 * Opens the three standard descriptors where they are closed: a file opened later must not become
 * one of them, or a message would go into it. Ignores SIGPIPE: who closes the other end of standard
 * output must not end a run half way. False where that can't be had.
 */
bool swk_process_begin(void);

#endif
