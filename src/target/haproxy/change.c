/* SPDX-License-Identifier: MIT */
#include "target/haproxy/change.h"

#include <string.h>

#include "base/number.h"
#include "haproxy/conf.h"

/* ---- comparing ---- */

/* Whether both have the same host names. Host names are sorted after all addresses. */
static bool same_hosts(const struct swk_upstream *a, const struct swk_upstream *b)
{
	size_t i = a->count, j = b->count;

	for (; i && j && a->servers[i - 1].host && b->servers[j - 1].host; i--, j--) {
		if (swk_server_compare(&a->servers[i - 1], &b->servers[j - 1]))
			return false;
	}
	return (!i || !a->servers[i - 1].host) && (!j || !b->servers[j - 1].host);
}

bool swk_haproxy_changes_hosts(const struct swk_upstream *before, const struct swk_upstream *after)
{
	return !same_hosts(before, after);
}

bool swk_haproxy_needs_reload(const struct swk_upstream *before, const struct swk_upstream *after)
{
	if (before->balance != after->balance || !same_hosts(before, after))
		return true;
	for (size_t i = 0; i < after->count; i++) {
		const struct swk_server *old = swk_upstream_find_server(before, &after->servers[i]);

		if (old && old->backup != after->servers[i].backup)
			return true;
	}
	return false;
}

/* The line of a server, or NULL. */
static const struct swk_haproxy_line *find_line(const struct swk_haproxy_line *lines, size_t count,
						const struct swk_server *server)
{
	size_t low = 0, high = count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;
		int order = lines[middle].known ? swk_server_compare(&lines[middle].server, server)
						: -1;

		if (!order)
			return &lines[middle];
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return NULL;
}

/* Whether an upstream has the server of a line. */
static bool has_server(const struct swk_upstream *upstream, const struct swk_haproxy_line *line)
{
	return line->known && swk_upstream_find_server(upstream, &line->server);
}

bool swk_haproxy_leaves(const struct swk_haproxy_line *line, const struct swk_upstream *upstream)
{
	return upstream && line->server.down && !has_server(upstream, line);
}

/* Whether the details of a line, if there are any, are those of a server. */
static bool has_details(const struct swk_haproxy_line *line, const struct swk_server *server)
{
	return !line->detailed || (line->server.backup == server->backup &&
				   line->server.max_conns == server->max_conns);
}

bool swk_haproxy_shows(const struct swk_haproxy_state *state, const struct swk_upstream *upstream)
{
	size_t count;
	const struct swk_haproxy_line *lines = swk_haproxy_lines(state, upstream->name, &count);

	if (!swk_haproxy_has_backend(state, upstream->name))
		return false;
	for (size_t i = 0; i < upstream->count; i++) {
		const struct swk_server *server = &upstream->servers[i];
		const struct swk_haproxy_line *line = find_line(lines, count, server);

		if (!line || line->draining || line->server.down != server->down ||
		    line->server.weight != server->weight || !has_details(line, server))
			return false;
	}
	for (size_t i = 0; i < count; i++) {
		if (!has_server(upstream, &lines[i]) && !lines[i].server.down)
			return false;
	}
	return true;
}

/* ---- commands ---- */

/* HAProxy takes no other bytes in names (invalid_char), and none of them ends a command. */
static bool is_safe(const char *name)
{
	return *name && !name[strspn(name, "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
					   "0123456789_.:-")];
}

/* Where a command is to be added. */
struct writer {
	struct swk_haproxy_request *request;
	size_t number;
	const char *backend, *name;
};

/* Adds `VERB BACKEND/NAME WORDS`. */
static int put(const struct writer *writer, enum swk_haproxy_command command, const char *verb,
	       const char *const *words, struct swk_error *error)
{
	struct swk_buffer *text = &writer->request->text;

	if (!is_safe(writer->backend) || !is_safe(writer->name))
		return swk_error_set(error, SWK_INTERNAL, "%s/%s is not a name of HAProxy's",
				     writer->backend, writer->name);
	if (swk_haproxy_begin(writer->request, command, writer->number, error) ||
	    swk_buffer_words(
		    text, error,
		    SWK_WORDS(verb, " ", writer->backend, "/", writer->name, *words ? " " : "")) ||
	    swk_buffer_words(text, error, words))
		return error->status;
	return swk_haproxy_end(writer->request, error);
}

static bool has_word(const struct swk_texts *options, const char *word)
{
	for (size_t i = 0; i < options->count; i++) {
		if (!strcmp(options->list[i], word))
			return true;
	}
	return false;
}

static int set_state(const struct writer *writer, const char *word, struct swk_error *error)
{
	return put(writer, SWK_HAPROXY_SET, "set server", SWK_WORDS("state ", word), error);
}

static int set_weight(const struct writer *writer, unsigned weight, struct swk_error *error)
{
	char number[SWK_NUMBER_MAX];

	return put(writer, SWK_HAPROXY_SET, "set server",
		   SWK_WORDS("weight ", swk_number_text(number, weight)), error);
}

/* HAProxy's states don't tell which servers are backups. So one that leaves as a backup gets the
 * weight 0, which no other server has. */
