/* SPDX-License-Identifier: MIT */
/* For commands that ask all hosts of a fleet: the request, and the wait for its answers. */
#ifndef SWK_ASKING_H
#define SWK_ASKING_H

#include "progress.h"
#include "run/requester.h"
#include "settings/options.h"

/* `root@deploy1`, for the caller to free; NULL without memory. */
char *swk_requester_name(void);

struct swk_asking {
	struct swk_requester requester; /* the caller fills in the request */
	struct swk_progress *progress;	/* borrowed */
	const char *who;		/* begins its messages, as `web1: `; or "" */
	int64_t end;			/* swk_now_ms(): when to give up */
};

/* Begins a session, and reads the list of hosts. Warns of an excluded host that is not registered.
 * Returns 0, or a status with the error set. Call swk_asking_free in any case. */
int swk_asking_begin(struct swk_asking *asking, const struct swk_options *options,
		     struct swk_progress *progress, struct swk_error *error);
/* Ends the session, and with it the request. */
void swk_asking_free(struct swk_asking *asking);

/*
 * Makes the request, and waits until each awaited host has confirmed it. Returns 0, or the status
 * of an error: SWK_TEMPFAIL if the time is over, or the command is interrupted; then it has logged
 * a line for each host that has not confirmed.
 */
int swk_asking_wait(struct swk_asking *asking, struct swk_error *error);

#endif
