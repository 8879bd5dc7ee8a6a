/* SPDX-License-Identifier: MIT */
/* The rules of lint.h, what their checks share, and how a check reports what it finds. */
#ifndef SWK_TARGET_DYUPS_RULES_H
#define SWK_TARGET_DYUPS_RULES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"
#include "model/findings.h"
#include "model/names.h"
#include "nginx/syntax.h"

struct swk_lint_conf;

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

/* A level of directives, and the levels around it. */
struct swk_lint_scope {
	const struct swk_lint_scope *outer;
	const struct swk_directive *block; /* NULL: the top level of a file */
	const struct swk_directives *level;
};

/* A check of a configuration that is in progress. */
struct swk_lint {
	struct swk_findings *findings;
	const struct swk_lint_conf *conf;
	struct swk_names names;		  /* of the upstreams in FILE */
	const char *largest;		  /* the upstream with the largest body */
	size_t body;			  /* bytes of that body; 0: unknown */
	const struct swk_directive *http; /* NULL: none so far; a fragment has none */
	bool whole;			  /* the configuration has http: it is no fragment */
	bool included;			  /* FILE is included */
	bool interface;			  /* there is a dyups_interface */
	bool queue;			  /* there is a dyups_shm_zone_size */
	const struct swk_directive *reported[SWK_LINT_RULES]; /* of each rule's last finding */
	struct swk_error *error;
};

/* Adds a finding, unless the rule's last one was at the same directive. Returns 0 or
 * SWK_INTERNAL. */
int swk_lint_found(struct swk_lint *lint, enum swk_lint_rule rule, const struct swk_directive *at,
		   const char *what, const char *mend);

/* The same for a configuration that works, but could be better. */
int swk_lint_hint(struct swk_lint *lint, enum swk_lint_rule rule, const struct swk_directive *at,
		  const char *what, const char *mend);

/* A text for `what` or `mend`. It lives as long as the block that contains the call. */
#define SWK_LINT_SAY(...) swk_lint_print((char[SWK_TEXT_MAX]){0}, SWK_TEXT_MAX, __VA_ARGS__)
const char *swk_lint_print(char *text, size_t size, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The first directive of this name in a level, or in the files that it includes; or NULL. */
const struct swk_directive *swk_lint_find(const struct swk_directives *level, const char *name);

#endif
