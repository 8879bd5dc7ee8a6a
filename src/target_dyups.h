/* SPDX-License-Identifier: MIT */
/*
 * Tengine (or nginx) with the dyups module: its paths, its answers, and what they mean, in one
 * place. Measured on Tengine 3.2.0, and on nginx 1.22.1 with the stand-alone module 0.2.9.
 */
#ifndef SWK_TARGET_DYUPS_H
#define SWK_TARGET_DYUPS_H

#include "target.h"

extern const struct swk_target_kind swk_target_dyups;

/*
 * Reads an answer to GET /detail: blocks of a name and `server ADDRESS [ATTRIBUTE=N]…` lines, with
 * an empty line behind each. What is not understood of a server makes its upstream `unread`.
 * Returns 0 or SWK_INTERNAL.
 */
int swk_target_dyups_read_detail(struct swk_live *live, const char *text, size_t length,
				 struct swk_error *error);

/* Reads an answer to GET /list: a name a line, or `upstream NAME {` before each body. */
int swk_target_dyups_read_list(struct swk_live *live, const char *text, size_t length,
			       struct swk_error *error);

#endif
