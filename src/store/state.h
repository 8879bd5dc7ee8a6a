/* SPDX-License-Identifier: MIT */
/*
 * What one run remembers for the next: what each target has pending, what was deleted, and the last
 * index of each service. Losing it costs requests, never a wrong one. Knows its text, not the file.
 */
#ifndef SWK_STORE_STATE_H
#define SWK_STORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/names.h"

/* Upstreams that a target may not have as FILE has them. */
struct swk_state_target {
	char *target; /* its name, which is its URL by default; owned */
	struct swk_names pending;
};

struct swk_index {
	char *service; /* owned */
	uint64_t index;
};

struct swk_state {
	int64_t success; /* epoch seconds of the last run that left nothing to do; 0: never */
	/* Managed upstreams that left FILE. A worker that died comes back with those that were in
	 * FILE when nginx started. */
	struct swk_names gone;
	uint64_t listed; /* the index of the last list of all services; 0: none */
	uint64_t keyed;	 /* the index of the last tree of keys; 0: none */
	struct swk_state_target *targets;
	size_t target_count;
	struct swk_index *indexes; /* sorted by service, byte by byte */
	size_t index_count;
};

void swk_state_free(struct swk_state *state);

/*
 * Lines: a head; `success SECONDS`; `listed INDEX`; `keys INDEX`; `gone NAME`; `index INDEX
 * SERVICE`; for each target `target NAME`, then `owed NAME` for each upstream that it has pending;
 * and `end`.
 */
int swk_state_write(struct swk_buffer *out, const struct swk_state *state, struct swk_error *error);

/* Reads such a text into a zeroed state. *damaged is 0, or the first invalid line; then the state
 * is empty. */
int swk_state_read(struct swk_state *state, const char *text, size_t length, size_t *damaged,
		   struct swk_error *error);

/* What a target has pending; NULL if nothing is recorded for it. */
struct swk_state_target *swk_state_find_target(const struct swk_state *state, const char *target);
/* The same, but adds a missing target; NULL without memory. Valid until the next is added. */
struct swk_state_target *swk_state_add_target(struct swk_state *state, const char *target,
					      struct swk_error *error);

/* Adds a name that left FILE. Over SWK_GONE_MAX names, one is dropped. */
int swk_state_add_gone(struct swk_state *state, const char *name, struct swk_error *error);

/* The last index of a service, or 0. Setting 0 removes it. */
uint64_t swk_state_index(const struct swk_state *state, const char *service);
int swk_state_set_index(struct swk_state *state, const char *service, uint64_t index,
			struct swk_error *error);

#endif
