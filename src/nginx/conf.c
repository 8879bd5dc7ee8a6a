/* SPDX-License-Identifier: MIT */
#include "nginx/conf.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>

#include "base/number.h"

#define HEAD "# Written by swk-apply from what Consul says."

const char swk_nginx_head[] = HEAD " Changes made by hand are lost.\n";
const char *const swk_nginx_comments[SWK_SOURCE_KINDS] = {
	[SWK_SOURCE_SERVICE] = "# service ", [SWK_SOURCE_KEY] = "# key "};
const char swk_nginx_comment_tag[] = ", tag ";
static const char comment_place[] = ", from ";

/* The keepalive directives. Each has a number of at least 1, and appears at most once; the first
 * may also be 0, and then alone. */
static const struct {
	const char *name;
	size_t offset;
	unsigned most;
	bool time;
} upstream_numbers[] = {
	{"keepalive", offsetof(struct swk_upstream, keepalive), SWK_KEEPALIVE_MAX, false},
	{"keepalive_timeout", offsetof(struct swk_upstream, keepalive_timeout),
	 SWK_FAIL_TIMEOUT_MAX, true},
	{"keepalive_requests", offsetof(struct swk_upstream, keepalive_requests),
	 SWK_KEEPALIVE_REQUESTS_MAX, false},
};

#define UPSTREAM_NUMBERS (sizeof(upstream_numbers) / sizeof(*upstream_numbers))

/* ---- writing ---- */

static int write_attributes(struct swk_buffer *out, const struct swk_server *server,
			    struct swk_error *error)
{
	char number[SWK_NUMBER_MAX], seconds[SWK_NUMBER_MAX];

	if (server->weight != SWK_NGINX_WEIGHT &&
	    swk_buffer_words(out, error,
			     SWK_WORDS(" weight=", swk_number_text(number, server->weight))))
		return error->status;
	if (server->max_conns &&
	    swk_buffer_words(out, error,
			     SWK_WORDS(" max_conns=", swk_number_text(number, server->max_conns))))
		return error->status;
	return swk_buffer_words(
		out, error,
		SWK_WORDS(" max_fails=", swk_number_text(number, server->max_fails),
			  " fail_timeout=", swk_number_text(seconds, server->fail_timeout), "s",
			  server->backup ? " backup" : "", server->down ? " down" : "", ";"));
}

/* Writes the directives that come before the servers. */
static int write_method(struct swk_buffer *out, const struct swk_upstream *upstream,
			const char *before, const char *after, struct swk_error *error)
{
	char text[SWK_NUMBER_MAX];

	if (upstream->balance != SWK_ROUND_ROBIN &&
	    swk_buffer_words(out, error,
			     SWK_WORDS(before, swk_balance_words[upstream->balance], ";", after)))
		return error->status;
	if (upstream->says_none &&
	    swk_buffer_words(out, error, SWK_WORDS(before, "keepalive 0;", after)))
		return error->status;
	for (size_t i = 0; upstream->keepalive && i < UPSTREAM_NUMBERS; i++) {
		const unsigned *number =
			(const void *)((const char *)upstream + upstream_numbers[i].offset);

		if (*number &&
		    swk_buffer_words(out, error,
				     SWK_WORDS(before, upstream_numbers[i].name, " ",
					       swk_number_text(text, *number),
					       upstream_numbers[i].time ? "s;" : ";", after)))
			return error->status;
	}
	return 0;
}

int swk_nginx_directives(struct swk_buffer *out, const struct swk_upstream *upstream,
			 const char *before, const char *after, struct swk_error *error)
{
	int status = write_method(out, upstream, before, after, error);
	const struct swk_server *last = NULL;
	char address[SWK_ADDRESS_MAX];
	struct swk_buffer attributes;

	swk_buffer_init(&attributes, SWK_TEXT_MAX);
	for (size_t i = 0; !status && i < upstream->count; i++) {
		const struct swk_server *server = &upstream->servers[i];

		/* Most servers have the same attributes. */
		if (!last || !swk_server_same_attributes(last, server)) {
			swk_buffer_clear(&attributes);
			status = write_attributes(&attributes, server, error);
		}
		last = server;
		if (!status)
			status = swk_buffer_words(out, error,
						  SWK_WORDS(before, "server ",
							    swk_server_address(server, address),
							    attributes.data, after));
	}
	swk_buffer_free(&attributes);
	return status;
}

/* Writes a source, if it is known. */
static int write_source(struct swk_buffer *out, const struct swk_source *source,
			struct swk_error *error)
{
	if (!*source->name)
		return 0;
	return swk_buffer_words(out, error,
				SWK_WORDS(swk_nginx_comments[source->kind], source->name,
					  *source->tag ? swk_nginx_comment_tag : "", source->tag,
					  swk_source_is_elsewhere(source) ? comment_place : "",
					  swk_source_is_elsewhere(source) ? source->place : "",
					  "\n"));
}

