/* SPDX-License-Identifier: MIT */
/* FILE. What was read, written and read again is the same, and the scanner finds what the reader
 * finds. */
#include "fuzz.h"

#include <sys/mman.h>
#include <unistd.h>

#include "nginx/conf.h"
#include "nginx/scan.h"

/* ---- the scanner ---- */

static int descriptor_of(const char *text, size_t length)
{
	int descriptor = memfd_create("conf", MFD_CLOEXEC);

	if (descriptor < 0 || write(descriptor, text, length) != (ssize_t)length) {
		perror("memfd");
		exit(1);
	}
	return descriptor;
}

static int ignore(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	(void)error;
	*(size_t *)context += block->length + strlen(block->name) + strlen(block->source);
	return 0;
}

/* The scanner accepts any text. Returns its hash. */
static uint64_t scan_any(const char *text, size_t length)
{
	int descriptor = descriptor_of(text, length);
	struct swk_error error = {0};
	size_t seen = 0;
	uint64_t hash;

	fuzz_done(swk_nginx_scan(descriptor, "conf", ignore, &seen, &hash, &error), &error,
		  "scanning");
	fuzz_done(swk_nginx_find(descriptor, "conf", "w", ignore, &seen, &error), &error,
		  "searching");
	(void)close(descriptor);
	return hash;
}

/* Reads a block. The one after those that were sought may have no name. */
static int take(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	struct swk_upstreams *set = context, one = {0};

	if (!*block->name)
		return 0;
	fuzz_done(swk_nginx_read(&one, "block", block->text, block->length, error), error,
		  "a block");
	fuzz_require(one.count == 1 && !strcmp(one.list->name, block->name),
		     "the block of %s has another upstream", block->name);
	fuzz_require(!strcmp(one.list->source.name, block->source) &&
			     (!*block->source || one.list->source.kind == block->kind),
		     "the block of %s has another source", block->name);
	fuzz_require(block->hash == swk_nginx_hash_block(block->text, block->length),
		     "the block of %s has another hash", block->name);
	fuzz_done(swk_upstreams_append(set, one.list, error), error, "a block");
	swk_upstreams_free(&one);
	return 0;
}

static bool begins_with(const char *name, const char *start)
{
	return !strncasecmp(name, start, strlen(start));
}

/* The search finds those that begin with a text, and the next one. */
static void find(int descriptor, const struct swk_upstreams *all, const char *start)
{
	struct swk_upstreams found = {0};
	struct swk_error error = {0};
	size_t next = 0, first;

	while (next < all->count && strcasecmp(all->list[next].name, start) < 0)
		next++;
	first = next;
	while (next < all->count && begins_with(all->list[next].name, start))
		next++;
	next += next < all->count;
	fuzz_done(swk_nginx_find(descriptor, "conf", start, take, &found, &error), &error,
		  "searching");
	fuzz_require(found.count == next - first, "%zu upstreams found for %s, not %zu",
		     found.count, start, next - first);
	for (size_t i = 0; i < found.count; i++)
		fuzz_identical(&found.list[i], &all->list[first + i]);
	swk_upstreams_free(&found);
}

/* Each name, a shorter one, and one that sorts after it. */
static void find_each(int descriptor, const struct swk_upstreams *all)
{
	char start[SWK_NAME_MAX + 2];

	find(descriptor, all, "0");
	for (size_t i = 0; i < all->count; i++) {
		const char *name = all->list[i].name;

		find(descriptor, all, name);
		(void)snprintf(start, sizeof(start), "%.*s", (int)(1 + strlen(name) / 2), name);
		find(descriptor, all, start);
		(void)snprintf(start, sizeof(start), "%s-", name);
		find(descriptor, all, start);
	}
}

static void scan_written(const struct swk_buffer *text, const struct swk_upstreams *all)
{
	int descriptor = descriptor_of(text->data, text->length);
	struct swk_upstreams found = {0};
	struct swk_error error = {0};
	uint64_t hash;

	fuzz_done(swk_nginx_scan(descriptor, "conf", take, &found, &hash, &error), &error,
		  "scanning");
	fuzz_require(hash && hash == swk_nginx_hash(text), "the hash differs");
	fuzz_require(found.count == all->count, "%zu upstreams became %zu", all->count,
		     found.count);
	for (size_t i = 0; i < all->count; i++)
		fuzz_identical(&found.list[i], &all->list[i]);
	find_each(descriptor, all);
	swk_upstreams_free(&found);
	(void)close(descriptor);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swk_upstreams first = {0}, second = {0};
	struct swk_error error = {0};
	struct swk_buffer text, again;
	uint64_t hash = scan_any((const char *)data, size);
	int status = swk_nginx_read(&first, "conf", (const char *)data, size, &error);

	fuzz_require(status == error.status, "status %d with error %d", status, error.status);
	(void)swk_nginx_is_managed((const char *)data, size);
	if (status) {
		fuzz_require(status == SWK_CANTCREATE, "status %d: %s", status, error.text);
		fuzz_require(!first.count && !first.list, "refused, and not empty");
		return 0;
	}
	fuzz_in_order(&first, true);
	fuzz_backups(&first);
	swk_buffer_init(&text, SIZE_MAX / 2);
	swk_buffer_init(&again, SIZE_MAX / 2);
	fuzz_done(swk_nginx_file(&text, &first, &error), &error, "writing");
	fuzz_only_allowed("conf", text.data, text.length);
	fuzz_require(swk_nginx_is_managed(text.data, text.length),
		     "the written file is not managed");
	fuzz_done(swk_nginx_read(&second, "again", text.data, text.length, &error), &error,
		  "reading again");
	fuzz_same(&first, &second);
	fuzz_done(swk_nginx_file(&again, &second, &error), &error, "writing again");
	fuzz_require(text.length == again.length && !memcmp(text.data, again.data, text.length),
		     "written again, it differs");
	fuzz_require(hash != swk_nginx_hash(&text) ||
			     (text.length == size && !memcmp(text.data, data, size)),
		     "another text has the hash of the written file");
	scan_written(&text, &second);
	swk_buffer_free(&text);
	swk_buffer_free(&again);
	swk_upstreams_free(&first);
	swk_upstreams_free(&second);
	return 0;
}
