/* SPDX-License-Identifier: MIT */
/* The change that a command reads: swk-targets(5) describes it. */
#ifndef SWK_TARGET_COMMAND_CHANGE_H
#define SWK_TARGET_COMMAND_CHANGE_H

#include "base/buffer.h"
#include "target/target.h"

/* Appends a plan as one JSON object in one line. `confirmed` has the upstreams before. Returns 0 or
 * SWK_INTERNAL. */
int swk_command_change(struct swk_buffer *out, const struct swk_target_run *run,
		       const struct swk_plan *plan, const struct swk_upstreams *confirmed,
		       struct swk_error *error);

#endif
