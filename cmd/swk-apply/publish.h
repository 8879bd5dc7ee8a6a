/* SPDX-License-Identifier: MIT */
/* The file of metrics. */
#ifndef SWK_PUBLISH_H
#define SWK_PUBLISH_H

#include "model/report.h"

/* Whether it tells of a pass over all services, as one that is there for good does. */
bool swk_publish_began(const char *path);

/*
 * Puts a new one in its place, which says what this run came to and goes on counting from the old
 * one. Returns 0 or a status that means nothing to the run; the error says that it went wrong.
 */
int swk_publish(const char *path, const struct swk_report *report, int status,
		struct swk_error *error);

#endif
