/* SPDX-License-Identifier: MIT */
#include "consul/calls.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/json.h"
#include "consul/decode.h"
#include "consul/requests.h"
#include "io/url.h"

/* ---- one request ---- */

struct call {
	const char *method;
	const char *body;	  /* NULL: none */
	struct swk_buffer path;	  /* below the base, with parameters */
	struct swk_buffer answer; /* the body of an answer with status 200 */
	long status;		  /* HTTP's; 0: no answer */
	bool missing;		  /* a 404 is an answer, too */
};

static void init_call(struct call *call, const char *method)
{
	*call = (struct call){.method = method};
	swk_buffer_init(&call->path, SIZE_MAX / 2);
	swk_buffer_init(&call->answer, SWK_CALL_ANSWER_MAX);
}

static void free_call(struct call *call)
{
	swk_buffer_free(&call->path);
	swk_buffer_free(&call->answer);
}

static int receive(void *context, const char *data, size_t length, struct swk_error *error)
{
	struct call *call = context;

	return swk_buffer_add(&call->answer, data, length, error);
}

/* Sets the caller's error from an answer that did not succeed. */
static int fail(const struct swk_caller *caller, struct swk_http_request *request)
{
	char url[SWK_TEXT_MAX];

	swk_text_escape(url, sizeof(url), request->url);
	if (request->error.status == SWK_INTERNAL)
		return swk_error_memory(caller->error);
	if (request->error.status)
		(void)swk_error_set(caller->error, SWK_UNAVAILABLE, "%s", request->error.text);
	else
		(void)swk_error_set(caller->error, SWK_UNAVAILABLE, "%s: Consul answered %ld: %s%s",
				    url, request->status, request->reason,
				    request->status == 403
					    ? "; swk-fleet(7) lists the rights of the token"
					    : "");
	swk_consul_hide_secrets(caller->consul, caller->error->text);
	return caller->error->status;
}

/* Makes the request, and repeats it while its error may pass. */
static int perform(const struct swk_caller *caller, struct call *call)
{
	const int64_t patience = swk_now_ms() + SWK_CONSUL_PATIENCE_MS;
	struct swk_http_request request;
	char *url = NULL;
	unsigned tried = 0;
	int status;

	if (caller->error->status ||
	    asprintf(&url, "%s%s", caller->consul->base, call->path.data) < 0)
		return swk_error_memory(caller->error);
	request = (struct swk_http_request){
		.method = call->method,
		.url = url,
		.header = caller->consul->header,
		.body = call->body,
		.body_length = call->body ? strlen(call->body) : 0,
		.peer = &caller->consul->peer,
		.answer_limit = SWK_CALL_ANSWER_MAX,
		.connect_ms = SWK_CONSUL_CONNECT_MS,
		.request_ms = SWK_CONSUL_REQUEST_MS,
		.receive = receive,
		.context = call,
	};
	do {
		if (tried)
			swk_pause_before_retry(tried - 1);
		swk_buffer_clear(&call->answer);
		status = swk_http_perform(caller->http, &request, 1, 1, caller->deadline,
					  caller->error);
	} while (!status && swk_consul_may_pass(&request) && ++tried &&
		 swk_deadline_left(patience < caller->deadline ? patience : caller->deadline, 1));
	call->status = request.error.status ? 0 : request.status;
	if (!status && call->status != 200 && !(call->missing && call->status == 404))
		status = fail(caller, &request);
	free(url);
	return status;
}

/* Appends to the path of a call. Frees `encoded`, which is NULL if there was no memory for it. */
static int add_encoded(const struct swk_caller *caller, struct call *call, const char *before,
		       char *encoded, const char *end)
{
	int status = encoded ? swk_buffer_words(&call->path, caller->error,
						SWK_WORDS(before, encoded, end))
			     : swk_error_memory(caller->error);

	free(encoded);
	return status;
}

/* The path of a call, with one more segment, which is encoded, unless it is NULL. */
static int set_path(const struct swk_caller *caller, struct call *call, const char *path,
		    const char *segment)
{
	return segment ? add_encoded(caller, call, path, swk_url_segment(segment), "")
		       : swk_buffer_words(&call->path, caller->error, SWK_WORDS(path));
}

static int set_key_path(const struct swk_caller *caller, struct call *call, const char *key,
			const char *end)
{
	return add_encoded(caller, call, "/v1/kv/", swk_consul_encode_key(key), end);
}

/* The parameters of the agent's own namespace and partition, after `first`. */
static int add_place(const struct swk_caller *caller, struct call *call, char first)
{
	const struct swk_consul *consul = caller->consul;

	if (!consul->agent)
		return 0;
	return swk_buffer_print(&call->path, caller->error, "%c%.*s", first, (int)consul->agent - 1,
				consul->query + 1);
}

