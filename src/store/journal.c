/* SPDX-License-Identifier: MIT */
#include "store/journal.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "base/buffer.h"
#include "base/file.h"
#include "store/entry.h"

/* Room for the end of a line. */
#define PIECE 4096

/* How often to read both files again if a new journal began meanwhile. */
#define TRIES 5

static int fail(const char *path, const char *what, struct swk_error *error)
{
	return swk_error_set(error, SWK_CANTCREATE, "%s: %s: %s", path, what, strerror(errno));
}

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

static int take_lines(struct swk_changes *changes, const char *line, const char *end,
		      struct swk_error *error)
{
	const char *stop;
	int status = 0;

	while (!status && line < end && (stop = memchr(line, '\n', (size_t)(end - line)))) {
		status = take_line(changes, line, (size_t)(stop - line), error);
		line = stop + 1;
	}
	return status;
}

/* Where the last *most lines begin. *most becomes the number of lines that are missing. */
static const char *last_lines(const struct swk_buffer *text, size_t *most)
{
	size_t at = text->length;

	/* The newline of a line comes after it. */
	while (at && (text->data[at - 1] != '\n' || *most)) {
		*most -= text->data[at - 1] == '\n';
		at--;
	}
	return text->data + at;
}

/* The older file comes first. */
enum { OLD, NEW, COUNT };

/* Reads the text of both files. first[i] is where the last `most` lines begin, or NULL. */
static int read_both(const struct swk_store *store, size_t most, struct swk_buffer texts[COUNT],
		     const char *first[COUNT], struct swk_error *error)
{
	const char *const paths[COUNT] = {store->old_journal, store->journal};
	size_t left = most ? most : SIZE_MAX;
	bool exists;
	int status = 0;

	first[OLD] = first[NEW] = NULL;
	for (size_t i = COUNT; !status && left && i-- > 0;) {
		status = swk_file_read_nofollow(paths[i], &texts[i], &exists, error);
		if (!status && texts[i].length)
			first[i] = last_lines(&texts[i], &left);
	}
	return status;
}

static ino_t find_inode(const char *path)
{
	struct stat about;

	return lstat(path, &about) ? 0 : about.st_ino;
}

/* The same without the lock. Between the two files, a run may begin a new journal: then one text
 * would come twice, and the newest not at all. */
static int read_together(const struct swk_store *store, size_t most, struct swk_buffer texts[COUNT],
			 const char *first[COUNT], struct swk_error *error)
{
	int status = 0;

	for (int i = 0; !status && i < TRIES; i++) {
		const ino_t before = find_inode(store->journal);

		status = read_both(store, most, texts, first, error);
		if (find_inode(store->journal) == before)
			break;
	}
	return status;
}

int swk_journal_read(const struct swk_store *store, size_t most, struct swk_changes *changes,
		     struct swk_error *error)
{
	struct swk_buffer texts[COUNT];
	const char *first[COUNT];
	int status;

	for (size_t i = 0; i < COUNT; i++)
		swk_buffer_init(&texts[i], SWK_JOURNAL_MAX);
	status = read_together(store, most, texts, first, error);
	for (size_t i = 0; !status && i < COUNT; i++) {
		if (first[i])
			status = take_lines(changes, first[i], texts[i].data + texts[i].length,
					    error);
	}
	for (size_t i = 0; i < COUNT; i++)
		swk_buffer_free(&texts[i]);
	return status;
}

/* ---- the end of the file ---- */

/* The end of a journal. */
struct tail {
	off_t end;	 /* after its last whole line; what follows was not written to its end */
	uint64_t number; /* of that line; 0: it has none */
};

/* Finds the last newline before `before`. *end is after it, or 0 if there is none. */
static int find_newline(int descriptor, off_t before, off_t *end)
{
	char piece[PIECE];

	for (*end = 0; before > 0;) {
		const size_t length = before < PIECE ? (size_t)before : PIECE;
		const ssize_t got = pread(descriptor, piece, length, before - (off_t)length);
		const char *newline = got > 0 ? memrchr(piece, '\n', (size_t)got) : NULL;

		if (got != (ssize_t)length) {
			errno = got < 0 ? errno : EIO;
			return -1;
		}
		before -= (off_t)length;
		if (newline) {
			*end = before + (newline - piece) + 1;
			return 0;
		}
	}
	return 0;
}

