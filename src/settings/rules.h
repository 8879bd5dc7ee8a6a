/* SPDX-License-Identifier: MIT */
/* The rules that an operator may set for each service: defaults, and overrides. */
#ifndef SWK_SETTINGS_RULES_H
#define SWK_SETTINGS_RULES_H

#include <stdint.h>

#include "model/terms.h"
#include "settings/field.h"

enum swk_warning_rule { SWK_WARNING_EXCLUDE, SWK_WARNING_INCLUDE, SWK_WARNING_WEIGHT };
/* For an instance that is critical or in maintenance. */
enum swk_unhealthy_rule { SWK_UNHEALTHY_EXCLUDE, SWK_UNHEALTHY_DOWN };
enum swk_empty_rule { SWK_EMPTY_KEEP, SWK_EMPTY_DOWN, SWK_EMPTY_DELETE };

struct swk_rules {
	unsigned max_fails;
	unsigned fail_timeout;	     /* seconds */
	unsigned max_conns;	     /* 0: no limit */
	unsigned keepalive;	     /* 0: none */
	unsigned keepalive_timeout;  /* seconds; 0: nginx's default */
	unsigned keepalive_requests; /* 0: nginx's default */
	unsigned balance;	     /* enum swk_balance */
	char *upstream;		     /* the upstream's name; NULL: the service's name */
	char *port;    /* a number, or the name of a registered port; NULL: the registered port */
	char *address; /* `service`, `node`, or the name of a tagged address */
	bool allow_hostnames;
	bool connect_native;
	bool require_check;
	unsigned warning;	      /* enum swk_warning_rule */
	unsigned critical;	      /* enum swk_unhealthy_rule */
	unsigned maintenance;	      /* enum swk_unhealthy_rule */
	unsigned empty;		      /* enum swk_empty_rule */
	struct swk_share min_healthy; /* with fewer usable instances, the upstream is kept */
	bool weights;		      /* Consul's weights become nginx's */
	struct swk_texts failover;    /* datacenters, while no own instance is usable */
	struct swk_texts fallback;    /* servers, while no datacenter has a usable instance */
	char *filter;		      /* Consul's filter expression; NULL: none */
	struct swk_shares shares;     /* of the plain upstream's requests; none: colours have
				       * upstreams of their own */
	char *peer;		      /* the peer whose instances count; NULL: own instances */
};

extern const struct swk_fields swk_rules_fields;

/* The rules for services that match a pattern. */
struct swk_override {
	char *pattern;		/* owned */
	size_t specific;	/* overrides with a larger number win */
	uint32_t set_fields;	/* a bit for each field that the override sets */
	struct swk_rules rules; /* owned texts */
};

/* Sorted from the least to the most specific. */
struct swk_overrides {
	struct swk_override *list;
	size_t count;
};

/*
 * Adds an override without rules, and returns it; NULL without memory. A name without wildcards is
 * the most specific, then the pattern with more literal characters; of equals, the first one added.
 * The pointer is valid until the next one is added.
 */
struct swk_override *swk_overrides_add(struct swk_overrides *overrides, const char *pattern,
				       struct swk_error *error);
/* Marks a field as set by the override, so far to its zero value: an empty list overrides
 * another. */
void swk_override_begin(struct swk_override *override, const struct swk_field *field);
/* Whether it sets the field of this name, which must exist. */
bool swk_override_has(const struct swk_override *override, const char *name);
/* As swk_field_set. */
int swk_override_set(struct swk_override *override, const struct swk_field *field,
		     const char *value, struct swk_error *error);
void swk_overrides_free(struct swk_overrides *overrides);

/* Whether a name matches a shell pattern (fnmatch(3)). */
bool swk_pattern_matches(const char *pattern, const char *name);

/* Finds the rules of a service: each field comes from the most specific override that sets it, else
 * from the defaults. Texts are borrowed. */
void swk_rules_find(struct swk_rules *rules, const struct swk_rules *defaults,
		    const struct swk_overrides *overrides, const char *service);

/* Whether the address of any service may be a tagged one. */
bool swk_rules_tagged(const struct swk_rules *defaults, const struct swk_overrides *overrides);

#endif
