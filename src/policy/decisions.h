/* SPDX-License-Identifier: MIT */
/* Why each registration is served or not: written down while it is decided, for who asks. */
#ifndef SWK_POLICY_DECISIONS_H
#define SWK_POLICY_DECISIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/upstream.h"

enum swk_outcome {
	SWK_OUTCOME_SERVED,
	SWK_OUTCOME_SERVED_DOWN, /* in the list, marked down */
	SWK_OUTCOME_LEFT_OUT,	 /* by the settings, or its health */
	SWK_OUTCOME_SKIPPED,	 /* it can't be used */
	SWK_OUTCOME_KEPT,	 /* served, since its upstream keeps its last servers */
	SWK_OUTCOME_HELD_BACK,	 /* wanted, and not done */
	SWK_OUTCOMES
};

extern const char *const swk_outcome_words[SWK_OUTCOMES];

/*
 * One line; "" where there is nothing to say. All texts are borrowed: from whoever adds it, and, in
 * a list, from that list, where they are escaped. NULL may stand for "" in what is added.
 */
struct swk_decision {
	const char *service;
	const char *tag;      /* the routing tag in full; not shown, the upstream's name shows it */
	const char *instance; /* "": the line is about a service, or an upstream */
	const char *node;
	const char *status;
	const char *upstream;
	const char *address;
	const char *reason;
	enum swk_outcome outcome;
	bool keyed; /* of the key-value store */
};

/* NULL in place of a list is one that is not asked for. */
struct swk_decisions {
	struct swk_decision *list; /* owned… */
	size_t count;
	char **texts; /* …as are their texts, all of which stay until the list is freed */
	size_t text_count;
};

/* Adds a copy. Returns 0 or SWK_INTERNAL. */
int swk_decisions_add(struct swk_decisions *decisions, const struct swk_decision *decision,
		      struct swk_error *error);
/* Takes the lines of a service out; NULL: those of keys. */
void swk_decisions_forget(struct swk_decisions *decisions, const char *service);
void swk_decisions_free(struct swk_decisions *decisions);

/*
 * Corrects what was written down of instances when only they were judged: one whose upstream keeps
 * its last servers may be served though it is critical, or not though it is passing. Sorts the list
 * by source (service, or key), tag, instance and node: lines about an upstream come before those of
 * its instances. `desired` is what the file will hold. Returns 0 or SWK_INTERNAL.
 */
int swk_decisions_correct(struct swk_decisions *decisions, const struct swk_upstreams *desired,
			  struct swk_error *error);

#endif
