/* SPDX-License-Identifier: MIT */
#include "http.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <curl/curl.h>

#include "deadline.h"

struct swk_http {
	CURLM *multi;
};

/* A request under way. */
struct transfer {
	struct swk_http_request *request;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	size_t received;
};

struct swk_http *swk_http_open(struct swk_error *error)
{
	struct swk_http *http = calloc(1, sizeof(*http));

	if (http && !curl_global_init(CURL_GLOBAL_DEFAULT))
		http->multi = curl_multi_init();
	if (http && http->multi)
		return http;
	free(http);
	(void)swk_error_memory(error);
	return NULL;
}

void swk_http_close(struct swk_http *http)
{
	if (!http)
		return;
	(void)curl_multi_cleanup(http->multi);
	curl_global_cleanup();
	free(http);
}

/* ---- one request ---- */

static size_t receive(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	struct swk_http_request *request = transfer->request;
	size_t length = size * count;
	char text[SWK_HTTP_REASON_MAX];

	transfer->received += length;
	if (transfer->received > request->answer_limit) {
		(void)swk_error_set(&request->error, SWK_UNAVAILABLE,
				    "%s: the answer is larger than %zu bytes", request->url,
				    request->answer_limit);
		return 0;
	}
	if (request->status != 200) {
		/* The first line of the first piece is enough to show. */
		if (!*request->reason) {
			size_t line = 0;

			while (line < length && line < sizeof(text) - 1 && data[line] != '\r' &&
			       data[line] != '\n')
				line++;
			(void)snprintf(text, sizeof(text), "%.*s", (int)line, data);
			swk_text_escape(request->reason, sizeof(request->reason), text);
		}
		return length;
	}
	if (request->receive && request->receive(request->context, data, length, &request->error))
		return 0;
	return length;
}

static size_t receive_header(char *data, size_t size, size_t count, void *context)
{
	struct swk_http_request *request = ((struct transfer *)context)->request;
	size_t length = size * count, name;
	char line[256];

	(void)snprintf(line, sizeof(line), "%.*s", (int)length, data);
	if (!strncmp(line, "HTTP/", 5)) {
		/* The status is needed before the body comes. */
		const char *space = strchr(line, ' ');

		request->status = space ? strtol(space, NULL, 10) : 0;
	} else if (request->answer_header) {
		name = strlen(request->answer_header);
		if (!strncasecmp(line, request->answer_header, name) && line[name] == ':')
			request->answer_number = strtoull(line + name + 1, NULL, 10);
	}
	return length;
}

static bool set_peer(CURL *easy, const struct swk_http_peer *peer, struct transfer *transfer)
{
	CURLcode code = CURLE_OK;
	char route[512];

	if (!peer)
		return true;
	if (peer->unix_socket)
		code |= curl_easy_setopt(easy, CURLOPT_UNIX_SOCKET_PATH, peer->unix_socket);
	if (peer->ca_file)
		code |= curl_easy_setopt(easy, CURLOPT_CAINFO, peer->ca_file);
	if (peer->ca_path)
		code |= curl_easy_setopt(easy, CURLOPT_CAPATH, peer->ca_path);
	if (peer->client_cert)
		code |= curl_easy_setopt(easy, CURLOPT_SSLCERT, peer->client_cert);
	if (peer->client_key)
		code |= curl_easy_setopt(easy, CURLOPT_SSLKEY, peer->client_key);
	if (peer->user) {
		code |= curl_easy_setopt(easy, CURLOPT_HTTPAUTH, CURLAUTH_BASIC);
		code |= curl_easy_setopt(easy, CURLOPT_USERPWD, peer->user);
	}
	if (peer->insecure) {
		code |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYPEER, 0L);
		code |= curl_easy_setopt(easy, CURLOPT_SSL_VERIFYHOST, 0L);
	}
	if (peer->connect_to) {
		(void)snprintf(route, sizeof(route), "::%s", peer->connect_to);
		transfer->connect_to = curl_slist_append(NULL, route);
		if (!transfer->connect_to)
			return false;
		code |= curl_easy_setopt(easy, CURLOPT_CONNECT_TO, transfer->connect_to);
	}
	return code == CURLE_OK;
}

