/* SPDX-License-Identifier: MIT */
#include "target/dynamic/dynamic.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "target/dynamic/answer.h"
#include "target/dynamic/files.h"
#include "target/web.h"

struct dynamic {
	struct swk_target_web web;
	const char *directory; /* borrowed from the settings */
};

/* ---- requests ---- */

/* Requests about one upstream. */
struct exchange {
	struct swk_target *target;
	const char *name; /* NULL: about none */
	int64_t deadline;
	bool retries;	  /* a request that fails is repeated */
	int64_t patience; /* when that ends; 0: nothing has failed yet */
	unsigned tried;
	struct swk_http_request request; /* the last one; without URL */
	struct swk_buffer answer;
	struct swk_error *error; /* SWK_INTERNAL only */
};

/* Whether there is time for another try. If so, pauses first. */
static bool may_retry(struct exchange *exchange)
{
	if (!exchange->retries || !exchange->target->alone ||
	    swk_target_is_stopped(exchange->target))
		return false;
	if (!exchange->patience)
		exchange->patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;
	if (exchange->request.unreachable || !swk_deadline_left(exchange->patience, 1) ||
	    !swk_deadline_left(exchange->deadline, 1))
		return false;
	swk_pause_before_retry(exchange->tried++);
	return true;
}

/* The URL of a request, to free. A valid name, and what is in `query`, need no escape there. */
static char *url_of(const struct exchange *exchange, const char *query)
{
	const struct dynamic *own = exchange->target->own;
	const char *base = own->web.base, *host = strstr(base, "://");
	const char *path = host && strchr(host + 3, '/') ? "" : "/";
	char *url;
	int length;

	if (exchange->name)
		length = asprintf(&url, "%s%s?upstream=%s%s", base, path, exchange->name, query);
	else
		length = asprintf(&url, "%s%s", base, path);
	if (length >= 0)
		return url;
	(void)swk_error_memory(exchange->error);
	return NULL;
}

static enum swk_dynamic_meaning ask(struct exchange *exchange, const char *query)
{
	const struct dynamic *own = exchange->target->own;
	enum swk_dynamic_meaning meaning = SWK_DYNAMIC_LATER;
	char *url = url_of(exchange, query);

	while (url) {
		swk_buffer_clear(&exchange->answer);
		exchange->request = swk_target_web_request(&own->web, exchange->target, "GET", url);
		exchange->request.receive = swk_target_web_keep;
		exchange->request.context = &exchange->answer;
		if (swk_http_perform(own->web.http, &exchange->request, 1, 1, exchange->deadline,
				     exchange->error))
			break;
		meaning = swk_dynamic_meaning(&exchange->request);
		if (meaning != SWK_DYNAMIC_LATER || !may_retry(exchange))
			break;
	}
	exchange->request.url = NULL;
	free(url);
	return meaning;
}

static void begin(struct exchange *exchange, struct swk_target *target, const char *name,
		  int64_t deadline, struct swk_error *error)
{
	*exchange = (struct exchange){
		.target = target, .name = name, .deadline = deadline, .error = error};
	swk_buffer_init(&exchange->answer, SWK_LIVE_MAX);
}

/* Asks for the servers of an upstream. `servers` must be zeroed. */
static enum swk_dynamic_meaning ask_servers(struct exchange *exchange,
					    struct swk_dynamic_servers *servers)
{
	enum swk_dynamic_meaning meaning = ask(exchange, "&verbose=");

	if (meaning == SWK_DYNAMIC_DONE)
		(void)swk_dynamic_servers_read(servers, exchange->name, exchange->answer.data,
					       exchange->answer.length, exchange->error);
	return meaning;
}

/* Describes the last answer: `404 Not found`, or why there is none. */
static const char *describe_answer(const struct exchange *exchange,
				   char text[SWK_HTTP_REASON_MAX + 32])
{
	const struct swk_http_request *request = &exchange->request;

	if (!request->status)
		return request->failure;
	(void)snprintf(text, SWK_HTTP_REASON_MAX + 32, "%ld%s%s", request->status,
		       *request->reason ? " " : "", request->reason);
	return text;
}

/* ---- changing ---- */

enum { ROUNDS = 3 };

static const struct swk_server *find(const struct swk_upstream *upstream,
				     const struct swk_server *server)
{
	return swk_upstream_find_server(upstream, server);
}

/* Removes the servers that a word names. */
static enum swk_dynamic_meaning remove_server(struct exchange *exchange, const char *word)
{
	char query[SWK_TEXT_MAX + 32];

