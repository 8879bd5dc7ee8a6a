/* SPDX-License-Identifier: MIT */
/* For all fuzz targets. A target is one C file: what it is fed, and what must be true. */
#ifndef SWK_FUZZ_H
#define SWK_FUZZ_H

#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "model/upstream.h"
#include "nginx/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

/* Checks a property. If it does not hold, aborts, which is a finding. */
__attribute__((format(printf, 2, 3))) static inline void fuzz_require(bool holds,
								      const char *format, ...)
{
	va_list arguments;

	if (holds)
		return;
	va_start(arguments, format);
	(void)fputs("property: ", stderr);
	(void)vfprintf(stderr, format, arguments);
	(void)fputc('\n', stderr);
	va_end(arguments);
	abort();
}

/* Requires success, also of allocations. */
static inline void fuzz_done(int status, const struct swk_error *error, const char *what)
{
	fuzz_require(!status && !error->status, "%s: %d: %s", what, error->status, error->text);
}

/* ---- an input of several texts ---- */

#define FUZZ_MARK "%%\n"

struct fuzz_text {
	const char *data;
	size_t length;
};

/* Removes the next text from an input, up to the mark or the end. Returns "" at the end. */
static inline struct fuzz_text fuzz_next(struct fuzz_text *rest)
{
	struct fuzz_text text = *rest;
	const char *mark = rest->length
				   ? memmem(rest->data, rest->length, FUZZ_MARK, strlen(FUZZ_MARK))
				   : NULL;

	if (mark) {
		text.length = (size_t)(mark - rest->data);
		rest->data = mark + strlen(FUZZ_MARK);
		rest->length -= text.length + strlen(FUZZ_MARK);
	} else {
		*rest = (struct fuzz_text){"", 0};
	}
	return text;
}

static inline bool fuzz_has(struct fuzz_text options, char letter)
{
	return options.length && memchr(options.data, letter, options.length);
}

/* Removes the settings from the options: the text from a `{` on, or "". */
static inline struct fuzz_text fuzz_settings(struct fuzz_text *options)
{
	const char *brace = options->length ? memchr(options->data, '{', options->length) : NULL;
	struct fuzz_text settings = {"", 0};

	if (brace) {
		settings.data = brace;
		settings.length = options->length - (size_t)(brace - options->data);
		options->length -= settings.length;
	}
	return settings;
}

/* ---- the model ---- */

static inline void fuzz_same_upstream(const struct swk_upstream *a, const struct swk_upstream *b)
{
	fuzz_require(!strcmp(a->name, b->name), "name %s became %s", a->name, b->name);
	fuzz_require(swk_source_same(&a->source, &b->source), "%s: source %d %s %s became %d %s %s",
		     a->name, (int)a->source.kind, a->source.name, a->source.tag,
		     (int)b->source.kind, b->source.name, b->source.tag);
	fuzz_require(a->partial == b->partial, "%s: unread differs", a->name);
	fuzz_require(a->partial || swk_upstream_same(a, b), "%s: its servers differ", a->name);
}

