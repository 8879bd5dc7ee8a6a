/* SPDX-License-Identifier: MIT */
/* Bytes that grow up to a ceiling, and lists that grow. */
#ifndef SWK_BASE_BUFFER_H
#define SWK_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct swk_buffer {
	char *data; /* owned; always ends in a NUL that length does not count; NULL while empty */
	size_t length;
	size_t capacity;
	size_t ceiling;
};

void swk_buffer_init(struct swk_buffer *buffer, size_t ceiling);
void swk_buffer_free(struct swk_buffer *buffer);

/* Empties it and keeps its memory. */
void swk_buffer_clear(struct swk_buffer *buffer);

/* Each returns 0, or SWK_INTERNAL: no memory, or over the ceiling. The buffer is as it was then. */
int swk_buffer_add(struct swk_buffer *buffer, const void *data, size_t length,
		   struct swk_error *error);
int swk_buffer_print(struct swk_buffer *buffer, struct swk_error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* The same for texts as they are, a list that ends in NULL: where there are many, printing takes
 * ten times as long. */
int swk_buffer_words(struct swk_buffer *buffer, struct swk_error *error, const char *const *words);
#define SWK_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/* Adds all that there is to be read; what goes wrong is said of `name`, with this status. */
int swk_buffer_read(struct swk_buffer *buffer, int descriptor, const char *name, int status,
		    struct swk_error *error);

/*
 * Room for one more in a list of `count` items of `size` bytes, growing at each power of two: the
 * list, perhaps moved, or NULL without memory (the old one is as it was then).
 */
void *swk_list_grow(void *list, size_t count, size_t size);

/*
 * In a sorted list, the first place whose item is not before the key: where it is, or where it
 * would be put. `order` compares the key with an item, as strcmp does; *found tells whether it is
 * there.
 */
size_t swk_list_place(const void *list, size_t count, size_t size, const char *key,
		      int (*order)(const char *key, const void *item), bool *found);

#endif
