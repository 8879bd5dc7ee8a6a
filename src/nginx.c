/* SPDX-License-Identifier: MIT */
#include "nginx.h"

#include <ctype.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define HEAD "# Written by swk-apply from what Consul says."

static const char head[] = HEAD " Changes made by hand are lost.\n";
static const char comment_service[] = "# service ";
static const char comment_tag[] = ", tag ";
static const char comment_key[] = "# key ";

/* ---- writing ---- */

static int write_server(struct swk_buffer *out, const struct swk_server *server,
			struct swk_error *error)
{
	char address[SWK_ADDRESS_MAX];
	int status;

	status = swk_buffer_print(out, error, "server %s", swk_server_address(server, address));
	if (!status && server->weight != SWK_NGINX_WEIGHT)
		status = swk_buffer_print(out, error, " weight=%u", server->weight);
	if (!status && server->max_conns)
		status = swk_buffer_print(out, error, " max_conns=%u", server->max_conns);
	if (!status)
		status = swk_buffer_print(out, error, " max_fails=%u fail_timeout=%us%s%s;",
					  server->max_fails, server->fail_timeout,
					  server->backup ? " backup" : "",
					  server->down ? " down" : "");
	return status;
}

/* What stands before the servers. */
static int write_method(struct swk_buffer *out, const struct swk_upstream *upstream,
			const char *before, const char *after, struct swk_error *error)
{
	int status = 0;

	if (upstream->balance != SWK_ROUND_ROBIN)
		status = swk_buffer_print(out, error, "%s%s;%s", before,
					  swk_balance_words[upstream->balance], after);
	if (status || !upstream->keepalive)
		return status;
	status = swk_buffer_print(out, error, "%skeepalive %u;%s", before, upstream->keepalive,
				  after);
	if (!status && upstream->keepalive_timeout)
		status = swk_buffer_print(out, error, "%skeepalive_timeout %us;%s", before,
					  upstream->keepalive_timeout, after);
	if (!status && upstream->keepalive_requests)
		status = swk_buffer_print(out, error, "%skeepalive_requests %u;%s", before,
					  upstream->keepalive_requests, after);
	return status;
}

int swk_nginx_directives(struct swk_buffer *out, const struct swk_upstream *upstream,
			 const char *before, const char *after, struct swk_error *error)
{
	int status = write_method(out, upstream, before, after, error);

	for (size_t i = 0; !status && i < upstream->count; i++) {
		status = swk_buffer_add(out, before, strlen(before), error);
		if (!status)
			status = write_server(out, &upstream->servers[i], error);
		if (!status)
			status = swk_buffer_add(out, after, strlen(after), error);
	}
	return status;
}

/* Where an upstream comes from, if that is known. */
static int write_source(struct swk_buffer *out, const struct swk_upstream *upstream,
			struct swk_error *error)
{
	if (!*upstream->service)
		return 0;
	if (upstream->keyed)
		return swk_buffer_print(out, error, "%s%s\n", comment_key, upstream->service);
	return swk_buffer_print(out, error, "%s%s%s%s\n", comment_service, upstream->service,
				*upstream->tag ? comment_tag : "", upstream->tag);
}

int swk_nginx_file(struct swk_buffer *out, const struct swk_upstreams *set, struct swk_error *error)
{
	int status = swk_buffer_add(out, head, strlen(head), error);

	for (size_t i = 0; !status && i < set->count; i++) {
		const struct swk_upstream *upstream = &set->list[i];

		status = swk_buffer_add(out, "\n", 1, error);
		if (!status)
			status = write_source(out, upstream, error);
		if (!status)
			status = swk_buffer_print(out, error, "upstream %s {\n", upstream->name);
		if (!status)
			status = swk_nginx_directives(out, upstream, "    ", "\n", error);
		if (!status)
			status = swk_buffer_add(out, "}\n", 2, error);
	}
	return status;
}

/* ---- reading ---- */

/* The longest word that a file of ours has is a tag, `gray=` and a colour; what is longer is none
 * of ours. */
#define WORD_MAX (2 * SWK_NAME_MAX + 1)

struct reader {
	const char *path;
	const char *at, *end;
	unsigned line;
	char word[WORD_MAX + 1];    /* the present token */
	char service[WORD_MAX + 1]; /* of the comment before the next upstream, or "" */
	char tag[WORD_MAX + 1];
	bool keyed; /* it is a key's name, not a service's */
	struct swk_error *error;
};

