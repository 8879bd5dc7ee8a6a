/* SPDX-License-Identifier: MIT */
/*
 * What was last seen of each service's checks, so that a document of checks tells which services
 * must be asked about: those of which it says anything else. Losing it costs requests only. Knows
 * its text, not the file that it stands in. Pure.
 */
#ifndef SWK_STORE_CHECKS_H
#define SWK_STORE_CHECKS_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"
#include "model/registration.h"

/* ---- numbers that are added up ---- */

/* A sum under a key, and of how many. */
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
/* Adds up what is under one key, after which sums can be asked for. */
void swk_tallies_close(struct swk_tallies *tallies);
/* Of nothing both are 0. */
struct swk_tally swk_tallies_of(const struct swk_tallies *tallies, uint64_t key);

/* Keys: of a service, and of a node, in whose name Consul tells no case apart. */
uint64_t swk_checks_service(const char *name);
uint64_t swk_checks_node(const char *name);
/* What a check says: where it is, whose, how, and since which change. */
uint64_t swk_checks_number(const struct swk_check *check);

/* ---- what was seen ---- */

/* Of a service, when it was asked about. */
struct swk_seen {
	char *service;	 /* owned */
	uint64_t checks; /* the sum of its own checks', and of those of its nodes' */
	uint64_t blocks; /* of what the conf file held of it from then on */
	uint64_t answer; /* of the answer, as it came; 0: it is not known */
	uint64_t *nodes; /* keys of those that it has instances on; sorted, each once; owned */
	size_t node_count;
};

struct swk_checks {
	uint64_t settings;     /* of all else that a decision depends on */
	struct swk_seen *list; /* sorted by service, byte by byte */
	size_t count;
};

void swk_checks_free(struct swk_checks *checks);
/* NULL: nothing is known of it. */
struct swk_seen *swk_checks_find(const struct swk_checks *checks, const char *service);
/* Adds one that comes behind all others; NULL without memory. Good until the next is added. */
struct swk_seen *swk_checks_add(struct swk_checks *checks, const char *service,
				struct swk_error *error);

/*
 * Sets what was seen from an answer: the sum of the service's own checks, and for each instance,
 * under its node's key, the sum of that node's checks, of which each counts once. They are sorted
 * by that. Returns 0 or SWK_INTERNAL.
 */
int swk_seen_set(struct swk_seen *seen, uint64_t own, struct swk_tallies *nodes,
		 struct swk_error *error);

/* Whether a document of all checks says what was seen, its numbers being under the keys of services
 * and nodes; and the conf file, under those of services, what it held then. Both are closed. */
bool swk_seen_same(const struct swk_seen *seen, const struct swk_tallies *document,
		   const struct swk_tallies *blocks);

/* ---- as text ---- */

/*
 * Lines: a head; `settings NUMBER`; for each service `service CHECKS BLOCKS ANSWER NAME`, then
 * `node KEY` for each of its nodes; and `end`. All numbers have 16 hexadecimal digits.
 */
int swk_checks_write(struct swk_buffer *out, const struct swk_checks *checks,
		     struct swk_error *error);

/* Reads such a text. *damaged is 0, or the first line that is none of these, or is not in its
 * order; then nothing is known, as where there is no memory. */
int swk_checks_read(struct swk_checks *checks, const char *text, size_t length, size_t *damaged,
		    struct swk_error *error);

#endif
