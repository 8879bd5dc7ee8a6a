/* SPDX-License-Identifier: MIT */
#include "target/dynamic/dynamic.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "target/dynamic/exchange.h"
#include "target/dynamic/files.h"

/* ---- changing ---- */

enum { ROUNDS = 3 };

static const struct swk_server *find(const struct swk_upstream *upstream,
				     const struct swk_server *server)
{
	return swk_upstream_find_server(upstream, server);
}

/* Removes the servers that a word names. */
static enum swk_dynamic_meaning remove_server(struct swk_dynamic_exchange *exchange,
					      const char *word)
{
	char query[SWK_TEXT_MAX + 32];

	(void)snprintf(query, sizeof(query), "&remove=&server=%s", word);
	return swk_dynamic_ask(exchange, query);
}

/* The attributes of a server as a query. Without `ipv6`, the module adds no such server, and
 * answers as if it were there already. */
static enum swk_dynamic_meaning send_server(struct swk_dynamic_exchange *exchange,
					    const char *before, const struct swk_server *server,
					    const char *after)
{
	char query[SWK_ADDRESS_MAX + 160], address[SWK_ADDRESS_MAX];

	(void)snprintf(query, sizeof(query),
		       "%s&server=%s&weight=%u&max_fails=%u&fail_timeout=%u&max_conns=%u%s%s",
		       before, swk_server_address(server, address), server->weight,
		       server->max_fails, server->fail_timeout, server->max_conns,
		       server->v6 ? "&ipv6=" : "", after);
	return swk_dynamic_ask(exchange, query);
}

static enum swk_dynamic_meaning add_server(struct swk_dynamic_exchange *exchange,
					   const struct swk_server *server)
{
	return send_server(exchange, server->backup ? "&add=&backup=" : "&add=", server,
			   server->down ? "&down=" : "");
}

/* Changes the attributes of a server. `up` also forgets that it failed, so it is sent only to a
 * server that was down. */
static enum swk_dynamic_meaning change_server(struct swk_dynamic_exchange *exchange,
					      const struct swk_server *present,
					      const struct swk_server *server)
{
	const char *after = server->down ? "&down=" : "&up=";

	return send_server(exchange, "", server, present->down == server->down ? "" : after);
}

/* The module can't make a server a backup, or the other way. */
static enum swk_dynamic_meaning replace_server(struct swk_dynamic_exchange *exchange,
					       const struct swk_server *server)
{
	char address[SWK_ADDRESS_MAX];
	enum swk_dynamic_meaning meaning =
		remove_server(exchange, swk_server_address(server, address));

	return meaning <= SWK_DYNAMIC_NOTHING ? add_server(exchange, server) : meaning;
}

/* Adds and changes servers. A server that becomes a backup, or stops being one, comes last: others
 * are there then. */
static enum swk_dynamic_meaning give_servers(struct swk_dynamic_exchange *exchange,
					     const struct swk_upstream *desired,
					     const struct swk_upstream *live)
{
	enum swk_dynamic_meaning meaning = SWK_DYNAMIC_DONE;

	for (size_t i = 0; meaning <= SWK_DYNAMIC_NOTHING && i < desired->count; i++) {
		const struct swk_server *server = &desired->servers[i];
		const struct swk_server *present = find(live, server);

		if (!present)
			meaning = add_server(exchange, server);
		else if (present->backup == server->backup &&
			 !swk_server_same_attributes(present, server))
			meaning = change_server(exchange, present, server);
	}
	for (size_t i = 0; meaning <= SWK_DYNAMIC_NOTHING && i < desired->count; i++) {
		const struct swk_server *server = &desired->servers[i];
		const struct swk_server *present = find(live, server);

		if (present && present->backup != server->backup)
			meaning = replace_server(exchange, server);
	}
	return meaning;
}

static enum swk_dynamic_meaning remove_all(struct swk_dynamic_exchange *exchange,
					   const struct swk_texts *words)
{
	enum swk_dynamic_meaning meaning = SWK_DYNAMIC_DONE;

	for (size_t i = 0; meaning <= SWK_DYNAMIC_NOTHING && i < words->count; i++)
		meaning = remove_server(exchange, words->list[i]);
	return meaning;
}

/* Removes what is not desired. The placeholder comes first and goes last, so that the upstream is
 * never empty. */
