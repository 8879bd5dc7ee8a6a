/* SPDX-License-Identifier: MIT */
/* What a page shows of each upstream: the rows of all targets, its servers and instances, and when
 * it last changed. */
#ifndef SWK_VIEW_PAGE_ITEMS_H
#define SWK_VIEW_PAGE_ITEMS_H

#include "view/page/page.h"

/* In the order of the page. */
enum swk_page_group {
	SWK_PAGE_TROUBLED,  /* not in step on some target */
	SWK_PAGE_FAILOVER,  /* has servers from elsewhere */
	SWK_PAGE_KEPT,	    /* keeps its last servers */
	SWK_PAGE_OTHERS,    /* in step, or its target can't be read */
	SWK_PAGE_UNMANAGED, /* on a target only */
	SWK_PAGE_GROUPS
};

/* A target's row about an upstream. */
struct swk_page_row {
	const struct swk_survey_target *target;
	const struct swk_survey_row *row;
};

struct swk_page_item {
	enum swk_page_group group;
	enum swk_standing standing; /* the worst of all targets */
	bool pending;		    /* on some target */
	const struct swk_page_row *rows;
	size_t row_count;		     /* at least 1 */
	const struct swk_upstream *upstream; /* in the conf file; or NULL */
};

/* When an upstream (`address` is "") or a server of it last changed. */
struct swk_page_since {
	const char *upstream, *address;
	size_t order; /* in the journal: the clock may have been set back */
	int64_t seconds;
};

/* All lists are owned, and borrow from the page. */
struct swk_page_items {
	struct swk_page_item *list; /* sorted by group; in it, the worst first, then by name */
	size_t count;
	size_t groups[SWK_PAGE_GROUPS]; /* how many are in each */
	size_t pending, servers;
	struct swk_page_row *rows;
	const struct swk_decision **instances; /* sorted by upstream, then by address */
	size_t instance_count;
	struct swk_page_since *sinces; /* sorted by upstream, address and order */
	size_t since_count;
};

/* Returns 0 or SWK_INTERNAL. Free the items in any case. */
int swk_page_items_collect(struct swk_page_items *items, const struct swk_page *page,
			   struct swk_error *error);
void swk_page_items_free(struct swk_page_items *items);

/* The epoch seconds of the last change, or 0. */
int64_t swk_page_since(const struct swk_page_items *items, const char *upstream,
		       const char *address);

/* The decisions about instances of an upstream. */
const struct swk_decision *const *swk_page_instances(const struct swk_page_items *items,
						     const char *upstream, size_t *count);

/* The instance that a server was made from: one of those above, or NULL. */
const struct swk_decision *swk_page_instance(const struct swk_decision *const *list, size_t count,
					     const char *address);

#endif
