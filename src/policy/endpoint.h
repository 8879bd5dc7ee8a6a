/* SPDX-License-Identifier: MIT */
/*
 * What one registration has to offer under the rules for its service: a server, or the reason why
 * none. Pure.
 */
#ifndef SWK_POLICY_ENDPOINT_H
#define SWK_POLICY_ENDPOINT_H

#include "model/registration.h"
#include "model/report.h"
#include "model/server.h"
#include "policy/decisions.h"
#include "settings/settings.h"

/* What decisions depend on, beyond what the registry says. */
struct swk_policy {
	const struct swk_settings *settings;
	/* The ports at which nginx is spoken to by us. No instance may be there on loopback:
	 * whoever registers one would let the whole world speak to it, past every allow and deny.
	 */
	uint16_t reserved[SWK_TARGETS_MAX];
	size_t reserved_count;
	struct swk_decisions *decisions; /* NULL: nobody asks */
};

struct swk_endpoint {
	enum swk_outcome outcome;   /* served, served down, left out, or skipped */
	struct swk_server server;   /* of one that is served; a host's name is borrowed */
	char host[SWK_ADDRESS_MAX]; /* room for the name of one */
	char reason[SWK_TEXT_MAX];  /* unless it is served as it is */
};

/* Judges an instance by its address, its health, and what it says of its server. Attributes that
 * are ignored are noted. */
void swk_endpoint_of_instance(struct swk_endpoint *endpoint, const struct swk_policy *policy,
			      const struct swk_rules *rules, const struct swk_instance *instance,
			      struct swk_report *report);

/* The same of a key, whose last segment is `address`: `10.0.0.1:80`. */
void swk_endpoint_of_key(struct swk_endpoint *endpoint, const struct swk_policy *policy,
			 const struct swk_rules *rules, const struct swk_key *key,
			 const char *address, struct swk_report *report);

/* How an instance is, in a word. */
const char *swk_endpoint_health(const struct swk_instance *instance);

#endif
