/* SPDX-License-Identifier: MIT */
#include "store/journal.h"

#include <string.h>

#include "base/buffer.h"
#include "base/file.h"
#include "store/entry.h"

/* ---- reading ---- */

static int take_line(struct swk_changes *changes, const char *line, size_t length,
		     struct swk_error *error)
{
	struct swk_change change = {0}, *list;

	if (!swk_entry_read(&change, line, length, error)) {
		swk_change_free(&change);
		changes->damaged += !error->status;
		return error->status;
	}
	list = swk_list_grow(changes->list, changes->count, sizeof(*list));
	if (!list) {
		swk_change_free(&change);
		return swk_error_memory(error);
	}
	changes->list = list;
	list[changes->count++] = change;
	return 0;
}

static int take_lines(struct swk_changes *changes, const struct swk_buffer *text,
		      struct swk_error *error)
{
	const char *line = text->data, *end = line + text->length, *stop;
	int status = 0;

	/* What follows the last newline was not written to its end. */
	while (!status && line < end && (stop = memchr(line, '\n', (size_t)(end - line)))) {
		status = take_line(changes, line, (size_t)(stop - line), error);
		line = stop + 1;
	}
	return status;
}

/* Drops all but the last `most` lines of the text. */
static void keep_last(struct swk_buffer *text, size_t most)
{
	size_t at = text->length;

	/* The newline at the end of the line before them. */
	while (at && (text->data[at - 1] != '\n' || most--))
		at--;
	text->length -= at;
	memmove(text->data, text->data + at, text->length + 1);
}

static int read_file(const char *path, size_t most, struct swk_changes *changes,
		     struct swk_error *error)
{
	struct swk_buffer text;
	bool exists;
	int status;

	swk_buffer_init(&text, SWK_JOURNAL_MAX + SWK_TEXT_MAX);
	status = swk_file_read(path, &text, &exists, error);
	if (!status && most && text.length)
		keep_last(&text, most);
	if (!status && text.length)
		status = take_lines(changes, &text, error);
	swk_buffer_free(&text);
	return status;
}

int swk_journal_read(const struct swk_store *store, size_t most, struct swk_changes *changes,
		     struct swk_error *error)
{
	int status = read_file(store->old_journal, most, changes, error);

	if (!status)
		status = read_file(store->journal, most, changes, error);
	for (size_t i = 0; most && changes->count > most; i++) {
		swk_change_free(&changes->list[0]);
		memmove(changes->list, changes->list + 1,
			--changes->count * sizeof(*changes->list));
	}
	return status;
}
