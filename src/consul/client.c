/* SPDX-License-Identifier: MIT */
#include "consul/client.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "base/hash.h"
#include "io/url.h"

/* A query in progress. The decoder gets an answer as it arrives. Only an answer about one service
 * is kept until it is complete, if it is not too large: if its hash is known, it is not decoded. */
struct asking {
	const struct swk_consul *consul;
	struct swk_consul_query *query;
	struct swk_document *document; /* NULL until the decoder gets its first bytes */
	struct swk_buffer kept;	       /* bytes that the decoder has not got yet */
	bool keep;
	char *url;
};

/* Passes the kept bytes to the decoder. From now on it gets bytes as they arrive. */
static int release(struct asking *asking, struct swk_error *error)
{
	int status = 0;

	if ((!asking->document &&
	     swk_document_open(&asking->document, &asking->query->sink, error)) ||
	    (asking->kept.length &&
	     swk_document_feed(asking->document, asking->kept.data, asking->kept.length, error)))
		status = error->status;
	swk_buffer_free(&asking->kept);
	asking->keep = false;
	return status;
}

static int feed(void *context, const char *data, size_t length, struct swk_error *error)
{
	struct asking *asking = context;

	if (asking->keep && length <= asking->kept.ceiling - asking->kept.length)
		return swk_buffer_add(&asking->kept, data, length, error);
	if ((asking->keep || !asking->document) && release(asking, error))
		return error->status;
	return swk_document_feed(asking->document, data, length, error);
}

/* Called after the last byte of an answer with status 200. */
static int feed_end(struct asking *asking, struct swk_error *error)
{
	struct swk_consul_query *query = asking->query;

	if (!asking->keep)
		return asking->document ? 0 : release(asking, error);
	query->number = swk_hash_end(
		swk_hash_bytes(SWK_HASH_START, asking->kept.data, asking->kept.length));
	query->same = query->known && query->number == query->known && !query->filtered;
	return query->same ? 0 : release(asking, error);
}

char *swk_consul_encode_key(const char *key)
{
	char *encoded = swk_url_segment(key), *to = encoded;

	/* A percent sign is encoded as %25, so each %2F was a slash. */
	for (const char *from = encoded; from && *from; to++) {
		if (!strncmp(from, "%2F", 3)) {
			*to = '/';
			from += 3;
		} else {
			*to = *from++;
		}
	}
	if (to)
		*to = '\0';
	return encoded;
}

/* How many bytes of consul->query the query gets. Consul's agent does not cache keys. */
static size_t parameters(const struct swk_consul *consul, const struct swk_consul_query *query,
			 bool leader)
{
	if (query->near)
		return 0;
	if (leader || query->consistent)
		return consul->strict;
	return query->keyprefix ? consul->uncached : strlen(consul->query);
}

/* Adds parameters, whose first byte is a question mark or `&`. */
static int add_parameters(struct swk_buffer *to, const char *from, size_t length,
			  struct swk_error *error)
{
	if (!length)
		return 0;
	return swk_buffer_print(to, error, "%c%.*s", to->length ? '&' : '?', (int)length - 1,
				from + 1);
}

static int query_parameters(struct swk_buffer *to, const struct swk_consul *consul,
			    const struct swk_consul_query *query, bool leader,
			    struct swk_error *error)
{
	/* Another datacenter replaces the settings'. */
	const size_t skip_to = query->datacenter ? consul->strict : consul->agent;

	if (swk_buffer_add(to, "", 0, error) ||
	    swk_url_add_flag(to, "recurse", query->keyprefix != NULL, error) ||
	    add_parameters(to, consul->query, consul->agent, error) ||
	    add_parameters(to, consul->query + skip_to, parameters(consul, query, leader) - skip_to,
			   error) ||
	    swk_url_add_parameter(to, "dc", query->datacenter, error) ||
	    swk_url_add_parameter(to, "filter", query->filter, error) ||
	    swk_url_add_parameter(to, "peer", query->peer, error) ||
	    swk_url_add_flag(to, "consistent", query->consistent, error))
		return error->status;
	if (!query->after)
		return 0;
	return swk_buffer_print(to, error, "%cindex=%" PRIu64 "&wait=%ds", to->length ? '&' : '?',
				query->after, SWK_CONSUL_WAIT_S);
}

/* The URL, for the caller to free; NULL without memory. */
static char *query_url(const struct swk_consul *consul, const struct swk_consul_query *query,
		       bool leader)
{
	const char *path = "/v1/catalog/services";
	char *name = NULL, *url = NULL;
	struct swk_error ignored = {0};
	struct swk_buffer more;

	swk_buffer_init(&more, SIZE_MAX / 2);
	if (query->keyprefix) {
		name = swk_consul_encode_key(query->keyprefix);
		path = "/v1/kv/";
	} else if (query->service) {
		name = swk_url_segment(query->service);
		path = "/v1/health/service/";
	}
	if ((query->keyprefix || query->service) && !name)
		return NULL;
	if (query_parameters(&more, consul, query, leader, &ignored) ||
	    asprintf(&url, "%s%s%s%s%s", consul->base, path, name ? name : "",
		     query->keyprefix ? "/" : "", more.data) < 0)
		url = NULL;
	swk_buffer_free(&more);
	free(name);
	return url;
}

