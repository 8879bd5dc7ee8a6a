/* SPDX-License-Identifier: MIT */
/*
 * What is remembered from one run to the next: what each target is owed, what was deleted, and the
 * last index seen of each service. Losing it costs needless requests, never a wrong one. Knows its
 * text, not the file that it stands in.
 */
#ifndef SWK_STORE_STATE_H
#define SWK_STORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/names.h"

/* What a target does not certainly have as the conf file says. */
struct swk_state_target {
	char *target; /* its URL; owned */
	struct swk_names pending;
};

struct swk_index {
	char *service; /* owned */
	uint64_t index;
};

struct swk_state {
	int64_t success; /* seconds since the epoch when a run last left nothing to do; 0: never */
	/* Upstreams that were ours and left the conf file. A worker that dies comes back with what
	 * the file said when nginx started, these among it. */
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
 * SERVICE`; `target URL`, then `owed NAME` for it; and `end`, so that a cut text is told from a
 * whole one.
 */
int swk_state_write(struct swk_buffer *out, const struct swk_state *state, struct swk_error *error);

/* Reads such a text into a zeroed state. *damaged is 0, or the first line that is none of these;
 * the state is then empty. */
int swk_state_read(struct swk_state *state, const char *text, size_t length, size_t *damaged,
		   struct swk_error *error);

/* What a target is owed; NULL if nothing is known of that target. */
struct swk_state_target *swk_state_find_target(const struct swk_state *state, const char *target);
/* The same, made if it is not there; NULL without memory. Good until the next is made. */
struct swk_state_target *swk_state_add_target(struct swk_state *state, const char *target,
					      struct swk_error *error);

/* A name is gone from the conf file; of too many, one is forgotten. */
int swk_state_add_gone(struct swk_state *state, const char *name, struct swk_error *error);

/* The last index seen of a service, or 0; and remembering it (0: forgetting it). */
uint64_t swk_state_index(const struct swk_state *state, const char *service);
int swk_state_set_index(struct swk_state *state, const char *service, uint64_t index,
			struct swk_error *error);

#endif
