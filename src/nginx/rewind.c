/* SPDX-License-Identifier: MIT */
#include "nginx/rewind.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/terms.h"
#include "nginx/conf.h"
#include "nginx/scan.h"

/* A block of FILE, or of a change. */
struct block {
	char *name;	  /* owned */
	const char *text; /* borrowed, like in swk_nginx_block; NULL: there is none */
	size_t length;
	uint64_t hash;
};

struct rewinding {
	struct block *list; /* sorted by name, without case */
	size_t count;
	const char *path;
	struct swk_error *error;
};

static int compare_name(const char *key, const void *item)
{
	return strcasecmp(key, ((const struct block *)item)->name);
}

/* Finds or adds the block of a name; NULL without memory. */
static struct block *block_of(struct rewinding *rewinding, const char *name)
{
	bool found;
	size_t place = swk_list_place(rewinding->list, rewinding->count, sizeof(*rewinding->list),
				      name, compare_name, &found);
	struct block *list;
	char *copy;

	if (found)
		return &rewinding->list[place];
	list = swk_list_grow(rewinding->list, rewinding->count, sizeof(*list));
	copy = list ? strdup(name) : NULL;
	if (list)
		rewinding->list = list;
	if (!copy) {
		(void)swk_error_memory(rewinding->error);
		return NULL;
	}
	memmove(&list[place + 1], &list[place], (rewinding->count - place) * sizeof(*list));
	list[place] = (struct block){.name = copy};
	rewinding->count++;
	return &list[place];
}

static int take_block(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	struct block *new = block_of(context, block->name);

	if (!new)
		return error->status;
	new->text = block->text;
	new->length = block->length;
	new->hash = block->hash;
	return 0;
}

/* ---- steps ---- */

static int stop(const struct rewinding *rewinding, const struct swk_change *change,
		const char *what)
{
	char time[SWK_CHANGE_TIME_MAX];

	return swk_error_set(rewinding->error, SWK_CANTCREATE, "%s: change %" PRIu64 " of %s: %s",
			     rewinding->path, change->number, swk_change_time(change->time, time),
			     what);
}

/* Puts back a block as it was before a change. Adds the difference to the hash. */
static int put_back(struct rewinding *rewinding, const struct swk_change_upstream *upstream,
		    uint64_t *hash)
{
	struct block *block = block_of(rewinding, upstream->name);

	if (!block)
		return rewinding->error->status;
	*hash -= block->hash;
	block->text = upstream->before;
	block->length = upstream->before ? strlen(upstream->before) : 0;
	block->hash = upstream->before ? swk_nginx_hash_block(upstream->before, block->length) : 0;
	*hash += block->hash;
	return 0;
}

static int take_back(struct rewinding *rewinding, const struct swk_change *change, uint64_t *hash)
{
	int status = 0;

	if (change->cut)
		return stop(rewinding, change,
			    "the journal has no upstreams of it, because it was too large");
	if (!change->before)
		return stop(rewinding, change,
			    "before it, there was no file, or not one that swk-apply had written");
	for (size_t i = 0; !status && i < change->upstream_count; i++)
		status = put_back(rewinding, &change->upstreams[i], hash);
	if (status || *hash == change->before)
		return status;
	return stop(rewinding, change, "the journal does not have all that it changed");
}

/* Whether the hash shows that a change did not happen, or is not about FILE. */
static bool is_void(const struct swk_change *change, uint64_t hash)
{
	return change->after != hash && (change->before == hash || !change->after);
}

/* *hash is that of FILE; it becomes that of the FILE before change `first`. */
static int take_back_all(struct rewinding *rewinding, const struct swk_changes *changes,
			 size_t first, uint64_t *hash)
{
	static const char other[] = "another program changed the file after it, or the journal "
				    "lacks a change";
	size_t i = changes->count;

	while (i-- > first) {
		const struct swk_change *this = &changes->list[i];

		if (is_void(this, *hash))
			continue;
		if (this->after != *hash)
			return stop(rewinding, this, other);
		if (take_back(rewinding, this, hash))
			return rewinding->error->status;
	}
	/* The last change that stays must have left this file. */
	for (i = first; i-- > 0;) {
		const struct swk_change *this = &changes->list[i];

		if (is_void(this, *hash))
			continue;
		return this->after == *hash ? 0 : stop(rewinding, this, other);
	}
	return 0;
}

static int compose(const struct rewinding *rewinding, struct swk_buffer *out)
{
	struct swk_error *error = rewinding->error;
	int status = swk_buffer_words(out, error, SWK_WORDS(swk_nginx_head));

	for (size_t i = 0; !status && i < rewinding->count; i++) {
		const struct block *block = &rewinding->list[i];

		if (!block->text)
			continue;
		status = swk_buffer_add(out, "\n", 1, error);
		if (!status)
			status = swk_buffer_add(out, block->text, block->length, error);
	}
	return status;
}

int swk_nginx_rewind(struct swk_buffer *text, const char *path, const struct swk_changes *changes,
		     size_t first, struct swk_error *error)
{
	struct rewinding rewinding = {.path = path, .error = error};
	struct swk_buffer before;
	uint64_t hash;
	int status = swk_nginx_scan_text(text, take_block, &rewinding, &hash, error);

	swk_buffer_init(&before, SWK_CONF_MAX);
	if (!status && !hash)
		status = swk_error_set(error, SWK_CANTCREATE,
				       "%s is not as swk-apply wrote it: another program changed "
				       "it after the last change in the journal",
				       path);
	hash = swk_nginx_hash_lasting(hash);
	if (!status)
		status = take_back_all(&rewinding, changes, first, &hash);
	if (!status)
		status = compose(&rewinding, &before);
	/* A block that is not one of FILE may still have the hash that it should have. */
	if (!status && swk_nginx_hash_lasting(swk_nginx_hash(&before)) != hash)
		status = swk_error_set(error, SWK_CANTCREATE,
				       "%s: the journal has a block that is not of such a file",
				       path);
	if (!status) {
		swk_buffer_free(text);
		*text = before;
		before = (struct swk_buffer){0};
	}
	for (size_t i = 0; i < rewinding.count; i++)
		free(rewinding.list[i].name);
	free(rewinding.list);
	swk_buffer_free(&before);
	return status;
}
