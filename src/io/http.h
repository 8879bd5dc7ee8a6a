/* SPDX-License-Identifier: MIT */
/* Bounded HTTP requests through libcurl, one or many at once. Only http and https, no redirects,
 * and no proxy even if the environment names one. Size and time of answers are limited. */
#ifndef SWK_IO_HTTP_H
#define SWK_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/error.h"

/* How to reach a server, besides its URL. Every member may be NULL. Borrowed. */
struct swk_http_peer {
	const char *unix_socket; /* path of a socket to use instead of the URL's host */
	const char *connect_to;	 /* `HOST:PORT` to use instead of the URL's host */
	const char *ca_file;
	const char *ca_path;
	const char *client_cert;
	const char *client_key;
	const char *user; /* `user:password` for basic authentication */
	bool insecure;	  /* does not verify the server's certificate */
};

struct swk_http_request {
	const char *method; /* pointers are borrowed until the call returns */
	const char *url;
	const char *header;	   /* one additional header line, or NULL */
	const char *body;	   /* of a POST or PUT; NULL: none */
	const char *answer_header; /* name of a header to return, or NULL */
	const char *answer_flag;   /* another, whose value is `true` or something else */
	const struct swk_http_peer *peer;
	struct swk_watch *watch; /* `heard` is kept up to date, and `stop` obeyed; or NULL */
	bool fresh;		 /* uses a new connection, and closes it afterwards */
	long connect_ms;	 /* limits: for the connection, and for everything */
	long request_ms;
	long quiet_s;	     /* seconds without a byte of the answer; 0: no limit */
	size_t body_length;  /* bytes */
	size_t answer_limit; /* bytes; a larger answer fails */

	/* Gets the body of an answer with status 200 in pieces. A status other than 0 ends the
	 * request, and is its error. NULL: the body is skipped. */
	int (*receive)(void *context, const char *data, size_t length, struct swk_error *error);
	/* Called when a started request has ended, successfully or not. The answer is set, and the
	 * callback may still set its error. May be NULL. */
	void (*ended)(struct swk_http_request *request);
	void *context;

	/* The answer. */
	long status;	  /* HTTP's; 0: no answer */
	bool unreachable; /* nothing listens there */
	bool dropped;	  /* the connection ended before the answer did */
	bool timed_out;	  /* or its watch stopped it */
	long took_ms;
	char server[32];		   /* what the server calls itself, or ""; may be cut */
	uint64_t answer_number;		   /* the header's value if it is a number, else 0 */
	bool answer_flagged;		   /* the other's value is `true` */
	char reason[SWK_HTTP_REASON_MAX];  /* start of the body if the status is not 200; escaped */
	char failure[SWK_HTTP_REASON_MAX]; /* why there was no answer, in libcurl's words */
	struct swk_error error;		   /* SWK_UNAVAILABLE: that reason with the URL */
};

struct swk_http;

/* Call it before the first request, in one thread, if no request will use https. OpenSSL then does
 * not prepare for TLS, which would take a twelfth of an event's time, and https is refused. */
void swk_http_without_tls(void);

/* Returns NULL with the error set if memory runs out. The first request loads libcurl. Connections
 * are kept between calls. */
struct swk_http *swk_http_open(struct swk_error *error);
void swk_http_close(struct swk_http *http);

/* Makes all requests, at most `parallel` at once, and stops at the deadline (deadline.h). Each
 * request has its own result. Returns 0, or SWK_INTERNAL for all of them. */
int swk_http_perform(struct swk_http *http, struct swk_http_request *requests, size_t count,
		     size_t parallel, int64_t deadline, struct swk_error *error);

#endif
