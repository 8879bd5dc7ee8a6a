/* SPDX-License-Identifier: MIT */
#include "consul/json_memory.h"

#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>

#include <jansson.h>

#include "base/limits.h"

static alignas(max_align_t) char block[SWK_JSON_BLOCK];
static size_t used; /* bytes used, from the start of the block */
static size_t live; /* allocations in the block that are not freed yet */
static bool on;	    /* new allocations use the block */

static void *take(size_t size)
{
	const size_t unit = alignof(max_align_t);
	void *piece = block + used;

	if (!on || size > sizeof(block) - used)
		return malloc(size);
	/* The rounded size fits, because the block's size is a multiple of the unit. */
	used += (size + unit - 1) / unit * unit;
	live++;
	return piece;
}

static void give_back(void *piece)
{
	uintptr_t at = (uintptr_t)piece, begin = (uintptr_t)block;

	if (at < begin || at - begin >= sizeof(block)) {
		free(piece);
		return;
	}
	live--;
	if (!live)
		used = 0;
}

void swk_json_memory_begin(void)
{
	json_set_alloc_funcs(take, give_back);
	on = true;
}

void swk_json_memory_end(void)
{
	on = false;
}

/* ---- printing ---- */

struct printing {
	struct swk_buffer *out;
	struct swk_error *error;
};

static int print_piece(const char *text, size_t length, void *context)
{
	const struct printing *this = context;

	/* After a failure, the buffer must not grow any more. */
	return this->error->status || swk_buffer_add(this->out, text, length, this->error) ? -1 : 0;
}

int swk_json_print(struct swk_buffer *out, json_t *object, struct swk_error *error)
{
	struct printing this = {out, error};

	if (!object || json_dump_callback(object, print_piece, &this, JSON_COMPACT))
		(void)swk_error_memory(error);
	json_decref(object);
	return error->status;
}
