/* SPDX-License-Identifier: MIT */
/*
 * journal FILE BEFORE - checks FILE.journal after a run that found the file BEFORE: its last change
 * must be the one from BEFORE to FILE, and taking it back must give BEFORE, byte for byte. Prints
 * what is wrong. A missing BEFORE is a file that did not exist.
 */
#include <stdio.h>
#include <string.h>

#include "base/file.h"
#include "nginx/rewind.h"
#include "nginx/scan.h"
#include "store/journal.h"

static uint64_t hash_of(const struct swk_buffer *text)
{
	return swk_nginx_hash_lasting(swk_nginx_hash(text));
}

static bool same(const struct swk_buffer *a, const struct swk_buffer *b)
{
	return a->length == b->length && (!a->length || !memcmp(a->data, b->data, a->length));
}

/* The first of the changes that lead from BEFORE to FILE: a run may make several. */
static size_t find_first(const struct swk_changes *changes, uint64_t before, uint64_t after)
{
	size_t i = changes->count;

	while (i-- > 0) {
		/* It is not about the file, or a killed run did not make it. */
		if (!changes->list[i].after ||
		    (changes->list[i].after != after && changes->list[i].before == after))
			continue;
		if (changes->list[i].after != after)
			return changes->count;
		after = changes->list[i].before;
		if (after == before)
			return i;
	}
	return changes->count;
}

static const char *check(const char *conf, struct swk_buffer *text, const struct swk_buffer *before,
			 const struct swk_changes *changes, struct swk_error *error)
{
	const uint64_t old = hash_of(before);
	size_t first;

	if (changes->damaged)
		return "the journal has a line that cannot be read";
	if (same(text, before))
		return NULL;
	first = find_first(changes, old, hash_of(text));
	if (first == changes->count)
		return "the journal does not lead from the old file to the new one";
	if (!old)
		return NULL;
	if (swk_nginx_rewind(text, conf, changes, first, error))
		return error->text;
	return same(text, before) ? NULL : "taking back the change does not give the old file";
}

int main(int argc, char **argv)
{
	struct swk_buffer text, before;
	struct swk_changes changes = {0};
	struct swk_error error = {0};
	struct swk_store store;
	const char *wrong;
	bool exists;

	if (argc != 3) {
		(void)fputs("usage: journal FILE BEFORE\n", stderr);
		return 64;
	}
	swk_buffer_init(&text, SWK_CONF_MAX);
	swk_buffer_init(&before, SWK_CONF_MAX);
	if (swk_store_open(&store, argv[1], &error) ||
	    swk_file_read(argv[1], &text, &exists, &error) ||
	    swk_file_read(argv[2], &before, &exists, &error) ||
	    swk_journal_read(&store, 0, &changes, &error))
		wrong = error.text;
	else
		wrong = check(argv[1], &text, &before, &changes, &error);
	if (wrong)
		(void)puts(wrong);
	swk_changes_free(&changes);
	swk_store_close(&store);
	swk_buffer_free(&text);
	swk_buffer_free(&before);
	return wrong ? 1 : 0;
}
