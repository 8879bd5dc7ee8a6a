/* SPDX-License-Identifier: MIT */
/* Decisions from text, for the tests of explain and survey. */
#ifndef SWK_UNIT_DECISIONS_H
#define SWK_UNIT_DECISIONS_H

#include "unit.h"
#include "policy/decisions.h"

/* `SERVICE UPSTREAM INSTANCE ADDRESS OUTCOME REASON; …`; `-` is an empty member. An upstream with a
 * `_` in its name is the service's colour a (gray=a). */
static inline struct swk_decisions unit_decisions(const char *text)
{
	struct swk_decisions decisions = {0};
	struct swk_error error = {0};
	char *copy = strdup(text), *rest = copy, *part;

	while (*text && (part = strsep(&rest, ";"))) {
		char *cells[5];
		struct swk_decision decision = {0};

		part += strspn(part, " ");
		for (size_t i = 0; i < COUNT(cells); i++) {
			cells[i] = strsep(&part, " ");
			assert_non_null(cells[i]);
			if (!strcmp(cells[i], "-"))
				cells[i] = NULL;
		}
		decision = (struct swk_decision){
			.source = {.name = cells[0],
				   .tag = cells[1] && strchr(cells[1], '_') ? "gray=a" : NULL},
			.upstream = cells[1],
			.instance = cells[2],
			.address = cells[3],
			.reason = part};
		while (strncmp(swk_outcome_words[decision.outcome], cells[4], 4) != 0)
			decision.outcome++;
		assert_int_equal(swk_decisions_add(&decisions, &decision, &error), 0);
	}
	free(copy);
	return decisions;
}

#endif