static int refuse(struct reader *reader, const char *why)
{
	return swk_error_set(reader->error, SWK_CANTCREATE,
			     "%s:%u: %s: swk-apply doesn't write this and won't overwrite it; take "
			     "it out, or let 'swk-apply --resync --adopt' write the file anew",
			     reader->path, reader->line, why);
}

static int refuse_word(struct reader *reader)
{
	char why[WORD_MAX + 32];

	(void)snprintf(why, sizeof(why), "unexpected '%s'", *reader->word ? reader->word : "end");
	return refuse(reader, why);
}

/* Copies [from, to) into a word, or leaves it empty where it doesn't fit. */
static void copy_word(char *word, const char *from, const char *to)
{
	size_t length = (size_t)(to - from);

	if (length > WORD_MAX)
		length = 0;
	memcpy(word, from, length);
	word[length] = '\0';
}

/* What stands behind the words that [at, end) begins with, or NULL where that is nothing. */
static const char *behind(const char *words, const char *at, const char *end)
{
	size_t length = strlen(words);

	return (size_t)(end - at) > length && !memcmp(at, words, length) ? at + length : NULL;
}

/* A comment may be the one that says where the next upstream comes from. */
static void read_comment(struct reader *reader)
{
	const char *end = memchr(reader->at, '\n', (size_t)(reader->end - reader->at));
	const char *service, *key, *name, *tag = NULL;

	if (!end)
		end = reader->end;
	service = behind(comment_service, reader->at, end);
	key = behind(comment_key, reader->at, end);
	name = key ? key : service;
	if (service)
		tag = memmem(service, (size_t)(end - service), comment_tag, strlen(comment_tag));
	if (name) {
		reader->keyed = key != NULL;
		copy_word(reader->service, name, tag ? tag : end);
		copy_word(reader->tag, tag ? tag + strlen(comment_tag) : end, end);
	}
	reader->at = end;
}

/* The next token: `;`, `{`, `}`, a word, or "" at the end of the file. */
static int next(struct reader *reader)
{
	const char *start;

	for (;; reader->at++) {
		if (reader->at < reader->end && *reader->at == '#')
			read_comment(reader);
		if (reader->at == reader->end || !isspace((unsigned char)*reader->at))
			break;
		if (*reader->at == '\n')
			reader->line++;
	}
	start = reader->at;
	reader->word[0] = '\0';
	if (start == reader->end)
		return 0;
	do {
		reader->at++;
	} while (!strchr(";{}", *start) && reader->at < reader->end &&
		 !isspace((unsigned char)*reader->at) && *reader->at != ';' && *reader->at != '{' &&
		 *reader->at != '}');
	if (reader->at - start > WORD_MAX || memchr(start, '\0', (size_t)(reader->at - start)))
		return refuse(reader, "a word that is too long, or holds a NUL");
	copy_word(reader->word, start, reader->at);
	return 0;
}

static int expect(struct reader *reader, const char *word)
{
	int status = next(reader);

	if (!status && strcmp(reader->word, word))
		status = refuse_word(reader);
	return status;
}

/* A decimal number up to most; false where the text is anything else. */
static bool read_number(const char *text, unsigned most, unsigned *number)
{
	char *end;
	unsigned long value;

	if (!isdigit((unsigned char)*text))
		return false;
	value = strtoul(text, &end, 10); /* ULONG_MAX for all that is more */
	if (*end || value > most)
		return false;
	*number = (unsigned)value;
	return true;
}

/* `2s`, or a bare number of seconds, as nginx reads it. */
static bool read_seconds(char *text, unsigned *seconds)
{
	size_t length = strlen(text);

	if (length && text[length - 1] == 's')
		text[length - 1] = '\0';
	return read_number(text, SWK_FAIL_TIMEOUT_MAX, seconds);
}

static bool read_attribute(struct swk_server *server, char *word)
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

		if (!strncmp(word, numbers[i].name, length))
			return read_number(word + length, numbers[i].most, number) &&
			       *number >= numbers[i].least;
	}
	if (!strncmp(word, "fail_timeout=", 13))
		return read_seconds(word + 13, &server->fail_timeout);
	if (!strcmp(word, "backup"))
		return server->backup = true;
	if (!strcmp(word, "down"))
		return server->down = true;
	return false;
}

