/* SPDX-License-Identifier: MIT */
#include "consul.h"

#include <ctype.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <unistd.h>

/* ---- the environment ---- */

/* A variable that is set and not empty, or NULL. */
static const char *variable(const char *name)
{
	const char *value = getenv(name);

	return value && *value ? value : NULL;
}

/* As Go's strconv.ParseBool, which Consul's tools use. */
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

/* A base URL that is one, put together; NULL with the error set, whose text begins with `where`. */
static char *base_of(const char *scheme, const char *host, const char *path, const char *where,
		     struct swk_error *error)
{
	struct swk_error why = {0};
	char *url, *base;

	if (asprintf(&url, "%s://%s%s", scheme, host, path) < 0) {
		(void)swk_error_memory(error);
		return NULL;
	}
	base = swk_http_base(url, &why);
	free(url);
	if (!base)
		(void)swk_error_set(error, why.status, "%s: %s", where, why.text);
	return base;
}

/* Sets base, unix_socket and connect_to from the address. */
static int read_address(struct swk_consul *consul, struct swk_error *error)
{
	const char *address = variable("CONSUL_HTTP_ADDR");
	const char *server_name = variable("CONSUL_TLS_SERVER_NAME");
	const char *scheme = "http", *host, *path;
	bool tls;
	int status = read_flag("CONSUL_HTTP_SSL", false, &tls, error);

	if (status)
		return status;
	if (!address)
		address = "127.0.0.1:8500";
	if (tls || !strncmp(address, "https://", 8))
		scheme = "https";
	host = strstr(address, "://");
	if (!strcmp(address, "unix://"))
		return swk_error_set(error, SWK_USAGE, "CONSUL_HTTP_ADDR: unix:// wants a path");
	if (!strncmp(address, "unix://", 7)) {
		consul->unix_socket = strdup(address + 7);
		consul->base = strdup("http://localhost");
		return consul->unix_socket && consul->base ? 0 : swk_error_memory(error);
	}
	if (host && strncmp(address, "http://", 7) != 0 && strncmp(address, "https://", 8) != 0)
		return swk_error_set(error, SWK_USAGE,
				     "CONSUL_HTTP_ADDR: '%s': http, https and unix are spoken here",
				     address);
	host = host ? host + 3 : address;
	path = strchr(host, '/');
	consul->base = base_of(scheme, host, "", "CONSUL_HTTP_ADDR", error);
	if (!consul->base || !server_name || strcmp(scheme, "https") != 0)
		return error->status;
	/* The certificate is asked for under this name, wherever it is connected to. */
	free(consul->base);
	consul->base =
		base_of(scheme, server_name, path ? path : "", "CONSUL_TLS_SERVER_NAME", error);
	consul->connect_to = strndup(host, path ? (size_t)(path - host) : strlen(host));
	return consul->connect_to ? error->status : swk_error_memory(error);
}

static int read_peer(struct swk_consul *consul, struct swk_error *error)
{
	bool verify;
	int status = read_flag("CONSUL_HTTP_SSL_VERIFY", true, &verify, error);

	consul->peer = (struct swk_http_peer){
		.unix_socket = consul->unix_socket,
		.connect_to = consul->connect_to,
		.ca_file = variable("CONSUL_CACERT"),
		.ca_path = variable("CONSUL_CAPATH"),
		.client_cert = variable("CONSUL_CLIENT_CERT"),
		.client_key = variable("CONSUL_CLIENT_KEY"),
		.user = variable("CONSUL_HTTP_AUTH"),
		.insecure = !verify,
	};
	return status;
}

/* ---- the token ---- */

/* Reads a token from a file into the room given; returns where it begins, behind white space, or
 * NULL with the error set. What it holds is judged by the caller. */
static const char *read_token_file(const char *path, char token[SWK_TOKEN_MAX + 1],
				   struct swk_error *error)
{
	int descriptor = open(path, O_RDONLY | O_CLOEXEC);
	ssize_t length = descriptor < 0 ? -1 : read(descriptor, token, SWK_TOKEN_MAX + 1);

	if (length < 0)
		(void)swk_error_set(error, SWK_USAGE, "%s: the token can't be read: %s", path,
				    strerror(errno));
	else if (length > SWK_TOKEN_MAX)
		(void)swk_error_set(error, SWK_USAGE, "%s: no token is longer than %d bytes", path,
				    SWK_TOKEN_MAX);
	if (descriptor >= 0)
		(void)close(descriptor);
	if (!error->status && memchr(token, '\0', (size_t)length))
		(void)swk_error_set(error, SWK_USAGE, "%s: a token has no NUL in it", path);
	if (error->status)
		return NULL;
	while (length && isspace((unsigned char)token[length - 1]))
		length--;
	token[length] = '\0';
	while (isspace((unsigned char)*token))
		token++;
	return token;
}

