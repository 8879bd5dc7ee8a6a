/* SPDX-License-Identifier: MIT */
/*
 * The state of one run, and its steps. Every step returns 0, or a status with the run's error set.
 * SWK_HELD_BACK without an error means that the step held back the run; a note says why.
 */
#ifndef SWK_RUN_RUN_H
#define SWK_RUN_RUN_H

#include <sys/stat.h>
#include <time.h>

#include "base/buffer.h"
#include "base/process.h"
#include "consul/client.h"
#include "model/change.h"
#include "model/names.h"
#include "model/registration.h"
#include "model/report.h"
#include "model/service.h"
#include "policy/decide.h"
#include "policy/placement.h"
#include "policy/survey.h"
#include "settings/settings.h"
#include "store/checks.h"
#include "store/hold.h"
#include "store/state.h"
#include "store/store.h"
#include "target/target.h"

/* The checks in an answer about one service. A sum is that of the checks' numbers (checks.h). */
struct swk_answer_checks {
	uint64_t own;		      /* sum of the service's own checks */
	uint64_t number;	      /* hash of the whole answer */
	struct swk_tallies nodes;     /* per instance: its node's key, sum of that node's checks */
	bool ambiguous;		      /* another answer could have the same sums */
	uint64_t next_own, next_node; /* sums for the instance that follows its checks */
};

/* What a run knows about checks. */
struct swk_run_checks {
	bool in_document;		   /* the run has a checks document */
	bool of_fleet;			   /* it has a check of the fleet, which is left out */
	uint64_t sum;			   /* of the numbers of all others */
	bool undecodable;		   /* it has checks that can't be decoded */
	struct swk_tallies document;	   /* its checks, by the keys of services and nodes */
	struct swk_checks known;	   /* what earlier runs wrote to FILE.checks */
	struct swk_tallies blocks;	   /* by service: hashes of FILE's blocks; needs `known` */
	struct swk_answer_checks *answers; /* in a complete run, by the index in `services` */
	size_t answer_count;
};

/* Where an upstream of the excerpt is in FILE, or would be. */
struct swk_place {
	char *name; /* owned */
	off_t at;
	size_t length; /* 0: FILE does not have it */
	uint64_t hash;
	bool rewritten; /* the new FILE has something else there */
};

struct swk_excerpt {
	bool used;
	int descriptor; /* FILE, as it was opened */
	uint64_t hash;
	struct swk_state_conf others; /* what it leaves out */
	struct stat written;	      /* the new FILE */
	bool outdated;		      /* FILE changed while it was copied */
	struct swk_names names;	      /* that were looked for */
	struct swk_place *places;     /* in the order of FILE */
	size_t place_count;
};

/* Requests of a caller, and what this host answers. */
struct swk_local_requests {
	struct swk_received_list requests;
	struct swk_acks *acks; /* borrowed */
};

struct swk_run {
	const struct swk_settings *settings;
	struct swk_policy policy;
	struct swk_report *report;
	struct swk_error *error;
	int descriptor;		     /* of the document */
	const struct swk_hold *hold; /* the hold that an undo begins */
	/* To what it returns; NULL: FILE.previous. */
	const struct swk_change_point *point;
	int64_t began, deadline;
	int64_t consul_deadline; /* the run then stops asking Consul */
	struct swk_process_limit limit;
	int64_t step_began; /* microseconds; 0 without a metrics file */

	bool complete;			   /* the run is about all services */
	bool full;			   /* reads all live state, not only what the run changes */
	bool list_known;		   /* a complete run got Consul's list */
	uint64_t event_index;		   /* the agent's index of the document; 0: none */
	char datacenter[SWK_NAME_MAX + 1]; /* of the document's first instance; or "" */
	bool mixed;			   /* others of its instances are in other datacenters */
	size_t listed;			   /* valid names in the list, without `consul` */
	bool confirming;		   /* asks only whether what the document lacks is gone */
	size_t asked;			   /* services that Consul is asked about */
	size_t answered;		   /* answers so far, also those that failed */
	size_t seen;			   /* instances in answers, including mesh proxies */
	struct swk_services services;
	bool keys_known;	  /* the run knows the whole tree, from a document or an answer */
	size_t keys_listed;	  /* keys of the form that makes an upstream, published or not */
	struct swk_services keys; /* the upstreams in the tree */
	uint64_t keys_index;	  /* Consul's index of the tree; 0: none */

	struct swk_run_checks checks;