int swk_nginx_block(struct swk_buffer *out, const struct swk_upstream *upstream,
		    struct swk_error *error)
{
	if (swk_buffer_add(out, "\n", 1, error) || write_source(out, &upstream->source, error) ||
	    swk_buffer_words(out, error, SWK_WORDS("upstream ", upstream->name, " {\n")) ||
	    swk_nginx_directives(out, upstream, "    ", "\n", error) ||
	    swk_buffer_add(out, "}\n", 2, error))
		return error->status;
	return 0;
}

int swk_nginx_blocks(struct swk_buffer *out, const struct swk_upstreams *set,
		     struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < set->count; i++)
		status = swk_nginx_block(out, &set->list[i], error);
	return status;
}

int swk_nginx_file(struct swk_buffer *out, const struct swk_upstreams *set, struct swk_error *error)
{
	int status = swk_buffer_add(out, swk_nginx_head, strlen(swk_nginx_head), error);

	return status ? status : swk_nginx_blocks(out, set, error);
}

/* ---- reading ---- */

/* The longest word that swk-apply writes is a tag: a key such as `gray`, `=`, and a colour. A
 * longer word is an error. */
#define WORD_MAX (2 * SWK_NAME_MAX + 1)

struct reader {
	const char *path;
	const char *at, *end;
	unsigned line;
	const char *word;	   /* the current token, in the text */
	size_t length;		   /* 0 at the end of the text */
	enum swk_source_kind kind; /* from the comment before the next upstream */
	char source[WORD_MAX + 1]; /* its name, or "" */
	char tag[WORD_MAX + 1];
	char place[WORD_MAX + 1];
	const char *attributes; /* text after the last server's address, including `;` */
	size_t attributes_length;
	struct swk_server last; /* the attributes in that text; its address is meaningless */
	struct swk_error *error;
};

static int refuse(struct reader *reader, const char *reason)
{
	return swk_error_set(reader->error, SWK_CANTCREATE,
			     "%s:%u: %s: swk-apply neither writes nor overwrites this; remove it, "
			     "or run 'swk-apply --resync --adopt' to rewrite the file from Consul",
			     reader->path, reader->line, reason);
}

static int refuse_word(struct reader *reader)
{
	char reason[WORD_MAX + 32];

	(void)snprintf(reason, sizeof(reason), "unexpected '%.*s'",
		       reader->length ? (int)reader->length : 3,
		       reader->length ? reader->word : "end");
	return refuse(reader, reason);
}

static bool is_word(const struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	return reader->length == length && !memcmp(reader->word, word, length);
}

/* Copies [from, to) into a word, or makes the word empty if it does not fit. */
static void copy_word(char *word, const char *from, const char *to)
{
	size_t length = (size_t)(to - from);

	if (length > WORD_MAX)
		length = 0;
	memcpy(word, from, length);
	word[length] = '\0';
}

/* The text after `words` if [at, end) begins with them and continues, else NULL. */
static const char *text_after(const char *words, const char *at, const char *end)
{
	size_t length = strlen(words);

	return (size_t)(end - at) > length && !memcmp(at, words, length) ? at + length : NULL;
}

/* Cuts a part off the end of [at, *end): what follows `words`, or "". */
static void cut_off(char *part, const char *words, const char *at, const char **end)
{
	const char *found = memmem(at, (size_t)(*end - at), words, strlen(words));

	copy_word(part, found ? found + strlen(words) : *end, *end);
	if (found)
		*end = found;
}

/* Reads a comment. If it names the source of the next upstream, remembers the source. */
static void read_comment(struct reader *reader)
{
	const char *line_end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));

	if (!line_end)
		line_end = reader->end;
	for (enum swk_source_kind i = 0; i < SWK_SOURCE_KINDS; i++) {
		const char *end = line_end,
			   *name = text_after(swk_nginx_comments[i], reader->at, end);

		if (!name)
			continue;
		reader->kind = i;
		reader->tag[0] = reader->place[0] = '\0';
		if (swk_source_traits[i].tagged) {
			cut_off(reader->place, comment_place, name, &end);
			cut_off(reader->tag, swk_nginx_comment_tag, name, &end);
		}
		copy_word(reader->source, name, end);
	}
	reader->at = line_end;
}

/* The bytes that end a word: white space, a mark, or a NUL, which is an error. */
static const bool ends_word[256] = {
	[' '] = true,  ['\t'] = true, ['\n'] = true, ['\v'] = true, ['\f'] = true,
	['\r'] = true, [';'] = true,  ['{'] = true,  ['}'] = true,  ['\0'] = true,
};

