/* SPDX-License-Identifier: MIT */
/* The report of a run: the run fills it in, and view/ prints it. */
#ifndef SWK_MODEL_REPORT_H
#define SWK_MODEL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum swk_note_kind {
	SWK_NOTE_DETAIL,      /* shown with -v */
	SWK_NOTE_DUE,	      /* a target gets its changes later, from a run that waits */
	SWK_NOTE_SKIPPED,     /* an instance, service or colour that can't be used */
	SWK_NOTE_KEPT,	      /* an upstream that keeps its last servers */
	SWK_NOTE_FAILOVER,    /* an upstream whose servers come from elsewhere */
	SWK_NOTE_WARNING,     /* done, but an operator should check it */
	SWK_NOTE_HELD_BACK,   /* a change withheld by a guard, a hold or a rule: status 10 */
	SWK_NOTE_UNAVAILABLE, /* Consul did not answer: status 69 */
	SWK_NOTE_PENDING,     /* a target did not confirm something: status 75 */
	SWK_NOTE_KINDS
};

struct swk_note {
	enum swk_note_kind kind;
	bool of_document; /* it says something about the document */
	char *text;	  /* owned; one line of printable ASCII */
};

/* An upstream that changes in the conf file or, if `target` is set, differs on that target. */
struct swk_difference {
	char sign;    /* '+' new, '-' gone, '~' changed */
	char *text;   /* owned; the upstream's name, then the differences */
	char *target; /* owned; NULL: the conf file */
};

/* What started a run. */
enum swk_event {
	SWK_EVENT_UNKNOWN, /* the run ended too early to know */
	SWK_EVENT_SERVICE, /* a document of a `service` watch; the next three likewise */
	SWK_EVENT_SERVICES,
	SWK_EVENT_CHECKS,
	SWK_EVENT_KEYPREFIX,
	SWK_EVENT_RESYNC,   /* without a document */
	SWK_EVENT_REQUESTS, /* requests of the fleet */
	SWK_EVENTS
};

extern const char *const swk_event_words[SWK_EVENTS];

/* The steps of a run that are timed. */
enum swk_step {
	SWK_STEP_READ,	   /* open the targets, read the document */
	SWK_STEP_LOCK,	   /* wait for the lock, read the files */
	SWK_STEP_CONSUL,   /* ask Consul */
	SWK_STEP_LIVE,	   /* read the targets' live state */
	SWK_STEP_DECIDE,   /* find the desired state */
	SWK_STEP_WRITE,	   /* write the state file and the conf file */
	SWK_STEP_SEND,	   /* send to the targets */
	SWK_STEP_REMEMBER, /* save what the next run needs */
	SWK_STEP_VERIFY,   /* wait, and reconcile again */
	SWK_STEPS
};

extern const char *const swk_step_words[SWK_STEPS];

/* How many instances of an upstream in the conf file are healthy. */
struct swk_health_report {
	char *upstream; /* owned */
	bool known;	/* the run learned the numbers */
	size_t registered;
	size_t usable; /* served, and not marked down */
};

struct swk_target_report {
	char *name; /* owned */
	size_t updated;
	size_t deleted;
	size_t pending; /* when the run ends */
};

struct swk_report {
	size_t services;  /* how many the run was about */
	size_t upstreams; /* in the conf file at the end, as is the next */
	size_t servers;
	size_t updated; /* upstreams sent to at least one target, each counted once */
	size_t deleted;
	size_t counted[SWK_NOTE_KINDS];
	uint64_t index;	 /* Consul's index; 0: not known */
	bool on_hold;	 /* automatic changes are on hold: the conf file stays as it is */
	bool hold_known; /* the run got far enough to know on_hold */
	bool finished;	 /* the run reached its end: the numbers are final */
	int64_t milliseconds;
	enum swk_event event;
	char *service;		  /* owned; the run's only service; NULL: several, or not known */
	bool whole;		  /* a complete run, and Consul answered about each service */
	int64_t steps[SWK_STEPS]; /* microseconds; all 0 without a metrics file */
	struct swk_health_report *healths; /* sorted; empty without a metrics file */
	size_t health_count;
	bool reading; /* notes that are added now say something about the document */
	size_t of_document[SWK_NOTE_KINDS]; /* how many in `counted` do */
	struct swk_note *notes;
	size_t note_count;
	struct swk_difference *differences;
	size_t difference_count;
	struct swk_target_report *targets;
	size_t target_count;
	/* Called again and again while a run sends `upstreams` to a target, or asks `Consul` about
	 * `services`, and with done == all at the end; or NULL. */
	void (*progress)(const char *whom, const char *things, size_t done, size_t all);
};

void swk_report_init(struct swk_report *report);
void swk_report_free(struct swk_report *report);

/*
 * Counts a note, and keeps its text, escaped. Beyond SWK_NOTES_MAX texts, it keeps only those of
 * errors (SWK_NOTE_HELD_BACK and later kinds), up to twice as many. Without memory, it only counts
 * the note.
 */
void swk_report_note(struct swk_report *report, enum swk_note_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* The same, unless the report already has a note of this kind and text: for a subject that may be
 * examined again. */
void swk_report_note_once(struct swk_report *report, enum swk_note_kind kind, const char *text);

/* Sorts the notes from index `first` on by kind and text, because Consul's answers arrive in any
 * order. */
void swk_report_sort(struct swk_report *report, size_t first);

/* The number of notes, without details. */
size_t swk_report_said(const struct swk_report *report);

/* Calls report->progress, if there is one. */
void swk_report_progress(const struct swk_report *report, const char *whom, const char *things,
			 size_t done, size_t all);

/* Deletes the notes of a kind, for example before their subject is examined again. */
void swk_report_forget(struct swk_report *report, enum swk_note_kind kind);

/* Deletes the notes about the document, because it has no effect. */
void swk_report_forget_document(struct swk_report *report);

/* Deletes all differences. */
void swk_report_forget_differences(struct swk_report *report);

/* Both add an entry, and copy the texts. They return 0 or SWK_INTERNAL. */
int swk_report_difference(struct swk_report *report, char sign, const char *text,
			  const char *target, struct swk_error *error);
int swk_report_target(struct swk_report *report, const char *name, struct swk_error *error);

/* Appends an entry with zero numbers for an upstream. Returns NULL without memory. The pointer is
 * valid until the next call. */
struct swk_health_report *swk_report_health(struct swk_report *report, const char *upstream,
					    struct swk_error *error);

/* How many differences of the conf file have this sign. */
size_t swk_report_signed(const struct swk_report *report, char sign);

/* The sum of pending upstreams over all targets. */
size_t swk_report_pending(const struct swk_report *report);

/* The exit status that follows from the notes. A failure that the next run may repair outranks one
 * that needs an operator. */
int swk_report_status(const struct swk_report *report);

#endif