/* Decodes the answer, for the caller to free. NULL with the error set. */
static json_t *decode(const struct swk_caller *caller, const struct call *call)
{
	json_t *answer =
		swk_json_load(call->answer.data ? call->answer.data : "", call->answer.length,
			      JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);

	if (!answer && errno == ENOMEM)
		(void)swk_error_memory(caller->error);
	else if (!answer)
		(void)swk_error_set(caller->error, SWK_UNAVAILABLE,
				    "%s%s: this is not what Consul answers there",
				    caller->consul->base, call->path.data);
	return answer;
}

/* The text of a string without a NUL, or "". */
static const char *text_of(const json_t *object, const char *name)
{
	const json_t *value = json_object_get(object, name);
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ? text : "";
}

/* ---- sessions ---- */

static bool is_session(const char *id)
{
	return strlen(id) == SWK_SESSION_MAX - 1 &&
	       strspn(id, "0123456789abcdefABCDEF-") == SWK_SESSION_MAX - 1;
}

int swk_consul_begin_session(const struct swk_caller *caller, char session[SWK_SESSION_MAX])
{
	char ttl[16];
	json_t *answer = NULL;
	struct swk_buffer body;
	struct call call;
	int status;

	init_call(&call, "PUT");
	swk_buffer_init(&body, SWK_REQUEST_BYTES_MAX);
	(void)snprintf(ttl, sizeof(ttl), "%ds", SWK_REQUESTER_TTL_S);
	status = swk_json_print(&body,
				json_pack("{ss, ss, ss, ss}", "Name", "swk", "TTL", ttl, "Behavior",
					  "delete", "LockDelay", "0s"),
				caller->error);
	call.body = body.data;
	if (!status)
		status = set_path(caller, &call, "/v1/session/create", NULL);
	if (!status)
		status = perform(caller, &call);
	if (!status)
		answer = decode(caller, &call);
	if (answer && !is_session(text_of(answer, "ID")))
		(void)swk_error_set(caller->error, SWK_UNAVAILABLE,
				    "%s%s: the answer has no session", caller->consul->base,
				    call.path.data);
	else if (answer)
		memcpy(session, text_of(answer, "ID"), SWK_SESSION_MAX);
	json_decref(answer);
	swk_buffer_free(&body);
	free_call(&call);
	return caller->error->status;
}

/* Makes a call without a body, whose path ends with a segment. *exists is false after a 404. */
static int call_about(const struct swk_caller *caller, const char *path, const char *segment,
		      bool *exists)
{
	struct call call;
	int status;

	init_call(&call, "PUT");
	call.body = "";
	call.missing = exists != NULL;
	status = set_path(caller, &call, path, segment);
	if (!status)
		status = perform(caller, &call);
	if (exists)
		*exists = call.status == 200;
	free_call(&call);
	return status;
}

int swk_consul_renew_session(const struct swk_caller *caller, const char *session, bool *exists)
{
	return call_about(caller, "/v1/session/renew/", session, exists);
}

int swk_consul_end_session(const struct swk_caller *caller, const char *session)
{
	return call_about(caller, "/v1/session/destroy/", session, NULL);
}

/* ---- keys ---- */

int swk_consul_set_key(const struct swk_caller *caller, const char *key, const char *value,
		       const char *session, bool *set)
{
	struct call call;
	int status;

	init_call(&call, "PUT");
	call.body = value;
	status = set_key_path(caller, &call, key, session ? "?acquire=" : "");
	if (!status && session)
		status = swk_buffer_words(&call.path, caller->error, SWK_WORDS(session));
	if (!status)
		status = perform(caller, &call);
	/* The body is `true` or `false`. */
	*set = !status && call.answer.length >= 4 && !memcmp(call.answer.data, "true", 4);
	free_call(&call);
	return status;
}

int swk_consul_delete_key(const struct swk_caller *caller, const char *key)
{
	struct call call;
	int status;

	init_call(&call, "DELETE");
	status = set_key_path(caller, &call, key, "");
	if (!status)
		status = perform(caller, &call);
	free_call(&call);
	return status;
}

int swk_consul_list_keys(const struct swk_caller *caller, const char *prefix,
			 struct swk_texts *keys)
{
	json_t *answer = NULL;
	const json_t *key;
	struct call call;
	size_t i;

