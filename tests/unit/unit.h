/* SPDX-License-Identifier: MIT */
/* For all unit tests: the model from text and to text, so that a case is a row. */
#ifndef SWK_UNIT_H
#define SWK_UNIT_H

#include <ftw.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "base/buffer.h"
#include "model/names.h"
#include "model/report.h"
#include "model/upstream.h"
#include "nginx/conf.h"

#define COUNT(list) (sizeof(list) / sizeof(*(list)))

/* Like assert_string_equal and others, but the message names the row. */
static inline void unit_same(const char *row, const char *got, const char *expected)
{
	if (strcmp(got ? got : "(null)", expected ? expected : "(null)") != 0)
		fail_msg("%s:\n got: %s\nwant: %s", row, got ? got : "(null)",
			 expected ? expected : "(null)");
}

static inline void unit_number(const char *row, long long got, long long expected)
{
	if (got != expected)
		fail_msg("%s: got %lld, want %lld", row, got, expected);
}

static inline void unit_says(const char *row, const char *text, const char *part)
{
	if (!strstr(text, part))
		fail_msg("%s: '%s' is not in: %s", row, part, text);
}

/*
 * A server: `10.0.0.1:80` or `backend.example:80`, with attributes after commas, each in nginx's
 * syntax: `10.0.0.1:80,weight=2,backup`. Other attributes have nginx's defaults. A host name is
 * valid until the fourth server after it.
 */
static inline struct swk_server unit_server(const char *text)
{
	struct swk_server server = {.weight = SWK_NGINX_WEIGHT,
				    .max_fails = SWK_NGINX_MAX_FAILS,
				    .fail_timeout = SWK_NGINX_FAIL_TIMEOUT};
	static char hosts[4][SWK_HOST_MAX + 1];
	static unsigned turn;
	size_t length = strcspn(text, ",");

	if (!swk_server_parse_address(&server, text, length) &&
	    !swk_server_parse_host(&server, text, length, hosts[turn++ % COUNT(hosts)]))
		fail_msg("the test's own '%s' is not a server", text);
	for (text += length; *text; text += strcspn(text, ",")) {
		text++;
		if (sscanf(text, "weight=%u", &server.weight) == 1 ||
		    sscanf(text, "max_conns=%u", &server.max_conns) == 1 ||
		    sscanf(text, "max_fails=%u", &server.max_fails) == 1 ||
		    sscanf(text, "fail_timeout=%u", &server.fail_timeout) == 1)
			continue;
		if (!strncmp(text, "backup", 6))
			server.backup = true;
		else if (!strncmp(text, "down", 4))
			server.down = true;
		else
			fail_msg("the test's own '%s' is not an attribute", text);
	}
	return server;
}

/* The words for balancing methods: nginx's, with `_` for a space. */
static const char *const unit_balances[] = {"round_robin", "least_conn", "ip_hash", "random_two"};

/* Reads a word for a balancing method. False if it is not one. */
static inline bool unit_balance(const char *word, enum swk_balance *balance)
{
	for (size_t i = 0; i < COUNT(unit_balances); i++) {
		if (!strcmp(word, unit_balances[i])) {
			*balance = (enum swk_balance)i;
			return true;
		}
	}
	return false;
}

/* The words for how an upstream is spread over the parts of a target. */
static const char *const unit_spreads[] = {"same", "differs", "some", "returned"};

/* Reads a word for a spread. False if it is not one. */
static inline bool unit_spread(const char *word, enum swk_spread *spread)
{
	for (size_t i = 0; i < COUNT(unit_spreads); i++) {
		if (!strcmp(word, unit_spreads[i])) {
			*spread = (enum swk_spread)i;
			return true;
		}
	}
	return false;
}

/* Reads a setting of a whole upstream. False if it is not one. */
static inline bool unit_whole(const char *word, struct swk_upstream *upstream)
{
	if (sscanf(word, "leaving=%zu", &upstream->leaving) == 1 ||
	    unit_balance(word, &upstream->balance) || unit_spread(word, &upstream->spread) ||
	    sscanf(word, "keepalive=%u", &upstream->keepalive) == 1 ||
	    sscanf(word, "keepalive_timeout=%u", &upstream->keepalive_timeout) == 1 ||
	    sscanf(word, "keepalive_requests=%u", &upstream->keepalive_requests) == 1)
		return true;
	if (!strcmp(word, "says_none"))
		return upstream->says_none = true;
	if (!strcmp(word, "of_keys")) {
		upstream->source.kind = SWK_SOURCE_KEY;
		return true;
	}
	if (!strcmp(word, "unread"))
		return upstream->partial = true;
	if (!strcmp(word, "draining"))
		return upstream->draining = true;
	return false;
}

/*
 * Appends upstreams: `web: 10.0.0.1:80 10.0.0.2:80; web_a<web gray=a>: 10.0.0.3:80 keepalive=20`.
 * Without `<…>` the service has the upstream's name; with `<>` it is unknown. Neither sorts nor
 * tidies.
 */
static inline void unit_append(struct swk_upstreams *set, const char *text)
{
	struct swk_error error = {0};
	char *copy = strdup(text), *rest = copy, *part;

	while ((part = strsep(&rest, ";"))) {
		struct swk_upstream upstream;
		char name[256], service[256], tag[256] = "", *words = strchr(part, ':'), *word;

		int known = sscanf(part, " %255[^<:]<%255[^ >] %255[^>]>", name, service, tag);

		if (known < 2)
			(void)snprintf(service, sizeof(service), "%s",
				       strstr(part, "<>") ? "" : name);
		assert_non_null(words = strchr(part, '>') ? strchr(strchr(part, '>'), ':') : words);
		words++;
		assert_int_equal(swk_upstream_init(
					 &upstream, name,
					 &(struct swk_source){.name = service, .tag = tag}, &error),
				 0);
		while ((word = strsep(&words, " "))) {
			struct swk_server server;

			if (!*word || unit_whole(word, &upstream))
				continue;
			server = unit_server(word);
			assert_int_equal(swk_upstream_add(&upstream, &server, &error), 0);
		}
		assert_int_equal(swk_upstreams_append(set, &upstream, &error), 0);
	}
	free(copy);
}

