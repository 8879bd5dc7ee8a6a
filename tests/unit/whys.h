/* SPDX-License-Identifier: MIT */
/* What the explain and survey tests share: verdicts from text. */
#ifndef SWK_UNIT_WHYS_H
#define SWK_UNIT_WHYS_H

#include "unit.h"
#include "policy/reason.h"

/*
 * `SERVICE UPSTREAM INSTANCE ADDRESS VERDICT REASON; …`: a `-` is nothing. An upstream with a `_`
 * in its name is its service's colour a (gray=a).
 */
static inline struct swk_whys unit_whys(const char *text)
{
	struct swk_whys whys = {0};
	struct swk_error error = {0};
	char *copy = strdup(text), *rest = copy, *part;

	while (*text && (part = strsep(&rest, ";"))) {
		char *cells[5];
		struct swk_why why = {0};

		part += strspn(part, " ");
		for (size_t i = 0; i < COUNT(cells); i++) {
			cells[i] = strsep(&part, " ");
			assert_non_null(cells[i]);
			if (!strcmp(cells[i], "-"))
				cells[i] = NULL;
		}
		why = (struct swk_why){.service = cells[0],
				       .upstream = cells[1],
				       .tag = cells[1] && strchr(cells[1], '_') ? (char *)"gray=a"
										: NULL,
				       .instance = cells[2],
				       .address = cells[3],
				       .reason = part};
		while (strncmp(swk_verdict_words[why.verdict], cells[4], 4) != 0)
			why.verdict++;
		assert_int_equal(swk_whys_add(&whys, &why, &error), 0);
	}
	free(copy);
	return whys;
}

#endif
