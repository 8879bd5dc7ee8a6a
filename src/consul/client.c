/* SPDX-License-Identifier: MIT */
#include "consul/client.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/hash.h"
#include "base/number.h"
#include "io/url.h"

/* ---- the environment ---- */

/* The variable's value, or NULL if it is unset or empty. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* Accepts the words of Go's strconv.ParseBool, which Consul's tools use, in any case. */
static int read_flag(const char *name, bool unset, bool *flag, struct swk_error *error)
{
	static const char *const words[] = {"0", "1", "f", "t", "false", "true"};
	const char *value = variable(name);

	*flag = unset;
	if (!value)
		return 0;
	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (!strcasecmp(value, words[i])) {
			*flag = i % 2;
			return 0;
		}
	}
	return swk_error_set(error, SWK_USAGE, "%s: '%s' is neither true nor false", name, value);
}

/* A value from the environment or, if that has none, from the settings. */
struct chosen {
	const char *value; /* NULL: neither has one */
	const char *where; /* the variable or setting, for messages */
	int status;	   /* for an error in the value */
};

static struct chosen choose(const char *name, const char *key, const char *setting)
{
	const char *value = variable(name);

	if (value)
		return (struct chosen){value, name, SWK_USAGE};
	return (struct chosen){setting && *setting ? setting : NULL, key, SWK_CONFIG};
}

/* Builds and checks a base URL, for the caller to free. NULL with the error set; its text names the
 * variable or setting. */
static char *base_of(const char *scheme, const char *host, const char *path,
		     const struct chosen *chosen, struct swk_error *error)
{
	struct swk_error cause = {0};
	char *url, *base;

	if (asprintf(&url, "%s://%s%s", scheme, host, path) < 0) {
		(void)swk_error_memory(error);
		return NULL;
	}
	base = swk_url_base(url, &cause);
	free(url);
	if (!base)
		(void)swk_error_set(error,
				    cause.status == SWK_USAGE ? chosen->status : cause.status,
				    "%s: %s", chosen->where, cause.text);
	return base;
}

static int read_socket(struct swk_consul *consul, const struct chosen *address,
		       struct swk_error *error)
{
	const char *path = address->value + strlen("unix://");

	if (!*path)
		return swk_error_set(error, address->status, "%s: unix:// needs a path",
				     address->where);
	consul->unix_socket = strdup(path);
	consul->base = strdup("http://localhost");
	return consul->unix_socket && consul->base ? 0 : swk_error_memory(error);
}

/* The URL gets the name that the server's certificate must have; the connection goes to `host`,
 * which a path may follow. */
static int read_server_name(struct swk_consul *consul, const struct swk_consul_settings *settings,
			    const char *host, struct swk_error *error)
{
	const struct chosen name =
		choose("CONSUL_TLS_SERVER_NAME", "consul.server_name", settings->server_name);
	const char *path = strchr(host, '/');

	if (!name.value)
		return 0;
	free(consul->base);
	consul->base = base_of("https", name.value, path ? path : "", &name, error);
	consul->connect_to = strndup(host, path ? (size_t)(path - host) : strlen(host));
	return consul->connect_to ? error->status : swk_error_memory(error);
}

/* Sets base, unix_socket and connect_to from the address. */
static int read_address(struct swk_consul *consul, const struct swk_consul_settings *settings,
			struct swk_error *error)
{
	struct chosen address = choose("CONSUL_HTTP_ADDR", "consul.address", settings->address);
	const char *host;
	bool tls;
	int status = read_flag("CONSUL_HTTP_SSL", false, &tls, error);

	if (status)
		return status;
	if (settings->agent)
		address = (struct chosen){settings->agent, "--agent", SWK_USAGE};
	if (!address.value)
		address.value = "127.0.0.1:8500";
	if (!strncmp(address.value, "unix://", 7))
		return read_socket(consul, &address, error);
	host = strstr(address.value, "://");
	if (!host)
		host = address.value;
	else if (!strncmp(address.value, "https://", 8))
		tls = true;
	else if (strncmp(address.value, "http://", 7) != 0)
		/* Without the address, which may contain a password. */
		return swk_error_set(error, address.status,
				     "%s: swk-apply does not know its scheme: use http, https or "
				     "unix",
				     address.where);
	if (host != address.value)
		host += strlen("://");
	consul->base = base_of(tls ? "https" : "http", host, "", &address, error);
	if (!consul->base || !tls)
		return error->status;
	return read_server_name(consul, settings, host, error);
}

static int read_peer(struct swk_consul *consul, const struct swk_consul_settings *settings,
		     struct swk_error *error)
{
	bool verify;
	int status = read_flag("CONSUL_HTTP_SSL_VERIFY", true, &verify, error);

