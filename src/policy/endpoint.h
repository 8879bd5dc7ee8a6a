/* SPDX-License-Identifier: MIT */
/*
 * The endpoint of a registration under its service's rules: a server, or the reason why there is
 * none. Pure.
 */
#ifndef SWK_POLICY_ENDPOINT_H
#define SWK_POLICY_ENDPOINT_H

#include "model/registration.h"
#include "model/report.h"
#include "model/server.h"
#include "policy/decisions.h"
#include "settings/settings.h"

/* What decisions depend on besides the registry. */
struct swk_policy {
	const struct swk_settings *settings;
	/* Ports of the targets' interfaces. No instance may use one on loopback: nginx would proxy
	 * the public to its own interface, past every allow and deny. */
	uint16_t reserved[SWK_TARGETS_MAX];
	size_t reserved_count;
	struct swk_decisions *decisions; /* NULL: not asked for */
};

struct swk_endpoint {
	enum swk_outcome outcome;   /* served, served down, left out, or skipped */
	struct swk_server server;   /* if served; a host name is borrowed */
	char host[SWK_ADDRESS_MAX]; /* room for a host name */
	char reason[SWK_TEXT_MAX];  /* "" if served and up */
};

/* Decides about an instance from its address, its health and its attributes. Ignored attributes are
 * noted. */
void swk_endpoint_of_instance(struct swk_endpoint *endpoint, const struct swk_policy *policy,
			      const struct swk_rules *rules, const struct swk_instance *instance,
			      struct swk_report *report);

/* The same for a key; `address` is its last segment: `10.0.0.1:80`. */
void swk_endpoint_of_key(struct swk_endpoint *endpoint, const struct swk_policy *policy,
			 const struct swk_rules *rules, const struct swk_key *key,
			 const char *address, struct swk_report *report);

/* An instance's health as a word. */
const char *swk_endpoint_health(const struct swk_instance *instance);

#endif
