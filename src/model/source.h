/* SPDX-License-Identifier: MIT */
/* Where an upstream comes from. */
#ifndef SWK_MODEL_SOURCE_H
#define SWK_MODEL_SOURCE_H

#include <stdbool.h>

enum swk_source_kind {
	SWK_SOURCE_SERVICE,
	SWK_SOURCE_KEY, /* an upstream in the key-value store */
	SWK_SOURCE_KINDS
};

/* How the kinds differ. */
struct swk_source_traits {
	const char *word; /* in messages */
	bool tagged;	  /* it may have a routing tag */
	bool listed;	  /* Consul lists the names, so even one whose registration can't be decoded
			   * is known */
	bool limited;	  /* the limits for what an instance may set apply */
};

extern const struct swk_source_traits swk_source_traits[SWK_SOURCE_KINDS];

/* The struct that contains a source says whether it owns the texts. */
struct swk_source {
	enum swk_source_kind kind;
	const char *name; /* "": not known; then it is of the first kind */
	const char *tag;  /* the whole routing tag (`gray=a`), or "" */
	/* Where its servers come from while no own instance is usable: a datacenter, or
	 * swk_source_fallback. NULL or "": from its own instances. Two sources that differ only in
	 * this are the same. */
	const char *place;
};

extern const struct swk_source swk_source_unknown;

/* The place of servers from the list in the settings. No datacenter has such a name. */
extern const char swk_source_fallback[];

/* Whether the servers come from another place. */
bool swk_source_is_elsewhere(const struct swk_source *source);

bool swk_source_same(const struct swk_source *a, const struct swk_source *b);
/* Whether the servers come from the same place. */
bool swk_source_same_place(const struct swk_source *a, const struct swk_source *b);
/* Whether it has this kind and name, whatever its tag. */
bool swk_source_is(const struct swk_source *source, enum swk_source_kind kind, const char *name);
/* Orders by name, then kind, then tag, as strcmp does. */
int swk_source_compare(const struct swk_source *a, const struct swk_source *b);

#endif
