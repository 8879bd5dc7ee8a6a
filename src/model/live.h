/* SPDX-License-Identifier: MIT */
/* The live state: what a target holds in memory, as far as it can be read. */
#ifndef SWK_MODEL_LIVE_H
#define SWK_MODEL_LIVE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/limits.h"
#include "model/upstream.h"

enum swk_readable {
	SWK_READ_NOTHING,    /* the target did not answer as it should */
	SWK_READ_NAMES,	     /* some names; others may exist */
	SWK_READ_ADDRESSES,  /* all upstreams, with the addresses of their servers */
	SWK_READ_ATTRIBUTES, /* attributes of servers, too, but neither balancing nor keepalive */
};

/* Numbers that identify parts of a target, such as process ids. */
struct swk_parts {
	uint64_t list[SWK_PARTS_MAX];
	size_t count;
};

enum swk_answer { SWK_UNKNOWN, SWK_NO, SWK_YES };

struct swk_live {
	enum swk_readable readable;
	enum swk_answer takes_none; /* whether it accepts `keepalive 0;`, if it was asked */
	struct swk_parts parts; /* those that were read, if they have numbers and all were tried */
	size_t unseen;		/* so many others exist for certain, but were not read */
	bool uncertain;		/* others may exist, because nothing shows how many there are */
	bool unconfirmed; /* it may have something else, because only what it confirms is known */
	struct swk_upstreams upstreams; /* sorted; `service` and `tag` are "" */
};

void swk_live_free(struct swk_live *live);

bool swk_parts_contain(const struct swk_parts *parts, uint64_t number);

/* What messages call a target, its interface, and its parts that have a live state of their own. */
struct swk_target_words {
	const char *program;   /* such as `haproxy` */
	const char *interface; /* `a runtime API` */
	const char *part;      /* `process` */
	const char *parts;     /* `processes` */
};

/* Whether the live state shows that the target lacks this upstream, or that it differs there. */
bool swk_live_differs(const struct swk_live *live, const struct swk_upstream *desired);

#endif