/* The same, sorted and tidied; "" is an empty set. */
static inline struct swk_upstreams unit_upstreams(const char *text)
{
	struct swk_upstreams set = {0};

	if (*text)
		unit_append(&set, text);
	for (size_t i = 0; i < set.count; i++)
		swk_upstream_tidy(&set.list[i]);
	assert_null(swk_upstreams_sort(&set));
	return set;
}

static inline void unit_show_server(struct swk_buffer *out, const struct swk_server *server)
{
	struct swk_error error = {0};
	char address[SWK_ADDRESS_MAX];

	(void)swk_buffer_print(out, &error, " %s", swk_server_address(server, address));
	if (server->weight != SWK_NGINX_WEIGHT)
		(void)swk_buffer_print(out, &error, ",weight=%u", server->weight);
	if (server->max_conns)
		(void)swk_buffer_print(out, &error, ",max_conns=%u", server->max_conns);
	if (server->max_fails != SWK_NGINX_MAX_FAILS)
		(void)swk_buffer_print(out, &error, ",max_fails=%u", server->max_fails);
	if (server->fail_timeout != SWK_NGINX_FAIL_TIMEOUT)
		(void)swk_buffer_print(out, &error, ",fail_timeout=%u", server->fail_timeout);
	(void)swk_buffer_print(out, &error, "%s%s", server->backup ? ",backup" : "",
			       server->down ? ",down" : "");
	assert_int_equal(error.status, 0);
}

static inline void unit_show_whole(struct swk_buffer *out, const struct swk_upstream *upstream)
{
	struct swk_error error = {0};

	if (upstream->balance)
		(void)swk_buffer_print(out, &error, " %s", unit_balances[upstream->balance]);
	if (upstream->says_none)
		(void)swk_buffer_print(out, &error, " says_none");
	if (upstream->keepalive)
		(void)swk_buffer_print(out, &error, " keepalive=%u", upstream->keepalive);
	if (upstream->keepalive_timeout)
		(void)swk_buffer_print(out, &error, " keepalive_timeout=%u",
				       upstream->keepalive_timeout);
	if (upstream->keepalive_requests)
		(void)swk_buffer_print(out, &error, " keepalive_requests=%u",
				       upstream->keepalive_requests);
	(void)swk_buffer_print(out, &error, "%s%s",
			       upstream->source.kind == SWK_SOURCE_KEY ? " of_keys" : "",
			       upstream->partial ? " unread" : "");
	if (upstream->spread)
		(void)swk_buffer_print(out, &error, " %s", unit_spreads[upstream->spread]);
	assert_int_equal(error.status, 0);
}

/* A set as the text that unit_upstreams takes; the caller frees it. */
static inline char *unit_show(const struct swk_upstreams *set)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SIZE_MAX / 2);
	(void)swk_buffer_add(&out, "", 0, &error);
	for (size_t i = 0; i < set->count; i++) {
		const struct swk_upstream *upstream = &set->list[i];

		(void)swk_buffer_print(&out, &error, "%s%s", i ? "; " : "", upstream->name);
		if (*upstream->source.tag)
			(void)swk_buffer_print(&out, &error, "<%s %s>", upstream->source.name,
					       upstream->source.tag);
		else if (strcmp(upstream->source.name, upstream->name) != 0)
			(void)swk_buffer_print(&out, &error, "<%s>", upstream->source.name);
		(void)swk_buffer_print(&out, &error, ":");
		for (size_t j = 0; j < upstream->count; j++)
			unit_show_server(&out, &upstream->servers[j]);
		unit_show_whole(&out, upstream);
	}
	assert_int_equal(error.status, 0);
	return out.data;
}

/* Names from text, with spaces between them. */
static inline struct swk_names unit_names(const char *text)
{
	struct swk_error error = {0};
	struct swk_names names = {0};
	char *copy = strdup(text), *rest = copy, *name;

	while ((name = strsep(&rest, " "))) {
		if (*name)
			assert_int_equal(swk_names_add(&names, name, &error), 0);
	}
	free(copy);
	return names;
}

static inline char *unit_show_names(const struct swk_names *names)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, SIZE_MAX / 2);
	(void)swk_buffer_add(&out, "", 0, &error);
	for (size_t i = 0; i < names->count; i++)
		(void)swk_buffer_print(&out, &error, "%s%s", i ? " " : "", names->list[i]);
	assert_int_equal(error.status, 0);
	return out.data;
}

/* A text of `length` times one letter, for limits; the caller frees it. */
static inline char *unit_repeat(char letter, size_t length)
{
	char *text = malloc(length + 1);

	assert_non_null(text);
	memset(text, letter, length);
	text[length] = '\0';
	return text;
}

static inline int unit_remove_one(const char *path, const struct stat *about, int type,
				  struct FTW *walk)
{
	(void)about;
	(void)type;
	(void)walk;
	return remove(path);
}

/* Removes a folder with all that is in it. */
static inline int unit_remove_tree(const char *path)
{
	return nftw(path, unit_remove_one, 8, FTW_DEPTH | FTW_PHYS);
}

#endif
