/* SPDX-License-Identifier: MIT */
/* Why each registration is served or not. Recorded while a run decides, if asked for. */
#ifndef SWK_POLICY_DECISIONS_H
#define SWK_POLICY_DECISIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/upstream.h"

enum swk_outcome {
	SWK_OUTCOME_SERVED,
	SWK_OUTCOME_SERVED_DOWN, /* served, marked down */
	SWK_OUTCOME_LEFT_OUT,	 /* by the settings or its health */
	SWK_OUTCOME_SKIPPED,	 /* it can't be used */
	SWK_OUTCOME_KEPT,	 /* its upstream keeps its last servers */
	SWK_OUTCOME_HELD_BACK,	 /* withheld by a guard or a rule */
	SWK_OUTCOMES
};

extern const char *const swk_outcome_words[SWK_OUTCOMES];

/*
 * One line; a text is "" if there is none. All texts are borrowed. In a list they are the list's
 * own, escaped. In what is added, NULL may stand for "".
 */
struct swk_decision {
	const char *service;
	const char *tag; /* the routing tag in full; not shown, as the upstream's name shows it */
	const char *instance; /* "": about a service or an upstream */
	const char *node;
	const char *status;
	const char *upstream;
	const char *address;
	const char *reason;
	enum swk_outcome outcome;
	bool keyed; /* from the key-value store */
};

/* A NULL pointer to a list means that decisions are not asked for. */
struct swk_decisions {
	struct swk_decision *list; /* owned */
	size_t count;
	char **texts; /* owned texts; all stay until the list is freed */
	size_t text_count;
};

/* Copies and adds. Returns 0 or SWK_INTERNAL. */
int swk_decisions_add(struct swk_decisions *decisions, const struct swk_decision *decision,
		      struct swk_error *error);
/* Removes the lines of a service; NULL: of all keys. */
void swk_decisions_forget(struct swk_decisions *decisions, const char *service);
void swk_decisions_free(struct swk_decisions *decisions);

/*
 * Corrects the decisions about instances once their upstream is decided. If the upstream keeps its
 * last servers, a critical instance may be served, and a passing one not. Then sorts the list by
 * source (service or key), tag, instance and node: lines about an upstream come before those of its
 * instances. `desired` is what FILE will hold. Returns 0 or SWK_INTERNAL.
 */
int swk_decisions_correct(struct swk_decisions *decisions, const struct swk_upstreams *desired,
			  struct swk_error *error);

#endif
