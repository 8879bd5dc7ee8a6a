/* SPDX-License-Identifier: MIT */
/* What the dyups interface needs: that other machines don't reach it, and that every upstream fits
 * through it. Each function returns 0, or SWK_INTERNAL. */
#ifndef SWK_TARGET_DYUPS_INTERFACE_H
#define SWK_TARGET_DYUPS_INTERFACE_H

#include "target/dyups/rules.h"

/* Checks what applies at a directive dyups_interface: access, bodies, the worker's header. */
int swk_lint_interface(struct swk_lint *lint, const struct swk_directive *interface,
		       const struct swk_lint_scope *scope);

/* Checks a directive dyups_shm_zone_size, with one argument. */
int swk_lint_zone(struct swk_lint *lint, const struct swk_directive *directive);

/* The same for the default, after all directives. Needs http. */
int swk_lint_default_zone(struct swk_lint *lint);

#endif