static enum swk_dynamic_meaning take_servers(struct swk_dynamic_exchange *exchange,
					     const struct swk_upstream *desired,
					     const struct swk_dynamic_servers *live)
{
	static const char placeholder[] = "&add=&server=" SWK_DYNAMIC_PLACEHOLDER
					  ":80&weight=1&max_fails=1&fail_timeout=10&max_conns=0"
					  "&down=";
	const bool needs = swk_dynamic_needs_placeholder(desired);
	enum swk_dynamic_meaning meaning = SWK_DYNAMIC_DONE;
	char address[SWK_ADDRESS_MAX];

	if (needs && !live->placeholders.count)
		meaning = swk_dynamic_ask(exchange, placeholder);
	for (size_t i = 0; meaning <= SWK_DYNAMIC_NOTHING && i < live->upstream.count; i++) {
		const struct swk_server *server = &live->upstream.servers[i];

		if (!find(desired, server))
			meaning = remove_server(exchange, swk_server_address(server, address));
	}
	if (meaning <= SWK_DYNAMIC_NOTHING)
		meaning = remove_all(exchange, &live->others);
	if (meaning <= SWK_DYNAMIC_NOTHING && !needs)
		meaning = remove_all(exchange, &live->placeholders);
	return meaning;
}

static bool is_as_desired(const struct swk_upstream *desired,
			  const struct swk_dynamic_servers *live)
{
	return swk_upstream_same_servers(desired, &live->upstream) &&
	       swk_dynamic_needs_placeholder(desired) == (live->placeholders.count > 0);
}

/* Reads the servers, and sends the changes that they need. *same: none. */
static enum swk_dynamic_meaning change_once(struct swk_dynamic_exchange *exchange,
					    const struct swk_upstream *desired, bool *same,
					    bool *cut)
{
	struct swk_dynamic_servers live = {0};
	enum swk_dynamic_meaning meaning = swk_dynamic_ask_servers(exchange, &live);

	*same = false;
	*cut = live.cut;
	if (meaning == SWK_DYNAMIC_DONE && !exchange->error->status) {
		*same = is_as_desired(desired, &live);
		if (!*same)
			meaning = give_servers(exchange, desired, &live.upstream);
		if (!*same && meaning <= SWK_DYNAMIC_NOTHING)
			meaning = take_servers(exchange, desired, &live);
	}
	swk_dynamic_servers_free(&live);
	return meaning;
}

/* Why an upstream can't be changed, and what to do about it. */
static void explain(const struct swk_dynamic_exchange *exchange, enum swk_dynamic_meaning meaning,
		    bool cut, struct swk_error *cause)
{
	const struct swk_dynamic *own = exchange->target->own;
	const char *target = exchange->target->name, *name = exchange->name;
	char answer[SWK_DYNAMIC_ANSWER_MAX];

	switch (meaning) {
	case SWK_DYNAMIC_UNDECLARED:
		(void)swk_error_set(cause, SWK_TEMPFAIL,
				    "%s: nginx does not declare upstream %s: put 'upstream %s { "
				    "zone %s 1m; include %s/%s%s; }' into http, and reload nginx",
				    target, name, name, name, own->directory, name,
				    swk_dynamic_ending);
		break;
	case SWK_DYNAMIC_NO_ZONE:
		(void)swk_error_set(cause, SWK_TEMPFAIL,
				    "%s: upstream %s has no zone, so it cannot be changed: put "
				    "'zone %s 1m;' into it, and reload nginx",
				    target, name, name);
		break;
	case SWK_DYNAMIC_FULL:
		(void)swk_error_set(cause, SWK_TEMPFAIL,
				    "%s: upstream %s has no room for more servers: enlarge its "
				    "zone in nginx's configuration, and reload nginx",
				    target, name);
		break;
	case SWK_DYNAMIC_DONE:
	case SWK_DYNAMIC_NOTHING:
	case SWK_DYNAMIC_CHANGED:
		(void)swk_error_set(cause, SWK_TEMPFAIL, "%s: upstream %s %s", target, name,
				    cut ? "has more servers than ngx_dynamic_upstream can print, "
					  "about 1,300, so they cannot be verified"
					: "still has other servers after it was changed: does "
					  "something else change it?");
		break;
	default:
		(void)swk_error_set(cause, SWK_TEMPFAIL, "%s: change of upstream %s %s: %s", target,
				    name, meaning == SWK_DYNAMIC_LATER ? "failed" : "was refused",
				    swk_dynamic_describe(exchange, answer));
	}
}

static void give_up_target(const struct swk_dynamic_exchange *exchange)
{
	struct swk_target *target = exchange->target;

	target->unreachable = exchange->request.unreachable;
	target->passing = !target->alone && !exchange->request.timed_out;
	target->given_up = true;
}

