/* SPDX-License-Identifier: MIT */
#include "target/dyups/interface.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "target/dyups/read.h"

/* Defaults of client_max_body_size (ngx_http_core_module) and dyups_shm_zone_size (dyups). */
#define BODY_DEFAULT (1024UL * 1024)
#define QUEUE_DEFAULT (2UL * 1024 * 1024)

/* The directive of this name that applies in the scope, if it has an argument; or NULL. */
static const struct swk_directive *inherited(const struct swk_lint_scope *scope, const char *name)
{
	const struct swk_directive *directive = NULL;

	for (; scope && !directive; scope = scope->outer)
		directive = swk_lint_find(scope->level, name);
	return directive && directive->count > 1 ? directive : NULL;
}

/* Reads a size as ngx_parse_offset does. */
static bool read_size(const char *text, size_t *size)
{
	size_t value = 0, unit = 1;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (value > SIZE_MAX / 100)
			return false;
		value = value * 10 + (size_t)(*text - '0');
	}
	if (*text == 'k' || *text == 'K')
		unit = 1024;
	else if (*text == 'm' || *text == 'M')
		unit = 1024UL * 1024;
	else if (*text == 'g' || *text == 'G')
		unit = 1024UL * 1024 * 1024;
	text += unit > 1;
	*size = value * unit;
	return !*text && *size / unit == value;
}

/* Prints a size that leaves room to grow, in nginx's syntax. */
static const char *generous_size(size_t need, char text[SWK_NUMBER_MAX + 1])
{
	size_t size = 1;

	while (size < need / (1024UL * 1024) * 2 + 2)
		size *= 2;
	(void)snprintf(text, SWK_NUMBER_MAX + 1, "%zum", size);
	return text;
}

/* ---- access to the interface ---- */

/* Whether one of these rules applies to all IPv4 or all IPv6 addresses; if so, *denied is its
 * effect. *any: there are rules. The first rule that matches an address counts, as in
 * ngx_http_access_module. */
static bool judge(const struct swk_directives *level, bool v6, bool *denied, bool *any)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *rule = &level->list[i];

		*denied = swk_directive_is(rule, "deny");
		if (swk_directive_includes(rule) && judge(&rule->inside, v6, denied, any))
			return true;
		if (rule->count != 2 || (!*denied && !swk_directive_is(rule, "allow")))
			continue;
		*any = true;
		if (!strcmp(rule->words[1], "all") ||
		    !strcmp(rule->words[1], v6 ? "::/0" : "0.0.0.0/0"))
			return true;
	}
	*denied = false;
	return false;
}

/* Whether a `limit_except` denies what changes upstreams. */
static bool is_limited(const struct swk_directives *level, bool v6)
{
	const struct swk_directive *limit = swk_lint_find(level, "limit_except");
	bool denied = false, any = false;

	for (size_t i = 1; limit && i < limit->count; i++) {
		if (!strcasecmp(limit->words[i], "POST") || !strcasecmp(limit->words[i], "DELETE"))
			return false;
	}
	return limit && judge(&limit->inside, v6, &denied, &any) && denied;
}

static bool is_denied(const struct swk_lint_scope *scope, bool v6)
{
	bool denied = false, any = false;

	if (is_limited(scope->level, v6))
		return true;
	for (; scope && !any; scope = scope->outer)
		(void)judge(scope->level, v6, &denied, &any);
	return denied;
}

/* Whether the argument of `listen` is an address that only this machine can reach: `127.0.0.1:80`,
 * `[::1]:80`, `localhost`, `unix:PATH`. A port alone and `*` mean every address. */
static bool is_local(const char *address)
{
	bool bracket = *address == '[';
	struct swk_server server = {0};
	char literal[64];

	if (!strncasecmp(address, "unix:", 5))
		return true;
	address += bracket;
	(void)snprintf(literal, sizeof(literal), "%.*s", (int)strcspn(address, bracket ? "]" : ":"),
		       address);
	return !strcasecmp(literal, "localhost") ||
	       (swk_server_set_address(&server, literal, 1) && swk_server_is_loopback(&server));
}

/* Whether other machines reach this `listen`. */
static bool is_open(const struct swk_directive *listen, const bool denied[2])
{
	const char *address = listen->words[1];
	bool v6 = *address == '[', v4 = !v6;

	for (size_t i = 2; i < listen->count; i++)
		v4 |= !strcmp(listen->words[i], "ipv6only=off");
	return !is_local(address) && ((v4 && !denied[0]) || (v6 && !denied[1]));
}

/* The first `listen` that other machines can reach, or NULL. denied: IPv4, and IPv6. *any: there is
 * a `listen`. */
static const struct swk_directive *find_open(const struct swk_directives *level,
					     const bool denied[2], bool *any)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *directive = &level->list[i], *inside = NULL;

		if (swk_directive_includes(directive))
			inside = find_open(&directive->inside, denied, any);
		if (inside)
			return inside;
		if (directive->count < 2 || !swk_directive_is(directive, "listen"))
			continue;
		*any = true;
		if (is_open(directive, denied))
			return directive;
	}
	return NULL;
}

static int check_reach(struct swk_lint *lint, const struct swk_lint_scope *scope)
{
	const struct swk_directive *open;
	const struct swk_lint_scope *server = scope;
	const bool denied[] = {is_denied(scope, false), is_denied(scope, true)};
	bool any = false;

	while (server && !(server->block && swk_directive_is(server->block, "server")))
		server = server->outer;
	/* The configuration that includes a fragment may deny access. */
	if (!server || !lint->http)
		return 0;
	open = find_open(server->level, denied, &any);
	if (!open && (any || denied[0]))
		return 0;
	return swk_lint_found(
		lint, SWK_LINT_OPEN, open ? open : server->block,
		SWK_LINT_SAY("the dyups interface is open to other machines: it listens on '%s'%s, "
			     "without 'deny all'",
			     open ? open->words[1] : "*:80", open ? "" : " by default"),
		"make it listen on a socket such as unix:/run/nginx-dyups/dyups.sock, or on "
		"127.0.0.1 with 'allow 127.0.0.1; deny all;' next to dyups_interface");
}