static int mark_backup(const struct writer *writer, struct swk_error *error)
{
	return set_weight(writer, 0, error);
}

static bool was_backup(const struct swk_haproxy_line *line)
{
	return line->detailed ? line->server.backup : !line->server.weight;
}

static int set_limit(const struct writer *writer, unsigned most, struct swk_error *error)
{
	char number[SWK_NUMBER_MAX];

	return put(writer, SWK_HAPROXY_SET, "set maxconn server",
		   SWK_WORDS(swk_number_text(number, most)), error);
}

/* A server that is added has neither its checks nor itself enabled. */
static int add_server(const struct writer *writer, const struct swk_server *server,
		      const struct swk_texts *options, struct swk_error *error)
{
	struct swk_buffer words;
	int status;

	swk_buffer_init(&words, SWK_LIVE_MAX);
	status = swk_haproxy_server_words(&words, server, options, error);
	/* The first byte is a space, which `put` adds, too. */
	if (!status)
		status = put(writer, SWK_HAPROXY_ADD, "add server", SWK_WORDS(words.data + 1),
			     error);
	if (!status && has_word(options, "check"))
		status = put(writer, SWK_HAPROXY_SET, "enable health", SWK_WORDS(NULL), error);
	if (!status && has_word(options, "agent-check"))
		status = put(writer, SWK_HAPROXY_SET, "enable agent", SWK_WORDS(NULL), error);
	if (!status && !server->down)
		status = set_state(writer, "ready", error);
	swk_buffer_free(&words);
	return status;
}

/*
 * A server comes back before it was deleted. If it is free by now, it is added anew. If not, it
 * gets what can be set. That it is a backup can't be set, so then it must be what it was.
 */
static int return_server(const struct writer *writer, const struct swk_haproxy_line *line,
			 const struct swk_server *server, const struct swk_texts *options,
			 struct swk_error *error)
{
	struct swk_haproxy_request *request = writer->request;
	size_t first = request->count;

	if (put(writer, SWK_HAPROXY_DELETE, "del server", SWK_WORDS(NULL), error) ||
	    add_server(writer, server, options, error) ||
	    set_weight(writer, server->weight, error) ||
	    set_limit(writer, server->max_conns, error))
		return error->status;
	request->list[first].may_fail = true;
	request->list[first + 1].may_exist = server->backup == was_backup(line);
	return 0;
}

/* Adjusts a server that HAProxy has. */
static int adjust_server(const struct writer *writer, const struct swk_haproxy_line *line,
			 const struct swk_server *before, const struct swk_server *server,
			 struct swk_error *error)
{
	int status = 0;

	if (line->server.weight != server->weight)
		status = set_weight(writer, server->weight, error);
	if (!status && (before->max_conns != server->max_conns || !has_details(line, server)))
		status = set_limit(writer, server->max_conns, error);
	if (!status && !server->down && (line->server.down || line->draining))
		status = set_state(writer, "ready", error);
	return status;
}

int swk_haproxy_raise(struct swk_haproxy_request *request, const struct swk_haproxy_change *change,
		      struct swk_error *error)
{
	size_t count;
	const struct swk_haproxy_line *lines =
		swk_haproxy_lines(change->state, change->after->name, &count);
	int status = 0;

	for (size_t i = 0; !status && i < change->after->count; i++) {
		const struct swk_server *server = &change->after->servers[i],
					*before = swk_upstream_find_server(change->before, server);
		const struct swk_haproxy_line *line = find_line(lines, count, server);
		char name[SWK_ADDRESS_MAX];
		const struct writer writer = {request, change->number, change->after->name,
					      swk_haproxy_server_name(server, name)};

		if (!line)
			status = add_server(&writer, server, change->options, error);
		else if (!before)
			status = return_server(&writer, line, server, change->options, error);
		else
			status = adjust_server(&writer, line, before, server, error);
	}
	return status;
}

int swk_haproxy_delete(struct swk_haproxy_request *request, const struct swk_haproxy_line *line,
		       size_t number, struct swk_error *error)
{
	const struct writer writer = {request, number, line->backend, line->name};

	return put(&writer, SWK_HAPROXY_DELETE, "del server", SWK_WORDS(NULL), error);
}

int swk_haproxy_lower(struct swk_haproxy_request *request, const struct swk_haproxy_change *change,
		      struct swk_error *error)
{
	size_t count;
	const struct swk_haproxy_line *lines =
		swk_haproxy_lines(change->state, change->after->name, &count);
	int status = 0;

	for (size_t i = 0; !status && i < count; i++) {
		const struct swk_haproxy_line *line = &lines[i];
		const struct writer writer = {request, change->number, line->backend, line->name};
		const struct swk_server *server = line->known
							  ? swk_upstream_find_server(change->after,
										     &line->server)
							  : NULL,
					*old = line->known ? swk_upstream_find_server(
								     change->before, &line->server)
							   : NULL;

		if (!line->server.down && (!server || server->down))
			status = set_state(&writer, "maint", error);
		if (!status && !server && old && old->backup)
			status = mark_backup(&writer, error);
		if (!status && !server)
			status = swk_haproxy_delete(request, line, change->number, error);
	}
	return status;
}
