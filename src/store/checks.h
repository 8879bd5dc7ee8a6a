/* SPDX-License-Identifier: MIT */
/*
 * Remembers each service's checks, so that a run asks Consul only about services whose checks
 * changed. Losing this costs requests only. Knows its text, not the file. Pure.
 */
#ifndef SWK_STORE_CHECKS_H
#define SWK_STORE_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/registration.h"

/* ---- sums of hashes ---- */

/* A key, the sum of its numbers, and how many they are. */
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
/* Sorts and sums up by key. Call it before swk_tallies_of and after the last swk_tallies_add. */
void swk_tallies_close(struct swk_tallies *tallies);
/* An unknown key has sum and count 0. */
struct swk_tally swk_tallies_of(const struct swk_tallies *tallies, uint64_t key);

/* Keys of a service and of a node. Consul ignores case in node names. */
uint64_t swk_checks_service(const char *name);
uint64_t swk_checks_node(const char *name);
/* The hash of a check: node, id, instance, status, and index of the last change. */
uint64_t swk_checks_number(const struct swk_check *check);

/* ---- what is remembered ---- */

/* A service, when it was asked about. */
struct swk_seen {
	char *service;	 /* owned */
	uint64_t checks; /* sum of its own checks and those of its nodes */
	uint64_t blocks; /* hash of its upstreams in FILE from then on */
	uint64_t answer; /* hash of the answer's bytes; 0: not known */
	uint64_t *nodes; /* keys of its instances' nodes; sorted, each once; owned */
	size_t node_count;
};

struct swk_checks {
	uint64_t settings;     /* hash of everything else that decisions depend on */
	struct swk_seen *list; /* sorted by service, byte by byte */
	size_t count;
};

void swk_checks_free(struct swk_checks *checks);
/* NULL: nothing is known. */
struct swk_seen *swk_checks_find(const struct swk_checks *checks, const char *service);
/* Adds an entry, whose name must follow all others; NULL without memory. Valid until the next is
 * added. */
struct swk_seen *swk_checks_add(struct swk_checks *checks, const char *service,
				struct swk_error *error);

/*
 * Fills in an entry from an answer: the sum of the service's own checks and, for each instance, the
 * key of its node with the sum of the node's checks. Each node counts once. Sorts `nodes`. Returns
 * 0 or SWK_INTERNAL.
 */
int swk_seen_set(struct swk_seen *seen, uint64_t own, struct swk_tallies *nodes,
		 struct swk_error *error);

/* Whether a document of all checks has the same sums as the entry, and FILE the same upstreams.
 * Both are closed, and by key: `document` of services and nodes, `blocks` of services. */
bool swk_seen_same(const struct swk_seen *seen, const struct swk_tallies *document,
		   const struct swk_tallies *blocks);

/* ---- as text ---- */

/*
 * Lines: a head; `settings NUMBER`; for each service `service CHECKS BLOCKS ANSWER NAME`, then
 * `node KEY` for each of its nodes; and `end`. Each number is 16 hexadecimal digits.
 */
int swk_checks_write(struct swk_buffer *out, const struct swk_checks *checks,
		     struct swk_error *error);

/* Reads such a text. *damaged is 0, or the first line that is invalid or out of order. In that
 * case, and without memory, `checks` is empty. */
int swk_checks_read(struct swk_checks *checks, const char *text, size_t length, size_t *damaged,
		    struct swk_error *error);

#endif
