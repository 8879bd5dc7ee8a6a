/* SPDX-License-Identifier: MIT */
#include "nginx/scan.h"

#include <errno.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/hash.h"
#include "nginx/conf.h"

/* What is read and written at a time. Larger pieces do not fit into the processor's cache. */
#define PIECE ((size_t)65536)
#define SMALL_PIECE ((size_t)4096)

uint64_t swk_nginx_hash_block(const char *text, size_t length)
{
	return swk_hash_end(swk_hash_bytes(SWK_HASH_START, text, length));
}

/* Another version of swk-apply may have other rules for FILE. */
static uint64_t hash_version(void)
{
	return swk_hash_end(swk_hash_text(SWK_HASH_START, SWK_VERSION));
}

uint64_t swk_nginx_hash_lasting(uint64_t hash)
{
	return hash ? hash - hash_version() + SWK_HASH_START : 0;
}

/* A window that moves over the text. */
struct window {
	int descriptor; /* -1: `data` is the whole text */
	const char *path;
	size_t piece;		/* how much to read at a time */
	struct swk_buffer room; /* owns `data` if there is a descriptor */
	const char *data;
	size_t length;
	off_t before; /* how much of the text has left the window */
	size_t at;    /* what comes before it has been taken */
	size_t seen;  /* before it is no brace, from `at` on */
	bool ended;   /* the window has the end of the text */
};

/* Reads more. What has been taken leaves the window. No block is as large as FILE may be, so if one
 * is, this counts as the end of the text. */
static int fill(struct window *window, struct swk_error *error)
{
	struct swk_buffer *room = &window->room;
	ssize_t length;

	if (window->at) {
		window->before += (off_t)window->at;
		room->length -= window->at;
		window->seen -= window->at;
		memmove(room->data, room->data + window->at, room->length);
		window->at = 0;
	}
	window->ended = room->length > SWK_CONF_MAX - window->piece;
	if (window->ended)
		return 0;
	if (swk_buffer_reserve(room, window->piece, error))
		return error->status;
	do {
		length = pread(window->descriptor, room->data + room->length, window->piece,
			       window->before + (off_t)room->length);
	} while (length < 0 && errno == EINTR);
	if (length < 0)
		return swk_error_set(error, SWK_CANTCREATE, "%s: cannot be read: %s", window->path,
				     strerror(errno));
	room->length += (size_t)length;
	window->data = room->data;
	window->length = room->length;
	window->ended = !length;
	return 0;
}

static bool skip(struct window *window, const char *text)
{
	const size_t length = strlen(text);

	if (window->length - window->at < length ||
	    memcmp(window->data + window->at, text, length) != 0)
		return false;
	window->at += length;
	return true;
}

/* Copies a name up to the byte `stop`. Returns what follows, or NULL. */
static const char *take_name(char name[SWK_NAME_MAX + 1], const char *from, const char *end,
			     char stop)
{
	const char *found = memchr(from, stop, (size_t)(end - from));

	if (!found || found - from > SWK_NAME_MAX)
		return NULL;
	memcpy(name, from, (size_t)(found - from));
	name[found - from] = '\0';
	return found + 1;
}

static const char *take_text(const char *text, const char *from, const char *end)
{
	const size_t length = strlen(text);

	return (size_t)(end - from) >= length && !memcmp(from, text, length) ? from + length : NULL;
}

/* Reads a block's first lines. */
static bool read_head(struct swk_nginx_block *block)
{
	const char *at = block->text, *end = at + block->length, *line;

	*block->source = '\0';
	for (enum swk_source_kind i = 0; i < SWK_SOURCE_KINDS && at < end && *at == '#'; i++) {
		const char *name = take_text(swk_nginx_comments[i], at, end);

		if (!name)
			continue;
		block->kind = i;
		line = memchr(name, '\n', (size_t)(end - name));
		at = memchr(name, ',', (size_t)(line - name));
		if (!take_name(block->source, name, line + 1, at ? ',' : '\n'))
			return false;
		at = line + 1;
	}
	at = take_text("upstream ", at, end);
	return at && take_name(block->name, at, end, ' ') && *block->name;
}

/* Finds the next block. *found is false at the end, and if the text has another form. */
static int next(struct window *window, struct swk_nginx_block *block, bool *found,
		struct swk_error *error)
{
	const char *brace = NULL;

	*found = false;
	for (;;) {
		if (window->length > window->seen)
			brace = memchr(window->data + window->seen, '}',
				       window->length - window->seen);
		if (brace && brace + 1 < window->data + window->length)
			break;
		window->seen = brace ? (size_t)(brace - window->data) : window->length;
		if (window->ended)
			return 0;
		if (fill(window, error))
			return error->status;
		brace = NULL;
	}
	block->at = window->before + (off_t)window->at;
	if (!skip(window, "\n"))
		return 0;
	block->text = window->data + window->at;
	block->length = (size_t)(brace + 2 - block->text);
	*found = brace[1] == '\n' && read_head(block);
	if (*found)
		window->at = window->seen = (size_t)(brace + 2 - window->data);
	return 0;
}

