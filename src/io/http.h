/* SPDX-License-Identifier: MIT */
/*
 * Bounded HTTP requests, one or many at once. The only user of libcurl. Only http and https, no
 * redirects, no proxy whatever the environment says; answers are bounded, and so is the time.
 */
#ifndef SWK_IO_HTTP_H
#define SWK_IO_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* How to reach a server beyond its URL; every member may be NULL. Borrowed. */
struct swk_http_peer {
	const char *unix_socket; /* a path, instead of a connection to the URL's host */
	const char *connect_to;	 /* `HOST:PORT` to connect to, whatever the URL's host is */
	const char *ca_file;
	const char *ca_path;
	const char *client_cert;
	const char *client_key;
	const char *user; /* `user:password`, basic authentication */
	bool insecure;	  /* the server's certificate is not verified */
};

struct swk_http_request {
	const char *method; /* all of these borrowed until the call returns */
	const char *url;
	const char *header;	   /* one more header line, or NULL */
	const char *body;	   /* of a POST */
	const char *answer_header; /* the name of a header whose value is wanted, or NULL */
	const struct swk_http_peer *peer;
	bool fresh;	 /* on a connection of its own, closed behind it */
	long connect_ms; /* until there is a connection, and until it is all over, at most */
	long request_ms;
	long quiet_s;	     /* seconds without a byte of the answer; 0: no matter */
	size_t body_length;  /* bytes */
	size_t answer_limit; /* bytes; a larger answer is an error */

	/* Gets the body of an answer with status 200, piece by piece; a status other than 0 ends
	 * the request and is its error. NULL: the body is passed over. */
	int (*receive)(void *context, const char *data, size_t length, struct swk_error *error);
	/* Called when the request, once begun, is over, however it ended: the answer stands below,
	 * and its error may still be set. NULL: nobody waits for that. */
	void (*ended)(struct swk_http_request *request);
	void *context;

	/* The answer. */
	long status;	  /* HTTP's; 0 where there was none */
	bool unreachable; /* nothing listens there */
	bool timed_out;
	uint64_t answer_number;		   /* the header's value, if it is a number; else 0 */
	char reason[SWK_HTTP_REASON_MAX];  /* of another answer's body, its beginning; escaped */
	char failure[SWK_HTTP_REASON_MAX]; /* why there was none, in libcurl's words */
	struct swk_error error;		   /* the same, with the URL: SWK_UNAVAILABLE */
};

struct swk_http;

/* Returns NULL, with the error set, without memory. libcurl is loaded with the first request.
 * Connections are kept between calls. */
struct swk_http *swk_http_open(struct swk_error *error);
void swk_http_close(struct swk_http *http);

/*
 * Carries out all requests, at most `parallel` at once, until the deadline (deadline.h) at the
 * latest. What became of each stands in it; the result is 0, or SWK_INTERNAL for all of them.
 */
int swk_http_perform(struct swk_http *http, struct swk_http_request *requests, size_t count,
		     size_t parallel, int64_t deadline, struct swk_error *error);

#endif
