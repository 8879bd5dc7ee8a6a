/* SPDX-License-Identifier: MIT */
/* Why each registration is served or not: written down while it is decided, for who asks. */
#ifndef SWK_POLICY_REASON_H
#define SWK_POLICY_REASON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

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

/* One line; "" where there is nothing to say. Owned by its list; escaped but for the upstream and
 * the address, which are names and addresses. */
struct swk_decision {
	char *service;
	char *tag;	/* the routing tag in full; not shown, the upstream's name shows it */
	char *instance; /* "": the line is about a service, or an upstream */
	char *node;
	char *status;
	char *upstream;
	char *address;
	char *reason;
	enum swk_outcome outcome;
	bool keyed; /* of the key-value store */
};

/* NULL in place of a list is one of which nobody asks. */
struct swk_decisions {
	struct swk_decision *list;
	size_t count;
};

/* Adds a copy, all texts of which may be NULL. Returns 0 or SWK_INTERNAL. */
int swk_decisions_add(struct swk_decisions *decisions, const struct swk_decision *decision,
		      struct swk_error *error);
/* Replaces the reason of one, which takes part in no other list. */
int swk_decision_explain(struct swk_decision *decision, enum swk_outcome outcome,
			 const char *reason, struct swk_error *error);
/* Takes the lines of a service out; NULL: those of keys. */
void swk_decisions_forget(struct swk_decisions *decisions, const char *service);
/* It is about another upstream than was thought. */
int swk_decision_move(struct swk_decision *decision, const char *upstream, struct swk_error *error);
void swk_decisions_free(struct swk_decisions *decisions);
/* By source (service, or key), tag, instance and node: lines about an upstream come before those of
 * its instances. */
void swk_decisions_sort(struct swk_decisions *decisions);

#endif