/* ---- sizes ---- */

static int check_body(struct swk_lint *lint, const struct swk_directive *interface,
		      const struct swk_lint_scope *scope)
{
	const struct swk_directive *directive = inherited(scope, "client_max_body_size");
	char number[SWK_NUMBER_MAX + 1];
	size_t limit = BODY_DEFAULT;

	if (directive ? !read_size(directive->words[1], &limit) : !lint->http)
		return 0;
	if (!limit || lint->body <= limit)
		return 0;
	return swk_lint_found(
		lint, SWK_LINT_BODY, directive ? directive : interface,
		SWK_LINT_SAY(
			"client_max_body_size is %zu bytes at the dyups interface, but upstream "
			"%s needs a body of %zu",
			limit, lint->largest, lint->body),
		SWK_LINT_SAY("put 'client_max_body_size %s;' next to dyups_interface",
			     generous_size(lint->body, number)));
}

static int check_pieces(struct swk_lint *lint, const struct swk_directive *interface,
			const struct swk_lint_scope *scope)
{
	const struct swk_directive *directive = inherited(scope, "client_body_in_file_only");

	if (directive ? strcasecmp(directive->words[1], "off") != 0 : !lint->http)
		return 0;
	if (lint->body <= SWK_TARGET_ONE_PACKET)
		return swk_lint_hint(
			lint, SWK_LINT_PIECES, directive ? directive : interface,
			"client_body_in_file_only is missing",
			"put 'client_body_in_file_only clean;' next to dyups_interface");
	return swk_lint_found(
		lint, SWK_LINT_PIECES, directive ? directive : interface,
		SWK_LINT_SAY("without client_body_in_file_only, nginx keeps bodies in memory, and "
			     "upstream %s needs one of %zu bytes",
			     lint->largest, lint->body),
		"put 'client_body_in_file_only clean;' next to dyups_interface");
}

/* Whether a level adds the header that names the worker. *any: it adds any header. */
static bool names_worker(const struct swk_directives *level, bool *any)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *directive = &level->list[i];

		if (swk_directive_includes(directive) && names_worker(&directive->inside, any))
			return true;
		if (directive->count < 2 || !swk_directive_is(directive, "add_header"))
			continue;
		*any = true;
		if (!strcasecmp(directive->words[1], SWK_DYUPS_WORKER))
			return true;
	}
	return false;
}

/* Whether a level inherits headers (ngx_http_headers_module): by default, if it adds none. */
static bool inherits_headers(const struct swk_lint_scope *scope, bool any)
{
	const struct swk_directive *rule = inherited(scope, "add_header_inherit");

	if (rule && !strcmp(rule->words[1], "merge"))
		return true;
	return !any && !(rule && !strcmp(rule->words[1], "off"));
}

static int check_worker(struct swk_lint *lint, const struct swk_directive *interface,
			const struct swk_lint_scope *scope)
{
	bool any = false;

	for (; scope; scope = inherits_headers(scope, any) ? scope->outer : NULL) {
		any = false;
		if (names_worker(scope->level, &any))
			return 0;
	}
	if (!lint->http)
		return 0;
	return swk_lint_hint(
		lint, SWK_LINT_WORKER, interface, "the header " SWK_DYUPS_WORKER " is missing",
		"put 'add_header " SWK_DYUPS_WORKER " $pid always;' next to dyups_interface");
}

/* A zone consists of a head of 704 bytes, and of pages with an entry of 24 bytes for each
 * (ngx_slab_init). Besides whole pages for the body, dyups needs up to five, if the sizes of the
 * queue, the list of workers, a message, its name and its receivers all differ. On Tengine 3.2.0 it
 * was four with one worker, three with two, and five with four. */
static bool has_room(size_t zone, size_t body)
{
	const size_t page = 4096, pages = zone < 704 ? 0 : (zone - 704) / (page + 24);

	return pages > 5 && body <= (pages - 5) * page;
}

static int check_queue(struct swk_lint *lint, const struct swk_directive *at, size_t zone)
{
	char number[SWK_NUMBER_MAX + 1];

	if (has_room(zone, lint->body))
		return 0;
	return swk_lint_found(
		lint, SWK_LINT_QUEUE, at,
		SWK_LINT_SAY(
			"dyups_shm_zone_size is %zu bytes, but upstream %s needs a body of %zu",
			zone, lint->largest, lint->body),
		SWK_LINT_SAY("put 'dyups_shm_zone_size %s;' in http",
			     generous_size(lint->body, number)));
}

int swk_lint_interface(struct swk_lint *lint, const struct swk_directive *interface,
		       const struct swk_lint_scope *scope)
{
	lint->interface = true;
	if (check_reach(lint, scope) || check_body(lint, interface, scope))
		return lint->error->status;
	if (check_pieces(lint, interface, scope))
		return lint->error->status;
	return check_worker(lint, interface, scope);
}

int swk_lint_zone(struct swk_lint *lint, const struct swk_directive *directive)
{
	size_t size;

	lint->queue = true;
	if (!lint->body || !read_size(directive->words[1], &size))
		return 0;
	return check_queue(lint, directive, size);
}

int swk_lint_default_zone(struct swk_lint *lint)
{
	if (!lint->interface || lint->queue)
		return 0;
	return check_queue(lint, lint->http, QUEUE_DEFAULT);
}
