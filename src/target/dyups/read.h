/* SPDX-License-Identifier: MIT */
/* Requests to the dyups interface, and samples of what its workers have. */
#ifndef SWK_TARGET_DYUPS_READ_H
#define SWK_TARGET_DYUPS_READ_H

#include "target/dyups/answer.h"
#include "target/web.h"

/* The header in which nginx, if so configured, names the pid of the answering worker. */
#define SWK_DYUPS_WORKER "X-Worker"

/* A dyups interface. */
struct swk_dyups {
	const struct swk_target *target;
	struct swk_target_web web;
	unsigned read_interval; /* seconds until each worker has read its queue */
	bool waited_out;	/* its queue was full, and its workers have had time to read it */
	unsigned failures;	/* upstreams that it failed to take, although it answers */
	struct swk_http *lines[SWK_LINES_MAX]; /* persistent connections to its workers */
	size_t line_count;
};

/* Fills in a request. `method` and `url` are borrowed. */
struct swk_http_request swk_dyups_request(const struct swk_dyups *own, const char *method,
					  const char *url);

/*
 * Makes workers read their queues, with one GET on each of the target's persistent connections. If
 * there are none, or with `more`, it adds connections, each to another worker if possible. 36
 * changes fill a queue of 64 KiB. The first sync of 3,000 upstreams to four workers takes 400 such
 * GETs. With a new connection for each GET it takes 4,600 (measured on Tengine 3.2.0).
 */
void swk_dyups_flush(struct swk_dyups *own, bool more, int64_t deadline);

/* See swk_target_kind. */
int swk_dyups_read(struct swk_target *target, enum swk_depth depth, const char *name,
		   int64_t deadline, struct swk_error *error);

#endif
