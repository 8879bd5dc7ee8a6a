/* SPDX-License-Identifier: MIT */
#include "nginx/syntax.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

struct reader {
	const struct swk_nginx_file *file;
	const char *at, *end;
	unsigned line;
	struct swk_buffer words; /* of the current directive, each with a NUL at its end */
	size_t count;
	size_t *room;
	struct swk_error *error;
};

static int refuse(const struct reader *reader, const char *reason)
{
	return swk_error_set(reader->error, SWK_DATA, "%s:%u: %s", reader->file->name, reader->line,
			     reason);
}

static int refuse_byte(const struct reader *reader)
{
	if (reader->at == reader->end)
		return refuse(reader, "unexpected end of the file: a ';' or '}' is missing");
	return swk_error_set(reader->error, SWK_DATA, "%s:%u: unexpected '%c'", reader->file->name,
			     reader->line, *reader->at);
}

bool swk_directive_is(const struct swk_directive *directive, const char *name)
{
	return !strcmp(directive->words[0], name);
}

bool swk_directive_includes(const struct swk_directive *directive)
{
	return swk_directive_is(directive, "include") && directive->count == 2 && !directive->block;
}

void swk_directives_free(struct swk_directives *directives)
{
	for (size_t i = 0; i < directives->count; i++) {
		swk_directives_free(&directives->list[i].inside);
		free(directives->list[i].words);
	}
	free(directives->list);
	*directives = (struct swk_directives){0};
}

/* ---- words ---- */

static bool is_space(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

static void step(struct reader *reader)
{
	reader->line += *reader->at == '\n';
	reader->at++;
}

/* Skips white space and comments. */
static void skip_space(struct reader *reader)
{
	while (reader->at < reader->end && (is_space(*reader->at) || *reader->at == '#')) {
		const char *line = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));

		if (*reader->at == '#')
			reader->at = line ? line : reader->end;
		else
			step(reader);
	}
}

/* Appends a word's next byte, or an escape: a backslash and the byte after it. */
static int take_byte(struct reader *reader)
{
	static const char escaped[] = "\"'\\trn", meant[] = "\"'\\\t\r\n";
	const char *found = NULL;
	int status;

	if (!*reader->at)
		return refuse(reader, "a NUL");
	if (*reader->at == '\\' && reader->end - reader->at > 1) {
		found = reader->at[1] ? strchr(escaped, reader->at[1]) : NULL;
		if (!found && swk_buffer_add(&reader->words, reader->at, 1, reader->error))
			return reader->error->status;
		step(reader);
	}
	if (!*reader->at)
		return refuse(reader, "a NUL");
	status = swk_buffer_add(&reader->words, found ? &meant[found - escaped] : reader->at, 1,
				reader->error);
	step(reader);
	return status;
}

static int read_quoted(struct reader *reader)
{
	char quote = *reader->at++;
	int status = 0;

	while (!status && reader->at < reader->end && *reader->at != quote)
		status = take_byte(reader);
	if (status || reader->at == reader->end)
		return status;
	reader->at++;
	if (reader->at < reader->end && !is_space(*reader->at) && !strchr(";{)", *reader->at))
		return refuse_byte(reader);
	return 0;
}

static int read_plain(struct reader *reader)
{
	bool variable = false; /* the brace in `${name}` does not begin a block */
	int status = 0;

	while (!status && reader->at < reader->end && !is_space(*reader->at) &&
	       *reader->at != ';' && (*reader->at != '{' || variable)) {
		variable = *reader->at == '$';
		status = take_byte(reader);
	}
	return status;
}

static int read_word(struct reader *reader)
{
	size_t before = reader->words.length;
	int status = *reader->at == '"' || *reader->at == '\'' ? read_quoted(reader)
							       : read_plain(reader);

	if (status)
		return status;
	if (reader->words.length - before > SWK_LINT_WORD_MAX)
		return refuse(reader, "this word is too long: is a quote missing?");
	reader->count++;
	return swk_buffer_add(&reader->words, "", 1, reader->error);
}

/* ---- Lua ---- */

/* The length of the bracket that opens a long string, `[[` or `[==[`; the closing bracket has the
 * same length. 0 if there is none. */
static size_t long_bracket(const struct reader *reader, const char *at)
{
	const char *start = at;

	if (at < reader->end && *at == '[')
		at++;
	while (at > start && at < reader->end && *at == '=')
		at++;
	return at > start && at < reader->end && *at == '[' ? (size_t)(at + 1 - start) : 0;
}

static bool closes(const struct reader *reader, size_t length)
{
	const char *at = reader->at;

	if ((size_t)(reader->end - at) < length || at[0] != ']' || at[length - 1] != ']')
		return false;
	for (size_t i = 1; i < length - 1; i++) {
		if (at[i] != '=')
			return false;
	}
	return true;
}