	struct swk_store store;
	bool waited;	   /* the run waited for the lock, so the document may be old */
	bool exists;	   /* FILE exists */
	bool rewrite;	   /* FILE can't be parsed, and is rewritten from Consul alone */
	bool catching_up;  /* the run has decided and sent, and reconciles once more */
	bool over;	   /* nothing is left to do: the next steps are left out */
	bool touched;	   /* FILE or a target may have changed */
	bool on_hold;	   /* decisions are only reported; FILE stays as it is */
	bool hold_changed; /* this run began or ended the hold */
	bool managed;	   /* FILE is swk-apply's, or blank; not with an excerpt */
	uint64_t hash;	   /* of FILE; not with an excerpt */
	struct stat about; /* FILE, when it was opened */
	time_t opened;	   /* when that was */
	bool replaced;	   /* FILE has another content now */
	/* With an excerpt, both have only the upstreams that the run is about (excerpt.c). */
	struct swk_upstreams recorded, desired;
	bool of_few; /* an excerpt is enough */
	struct swk_excerpt excerpt;
	struct swk_names changes; /* upstreams that `desired` adds, removes or changes */
	struct swk_state state;
	struct swk_buffer state_text;	/* FILE.state's content, from which the state borrows */
	struct swk_upstreams confirmed; /* state.confirmed as upstreams */
	struct swk_names refused;	/* what a target rejected, and FILE must not keep; in a dry
					 * run, what an earlier run found so */

	struct swk_causes causes; /* for the journal, like the next two */
	struct swk_change change; /* what FILE gains, loses and changes */
	char *rejection;	  /* why a target rejected an upstream; owned; NULL: none did */
	bool journaled;		  /* the journal has what this run did, or a warning says why not */

	struct swk_requests requests;	  /* in the document */
	struct swk_names taken;		  /* IDs of those open that this run asks Consul about */
	bool requested;			  /* a request is open, and concerns this run */
	char node[SWK_NODE_MAX + 1];	  /* the name of this host's node; "": not known */
	struct swk_local_requests *local; /* requests that do not come from Consul; or NULL */

	struct swk_http *http;
	struct swk_consul consul;
	struct swk_target *targets;
	size_t target_count;
	bool live_read;		   /* the targets were read or probed */
	struct swk_survey *survey; /* filled in at the end of a full run; NULL: not needed */
	/* For the survey: what Consul calls for and FILE does not get. On hold, the whole desired
	 * state; otherwise what a target rejected. */
	struct swk_upstreams withheld;
	bool withheld_all;
	struct swk_names updated, deleted; /* what any target has confirmed in this run */
	struct swk_names final;		   /* the same since FILE was read last */
};

/* document.c: the document on standard input. The first finds out what the run is about. */
int swk_run_read_document(struct swk_run *run);
/* Discards everything that the document said about instances and keys, because Consul is asked
 * instead. Keeps only the names of its services. */
void swk_run_forget_document(struct swk_run *run);
/* Whether a document only signals that Consul must be asked about a service: it shows all of its
 * instances, but only some count, or none of those that do. */
bool swk_run_is_signalled(const struct swk_run *run, const char *service);
/* For any list of services: counts a valid name. */
int swk_run_count_listed(void *context, const char *name, struct swk_error *error);
/* For the document, and for answers: notes an undecodable registration. The run then deletes
 * nothing of its service or, if that is NULL, of any service. */
int swk_run_note_undecodable(void *context, const char *service, const char *what,
			     const char *reason, struct swk_error *error);

/* services.c: asks Consul for the list of services, and about each. In a complete run, the first
 * sets list_known, or notes why not; in an event run, it does nothing. */
int swk_run_ask_list(struct swk_run *run);
/* For `swk explain` of one service: notes if a complete run would distrust the list. */
int swk_run_check_list(struct swk_run *run);
/* Asks about all services that are not unchanged or, with `unchanged`, about those that are. If
 * Consul does not answer about one, a note says so. */
int swk_run_ask_services(struct swk_run *run, bool unchanged);
/* Counts the instances of services with a filter, whether or not the filter matches them. */
int swk_run_count_unfiltered(struct swk_run *run);
/* For `swk explain`: records the instances that the filters leave out. */
int swk_run_explain_filters(struct swk_run *run);

/* registry.c: what Consul is asked, and whether its answers are believed. */
/* Whether the run knows all services. */
bool swk_run_knows_all(const struct swk_run *run);
/* Makes an event run a complete one, which is about all of FILE, and not about the document. */
int swk_run_make_complete(struct swk_run *run);
int swk_run_ask_consul(struct swk_run *run);

/* keys.c: the key-value store. */
int swk_run_key(void *context, const struct swk_key *key, struct swk_error *error);
/* Call after a keyprefix document, which gives the whole tree. */
void swk_run_take_keys(struct swk_run *run);
/* Asks Consul for the tree if the document did not give it or may be old. */
int swk_run_ask_keys(struct swk_run *run);

