/* SPDX-License-Identifier: MIT */
/* A byte buffer that grows up to a ceiling, and lists that grow. */
#ifndef SWK_BASE_BUFFER_H
#define SWK_BASE_BUFFER_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

struct swk_buffer {
	char *data; /* owned, with a NUL that `length` excludes; NULL if nothing was added */
	size_t length;
	size_t capacity;
	size_t ceiling;
};

void swk_buffer_init(struct swk_buffer *buffer, size_t ceiling);
void swk_buffer_free(struct swk_buffer *buffer);

/* Empties the buffer, and keeps its memory. */
void swk_buffer_clear(struct swk_buffer *buffer);

/* Whether both have the same bytes. */
bool swk_buffer_same(const struct swk_buffer *a, const struct swk_buffer *b);

/* Makes room for `more` additional bytes. Returns as swk_buffer_add. */
int swk_buffer_reserve(struct swk_buffer *buffer, size_t more, struct swk_error *error);

/* All three append. They return 0, or SWK_INTERNAL if memory runs out or the buffer would exceed
 * its ceiling; the buffer is then unchanged. */
int swk_buffer_add(struct swk_buffer *buffer, const void *data, size_t length,
		   struct swk_error *error);
int swk_buffer_print(struct swk_buffer *buffer, struct swk_error *error, const char *format, ...)
	__attribute__((format(printf, 3, 4)));
/* Appends texts; the list ends with NULL. Ten times as fast as swk_buffer_print. */
int swk_buffer_words(struct swk_buffer *buffer, struct swk_error *error, const char *const *words);
#define SWK_WORDS(...) ((const char *const[]){__VA_ARGS__, NULL})

/*
 * Appends everything up to the end of the descriptor, which may not block (O_NONBLOCK). Returns 0,
 * SWK_INTERNAL without memory, or `status` if reading fails, the input has not ended at the
 * deadline (deadline.h), or the buffer would exceed its ceiling. The message begins with `name`.
 */
int swk_buffer_read(struct swk_buffer *buffer, int descriptor, int64_t deadline, const char *name,
		    int status, struct swk_error *error);

/*
 * Makes room for one more item in a list of `count` items of `size` bytes, which doubles when it is
 * full. Returns the list, which may have moved; NULL without memory, and the old list stays valid.
 */
void *swk_list_grow(void *list, size_t count, size_t size);

/* Returns the index of the first item that is not less than the key: the key's own, or the place to
 * insert it. The list must be sorted. `order` compares the key with an item, as strcmp does. */
size_t swk_list_place(const void *list, size_t count, size_t size, const char *key,
		      int (*order)(const char *key, const void *item), bool *found);

#endif
