/* SPDX-License-Identifier: MIT */
/* Finds parts of nginx's configuration with which dyups silently does not work. nginx accepts all
 * of them, at least until its next reload. Uses no file and no network. */
#ifndef SWK_TARGET_DYUPS_LINT_H
#define SWK_TARGET_DYUPS_LINT_H

#include "model/findings.h"
#include "model/names.h"
#include "model/upstream.h"
#include "nginx/syntax.h"

/* swk-apply's FILE. */
struct swk_lint_conf {
	const char *path;
	struct swk_directives directives;
	/* Its upstreams, for their size. Empty if they can't be parsed. */
	struct swk_upstreams upstreams;
	struct swk_names expected; /* upstreams that it may get, as far as the settings name them */
};

/* Adds the findings about a configuration. A configuration without http is a fragment: what other
 * files may contain is not reported as missing. Returns 0 or SWK_INTERNAL. */
int swk_dyups_lint(struct swk_findings *findings, const struct swk_directives *top,
		   const struct swk_lint_conf *conf, struct swk_error *error);

#endif