/* failover.c: asks other datacenters about services whose own instances are unusable, and gives
 * these services stand-ins. */
int swk_run_fail_over(struct swk_run *run);
/* The first service whose own servers in FILE would all be replaced, because Consul shows no
 * instance of it; or NULL. */
const struct swk_service *swk_run_find_bereft(const struct swk_run *run);

/* unchanged.c: learns from checks which services a run need not ask about. */
int swk_run_check(void *context, const struct swk_check *check, struct swk_error *error);
/* Call after a checks document: marks services whose checks are as they were when FILE got its
 * present upstreams. */
int swk_run_find_unchanged(struct swk_run *run);
/* Whether the run has nothing to do: the document differs from the last one only in checks of the
 * fleet, whose changes start a run on each host, and nothing is pending. */
bool swk_run_knows_document(const struct swk_run *run);
/* In a run that left nothing to do: remembers the document for that. */
void swk_run_note_document(struct swk_run *run);
/* The hash of the answer from which FILE's upstreams of this service were made; 0: unknown. */
uint64_t swk_run_known_answer(const struct swk_run *run, const char *service);
/* In a complete run: allocates room for the answers' checks. All services must be known. */
int swk_run_expect_checks(struct swk_run *run);
/* For each instance, call swk_answer_check for its checks, then either swk_answer_instance to count
 * the instance or swk_answer_skip to skip it. */
void swk_answer_forget(struct swk_answer_checks *answer);
void swk_answer_check(struct swk_answer_checks *answer, const struct swk_check *check);
void swk_answer_skip(struct swk_answer_checks *answer);
int swk_answer_instance(struct swk_answer_checks *answer, const struct swk_instance *instance,
			struct swk_error *error);
/* Replaces FILE.checks; a failure is only a note. Each entry names the content of FILE that it
 * belongs to, so a crash between the two writes does no harm. */
int swk_run_remember_checks(struct swk_run *run);
void swk_run_free_checks(struct swk_run *run);
/* Hashes an upstream's block. `room` is an initialised buffer. */
int swk_run_hash_block(const struct swk_upstream *upstream, struct swk_buffer *room, uint64_t *hash,
		       struct swk_error *error);

/*
 * excerpt.c: an event run is about few upstreams. If FILE is as the last run wrote it, the run
 * reads only these, and copies the others. The first function leaves `used` false if FILE must be
 * read as a whole. The second, when the registrations are known, looks up names that are new.
 */
int swk_run_read_excerpt(struct swk_run *run);
int swk_run_complete_excerpt(struct swk_run *run);
/* Compares the desired state with FILE as it was read; *hash becomes that of the desired FILE. The
 * second, for struct swk_content, then writes it. */
int swk_run_compare_excerpt(struct swk_run *run, uint64_t *hash);
int swk_run_write_excerpt(void *context, int descriptor, struct swk_error *error);
/* If FILE is not as it was read, adds all that it now has besides the excerpt to the desired state.
 */
int swk_run_give_up_excerpt(struct swk_run *run);
void swk_run_close_excerpt(struct swk_run *run);
/* What FILE has with these upstreams, and those that an excerpt leaves out; without hash and
 * identity. */
struct swk_state_conf swk_run_count(const struct swk_run *run, const struct swk_upstreams *set);
/* Remembers that FILE has the known content while it is like this. */
void swk_run_note_identity(struct swk_run *run, const struct stat *about);

/*
 * requests.c: requests of the fleet. The first reads the document; *news is false if there is
 * nothing to do. The second, under the lock, finds out which requests there are now. The third adds
 * the services about which the run must then ask Consul, unless it knows all. The fourth says
 * whether a service is among them. Without an open request, they do nothing.
 */
int swk_run_find_requests(struct swk_run *run, bool *news);
int swk_run_take_requests(struct swk_run *run);
int swk_run_add_requested(struct swk_run *run);
bool swk_run_is_requested(const struct swk_run *run, const char *service);
/* Whether the second took a request. Only then may this run confirm it. */
bool swk_run_has_taken(const struct swk_run *run, const struct swk_received *one);
/* When the desired state is known: opens requests again that were confirmed, if FILE gets a server
 * back. So FILE.state says that before FILE has the server. */
int swk_run_reopen_requests(struct swk_run *run);
/* The requests of the run: those of a caller, or those that FILE.state has. Borrowed. */
struct swk_received_list swk_run_requests(const struct swk_run *run);
/* Brings those in FILE.state up to date with Consul's. *changed: there are new ones. */
int swk_run_refresh_requests(struct swk_run *run, bool *changed);