static bool is_space(char byte)
{
	return byte == ' ' || (byte >= '\t' && byte <= '\r');
}

/* Reads the next token: `;`, `{`, `}`, a word, or "" at the end of the text. */
static int next(struct reader *reader)
{
	const char *start, *at;

	for (;; reader->at++) {
		if (reader->at < reader->end && *reader->at == '#')
			read_comment(reader);
		if (reader->at == reader->end || !is_space(*reader->at))
			break;
		if (*reader->at == '\n')
			reader->line++;
	}
	start = reader->at;
	reader->word = at = start;
	while (at < reader->end && !ends_word[(unsigned char)*at])
		at++;
	if (at - start > WORD_MAX || (at < reader->end && !*at))
		return refuse(reader, "a word that is too long or contains a NUL byte");
	if (at == start && at < reader->end)
		at++; /* a mark */
	reader->length = (size_t)(at - start);
	reader->at = at;
	return 0;
}

static int expect(struct reader *reader, const char *word)
{
	int status = next(reader);

	return status || is_word(reader, word) ? status : refuse_word(reader);
}

static bool begins(const struct reader *reader, const char *word)
{
	size_t length = strlen(word);

	return reader->length >= length && !memcmp(reader->word, word, length);
}

/* Reads `2s`, or a bare number of seconds, as nginx does. */
static bool read_seconds(const char *text, size_t length, unsigned *seconds)
{
	if (length && text[length - 1] == 's')
		length--;
	return swk_unsigned_read(text, length, SWK_FAIL_TIMEOUT_MAX, seconds);
}

static bool read_attribute(const struct reader *reader, struct swk_server *server)
{
	static const struct {
		const char *name;
		size_t offset;
		unsigned least, most;
	} numbers[] = {
		{"weight=", offsetof(struct swk_server, weight), 1, SWK_WEIGHT_MAX},
		{"max_conns=", offsetof(struct swk_server, max_conns), 0, SWK_MAX_CONNS_MAX},
		{"max_fails=", offsetof(struct swk_server, max_fails), 0, SWK_MAX_FAILS_MAX},
	};

	for (size_t i = 0; i < sizeof(numbers) / sizeof(*numbers); i++) {
		size_t length = strlen(numbers[i].name);

		unsigned *number = (unsigned *)(void *)((char *)server + numbers[i].offset);

		if (begins(reader, numbers[i].name))
			return swk_unsigned_read(reader->word + length, reader->length - length,
						 numbers[i].most, number) &&
			       *number >= numbers[i].least;
	}
	if (begins(reader, "fail_timeout="))
		return read_seconds(reader->word + 13, reader->length - 13, &server->fail_timeout);
	if (is_word(reader, "backup"))
		return server->backup = true;
	if (is_word(reader, "down"))
		return server->down = true;
	return false;
}

/* Reads attributes up to the `;`. Remembers their text if it is all on one line. */
static int read_attributes(struct reader *reader, struct swk_server *server)
{
	const char *start = reader->at;
	unsigned line = reader->line;
	int status;

	while (!(status = next(reader)) && !is_word(reader, ";")) {
		if (!read_attribute(reader, server))
			return refuse_word(reader);
	}
	if (status || reader->line != line)
		return status;
	reader->attributes = start;
	reader->attributes_length = (size_t)(reader->at - start);
	reader->last = *server;
	reader->last.host = NULL;
	return 0;
}

/* Whether the attributes are the same text as the previous server's, as most are. */
static bool same_attributes(const struct reader *reader)
{
	return reader->attributes_length &&
	       (size_t)(reader->end - reader->at) >= reader->attributes_length &&
	       !memcmp(reader->at, reader->attributes, reader->attributes_length);
}

/* Reads `server ADDRESS [ATTRIBUTE]…;`, after its first word. */
static int read_server(struct reader *reader, struct swk_upstream *upstream)
{
	struct swk_server server = {.weight = SWK_NGINX_WEIGHT,
				    .max_fails = SWK_NGINX_MAX_FAILS,
				    .fail_timeout = SWK_NGINX_FAIL_TIMEOUT};
	char host[SWK_HOST_MAX + 1];
	bool same;
	int status = next(reader);

	if (status)
		return status;
	same = same_attributes(reader);
	if (same)
		server = reader->last;
	if (!swk_server_parse_address(&server, reader->word, reader->length) &&
	    !swk_server_parse_host(&server, reader->word, reader->length, host))
		return refuse_word(reader);
	if (same)
		reader->at += reader->attributes_length;
	else
		status = read_attributes(reader, &server);
	return status ? status : swk_upstream_add(upstream, &server, reader->error);
}

