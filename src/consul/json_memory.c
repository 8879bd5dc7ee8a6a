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