/* answers.c: when the run has sent everything, reads all parts of all targets, and answers the open
 * requests. A run that is about requests repeats this until all are done or its time is over. It,
 * or a full run, deletes acknowledgements whose request is gone. */
int swk_run_answer_requests(struct swk_run *run);

/* fleet_check.c: sets this host's check in Consul, if the settings say so, and the status differs
 * from the last one, or the run is a full one. `status` is that of the run. A failure is a note. */
void swk_run_update_check(struct swk_run *run, int status);

/* apply.c: reconciles once more from FILE as it is now, because another run may have written it
 * meanwhile. Does not decide again. The lock must be free; the run holds it afterwards. */
int swk_run_catch_up(struct swk_run *run, enum swk_depth depth);

/* record.c: FILE and FILE.state. A dry run takes no lock. */
int swk_run_lock_and_read(struct swk_run *run);
/* Opens FILE, and notes what it is like. *descriptor is -1 if there is none. */
int swk_run_open_conf(struct swk_run *run, int *descriptor);
/* Reads all upstreams of FILE. */
int swk_run_read_whole(struct swk_run *run);
/* Releases the lock, and frees what was read under it. */
void swk_run_unlock(struct swk_run *run);
/* For a run that has released the lock alone: takes it again, and reads FILE.state as it is now. If
 * others keep the lock for about SWK_TARGET_PATIENCE_MS, the run does without it. */
int swk_run_lock_again(struct swk_run *run);
int swk_run_persist(struct swk_run *run);
/* With `durably`, the new file survives a crash of the machine. */
int swk_run_save_state(struct swk_run *run, bool durably);
int swk_run_remember(struct swk_run *run);

/*
 * confirmed.c: nginx must be able to load FILE, so FILE does not keep an upstream that a target
 * rejects. The first, before FILE changes, notes what FILE can go back to; the second forgets what
 * a target has confirmed.
 */
int swk_run_note_confirmed(struct swk_run *run);
void swk_run_forget_confirmed(struct swk_run *run);
/* What an operation can go back to, if this run may do that. */
void swk_run_find_confirmed(const struct swk_run *run, struct swk_operation *operation);
/* Takes run->refused out of FILE, and makes the earlier ones pending. */
int swk_run_roll_back(struct swk_run *run);
/* Takes what was rejected before out of the desired state, unless it is a full run, or the
 * registration has changed. */
int swk_run_obey_refusals(struct swk_run *run);
void swk_run_note_refusals(struct swk_run *run);

/* run.c: initialises every field for a run that has done nothing yet. If memory runs out, `http` is
 * NULL and the error is set. Call swk_run_finish in any case; it also releases the lock. */
void swk_run_begin(struct swk_run *run, const struct swk_settings *settings,
		   struct swk_report *report, struct swk_error *error);
void swk_run_finish(struct swk_run *run);
/* Prepares requests to Consul: checks the environment and the token. Makes no request. Comes after
 * the targets are opened: then it is known whether a request can use https. */
int swk_run_open_consul(struct swk_run *run);
/* Consul's index of the document, or of the answers that replaced it; 0: not known. */
uint64_t swk_run_index(const struct swk_run *run);

/* desired.c: the desired state, and what it changes in FILE. */
int swk_run_decide(struct swk_run *run);
/* What the run knows of an upstream's service, or of its upstream of keys; or NULL. */
struct swk_service *swk_run_find_service(struct swk_run *run, const struct swk_source *source);
/* Reports how many instances of each upstream in FILE are healthy. Does nothing without a metrics
 * file. */
int swk_run_report_health(struct swk_run *run);

/* operator.c: an operator's hold, and the return to an earlier FILE. Functions that write need the
 * lock. */
/* Appends a description of FILE.hold, which must exist. A hold that can't be read is still in
 * force: then *whole is false, and the text says why. */
int swk_run_describe_hold(struct swk_run *run, struct swk_buffer *out, bool *whole);
/* If changes are on hold, notes that or, with settings->resume, ends the hold. */
int swk_run_obey_hold(struct swk_run *run);
/* Puts changes on hold. A readable hold stays as it is, and a note of the kind `again` says so. */
int swk_run_begin_hold(struct swk_run *run, const struct swk_hold *hold, enum swk_note_kind again);
/* Makes the recorded state the desired state, whatever was decided. */
void swk_run_keep_as_is(struct swk_run *run);
/* The first makes the upstreams of the earlier FILE the desired state. The second, called after the
 * targets were read, removes unmanaged upstreams from it and finds what changes. */
