/* SPDX-License-Identifier: MIT */
/*
 * A line of the journal, and the way back. The input is FILE and, after the mark, lines of a
 * journal. What was read, written and read again is the same; all texts are one line of printable
 * ASCII. Wherever the way back ends, it gives a FILE with the hash that the line has, or an error.
 */
#include "fuzz.h"

#include "nginx/rewind.h"
#include "nginx/scan.h"
#include "store/entry.h"
#include "view/history.h"

static void is_a_line(const char *text)
{
	for (; *text; text++)
		fuzz_require(*text >= ' ' && *text <= '~', "byte %d in a text", *text);
}

static void check_texts(const struct swk_change *change)
{
	is_a_line(change->event);
	is_a_line(change->by);
	is_a_line(change->reason);
	for (size_t i = 0; i < change->held_back_count; i++)
		is_a_line(change->held_back[i]);
	for (size_t i = 0; i < change->upstream_count; i++) {
		const struct swk_change_upstream *upstream = &change->upstreams[i];

		is_a_line(upstream->name);
		is_a_line(upstream->source);
		for (size_t j = 0; j < upstream->server_count; j++) {
			is_a_line(upstream->servers[j].address);
			is_a_line(upstream->servers[j].instance);
		}
	}
}

static void write_again(const struct swk_change *change)
{
	struct swk_change again = {0};
	struct swk_error error = {0};
	struct swk_buffer first, second;

	swk_buffer_init(&first, SWK_DOCUMENT_MAX);
	swk_buffer_init(&second, SWK_DOCUMENT_MAX);
	fuzz_done(swk_entry_write(&first, change, &error), &error, "writing");
	fuzz_require(swk_entry_read(&again, first.data, first.length - 1, &error),
		     "the written line can't be read: %s", first.data);
	fuzz_require(swk_entry_number(first.data, first.length - 1) == change->number,
		     "another number at the end: %s", first.data);
	fuzz_done(swk_entry_write(&second, &again, &error), &error, "writing again");
	fuzz_require(!strcmp(first.data, second.data), "%s became %s", first.data, second.data);
	swk_change_free(&again);
	swk_buffer_free(&first);
	swk_buffer_free(&second);
}

static void print(const struct swk_change *change)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	fuzz_done(swk_print_change(&text, change, NULL, &error), &error, "printing");
	for (size_t i = 0; i < text.length; i++)
		fuzz_require(text.data[i] == '\n' || (text.data[i] >= ' ' && text.data[i] <= '~'),
			     "byte %d is printed", text.data[i]);
	(void)swk_history_matches(change, "web");
	swk_buffer_free(&text);
}

static void take(struct swk_changes *changes, const char *line, size_t length)
{
	struct swk_change change = {0}, *list;
	struct swk_error error = {0};

	if (!swk_entry_read(&change, line, length, &error)) {
		fuzz_require(!error.status, "%s", error.text);
		swk_change_free(&change);
		return;
	}
	check_texts(&change);
	write_again(&change);
	print(&change);
	list = swk_list_grow(changes->list, changes->count, sizeof(*list));
	fuzz_require(list, "no memory");
	changes->list = list;
	list[changes->count++] = change;
}

/* The hash of FILE before change `first`, if the way back is possible; 0: not known. */
static uint64_t expected(const struct swk_changes *changes, size_t first, uint64_t now)
{
	for (size_t i = changes->count; i-- > first;) {
		if (changes->list[i].after == now && changes->list[i].after)
			now = changes->list[i].before;
	}
	return now;
}

static void go_back(const struct fuzz_text *file, const struct swk_changes *changes, size_t first)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	uint64_t now;
	int status;

	swk_buffer_init(&text, SWK_CONF_MAX);
	fuzz_done(swk_buffer_add(&text, file->data, file->length, &error), &error, "copying");
	now = swk_nginx_hash_lasting(swk_nginx_hash(&text));
	status = swk_nginx_rewind(&text, "file", changes, first, &error);
	if (status)
		fuzz_require(status == SWK_CANTCREATE && text.length == file->length,
			     "status %d, and the text has %zu bytes", status, text.length);
	else
		fuzz_require(swk_nginx_hash_lasting(swk_nginx_hash(&text)) ==
				     expected(changes, first, now),
			     "another hash after the way back to %zu", first);
	swk_buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct fuzz_text rest = {(const char *)data, size}, file = fuzz_next(&rest);
	struct swk_changes changes = {0};
	struct swk_error error = {0};
	const char *line = rest.data, *end = rest.data + rest.length, *stop;

	while (line < end && (stop = memchr(line, '\n', (size_t)(end - line)))) {
		take(&changes, line, (size_t)(stop - line));
		line = stop + 1;
	}
	swk_changes_judge(&changes, 1);
	fuzz_done(swk_changes_name_instances(&changes, &error), &error, "naming");
	for (size_t first = 0; first <= changes.count; first++)
		go_back(&file, &changes, first);
	swk_changes_free(&changes);
	return 0;
}
