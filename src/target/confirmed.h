/* SPDX-License-Identifier: MIT */
/*
 * FILE.NAME.confirmed: what a target has confirmed, for kinds that can't read that from the target.
 * In FILE's syntax. If the file is missing or damaged, nothing is confirmed. Functions return 0 or
 * SWK_INTERNAL; other failures set the cause.
 */
#ifndef SWK_TARGET_CONFIRMED_H
#define SWK_TARGET_CONFIRMED_H

#include "target/target.h"

/* The path of FILE.NAME.ENDING, to free; NULL without memory. */
char *swk_target_path(const struct swk_target *target, const char *ending, struct swk_error *error);

/* Reads the upstreams into a zeroed set. *known is whether the file exists and is whole; if it is
 * damaged, *damage says how. */
int swk_confirmed_read(const struct swk_target *target, struct swk_upstreams *set, bool *known,
		       struct swk_error *damage, struct swk_error *cause, struct swk_error *error);

/* Makes `after` the set `before` with the operations of a plan carried out, without those for which
 * skip[i] is true; NULL: with all. `after` must be zeroed. Takes the upstreams that stay from
 * `before`. */
int swk_confirmed_change(struct swk_upstreams *after, struct swk_upstreams *before,
			 const struct swk_plan *plan, const bool *skip, struct swk_error *error);

/* Replaces the file. Unless `durably`, an older one may be back after a crash of the machine. */
int swk_confirmed_write(const struct swk_target *target, const struct swk_upstreams *set,
			bool durably, struct swk_error *cause, struct swk_error *error);

#endif
