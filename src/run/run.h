/* SPDX-License-Identifier: MIT */
/*
 * What one run knows, and its steps, as apply calls them. Every step returns 0, or a status with
 * the run's error set; SWK_HELD_BACK without an error is a refusal that the report has a note of.
 */
#ifndef SWK_RUN_RUN_H
#define SWK_RUN_RUN_H

#include "base/buffer.h"
#include "consul/client.h"
#include "model/names.h"
#include "model/registration.h"
#include "model/report.h"
#include "model/service.h"
#include "policy/decide.h"
#include "policy/placement.h"
#include "settings/settings.h"
#include "store/checks.h"
#include "store/hold.h"
#include "store/state.h"
#include "store/store.h"
#include "target/target.h"

/* What an answer about a service says of checks. */
struct swk_answer_checks {
	uint64_t own;		      /* the sum of the service's */
	uint64_t number;	      /* of the answer itself */
	struct swk_tallies nodes;     /* for each instance its node's key and the sum of that's */
	bool ambiguous;		      /* another may say the same */
	uint64_t next_own, next_node; /* of the instance that comes behind its checks */
};

/* What a run knows of checks. */
struct swk_run_checks {
	bool told;		     /* the document is one of checks… */
	bool undecodable;	     /* …and not all in it can be read */
	struct swk_tallies document; /* what it says, under keys of services and nodes */
	struct swk_checks known;     /* what was seen by the runs before */
	struct swk_tallies blocks;   /* what the file said of each service, if known is known */
	struct swk_answer_checks *answers; /* in a complete pass, by the places of `services` */
	size_t answer_count;
};

struct swk_run {
	const struct swk_settings *settings;
	struct swk_policy policy;
	struct swk_report *report;
	struct swk_error *error;
	int64_t began, deadline;
	int64_t step_began; /* microseconds; only where metrics are wanted */

	bool complete;	      /* about all services, not some */
	bool full;	      /* looks at all that targets have, not only at what it changes */
	bool list_known;      /* a complete pass got its list */
	uint64_t event_index; /* that the agent gave with the document; 0: none */
	size_t listed;	      /* names in a list that could be published */
	size_t seen;	      /* instances in answers, mesh proxies among them */
	struct swk_services services;
	bool keys_told;		  /* a document of keys, or an answer, told of the whole tree */
	size_t keys_listed;	  /* keys that may make one, whether that is published or not */
	struct swk_services keys; /* the tree's upstreams */
	uint64_t keys_index;	  /* Consul's, of that; 0: none */

	struct swk_run_checks checks;

	struct swk_store store;
	bool waited;		/* for the lock: what was read may be old */
	bool exists;		/* the conf file */
	bool anew;		/* it can't be read, and shall be written from Consul alone */
	bool touched;		/* the conf file, or a target */
	bool on_hold;		/* what is decided is told, and the conf file stays as it is */
	bool hold_changed;	/* it began, or ended, with this run */
	struct swk_buffer text; /* the conf file's */
	struct swk_upstreams recorded, desired;
	struct swk_names changes; /* what of the file differs */
	struct swk_state state;

	struct swk_http *http;
	struct swk_consul consul;
	struct swk_target *targets;
	size_t target_count;
	bool live_read;			   /* the targets were asked what they have */
	struct swk_names updated, deleted; /* what a target was sent so far, in this run */
};

/* registry.c: the document, and what Consul says. */
int swk_run_read_document(struct swk_run *run, int descriptor);
int swk_run_ask_consul(struct swk_run *run);

/* keys.c: the key-value store. */
int swk_run_key(void *context, const struct swk_key *key, struct swk_error *error);
/* A document of keys was read: what it says is the whole tree. */
int swk_run_take_keys(struct swk_run *run);
/* Asks for the tree where that is needed. */
int swk_run_ask_keys(struct swk_run *run);

/* unchanged.c: what checks say, so that not all services need to be asked about. */
int swk_run_check(void *context, const struct swk_check *check, struct swk_error *error);
/* After a document of checks: marks the services of which it says what was seen before, when the
 * file got what it has of them. */
