/* SPDX-License-Identifier: MIT */
#include "base/json.h"

#include <errno.h>
#include <stdalign.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>

#include "base/limits.h"

/*
 * A block for jansson's values. An instance has some 90 values, which are allocated and freed
 * together, and a large document has 100,000 instances. malloc and free took a sixth of the time to
 * read it.
 */
static alignas(max_align_t) char block[SWK_JSON_BLOCK];

/* jansson (2.14) ignores a failure to make room for one more character of a text. The character is
 * missing then, and if it was the quotation mark at the end, jansson reads on behind the text. So
 * when malloc fails, this block has the memory, and the text is given up when it has been read. */
static alignas(max_align_t) char reserve[SWK_JSON_BLOCK];

static struct json_block {
	char *const start;
	size_t used; /* bytes used, from the start */
	size_t live; /* allocations that are not freed yet */
	bool on;     /* new allocations use it */
} values = {.start = block}, last = {.start = reserve, .on = true};

static void *take_from(struct json_block *from, size_t size)
{
	const size_t unit = alignof(max_align_t);
	void *piece = from->start + from->used;

	if (!from->on || size > SWK_JSON_BLOCK - from->used)
		return NULL;
	/* The rounded size fits, because the block's size is a multiple of the unit. */
	from->used += (size + unit - 1) / unit * unit;
	from->live++;
	return piece;
}

static bool give_back_to(struct json_block *to, const void *piece)
{
	uintptr_t at = (uintptr_t)piece, start = (uintptr_t)to->start;

	if (at < start || at - start >= SWK_JSON_BLOCK)
		return false;
	to->live--;
	if (!to->live)
		to->used = 0;
	return true;
}

/* While a text is parsed: whether malloc has failed. */
static bool parsing, lacking;

static void *take(size_t size)
{
	void *piece = take_from(&values, size);

	if (!piece)
		piece = malloc(size);
	if (piece || !parsing)
		return piece;
	lacking = true;
	piece = take_from(&last, size);
	if (!piece) {
		/* Any run may be killed at any time, so this does no harm. */
		(void)fprintf(stderr, "%s: error: not enough memory\n",
			      program_invocation_short_name);
		exit(SWK_INTERNAL);
	}
	return piece;
}

static void give_back(void *piece)
{
	if (!give_back_to(&values, piece) && !give_back_to(&last, piece))
		free(piece);
}

void swk_json_memory_begin(void)
{
	json_set_alloc_funcs(take, give_back);
	values.on = true;
}

void swk_json_memory_end(void)
{
	values.on = false;
}

json_t *swk_json_load(const char *text, size_t length, size_t flags, json_error_t *failure)
{
	json_t *value;

	json_set_alloc_funcs(take, give_back);
	parsing = true;
	lacking = false;
	errno = 0;
	value = json_loadb(text, length, flags, failure);
	parsing = false;
	if (!lacking)
		return value;
	json_decref(value);
	errno = ENOMEM;
	return NULL;
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
