/* SPDX-License-Identifier: MIT */
#include "io/http.h"

#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/deadline.h"
#include "io/libcurl.h"
#include "io/url.h"

/* CURLOPT_QUICK_EXIT, which the headers of libcurl 7.85 and 7.86 lack. */
#define QUICK_EXIT ((CURLoption)(CURLOPTTYPE_LONG + 322))

/*
 * Options of OPENSSL_init_crypto, since OpenSSL 1.1.1: do not load messages, ciphers, digests and
 * the configuration, also when libcurl calls for them, and free nothing at exit.
 */
#define OPENSSL_WITHOUT_TLS (0x1 | 0x10 | 0x20 | 0x80 | 0x80000)

static bool without_tls;

/* libcurl's own initialisation is not safe in several threads before version 7.84. */
static pthread_mutex_t global = PTHREAD_MUTEX_INITIALIZER;

/* Zeroed until the first request. */
struct swk_http {
	const struct swk_libcurl *curl;
	CURLM *multi;
};

/* A request in progress. */
struct transfer {
	struct swk_http_request *request;
	struct curl_slist *headers;
	struct curl_slist *connect_to;
	size_t received;
	curl_off_t moved; /* bytes in both directions; only if it is watched */
};

void swk_http_without_tls(void)
{
	without_tls = true;
}

struct swk_http *swk_http_open(struct swk_error *error)
{
	struct swk_http *http = calloc(1, sizeof(*http));

	if (!http)
		(void)swk_error_memory(error);
	return http;
}

/* Loads libcurl if it isn't loaded yet. */
static int get_ready(struct swk_http *http, struct swk_error *error)
{
	const struct swk_libcurl *curl = http->multi ? http->curl : swk_libcurl(error);

	if (!curl || http->multi)
		return error->status;
	(void)pthread_mutex_lock(&global);
	if (without_tls && curl->openssl_init)
		(void)curl->openssl_init(OPENSSL_WITHOUT_TLS, NULL);
	if (!curl->global_init(CURL_GLOBAL_DEFAULT))
		http->curl = curl;
	(void)pthread_mutex_unlock(&global);
	if (http->curl)
		http->multi = curl->multi_init();
	return http->multi ? 0 : swk_error_memory(error);
}

void swk_http_close(struct swk_http *http)
{
	if (http && http->curl) {
		(void)http->curl->multi_cleanup(http->multi);
		(void)pthread_mutex_lock(&global);
		http->curl->global_cleanup();
		(void)pthread_mutex_unlock(&global);
	}
	free(http);
}

/* ---- one request ---- */

