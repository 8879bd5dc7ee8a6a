/* SPDX-License-Identifier: MIT */
/*
 * The content of the state file, FILE.state: what each target has pending, which names were
 * deleted, and the last index of each service. Losing it costs requests, but never causes a wrong
 * one. Knows the text, not the file.
 */
#ifndef SWK_STORE_STATE_H
#define SWK_STORE_STATE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/live.h"
#include "model/names.h"
#include "store/received.h"
#include "store/indexes.h"

/* A target, and the upstreams that may differ there from the conf file. */
struct swk_state_target {
	char *target; /* the target's name, by default its URL; owned */
	struct swk_names pending;
	struct swk_names late;	/* of them, those that an earlier request may still change */
	struct swk_parts parts; /* its parts that were read last */
};

/* An upstream that a target rejected. */
struct swk_refused {
	char *upstream; /* owned */
	uint64_t hash;	/* of the rejected block */
	bool in_file;	/* FILE has it as it was before; the caller's, and not written */
};

/* What the last run knew about the conf file, so that a run need not read the whole of it. */
struct swk_state_conf {
	uint64_t hash; /* 0: not known, nor is the rest */
	size_t upstreams, servers;
	size_t zero, silent; /* upstreams that have `keepalive 0;`, and that have no keepalive */
	bool named; /* the name of each upstream begins with its source's; false: not known */
	/* Its inode, size, and time of modification in ns. As long as they are the same, so is its
	 * hash. 0: not known. */
	uint64_t inode, size, modified;
};

struct swk_state {
	int64_t success; /* epoch seconds of the last run that left nothing to do; 0: never */
	struct swk_state_conf conf;
	/* Managed upstreams that were deleted from the conf file. A part of a target that restarts
	 * may come back with them. */
	struct swk_names gone;
	uint64_t listed;     /* Consul's index of the last list of services; 0: none */
	uint64_t keys_index; /* Consul's index of the last answer about keys; 0: none */
	/* Of Consul's last answer, or of the first document; or "". */
	char datacenter[SWK_NAME_MAX + 1];
	struct swk_state_target *targets;
	size_t target_count;
	/* Upstreams that were changed, and that no target has confirmed since: blocks in FILE's
	 * syntax, as they were before; and the names of those that are new. */
	struct swk_buffer confirmed;
	struct swk_names new;
	struct swk_refused *refused;
	size_t refused_count;
	struct swk_received_list requests; /* requests of a fleet */
	uint64_t document; /* hash of a document of checks that left nothing to do; 0: none */
	enum swk_fleet_status check; /* what Consul was told last of this host */
	struct swk_indexes indexes;  /* the last of each service */
};

void swk_state_free(struct swk_state *state);

/*
 * Appends the text. Returns 0 or SWK_INTERNAL. Its lines, in this order:
 *
 * - a head;
 * - `success SECONDS`, `conf` with the nine numbers above, `listed INDEX`, `keys INDEX`,
 *   `datacenter NAME`;
 * - `gone NAME` for each deleted name;
 * - those of swk_indexes_write;
 * - for each target `target NAME`, `part NUMBER` for each part, a line for each pending upstream,
 *   and `late NAME`;
 * - `confirmed LINE` for each line of the blocks above, and `new NAME`;
 * - `refused HASH NAME`, `document NUMBER`, `check STATUS`;
 * - those of swk_received_write;
 * - `end`.
 */
int swk_state_write(struct swk_buffer *out, const struct swk_state *state, struct swk_error *error);

/* Reads such a text into a zeroed state, which borrows the indexes from it. *damaged is 0, or the
 * number of the first invalid line; the state is then empty. Returns 0 or SWK_INTERNAL. */
int swk_state_read(struct swk_state *state, const char *text, size_t length, size_t *damaged,
		   struct swk_error *error);

/* A target's entry, or NULL. */
struct swk_state_target *swk_state_find_target(const struct swk_state *state, const char *target);
/* Finds or adds a target; NULL without memory. The pointer is valid until the next one is added. */
struct swk_state_target *swk_state_add_target(struct swk_state *state, const char *target,
					      struct swk_error *error);

/* Adds the name of an upstream that was deleted from the conf file. If there are SWK_GONE_MAX names
 * already, drops one. */
int swk_state_add_gone(struct swk_state *state, const char *name, struct swk_error *error);

/* Remembers the last rejected block of an upstream by its hash; 0 removes the entry. */
int swk_state_set_refused(struct swk_state *state, const char *upstream, uint64_t hash,
			  struct swk_error *error);

#endif
