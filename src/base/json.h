/* SPDX-License-Identifier: MIT */
/* jansson, made safe for untrusted texts and for a lack of memory. */
#ifndef SWK_BASE_JSON_H
#define SWK_BASE_JSON_H

#include <jansson.h>

#include "base/buffer.h"

/*
 * Parses a text as json_loadb does; `failure` may be NULL. Without memory, returns NULL with errno
 * ENOMEM; any other errno means that the text is invalid. If memory is so short that jansson could
 * read past a text, ends the program with SWK_INTERNAL.
 */
json_t *swk_json_load(const char *text, size_t length, size_t flags, json_error_t *failure);

/* Between these calls jansson allocates from one block while it has room. The block starts over
 * when nothing in it is in use. So never free() a text that jansson returns there. */
void swk_json_memory_begin(void);
void swk_json_memory_end(void);

/*
 * Appends an object as text, and frees it; NULL counts as no memory. Returns 0 or SWK_INTERNAL.
 * jansson's json_dumps (2.14) ignores a failure within the name of a member, and returns a text
 * that lacks it.
 */
int swk_json_print(struct swk_buffer *out, json_t *object, struct swk_error *error);

#endif
