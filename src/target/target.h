/* SPDX-License-Identifier: MIT */
/*
 * The seam between the desired state and a proxy that can be changed at run time. A kind of target
 * implements these functions; no other code knows its protocol.
 */
#ifndef SWK_TARGET_TARGET_H
#define SWK_TARGET_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "io/http.h"
#include "model/live.h"
#include "settings/settings.h"

enum swk_target_result {
	SWK_TARGET_DONE,    /* confirmed */
	SWK_TARGET_PENDING, /* not confirmed; stays pending, and a retry may help */
	SWK_TARGET_REFUSED, /* an operator must act; stays pending */
};

struct swk_target {
	const struct swk_target_kind *kind;
	char *name; /* from the settings, else the URL; owned, like the URL */
	char *url;
	const char *base; /* what the URL of a request begins with */
	struct swk_http_peer peer;
	unsigned timeout;	  /* seconds, of one request; 0: the kind's default */
	uint16_t port;		  /* port of the URL, which no instance may use; 0: none */
	struct swk_live live;	  /* as far as it could be read */
	struct swk_error trouble; /* why it could not be read, or a warning about what was read */
	bool unreachable;	  /* nothing listens there now */
	bool passing;		  /* `trouble` may pass soon: ask again */
	bool given_up;		  /* no answer, or too many failures: send it nothing more */
	bool waited_out;	  /* its queue was full, and its workers have had time to read it */
	unsigned failures;	  /* upstreams that it failed to take, although it answers */
	struct swk_http *lines[SWK_LINES_MAX]; /* persistent connections to its workers */
	size_t line_count;
	unsigned read_interval; /* seconds until each worker has read its queue */
};

struct swk_target_kind {
	/* Takes the operator's settings. Fails if they do not fit this kind. */
	int (*open)(struct swk_target *target, const struct swk_target_settings *settings,
		    struct swk_error *error);
	void (*close)(struct swk_target *target);

	/*
	 * Reads the live state of several targets of this kind at once, each `samples` times. Sets
	 * live, trouble, unreachable, passing and given_up. Several samples use a new connection
	 * each, and an upstream that differs between them is `partial`. Returns 0 or SWK_INTERNAL.
	 */
	int (*read)(struct swk_target *targets, size_t count, unsigned samples,
		    struct swk_http *http, int64_t deadline, struct swk_error *error);

	/*
	 * A cheaper read for a run that changes few upstreams. Without a name it reads the names of
	 * all upstreams; with one it asks whether that upstream exists. Sets the same members;
	 * `live` has names at most.
	 */
	int (*probe)(struct swk_target *targets, size_t count, const char *name,
		     struct swk_http *http, int64_t deadline, struct swk_error *error);

	/* Creates or replaces one upstream. The error must be empty; it is set unless the result is
	 * SWK_TARGET_DONE. */
	enum swk_target_result (*update)(struct swk_target *target, struct swk_http *http,
					 const struct swk_upstream *upstream, int64_t deadline,
					 struct swk_error *error);

	/* Deletes one upstream on all workers. The error is set as above. */
	enum swk_target_result (*delete)(struct swk_target *target, struct swk_http *http,
					 const char *name, int64_t deadline,
					 struct swk_error *error);
};

#endif