	(void)snprintf(query, sizeof(query), "&remove=&server=%s", word);
	return ask(exchange, query);
}

/* The attributes of a server as a query. Without `ipv6`, the module adds no such server, and
 * answers as if it were there already. */
static enum swk_dynamic_meaning send_server(struct exchange *exchange, const char *before,
					    const struct swk_server *server, const char *after)
{
	char query[SWK_ADDRESS_MAX + 160], address[SWK_ADDRESS_MAX];

	(void)snprintf(query, sizeof(query),
		       "%s&server=%s&weight=%u&max_fails=%u&fail_timeout=%u&max_conns=%u%s%s",
		       before, swk_server_address(server, address), server->weight,
		       server->max_fails, server->fail_timeout, server->max_conns,
		       server->v6 ? "&ipv6=" : "", after);
	return ask(exchange, query);
}

static enum swk_dynamic_meaning add_server(struct exchange *exchange,
					   const struct swk_server *server)
{
	return send_server(exchange, server->backup ? "&add=&backup=" : "&add=", server,
			   server->down ? "&down=" : "");
}

/* Changes the attributes of a server. `up` also forgets that it failed, so it is sent only to a
 * server that was down. */
static enum swk_dynamic_meaning change_server(struct exchange *exchange,
					      const struct swk_server *present,
					      const struct swk_server *server)
{
	const char *after = server->down ? "&down=" : "&up=";

	return send_server(exchange, "", server, present->down == server->down ? "" : after);
}

/* The module can't make a server a backup, or the other way. */
static enum swk_dynamic_meaning replace_server(struct exchange *exchange,
					       const struct swk_server *server)
{
	char address[SWK_ADDRESS_MAX];
	enum swk_dynamic_meaning meaning =
		remove_server(exchange, swk_server_address(server, address));

	return meaning <= SWK_DYNAMIC_NOTHING ? add_server(exchange, server) : meaning;
}

/* Adds and changes servers. A server that becomes a backup, or stops being one, comes last: others
 * are there then. */