static size_t receive(char *data, size_t size, size_t count, void *context)
{
	struct transfer *transfer = context;
	struct swk_http_request *request = transfer->request;
	size_t length = size * count;
	char text[SWK_HTTP_REASON_MAX], shown[SWK_URL_SHOWN];

	transfer->received += length;
	if (transfer->received > request->answer_limit) {
		(void)swk_error_set(&request->error, SWK_UNAVAILABLE,
				    "%s: the answer is larger than %zu bytes",
				    swk_url_show(shown, request->url), request->answer_limit);
		return 0;
	}
	if (request->status != 200) {
		/* The start of the first piece is enough for a message. */
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

/* Whether a header line, which does not end with a NUL, begins with a text. */
static bool begins(const char *line, size_t length, const char *with)
{
	size_t part = strlen(with);

	return length > part && !strncasecmp(line, with, part);
}

/* The value of a header if the line is that header, else NULL. */
static const char *value_of(const char *line, const char *name)
{
	if (!name || !begins(line, strlen(line), name) || line[strlen(name)] != ':')
		return NULL;
	line += strlen(name) + 1;
	return line + strspn(line, " \t");
}

static size_t receive_header(char *data, size_t size, size_t count, void *context)
{
	struct swk_http_request *request = ((struct transfer *)context)->request;
	const char *value;
	size_t length = size * count;
	char line[256];

	(void)snprintf(line, sizeof(line), "%.*s", (int)length, data);
	if (begins(line, strlen(line), "HTTP/")) {
		value = strchr(line, ' ');
		/* The status is needed before the body arrives. */
		request->status = value ? strtol(value, NULL, 10) : 0;
	} else if ((value = value_of(line, request->answer_header))) {
		request->answer_number = strtoull(value, NULL, 10);
	} else if ((value = value_of(line, request->answer_flag))) {
		request->answer_flagged = begins(value, strlen(value), "true");
	} else if ((value = value_of(line, "Server"))) {
		(void)snprintf(request->server, sizeof(request->server), "%.*s",
			       (int)strcspn(value, "\r\n"), value);
	}
	return length;
}

/* libcurl calls this in each curl_multi_perform. Another result than 0 ends the request. */
static int report_to_watch(void *context, curl_off_t expected, curl_off_t received,
			   curl_off_t to_send, curl_off_t sent)
{
	struct transfer *transfer = context;
	struct swk_watch *watch = transfer->request->watch;

	(void)expected;
	(void)to_send;
	if (received + sent != transfer->moved)
		watch->heard = swk_now_ms();
	transfer->moved = received + sent;
	return watch->stop;
}

/* ---- options of a request; each function returns false if libcurl rejects one ---- */

static bool set_number(const struct swk_libcurl *curl, CURL *easy, CURLoption option, long value)
{
	return curl->easy_setopt(easy, option, value) == CURLE_OK;
}

/* NULL selects libcurl's default. */
static bool set_text(const struct swk_libcurl *curl, CURL *easy, CURLoption option,
		     const char *value)
{
	return !value || curl->easy_setopt(easy, option, value) == CURLE_OK;
}

static bool set_list(const struct swk_libcurl *curl, CURL *easy, CURLoption option,
		     struct curl_slist *list)
{
	return list && curl->easy_setopt(easy, option, list) == CURLE_OK;
}

static bool set_peer(const struct swk_libcurl *curl, CURL *easy, const struct swk_http_peer *peer,
		     struct transfer *transfer)
{
	char route[512];
	bool set = true;

	if (!peer)
		return true;
	set &= set_text(curl, easy, CURLOPT_UNIX_SOCKET_PATH, peer->unix_socket);
	set &= set_text(curl, easy, CURLOPT_CAINFO, peer->ca_file);
	set &= set_text(curl, easy, CURLOPT_CAPATH, peer->ca_path);
	set &= set_text(curl, easy, CURLOPT_SSLCERT, peer->client_cert);
	set &= set_text(curl, easy, CURLOPT_SSLKEY, peer->client_key);
	if (peer->user) {
		set &= set_number(curl, easy, CURLOPT_HTTPAUTH, (long)CURLAUTH_BASIC);
		set &= set_text(curl, easy, CURLOPT_USERPWD, peer->user);
	}
	if (peer->insecure) {
		set &= set_number(curl, easy, CURLOPT_SSL_VERIFYPEER, 0);
		set &= set_number(curl, easy, CURLOPT_SSL_VERIFYHOST, 0);
	}
	if (peer->connect_to) {
		(void)snprintf(route, sizeof(route), "::%s", peer->connect_to);
		transfer->connect_to = curl->slist_append(NULL, route);
		set &= set_list(curl, easy, CURLOPT_CONNECT_TO, transfer->connect_to);
	}
	return set;
}

static bool set_watch(const struct swk_libcurl *curl, CURL *easy, struct transfer *transfer)
{
	return !transfer->request->watch ||
	       (set_number(curl, easy, CURLOPT_NOPROGRESS, 0) &&
		curl->easy_setopt(easy, CURLOPT_XFERINFOFUNCTION, report_to_watch) == CURLE_OK &&
		curl->easy_setopt(easy, CURLOPT_XFERINFODATA, transfer) == CURLE_OK);
}

static bool set_headers(const struct swk_libcurl *curl, CURL *easy, struct transfer *transfer)
{
	/* Removes two headers that libcurl adds: Expect, which asks whether the server accepts a
	 * large body, and the content type of a form. */
	const char *const lines[] = {"Expect:", "Content-Type:", transfer->request->header};
	struct curl_slist *grown;

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines) && lines[i]; i++) {
		grown = curl->slist_append(transfer->headers, lines[i]);
		if (!grown)
			return false;
		transfer->headers = grown;
	}
	return set_list(curl, easy, CURLOPT_HTTPHEADER, transfer->headers);
}

