/* SPDX-License-Identifier: MIT */
/*
 * What in nginx's configuration makes dyups useless without a word: checks over what was read, each
 * of something that nginx itself takes, or takes until its next reload. They know no file and no
 * network.
 */
#ifndef SWK_NGINX_LINT_H
#define SWK_NGINX_LINT_H

#include "model/upstream.h"
#include "nginx/syntax.h"

enum swk_lint_rule {
	SWK_LINT_BOUND,		 /* proxy_pass with a name of ours, not a variable */
	SWK_LINT_TWICE,		 /* an upstream of ours stands elsewhere, too */
	SWK_LINT_CASE,		 /* the same but for its case */
	SWK_LINT_NOT_INCLUDED,	 /* our file */
	SWK_LINT_INCLUDED_TWICE, /* our file */
	SWK_LINT_WIDE,		 /* an include that takes what stands beside our file */
	SWK_LINT_OPEN,		 /* the interface, to others than loopback */
	SWK_LINT_BODY,		 /* client_max_body_size */
	SWK_LINT_PIECES,	 /* no client_body_in_file_only */
	SWK_LINT_QUEUE,		 /* dyups_shm_zone_size */
	SWK_LINT_HASH,		 /* in our file */
	SWK_LINT_ZONE,		 /* in our file */
	SWK_LINT_RULES
};

/* Their names for programs. */
extern const char *const swk_lint_words[SWK_LINT_RULES];

/* Texts are printable ASCII; file, what and mend are owned. */
struct swk_finding {
	enum swk_lint_rule rule;
	char *file;
	unsigned line;
	char *what;
	const char *reason;
	char *mend;
};

struct swk_findings {
	struct swk_finding *list; /* in the order of what was read */
	size_t count;
};

void swk_findings_free(struct swk_findings *findings);

/* Our file. */
struct swk_lint_conf {
	const char *path;
	struct swk_directives directives;
	/* What it says, to be measured; where it couldn't be read so, it is empty. */
	struct swk_upstreams upstreams;
};

/*
 * Adds what there is to say of a configuration. Where it has no http, it is a fragment, and what
 * the rest may have is not missed. Returns 0 or SWK_INTERNAL.
 */
int swk_nginx_lint(struct swk_findings *findings, const struct swk_directives *top,
		   const struct swk_lint_conf *conf, struct swk_error *error);

#endif
