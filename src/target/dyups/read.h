/* SPDX-License-Identifier: MIT */
/* Asks the dyups interface: its requests, and samples of what its workers have. */
#ifndef SWK_TARGET_DYUPS_READ_H
#define SWK_TARGET_DYUPS_READ_H

#include "target/dyups/answer.h"
#include "target/target.h"

/* The header in which an nginx that is set up so names the worker that answers, by its pid. */
#define SWK_DYUPS_WORKER "X-Worker"

/* A request; with the target's own time-out, if there is one (NULL: of none). `method` and `url`
 * are borrowed. */
struct swk_http_request swk_dyups_request(const struct swk_target *target, const char *method,
					  const char *url);

/* Of a request: keeps its answer in the buffer that is its context. */
int swk_dyups_keep_answer(void *context, const char *data, size_t length, struct swk_error *error);

/*
 * Makes workers read their queue by one GET on each of the target's lines, which are connections
 * that are kept. Where there is none, or if `more` are to be reached, some are added, each with
 * another worker, as nginx gives them out. 36 changes fill a queue of 64 KiB: so a first sync of
 * 3,000 upstreams to four workers takes 400 requests for it, and 4,600 where each GET is on a
 * connection of its own (measured on Tengine 3.2.0).
 */
void swk_dyups_flush(struct swk_target *target, bool more, struct swk_http *http, int64_t deadline);

/* See swk_target_kind. */
int swk_dyups_read(struct swk_target *targets, size_t count, unsigned samples,
		   struct swk_http *http, int64_t deadline, struct swk_error *error);
int swk_dyups_probe(struct swk_target *targets, size_t count, const char *name,
		    struct swk_http *http, int64_t deadline, struct swk_error *error);

#endif