static bool set_headers(CURL *easy, struct transfer *transfer)
{
	/* libcurl would ask a server first whether it may send a large body, and say what kind of
	 * form it is; neither is so here. */
	const char *const lines[] = {"Expect:", "Content-Type:", transfer->request->header};
	struct curl_slist *grown;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines) && lines[i]; i++) {
		grown = curl_slist_append(transfer->headers, lines[i]);
		if (!grown)
			return false;
		transfer->headers = grown;
	}
	return curl_easy_setopt(easy, CURLOPT_HTTPHEADER, transfer->headers) == CURLE_OK;
}

static bool set_options(CURL *easy, struct transfer *transfer, int64_t deadline)
{
	const struct swk_http_request *request = transfer->request;
	long whole = swk_deadline_left(deadline, request->request_ms);
	long connect = whole < request->connect_ms ? whole : request->connect_ms;
	CURLcode code = CURLE_OK;

	code |= curl_easy_setopt(easy, CURLOPT_URL, request->url);
	code |= curl_easy_setopt(easy, CURLOPT_PROTOCOLS_STR, "http,https");
	code |= curl_easy_setopt(easy, CURLOPT_PROXY, "");
	code |= curl_easy_setopt(easy, CURLOPT_FOLLOWLOCATION, 0L);
	code |= curl_easy_setopt(easy, CURLOPT_NOSIGNAL, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_PATH_AS_IS, 1L);
	code |= curl_easy_setopt(easy, CURLOPT_USERAGENT, "swk-apply");
	/* Zero would mean libcurl's own default. */
	code |= curl_easy_setopt(easy, CURLOPT_TIMEOUT_MS, whole ? whole : 1);
	code |= curl_easy_setopt(easy, CURLOPT_CONNECTTIMEOUT_MS, connect ? connect : 1);
	code |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_LIMIT, request->quiet_s ? 1L : 0L);
	code |= curl_easy_setopt(easy, CURLOPT_LOW_SPEED_TIME, request->quiet_s);
	code |= curl_easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive);
	code |= curl_easy_setopt(easy, CURLOPT_WRITEDATA, transfer);
	code |= curl_easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header);
	code |= curl_easy_setopt(easy, CURLOPT_HEADERDATA, transfer);
	code |= curl_easy_setopt(easy, CURLOPT_PRIVATE, transfer);
	if (!strcmp(request->method, "POST")) {
		code |= curl_easy_setopt(easy, CURLOPT_POST, 1L);
		code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
					 (curl_off_t)request->body_length);
		code |= curl_easy_setopt(easy, CURLOPT_POSTFIELDS, request->body);
	} else if (strcmp(request->method, "GET") != 0) {
		code |= curl_easy_setopt(easy, CURLOPT_CUSTOMREQUEST, request->method);
	}
	if (request->fresh) {
		code |= curl_easy_setopt(easy, CURLOPT_FRESH_CONNECT, 1L);
		code |= curl_easy_setopt(easy, CURLOPT_FORBID_REUSE, 1L);
	}
	return code == CURLE_OK && set_headers(easy, transfer) &&
	       set_peer(easy, request->peer, transfer);
}

static void end_transfer(struct transfer *transfer)
{
	curl_slist_free_all(transfer->headers);
	curl_slist_free_all(transfer->connect_to);
	free(transfer);
}

/* Begins a request; false without memory. */
static bool start(struct swk_http *http, struct swk_http_request *request, int64_t deadline)
{
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	CURL *easy = curl_easy_init();

	request->status = 0;
	request->refused = request->timed_out = false;
	request->answer_number = 0;
	request->reason[0] = '\0';
	request->error = (struct swk_error){0};
	if (transfer)
		transfer->request = request;
	if (transfer && easy && set_options(easy, transfer, deadline) &&
	    curl_multi_add_handle(http->multi, easy) == CURLM_OK)
		return true;
	curl_easy_cleanup(easy);
	if (transfer)
		end_transfer(transfer);
	return false;
}

/* Takes an ended transfer out. Its connection is kept for the next. */
static void finish(struct swk_http *http, CURL *easy, CURLcode code)
{
	struct transfer *transfer = NULL;
	struct swk_http_request *request;

	(void)curl_multi_remove_handle(http->multi, easy);
	(void)curl_easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	request = transfer->request;
	if (code != CURLE_OK) {
		request->refused = code == CURLE_COULDNT_CONNECT;
		request->timed_out = code == CURLE_OPERATION_TIMEDOUT;
		request->status = 0;
		(void)snprintf(request->failure, sizeof(request->failure), "%s",
			       curl_easy_strerror(code));
		(void)swk_error_set(&request->error, SWK_UNAVAILABLE, "%s: %s", request->url,
				    curl_easy_strerror(code));
	}
	end_transfer(transfer);
	/* Not used again: libcurl before 8.1.1 keeps a pointer to a freed header in a handle, and
	 * follows it where an answer begins with a folded one (curl's bug 11101). */
	curl_easy_cleanup(easy);
}