static int read_upstream_number(struct reader *reader, struct swk_upstream *upstream, size_t i)
{
	unsigned *number = (unsigned *)(void *)((char *)upstream + upstream_numbers[i].offset);
	int status = next(reader);

	if (status)
		return status;
	if (!i && !*number && !upstream->says_none && is_word(reader, "0")) {
		upstream->says_none = true;
		return expect(reader, ";");
	}
	if (*number || (!i && upstream->says_none) ||
	    !(upstream_numbers[i].time ? read_seconds(reader->word, reader->length, number)
				       : swk_unsigned_read(reader->word, reader->length,
							   upstream_numbers[i].most, number)) ||
	    !*number)
		return refuse_word(reader);
	return expect(reader, ";");
}

/* Reads a balancing method, at most one for each upstream, after its first word. */
static int read_balance(struct reader *reader, struct swk_upstream *upstream)
{
	int status = 0;

	for (enum swk_balance i = SWK_ROUND_ROBIN + 1; i < SWK_BALANCES; i++) {
		const char *words = swk_balance_words[i];
		size_t length = strcspn(words, " ");

		if (reader->length != length || memcmp(reader->word, words, length) != 0)
			continue;
		if (upstream->balance != SWK_ROUND_ROBIN)
			break;
		upstream->balance = i;
		if (words[length])
			status = expect(reader, words + length + 1);
		return status ? status : expect(reader, ";");
	}
	return refuse_word(reader);
}

static int read_directive(struct reader *reader, struct swk_upstream *upstream)
{
	if (is_word(reader, "server"))
		return read_server(reader, upstream);
	for (size_t i = 0; i < UPSTREAM_NUMBERS; i++) {
		if (is_word(reader, upstream_numbers[i].name))
			return read_upstream_number(reader, upstream, i);
	}
	return read_balance(reader, upstream);
}

/* nginx accepts `backup` before a method that has none, but swk-apply writes the method first. */
static int check_backups(struct reader *reader, const struct swk_upstream *upstream)
{
	if (swk_balance_has_backups(upstream->balance))
		return 0;
	for (size_t i = 0; i < upstream->count; i++) {
		if (upstream->servers[i].backup)
			return refuse(
				reader,
				"a 'backup' server with a balancing method that has no backups");
	}
	return 0;
}

/* Reads an upstream's block, from `{` to `}`. */
static int read_block(struct reader *reader, struct swk_upstream *upstream)
{
	int status = expect(reader, "{");

	while (!status && !(status = next(reader))) {
		if (is_word(reader, "}") && upstream->count)
			return check_backups(reader, upstream);
		status = read_directive(reader, upstream);
	}
	return status;
}

static bool is_place(const char *place)
{
	return !*place || swk_name_valid(place) || !strcmp(place, swk_source_fallback);
}

/* Reads `upstream NAME { … }`, after its first word. */
static int read_upstream(struct reader *reader, struct swk_upstreams *set)
{
	struct swk_source source = swk_source_unknown;
	struct swk_upstream upstream;
	char name[WORD_MAX + 1];
	int status = next(reader);

	if (status)
		return status;
	copy_word(name, reader->word, reader->word + reader->length);
	if (!swk_name_valid(name))
		return refuse_word(reader);
	if (swk_name_valid(reader->source) && swk_tag_valid(reader->tag) && is_place(reader->place))
		source = (struct swk_source){reader->kind, reader->source, reader->tag,
					     reader->place};
	if (swk_upstream_init(&upstream, name, &source, reader->error))
		return reader->error->status;
	reader->source[0] = '\0';
	status = read_block(reader, &upstream);
	if (!status) {
		swk_upstream_tidy(&upstream);
		status = swk_upstreams_append(set, &upstream, reader->error);
	}
	swk_upstream_free(&upstream);
	return status;
}

bool swk_nginx_is_managed(const char *text, size_t length)
{
	size_t blank = 0;

	while (blank < length && isspace((unsigned char)text[blank]))
		blank++;
	return blank == length || (length >= strlen(HEAD) && !memcmp(text, HEAD, strlen(HEAD)));
}

int swk_nginx_read(struct swk_upstreams *set, const char *path, const char *text, size_t length,
		   struct swk_error *error)
{
	struct reader reader = {.path = path, .at = text ? text : "", .line = 1, .error = error};
	const char *twice;
	int status;

	reader.end = reader.at + length;
	while (!(status = next(&reader)) && reader.length) {
		status = is_word(&reader, "upstream") ? read_upstream(&reader, set)
						      : refuse_word(&reader);
		if (status)
			break;
	}
	twice = status ? NULL : swk_upstreams_sort(set);
	if (twice)
		status = swk_error_set(error, SWK_CANTCREATE,
				       "%s: upstream %s appears twice (case does not matter in "
				       "names): remove one of them",
				       path, twice);
	if (status)
		swk_upstreams_free(set);
	return status;
}