int swk_run_find_unchanged(struct swk_run *run);
/* The number of the answer about a service to which it has what the file says; 0: none is known. */
uint64_t swk_run_known_answer(const struct swk_run *run, const char *service);
/* In a complete pass, makes room for what answers say; the services are all known. */
int swk_run_expect_checks(struct swk_run *run);
/* Checks come first, then the instance that has them, or passing it over. */
void swk_answer_forget(struct swk_answer_checks *answer);
void swk_answer_check(struct swk_answer_checks *answer, const struct swk_check *check);
void swk_answer_pass_over(struct swk_answer_checks *answer);
int swk_answer_instance(struct swk_answer_checks *answer, const struct swk_instance *instance,
			struct swk_error *error);
/* Replaces FILE.checks; where that fails, it is noted. What it says is tied to what the conf file
 * holds by then: neither depends on the other being written. */
int swk_run_remember_checks(struct swk_run *run);
void swk_run_free_checks(struct swk_run *run);

/* record.c: the files, all of it under the lock. */
int swk_run_lock_and_read(struct swk_run *run);
/* Gives the lock back, and forgets what was read under it. */
void swk_run_unlock(struct swk_run *run);
int swk_run_persist(struct swk_run *run);
/* Durably, where it must be the new one that is there after a crash of the machine. */
int swk_run_save_state(struct swk_run *run, bool durably);
int swk_run_remember(struct swk_run *run);

/* run.c. */
/* What the fields say holds when nothing has been done; http is NULL, with the error set, without
 * memory. Whichever, end it by finish, which gives back the lock, too. */
void swk_run_begin(struct swk_run *run, const struct swk_settings *settings,
		   struct swk_report *report, struct swk_error *error);
void swk_run_finish(struct swk_run *run);

/* desired.c: the desired state, and what changes in the file by it. */
int swk_run_decide(struct swk_run *run);
/* Where metrics are wanted: how healthy the upstreams are that the file has, or will have. */
int swk_run_report_health(struct swk_run *run);

/* operator.c: an operator's hold, and going back to the file before; what is more than a look,
 * under the lock. */
/* What FILE.hold, which is there, says, for a message. Where it can't be read it holds all the
 * same, and the message says so: *whole is false. */
int swk_run_describe_hold(struct swk_run *run, struct swk_buffer *out, bool *whole);
/* Finds out whether changes are held, and notes it; with settings->resume, ends it. */
int swk_run_obey_hold(struct swk_run *run);
/* Holds from now on, unless that is so already, of which it makes a note of the kind. */
int swk_run_begin_hold(struct swk_run *run, const struct swk_hold *hold, enum swk_note_kind again);
/* What is wanted is what the file has, whatever was decided. */
void swk_run_keep_as_is(struct swk_run *run);
/* What is wanted is what the file before has; and, once the targets were looked at, what of that
 * can be had, and what changes by it. */
int swk_run_read_previous(struct swk_run *run);
int swk_run_plan_undo(struct swk_run *run);

/* targets.c: the targets. Of two that are one nginx, by name or URL, the second is an error. */
int swk_run_open_targets(struct swk_run *run);
/* Reads what they have, each of them so many times on connections of its own: what not all of its
 * workers have counts as different. */
int swk_run_read_live(struct swk_run *run, unsigned samples);
/*
 * The same for a run that isn't thorough, in two steps. Before it is decided: which names they
 * have, where there may be new ones. Behind that: whether they answer, where something is to be
 * sent. Where nothing is, nobody is asked.
 */
int swk_run_probe_names(struct swk_run *run);
int swk_run_probe_before_sending(struct swk_run *run);
int swk_run_find_unmanaged(struct swk_run *run, struct swk_names *unmanaged);
/* Sends what is owed and what differs. What is not done is owed from then on. */
int swk_run_reconcile(struct swk_run *run);
/*
 * What left the file and is there all the same is owed again, where it is certainly what was left:
 * it was deleted in this run, or it comes and goes from look to look, as some workers have it and
 * others not. What all of them have may be somebody's who took the name over.
 */
int swk_run_record_survivors(struct swk_run *run);
/* Whether one that is owed something refused the connection; and waiting a while until one of those
 * answers. */
bool swk_run_is_unreachable(const struct swk_run *run);
bool swk_run_await_unreachable(struct swk_run *run);
/* For the report: what the file gains, loses and changes, and what targets would be sent. */
int swk_run_describe_changes(struct swk_run *run);
int swk_run_describe_targets(struct swk_run *run);

#endif