static int find_tail(int descriptor, const char *path, struct tail *tail, struct swk_error *error)
{
	char last[64];
	struct stat about;
	size_t length;

	*tail = (struct tail){0};
	if (fstat(descriptor, &about) || find_newline(descriptor, about.st_size, &tail->end))
		return fail(path, "cannot be read", error);
	length = (size_t)tail->end < sizeof(last) ? (size_t)tail->end : sizeof(last);
	if (!length)
		return 0;
	if (pread(descriptor, last, length, tail->end - (off_t)length) != (ssize_t)length)
		return fail(path, "cannot be read", error);
	tail->number = swk_entry_number(last, length - 1);
	return 0;
}

/* The highest number in both files, of which the last line is damaged. */
static uint64_t highest_number(struct swk_store *store, struct swk_error *error)
{
	struct swk_changes changes = {0};
	uint64_t highest = 0;

	(void)swk_journal_read(store, 0, &changes, error);
	for (size_t i = 0; i < changes.count; i++) {
		if (changes.list[i].number > highest)
			highest = changes.list[i].number;
	}
	swk_changes_free(&changes);
	return highest;
}

/* The last number of the journal, which is empty or damaged if `tail` has none. */
static int find_number(struct swk_store *store, const struct tail *tail, uint64_t *number,
		       struct swk_error *error)
{
	struct tail old = {0};
	int descriptor = -1, status = 0;

	*number = tail->number;
	if (!tail->end)
		status = swk_store_open_file(store, store->old_journal, false, 0, &descriptor,
					     error);
	if (descriptor >= 0) {
		status = find_tail(descriptor, store->old_journal, &old, error);
		(void)close(descriptor);
		*number = old.number;
	}
	if (!status && !*number && (tail->end || old.end))
		*number = highest_number(store, error);
	return status ? status : error->status;
}

/* ---- appending ---- */

/* Renders a change. One that is too large loses its upstreams. If that is not enough, it loses its
 * messages: that FILE changed matters more. */
static int compose(struct swk_buffer *line, struct swk_change *change, size_t size,
		   struct swk_error *error)
{
	int status = swk_entry_write(line, change, error);

	if (!status && line->length > size / SWK_JOURNAL_SHARE && change->upstream_count) {
		swk_change_cut(change, change->upstream_count);
		swk_buffer_clear(line);
		status = swk_entry_write(line, change, error);
	}
	if (!status && line->length > size && change->after) {
		swk_change_free_held_back(change);
		swk_buffer_clear(line);
		status = swk_entry_write(line, change, error);
	}
	return status;
}

/* Writes a line where the last whole one ends. */
static int write_line(int descriptor, const char *path, off_t end, const struct swk_buffer *line,
		      struct swk_error *error)
{
	if (!ftruncate(descriptor, end) && lseek(descriptor, end, SEEK_SET) == end &&
	    !swk_file_write(descriptor, line->data, line->length) &&
	    (!fdatasync(descriptor) || errno == EINVAL || errno == ENOTSUP))
		return 0;
	(void)fail(path, "cannot be written", error);
	(void)!ftruncate(descriptor, end);
	return error->status;
}

/* Begins a new journal if the line does not fit into this one. */
static int make_room(struct swk_store *store, size_t size, size_t length, struct tail *tail,
		     int *descriptor, struct swk_error *error)
{
	if (!tail->end || (size_t)tail->end + length <= size)
		return 0;
	if (swk_store_check_lock(store, error))
		return error->status;
	if (rename(store->journal, store->old_journal))
		return fail(store->old_journal, "cannot be replaced", error);
	(void)close(*descriptor);
	tail->end = 0;
	return swk_store_open_file(store, store->journal, true, 0640, descriptor, error);
}

int swk_journal_append(struct swk_store *store, size_t size, struct swk_change *change,
		       struct swk_error *error)
{
	struct swk_buffer line;
	struct tail tail;
	uint64_t number;
	int descriptor = -1;

	swk_buffer_init(&line, (size_t)SWK_JOURNAL_MAX * 2);
	if (swk_store_check_lock(store, error) ||
	    swk_store_open_file(store, store->journal, true, 0640, &descriptor, error) ||
	    find_tail(descriptor, store->journal, &tail, error) ||
	    find_number(store, &tail, &number, error))
		goto out;
	change->number = number + 1;
	if (compose(&line, change, size, error))
		goto out;
	if (line.length > size) {
		(void)swk_error_set(error, SWK_CANTCREATE,
				    "%s: a change does not fit into journal_size", store->journal);
		goto out;
	}
	if (!make_room(store, size, line.length, &tail, &descriptor, error))
		(void)write_line(descriptor, store->journal, tail.end, &line, error);
out:
	if (descriptor >= 0)
		(void)close(descriptor);
	swk_buffer_free(&line);
	return error->status;
}
