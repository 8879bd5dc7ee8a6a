/* SPDX-License-Identifier: MIT */
/*
 * Memory for jansson's values. An instance has some 90 values, which are allocated and freed
 * together, and a large document has 100,000 instances. malloc and free took a sixth of the time to
 * read it.
 */
#ifndef SWK_CONSUL_JSON_MEMORY_H
#define SWK_CONSUL_JSON_MEMORY_H

#include <jansson.h>

#include "base/buffer.h"

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