static void skip_long(struct reader *reader, size_t length)
{
	reader->at += length;
	while (reader->at < reader->end && !closes(reader, length))
		step(reader);
	if (reader->at < reader->end)
		reader->at += length;
}

static void skip_lua_comment(struct reader *reader)
{
	size_t length = long_bracket(reader, reader->at + 2);

	reader->at += 2;
	if (length) {
		skip_long(reader, length);
		return;
	}
	while (reader->at < reader->end && *reader->at != '\n')
		reader->at++;
}

static void skip_lua_text(struct reader *reader)
{
	char quote = *reader->at++;

	while (reader->at < reader->end && *reader->at != quote) {
		if (*reader->at == '\\' && reader->end - reader->at > 1)
			step(reader);
		step(reader);
	}
	if (reader->at < reader->end)
		reader->at++;
}

/* Skips the rest of a block, up to and including its closing brace. */
static int skip_lua(struct reader *reader)
{
	unsigned depth = 1;

	while (reader->at < reader->end && depth) {
		size_t length = long_bracket(reader, reader->at);

		if (length) {
			skip_long(reader, length);
		} else if (*reader->at == '-' && reader->end - reader->at > 1 &&
			   reader->at[1] == '-') {
			skip_lua_comment(reader);
		} else if (*reader->at == '"' || *reader->at == '\'') {
			skip_lua_text(reader);
		} else {
			if (*reader->at == '{')
				depth++;
			else if (*reader->at == '}')
				depth--;
			step(reader);
		}
	}
	return depth ? refuse_byte(reader) : 0;
}

static bool is_lua(const struct swk_directive *directive)
{
	static const char end[] = "_by_lua_block";
	size_t length = strlen(directive->words[0]);

	return length > strlen(end) && !strcmp(directive->words[0] + length - strlen(end), end);
}

/* ---- directives ---- */

/* Copies the current words into a directive. */
static int keep_words(struct reader *reader, struct swk_directive *directive)
{
	size_t pointers = reader->count * sizeof(char *);
	char *text;

	directive->words = malloc(pointers + reader->words.length);
	if (!directive->words)
		return swk_error_memory(reader->error);
	text = (char *)directive->words + pointers;
	memcpy(text, reader->words.data, reader->words.length);
	for (size_t i = 0; i < reader->count; i++) {
		directive->words[i] = text;
		text += strlen(text) + 1;
	}
	directive->count = reader->count;
	return 0;
}

static int append(struct reader *reader, struct swk_directives *out, unsigned line)
{
	struct swk_directive *list;

	if (!*reader->room)
		return refuse(reader, "too many directives");
	--*reader->room;
	list = swk_list_grow(out->list, out->count, sizeof(*list));
	if (!list)
		return swk_error_memory(reader->error);
	out->list = list;
	list[out->count] = (struct swk_directive){.file = reader->file, .line = line};
	return keep_words(reader, &list[out->count++]);
}

/* Reads a directive with the `;` or `{` that ends it. *block: it is `{`. */
static int read_directive(struct reader *reader, struct swk_directives *out, bool *block)
{
	unsigned line = reader->line;

	swk_buffer_clear(&reader->words);
	reader->count = 0;
	for (;;) {
		skip_space(reader);
		if (reader->at == reader->end || *reader->at == '}')
			return refuse_byte(reader);
		if (*reader->at == ';' || *reader->at == '{')
			break;
		if (read_word(reader))
			return reader->error->status;
	}
	if (!reader->count)
		return refuse_byte(reader);
	*block = *reader->at++ == '{';
	return append(reader, out, line);
}

/* Reads to the end of the file or, if `depth` is not 0, of the block. */
static int read_all(struct reader *reader, struct swk_directives *out, unsigned depth)
{
	int status = 0;

	if (depth > SWK_LINT_DEPTH_MAX)
		return refuse(reader, "blocks are nested too deeply");
	while (!status) {
		struct swk_directive *last;
		bool block = false;

		skip_space(reader);
		if (reader->at == reader->end && !depth)
			break;
		if (reader->at < reader->end && *reader->at == '}' && depth) {
			reader->at++;
			break;
		}
		status = read_directive(reader, out, &block);
		if (status)
			break;
		last = &out->list[out->count - 1];
		last->block = block;
		if (block)
			status = is_lua(last) ? skip_lua(reader)
					      : read_all(reader, &last->inside, depth + 1);
	}
	return status;
}

int swk_nginx_conf_parse(struct swk_directives *out, const struct swk_nginx_file *file,
			 const char *text, size_t length, size_t *room, struct swk_error *error)
{
	struct reader reader = {
		.file = file, .at = text ? text : "", .line = 1, .room = room, .error = error};
	int status;

	reader.end = reader.at + length;
	swk_buffer_init(&reader.words, SWK_LINT_TEXT_MAX);
	status = read_all(&reader, out, 0);
	if (status)
		swk_directives_free(out);
	swk_buffer_free(&reader.words);
	return status;
}