static enum swk_target_result result_of(enum swk_dynamic_meaning meaning, bool cut, bool deleted)
{
	switch (meaning) {
	case SWK_DYNAMIC_UNDECLARED:
		return deleted ? SWK_TARGET_DONE : SWK_TARGET_UNDECLARED;
	case SWK_DYNAMIC_NO_ZONE:
		return SWK_TARGET_UNDECLARED;
	case SWK_DYNAMIC_DONE:
	case SWK_DYNAMIC_NOTHING:
	case SWK_DYNAMIC_CHANGED:
		return cut ? SWK_TARGET_REFUSED : SWK_TARGET_PENDING;
	case SWK_DYNAMIC_LATER:
		return SWK_TARGET_PENDING;
	default:
		return SWK_TARGET_REFUSED;
	}
}

static bool may_repeat(enum swk_dynamic_meaning meaning)
{
	return meaning <= SWK_DYNAMIC_NOTHING || meaning == SWK_DYNAMIC_CHANGED;
}

/* Changes the servers in the module, and reads them back. Something else may change them at the
 * same time, so this repeats itself. */
static enum swk_target_result change(struct swk_dynamic_exchange *exchange,
				     const struct swk_upstream *upstream, struct swk_error *cause)
{
	struct swk_upstream nothing = {0};
	const struct swk_upstream *desired = upstream ? upstream : &nothing;
	enum swk_dynamic_meaning meaning = SWK_DYNAMIC_DONE;
	enum swk_target_result result;
	bool same = false, cut = false;

	for (unsigned i = 0; !same && may_repeat(meaning) && i <= ROUNDS; i++)
		meaning = change_once(exchange, desired, &same, &cut);
	if (exchange->error->status || same)
		return SWK_TARGET_DONE;
	result = result_of(meaning, cut, !upstream);
	if (meaning == SWK_DYNAMIC_LATER)
		give_up_target(exchange);
	if (result != SWK_TARGET_DONE)
		explain(exchange, meaning, cut, cause);
	return result;
}

/* Writes the file first: what is only in the module is lost when nginx is reloaded. */
static enum swk_target_result update(struct swk_dynamic_exchange *exchange,
				     const struct swk_upstream *upstream, struct swk_error *cause)
{
	const struct swk_dynamic *own = exchange->target->own;

	if (!swk_dynamic_file_write(own->directory, exchange->name, upstream, cause))
		return change(exchange, upstream, cause);
	if (cause->status == SWK_INTERNAL)
		(void)swk_error_memory(exchange->error);
	return SWK_TARGET_PENDING;
}

/* Empties upstreams with another spelling of this name: nginx distinguishes case, and FILE has only
 * one of them. */
static void empty_others(struct swk_dynamic_exchange *exchange, const struct swk_texts *names)
{
	const char *name = exchange->name;
	struct swk_error ignored = {0};

	for (size_t i = 0; i < names->count && !exchange->error->status; i++) {
		exchange->name = names->list[i];
		if (!strcasecmp(names->list[i], name) && strcmp(names->list[i], name) != 0)
			(void)update(exchange, NULL, &ignored);
	}
	exchange->name = name;
}

static int apply_one(struct swk_target *target, const struct swk_operation *operation,
		     const struct swk_texts *names, struct swk_target_outcome *outcome,
		     int64_t deadline, struct swk_error *error)
{
	struct swk_error cause = {0};
	struct swk_dynamic_exchange exchange;

	swk_dynamic_begin(&exchange, target, operation->name, deadline, error);
	exchange.retries = true;
	empty_others(&exchange, names);
	outcome->result = update(&exchange, operation->upstream, &cause);
	outcome->late = exchange.request.timed_out && swk_target_is_stopped(target);
	if (cause.status && !error->status) {
		outcome->reason = strdup(cause.text);
		if (!outcome->reason)
			(void)swk_error_memory(error);
	}
	swk_dynamic_end(&exchange);
	return error->status;
}

/* Only upstreams with a file are read. So if one was not read, and is still pending, nginx may have
 * had it all the time. */
static bool is_unconfirmed(const struct swk_target *target, const struct swk_operation *operation,
			   const struct swk_target_outcome *outcome)
{
	return (outcome->result == SWK_TARGET_PENDING || outcome->result == SWK_TARGET_REFUSED) &&
	       !swk_upstreams_find(&target->live.upstreams, operation->name);
}

static int dynamic_apply(struct swk_target *target, const struct swk_plan *plan,
			 struct swk_target_outcome *outcomes, int64_t deadline,
			 struct swk_error *error)
{
	const struct swk_dynamic *own = target->own;
	struct swk_texts names = {0};
	struct swk_error cause = {0};
	int status = swk_dynamic_files_list(&names, own->directory, &cause);

