/* SPDX-License-Identifier: MIT */
/* A set of names, compared without case, because some proxies ignore case in names. */
#ifndef SWK_MODEL_NAMES_H
#define SWK_MODEL_NAMES_H

#include <stdbool.h>
#include <stddef.h>

#include "base/error.h"

/* Sorted without case; each name once; owned. A zeroed struct is empty. */
struct swk_names {
	char **list;
	size_t count;
};

void swk_names_free(struct swk_names *names);
int swk_names_add(struct swk_names *names, const char *name, struct swk_error *error);
int swk_names_add_all(struct swk_names *names, const struct swk_names *more,
		      struct swk_error *error);
bool swk_names_contain(const struct swk_names *names, const char *name);
void swk_names_remove(struct swk_names *names, const char *name);

#endif
