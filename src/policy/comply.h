/* SPDX-License-Identifier: MIT */
/* Whether this host complies with a request of its fleet. Pure. */
#ifndef SWK_POLICY_COMPLY_H
#define SWK_POLICY_COMPLY_H

#include "model/live.h"
#include "model/names.h"
#include "model/request.h"
#include "model/service.h"
#include "settings/settings.h"

/* A target, with its live state as all of its parts have it. */
struct swk_comply_target {
	const char *name;
	const struct swk_target_words *words;
	const char *trouble; /* why it could not be read; or NULL */
	const struct swk_live *live;
	const struct swk_names *pending;      /* NULL: everything */
	const struct swk_names *late;	      /* of them, those that may still change */
	const struct swk_names *excluded;     /* upstreams that it does not receive */
	const struct swk_names *changed;      /* upstreams that were sent after it was read */
	const struct swk_upstreams *recorded; /* the conf file's, as the target takes them */
	bool creates;			      /* it can create upstreams */
};

/* What the host knows. */
struct swk_comply_known {
	const struct swk_settings *settings;
	const struct swk_services *services;  /* Consul's answers about those of the request */
	const struct swk_upstreams *recorded; /* the conf file's */
	const struct swk_comply_target *targets;
	size_t target_count;
	const struct swk_names *rejected; /* upstreams that a target does not take as they are in
					   * Consul; the conf file has an earlier state, or none */
	bool on_hold;
	bool held_back;	  /* a guard held back a change in this run */
	bool unavailable; /* Consul did not answer about everything */
	bool unlisted;	  /* nor which services there are */
};

/*
 * Sets the state and the reason of an acknowledgement. *awaits: a target is not in step yet, and
 * may soon be, without another event. Only what has been seen in each part of a target counts as
 * done. Returns 0 or SWK_INTERNAL.
 */
int swk_comply(struct swk_ack *ack, const struct swk_request *request,
	       const struct swk_comply_known *known, bool *awaits, struct swk_error *error);

/* Whether the conf file has none of the servers that a request asks to be without. False if it asks
 * for no such thing. */
bool swk_comply_is_gone(const struct swk_request *request, const struct swk_upstreams *recorded);

#endif