static inline void fuzz_same(const struct swk_upstreams *a, const struct swk_upstreams *b)
{
	fuzz_require(a->count == b->count, "%zu upstreams became %zu", a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		fuzz_same_upstream(&a->list[i], &b->list[i]);
}

/* Requires that two upstreams have the same members in FILE. Does not use the code that it
 * checks. */
static inline void fuzz_identical(const struct swk_upstream *a, const struct swk_upstream *b)
{
	fuzz_same_upstream(a, b);
	fuzz_require(a->balance == b->balance, "%s: balance %d became %d", a->name, (int)a->balance,
		     (int)b->balance);
	fuzz_require(a->keepalive == b->keepalive, "%s: keepalive %u became %u", a->name,
		     a->keepalive, b->keepalive);
	fuzz_require(a->keepalive_timeout == b->keepalive_timeout,
		     "%s: keepalive_timeout %u became %u", a->name, a->keepalive_timeout,
		     b->keepalive_timeout);
	fuzz_require(a->keepalive_requests == b->keepalive_requests,
		     "%s: keepalive_requests %u became %u", a->name, a->keepalive_requests,
		     b->keepalive_requests);
	fuzz_require(a->count == b->count, "%s: %zu servers became %zu", a->name, a->count,
		     b->count);
	for (size_t i = 0; i < a->count; i++) {
		const struct swk_server *x = &a->servers[i], *y = &b->servers[i];

		fuzz_require(!x->host == !y->host && (!x->host || !strcmp(x->host, y->host)),
			     "%s: server %zu: its host differs", a->name, i);
		fuzz_require(x->v6 == y->v6 && !memcmp(x->ip, y->ip, sizeof(x->ip)) &&
				     x->port == y->port,
			     "%s: server %zu: its address differs", a->name, i);
		fuzz_require(x->weight == y->weight && x->max_conns == y->max_conns &&
				     x->max_fails == y->max_fails &&
				     x->fail_timeout == y->fail_timeout && x->backup == y->backup &&
				     x->down == y->down,
			     "%s: server %zu: its attributes differ", a->name, i);
	}
}

/* Requires that a set is sorted, has no name twice, and no address twice in an upstream. */
static inline void fuzz_in_order(const struct swk_upstreams *set, bool unique)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct swk_upstream *this = &set->list[i];
		int order = i ? strcasecmp(set->list[i - 1].name, this->name) : -1;

		fuzz_require(order < 0 || (!order && !unique), "%s comes after %s", this->name,
			     i ? set->list[i - 1].name : "");
		for (size_t j = 1; j < this->count; j++)
			fuzz_require(swk_server_compare(&this->servers[j - 1], &this->servers[j]) <
					     0,
				     "%s: its servers are not sorted, or one is there twice",
				     this->name);
	}
}

/* nginx refuses backup servers with a method that has none. */
static inline void fuzz_backups(const struct swk_upstreams *set)
{
	for (size_t i = 0; i < set->count; i++) {
		const struct swk_upstream *this = &set->list[i];

		for (size_t j = 0; j < this->count; j++)
			fuzz_require(!this->servers[j].backup || this->balance == SWK_ROUND_ROBIN ||
					     this->balance == SWK_LEAST_CONN,
				     "%s: backup with a method that has none", this->name);
	}
}

/* Whether a name may be sent. Does not use the model's own check, so that it holds even if that
 * changes. */
static inline bool fuzz_is_name(const char *name)
{
	static const char letters[] =
		"0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ";
	size_t length = strlen(name);

	if (!length || length > 200 || !strchr(letters, *name))
		return false;
	for (size_t i = 0; i < length; i++) {
		if (!strchr(letters, name[i]) && !strchr("._-", name[i]))
			return false;
	}
	return true;
}

/* Requires that a text has only the characters of FILE and of the body of a POST. */
static inline void fuzz_only_allowed(const char *what, const char *text, size_t length)
{
	static const char allowed[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				      "0123456789._:[]= ,#;{}\n-";

	for (size_t i = 0; i < length; i++)
		fuzz_require(text[i] && strchr(allowed, text[i]), "%s: byte %zu is 0x%02x", what, i,
			     (unsigned char)text[i]);
}

/* Reads the body of a POST into a zeroed set. It must contain only what an upstream's block may
 * contain. */
static inline void fuzz_read_body(struct swk_upstreams *set, const char *name, const char *body)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	fuzz_only_allowed("body", body, strlen(body));
	fuzz_require(!strpbrk(body, "{}#\n"), "body of %s: %s", name, body);
	swk_buffer_init(&text, SIZE_MAX / 2);
	fuzz_done(swk_buffer_print(&text, &error, "upstream %s {%s}", name, body), &error, "body");
	fuzz_done(swk_nginx_read(set, "body", text.data, text.length, &error), &error, body);
	fuzz_require(set->count == 1, "body of %s: %s", name, body);
	swk_buffer_free(&text);
}

#endif