static int scan(struct window *window, swk_nginx_take *take, void *context, uint64_t *hash,
		struct swk_error *error)
{
	uint64_t sum = hash_version();
	struct swk_nginx_block block;
	char last[SWK_NAME_MAX + 1] = "";
	bool found = true;
	int status = window->ended ? 0 : fill(window, error);

	*hash = 0;
	if (status || !skip(window, swk_nginx_head))
		return status;
	window->seen = window->at;
	while (!status && found) {
		status = next(window, &block, &found, error);
		/* The sum would be the same in any order. */
		if (!status && found && strcasecmp(last, block.name) >= 0)
			return 0;
		if (!status && found) {
			memcpy(last, block.name, sizeof(last));
			block.hash = swk_nginx_hash_block(block.text, block.length);
			sum += block.hash;
			status = take(context, &block, error);
		}
	}
	if (!status && window->at == window->length)
		*hash = sum;
	return status;
}

int swk_nginx_scan(int descriptor, const char *path, swk_nginx_take *take, void *context,
		   uint64_t *hash, struct swk_error *error)
{
	struct window window = {.descriptor = descriptor, .path = path, .piece = PIECE};
	int status;

	swk_buffer_init(&window.room, SWK_CONF_MAX);
	status = scan(&window, take, context, hash, error);
	swk_buffer_free(&window.room);
	return status;
}

/* ---- searching ---- */

/* Finds the empty line before a block in a window, from *seen on. */
static const char *find_empty_line(const struct window *window, size_t *seen)
{
	const char *end = window->data + window->length, *line = window->data + *seen;

	while ((line = memchr(line, '\n', (size_t)(end - line)))) {
		*seen = (size_t)(line - window->data);
		if (++line == end)
			return NULL;
		if (*line == '\n')
			return line;
	}
	*seen = window->length;
	return NULL;
}

/* Moves a window to the first block that begins after a place, and reads it. */
static int read_after(struct window *window, off_t place, struct swk_nginx_block *block,
		      bool *found, struct swk_error *error)
{
	const char *line = NULL;
	size_t seen = 0;

	window->room.length = window->length = window->at = window->seen = 0;
	window->before = place;
	window->ended = *found = false;
	while (!line && !window->ended) {
		if (fill(window, error))
			return error->status;
		line = find_empty_line(window, &seen);
	}
	if (!line)
		return 0;
	window->at = window->seen = (size_t)(line - window->data);
	return next(window, block, found, error);
}

/* Finds a place before the first block whose name is not less than `start`. */
static int approach(struct window *window, const char *start, off_t *place, struct swk_error *error)
{
	struct swk_nginx_block block;
	off_t low = (off_t)strlen(swk_nginx_head) - 1, high;
	bool found;
	int status = 0;

	high = lseek(window->descriptor, 0, SEEK_END);
	while (!status && high - low > (off_t)PIECE) {
		const off_t middle = low + (high - low) / 2;

		status = read_after(window, middle, &block, &found, error);
		if (found && block.at < high && strcasecmp(block.name, start) < 0)
			low = block.at - 1;
		else
			high = middle;
	}
	*place = low;
	return status;
}

static int find(struct window *window, const char *start, swk_nginx_take *take, void *context,
		struct swk_error *error)
{
	struct swk_nginx_block block = {0};
	bool found = true, begins = true;
	off_t place = 0;
	int status = approach(window, start, &place, error);

	window->piece = PIECE;
	if (!status)
		status = read_after(window, place, &block, &found, error);
	for (; !status && begins; status = status ? status : next(window, &block, &found, error)) {
		if (!found)
			block = (struct swk_nginx_block){.at = window->before +
							       (off_t)window->length};
		else if (strcasecmp(block.name, start) < 0)
			continue;
		begins = found && !strncasecmp(block.name, start, strlen(start));
		block.hash = swk_nginx_hash_block(block.text, block.length);
		status = take(context, &block, error);
	}
	return status;
}

int swk_nginx_find(int descriptor, const char *path, const char *start, swk_nginx_take *take,
		   void *context, struct swk_error *error)
{
	struct window window = {.descriptor = descriptor, .path = path, .piece = SMALL_PIECE};
	int status;

	swk_buffer_init(&window.room, SWK_CONF_MAX);
	status = find(&window, start, take, context, error);
	swk_buffer_free(&window.room);
	return status;
}

/* ---- a text in memory ---- */

static int ignore(void *context, const struct swk_nginx_block *block, struct swk_error *error)
{
	(void)context;
	(void)block;
	(void)error;
	return 0;
}

int swk_nginx_scan_text(const struct swk_buffer *text, swk_nginx_take *take, void *context,
			uint64_t *hash, struct swk_error *error)
{
	struct window window = {.data = text->data, .length = text->length, .ended = true};

	return scan(&window, take, context, hash, error);
}

uint64_t swk_nginx_hash(const struct swk_buffer *text)
{
	struct swk_error error = {0};
	uint64_t hash = 0;

	(void)swk_nginx_scan_text(text, ignore, NULL, &hash, &error);
	return hash;
}
