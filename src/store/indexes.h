/* SPDX-License-Identifier: MIT */
/*
 * Consul's last index of each service, as lines `index NUMBER SERVICE` of FILE.state. There may be
 * thousands, and a run needs few of them, so they stay a text. A line `indexes HASH LENGTH` before
 * the text shows whether it is as it was written. If not, each line is read. Functions that return
 * an int return 0 or SWK_INTERNAL.
 */
#ifndef SWK_STORE_INDEXES_H
#define SWK_STORE_INDEXES_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct swk_index {
	char *service; /* owned */
	uint64_t index;
};

struct swk_indexes {
	const char *text; /* lines, sorted by service, byte by byte; borrowed */
	size_t length;
	struct swk_index *changed; /* what was set since, in the same order; 0: removed */
	size_t count;
};

void swk_indexes_free(struct swk_indexes *indexes);

/* Takes the text if `header`, a line without its newline, says that these are the indexes. Returns
 * whether it does; *length, which is that of the text, becomes that of the indexes. */
bool swk_indexes_take(struct swk_indexes *indexes, const char *header, const char *text,
		      size_t *length);

/* The index of a service; 0: none. Setting 0 removes it. */
uint64_t swk_indexes_get(const struct swk_indexes *indexes, const char *service);
int swk_indexes_set(struct swk_indexes *indexes, const char *service, uint64_t index,
		    struct swk_error *error);

/* Removes the indexes of services that are not `known`. */
int swk_indexes_keep(struct swk_indexes *indexes,
		     bool (*known)(const void *context, const char *service), const void *context,
		     struct swk_error *error);

/* Appends the header and the lines, or nothing if there is no index. */
int swk_indexes_write(struct swk_buffer *out, const struct swk_indexes *indexes,
		      struct swk_error *error);

#endif
