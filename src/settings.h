/* SPDX-License-Identifier: MIT */
/* What an operator may set, its defaults and its ranges. */
#ifndef SWK_SETTINGS_H
#define SWK_SETTINGS_H

#include <stdbool.h>
#include <stddef.h>

#include "error.h"

/* The routing tag: `gray=X`; these values of it are no colour. */
#define SWK_ROUTING_TAG "gray"
#define SWK_ROUTING_DEFAULT "default"
/* Between a service's name and its colour in an upstream's name. */
#define SWK_ROUTING_SEPARATOR "_"

/* A number, or per cent. */
struct swk_share {
	unsigned number;
	bool percent;
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
	bool stale;  /* any server may answer */
	bool cached; /* the agent may answer from its cache */
};

struct swk_settings {
	char *conf;	/* the file that nginx includes; owned, as all texts here */
	char **targets; /* URLs, unread: the target validates them */
	size_t target_count;
	char *token_file; /* NULL: as Consul's environment says */
	struct swk_consul_settings consul;
	char *keyprefix; /* of keys PREFIX/UPSTREAM/ADDRESS:PORT; NULL: none are read */
	char *service;	  /* that the document must be about; NULL: any */
	unsigned min_services;
	unsigned max_fails;
	unsigned fail_timeout; /* seconds */
	unsigned keepalive;
	unsigned timeout;	/* seconds, of the whole run */
	unsigned read_interval; /* seconds until each worker has read its queue by itself */
	unsigned max_deletions; /* per cent of our upstreams that one pass may delete */
	struct swk_share
		min_healthy; /* of an upstream's instances, below which its last are kept */
	bool adopt;
	bool force;
	bool resync;
	bool dry_run;
	bool verify; /* where it was not said: as resync */
	bool verify_said;
};

/* Sets the defaults. Returns 0 or SWK_INTERNAL. */
int swk_settings_init(struct swk_settings *settings, struct swk_error *error);
void swk_settings_free(struct swk_settings *settings);

/*
 * Sets one by its name (`conf`, `dyups`, `token-file`, …) from text. A yes-or-no takes 1, 0, yes,
 * no, true, false; `dyups` takes URLs separated by spaces, in place of what it held. Returns 0 or
 * SWK_USAGE; `where` (`--keepalive`, `SWK_KEEPALIVE`) begins the message.
 */
int swk_settings_set(struct swk_settings *settings, const char *name, const char *value,
		     const char *where, struct swk_error *error);

/* Sets what depends on other settings, once all of them are read. */
void swk_settings_complete(struct swk_settings *settings);

/* Reads such a yes-or-no; SWK_USAGE where it is neither. */
int swk_settings_flag(const char *value, const char *where, bool *flag, struct swk_error *error);

#endif
