/* SPDX-License-Identifier: MIT */
/* What `swk lint` finds in the configuration of other programs. */
#ifndef SWK_MODEL_FINDINGS_H
#define SWK_MODEL_FINDINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

struct swk_finding {
	const char *rule; /* its name in output; borrowed, as is the reason */
	const char *reason;
	char *file; /* these three are printable ASCII; owned */
	char *what;
	char *mend;
	unsigned line;
	bool hint; /* the configuration works, but could be better */
};

struct swk_findings {
	struct swk_finding *list; /* in the order of the configuration */
	size_t count;
};

/* Where a finding is, and what it says. Borrowed. */
struct swk_found {
	const char *rule, *reason, *file, *what, *mend;
	unsigned line;
};

/* Adds a finding that has the texts, escaped. Returns 0 or SWK_INTERNAL. */
int swk_findings_add(struct swk_findings *findings, const struct swk_found *found,
		     struct swk_error *error);
void swk_findings_free(struct swk_findings *findings);

#endif
