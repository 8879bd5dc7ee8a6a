/* SPDX-License-Identifier: MIT */
/* What an operator may say of each service: the defaults, and what overrides them. */
#ifndef SWK_SETTINGS_RULES_H
#define SWK_SETTINGS_RULES_H

#include <stdint.h>

#include "model/terms.h"
#include "settings/field.h"

enum swk_warning_rule { SWK_WARNING_EXCLUDE, SWK_WARNING_INCLUDE, SWK_WARNING_WEIGHT };
/* Of an instance that is critical, or in maintenance. */
enum swk_unhealthy_rule { SWK_UNHEALTHY_EXCLUDE, SWK_UNHEALTHY_DOWN };
enum swk_empty_rule { SWK_EMPTY_KEEP, SWK_EMPTY_DOWN, SWK_EMPTY_DELETE };

struct swk_rules {
	unsigned max_fails;
	unsigned fail_timeout;	     /* seconds */
	unsigned max_conns;	     /* 0: no limit */
	unsigned keepalive;	     /* 0: none */
	unsigned keepalive_timeout;  /* seconds; 0: nginx's own */
	unsigned keepalive_requests; /* 0: nginx's own */
	unsigned balance;	     /* enum swk_balance */
	char *upstream;		     /* its name; NULL: the service's */
	unsigned port;		     /* in place of what is registered; 0: that */
	char *address;		     /* `service`, `node`, or the name of a tagged address */
	bool allow_hostnames;
	bool require_check;
	unsigned warning;     /* enum swk_warning_rule */
	unsigned critical;    /* enum swk_unhealthy_rule */
	unsigned maintenance; /* enum swk_unhealthy_rule */
	unsigned empty;	      /* enum swk_empty_rule */
	struct swk_share
		min_healthy; /* of an upstream's instances, below which its last are kept */
	bool weights;	     /* Consul's become nginx's */
};

extern const struct swk_fields swk_rules_fields;

/* What is said of the services that a pattern matches. */
struct swk_override {
	char *pattern;		/* owned */
	size_t specific;	/* the more, the later it is applied */
	uint32_t said;		/* a bit for each field that is */
	struct swk_rules rules; /* texts owned */
};

/* From the least to the most specific. */
struct swk_overrides {
	struct swk_override *list;
	size_t count;
};

/*
 * Adds one that says nothing yet, and returns it; NULL without memory. A name without wildcards is
 * the most specific; else it is the pattern with more characters that stand for themselves, of two
 * alike the one that was added first. Good until the next is added.
 */
struct swk_override *swk_overrides_add(struct swk_overrides *overrides, const char *pattern,
				       struct swk_error *error);
/* Sets a field of it, as swk_field_set does. */
int swk_override_set(struct swk_override *override, const struct swk_field *field,
		     const char *value, const char *where, struct swk_error *error);
void swk_overrides_free(struct swk_overrides *overrides);

/* Whether a shell pattern (fnmatch(3)), or a name, matches. */
bool swk_pattern_matches(const char *pattern, const char *name);

/* What holds for a service: of each field what the most specific says, else the default. Texts are
 * borrowed. */
void swk_rules_find(struct swk_rules *rules, const struct swk_rules *defaults,
		    const struct swk_overrides *overrides, const char *service);

#endif