static int read_token(struct swk_consul *consul, const char *file, struct swk_error *error)
{
	const char *given = variable("CONSUL_HTTP_TOKEN"), *where = "CONSUL_HTTP_TOKEN";
	char token[SWK_TOKEN_MAX + 1] = "";

	if (!file)
		file = variable("CONSUL_HTTP_TOKEN_FILE");
	if (file) {
		where = file;
		given = read_token_file(file, token, error);
	}
	if (!given || !*given)
		return error->status;
	for (const char *at = given; *at; at++) {
		/* Nor may a token end the header that it stands in. */
		if (*at <= ' ' || *at > '~')
			return swk_error_set(error, SWK_USAGE,
					     "%s: a token has no blanks or control characters",
					     where);
	}
	if (asprintf(&consul->header, "X-Consul-Token: %s", given) < 0) {
		consul->header = NULL;
		return swk_error_memory(error);
	}
	return 0;
}

static int read_query(struct swk_consul *consul, struct swk_error *error)
{
	const char *namespace = variable("CONSUL_NAMESPACE");
	char *segment = namespace ? swk_http_segment(namespace) : NULL;
	int length = -1;

	if (!namespace || segment)
		length = asprintf(&consul->query, "%s%s", namespace ? "?ns=" : "",
				  namespace ? segment : "");
	free(segment);
	if (length >= 0)
		return 0;
	consul->query = NULL;
	return swk_error_memory(error);
}

int swk_consul_init(struct swk_consul *consul, const char *token_file, struct swk_error *error)
{
	int status;

	*consul = (struct swk_consul){0};
	status = read_address(consul, error);
	if (!status)
		status = read_peer(consul, error);
	if (!status)
		status = read_token(consul, token_file, error);
	if (!status)
		status = read_query(consul, error);
	if (status)
		swk_consul_free(consul);
	return status;
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
	if (!value)
		return 0;
	if (strspn(value, "0123456789") != strlen(value) || strlen(value) > 19)
		return swk_error_set(error, SWK_USAGE, "CONSUL_INDEX: '%s' is no index", value);
	*index = strtoull(value, NULL, 10);
	return 0;
}

/* ---- questions ---- */

/* A query under way: its decoder is fed as the answer comes. */
struct asking {
	struct swk_watch watch;
	char *url;
};

static int feed(void *context, const char *data, size_t length, struct swk_error *error)
{
	return swk_watch_feed(context, data, length, error);
}

static char *query_url(const struct swk_consul *consul, const char *service)
{
	char *segment, *url = NULL;

	if (!service)
		return asprintf(&url, "%s/v1/catalog/services%s", consul->base, consul->query) < 0
			       ? NULL
			       : url;
	segment = swk_http_segment(service);
	if (segment &&
	    asprintf(&url, "%s/v1/health/service/%s%s", consul->base, segment, consul->query) < 0)
		url = NULL;
	free(segment);
	return url;
}

/* Whether the answer came, was a good one, and is what was asked for. */
static void judge(struct swk_consul_query *query, struct asking *asking,
		  const struct swk_http_request *request)
{
	enum swk_watch_kind kind, wanted = query->service ? SWK_WATCH_SERVICE : SWK_WATCH_SERVICES;
	struct swk_error *error = &query->error, why = {0};

	if (!request->error.status && request->status != 200)
		(void)swk_error_set(error, SWK_UNAVAILABLE, "%s: Consul answered %ld: %s",
				    asking->url, request->status, request->reason);
	else if (request->error.status)
		(void)swk_error_set(error,
				    request->error.status == SWK_INTERNAL ? SWK_INTERNAL
									  : SWK_UNAVAILABLE,
				    "%s", request->error.text);
	else if (swk_watch_end(&asking->watch, &kind, &why))
		(void)swk_error_set(error, SWK_UNAVAILABLE, "%s: %s", asking->url, why.text);
	else if (kind != wanted && !(kind == SWK_WATCH_NOTHING && query->service))
		(void)swk_error_set(error, SWK_UNAVAILABLE,
				    "%s: the answer is not what Consul says there", asking->url);
	else
		query->index = request->answer_number;
}

int swk_consul_ask(const struct swk_consul *consul, struct swk_http *http,
		   struct swk_consul_query *queries, size_t count, int64_t deadline,
		   struct swk_error *error)
{
	struct swk_http_request *requests = calloc(count + 1, sizeof(*requests));
	struct asking *asking = calloc(count + 1, sizeof(*asking));
	int status = requests && asking ? 0 : swk_error_memory(error);

	for (size_t i = 0; !status && i < count; i++) {
		swk_watch_init(&asking[i].watch, &queries[i].sink);
		asking[i].url = query_url(consul, queries[i].service);
		requests[i] = (struct swk_http_request){
			.method = "GET",
			.url = asking[i].url,
			.header = consul->header,
			.answer_header = "X-Consul-Index",
			.peer = &consul->peer,
			.answer_limit = SWK_DOCUMENT_MAX,
			.connect_ms = SWK_CONSUL_CONNECT_MS,
			.request_ms = SWK_CONSUL_REQUEST_MS,
			.receive = feed,
			.context = &asking[i].watch,
		};
		if (!asking[i].url)
			status = swk_error_memory(error);
	}
	if (!status)
		status = swk_http_perform(http, requests, count, SWK_CONSUL_PARALLEL, deadline,
					  error);
	for (size_t i = 0; asking && i < count; i++) {
		if (!status)
			judge(&queries[i], &asking[i], &requests[i]);
		swk_watch_free(&asking[i].watch);
		free(asking[i].url);
	}
	free(requests);
	free(asking);
	return status;
}
