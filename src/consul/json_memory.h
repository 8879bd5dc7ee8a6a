/* SPDX-License-Identifier: MIT */
/*
 * Where jansson's values live. An instance is some 90 of them, made and freed together, 100,000
 * times over in a large document: malloc and free were a sixth of the time that takes.
 */
#ifndef SWK_CONSUL_JSON_MEMORY_H
#define SWK_CONSUL_JSON_MEMORY_H

/*
 * Between these jansson takes its memory from one block, as long as there is room in it, and begins
 * it anew whenever nothing in it is used any more; so a text that jansson makes there is not to be
 * freed by free().
 */
void swk_json_memory_begin(void);
void swk_json_memory_end(void);

#endif
