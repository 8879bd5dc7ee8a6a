/* SPDX-License-Identifier: MIT */
/*
 * For the journal: which instance has each address, and why it is not served. A run keeps this for
 * every registration, so it is small: an instance takes about 100 bytes. `swk explain` uses
 * decisions.h instead.
 */
#ifndef SWK_POLICY_CAUSES_H
#define SWK_POLICY_CAUSES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/buffer.h"
#include "policy/decisions.h"

struct swk_cause {
	uint64_t source;  /* hash of the service's kind and name */
	uint64_t subject; /* hash of an address; 0: the upstream itself, or the whole service */
	uint64_t tag;	  /* hash of the upstream's routing tag; 0: in no upstream */
	uint32_t order;	  /* when it was added */
	uint32_t text;	  /* where its instance, node and reason are, each with a NUL */
	enum swk_source_kind kind;
	bool served;
};

struct swk_causes {
	struct swk_cause *list; /* owned */
	size_t count;
	struct swk_buffer texts;
	bool incomplete; /* some are missing, because there are too many, or no memory */
	bool sorted;
};

/* What was found. Texts are borrowed, and "" if there is none. */
struct swk_cause_found {
	const char *instance, *node, *reason;
	bool served; /* by this upstream */
};

/*
 * Both accept NULL: then causes are not requested. The first adds what was decided. `server` is
 * that of the instance; NULL: it has none, or the decision is about an upstream or a service. The
 * second forgets a service, because it is asked about again; all services of the kind if `name` is
 * NULL.
 */
void swk_causes_add(struct swk_causes *causes, const struct swk_decision *decision,
		    const struct swk_server *server);
void swk_causes_forget(struct swk_causes *causes, enum swk_source_kind kind, const char *name);
void swk_causes_free(struct swk_causes *causes);

/* Finds the instance at a server's address. With several, prefers one that this upstream does or,
 * if `served` is false, does not serve. Returns whether there is one. */
bool swk_causes_find_server(struct swk_causes *causes, const struct swk_source *source,
			    const struct swk_server *server, bool served,
			    struct swk_cause_found *found);
/* Finds what was decided about an upstream, or about a registration of its service that has no
 * address. */
bool swk_causes_find_upstream(struct swk_causes *causes, const struct swk_source *source,
			      struct swk_cause_found *found);
bool swk_causes_find_other(struct swk_causes *causes, const struct swk_source *source,
			   struct swk_cause_found *found);

#endif
