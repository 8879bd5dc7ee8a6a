/* SPDX-License-Identifier: MIT */
/* Why each registration is served or not: written down while it is decided, for who asks. */
#ifndef SWK_POLICY_REASON_H
#define SWK_POLICY_REASON_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

enum swk_verdict {
	SWK_SERVED,
	SWK_SERVED_DOWN, /* in the list, marked down */
	SWK_LEFT_OUT,	 /* by the settings, or its health */
	SWK_SKIPPED,	 /* it can't be used */
	SWK_KEPT,	 /* served, since its upstream keeps its last servers */
	SWK_HELD_BACK,	 /* wanted, and not done */
	SWK_VERDICTS
};

extern const char *const swk_verdict_words[SWK_VERDICTS];

/* One line; "" where there is nothing to say. Owned by its list; escaped but for the upstream and
 * the address, which are names and addresses. */
struct swk_why {
	char *service;
	char *tag;	/* the routing tag in full; not shown, the upstream's name shows it */
	char *instance; /* "": the line is about a service, or an upstream */
	char *node;
	char *status;
	char *upstream;
	char *address;
	char *reason;
	enum swk_verdict verdict;
	bool keyed; /* of the key-value store */
};

/* NULL in place of a list is one of which nobody asks. */
struct swk_whys {
	struct swk_why *list;
	size_t count;
};

/* Adds a copy, all texts of which may be NULL. Returns 0 or SWK_INTERNAL. */
int swk_whys_add(struct swk_whys *whys, const struct swk_why *why, struct swk_error *error);
/* Replaces the reason of one, which takes part in no other list. */
int swk_why_explain(struct swk_why *why, enum swk_verdict verdict, const char *reason,
		    struct swk_error *error);
/* Takes the lines of a service out; NULL: those of keys. */
void swk_whys_forget(struct swk_whys *whys, const char *service);
/* It is about another upstream than was thought. */
int swk_why_move(struct swk_why *why, const char *upstream, struct swk_error *error);
void swk_whys_free(struct swk_whys *whys);
/* By source (service, or key), tag, instance and node: lines about an upstream come before those of
 * its instances. */
void swk_whys_sort(struct swk_whys *whys);

#endif