static bool set_method(const struct swk_libcurl *curl, CURL *easy,
		       const struct swk_http_request *request)
{
	if (!strcmp(request->method, "GET"))
		return true;
	if (strcmp(request->method, "POST") != 0 &&
	    !set_text(curl, easy, CURLOPT_CUSTOMREQUEST, request->method))
		return false;
	return !request->body || (set_number(curl, easy, CURLOPT_POST, 1) &&
				  curl->easy_setopt(easy, CURLOPT_POSTFIELDSIZE_LARGE,
						    (curl_off_t)request->body_length) == CURLE_OK &&
				  set_text(curl, easy, CURLOPT_POSTFIELDS, request->body));
}

static bool set_options(const struct swk_libcurl *curl, CURL *easy, struct transfer *transfer,
			int64_t deadline)
{
	const struct swk_http_request *request = transfer->request;
	long whole = swk_deadline_left(deadline, request->request_ms);
	long connect = whole < request->connect_ms ? whole : request->connect_ms;
	bool set = true;

	set &= set_text(curl, easy, CURLOPT_URL, request->url);
	set &= set_text(curl, easy, CURLOPT_PROTOCOLS_STR, without_tls ? "http" : "http,https");
	set &= set_text(curl, easy, CURLOPT_PROXY, "");
	set &= set_text(curl, easy, CURLOPT_USERAGENT, "swk-apply");
	set &= set_number(curl, easy, CURLOPT_FOLLOWLOCATION, 0);
	set &= set_number(curl, easy, CURLOPT_NOSIGNAL, 1);
	set &= set_number(curl, easy, CURLOPT_PATH_AS_IS, 1);
	/* Otherwise the cleanup waits for a name server that does not answer. libcurl before 7.87
	 * has no such option. */
	(void)set_number(curl, easy, QUICK_EXIT, 1);
	/* Zero would select libcurl's default. */
	set &= set_number(curl, easy, CURLOPT_TIMEOUT_MS, whole ? whole : 1);
	set &= set_number(curl, easy, CURLOPT_CONNECTTIMEOUT_MS, connect ? connect : 1);
	set &= set_number(curl, easy, CURLOPT_LOW_SPEED_LIMIT, request->quiet_s ? 1 : 0);
	set &= set_number(curl, easy, CURLOPT_LOW_SPEED_TIME, request->quiet_s);
	set &= set_number(curl, easy, CURLOPT_FRESH_CONNECT, request->fresh);
	set &= set_number(curl, easy, CURLOPT_FORBID_REUSE, request->fresh);
	set &= curl->easy_setopt(easy, CURLOPT_WRITEFUNCTION, receive) == CURLE_OK;
	set &= curl->easy_setopt(easy, CURLOPT_WRITEDATA, transfer) == CURLE_OK;
	set &= curl->easy_setopt(easy, CURLOPT_HEADERFUNCTION, receive_header) == CURLE_OK;
	set &= curl->easy_setopt(easy, CURLOPT_HEADERDATA, transfer) == CURLE_OK;
	set &= curl->easy_setopt(easy, CURLOPT_PRIVATE, transfer) == CURLE_OK;
	return set && set_method(curl, easy, request) && set_headers(curl, easy, transfer) &&
	       set_peer(curl, easy, request->peer, transfer) && set_watch(curl, easy, transfer);
}

static void end_transfer(const struct swk_libcurl *curl, struct transfer *transfer)
{
	curl->slist_free_all(transfer->headers);
	curl->slist_free_all(transfer->connect_to);
	free(transfer);
}

/* Starts a request; false without memory. */
static bool start(struct swk_http *http, struct swk_http_request *request, int64_t deadline)
{
	const struct swk_libcurl *curl = http->curl;
	struct transfer *transfer = calloc(1, sizeof(*transfer));
	CURL *easy = curl->easy_init();

	if (transfer)
		transfer->request = request;
	if (transfer && easy && set_options(curl, easy, transfer, deadline) &&
	    curl->multi_add_handle(http->multi, easy) == CURLM_OK)
		return true;
	curl->easy_cleanup(easy);
	if (transfer)
		end_transfer(curl, transfer);
	return false;
}

