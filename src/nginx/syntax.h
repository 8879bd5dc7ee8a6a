/* SPDX-License-Identifier: MIT */
/*
 * Any nginx configuration as a tree of directives, each with its place. `conf` reads FILE, and
 * rejects everything unexpected. Here words have no meaning, except that a Lua block is not in
 * nginx's syntax.
 */
#ifndef SWK_NGINX_SYNTAX_H
#define SWK_NGINX_SYNTAX_H

#include <stdbool.h>

#include "base/error.h"

/* A file that directives come from. */
struct swk_nginx_file {
	char *name; /* the creator owns it */
	bool conf;  /* it is swk-apply's FILE */
};

struct swk_directives {
	struct swk_directive *list; /* owned */
	size_t count;
};

struct swk_directive {
	char **words; /* name and arguments, without quotes; one allocation */
	size_t count;
	const struct swk_nginx_file *file; /* borrowed */
	unsigned line;			   /* of its name */
	bool block;			   /* it has braces, no `;` */
	/* Of an `include`, once its files are read: whether it matches FILE, or would if FILE were
	 * there; whether it matches files beside FILE. */
	bool includes_conf;
	bool includes_beside;
	struct swk_directives inside; /* of a block or an include; a Lua block has none */
};

/*
 * Parses one file as ngx_conf_read_token does; includes are not followed. The file must outlive the
 * directives. *room is how many directives are still allowed. `out` is zeroed when called. Returns
 * 0, SWK_DATA with the line, or SWK_INTERNAL; on failure there are no directives.
 */
int swk_nginx_conf_parse(struct swk_directives *out, const struct swk_nginx_file *file,
			 const char *text, size_t length, size_t *room, struct swk_error *error);
void swk_directives_free(struct swk_directives *directives);

bool swk_directive_is(const struct swk_directive *directive, const char *name);

/* Whether nginx reads another file in its place. */
bool swk_directive_includes(const struct swk_directive *directive);

#endif
