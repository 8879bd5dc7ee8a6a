/* SPDX-License-Identifier: MIT */
/*
 * Any configuration that nginx takes, as a tree of directives with the place of each. `nginx` reads
 * our own file, and refuses whatever else stands in it; here nothing is known of what the words
 * mean, but that a block of Lua is not of nginx's syntax.
 */
#ifndef SWK_NGINX_SYNTAX_H
#define SWK_NGINX_SYNTAX_H

#include <stdbool.h>

#include "base/error.h"

/* Where directives stand. */
struct swk_nginx_file {
	char *name; /* owned by whoever made it */
	bool conf;  /* the one that swk-apply writes */
};

struct swk_directives {
	struct swk_directive *list; /* owned */
	size_t count;
};

struct swk_directive {
	char **words; /* its name, and what stands behind it, without quotes; one piece of memory */
	size_t count;
	const struct swk_nginx_file *file; /* borrowed */
	unsigned line;			   /* of its name */
	bool block;			   /* it has braces, not a `;` */
	/* Of an `include`, once its files are read: whether ours is, or would be, among them, or
	 * one of those that stand beside ours. */
	bool includes_conf;
	bool includes_beside;
	struct swk_directives inside; /* a block's; an include's; of a block of Lua nothing */
};

/*
 * Reads one file, as ngx_conf_read_token does; includes are left as they are. The file must outlive
 * the directives. *room is how many directives there may be yet. Returns 0, SWK_DATA with the line,
 * or SWK_INTERNAL; then there are none. Zeroed when called.
 */
int swk_nginx_conf_parse(struct swk_directives *out, const struct swk_nginx_file *file,
			 const char *text, size_t length, size_t *room, struct swk_error *error);
void swk_directives_free(struct swk_directives *directives);

bool swk_directive_is(const struct swk_directive *directive, const char *name);

/* Reads another file's at its place, and those in its turn: whether it is one that does so. */
bool swk_directive_includes(const struct swk_directive *directive);

#endif