int swk_run_read_earlier(struct swk_run *run);
int swk_run_plan_undo(struct swk_run *run);

/*
 * change.c: what the desired state changes in FILE, and why, for the journal. The first function
 * comes before FILE's upstreams are freed. The second notes one upstream; either may be NULL.
 */
int swk_run_note_change(struct swk_run *run);
int swk_run_note_upstream(struct swk_run *run, const struct swk_upstream *before,
			  const struct swk_upstream *after);
/* An escaped copy of a text; NULL counts as "". Returns NULL without memory, with the error set. */
char *swk_run_own_text(struct swk_run *run, const char *text);

/*
 * journal.c: FILE.journal. In a run without a journal, the functions that write do nothing. If it
 * can't be written, they only warn: what Consul says counts more.
 */
bool swk_run_has_journal(const struct swk_run *run);
/* Before FILE is replaced: writes the change. `hash` is that of the new FILE. */
int swk_run_journal_change(struct swk_run *run, uint64_t hash);
/* If FILE does not change: writes what guards held back, unless the journal has that; or an undo.
 */
void swk_run_journal_rest(struct swk_run *run);
/* The same for a run that a guard ended. */
void swk_run_journal_guard(struct swk_run *run);
/* Writes what an operator did, who may be NULL. */
void swk_run_journal_action(struct swk_run *run, const char *event, const char *by,
			    const char *reason);
/* Appends what FILE was at run->point. If that can't be known, the error says why. */
int swk_run_read_point(struct swk_run *run, struct swk_buffer *text);

/* targets.c: the targets. A second target with the same name or URL is an error. */
int swk_run_open_targets(struct swk_run *run);
/* The target of this name, or NULL. */
struct swk_target *swk_run_find_target(const struct swk_run *run, const char *name);
/* Tells the targets what the run is about. Comes before their functions are called, but for `open`.
 */
void swk_run_inform_targets(struct swk_run *run);
/* Reads the live state of all targets, all at once. */
int swk_run_read_live(struct swk_run *run, enum swk_depth depth);
/*
 * For an event run. The first, before decisions, reads the targets' names if an upstream may be
 * new. The second, after decisions, checks that the targets answer. It makes no request if there is
 * nothing to send, or if the targets were already read.
 */
int swk_run_probe_names(struct swk_run *run);
int swk_run_probe_before_sending(struct swk_run *run);
/* Whether a target that may answer soon matters to this run. The second waits until such a target
 * answers, about SWK_TARGET_PATIENCE_MS at most. */
bool swk_run_is_awaiting(const struct swk_run *run);
int swk_run_await(struct swk_run *run, bool *answered);
/* Whether this run is the one that gives a target its changes at its next reload. The second waits
 * until the first reload is due; the third, under the lock, ends the wait for all. */
bool swk_run_is_due(const struct swk_run *run);
void swk_run_await_due(const struct swk_run *run);
void swk_run_end_wait(struct swk_run *run);
/* Whether a silent target could delay others: other targets, or runs that wait for the lock. */
bool swk_run_may_be_late(const struct swk_run *run);

/* managed.c: which upstreams are managed, and which of them a target receives. */
int swk_run_find_unmanaged(struct swk_run *run, struct swk_names *unmanaged);
/* Finds what targets do not receive of the recorded and the desired state, by their settings. */
int swk_run_find_excluded(struct swk_run *run);
/*
 * The upstreams of a set as the target takes them, for comparison with its live state: the set
 * itself, or fitted copies in `room`, for the caller to free. With `notes`, reports what was
 * changed. NULL: SWK_INTERNAL, with the error set.
 */
const struct swk_upstreams *swk_run_fitted(struct swk_run *run, const struct swk_target *target,
					   const struct swk_upstreams *set, bool notes,
					   struct swk_upstreams *room);
/*
 * Makes an upstream pending again if it left FILE but is live, and certainly is the old one: this
 * run deleted it, or it has SWK_SPREAD_RETURNED. An upstream that all parts of a target have may be
 * another program's with the same name.
 */
int swk_run_record_survivors(struct swk_run *run);

/* send.c: sends each target what is pending, and repairs drift. What is not confirmed stays
 * pending. */
int swk_run_reconcile(struct swk_run *run);

/* describe.c: fill in the report: the upstreams that FILE gains, loses and changes; what targets
 * would be sent. */
int swk_run_describe_changes(struct swk_run *run);
int swk_run_describe_targets(struct swk_run *run);

/* inspect.c: fills in the survey of a full run, if there is one. Comes last, and releases the lock.
 * Always returns 0: without memory, the survey stays empty. */
int swk_run_fill_in_survey(struct swk_run *run);

#endif