/* Whether Consul answers this query with such a document. A service may have no instance. */
static bool is_expected(const struct swk_consul_query *query, enum swk_document_kind kind)
{
	if (query->keyprefix)
		return kind == SWK_DOCUMENT_KEYS;
	if (query->service)
		return kind == SWK_DOCUMENT_SERVICE || kind == SWK_DOCUMENT_NOTHING;
	return kind == SWK_DOCUMENT_SERVICES;
}

/* If no key has the prefix, Consul answers 404 with an index and without a body. A server that does
 * not know the path sends no index. */
static bool is_no_key(const struct swk_consul_query *query, const struct swk_http_request *request)
{
	return query->keyprefix && !request->error.status && request->status == 404 &&
	       request->answer_number && !*request->reason;
}

/* Words of errors 500 that are about the request itself (seen on 1.8.7): an invalid filter, an
 * unknown datacenter, a check that the agent does not have, a session that has ended. */
static const char *const lasting[] = {"Failed to create boolean expression",
				      "No path to datacenter", "does not have associated TTL",
				      "invalid session"};

/*
 * Whether the same request may succeed soon: the agent restarts, allows no more connections now
 * (429), has lost a server (500), or stands behind a proxy that does not reach it (502 to 504).
 * After an error that took long, the agent has tried long enough: without a leader, 7 s.
 */
bool swk_consul_may_pass(const struct swk_http_request *request)
{
	if (request->took_ms > SWK_CONSUL_PATIENCE_MS)
		return false;
	for (size_t i = 0; i < sizeof(lasting) / sizeof(*lasting); i++) {
		if (strstr(request->reason, lasting[i]))
			return false;
	}
	return request->unreachable || request->dropped || request->status == 429 ||
	       request->status >= 500;
}

/* Sets the index of a good answer, or the query's error. */
static void judge(struct asking *asking, const struct swk_http_request *request)
{
	struct swk_consul_query *query = asking->query;
	struct swk_error *error = &query->error, cause = {0};
	enum swk_document_kind kind;
	char url[SWK_URL_SHOWN];

	query->index = 0;
	query->passing = swk_consul_may_pass(request);
	if (query->same) {
		query->index = request->answer_number;
		return;
	}
	if (is_no_key(query, request)) {
		query->index = request->answer_number;
		return;
	}
	(void)swk_url_show(url, asking->url);
	if (!request->error.status && request->status != 200)
		(void)swk_error_set(error, SWK_UNAVAILABLE, "%s: Consul answered %ld: %s", url,
				    request->status, request->reason);
	else if (request->error.status)
		(void)swk_error_set(error,
				    request->error.status == SWK_INTERNAL ? SWK_INTERNAL
									  : SWK_UNAVAILABLE,
				    "%s", request->error.text);
	else if (swk_document_end(asking->document, &kind, &cause))
		(void)swk_error_set(error, SWK_UNAVAILABLE, "%s: %s", url, cause.text);
	else if (!is_expected(query, kind))
		(void)swk_error_set(error, SWK_UNAVAILABLE,
				    "%s: this is not what Consul answers there", url);
	else
		query->index = request->answer_number;
}

/* Frees the memory that reading an answer needs. May be called twice. */
static void free_reading(struct asking *asking)
{
	swk_document_close(asking->document);
	asking->document = NULL;
	swk_buffer_free(&asking->kept);
}

/* Called when an answer is complete, or has failed. Frees its memory now, because many other
 * answers may still be on their way. */
static void answered(struct swk_http_request *request)
{
	struct asking *asking = request->context;

	asking->query->filtered = request->answer_flagged;
	if (!request->error.status && request->status == 200)
		(void)feed_end(asking, &request->error);
	judge(asking, request);
	swk_consul_hide_secrets(asking->consul, asking->query->error.text);
	free_reading(asking);
	if (asking->query->ended)
		asking->query->ended(asking->query->sink.context);
}

/* Makes the queries. `leader`: only the leader may answer. */
static int ask(const struct swk_consul *consul, struct swk_http *http,
	       struct swk_consul_query *const *queries, size_t count, bool leader, int64_t deadline,
	       struct swk_error *error)
{
	struct swk_http_request *requests = calloc(count + 1, sizeof(*requests));
	struct asking *asking = calloc(count + 1, sizeof(*asking));
	int status = requests && asking ? 0 : swk_error_memory(error);

