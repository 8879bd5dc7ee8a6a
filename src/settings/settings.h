/* SPDX-License-Identifier: MIT */
/* All settings. The tables in settings.c and rules.c have their defaults and ranges. */
#ifndef SWK_SETTINGS_SETTINGS_H
#define SWK_SETTINGS_SETTINGS_H

#include "settings/rules.h"

/* A routing tag, whose value selects a colour: the upstream's name is SERVICE, separator, value. */
struct swk_route {
	char *tag;	 /* `gray`; owned, as are the next two */
	char *plain;	 /* the value that means no colour: `default` */
	char *separator; /* `_` */
	bool also_plain; /* instances with a colour are also in the upstream without one */
};

/* The attributes that an instance may set for its server, in its Meta and tags. */
enum swk_attribute {
	SWK_ATTRIBUTE_WEIGHT,
	SWK_ATTRIBUTE_MAX_FAILS,
	SWK_ATTRIBUTE_FAIL_TIMEOUT,
	SWK_ATTRIBUTE_MAX_CONNS,
	SWK_ATTRIBUTE_BACKUP,
	SWK_ATTRIBUTE_DOWN,
	SWK_ATTRIBUTES
};

extern const char *const swk_attribute_words[SWK_ATTRIBUTES + 1]; /* ends with NULL */

struct swk_attributes {
	char *meta_prefix; /* owned, as is the next */
	char *tag_prefix;
	bool allow[SWK_ATTRIBUTES];
	unsigned max_weight; /* these four: the highest that an instance may set */
	unsigned max_max_fails;
	unsigned max_fail_timeout; /* seconds */
	unsigned max_max_conns;
};

/* How to reach Consul. Consul's own environment variables override this. Texts are owned; NULL: not
 * set. */
struct swk_consul_settings {
	char *address; /* like CONSUL_HTTP_ADDR */
	char *datacenter;
	char *token_file;
	char *ca_file;
	char *ca_path;
	char *cert_file;
	char *key_file;
	char *server_name;
	char *namespace;
	char *partition;
	char *node;	   /* the name of this host's node */
	char *where;	   /* settings file and line, for messages; NULL: not set there */
	const char *agent; /* an option's address, which overrides all others; NULL; borrowed */
	bool stale;	   /* any of Consul's servers may answer */
	bool cached;	   /* the agent may answer from its cache */
};

/* Which services, by patterns. */
struct swk_selection {
	struct swk_texts include; /* none: all services */
	struct swk_texts exclude; /* even if `include` has it */
};

/* A target. Texts are owned. */
struct swk_target_settings {
	char *name;	  /* for messages; NULL: its address */
	unsigned kind;	  /* index in swk_target_kinds, and in swk_target_keys */
	void *own;	  /* the kind's own settings; owned */
	char *where;	  /* what set it, for messages: `--dyups`, or `PATH:3: targets[0].url` */
	int wrong;	  /* the status if it is invalid: SWK_USAGE or SWK_CONFIG */
	unsigned timeout; /* seconds, of one request; 0: the kind's default */
	struct swk_selection selection; /* the services whose upstreams it receives */
};

/* The own settings of a kind of target: the keys in `targets` that other kinds need not have. */
struct swk_target_keys {
	struct swk_fields fields; /* the first one is the address, if it is a text */
	size_t size;		  /* of the struct that the fields are members of */
	bool needs_name;	  /* a target needs a name, because it has no address */
	/* Checks the values together. Returns 0; or SWK_USAGE with the reason, and *key names the
	 * wrong one, or is NULL; or SWK_INTERNAL. */
	int (*check)(const void *own, const char **key, struct swk_error *error);
	/* The largest weight that it takes; NULL: whatever FILE can have. */
	unsigned (*largest_weight)(const void *own);
};

/* The kinds of targets: their names, which end with NULL, and their settings. In target/kinds.c,
 * which has the kinds themselves. The first kind is that of `--dyups`. */
extern const char *const swk_target_kinds[];
extern const struct swk_target_keys *const swk_target_keys[];

