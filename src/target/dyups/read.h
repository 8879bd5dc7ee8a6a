/* SPDX-License-Identifier: MIT */
/* Requests to the dyups interface, and samples of what its workers have. */
#ifndef SWK_TARGET_DYUPS_READ_H
#define SWK_TARGET_DYUPS_READ_H

#include "target/dyups/answer.h"
#include "target/target.h"

/* The header in which nginx, if so configured, names the pid of the answering worker. */
#define SWK_DYUPS_WORKER "X-Worker"

/* Fills in a request. Its time-outs are the target's, or the defaults if the target is NULL or sets
 * none. `method` and `url` are borrowed. */
struct swk_http_request swk_dyups_request(const struct swk_target *target, const char *method,
					  const char *url);

/* Appends the answer of a request to `context`, which is a struct swk_buffer. */
int swk_dyups_keep_answer(void *context, const char *data, size_t length, struct swk_error *error);

/*
 * Makes workers read their queues, with one GET on each of the target's persistent connections. If
 * there are none, or with `more`, it adds some, each to another worker if possible. 36 changes fill
 * a queue of 64 KiB: the first sync of 3,000 upstreams to four workers takes 400 such GETs. With a
 * new connection for each GET it takes 4,600 (measured on Tengine 3.2.0).
 */
void swk_dyups_flush(struct swk_target *target, bool more, struct swk_http *http, int64_t deadline);

/* See swk_target_kind. */
int swk_dyups_read(struct swk_target *targets, size_t count, unsigned samples,
		   struct swk_http *http, int64_t deadline, struct swk_error *error);
int swk_dyups_probe(struct swk_target *targets, size_t count, const char *name,
		    struct swk_http *http, int64_t deadline, struct swk_error *error);

#endif