	consul->peer = (struct swk_http_peer){
		.unix_socket = consul->unix_socket,
		.connect_to = consul->connect_to,
		.ca_file = choose("CONSUL_CACERT", "consul.ca_file", settings->ca_file).value,
		.ca_path = choose("CONSUL_CAPATH", "consul.ca_path", settings->ca_path).value,
		.client_cert =
			choose("CONSUL_CLIENT_CERT", "consul.cert_file", settings->cert_file).value,
		.client_key =
			choose("CONSUL_CLIENT_KEY", "consul.key_file", settings->key_file).value,
		.user = variable("CONSUL_HTTP_AUTH"),
		.insecure = !verify,
	};
	return status;
}

/* ---- the token ---- */

/* Reads a token from a file or a pipe into `text`. Returns the part between white space, or NULL
 * with the error set. The caller checks its characters. */
static const char *read_token_file(const char *path, struct swk_buffer *text,
				   struct swk_error *error)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	char *token;

	if (descriptor < 0)
		(void)swk_error_set(error, SWK_USAGE, "the token cannot be read: %s",
				    strerror(errno));
	else if (!swk_buffer_add(text, "", 0, error))
		(void)swk_buffer_read(text, descriptor, swk_now_ms() + SWK_PIPE_MS, "the token",
				      SWK_USAGE, error);
	if (descriptor >= 0)
		(void)close(descriptor);
	if (!error->status && memchr(text->data, '\0', text->length))
		(void)swk_error_set(error, SWK_USAGE, "the token contains a NUL byte");
	if (error->status)
		return NULL;
	while (text->length && isspace((unsigned char)text->data[text->length - 1]))
		text->data[--text->length] = '\0';
	token = text->data;
	while (isspace((unsigned char)*token))
		token++;
	return token;
}

/* Where the token comes from. *is_file: the value is a path. `where` is "" if the path alone is
 * enough for a message. */
static struct chosen find_token(const struct swk_consul_settings *settings, const char *argument,
				bool *is_file)
{
	const char *token = variable("CONSUL_HTTP_TOKEN");
	struct chosen file =
		choose("CONSUL_HTTP_TOKEN_FILE", "consul.token_file", settings->token_file);

	*is_file = true;
	if (argument)
		return (struct chosen){argument, "", SWK_USAGE};
	if (file.status == SWK_USAGE || !token)
		return file;
	*is_file = false;
	return (struct chosen){token, "CONSUL_HTTP_TOKEN", SWK_USAGE};
}

/* Consul's tokens are UUIDs: 36 digits and dashes. */
static bool is_token(const char *path)
{
	return strlen(path) == 36 && strspn(path, "0123456789abcdefABCDEF-") == 36;
}

static int read_token(struct swk_consul *consul, const struct swk_consul_settings *settings,
		      const char *argument, struct swk_error *error)
{
	bool is_file;
	const struct chosen chosen = find_token(settings, argument, &is_file);
	struct swk_error cause = {0};
	const char *token = chosen.value;
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_TOKEN_MAX);
	if (token && is_file && is_token(token))
		return swk_error_set(error, chosen.status,
				     "%s: this is a token, and not the path of a file that has one",
				     *chosen.where ? chosen.where : "the token file");
	if (token && is_file)
		token = read_token_file(chosen.value, &text, &cause);
	for (const char *at = token; at && *at; at++) {
		/* A line break would also end the header that contains the token. */
		if (*at <= ' ' || *at > '~')
			(void)swk_error_set(&cause, SWK_USAGE,
					    "the token contains a blank, or a character that is "
					    "not printable ASCII");
	}
	if (cause.status) {
		(void)swk_error_set(error, cause.status == SWK_USAGE ? chosen.status : cause.status,
				    "%s%s%s: %s", chosen.where,
				    is_file && *chosen.where ? ": " : "",
				    is_file ? chosen.value : "", cause.text);
	} else if (token && *token && asprintf(&consul->header, "X-Consul-Token: %s", token) < 0) {
		consul->header = NULL;
		(void)swk_error_memory(error);
	}
	swk_buffer_free(&text);
	return error->status;
}

/* ---- parameters ---- */

/* Adds a parameter, unless its value is empty. */
static int add_parameter(struct swk_buffer *query, const char *name, const char *value,
			 struct swk_error *error)
{
	char *encoded;
	int status;

	if (!value || !*value)
		return 0;
	encoded = swk_url_segment(value);
	status = encoded ? swk_buffer_print(query, error, "%c%s=%s", query->length ? '&' : '?',
					    name, encoded)
			 : swk_error_memory(error);
	free(encoded);
	return status;
}

static int add_flag(struct swk_buffer *query, const char *name, bool set, struct swk_error *error)
{
	return set ? swk_buffer_print(query, error, "%c%s", query->length ? '&' : '?', name) : 0;
}

static int read_query(struct swk_consul *consul, const struct swk_consul_settings *settings,
		      struct swk_error *error)
{
	const struct chosen namespace =
		choose("CONSUL_NAMESPACE", "consul.namespace", settings->namespace);
	const struct chosen partition =
		choose("CONSUL_PARTITION", "consul.partition", settings->partition);
	struct swk_buffer query;
	bool failed;

