/* SPDX-License-Identifier: MIT */
#include "target/haproxy/read.h"

#include <string.h>
#include <strings.h>

#include "target/haproxy/change.h"

/* ---- asking ---- */

void swk_haproxy_begin_reading(struct swk_haproxy_reading *reading)
{
	*reading = (struct swk_haproxy_reading){0};
	swk_haproxy_request_init(&reading->request);
}

void swk_haproxy_end_reading(struct swk_haproxy_reading *reading)
{
	swk_haproxy_state_free(&reading->state);
	swk_haproxy_request_free(&reading->request);
}

void swk_haproxy_name_cause(const struct swk_target *target, struct swk_error *cause)
{
	struct swk_error named = {0};

	if (cause->status)
		(void)swk_error_set(&named, cause->status, "%s: %s", target->name, cause->text);
	*cause = named;
}

int swk_haproxy_read_process(struct swk_target *target, bool servers,
			     struct swk_haproxy_reading *reading, int64_t deadline,
			     struct swk_error *cause, struct swk_error *error)
{
	struct swk_haproxy *this = target->own;
	const enum swk_haproxy_depth depth = !servers	      ? SWK_HAPROXY_NAMES
					     : target->behind ? SWK_HAPROXY_DETAILS
							      : SWK_HAPROXY_SERVERS;
	int status = swk_haproxy_read_state(&this->api, depth, &reading->request, &reading->state,
					    deadline, target->watch, cause, error);

	swk_haproxy_name_cause(target, cause);
	return status;
}

int swk_haproxy_send(struct swk_target *target, struct swk_haproxy_request *request,
		     int64_t deadline, struct swk_error *cause, struct swk_error *error)
{
	struct swk_haproxy *this = target->own;

	if (!request->count)
		return 0;
	if (!swk_haproxy_ask(&this->api, request, deadline, target->watch, cause, error) &&
	    !cause->status)
		swk_haproxy_interpret(request);
	swk_haproxy_name_cause(target, cause);
	return error->status;
}

/* ---- reading ---- */

/* Adds the server of a line, with what only the confirmed upstream tells of it. */
static int add_line(struct swk_upstream *upstream, const struct swk_haproxy_line *line,
		    const struct swk_upstream *confirmed, struct swk_error *error)
{
	const struct swk_server *old =
		confirmed ? swk_upstream_find_server(confirmed, &line->server) : NULL;
	struct swk_server server = line->server;

	if (swk_haproxy_leaves(line, confirmed)) {
		upstream->leaving++;
		return 0;
	}
	upstream->partial |= !line->known || line->draining;
	/* In a managed backend, any such server is drift. In another one, it may be the server that
	 * a request asks to be without. */
	if (!line->known && (confirmed || !line->placed))
		return 0;
	if (old && !line->detailed) {
		server.backup = old->backup;
		server.max_conns = old->max_conns;
	}
	if (old) {
		server.max_fails = old->max_fails;
		server.fail_timeout = old->fail_timeout;
	}
	return swk_upstream_add(upstream, &server, error);
}

static int add_backend(struct swk_upstreams *live, const struct swk_haproxy_state *state,
		       const char *name, const struct swk_upstream *confirmed,
		       struct swk_error *error)
{
	size_t count;
	const struct swk_haproxy_line *lines = swk_haproxy_lines(state, name, &count);
	struct swk_upstream upstream;
	int status = swk_upstream_init(&upstream, name, &swk_source_unknown, error);

	if (status)
		return status;
	for (size_t i = 0; !status && i < count; i++)
		status = add_line(&upstream, &lines[i], confirmed, error);
	swk_upstream_tidy(&upstream);
	if (!status)
		status = swk_upstreams_append(live, &upstream, error);
	swk_upstream_free(&upstream);
	return status;
}

/* HAProxy heeds case in names, but a set does not: of two such backends, the one that is confirmed
 * stays. */
static bool is_hidden(const struct swk_haproxy_state *state, const struct swk_upstream *confirmed,
		      const char *name)
{
	return confirmed && strcmp(confirmed->name, name) != 0 &&
	       swk_haproxy_has_backend(state, confirmed->name);
}