/* `server ADDRESS [ATTRIBUTE]…;`, the first word being read already. */
static int read_server(struct reader *reader, struct swk_upstream *upstream)
{
	struct swk_server server = {.weight = SWK_NGINX_WEIGHT,
				    .max_fails = SWK_NGINX_MAX_FAILS,
				    .fail_timeout = SWK_NGINX_FAIL_TIMEOUT};
	char host[SWK_HOST_MAX + 1];
	int status = next(reader);

	if (status)
		return status;
	if (!swk_server_parse_address(&server, reader->word, strlen(reader->word)) &&
	    !swk_server_parse_host(&server, reader->word, strlen(reader->word), host))
		return refuse_word(reader);
	while (!(status = next(reader)) && strcmp(reader->word, ";")) {
		if (!read_attribute(&server, reader->word))
			return refuse_word(reader);
	}
	if (status)
		return status;
	return swk_upstream_add(upstream, &server, reader->error);
}

/* What is said of connections that are kept: each a number, from 1 on, at most once. */
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

static int read_upstream_number(struct reader *reader, struct swk_upstream *upstream, size_t i)
{
	unsigned *number = (unsigned *)(void *)((char *)upstream + upstream_numbers[i].offset);
	int status = next(reader);

	if (status)
		return status;
	if (*number ||
	    !(upstream_numbers[i].time
		      ? read_seconds(reader->word, number)
		      : read_number(reader->word, upstream_numbers[i].most, number)) ||
	    !*number)
		return refuse_word(reader);
	return expect(reader, ";");
}

/* A balancing method, at most one. Of `random two` the present word is the first. */
static int read_balance(struct reader *reader, struct swk_upstream *upstream)
{
	int status = 0;

	for (enum swk_balance i = SWK_ROUND_ROBIN + 1; i < SWK_BALANCES; i++) {
		const char *words = swk_balance_words[i];
		size_t length = strcspn(words, " ");

		if (strlen(reader->word) != length || strncmp(reader->word, words, length) != 0)
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
	if (!strcmp(reader->word, "server"))
		return read_server(reader, upstream);
	for (size_t i = 0; i < sizeof(upstream_numbers) / sizeof(*upstream_numbers); i++) {
		if (!strcmp(reader->word, upstream_numbers[i].name))
			return read_upstream_number(reader, upstream, i);
	}
	return read_balance(reader, upstream);
}

/* nginx takes `backup` before a method that has none, but we write the method first. */
static int check_backups(struct reader *reader, const struct swk_upstream *upstream)
{
	if (swk_balance_has_backups(upstream->balance))
		return 0;
	for (size_t i = 0; i < upstream->count; i++) {
		if (upstream->servers[i].backup)
			return refuse(reader,
				      "a 'backup' server with a method that doesn't know them");
	}
	return 0;
}

/* What stands between an upstream's braces, and the closing one. */
static int read_block(struct reader *reader, struct swk_upstream *upstream)
{
	int status = expect(reader, "{");

	while (!status && !(status = next(reader))) {
		if (!strcmp(reader->word, "}") && upstream->count)
			return check_backups(reader, upstream);
		status = read_directive(reader, upstream);
	}
	return status;
}

/* `upstream NAME { … }`, the first word being read already. */
static int read_upstream(struct reader *reader, struct swk_upstreams *set)
{
	struct swk_upstream upstream = {0};
	int status = next(reader);

	if (status)
		return status;
	if (!swk_name_valid(reader->word))
		return refuse_word(reader);
	if (!swk_name_valid(reader->service) || !swk_tag_valid(reader->tag))
		reader->service[0] = reader->tag[0] = '\0';
	status = swk_upstream_init(&upstream, reader->word, reader->service, reader->tag,
				   reader->error);
	upstream.keyed = reader->keyed && *reader->service;
	reader->service[0] = reader->tag[0] = '\0';
	if (!status)
		status = read_block(reader, &upstream);
	if (!status) {
		swk_upstream_tidy(&upstream);
		status = swk_upstreams_append(set, &upstream, reader->error);
	}
	swk_upstream_free(&upstream);
	return status;
}

bool swk_nginx_is_ours(const char *text, size_t length)
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
	while (!(status = next(&reader)) && *reader.word) {
		status = strcmp(reader.word, "upstream") ? refuse_word(&reader)
							 : read_upstream(&reader, set);
		if (status)
			break;
	}
	if (!status) {
		twice = swk_upstreams_sort(set);
		if (twice)
			status = swk_error_set(error, SWK_CANTCREATE,
					       "%s: upstream %s stands in it twice (names are the "
					       "same whatever their case): take one out",
					       path, twice);
	}
	if (status)
		swk_upstreams_free(set);
	return status;
}
