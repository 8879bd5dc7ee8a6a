/* SPDX-License-Identifier: MIT */
/*
 * The seam between what is wanted and a proxy that can be changed while it runs. A kind of target
 * fills in these functions; nothing else knows how it is spoken to.
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
	SWK_TARGET_DONE,    /* it has it */
	SWK_TARGET_PENDING,   /* it has not, and may when asked again: owed */
	SWK_TARGET_REFUSED, /* it never will as things are: owed, and somebody must look */
};

struct swk_target {
	const struct swk_target_kind *kind;
	char *name; /* what an operator knows it by; owned, as is its URL */
	char *url;
	unsigned timeout;	  /* seconds, of one request; 0: as is usual */
	uint16_t port;		  /* at which it listens for us; 0: at none */
	struct swk_live live;	  /* as far as it could be read */
	struct swk_error trouble; /* why not, or a warning beside what could be read */
	bool unreachable;	  /* nothing listens there now */
	bool passing;		  /* what else is amiss may be over soon */
	bool given_up;		  /* it didn't answer, or not in time: not to be tried any more */
	bool waited_out;	  /* its queue was full, and each worker had the time to read it */
	unsigned failures;	  /* upstreams that it did not take, though it answers */
	struct swk_http *lines[SWK_LINES_MAX]; /* connections that are kept, to its workers */
	size_t line_count;
	unsigned read_interval; /* seconds after which each of its workers knows of a change */
};

struct swk_target_kind {
	/* Takes what the operator says of it; an error where that can't be one of this kind. */
	int (*open)(struct swk_target *target, const struct swk_target_settings *settings,
		    struct swk_error *error);
	void (*close)(struct swk_target *target);

	/*
	 * Reads the live state of several targets of this kind at once, each `samples` times: their
	 * live, trouble, refused and given_up, whatever these were. With more than one look, each
	 * is on a connection of its own, and what differs between them is `partial`. Returns 0 or
	 * SWK_INTERNAL.
	 */
	int (*read)(struct swk_target *targets, size_t count, unsigned samples,
		    struct swk_http *http, int64_t deadline, struct swk_error *error);

	/*
	 * Less than that, for whoever changes a few upstreams: the names of all that each has, or,
	 * if one is given, whether it has that. Sets the same, and the live state is one of names.
	 */
	int (*probe)(struct swk_target *targets, size_t count, const char *name,
		     struct swk_http *http, int64_t deadline, struct swk_error *error);

	/* Makes one upstream as given. The error, empty when called, says why unless it is done. */
	enum swk_target_result (*update)(struct swk_target *target, struct swk_http *http,
					 const struct swk_upstream *upstream, int64_t deadline,
					 struct swk_error *error);

	/* Deletes one, for certain, on all of its workers. */
	enum swk_target_result (*delete)(struct swk_target *target, struct swk_http *http,
					 const char *name, int64_t deadline,
					 struct swk_error *error);
};

#endif
