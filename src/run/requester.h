/* SPDX-License-Identifier: MIT */
/*
 * Asks all hosts of a fleet, and collects their acknowledgements. The request is a key in Consul
 * that is bound to a session, so it disappears with a requester that is killed. If Consul loses the
 * session, for example because it was rebuilt, the request is made again, with a new ID.
 */
#ifndef SWK_RUN_REQUESTER_H
#define SWK_RUN_REQUESTER_H

#include "consul/calls.h"
#include "policy/fleet.h"
#include "settings/settings.h"

struct swk_requester {
	struct swk_consul consul;
	struct swk_http *http;
	struct swk_request request;    /* the caller fills in what to ask; the ID changes */
	struct swk_fleet fleet;	       /* the hosts, and where they stand */
	char session[SWK_SESSION_MAX]; /* "": none */
	bool asked;		       /* the request is in Consul, or was there */
	bool present;		       /* it is there with this session */
	uint64_t index;
	int64_t renewed, listed;  /* when; swk_now_ms() */
	struct swk_error trouble; /* why the last step was incomplete; status 0: it was not */
};

/* Reads the settings of Consul. The list of excluded hosts is borrowed. Returns 0, SWK_USAGE,
 * SWK_CONFIG or SWK_INTERNAL. Call swk_requester_free in any case. */
int swk_requester_init(struct swk_requester *requester, const struct swk_settings *settings,
		       const struct swk_texts *without, struct swk_error *error);
void swk_requester_free(struct swk_requester *requester);

/* Begins a session, and reads the list of hosts. Changes nothing else. Returns 0, or
 * SWK_UNAVAILABLE if Consul refuses it, or lists no host. */
int swk_requester_begin(struct swk_requester *requester, struct swk_error *error);

/* Reads the list of hosts only. Returns 0 or SWK_UNAVAILABLE. */
int swk_requester_list(struct swk_requester *requester, struct swk_error *error);

/* Puts the request into Consul. Returns 0, or SWK_UNAVAILABLE if Consul refuses it. */
int swk_requester_ask(struct swk_requester *requester, struct swk_error *error);

/*
 * Renews the session, reads the list of hosts, and waits for their acknowledgements: until one
 * changes, or for about a second. If something fails, the requester has a trouble, and the next
 * step tries again. Without a request, only does the first two.
 */
void swk_requester_step(struct swk_requester *requester);

/* Whether each awaited host has confirmed. If so, reads the list once more, because a host may have
 * joined meanwhile. */
bool swk_requester_over(struct swk_requester *requester);

/* Ends the session: Consul deletes the request at once. Does nothing if Consul fails. */
void swk_requester_end(struct swk_requester *requester);

#endif
