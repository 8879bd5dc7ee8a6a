/* SPDX-License-Identifier: MIT */
/* Shows that a master process has reloaded: then it has new child processes. nginx and HAProxy
 * replace their workers, and only if they accept the new configuration. */
#ifndef SWK_TARGET_FILE_CHILDREN_H
#define SWK_TARGET_FILE_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "base/error.h"

struct swk_children {
	pid_t parent;
	pid_t list[SWK_CHILDREN_MAX];
	size_t count;
};

/* Reads the parent's process id from a file, then lists its children. Returns 0, or SWK_TEMPFAIL if
 * the file names no process that runs. */
int swk_children_read(struct swk_children *children, const char *pid_file, struct swk_error *error);

/* Whether there is a child that is not among `before`. */
bool swk_children_new(const struct swk_children *children, const struct swk_children *before);

#endif