	for (size_t i = 0; !status && i < count; i++) {
		queries[i]->error = (struct swk_error){0};
		queries[i]->same = queries[i]->filtered = false;
		queries[i]->number = 0;
		asking[i].consul = consul;
		asking[i].query = queries[i];
		asking[i].keep = queries[i]->service != NULL;
		swk_buffer_init(&asking[i].kept, SWK_ANSWER_KEPT);
		asking[i].url = query_url(consul, queries[i], leader);
		requests[i] = (struct swk_http_request){
			.method = "GET",
			.url = asking[i].url,
			.header = consul->header,
			.answer_header = "X-Consul-Index",
			/* From Consul 1.11. */
			.answer_flag = "X-Consul-Results-Filtered-By-ACLs",
			.peer = &consul->peer,
			.answer_limit = SWK_DOCUMENT_MAX,
			.connect_ms = SWK_CONSUL_CONNECT_MS,
			.request_ms = queries[i]->datacenter ? SWK_CONSUL_ELSEWHERE_MS
							     : SWK_CONSUL_REQUEST_MS,
			.receive = feed,
			.ended = answered,
			.context = &asking[i],
		};
		if (!asking[i].url)
			status = swk_error_memory(error);
	}
	if (!status)
		status = swk_http_perform(http, requests, count, SWK_CONSUL_PARALLEL, deadline,
					  error);
	for (size_t i = 0; asking && i < count; i++) {
		/* If memory ran out, some requests never started, and `answered` freed nothing. */
		free_reading(&asking[i]);
		free(asking[i].url);
	}
	free(requests);
	free(asking);
	return status;
}

/* Moves the queries whose error may pass to the front. Returns their number. */
static size_t find_passing(struct swk_consul_query **queries, size_t count)
{
	size_t found = 0;

	for (size_t i = 0; i < count; i++) {
		if (queries[i]->passing)
			queries[found++] = queries[i];
	}
	return found;
}

static void begin_again(struct swk_consul_query *query)
{
	if (query->again)
		query->again(query->sink.context);
}

/* How to repeat queries. An agent that is overloaded or without a leader must not get all of them
 * again and again. */
struct pace {
	size_t at_once;
	bool failed;	  /* the last query, or one of the last */
	unsigned tried;	  /* pauses since the last success */
	int64_t patience; /* when to stop if none succeeds */
};

/* Whether there is time to repeat queries. After an error, pauses first. */
static bool may_repeat(struct pace *pace, int64_t deadline)
{
	if (pace->failed)
		swk_pause_before_retry(pace->tried++);
	return swk_deadline_left(pace->patience < deadline ? pace->patience : deadline, 1);
}

/* Takes the result: twice as many next time or, after an error, as many as succeeded. */
static void adapt(struct pace *pace, struct swk_consul_query *const *queries, size_t asked)
{
	size_t good = 0;

	for (size_t i = 0; i < asked; i++)
		good += !queries[i]->error.status;
	if (good) {
		pace->patience = swk_now_ms() + SWK_CONSUL_PATIENCE_MS;
		pace->tried = 0;
	}
	pace->failed = good < asked;
	pace->at_once = pace->failed ? good : 2 * asked;
	if (!pace->at_once)
		pace->at_once = 1;
}

/* Makes the queries. Repeats those whose error may pass, in rounds, first a single one. Changes the
 * order of `queries`. */
static int ask_patiently(const struct swk_consul *consul, struct swk_http *http,
			 struct swk_consul_query **queries, size_t count, bool leader,
			 int64_t deadline, struct swk_error *error)
{
	struct pace pace = {.at_once = 1, .failed = true};
	int status = ask(consul, http, queries, count, leader, deadline, error);
	size_t asked;

	pace.patience = swk_now_ms() + SWK_CONSUL_PATIENCE_MS;
	for (size_t next = count; !status; next += asked) {
		if (next == count) {
			count = find_passing(queries, count);
			next = 0;
		}
		if (!count || !may_repeat(&pace, deadline))
			break;
		asked = pace.at_once < count - next ? pace.at_once : count - next;
		for (size_t i = next; i < next + asked; i++)
			begin_again(queries[i]);
		status = ask(consul, http, queries + next, asked, leader, deadline, error);
		adapt(&pace, queries + next, asked);
	}
	return status;
}

/* Whether the answer is older than required, and the leader may have a newer one. */
static bool is_old(const struct swk_consul *consul, const struct swk_consul_query *query)
{
	return !query->error.status && query->index < query->least &&
	       parameters(consul, query, false) > consul->strict;
}

int swk_consul_ask(const struct swk_consul *consul, struct swk_http *http,
		   struct swk_consul_query *queries, size_t count, int64_t deadline,
		   struct swk_error *error)
{
	struct swk_consul_query **asked = calloc(count + 1, sizeof(*asked));
	size_t old = 0;
	int status;

	if (!asked)
		return swk_error_memory(error);
	for (size_t i = 0; i < count; i++)
		asked[i] = &queries[i];
	status = ask_patiently(consul, http, asked, count, false, deadline, error);
	for (size_t i = 0; !status && i < count; i++) {
		if (!is_old(consul, &queries[i]))
			continue;
		begin_again(&queries[i]);
		asked[old++] = &queries[i];
	}
	if (old)
		status = ask_patiently(consul, http, asked, old, true, deadline, error);
	free(asked);
	return status;
}
