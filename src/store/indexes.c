/* SPDX-License-Identifier: MIT */
#include "store/indexes.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "base/limits.h"
#include "base/number.h"

/* The digits of 64 bits; two such numbers with a blank and a newline. */
enum { NUMBER_WIDTH = 20, HEADER_NUMBERS = 2 * NUMBER_WIDTH + 2 };

static const char header_start[] = "indexes ";
static const char start[] = "index ";

/* A line of the text. */
struct line {
	const char *text, *name, *end; /* `end` is its newline */
	uint64_t index;
};

void swk_indexes_free(struct swk_indexes *indexes)
{
	for (size_t i = 0; i < indexes->count; i++)
		free(indexes->changed[i].service);
	free(indexes->changed);
	*indexes = (struct swk_indexes){0};
}

/* ---- the text ---- */

static uint64_t hash_text(const char *text, size_t length)
{
	return swk_hash_end(swk_hash_bytes(SWK_HASH_START, text, length));
}

/* Reads the line at the beginning of a text. */
static bool read_line(struct line *line, const char *text, const char *end)
{
	const char *blank;
	size_t room = (size_t)(end - text);

	if (room < sizeof(start) || memcmp(text, start, sizeof(start) - 1) != 0)
		return false;
	line->text = text;
	text += sizeof(start) - 1;
	line->end = memchr(text, '\n', (size_t)(end - text));
	if (!line->end)
		return false;
	blank = memchr(text, ' ', (size_t)(line->end - text));
	if (!blank)
		return false;
	line->name = blank + 1;
	return swk_number_read(text, (size_t)(blank - text), UINT64_MAX, &line->index);
}

/* As strcmp, where each name ends with a newline or a NUL, which sort first. */
static int compare(const char *a, const char *b)
{
	while (*a == *b && *a != '\n' && *a) {
		a++;
		b++;
	}
	return (*a == '\n' ? 0 : (unsigned char)*a) - (*b == '\n' ? 0 : (unsigned char)*b);
}

bool swk_indexes_take(struct swk_indexes *indexes, const char *header, const char *text,
		      size_t *length)
{
	const size_t words = strlen(header_start);
	const char *blank = strrchr(header, ' ');
	uint64_t hash, size;

	if (indexes->text || strncmp(header, header_start, words) != 0 || blank < header + words ||
	    !swk_number_read(header + words, (size_t)(blank - header) - words, UINT64_MAX, &hash) ||
	    !swk_number_read(blank + 1, strlen(blank + 1), *length, &size) || !size ||
	    hash != hash_text(text, size))
		return false;
	indexes->text = text;
	*length = indexes->length = size;
	return true;
}

/* Where in the text the line of a service is or would be. *index is its index, or 0. */
static size_t find(const struct swk_indexes *indexes, const char *service, uint64_t *index)
{
	size_t low = 0, high = indexes->length;
	struct line line;

	*index = 0;
	while (low < high) {
		const size_t middle = low + (high - low) / 2;
		const char *before = memrchr(indexes->text + low, '\n', middle - low);
		int order;

		if (!read_line(&line, before ? before + 1 : indexes->text + low,
			       indexes->text + high))
			break;
		order = compare(service, line.name);
		if (!order)
			*index = line.index;
		if (order > 0)
			low = (size_t)(line.end + 1 - indexes->text);
		else
			high = (size_t)(line.text - indexes->text);
	}
	return low;
}

/* ---- what was set ---- */

static int index_order(const char *key, const void *item)
{
	return strcmp(key, ((const struct swk_index *)item)->service);
}

static size_t changed_place(const struct swk_indexes *indexes, const char *service, bool *found)
{
	return swk_list_place(indexes->changed, indexes->count, sizeof(*indexes->changed), service,
			      index_order, found);
}

uint64_t swk_indexes_get(const struct swk_indexes *indexes, const char *service)
{
	bool found;
	size_t place = changed_place(indexes, service, &found);
	uint64_t index;

	if (found)
		return indexes->changed[place].index;
	(void)find(indexes, service, &index);
	return index;
}

int swk_indexes_set(struct swk_indexes *indexes, const char *service, uint64_t index,
		    struct swk_error *error)
{
	bool found;
	size_t place = changed_place(indexes, service, &found);
	struct swk_index *list = indexes->changed;
	char *copy;

	if (found) {
		list[place].index = index;
		return 0;
	}
	if (swk_indexes_get(indexes, service) == index)
		return 0;
	list = swk_list_grow(list, indexes->count, sizeof(*list));
	if (!list)
		return swk_error_memory(error);
	indexes->changed = list;
	copy = strdup(service);
	if (!copy)
		return swk_error_memory(error);
	memmove(&list[place + 1], &list[place], (indexes->count - place) * sizeof(*list));
	list[place] = (struct swk_index){.service = copy, .index = index};
	indexes->count++;
	return 0;
}

int swk_indexes_keep(struct swk_indexes *indexes,
		     bool (*known)(const void *context, const char *service), const void *context,
		     struct swk_error *error)
{
	char name[SWK_NAME_MAX + 1];
	struct line line;
	size_t at = 0;
	int status = 0;

	for (size_t i = 0; i < indexes->count; i++) {
		if (!known(context, indexes->changed[i].service))
			indexes->changed[i].index = 0;
	}
	for (; !status && at < indexes->length; at = (size_t)(line.end + 1 - indexes->text)) {
		if (!read_line(&line, indexes->text + at, indexes->text + indexes->length) ||
		    line.end - line.name > SWK_NAME_MAX)
			break;
		memcpy(name, line.name, (size_t)(line.end - line.name));
		name[line.end - line.name] = '\0';
		if (!known(context, name))
			status = swk_indexes_set(indexes, name, 0, error);
	}
	return status;
}

/* ---- writing ---- */

static int write_lines(struct swk_buffer *out, const struct swk_indexes *indexes,
		       struct swk_error *error)
{
	char number[SWK_NUMBER_MAX];
	size_t at = 0, place;
	uint64_t before;

	for (size_t i = 0; i < indexes->count; i++) {
		const struct swk_index *this = &indexes->changed[i];
		struct line line;

		place = find(indexes, this->service, &before);
		if (place > at && swk_buffer_add(out, indexes->text + at, place - at, error))
			return error->status;
		at = place;
		if (before && read_line(&line, indexes->text + at, indexes->text + indexes->length))
			at = (size_t)(line.end + 1 - indexes->text);
		if (this->index &&
		    swk_buffer_words(out, error,
				     SWK_WORDS(start, swk_number_text(number, this->index), " ",
					       this->service, "\n")))
			return error->status;
	}
	return at < indexes->length
		       ? swk_buffer_add(out, indexes->text + at, indexes->length - at, error)
		       : 0;
}

int swk_indexes_write(struct swk_buffer *out, const struct swk_indexes *indexes,
		      struct swk_error *error)
{
	/* The header comes first, but its numbers are known last. */
	char header[sizeof(header_start) + HEADER_NUMBERS];
	const size_t before = out->length, room = sizeof(header) - 1;
	const char *lines;
	size_t length;

	memset(header, ' ', room);
	if (swk_buffer_add(out, header, room, error) || write_lines(out, indexes, error))
		return error->status;
	length = out->length - before - room;
	if (!length) {
		out->length = before;
		out->data[before] = '\0';
		return 0;
	}
	lines = out->data + before + room;
	(void)snprintf(header, sizeof(header), "%s%0*" PRIu64 " %0*zu\n", header_start,
		       NUMBER_WIDTH, hash_text(lines, length), NUMBER_WIDTH, length);
	memcpy(out->data + before, header, room);
	return 0;
}
