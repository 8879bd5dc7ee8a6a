/* SPDX-License-Identifier: MIT */
/*
 * The interface between the desired state and a proxy that can be changed at run time. Each kind of
 * target implements it in a folder of its own; no other code knows the protocol. A function may
 * block until the deadline (deadline.h). Functions for different targets run at the same time, each
 * in a thread of its own, so a kind has no state but that of its targets. With a watch, a function
 * notes there when it hears of the target, and returns soon when told to stop, with `given_up`.
 */
#ifndef SWK_TARGET_TARGET_H
#define SWK_TARGET_TARGET_H

#include <stdbool.h>
#include <stdint.h>

#include "base/deadline.h"
#include "base/limits.h"
#include "model/live.h"
#include "settings/settings.h"
#include "target/plan.h"

enum swk_target_result {
	SWK_TARGET_PENDING,    /* not tried, or not confirmed; stays pending, a retry may help */
	SWK_TARGET_DONE,       /* confirmed */
	SWK_TARGET_REFUSED,    /* an operator must act; stays pending */
	SWK_TARGET_INVALID,    /* the proxy rejects this upstream, but takes what FILE can go back
				* to; only if there is such a thing */
	SWK_TARGET_DRAINING,   /* out of rotation, and deleted later; not pending */
	SWK_TARGET_UNDECLARED, /* the target can't create it; not pending */
	SWK_TARGET_HELD_BACK,  /* left out, because the proxy can't load its configuration with it;
				* stays pending, and an operator must act */
	SWK_TARGET_DUE,	       /* waits for the target's next reload, in this run (`due`) or in
				* another; stays pending until then */
};

/* The outcome of one operation of a plan. A zeroed outcome means that the operation was not
 * tried. */
struct swk_target_outcome {
	enum swk_target_result result;
	char *reason; /* a message; owned; NULL: none */
	bool late;    /* its answer is not awaited any more, but it may still be carried out */
};

/* How much to read. */
enum swk_depth {
	SWK_DEPTH_ONE,	 /* whether the target answers, and has one upstream */
	SWK_DEPTH_NAMES, /* the names of all upstreams */
	SWK_DEPTH_STATE, /* the live state, of one part of the target */
	SWK_DEPTH_PARTS, /* the live state of each part: an upstream that differs is `partial` */
};

/* What a run tells its targets about itself, for a kind that passes this on. */
struct swk_target_run {
	const char *conf;  /* FILE, with symbolic links resolved; files of a kind are next to it */
	const char *event; /* what started the run: a word of swk_event_words, or `undo` */
	uint64_t index;	   /* Consul's; 0: not known */
};

struct swk_target {
	const struct swk_target_kind *kind;
	void *own;		   /* the kind's */
	char *name;		   /* from the settings, else the address; owned */
	const char *address;	   /* where it is; no two targets have the same; the kind's */
	const char *file;	   /* that it writes, or a folder; no two share one; or NULL */
	uint16_t port;		   /* a loopback port that no instance may have; 0: none */
	unsigned delay_ms;	   /* so long after a change, a read shows it in each part */
	struct swk_live live;	   /* as far as it could be read */
	struct swk_parts known;	   /* its parts when they were read last; the caller's */
	const char *advice;	   /* what an operator should know about keepalive there, or NULL */
	struct swk_error trouble;  /* why it could not be read, or a warning about what was read */
	bool unreachable;	   /* nothing listens there now */
	bool passing;		   /* the trouble may pass soon: read it again */
	bool given_up;		   /* no answer, or too many failures: send it nothing more */
	int64_t due;		   /* `apply` is to be called again then (deadline.h); 0: not. The
				    * caller sets it to 0 under the lock, before it reads again */
	struct swk_target_run run; /* set before `read` and `apply`; the caller's */
	struct swk_names excluded; /* upstreams of FILE that it does not receive; the caller's */
	struct swk_names confirmed; /* since `live` was read, if there is a survey; the caller's */
	int64_t read_us;	    /* how long the last read took, in microseconds; the caller's */
	bool behind;		    /* an earlier run left something pending here */
	bool alone;	 /* no other target waits while this one retries; set before `apply` */
	bool may_try;	 /* `read` may create and delete an upstream, to learn live.takes_none */
	bool may_delete; /* `read` may delete servers that are out of rotation, and free by now */
	struct swk_watch *watch; /* during `read` and `apply`: see there; or NULL */

	/* Called in `apply` after each operation that was tried; or NULL. */
	void (*progress)(struct swk_target *target, size_t done);
	void *context; /* the caller's */
};

struct swk_target_kind {
	struct swk_target_words words;
	bool creates; /* it can create upstreams; if not, what it lacks is SWK_TARGET_UNDECLARED */

	/* Takes the operator's settings, and sets own, name, address, port and delay_ms. Fails if
	 * the settings do not fit this kind. Makes no request. */
	int (*open)(struct swk_target *target, const struct swk_settings *settings,
		    const struct swk_target_settings *its, struct swk_error *error);
	/* Accepts a target whose `open` failed. Frees what `open` set; the live state is the
	 * caller's. */
	void (*close)(struct swk_target *target);

	/*
	 * Reads the live state: sets live, trouble, unreachable, passing and given_up. `name` is
	 * the upstream for SWK_DEPTH_ONE. `live` has names at most unless the depth is a state.
	 * Returns 0 or SWK_INTERNAL.
	 */
	int (*read)(struct swk_target *target, enum swk_depth depth, const char *name,
		    int64_t deadline, struct swk_error *error);

	/* Makes an upstream acceptable to this target: changes servers and their attributes.
	 * Returns what it changed, for a message, or NULL: nothing. A kind without this function
	 * takes whatever FILE can have. Pure. */
	const char *(*fit)(const struct swk_target *target, struct swk_upstream *upstream);

	/* Comes before `apply`, also for a target that does not answer: writes what the proxy loads
	 * when it starts, as far as that is possible without it. A failure gives up the target.
	 * NULL: there is nothing to write. Returns 0 or SWK_INTERNAL. */
	int (*prepare)(struct swk_target *target, const struct swk_plan *plan,
		       struct swk_error *error);

	/* Carries out a plan. `outcomes` has a zeroed member for each operation. Operations that
	 * are not tried stay as they are. Returns 0 or SWK_INTERNAL. */
	int (*apply)(struct swk_target *target, const struct swk_plan *plan,
		     struct swk_target_outcome *outcomes, int64_t deadline,
		     struct swk_error *error);

	/* For a kind with a file of its own. Has the file checked and loaded, by `command` or as
	 * the settings say (NULL). Leaves the result for `apply`, which may wait for it in another
	 * process. Sets the cause if the file could not be loaded. NULL: the kind has no file.
	 * Returns 0 or SWK_INTERNAL. */
	int (*reload)(struct swk_target *target, const struct swk_texts *command, int64_t deadline,
		      struct swk_error *cause, struct swk_error *error);
};

/* After a failure that the run must not repeat: it neither reads the target again nor changes it.
 */
static inline void swk_target_give_up(struct swk_target *target, const struct swk_error *cause)
{
	swk_live_free(&target->live);
	target->trouble = *cause;
	target->given_up = true;
}

static inline bool swk_target_is_stopped(const struct swk_target *target)
{
	return target->watch && target->watch->stop;
}

/* The kind with this index in swk_target_kinds (settings.h). */
const struct swk_target_kind *swk_target_kind(unsigned kind);

#endif
