/* SPDX-License-Identifier: MIT */
/* The child processes of a master process. New ones show that it has reloaded: nginx and HAProxy
 * replace their workers only if they accept the new configuration. */
#ifndef SWK_TARGET_CHILDREN_H
#define SWK_TARGET_CHILDREN_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

#include "model/live.h"

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

/* If the processes in `read` are workers of an nginx on this host, all of one master: how many
 * other workers it has that accept requests. Else 0: they may be in a container or on another host.
 */
size_t swk_children_unread(const struct swk_parts *read);

#endif