struct swk_settings {
	/* Settings that the settings file may have; texts are owned. */
	char *conf; /* the conf file, which nginx includes */
	struct swk_target_settings *targets;
	size_t target_count;
	struct swk_consul_settings consul;
	unsigned timeout;	/* seconds, for the whole run */
	unsigned read_interval; /* seconds until each worker has read its dyups queue by itself */
	unsigned min_services;
	char *min_services_where; /* what set it, for messages; NULL: the default */
	unsigned max_deletions;	  /* percentage of managed upstreams that one run may delete */
	struct swk_selection selection; /* the services to publish */
	char *require_tag;		/* NULL: not required */
	struct swk_route *routes;
	size_t route_count;
	struct swk_attributes attributes;
	char *keyprefix; /* for keys PREFIX/UPSTREAM/ADDRESS:PORT; NULL: keys are not read */
	struct swk_rules defaults;
	struct swk_overrides services;
	unsigned journal_size;	 /* bytes, of FILE.journal; 0: no journal */
	unsigned log_format;	 /* enum swk_log_format */
	char *metrics_file;	 /* NULL: not written */
	char *page_file;	 /* the same */
	bool fleet_check;	 /* the host's state is in Consul, as a check */
	struct swk_texts faults; /* messages about all mistakes in the settings file */

	/* Settings of one run. */
	char *token_file; /* overrides Consul's environment; NULL: not set */
	char *service;	  /* the document must be about it; NULL: any */
	bool adopt;
	bool force;
	bool resync;
	bool consul_watch;  /* the exit status is 0 unless only an operator can help */
	bool ask;	    /* ask Consul about `service`; read no document */
	bool requests;	    /* read the document of requests, and answer them */
	bool resume;	    /* end an operator's hold */
	const char *caller; /* for the journal: the operator who started it; NULL: none; borrowed */
	bool dry_run;
	bool explain; /* a list with too few services is noted, and does not end the run */
	bool verify;  /* default: same as `resync` */
	bool verify_set;
	bool ask_unchanged; /* ask Consul even about services that FILE.checks shows unchanged */
};

/* The tables for the parts of the settings file. Offsets are in the struct of each part. */
extern const struct swk_fields swk_settings_fields, swk_target_fields, swk_consul_fields,
	swk_route_fields, swk_attributes_fields, swk_attributes_max_fields;

/* Sets the defaults. Returns 0 or SWK_INTERNAL. */
int swk_settings_init(struct swk_settings *settings, struct swk_error *error);
void swk_settings_free(struct swk_settings *settings);

/*
 * Sets an option (`conf`, `dyups`, `token-file`, `max-fails`, …) from text. A rule goes into the
 * defaults for all services. `dyups` takes URLs separated by white space, and replaces all targets.
 * Returns 0, SWK_USAGE or SWK_INTERNAL. The message begins with `where` (`--keepalive`,
 * `SWK_KEEPALIVE`).
 */
int swk_settings_set(struct swk_settings *settings, const char *name, const char *value,
		     const char *where, struct swk_error *error);

/* Records what set an option, if messages name that: `where` as above, or the settings file.
 * Returns 0 or SWK_INTERNAL. */
int swk_settings_set_where(struct swk_settings *settings, const char *name, const char *where,
			   struct swk_error *error);

/* Sets what depends on other settings. Call it after all settings are read. */
void swk_settings_complete(struct swk_settings *settings);

bool swk_selection_has(const struct swk_selection *selection, const char *service);

/* Whether a service, or an upstream of keys, is published. `consul` and `swk-apply` never are. */
bool swk_settings_publish(const struct swk_settings *settings, const char *service);

/* The largest weight that every target accepts that receives the service. */
unsigned swk_settings_largest_weight(const struct swk_settings *settings, const char *service);

/* A hash of all settings that the settings file may have, whatever set them, except those marked
 * `aside`. Settings of one run are left out. */
uint64_t swk_settings_hash(const struct swk_settings *settings);

/* The name of a target, or its address if it has none; NULL: neither. Borrowed. */
const char *swk_target_settings_name(const struct swk_target_settings *its);

/* Both append an entry with its defaults, and return it; NULL without memory. */
struct swk_target_settings *swk_settings_add_target(struct swk_settings *settings, unsigned kind,
						    struct swk_error *error);
struct swk_route *swk_settings_add_route(struct swk_settings *settings, struct swk_error *error);
/* Both remove all entries. */
void swk_settings_clear_targets(struct swk_settings *settings);
void swk_settings_clear_routes(struct swk_settings *settings);

#endif