	init_call(&call, "GET");
	call.missing = true;
	if (!set_key_path(caller, &call, prefix, "/?keys") && !perform(caller, &call) &&
	    call.status == 200)
		answer = decode(caller, &call);
	json_array_foreach(answer, i, key)
	{
		if (json_is_string(key) &&
		    strlen(json_string_value(key)) == json_string_length(key) &&
		    swk_texts_add(keys, json_string_value(key), caller->error))
			break;
	}
	json_decref(answer);
	free_call(&call);
	return caller->error->status;
}

struct ack_sink {
	struct swk_acks *acks;
	const char *id; /* NULL: all */
	size_t before;
};

static int take_ack(void *context, const struct swk_value *value, struct swk_error *error)
{
	const struct ack_sink *sink = context;
	struct swk_ack ack;
	bool fits;

	if (swk_ack_decode(value, &ack, &fits, error))
		return error->status;
	if (!fits || (sink->id && strcmp(sink->id, ack.id) != 0))
		return 0;
	if (sink->acks->count - sink->before == SWK_ACKS_MAX)
		return swk_error_set(error, SWK_UNAVAILABLE,
				     "there are more than %d acknowledgements", SWK_ACKS_MAX);
	return swk_acks_append(sink->acks, &ack, error);
}

static void forget_acks(void *context)
{
	const struct ack_sink *sink = context;

	sink->acks->count = sink->before;
}

int swk_consul_acks(const struct swk_caller *caller, const char *id, uint64_t *index,
		    struct swk_acks *acks)
{
	struct ack_sink sink = {.acks = acks, .id = id, .before = acks->count};
	struct swk_consul_query query = {
		.keyprefix = SWK_FLEET_ACKS,
		.consistent = true,
		.near = true,
		.after = *index,
		.sink = {.context = &sink, .value = take_ack},
		.again = forget_acks,
	};

	if (swk_consul_ask(caller->consul, caller->http, &query, 1, caller->deadline,
			   caller->error))
		return caller->error->status;
	if (query.error.status)
		forget_acks(&sink);
	*index = query.index;
	return query.error.status
		       ? swk_error_set(caller->error, query.error.status, "%s", query.error.text)
		       : 0;
}

/* ---- this host's agent ---- */

int swk_consul_node(const struct swk_caller *caller, const char *id, char node[SWK_NODE_MAX + 1],
		    bool *registered)
{
	/* Consul's filters have no escapes within quotes. */
	const char *quote = strchr(id, '"') ? "%60" : "%22";
	json_t *answer = NULL, *check;
	const char *key;
	struct call call;

	*registered = false;
	node[0] = '\0';
	init_call(&call, "GET");
	/* ServiceID == "ID". An agent's file registers the fleet's service in no namespace. */
	if (!swk_buffer_words(&call.path, caller->error,
			      SWK_WORDS("/v1/agent/checks?filter=ServiceID%20%3D%3D%20", quote)) &&
	    !set_path(caller, &call, "", id) &&
	    !swk_buffer_words(&call.path, caller->error, SWK_WORDS(quote)) &&
	    (!strcmp(id, SWK_FLEET_SERVICE) || !add_place(caller, &call, '&')) &&
	    !perform(caller, &call))
		answer = decode(caller, &call);
	json_object_foreach(answer, key, check)
	{
		const char *name = text_of(check, "Node");

		if (strcmp(text_of(check, "ServiceID"), id) != 0 || !*name ||
		    strlen(name) > SWK_NODE_MAX)
			continue;
		(void)snprintf(node, SWK_NODE_MAX + 1, "%s", name);
		*registered = true;
	}
	json_decref(answer);
	free_call(&call);
	return caller->error->status;
}

int swk_consul_update_check(const struct swk_caller *caller, enum swk_fleet_status status,
			    const char *output)
{
	struct swk_buffer body;
	struct call call;
	int result;

	init_call(&call, "PUT");
	swk_buffer_init(&body, SWK_REQUEST_BYTES_MAX);
	result = swk_json_print(
		&body, json_pack("{ss, ss}", "Status", swk_fleet_words[status], "Output", output),
		caller->error);
	call.body = body.data;
	if (!result)
		result = set_path(caller, &call, "/v1/agent/check/update/" SWK_FLEET_SERVICE, NULL);
	if (!result)
		result = perform(caller, &call);
	swk_buffer_free(&body);
	free_call(&call);
	return result;
}

int swk_consul_service_of(const struct swk_caller *caller, const char *id, char **service)
{
	json_t *answer = NULL;
	struct call call;

	*service = NULL;
	init_call(&call, "GET");
	call.missing = true;
	if (!set_path(caller, &call, "/v1/agent/service/", id) && !add_place(caller, &call, '?') &&
	    !perform(caller, &call) && call.status == 200)
		answer = decode(caller, &call);
	if (answer)
		*service = strdup(text_of(answer, "Service"));
	if (answer && !*service)
		(void)swk_error_memory(caller->error);
	json_decref(answer);
	free_call(&call);
	return caller->error->status;
}

