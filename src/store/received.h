/* SPDX-License-Identifier: MIT */
/*
 * The lines of FILE.state about requests of a fleet: those that Consul has, and what this host has
 * answered. If they are lost, the requests that Consul has count as new.
 */
#ifndef SWK_STORE_RECEIVED_H
#define SWK_STORE_RECEIVED_H

#include "base/buffer.h"
#include "model/request.h"

struct swk_received {
	/* Without who asks, and since when. The services are known as long as it is open, or may
	 * be open again. */
	struct swk_request request;
	/* Since when neither FILE nor a target has one of the servers that it asks to be without,
	 * by swk_now_ms, which a reboot sets back; 0: one has, or they were not read since the
	 * request came. */
	int64_t gone_since;
	bool gone;  /* Consul has it no longer, but may still have the answer */
	bool given; /* Consul has the next two */
	enum swk_ack_state state;
	uint64_t reason; /* hash of the reason */
};

/* In the order in which they came; each ID once. */
struct swk_received_list {
	struct swk_received *list;
	size_t count;
};

void swk_received_free(struct swk_received_list *received);
struct swk_received *swk_received_find(const struct swk_received_list *received, const char *id);
/* Adds a request, which then owns nothing. Returns 0 or SWK_INTERNAL. */
int swk_received_add(struct swk_received_list *received, struct swk_request *request,
		     struct swk_error *error);
/* Removes the one at this index. */
void swk_received_remove(struct swk_received_list *received, size_t place);
/* Whether there is one that is gone. The second also removes them. */
bool swk_received_any_gone(const struct swk_received_list *received);
bool swk_received_remove_gone(struct swk_received_list *received);

/* Whether a later run must answer it again; whether the list has such a request. */
bool swk_received_is_open(const struct swk_received *one);
bool swk_received_any_open(const struct swk_received_list *received);
/* Whether it was answered with done, which holds only until a server comes back. */
bool swk_received_may_reopen(const struct swk_received *one);

/*
 * Appends for each request a line `request ID STATE REASON ALL SINCE`. STATE is `new` if there is
 * no answer, and `gone` if the request is gone. SINCE is gone_since. If the request is open, or may
 * be open again, lines `asks LIVE ADDRESS NAME` for its services follow, with `-` for no address;
 * or `wrong REASON` if it is invalid. Returns 0 or SWK_INTERNAL.
 */
int swk_received_write(struct swk_buffer *out, const struct swk_received_list *received,
		       struct swk_error *error);
/* Reads one of these lines into the list. *valid is false if it is none, or is damaged. Returns
 * 0 or SWK_INTERNAL. */
int swk_received_read(struct swk_received_list *received, const char *line, bool *valid,
		      struct swk_error *error);

#endif