static bool is_dropped(CURLcode code)
{
	return code == CURLE_GOT_NOTHING || code == CURLE_SEND_ERROR || code == CURLE_RECV_ERROR ||
	       code == CURLE_PARTIAL_FILE || code == CURLE_HTTP2 || code == CURLE_HTTP2_STREAM;
}

/* Sets that there was no answer. */
static void fail(const struct swk_libcurl *curl, struct swk_http_request *request, CURLcode code)
{
	bool stopped = code == CURLE_ABORTED_BY_CALLBACK;
	char shown[SWK_URL_SHOWN];

	request->unreachable = code == CURLE_COULDNT_CONNECT;
	request->dropped = is_dropped(code);
	request->timed_out = stopped || code == CURLE_OPERATION_TIMEDOUT;
	request->status = 0;
	(void)snprintf(request->failure, sizeof(request->failure), "%s",
		       stopped ? "no answer so far, and others wait" : curl->easy_strerror(code));
	(void)swk_error_set(&request->error, SWK_UNAVAILABLE, "%s: %s",
			    swk_url_show(shown, request->url), request->failure);
}

/* Removes a finished transfer. Its connection is kept for the next. */
static void finish(struct swk_http *http, CURL *easy, CURLcode code)
{
	const struct swk_libcurl *curl = http->curl;
	struct transfer *transfer = NULL;
	struct swk_http_request *request;
	curl_off_t us = 0;

	(void)curl->multi_remove_handle(http->multi, easy);
	(void)curl->easy_getinfo(easy, CURLINFO_PRIVATE, &transfer);
	(void)curl->easy_getinfo(easy, CURLINFO_TOTAL_TIME_T, &us);
	request = transfer->request;
	request->took_ms = (long)(us / 1000);
	if (code != CURLE_OK)
		fail(curl, request, code);
	end_transfer(curl, transfer);
	/* Each handle is used once: libcurl before 8.1.1 keeps a pointer to a freed header in it,
	 * and follows that if an answer begins with a folded header (curl's bug 11101). */
	curl->easy_cleanup(easy);
	if (request->ended)
		request->ended(request);
}

static void reset(struct swk_http_request *request)
{
	request->status = 0;
	request->unreachable = request->dropped = request->timed_out = false;
	request->took_ms = 0;
	request->answer_number = 0;
	request->answer_flagged = false;
	request->server[0] = '\0';
	request->reason[0] = '\0';
	request->error = (struct swk_error){0};
}

/* Starts the next request. After the deadline it fails at once: even a connection that is given up
 * costs the server something. */
static void begin_next(struct swk_http *http, struct swk_http_request *request, int64_t deadline,
		       size_t *running, struct swk_error *error)
{
	reset(request);
	if (!swk_deadline_left(deadline, 1)) {
		fail(http->curl, request, CURLE_OPERATION_TIMEDOUT);
		if (request->ended)
			request->ended(request);
	} else if (start(http, request, deadline)) {
		(*running)++;
	} else {
		(void)swk_error_memory(error);
	}
}

int swk_http_perform(struct swk_http *http, struct swk_http_request *requests, size_t count,
		     size_t parallel, int64_t deadline, struct swk_error *error)
{
	size_t begun = 0, running = 0;
	int active, left;
	CURLMsg *message;

	if (count && get_ready(http, error))
		return error->status;
	while (running || (begun < count && !error->status)) {
		while (begun < count && running < parallel && !error->status)
			begin_next(http, &requests[begun++], deadline, &running, error);
		if (http->curl->multi_perform(http->multi, &active) != CURLM_OK)
			return swk_error_set(error, SWK_INTERNAL, "libcurl failed");
		while ((message = http->curl->multi_info_read(http->multi, &left))) {
			if (message->msg != CURLMSG_DONE)
				continue;
			finish(http, message->easy_handle, message->data.result);
			running--;
		}
		if (running && active)
			(void)http->curl->multi_poll(http->multi, NULL, 0,
						     requests->watch ? SWK_TARGET_TICK_MS : 1000,
						     NULL);
	}
	return error->status;
}