int swk_consul_maintenance(const struct swk_caller *caller, const char *id, bool on,
			   const char *reason, bool *exists)
{
	char *encoded = swk_url_segment(reason);
	struct call call;
	int status = encoded ? 0 : swk_error_memory(caller->error);

	init_call(&call, "PUT");
	call.body = "";
	call.missing = true;
	if (!status)
		status = set_path(caller, &call, "/v1/agent/service/maintenance/", id);
	if (!status)
		status = swk_buffer_words(
			&call.path, caller->error,
			SWK_WORDS(on ? "?enable=true&reason=" : "?enable=false&reason=", encoded));
	if (!status && !add_place(caller, &call, '&'))
		status = perform(caller, &call);
	*exists = call.status == 200;
	free(encoded);
	free_call(&call);
	return status ? status : caller->error->status;
}

/* ---- the fleet ---- */

struct host_sink {
	struct swk_hosts *hosts;
	size_t before;
	enum swk_fleet_status check, alive; /* of the checks before the instance */
};

static enum swk_fleet_status status_of(const struct swk_check *check)
{
	for (size_t i = SWK_FLEET_PASSING; i < SWK_FLEET_STATUSES; i++) {
		if (!strcmp(check->status, swk_fleet_words[i]))
			return (enum swk_fleet_status)i;
	}
	return SWK_FLEET_CRITICAL;
}

static int take_host_check(void *context, const struct swk_check *check, struct swk_error *error)
{
	struct host_sink *sink = context;

	(void)error;
	if (!strcmp(check->id, SWK_FLEET_SERVICE))
		sink->check = status_of(check);
	else if (check->of_node && !strcmp(check->id, "serfHealth"))
		sink->alive = status_of(check);
	return 0;
}

static int take_host(void *context, const struct swk_instance *instance, struct swk_error *error)
{
	struct host_sink *sink = context;
	struct swk_host host = {.check = sink->check, .alive = sink->alive};

	sink->check = sink->alive = SWK_FLEET_UNKNOWN;
	if (sink->hosts->count - sink->before == SWK_HOSTS_MAX)
		return swk_error_set(error, SWK_UNAVAILABLE, "there are more than %d hosts",
				     SWK_HOSTS_MAX);
	if (!*instance->node || strlen(instance->node) > SWK_NODE_MAX)
		return swk_error_set(error, SWK_UNAVAILABLE,
				     "the name of a host has no bytes, or more than %d",
				     SWK_NODE_MAX);
	(void)snprintf(host.node, sizeof(host.node), "%s", instance->node);
	if (strlen(instance->node_address) < sizeof(host.address))
		(void)snprintf(host.address, sizeof(host.address), "%s", instance->node_address);
	return swk_hosts_find(sink->hosts, host.node) ? 0
						      : swk_hosts_append(sink->hosts, &host, error);
}

/* A host that can't be read may not be left out. */
static int refuse_host(void *context, const char *service, const char *what, const char *reason,
		       struct swk_error *error)
{
	(void)context;
	(void)service;
	return swk_error_set(error, SWK_UNAVAILABLE, "%s of swk-apply is unreadable: %s", what,
			     reason);
}

static void forget_hosts(void *context)
{
	struct host_sink *sink = context;

	sink->hosts->count = sink->before;
	sink->check = sink->alive = SWK_FLEET_UNKNOWN;
}

int swk_consul_hosts(const struct swk_caller *caller, struct swk_hosts *hosts)
{
	struct host_sink sink = {.hosts = hosts, .before = hosts->count};
	struct swk_consul_query query = {
		.service = SWK_FLEET_SERVICE,
		.consistent = true,
		.near = true,
		.sink = {.context = &sink,
			 .instance = take_host,
			 .instance_check = take_host_check,
			 .undecodable = refuse_host},
		.again = forget_hosts,
	};

	if (swk_consul_ask(caller->consul, caller->http, &query, 1, caller->deadline,
			   caller->error))
		return caller->error->status;
	if (!query.error.status && query.filtered)
		(void)swk_error_set(
			&query.error, SWK_UNAVAILABLE,
			"the list of hosts is incomplete: the token lacks node:read for "
			"some hosts");
	if (query.error.status)
		forget_hosts(&sink);
	return query.error.status
		       ? swk_error_set(caller->error, query.error.status, "%s", query.error.text)
		       : 0;
}