	swk_buffer_init(&query, SIZE_MAX / 2);
	failed = swk_buffer_add(&query, "", 0, error) ||
		 add_parameter(&query, "ns", namespace.value, error) ||
		 add_parameter(&query, "partition", partition.value, error);
	consul->agent = query.length;
	failed = failed || add_parameter(&query, "dc", settings->datacenter, error);
	consul->strict = query.length;
	failed = failed || add_flag(&query, "stale", settings->stale, error);
	consul->uncached = query.length;
	failed = failed || add_flag(&query, "cached", settings->cached, error);
	consul->query = query.data;
	return failed ? error->status : 0;
}

int swk_consul_init(struct swk_consul *consul, const struct swk_consul_settings *settings,
		    const char *token_file, struct swk_error *error)
{
	struct swk_error cause;

	*consul = (struct swk_consul){0};
	if (!read_address(consul, settings, error) && !read_peer(consul, settings, error) &&
	    !read_token(consul, settings, token_file, error) &&
	    !read_query(consul, settings, error))
		return 0;
	swk_consul_free(consul);
	if (error->status != SWK_CONFIG || !settings->where)
		return error->status;
	cause = *error;
	*error = (struct swk_error){0};
	return swk_error_set(error, cause.status, "%s: %s", settings->where, cause.text);
}

void swk_consul_free(struct swk_consul *consul)
{
	free(consul->base);
	free(consul->query);
	free(consul->header);
	free(consul->unix_socket);
	free(consul->connect_to);
	*consul = (struct swk_consul){0};
}

int swk_consul_event_index(uint64_t *index, struct swk_error *error)
{
	const char *value = variable("CONSUL_INDEX");

	*index = 0;
	if (value && !swk_number_read(value, strlen(value), UINT64_MAX, index))
		return swk_error_set(error, SWK_USAGE, "CONSUL_INDEX: '%s' is not an index", value);
	return 0;
}

/* ---- queries ---- */

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
	    add_flag(to, "recurse", query->keyprefix != NULL, error) ||
	    add_parameters(to, consul->query, consul->agent, error) ||
	    add_parameters(to, consul->query + skip_to, parameters(consul, query, leader) - skip_to,
			   error) ||
	    add_parameter(to, "dc", query->datacenter, error) ||
	    add_parameter(to, "filter", query->filter, error) ||
	    add_parameter(to, "peer", query->peer, error) ||
	    add_flag(to, "consistent", query->consistent, error))
		return error->status;
	if (!query->after)
		return 0;
	return swk_buffer_print(to, error, "%cindex=%" PRIu64 "&wait=%us", to->length ? '&' : '?',
				query->after, query->wait_s);
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

/* Replaces a secret in a text, or its beginning where the text is cut off. */
static void hide(char *text, const char *secret)
{
	for (; *text; text++) {
		size_t same = 0;

		while (secret[same] &&
		       tolower((unsigned char)secret[same]) == tolower((unsigned char)text[same]))
			same++;
		if (same && (!secret[same] || (!text[same] && same > 3)))
			memset(text, '*', same);
	}
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

/* A server's error text may repeat the token, the password, or the header that has the password in
 * base64. */
void swk_consul_hide_secrets(const struct swk_consul *consul, char *text)
{
	const char *password = consul->peer.user ? strchr(consul->peer.user, ':') : NULL;
	char *basic = text, escaped[SWK_TEXT_MAX];

	if (consul->header)
		hide(text, strchr(consul->header, ' ') + 1);
	if (!consul->peer.user)
		return;
	swk_text_escape(escaped, sizeof(escaped), password ? password + 1 : "");
	hide(text, escaped);
	while ((basic = strcasestr(basic, "Basic ")) != NULL) {
		basic += strlen("Basic ");
		memset(basic, '*', strcspn(basic, " "));
	}
}

/* Sets the index of a good answer, or the query's error. */
static void judge(struct asking *asking, const struct swk_http_request *request)
{
	struct swk_consul_query *query = asking->query;
	struct swk_error *error = &query->error, cause = {0};
	enum swk_document_kind kind;

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
	if (!request->error.status && request->status != 200)
		(void)swk_error_set(error, SWK_UNAVAILABLE, "%s: Consul answered %ld: %s",
				    asking->url, request->status, request->reason);
	else if (request->error.status)
		(void)swk_error_set(error,
				    request->error.status == SWK_INTERNAL ? SWK_INTERNAL
									  : SWK_UNAVAILABLE,
				    "%s", request->error.text);
	else if (swk_document_end(asking->document, &kind, &cause))
		(void)swk_error_set(error, SWK_UNAVAILABLE, "%s: %s", asking->url, cause.text);
	else if (!is_expected(query, kind))
		(void)swk_error_set(error, SWK_UNAVAILABLE,
				    "%s: this is not what Consul answers there", asking->url);
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
			.request_ms = SWK_CONSUL_REQUEST_MS,
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
