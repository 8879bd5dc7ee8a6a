/* SPDX-License-Identifier: MIT */
/*
 * The content of FILE.checks: it remembers the checks of each service, so that a run asks Consul
 * only about services whose checks changed. Losing it costs only requests. Knows the text, not the
 * file. Pure. Functions that return an int return 0 or SWK_INTERNAL.
 */
#ifndef SWK_STORE_CHECKS_H
#define SWK_STORE_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/registration.h"

/* ---- sums of hashes ---- */

/* A key with the sum and the count of its numbers. */
struct swk_tally {
	uint64_t key;
	uint64_t sum;
	size_t count;
};

struct swk_tallies {
	struct swk_tally *list;
	size_t count;
};

void swk_tallies_free(struct swk_tallies *tallies);
int swk_tallies_add(struct swk_tallies *tallies, uint64_t key, uint64_t number,
		    struct swk_error *error);
/* Sorts by key, and adds up the numbers of each key. Call it after the last swk_tallies_add, and
 * before swk_tallies_of. */
void swk_tallies_close(struct swk_tallies *tallies);
/* The tally of a key; sum and count are 0 if it is unknown. */
struct swk_tally swk_tallies_of(const struct swk_tallies *tallies, uint64_t key);

/* The key of a service, and of a node. Consul ignores case in names of nodes. */
uint64_t swk_checks_service(const char *name);
uint64_t swk_checks_node(const char *name);
/* The number of a check: a hash of its node, id, instance, status, and index of the last change. */
uint64_t swk_checks_number(const struct swk_check *check);

/* ---- entries ---- */

/* A service, as of the answer that an entry was made from. */
struct swk_checks_entry {
	char *service;	 /* owned */
	uint64_t checks; /* sum of the numbers of its checks and its nodes' checks */
	uint64_t blocks; /* hash of its upstreams in the conf file after that run */
	uint64_t answer; /* hash of the answer's bytes; 0: not known */
	uint64_t *nodes; /* keys of its instances' nodes; sorted, each once; owned */
	size_t node_count;
};

struct swk_checks {
	uint64_t settings;	       /* hash of everything else on which decisions depend */
	struct swk_checks_entry *list; /* sorted by service, byte by byte */
	size_t count;
};

void swk_checks_free(struct swk_checks *checks);
/* The entry of a service, or NULL. */
struct swk_checks_entry *swk_checks_find(const struct swk_checks *checks, const char *service);
/* Appends an entry, whose name must sort after all others; NULL without memory. The pointer is
 * valid until the next one is added. */
struct swk_checks_entry *swk_checks_add(struct swk_checks *checks, const char *service,
					struct swk_error *error);

/*
 * Fills in an entry from an answer. `own` is the sum of the service's own checks; `nodes` has, for
 * each instance, the key of its node and the sum of the node's checks. Counts each node once. Sorts
 * `nodes`.
 */
int swk_checks_set(struct swk_checks_entry *entry, uint64_t own, struct swk_tallies *nodes,
		   struct swk_error *error);

/*
 * Whether nothing has changed since the entry was made: a document of all checks has the same sums,
 * and the conf file the same upstreams. `document` has the checks of each service and node,
 * `blocks` the hash of each service's upstreams; both are closed.
 */
bool swk_checks_same(const struct swk_checks_entry *entry, const struct swk_tallies *document,
		     const struct swk_tallies *blocks);

/* ---- as text ---- */

/*
 * Appends the text. Its lines: a head; `settings NUMBER`; for each service `service CHECKS BLOCKS
 * ANSWER NAME`, then `node KEY` for each of its nodes; `end`. A number has 16 hexadecimal digits.
 */
int swk_checks_write(struct swk_buffer *out, const struct swk_checks *checks,
		     struct swk_error *error);

/* Reads such a text into a zeroed struct. *damaged is 0, or the number of the first line that is
 * invalid or out of order. If a line is damaged or memory runs out, `checks` is empty. */
int swk_checks_read(struct swk_checks *checks, const char *text, size_t length, size_t *damaged,
		    struct swk_error *error);

#endif