int swk_http_perform(struct swk_http *http, struct swk_http_request *requests, size_t count,
		     size_t parallel, int64_t deadline, struct swk_error *error)
{
	size_t begun = 0, running = 0;
	int active, left;
	CURLMsg *message;

	while (running || (begun < count && !error->status)) {
		while (begun < count && running < parallel && !error->status) {
			if (start(http, &requests[begun], deadline)) {
				begun++;
				running++;
			} else {
				(void)swk_error_memory(error);
			}
		}
		if (curl_multi_perform(http->multi, &active) != CURLM_OK)
			return swk_error_set(error, SWK_INTERNAL, "libcurl gave up");
		while ((message = curl_multi_info_read(http->multi, &left))) {
			if (message->msg != CURLMSG_DONE)
				continue;
			finish(http, message->easy_handle, message->data.result);
			running--;
		}
		if (running && active)
			(void)curl_multi_poll(http->multi, NULL, 0, 1000, NULL);
	}
	return error->status;
}

/* ---- URLs ---- */

char *swk_http_segment(const char *text)
{
	char *escaped, *copy;

	/* A dot is no character to escape, but these two are no names in a path. */
	if (!strcmp(text, "."))
		return strdup("%2E");
	if (!strcmp(text, ".."))
		return strdup("%2E%2E");
	escaped = curl_easy_escape(NULL, text, 0);
	copy = escaped ? strdup(escaped) : NULL;
	curl_free(escaped);
	return copy;
}

/* Why a URL is none that an operator may give, or NULL; *text is the URL, libcurl's to free. */
static const char *judge_url(CURLU *parts, const char *url, char **text, CURLUcode *code)
{
	static const CURLUPart unwanted[] = {CURLUPART_USER, CURLUPART_QUERY, CURLUPART_FRAGMENT};
	char *scheme = NULL;
	bool spoken;

	*code = curl_url_set(parts, CURLUPART_URL, url, 0);
	if (!*code)
		*code = curl_url_get(parts, CURLUPART_SCHEME, &scheme, 0);
	if (*code)
		return "it is no URL such as http://127.0.0.1:18882";
	spoken = !strcmp(scheme, "http") || !strcmp(scheme, "https");
	curl_free(scheme);
	if (!spoken)
		return "only http and https are spoken here";
	for (size_t i = 0; i < sizeof(unwanted) / sizeof(*unwanted); i++) {
		if (!curl_url_get(parts, unwanted[i], text, 0))
			return "user, query and fragment have no place in it";
	}
	*code = curl_url_get(parts, CURLUPART_URL, text, 0);
	return *code ? "it can't be put together again" : NULL;
}

char *swk_http_base(const char *url, struct swk_error *error)
{
	CURLU *parts = curl_url();
	CURLUcode code = CURLUE_OUT_OF_MEMORY;
	char *text = NULL, *base = NULL;
	const char *why = parts ? judge_url(parts, url, &text, &code) : "";
	size_t length;

	if (!why)
		base = strdup(text);
	if (code == CURLUE_OUT_OF_MEMORY || (!why && !base))
		(void)swk_error_memory(error);
	/* What comes before an @ or behind a ? may be a secret. */
	else if (why && strpbrk(url, "@?#"))
		(void)swk_error_set(error, SWK_USAGE, "%s", why);
	else if (why)
		(void)swk_error_set(error, SWK_USAGE, "'%s': %s", url, why);
	length = base ? strlen(base) : 0;
	while (length && base[length - 1] == '/')
		base[--length] = '\0';
	curl_free(text);
	curl_url_cleanup(parts);
	return base;
}

uint16_t swk_http_port(const char *base)
{
	CURLU *parts = curl_url();
	char *text = NULL;
	unsigned long port = 0;

	if (parts && !curl_url_set(parts, CURLUPART_URL, base, 0) &&
	    !curl_url_get(parts, CURLUPART_PORT, &text, CURLU_DEFAULT_PORT))
		port = strtoul(text, NULL, 10);
	curl_free(text);
	curl_url_cleanup(parts);
	return (uint16_t)port;
}