static enum swk_dynamic_meaning give_servers(struct exchange *exchange,
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

static enum swk_dynamic_meaning remove_all(struct exchange *exchange, const struct swk_texts *words)
{
	enum swk_dynamic_meaning meaning = SWK_DYNAMIC_DONE;

	for (size_t i = 0; meaning <= SWK_DYNAMIC_NOTHING && i < words->count; i++)
		meaning = remove_server(exchange, words->list[i]);
	return meaning;
}

/* Removes what is not desired. The placeholder comes first and goes last, so that the upstream is
 * never empty. */
static enum swk_dynamic_meaning take_servers(struct exchange *exchange,
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
		meaning = ask(exchange, placeholder);
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

/* Reads the servers, and changes what differs. *same: nothing did. */
static enum swk_dynamic_meaning
change_once(struct exchange *exchange, const struct swk_upstream *desired, bool *same, bool *cut)
{
	struct swk_dynamic_servers live = {0};
	enum swk_dynamic_meaning meaning = ask_servers(exchange, &live);

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
static void explain(const struct exchange *exchange, enum swk_dynamic_meaning meaning, bool cut,
		    struct swk_error *cause)
{
	const struct dynamic *own = exchange->target->own;
	const char *target = exchange->target->name, *name = exchange->name;
	char answer[SWK_HTTP_REASON_MAX + 32];

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
				    "'zone %s 1m;' into it, and restart nginx",
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
				    describe_answer(exchange, answer));
	}
}

static void give_up_target(const struct exchange *exchange)
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

/* Changes the servers in the module, and reads them back. Something else may change them at the
 * same time, so this repeats itself. */
static enum swk_target_result change(struct exchange *exchange, const struct swk_upstream *upstream,
				     struct swk_error *cause)
{
	struct swk_upstream nothing = {0};
	const struct swk_upstream *desired = upstream ? upstream : &nothing;
	enum swk_dynamic_meaning meaning = SWK_DYNAMIC_DONE;
	enum swk_target_result result;
	bool same = false, cut = false;

	for (unsigned i = 0; !same && meaning <= SWK_DYNAMIC_NOTHING && i <= ROUNDS; i++)
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
static enum swk_target_result update(struct exchange *exchange, const struct swk_upstream *upstream,
				     struct swk_error *cause)
{
	const struct dynamic *own = exchange->target->own;

	if (!swk_dynamic_file_write(own->directory, exchange->name, upstream, cause))
		return change(exchange, upstream, cause);
	if (cause->status == SWK_INTERNAL)
		(void)swk_error_memory(exchange->error);
	return SWK_TARGET_PENDING;
}

/* Empties upstreams with another spelling of this name: nginx distinguishes case, and FILE has only
 * one of them. */
static void empty_others(struct exchange *exchange, const struct swk_texts *names)
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
	struct exchange exchange;

	begin(&exchange, target, operation->name, deadline, error);
	exchange.retries = true;
	empty_others(&exchange, names);
	outcome->result = update(&exchange, operation->upstream, &cause);
	outcome->late = exchange.request.timed_out && swk_target_is_stopped(target);
	if (cause.status && !error->status) {
		outcome->reason = strdup(cause.text);
		if (!outcome->reason)
			(void)swk_error_memory(error);
	}
	swk_buffer_free(&exchange.answer);
	return error->status;
}

static int dynamic_apply(struct swk_target *target, const struct swk_plan *plan,
			 struct swk_target_outcome *outcomes, int64_t deadline,
			 struct swk_error *error)
{
	const struct dynamic *own = target->own;
	struct swk_texts names = {0};
	struct swk_error cause = {0};
	int status = swk_dynamic_files_list(&names, own->directory, &cause);

	if (status == SWK_INTERNAL)
		(void)swk_error_memory(error);
	if (status) {
		target->trouble = cause;
		target->given_up = true;
	}
	for (size_t i = 0; !error->status && i < plan->count && !target->given_up; i++) {
		(void)apply_one(target, &plan->list[i], &names, &outcomes[i], deadline, error);
		if (target->progress)
			target->progress(target, i + 1);
	}
	swk_texts_free(&names);
	return error->status;
}

/* Writes the files of a plan, for nginx's next start. What fails stays pending. */
static int dynamic_record(struct swk_target *target, const struct swk_plan *plan,
			  struct swk_error *error)
{
	const struct dynamic *own = target->own;

	for (size_t i = 0; !error->status && i < plan->count; i++) {
		struct swk_error cause = {0};

		if (swk_dynamic_file_write(own->directory, plan->list[i].name,
					   plan->list[i].upstream, &cause) == SWK_INTERNAL)
			(void)swk_error_memory(error);
	}
	return error->status;
}

/* ---- reading ---- */

/* Notes why the target can't be read. */
static void note_trouble(const struct exchange *exchange, const char *advice)
{
	struct swk_target *target = exchange->target;
	const struct dynamic *own = target->own;
	const char *name = strcmp(target->name, own->web.base) ? target->name : "";
	char answer[SWK_HTTP_REASON_MAX + 32];

	target->unreachable = exchange->request.unreachable;
	target->passing = !target->unreachable && !exchange->request.timed_out && !*advice;
	target->given_up = true;
	if (!exchange->request.status)
		(void)swk_error_set(&target->trouble, SWK_TEMPFAIL, "%s%s%s", name,
				    *name ? ": " : "", exchange->request.error.text);
	else
		(void)swk_error_set(&target->trouble, SWK_TEMPFAIL, "%s%s%s answered %s%s", name,
				    *name ? ": " : "", own->web.url,
				    describe_answer(exchange, answer), advice);
}

/* Whether this is the module, and it answers. */
static bool answers(struct exchange *exchange, enum swk_dynamic_meaning meaning)
{
	static const char wrong[] = ": give the URL of the location that has 'dynamic_upstream'";

	if (exchange->error->status)
		return false;
	switch (meaning) {
	case SWK_DYNAMIC_LATER:
		note_trouble(exchange, "");
		return false;
	case SWK_DYNAMIC_FINAL:
		note_trouble(exchange, wrong);
		return false;
	default:
		return true;
	}
}

static int add_upstream(struct swk_target *target, struct swk_dynamic_servers *servers,
			struct swk_error *error)
{
	return swk_upstreams_append(&target->live.upstreams, &servers->upstream, error);
}

/* Compares the file with what the module has. Sets *empty if neither has servers: then nothing is
 * managed or unmanaged there. */
static int compare_file(const struct swk_buffer *file, struct swk_dynamic_servers *servers,
			bool *empty, struct swk_error *error)
{
	struct swk_upstream *upstream = &servers->upstream;
	struct swk_buffer text;

	*empty = !upstream->count && !upstream->partial && swk_dynamic_file_is_empty(file);
	if (*empty)
		return 0;
	if (swk_dynamic_needs_placeholder(upstream) != (servers->placeholders.count > 0))
		upstream->partial = true;
	swk_buffer_init(&text, SWK_CONF_MAX);
	if (!swk_dynamic_file_text(&text, upstream, error) &&
	    (text.length != file->length || memcmp(text.data, file->data, text.length) != 0)) {
		upstream->partial = true;
		upstream->spread = SWK_SPREAD_DIFFERS;
	}
	swk_buffer_free(&text);
	return error->status;
}

/* Reads the file of an upstream, and what the module has. Sets the cause if the file can't be
 * read. */
static int read_one(struct exchange *exchange, struct swk_buffer *file, struct swk_error *cause)
{
	struct swk_target *target = exchange->target;
	const struct dynamic *own = target->own;
	struct swk_dynamic_servers servers = {0};
	enum swk_dynamic_meaning meaning;
	bool empty = false;

	if (swk_dynamic_file_read(file, own->directory, exchange->name, cause))
		return 0;
	meaning = ask_servers(exchange, &servers);
	if (answers(exchange, meaning) && meaning == SWK_DYNAMIC_DONE &&
	    !compare_file(file, &servers, &empty, exchange->error) && !empty)
		(void)add_upstream(target, &servers, exchange->error);
	swk_dynamic_servers_free(&servers);
	return exchange->error->status;
}

/* Reads all upstreams that have a file. */
static int read_state(struct exchange *exchange, const struct swk_texts *names,
		      struct swk_error *cause)
{
	struct swk_buffer file;

	swk_buffer_init(&file, SWK_CONF_MAX);
	for (size_t i = 0; i < names->count; i++) {
		exchange->name = names->list[i];
		if (read_one(exchange, &file, cause) || cause->status || exchange->target->given_up)
			break;
	}
	swk_buffer_free(&file);
	return exchange->error->status;
}

/* Adds the upstreams whose file has servers. */
static int read_names(struct exchange *exchange, const struct swk_texts *names,
		      struct swk_error *cause)
{
	const struct dynamic *own = exchange->target->own;
	struct swk_dynamic_servers servers = {0};
	struct swk_buffer file;

	swk_buffer_init(&file, SWK_CONF_MAX);
	for (size_t i = 0; !exchange->error->status && i < names->count; i++) {
		if (swk_dynamic_file_read(&file, own->directory, names->list[i], cause))
			break;
		if (!swk_dynamic_file_is_empty(&file) &&
		    !swk_upstream_init(&servers.upstream, names->list[i], &swk_source_unknown,
				       exchange->error))
			(void)add_upstream(exchange->target, &servers, exchange->error);
		swk_dynamic_servers_free(&servers);
	}
	swk_buffer_free(&file);
	return exchange->error->status;
}

static int read_all(struct exchange *exchange, enum swk_depth depth, struct swk_error *cause)
{
	const struct dynamic *own = exchange->target->own;
	struct swk_texts names = {0};
	int status = swk_dynamic_files_list(&names, own->directory, cause);

	if (!status)
		status = depth == SWK_DEPTH_NAMES ? read_names(exchange, &names, cause)
						  : read_state(exchange, &names, cause);
	swk_texts_free(&names);
	return status == SWK_INTERNAL ? swk_error_memory(exchange->error) : 0;
}

static int dynamic_read(struct swk_target *target, enum swk_depth depth, const char *name,
			int64_t deadline, struct swk_error *error)
{
	struct swk_error cause = {0};
	struct exchange exchange;

	swk_live_free(&target->live);
	target->trouble = (struct swk_error){0};
	target->unreachable = target->passing = target->given_up = false;
	begin(&exchange, target, depth == SWK_DEPTH_ONE ? name : NULL, deadline, error);
	if (answers(&exchange, ask(&exchange, "")) && depth != SWK_DEPTH_ONE)
		(void)read_all(&exchange, depth, &cause);
	if (cause.status == SWK_INTERNAL)
		(void)swk_error_memory(error);
	if (cause.status) {
		target->trouble = cause;
		target->given_up = true;
	}
	if (target->given_up || error->status)
		swk_live_free(&target->live);
	else
		target->live.readable =
			depth >= SWK_DEPTH_STATE ? SWK_READ_ATTRIBUTES : SWK_READ_NAMES;
	(void)swk_upstreams_sort(&target->live.upstreams);
	swk_buffer_free(&exchange.answer);
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
	struct dynamic *own = calloc(1, sizeof(*own));

	(void)settings;
	target->own = own;
	if (!own)
		return swk_error_memory(error);
	own->directory = given->directory;
	return swk_target_web_open(&own->web, target, its, given->url, error);
}

static void dynamic_close(struct swk_target *target)
{
	struct dynamic *own = target->own;

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
	.read = dynamic_read,
	.fit = dynamic_fit,
	.apply = dynamic_apply,
	.record = dynamic_record,
};
