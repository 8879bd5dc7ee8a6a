/* SPDX-License-Identifier: MIT */
/*
 * Memory for jansson's values. An instance has some 90 values, which are allocated and freed
 * together, and a large document has 100,000 instances. malloc and free took a sixth of the time to
 * read it.
 */
#ifndef SWK_CONSUL_JSON_MEMORY_H
#define SWK_CONSUL_JSON_MEMORY_H

/* Between these calls jansson allocates from one block while it has room. The block starts over
 * when nothing in it is in use. So never free() a text that jansson returns there. */
void swk_json_memory_begin(void);
void swk_json_memory_end(void);

#endif
