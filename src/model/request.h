/* SPDX-License-Identifier: MIT */
/*
 * A request to all hosts of a fleet, and a host's acknowledgement. Both come from Consul's
 * key-value store, where anybody with key:write may write them: see consul/requests.h for how they
 * are read. The caller provides and frees the structs; a zeroed struct is empty.
 */
#ifndef SWK_MODEL_REQUEST_H
#define SWK_MODEL_REQUEST_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"
#include "model/server.h"

/* Consul's keys: `swk/requests/ID` and `swk/acks/NODE/ID`. */
#define SWK_FLEET_REQUESTS "swk/requests"
#define SWK_FLEET_ACKS "swk/acks"

/* Hex digits of a request's ID. */
#define SWK_REQUEST_ID 16

/* What a request asks of one service. Without a condition: decide anew, and be in step. */
struct swk_request_service {
	char *name;    /* a valid name (terms.h); owned */
	unsigned live; /* at least so many of its instances are live; 0: no such condition */
	bool without;  /* no target may send requests to the next address */
	struct swk_server server; /* only its address; never a host name */
};

struct swk_request {
	char id[SWK_REQUEST_ID + 1];
	char *by;      /* who asks, such as `root@deploy1`; escaped; owned; never NULL if decoded */
	int64_t since; /* epoch seconds, by the requester's clock; 0: not known */
	bool all;      /* a full run */
	char *trouble; /* why the request is invalid, or NULL; owned. It then asks nothing */
	struct swk_request_service *services; /* owned */
	size_t service_count;
};

/* In the order of the document; each ID once. */
struct swk_requests {
	struct swk_request *list;
	size_t count;
};

void swk_request_free(struct swk_request *request);
void swk_requests_free(struct swk_requests *requests);
/* The request with this ID, or NULL. */
struct swk_request *swk_requests_find(const struct swk_requests *requests, const char *id);
/* Appends a request, which then owns nothing. Returns 0 or SWK_INTERNAL. */
int swk_requests_append(struct swk_requests *requests, struct swk_request *request,
			struct swk_error *error);
/* Adds a service without a condition, for the caller to set. NULL without memory. The pointer is
 * valid until the next one is added. */
struct swk_request_service *swk_request_add_service(struct swk_request *request, const char *name,
						    struct swk_error *error);

/* Whether this is the ID of a request: SWK_REQUEST_ID lower-case hex digits. */
bool swk_request_id_valid(const char *id);

/* ---- acknowledgements ---- */

enum swk_ack_state {
	SWK_ACK_PENDING, /* not yet; the reason says why */
	SWK_ACK_DONE,	 /* all workers of all targets have been seen to comply */
	SWK_ACK_INVALID, /* the host can't read the request; the reason says why */
	SWK_ACK_STATES,
};

extern const char *const swk_ack_words[SWK_ACK_STATES]; /* `pending`, `done`, `invalid` */

struct swk_ack {
	char id[SWK_REQUEST_ID + 1];
	char node[SWK_NODE_MAX + 1];	   /* the name of Consul's node; may have any bytes */
	enum swk_ack_state state;	   /* SWK_ACK_PENDING if the value can't be read */
	char reason[SWK_ACK_REASON_MAX];   /* one line, escaped; "" if done */
	char version[SWK_ACK_VERSION_MAX]; /* the host's swk-apply; escaped; "" if not known */
	int64_t time;			   /* epoch seconds by the host's clock; 0: not known */
	uint64_t pending;		   /* upstreams that are pending, of all its targets */
	bool on_hold;			   /* an operator stopped changes on the host */
	uint64_t unpublished;		   /* a bit for each service of the request, from the lowest
					    * on: the host does not publish it */
};

struct swk_acks {
	struct swk_ack *list;
	size_t count;
};

void swk_acks_free(struct swk_acks *acks);
/* Appends a copy. Returns 0 or SWK_INTERNAL. */
int swk_acks_append(struct swk_acks *acks, const struct swk_ack *ack, struct swk_error *error);

/* ---- hosts ---- */

/* Status of one of Consul's checks. */
enum swk_fleet_status {
	SWK_FLEET_UNKNOWN, /* there is no such check */
	SWK_FLEET_PASSING,
	SWK_FLEET_WARNING,
	SWK_FLEET_CRITICAL,
	SWK_FLEET_STATUSES,
};

extern const char *const swk_fleet_words[SWK_FLEET_STATUSES]; /* "", `passing`, … */

/* A host that is registered as SWK_FLEET_SERVICE, alive or not. */
struct swk_host {
	char node[SWK_NODE_MAX + 1];	/* may have any bytes */
	char address[SWK_HOST_MAX + 1]; /* of the node; "" if too long */
	enum swk_fleet_status check;	/* the fleet check */
	enum swk_fleet_status alive;	/* Consul's own check of the node: serfHealth */
};

struct swk_hosts {
	struct swk_host *list;
	size_t count;
};

void swk_hosts_free(struct swk_hosts *hosts);
/* Appends a copy. Returns 0 or SWK_INTERNAL. */
int swk_hosts_append(struct swk_hosts *hosts, const struct swk_host *host, struct swk_error *error);
const struct swk_host *swk_hosts_find(const struct swk_hosts *hosts, const char *node);

#endif
