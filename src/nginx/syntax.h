/* SPDX-License-Identifier: MIT */
/*
 * Parses any nginx configuration into a tree of directives, each with its place. It does not
 * interpret directives, but it knows that the content of a Lua block is not in nginx's syntax. For
 * FILE itself, conf.h has a stricter parser, which rejects everything unexpected.
 */
#ifndef SWK_NGINX_SYNTAX_H
#define SWK_NGINX_SYNTAX_H

#include <stdbool.h>

#include "base/error.h"

/* A file that directives come from. */
struct swk_nginx_file {
	char *name; /* owned by the creator */
	bool conf;  /* this is swk-apply's FILE */
};

struct swk_directives {
	struct swk_directive *list; /* owned */
	size_t count;
};

struct swk_directive {
	char **words; /* name and arguments without quotes; one allocation */
	size_t count;
	const struct swk_nginx_file *file; /* borrowed */
	unsigned line;			   /* line of its name */
	bool block;			   /* it has braces instead of `;` */
	/* For an `include`, set when its files are read: whether it matches FILE, even if FILE does
	 * not exist; and whether it matches files beside FILE. */
	bool includes_conf;
	bool includes_beside;
	struct swk_directives inside; /* content of a block or an include; empty for a Lua block */
};

/*
 * Parses one file as ngx_conf_read_token does; does not follow includes. The file must outlive the
 * directives. *room is how many more directives are allowed. `out` must be zeroed. Returns 0,
 * SWK_DATA with the line, or SWK_INTERNAL. On failure `out` is empty.
 */
int swk_nginx_conf_parse(struct swk_directives *out, const struct swk_nginx_file *file,
			 const char *text, size_t length, size_t *room, struct swk_error *error);
void swk_directives_free(struct swk_directives *directives);

bool swk_directive_is(const struct swk_directive *directive, const char *name);

/* Whether nginx reads other files in place of the directive. */
bool swk_directive_includes(const struct swk_directive *directive);

#endif