static void drop_second(struct swk_upstreams *set)
{
	while (swk_upstreams_sort(set)) {
		size_t place = 1;

		while (strcasecmp(set->list[place - 1].name, set->list[place].name) != 0)
			place++;
		swk_upstream_free(&set->list[place]);
		set->list[place] = set->list[--set->count];
	}
}

static int take_state(struct swk_target *target, const struct swk_haproxy_state *state,
		      const struct swk_upstreams *confirmed, bool servers, struct swk_error *error)
{
	struct swk_live *live = &target->live;
	int status = 0;

	live->readable = servers ? SWK_READ_ATTRIBUTES : SWK_READ_NAMES;
	for (size_t i = 0; !status && i < state->backend_count; i++) {
		const char *name = state->backends[i];
		const struct swk_upstream *known = swk_upstreams_find(confirmed, name);

		if (!is_hidden(state, known, name))
			status = add_backend(&live->upstreams, state, name, known, error);
	}
	drop_second(&live->upstreams);
	return status;
}

/* Deletes servers that are out of rotation. Those that are not free yet, or can't be deleted for
 * another reason, stay for the next full run. */
static int delete_free(struct swk_target *target, const struct swk_haproxy_state *state,
		       const struct swk_upstreams *confirmed, int64_t deadline,
		       struct swk_error *error)
{
	struct swk_haproxy_request request;
	struct swk_error cause = {0};
	int status = 0;

	swk_haproxy_request_init(&request);
	for (size_t i = 0; !status && i < state->count; i++) {
		const struct swk_haproxy_line *line = &state->lines[i];
		const struct swk_upstream *known = swk_upstreams_find(confirmed, line->backend);

		if (swk_haproxy_leaves(line, known) && !strcmp(known->name, line->backend))
			status = swk_haproxy_delete(&request, line, i, error);
	}
	if (!status)
		status = swk_haproxy_send(target, &request, deadline, &cause, error);
	for (size_t i = 0; !status && !cause.status && i < request.count; i++) {
		struct swk_upstream *live = swk_upstreams_find(
			&target->live.upstreams, state->lines[request.list[i].change].backend);

		if (live && live->leaving && request.list[i].meaning == SWK_HAPROXY_DONE)
			live->leaving--;
	}
	swk_haproxy_request_free(&request);
	return status;
}

void swk_haproxy_note_failure(struct swk_target *target, const struct swk_error *cause)
{
	const struct swk_haproxy *this = target->own;

	swk_target_give_up(target, cause);
	target->unreachable = this->api.unreachable;
	target->passing = this->api.dropped;
}

static int read_servers(struct swk_target *target, const struct swk_haproxy_reading *reading,
			int64_t deadline, struct swk_error *error)
{
	struct swk_haproxy *this = target->own;
	struct swk_upstreams confirmed = {0};
	struct swk_error cause = {0};

	if (!swk_own_file_read(target, &this->own, &confirmed, &target->trouble, &cause, error) &&
	    !cause.status) {
		if (target->trouble.status)
			swk_error_add(&target->trouble, "; it is written again");
		if (!take_state(target, &reading->state, &confirmed, true, error) &&
		    target->may_delete)
			(void)delete_free(target, &reading->state, &confirmed, deadline, error);
	}
	if (cause.status)
		swk_target_give_up(target, &cause);
	swk_upstreams_free(&confirmed);
	return error->status;
}

int swk_haproxy_read(struct swk_target *target, enum swk_depth depth, const char *name,
		     int64_t deadline, struct swk_error *error)
{
	static const struct swk_upstreams nothing;
	const bool servers = depth >= SWK_DEPTH_STATE;
	struct swk_error cause = {0};
	struct swk_haproxy_reading reading;

	(void)name;
	swk_live_free(&target->live);
	target->trouble = (struct swk_error){0};
	target->given_up = target->unreachable = target->passing = false;
	swk_haproxy_begin_reading(&reading);
	if (!swk_haproxy_read_process(target, servers, &reading, deadline, &cause, error)) {
		if (cause.status)
			swk_haproxy_note_failure(target, &cause);
		else if (servers)
			(void)read_servers(target, &reading, deadline, error);
		else if (depth == SWK_DEPTH_ONE)
			target->live.readable = SWK_READ_NAMES;
		else
			(void)take_state(target, &reading.state, &nothing, false, error);
	}
	swk_haproxy_end_reading(&reading);
	return error->status;
}
