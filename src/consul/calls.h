/* SPDX-License-Identifier: MIT */
/*
 * Other requests to Consul's agent: sessions, keys, checks, maintenance, and the hosts of a fleet.
 * Unlike the requests of client.h, they are not about what is published. So `datacenter`, `stale`
 * and `cached` do not apply: a fleet is in the datacenter of its agents. Each function repeats a
 * request whose error may be temporary. It returns 0, SWK_UNAVAILABLE with the error set if Consul
 * did not do it, or SWK_INTERNAL.
 */
#ifndef SWK_CONSUL_CALLS_H
#define SWK_CONSUL_CALLS_H

#include "consul/client.h"
#include "model/request.h"

/* A session's ID and a NUL. */
#define SWK_SESSION_MAX 37

/* What all calls share. Borrowed. */
struct swk_caller {
	const struct swk_consul *consul;
	struct swk_http *http;
	int64_t deadline; /* deadline.h; the functions below set an error after it */
	struct swk_error *error;
};

/* ---- sessions ---- */

/* Begins a session that ends SWK_REQUESTER_TTL_S after its last renewal, or later. With it, Consul
 * deletes its keys at once. Needs session:write. */
int swk_consul_begin_session(const struct swk_caller *caller, char session[SWK_SESSION_MAX]);
/* *exists: the session has not ended. */
int swk_consul_renew_session(const struct swk_caller *caller, const char *session, bool *exists);
int swk_consul_end_session(const struct swk_caller *caller, const char *session);

/* ---- keys; the key is a path without a slash at its beginning ---- */

/* Sets a key. With a session (or NULL), only if no other session has it: else *set is false. */
int swk_consul_set_key(const struct swk_caller *caller, const char *key, const char *value,
		       const char *session, bool *set);
/* Deletes a key, which need not exist. */
int swk_consul_delete_key(const struct swk_caller *caller, const char *key);
/* Appends the names of all keys below a prefix, which is a whole path and has no slash at its end.
 * None is not an error. */
int swk_consul_list_keys(const struct swk_caller *caller, const char *prefix,
			 struct swk_texts *keys);
/*
 * Appends all acknowledgements, of all hosts or (id) to one request. With *index not 0, Consul
 * answers only when its index exceeds *index, or after SWK_CONSUL_WAIT_S; *index becomes that of
 * the answer, 0: none.
 */
int swk_consul_acks(const struct swk_caller *caller, const char *id, uint64_t *index,
		    struct swk_acks *acks);

/* ---- this host's agent ---- */

/* The name of the agent's node, from a check of the instance with this ID. *registered: there is
 * one. If not, or if the token lacks service:read for it, `node` is "". */
int swk_consul_node(const struct swk_caller *caller, const char *id, char node[SWK_NODE_MAX + 1],
		    bool *registered);
/* Sets the check of SWK_FLEET_SERVICE at this agent. Needs service:write for that. */
int swk_consul_update_check(const struct swk_caller *caller, enum swk_fleet_status status,
			    const char *output);

/* The service of an instance that is registered at this agent, for the caller to free. NULL if no
 * instance has this ID, which is not an error. */
int swk_consul_service_of(const struct swk_caller *caller, const char *id, char **service);
/* Puts an instance into maintenance, or ends that. Needs service:write. */
int swk_consul_maintenance(const struct swk_caller *caller, const char *id, bool on,
			   const char *reason, bool *exists);

/* ---- the fleet ---- */

/*
 * Appends all hosts that are registered as SWK_FLEET_SERVICE, alive or not, as the leader knows
 * them. An answer that Consul marks as cut by its ACL is an error. Consul before 1.11 does not mark
 * it: without node:read and service:read, there are no hosts.
 */
int swk_consul_hosts(const struct swk_caller *caller, struct swk_hosts *hosts);

#endif
