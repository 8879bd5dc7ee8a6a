/* SPDX-License-Identifier: MIT */
/* Growing bytes with a ceiling, and growing lists. */
#ifndef SWK_BASE_BUFFER_H
#define SWK_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct swk_buffer {
	char *data; /* owned; ends in a NUL that length does not count; NULL if nothing was added */
	size_t length;
	size_t capacity;
	size_t ceiling;
};

void swk_buffer_init(struct swk_buffer *buffer, size_t ceiling);
void swk_buffer_free(struct swk_buffer *buffer);

/* Empties it, but keeps its memory. */
void swk_buffer_clear(struct swk_buffer *buffer);

/* Return 0, or SWK_INTERNAL without memory or over the ceiling; then the buffer is unchanged. */
int swk_buffer_add(struct swk_buffer *buffer, const void *data, size_t length,
		   struct swk_error *error);
int swk_buffer_print(struct swk_buffer *buffer, struct swk_error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Appends plain texts; the list ends with NULL. For many texts, swk_buffer_print takes ten times as
 * long. */
int swk_buffer_words(struct swk_buffer *buffer, struct swk_error *error, const char *const *words);
#define SWK_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Reads to the end of the descriptor. A failure has this status, and its message names `name`. */
int swk_buffer_read(struct swk_buffer *buffer, int descriptor, const char *name, int status,
		    struct swk_error *error);

/*
 * Makes room for one more item in a list of `count` items of `size` bytes; grows at each power of
 * two. Returns the list, perhaps moved, or NULL without memory: then the old list is unchanged.
 */
void *swk_list_grow(void *list, size_t count, size_t size);

/*
 * Finds the key in a sorted list, or the place to insert it: the first item that is not less than
 * the key. `order` compares the key with an item, as strcmp does.
 */
size_t swk_list_place(const void *list, size_t count, size_t size, const char *key,
		      int (*order)(const char *key, const void *item), bool *found);

#endif
