/* SPDX-License-Identifier: MIT */
/* Which hosts of a fleet have confirmed a request, and why others have not. Pure. */
#ifndef SWK_POLICY_FLEET_H
#define SWK_POLICY_FLEET_H

#include "base/buffer.h"
#include "model/request.h"
#include "settings/field.h"

enum swk_fleet_standing {
	SWK_FLEET_CONFIRMED,
	SWK_FLEET_EXCLUDED, /* the operator does not await it */
	SWK_FLEET_PENDING,
	SWK_FLEET_INVALID, /* it can't read the request */
	SWK_FLEET_SILENT,  /* it has not answered */
	SWK_FLEET_STANDINGS
};

struct swk_fleet_row {
	struct swk_host host;
	bool listed; /* Consul lists it now; else it did so before */
	enum swk_fleet_standing standing;
	struct swk_ack ack; /* the latest; zeroed if SWK_FLEET_SILENT */
	int64_t answered;   /* when it was first seen, as given to swk_fleet_answer */
};

struct swk_fleet {
	struct swk_fleet_row *rows; /* sorted by node, byte by byte; owned */
	size_t count;
	const struct swk_texts *without; /* nodes that are not awaited; borrowed; NULL: none */
};

void swk_fleet_free(struct swk_fleet *fleet);

/*
 * Takes Consul's list of hosts: adds those that are new, and marks those that it lacks. A host that
 * Consul no longer lists stays. An agent that stops may have deregistered it (leave_on_terminate)
 * while its proxy still serves. Or Consul has lost its data, and lists no host for a while. Returns
 * 0 or SWK_INTERNAL.
 */
int swk_fleet_list(struct swk_fleet *fleet, const struct swk_hosts *hosts, struct swk_error *error);

/* Whether Consul has listed a host, and does not list it now. */
bool swk_fleet_has_unlisted(const struct swk_fleet *fleet);

/* Takes the acknowledgements, and finds out where each host stands. Those of other requests, and of
 * hosts that are not known, have no effect. `now` is the caller's, in any unit. */
void swk_fleet_answer(struct swk_fleet *fleet, const struct swk_acks *acks, const char *id,
		      int64_t now);

/* How many hosts are awaited. */
size_t swk_fleet_awaited(const struct swk_fleet *fleet);

/* Whether there is a host, and each that is awaited has confirmed. */
bool swk_fleet_over(const struct swk_fleet *fleet);

/* Whether a host that is awaited publishes the service at this place of the request; a host that
 * has not confirmed may. */
bool swk_fleet_publishes(const struct swk_fleet *fleet, size_t place);

/* The first excluded node that no host has, or NULL. */
const char *swk_fleet_unknown(const struct swk_fleet *fleet);

/* Appends `2 of 3 hosts have confirmed`, and up to `most` hosts that have not, each as below.
 * Returns 0 or SWK_INTERNAL. */
int swk_fleet_describe(struct swk_buffer *out, const struct swk_fleet *fleet, size_t most,
		       struct swk_error *error);

/* Appends why a host has not confirmed: `host-3: no answer; Consul finds that its agent has
 * failed`. Returns 0 or SWK_INTERNAL. */
int swk_fleet_describe_row(struct swk_buffer *out, const struct swk_fleet_row *row,
			   struct swk_error *error);

#endif
