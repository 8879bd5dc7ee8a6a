/* SPDX-License-Identifier: MIT */
/* Finds what silently defeats dyups in nginx's configuration. Each rule is about something that
 * nginx accepts, at least until its next reload. Uses no file and no network. */
#ifndef SWK_TARGET_DYUPS_LINT_H
#define SWK_TARGET_DYUPS_LINT_H

#include "model/findings.h"
#include "model/names.h"
#include "model/upstream.h"
#include "nginx/syntax.h"

enum swk_lint_rule {
	SWK_LINT_BOUND,		 /* proxy_pass names a managed upstream instead of a variable */
	SWK_LINT_PORT,		 /* proxy_pass names one with a port, and means a host */
	SWK_LINT_TWICE,		 /* another file also defines a managed upstream */
	SWK_LINT_CASE,		 /* the same, but the case of the name differs */
	SWK_LINT_NOT_INCLUDED,	 /* FILE is not included */
	SWK_LINT_INCLUDED_TWICE, /* FILE is included twice */
	SWK_LINT_PLACE,		 /* FILE is included elsewhere than in http */
	SWK_LINT_UPSTREAM_CONF,	 /* a directive that looks like an include of FILE */
	SWK_LINT_WIDE,		 /* an include also matches the files beside FILE */
	SWK_LINT_OPEN,		 /* machines other than this one reach the dyups interface */
	SWK_LINT_BODY,		 /* client_max_body_size is too small */
	SWK_LINT_PIECES,	 /* client_body_in_file_only is missing */
	SWK_LINT_WORKER,	 /* the header X-Worker is missing */
	SWK_LINT_QUEUE,		 /* dyups_shm_zone_size is too small */
	SWK_LINT_HASH,		 /* a hash method in FILE */
	SWK_LINT_ZONE,		 /* a zone in FILE */
	SWK_LINT_RULES
};

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
