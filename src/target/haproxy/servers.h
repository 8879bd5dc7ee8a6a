/* SPDX-License-Identifier: MIT */
/* Changes servers through the runtime API. */
#ifndef SWK_TARGET_HAPROXY_SERVERS_H
#define SWK_TARGET_HAPROXY_SERVERS_H

#include "target/target.h"

/* The kind's function `prepare`: puts into the file what needs no reload, so that HAProxy has it
 * whenever it starts or reloads. */
int swk_haproxy_prepare(struct swk_target *target, const struct swk_plan *plan,
			struct swk_error *error);

/*
 * Carries out those operations of a plan that the runtime API can do, and confirms them: their
 * outcomes become SWK_TARGET_DONE. The others are for a reload. Sets
 * the cause if HAProxy does not answer, or a file can't be written. Returns 0 or SWK_INTERNAL.
 */
int swk_haproxy_change_servers(struct swk_target *target, const struct swk_plan *plan,
			       struct swk_target_outcome *outcomes, int64_t deadline,
			       struct swk_error *cause, struct swk_error *error);

#endif
