/* SPDX-License-Identifier: MIT */
#include "target/command/change.h"

#include <stdlib.h>
#include <string.h>

#include <jansson.h>

/* Each function that makes a value returns NULL without memory, and those that add a member accept
 * that: jansson then reports a failure. */

static json_t *make_server(const struct swk_server *server)
{
	char address[SWK_ADDRESS_MAX];

	return json_pack("{s:s, s:I, s:I, s:I, s:I, s:b, s:b}", "address",
			 swk_server_address(server, address), "weight", (json_int_t)server->weight,
			 "max_conns", (json_int_t)server->max_conns, "max_fails",
			 (json_int_t)server->max_fails, "fail_timeout",
			 (json_int_t)server->fail_timeout, "backup", server->backup, "down",
			 server->down);
}

/* An array, or null if there is no such upstream. */
static json_t *make_servers(const struct swk_upstream *upstream)
{
	json_t *array = upstream ? json_array() : json_null();

	for (size_t i = 0; upstream && array && i < upstream->count; i++) {
		if (json_array_append_new(array, make_server(&upstream->servers[i]))) {
			json_decref(array);
			return NULL;
		}
	}
	return array;
}

static json_t *make_source(const struct swk_source *source)
{
	static const char *const kinds[] = {
		[SWK_SOURCE_SERVICE] = "service",
		[SWK_SOURCE_KEY] = "key",
	};
	json_t *object;

	if (!source || !*source->name)
		return json_null();
	object = json_pack("{s:s, s:s}", "kind", kinds[source->kind], "name", source->name);
	if (object && *source->tag &&
	    json_object_set_new(object, "tag", json_string(source->tag))) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* Adds what is set of the whole upstream. Returns 0, or -1 without memory. */
static int add_whole(json_t *object, const struct swk_upstream *upstream)
{
	const struct {
		const char *key;
		unsigned number;
	} numbers[] = {{"keepalive", upstream->keepalive},
		       {"keepalive_timeout", upstream->keepalive_timeout},
		       {"keepalive_requests", upstream->keepalive_requests}};
	int result = 0;

	if (upstream->balance)
		result = json_object_set_new(object, "balance",
					     json_string(swk_balance_words[upstream->balance]));
	for (size_t i = 0; !result && i < sizeof(numbers) / sizeof(*numbers); i++) {
		if (numbers[i].number && (upstream->keepalive || !i))
			result = json_object_set_new(object, numbers[i].key,
						     json_integer(numbers[i].number));
	}
	return result;
}

static json_t *make_upstream(const struct swk_operation *operation,
			     const struct swk_upstream *before)
{
	const struct swk_upstream *after = operation->upstream, *any = after ? after : before;
	const char *change = !after ? "deleted" : before ? "updated" : "created";
	json_t *object = json_pack("{s:s, s:s, s:o, s:o, s:o}", "name", operation->name, "change",
				   change, "source", make_source(any ? &any->source : NULL),
				   "before", make_servers(before), "after", make_servers(after));

	if (object && after && add_whole(object, after)) {
		json_decref(object);
		return NULL;
	}
	return object;
}

/* A path may not be UTF-8. */
static json_t *make_path(const char *path)
{
	const size_t room = strlen(path) * strlen("\\x00") + 1;
	json_t *string = json_string(path);
	char *escaped = string ? NULL : malloc(room);

	if (escaped) {
		swk_text_escape(escaped, room, path);
		string = json_string(escaped);
	}
	free(escaped);
	return string;
}

static json_t *make_change(const struct swk_target_run *run, const struct swk_plan *plan,
			   const struct swk_upstreams *confirmed)
{
	json_t *upstreams = json_array();
	int result = 0;

	for (size_t i = 0; !result && i < plan->count; i++) {
		const struct swk_operation *operation = &plan->list[i];

		result = json_array_append_new(
			upstreams,
			make_upstream(operation, swk_upstreams_find(confirmed, operation->name)));
	}
	if (result) {
		json_decref(upstreams);
		upstreams = NULL;
	}
	return json_pack("{s:i, s:s, s:I, s:o, s:o}", "version", 1, "event", run->event, "index",
			 (json_int_t)run->index, "conf", make_path(run->conf), "upstreams",
			 upstreams);
}

/* What jansson's writer is given. */
struct writing {
	struct swk_buffer *out;
	struct swk_error *error;
};

static int write_piece(const char *piece, size_t length, void *context)
{
	const struct writing *writing = context;

	return swk_buffer_add(writing->out, piece, length, writing->error);
}

int swk_command_change(struct swk_buffer *out, const struct swk_target_run *run,
		       const struct swk_plan *plan, const struct swk_upstreams *confirmed,
		       struct swk_error *error)
{
	struct writing writing = {out, error};
	json_t *change = make_change(run, plan, confirmed);

	if (!change || json_dump_callback(change, write_piece, &writing, JSON_COMPACT))
		(void)swk_error_memory(error);
	json_decref(change);
	return error->status ? error->status : swk_buffer_add(out, "\n", 1, error);
}