	if (status == SWK_INTERNAL)
		(void)swk_error_memory(error);
	if (status)
		swk_target_give_up(target, &cause);
	for (size_t i = 0; !error->status && i < plan->count && !target->given_up; i++) {
		(void)apply_one(target, &plan->list[i], &names, &outcomes[i], deadline, error);
		if (target->progress)
			target->progress(target, i + 1);
	}
	for (size_t i = 0; i < plan->count; i++)
		target->live.unconfirmed |= is_unconfirmed(target, &plan->list[i], &outcomes[i]);
	swk_texts_free(&names);
	return error->status;
}

/* Writes the files of a plan, for nginx's next start. What fails stays pending. */
static int dynamic_prepare(struct swk_target *target, const struct swk_plan *plan,
			   struct swk_error *error)
{
	const struct swk_dynamic *own = target->own;

	for (size_t i = 0; !error->status && i < plan->count; i++) {
		struct swk_error cause = {0};

		if (swk_dynamic_file_write(own->directory, plan->list[i].name,
					   plan->list[i].upstream, &cause) == SWK_INTERNAL)
			(void)swk_error_memory(error);
	}
	return error->status;
}

/* ---- fitting ---- */

/* The module takes host names only with its `dns_update`, and then prints addresses. An address
 * 0.x.x.x is the placeholder's. */
static const char *dynamic_fit(const struct swk_target *target, struct swk_upstream *upstream)
{
	const char *change = NULL;
	size_t kept = 0;

	(void)target;
	for (size_t i = 0; i < upstream->count; i++) {
		struct swk_server *server = &upstream->servers[i];

		if (server->host)
			change = "servers with host names are left out, because "
				 "ngx_dynamic_upstream takes addresses only";
		else if (!server->v6 && !server->ip[0])
			change = "servers at addresses 0.x.x.x are left out, because "
				 "they mean that there is no server";
		else {
			upstream->servers[kept++] = *server;
			continue;
		}
		free(server->host);
	}
	upstream->count = kept;
	return change;
}

/* ---- settings ---- */

static const struct swk_field fields[] = {
	{"url", SWK_TEXT, .offset = offsetof(struct swk_dynamic_settings, url)},
	{"directory", SWK_TEXT, .offset = offsetof(struct swk_dynamic_settings, directory)},
};

/* Whether a path needs no quotes in nginx's configuration. */
static bool is_plain_path(const char *path)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
				    "0123456789-._/+@:,=~";

	return *path == '/' && !path[strspn(path, plain)];
}

static int check(const void *own, const char **key, struct swk_error *error)
{
	const struct swk_dynamic_settings *its = own;

	if (swk_target_web_check(its->url, key, error))
		return error->status;
	*key = NULL;
	if (!its->directory)
		return swk_error_set(error, SWK_USAGE, "it needs a directory");
	*key = "directory";
	if (!is_plain_path(its->directory))
		return swk_error_set(error, SWK_USAGE,
				     "it must be an absolute path of letters, digits and "
				     "-._/+@:,=~, because nginx includes files there");
	return 0;
}

const struct swk_target_keys swk_dynamic_keys = {
	.fields = {fields, sizeof(fields) / sizeof(*fields)},
	.size = sizeof(struct swk_dynamic_settings),
	.check = check,
};

/* ---- the kind ---- */

static int dynamic_open(struct swk_target *target, const struct swk_settings *settings,
			const struct swk_target_settings *its, struct swk_error *error)
{
	const struct swk_dynamic_settings *given = its->own;
	struct swk_dynamic *own = calloc(1, sizeof(*own));

	(void)settings;
	target->own = own;
	if (!own)
		return swk_error_memory(error);
	own->directory = target->file = given->directory;
	return swk_target_web_open(&own->web, target, its, given->url, error);
}

static void dynamic_close(struct swk_target *target)
{
	struct swk_dynamic *own = target->own;

	if (own)
		swk_target_web_close(&own->web);
	free(target->name);
	free(own);
}

const struct swk_target_kind swk_target_dynamic = {
	.words = {.program = "nginx",
		  .interface = "a dynamic_upstream interface",
		  .part = "copy",
		  .parts = "copies, in memory and in the file,"},
	.open = dynamic_open,
	.close = dynamic_close,
	.read = swk_dynamic_read,
	.fit = dynamic_fit,
	.apply = dynamic_apply,
	.prepare = dynamic_prepare,
};
