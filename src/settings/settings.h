/* SPDX-License-Identifier: MIT */
/* What an operator may set, its defaults and its ranges. */
#ifndef SWK_SETTINGS_SETTINGS_H
#define SWK_SETTINGS_SETTINGS_H

#include "settings/rules.h"

/* A tag whose value makes an instance's upstream SERVICE, a separator, and that value. */
struct swk_route {
	char *tag;	 /* `gray`; all texts here are owned */
	char *plain;	 /* the value that is no colour: `default` */
	char *separator; /* `_` */
	bool also_plain; /* an instance with a colour is in the upstream without one, too */
};

/* What an instance may say of its server, in its Meta and its tags. */
enum swk_attribute {
	SWK_ATTRIBUTE_WEIGHT,
	SWK_ATTRIBUTE_MAX_FAILS,
	SWK_ATTRIBUTE_FAIL_TIMEOUT,
	SWK_ATTRIBUTE_MAX_CONNS,
	SWK_ATTRIBUTE_BACKUP,
	SWK_ATTRIBUTE_DOWN,
	SWK_ATTRIBUTES
};

extern const char *const swk_attribute_words[SWK_ATTRIBUTES + 1]; /* NULL at the end */

struct swk_attributes {
	char *meta_prefix; /* owned */
	char *tag_prefix;
	bool allow[SWK_ATTRIBUTES];
	unsigned max_weight; /* the most that an instance may say */
	unsigned max_max_fails;
	unsigned max_fail_timeout; /* seconds */
	unsigned max_max_conns;
};

/* How Consul is reached, as far as its environment doesn't say. Texts are owned; NULL: not said. */
struct swk_consul_settings {
	char *address; /* as CONSUL_HTTP_ADDR */
	char *datacenter;
	char *token_file;
	char *ca_file;
	char *ca_path;
	char *cert_file;
	char *key_file;
	char *server_name;
	char *namespace;
	char *where; /* in which file and line it stands, for a message; NULL: in none */
	bool stale;  /* any server may answer */
	bool cached; /* the agent may answer from its cache */
};

/* A proxy to be kept in step. Texts are owned. */
struct swk_target_settings {
	char *name;	  /* what an operator calls it; NULL: its URL */
	unsigned kind;	  /* place in swk_target_kinds */
	char *url;	  /* unread: the target validates it */
	char *where;	  /* from where it is, for a message: `--dyups`, `FILE:3: targets[0]` */
	int wrong;	  /* what an error in it is: SWK_USAGE or SWK_CONFIG */
	unsigned timeout; /* seconds, of one request; 0: as is usual for the kind */
};

extern const char *const swk_target_kinds[]; /* NULL at the end */

/* Texts, owned. */
struct swk_texts {
	char **list;
	size_t count;
};

struct swk_settings {
	/* What a file may say; texts are owned. */
	char *conf; /* the file that nginx includes */
	struct swk_target_settings *targets;
	size_t target_count;
	struct swk_consul_settings consul;
	unsigned timeout;	/* seconds, of the whole run */
	unsigned read_interval; /* seconds until each worker has read its queue by itself */
	unsigned min_services;
	unsigned max_deletions;	  /* per cent of our upstreams that one pass may delete */
	struct swk_texts include; /* patterns; none: everything */
	struct swk_texts exclude;
	char *require_tag; /* NULL: none is needed */
	struct swk_route *routes;
	size_t route_count;
	struct swk_attributes attributes;
	char *keyprefix; /* of keys PREFIX/UPSTREAM/ADDRESS:PORT; NULL: none are read */
	struct swk_rules defaults;
	struct swk_overrides services;
	unsigned log_format; /* enum swk_log_format */
	char *metrics_file;  /* NULL: none is written */

	/* What belongs to one run. */
	char *token_file; /* before all that Consul's environment says; NULL: not said */
	char *service;	  /* that the document must be about; NULL: any */
	bool adopt;
	bool force;
	bool resync;
	bool ask;    /* Consul is asked about `service`, and no document is read */
	bool resume; /* an operator's hold ends */
	bool dry_run;
	bool verify; /* where it was not said: as resync */
	bool verify_said;
	bool afresh; /* Consul is asked about what is remembered of checks, too */
};

/* The parts of a file; the offsets are those in the struct of each. */
extern const struct swk_fields swk_settings_fields, swk_target_fields, swk_consul_fields,
	swk_route_fields, swk_attributes_fields, swk_attributes_max_fields;

/* Sets the defaults. Returns 0 or SWK_INTERNAL. */
int swk_settings_init(struct swk_settings *settings, struct swk_error *error);
void swk_settings_free(struct swk_settings *settings);

/*
 * Sets one by its name as an option (`conf`, `dyups`, `token-file`, `max-fails`, …) from text; what
 * can be said of each service is set in the defaults. `dyups` takes URLs separated by spaces, in
 * place of all targets. Returns 0, SWK_USAGE or SWK_INTERNAL; `where` (`--keepalive`,
 * `SWK_KEEPALIVE`) begins the message.
 */
int swk_settings_set(struct swk_settings *settings, const char *name, const char *value,
		     const char *where, struct swk_error *error);

/* Sets what depends on other settings, once all of them are read. */
void swk_settings_complete(struct swk_settings *settings);

/* Whether a service, or a tree's upstream, of this name is published at all: `consul` never is. */
bool swk_settings_publish(const struct swk_settings *settings, const char *service);

/*
 * A number for all that a file may say, wherever it was said: another where one thing of it is.
 * What belongs to one run is not in it.
 */
uint64_t swk_settings_hash(const struct swk_settings *settings);

/* Add one more, with its defaults, and return it; NULL without memory. */
struct swk_target_settings *swk_settings_add_target(struct swk_settings *settings,
						    struct swk_error *error);
struct swk_route *swk_settings_add_route(struct swk_settings *settings, struct swk_error *error);
/* Take all of them away. */
void swk_settings_clear_targets(struct swk_settings *settings);
void swk_settings_clear_routes(struct swk_settings *settings);

int swk_texts_add(struct swk_texts *texts, const char *text, struct swk_error *error);
void swk_texts_free(struct swk_texts *texts);

#endif
