/* SPDX-License-Identifier: MIT */
/* Why each registration is served or not. A run records this on request (`swk explain`). */
#ifndef SWK_POLICY_DECISIONS_H
#define SWK_POLICY_DECISIONS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/upstream.h"

enum swk_outcome {
	SWK_OUTCOME_SERVED,
	SWK_OUTCOME_SERVED_DOWN, /* served, marked down */
	SWK_OUTCOME_LEFT_OUT,	 /* because of the settings or its health */
	SWK_OUTCOME_SKIPPED,	 /* it is unusable */
	SWK_OUTCOME_KEPT,	 /* its upstream keeps its last servers */
	SWK_OUTCOME_FAILOVER,	 /* its upstream has servers from elsewhere */
	SWK_OUTCOME_HELD_BACK,	 /* withheld by a guard or a rule */
	SWK_OUTCOMES
};

extern const char *const swk_outcome_words[SWK_OUTCOMES];

/* One line. Texts are borrowed, and "" if there is none. A list owns its texts, escaped. In a
 * decision that is added, NULL counts as "". */
struct swk_decision {
	struct swk_source source; /* the tag is not shown: the upstream's name has it */
	const char *instance;	  /* "": the line is about a service or an upstream */
	const char *node;
	const char *status;
	const char *upstream;
	const char *address;
	const char *reason;
	enum swk_outcome outcome;
};

/* A NULL list means that decisions are not requested. swk_decisions_add and swk_decisions_forget
 * accept it. */
struct swk_decisions {
	struct swk_decision *list; /* owned */
	size_t count;
	char **texts; /* owned; even texts of forgotten lines stay until the list is freed */
	size_t text_count;
};

/* Adds a copy. Returns 0 or SWK_INTERNAL. */
int swk_decisions_add(struct swk_decisions *decisions, const struct swk_decision *decision,
		      struct swk_error *error);
/* Removes the lines about sources of this kind and name, or of all names if `name` is NULL. */
void swk_decisions_forget(struct swk_decisions *decisions, enum swk_source_kind kind,
			  const char *name);
void swk_decisions_free(struct swk_decisions *decisions);

/*
 * Corrects the decisions about instances after swk_decide: if an upstream keeps its last servers, a
 * critical instance may be served, and a passing one may not. `desired` is what the conf file will
 * have. Sorts the list by source, instance, upstream and node, so that the
 * lines about an upstream come before those of its instances. Returns 0 or SWK_INTERNAL.
 */
int swk_decisions_correct(struct swk_decisions *decisions, const struct swk_upstreams *desired,
			  struct swk_error *error);

#endif
