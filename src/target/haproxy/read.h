/* SPDX-License-Identifier: MIT */
/* Asks HAProxy, and reads its live state. */
#ifndef SWK_TARGET_HAPROXY_READ_H
#define SWK_TARGET_HAPROXY_READ_H

#include "target/haproxy/haproxy.h"
#include "target/haproxy/runtime.h"

/* The private state of a target. */
struct swk_haproxy {
	const struct swk_haproxy_settings *settings;
	struct swk_own_file own;
	struct swk_haproxy_peer api, master;
	uint64_t process; /* that answered last, before a reload */
	bool prepared;	  /* this run has put into the file what needs no reload */
};

/* The state of the process that answers. */
struct swk_haproxy_reading {
	struct swk_haproxy_request request;
	struct swk_haproxy_state state; /* borrows from it */
};

void swk_haproxy_begin_reading(struct swk_haproxy_reading *reading);
void swk_haproxy_end_reading(struct swk_haproxy_reading *reading);

/* The functions below that ask return 0 or SWK_INTERNAL. They set the cause if HAProxy does not
 * answer as it should. */

/* Reads the names of backends and, with `servers`, servers and the process. If an earlier run left
 * something pending, also details of the servers: that run may have changed what is not confirmed.
 */
int swk_haproxy_read_process(struct swk_target *target, bool servers,
			     struct swk_haproxy_reading *reading, int64_t deadline,
			     struct swk_error *cause, struct swk_error *error);

/* Sends commands, if there are any, and interprets the answers. */
int swk_haproxy_send(struct swk_target *target, struct swk_haproxy_request *request,
		     int64_t deadline, struct swk_error *cause, struct swk_error *error);

/* Puts the target's name before the message, if there is one. */
void swk_haproxy_name_cause(const struct swk_target *target, struct swk_error *cause);

/* After a failure to ask: the run may ask again if nothing listens, or if it was cut off. */
void swk_haproxy_note_failure(struct swk_target *target, const struct swk_error *cause);

/* See swk_target_kind. */
int swk_haproxy_read(struct swk_target *target, enum swk_depth depth, const char *name,
		     int64_t deadline, struct swk_error *error);

#endif
