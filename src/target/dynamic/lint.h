/* SPDX-License-Identifier: MIT */
/* Finds what nginx's configuration lacks for ngx_dynamic_upstream. Uses no file and no network. */
#ifndef SWK_TARGET_DYNAMIC_LINT_H
#define SWK_TARGET_DYNAMIC_LINT_H

#include "model/findings.h"
#include "model/upstream.h"
#include "nginx/syntax.h"
#include "settings/settings.h"

/* What is checked. Borrowed. */
struct swk_dynamic_lint {
	const struct swk_directives *top;
	const char *folder; /* to which the names of includes are relative; ends with a slash */
	const struct swk_upstreams *upstreams; /* of FILE */
	const struct swk_settings *settings;
};

/*
 * Adds the findings about the upstreams that a target of this kind receives. Does nothing if the
 * configuration has no `dynamic_upstream`, but may be that of a target of another kind. *others:
 * the rules for other kinds apply to it. Returns 0 or SWK_INTERNAL.
 */
int swk_dynamic_lint(struct swk_findings *findings, const struct swk_dynamic_lint *lint,
		     bool *others, struct swk_error *error);

#endif
