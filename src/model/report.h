/* SPDX-License-Identifier: MIT */
/* What a run reports: the run fills it in, and view/ prints it. */
#ifndef SWK_MODEL_REPORT_H
#define SWK_MODEL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum swk_note_kind {
	SWK_NOTE_DETAIL,      /* shown with -v */
	SWK_NOTE_SKIPPED,     /* an instance, service or colour that can't be used */
	SWK_NOTE_KEPT,	      /* an upstream that keeps its last servers */
	SWK_NOTE_WARNING,     /* done, but an operator should check it */
	SWK_NOTE_HELD_BACK,   /* withheld by a guard, a hold or a rule: status 10 */
	SWK_NOTE_UNAVAILABLE, /* Consul could not be asked: status 69 */
	SWK_NOTE_PENDING,     /* something is not confirmed by a target: status 75 */
	SWK_NOTE_KINDS
};

struct swk_note {
	enum swk_note_kind kind;
	char *text; /* owned; one line of printable ASCII */
};

/* One upstream that changes in FILE or, if target is set, that differs on this target. */
struct swk_difference {
	char sign;    /* '+' new, '-' gone, '~' changed */
	char *text;   /* owned; the upstream's name, then what differs */
	char *target; /* owned; NULL for the file */
};

/* What started a run. */
enum swk_event {
	SWK_EVENT_UNKNOWN, /* the run ended before it knew */
	SWK_EVENT_SERVICE, /* a document of this kind of watch */
	SWK_EVENT_SERVICES,
	SWK_EVENT_CHECKS,
	SWK_EVENT_KEYPREFIX,
	SWK_EVENT_RESYNC, /* no document */
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
	SWK_STEP_WRITE,	   /* write the state file and FILE */
	SWK_STEP_SEND,	   /* send to the targets */
	SWK_STEP_REMEMBER, /* save what the next run needs */
	SWK_STEP_VERIFY,   /* wait, and reconcile once more */
	SWK_STEPS
};

extern const char *const swk_step_words[SWK_STEPS];

/* How many instances of one upstream in FILE are healthy. */
struct swk_health_report {
	char *upstream; /* owned */
	bool known;	/* the run learnt the numbers */
	size_t registered;
	size_t usable; /* those that are served and not down */
};

struct swk_target_report {
	char *name; /* owned */
	size_t updated;
	size_t deleted;
	size_t pending; /* at the end */
};

struct swk_report {
	size_t services;  /* that the run was about */
	size_t upstreams; /* in FILE at the end, with their servers */
	size_t servers;
	size_t updated; /* upstreams sent to any target, each counted once */
	size_t deleted;
	size_t counted[SWK_NOTE_KINDS];
	uint64_t index;	 /* Consul's; 0: not known */
	bool on_hold;	 /* automatic changes are on hold: FILE was left as it is */
	bool hold_known; /* the run got far enough to know on_hold */
	bool finished;	 /* the run got to its end: the numbers are final */
	int64_t milliseconds;
	enum swk_event event;
	char *service; /* owned; the only service of the run; NULL: several, or not known */
	bool whole;    /* about all services, and Consul answered for each */
	int64_t steps[SWK_STEPS];	   /* microseconds; 0 without a metrics file */
	struct swk_health_report *healths; /* sorted as FILE is; empty without a metrics file */
	size_t health_count;
	struct swk_note *notes;
	size_t note_count;
	struct swk_difference *differences;
	size_t difference_count;
	struct swk_target_report *targets;
	size_t target_count;
	/* Called after each upstream that is sent to a target, and at its end with done == all; or
	 * NULL. */
	void (*progress)(const char *target, size_t done, size_t all);
};

void swk_report_init(struct swk_report *report);
void swk_report_free(struct swk_report *report);

/*
 * Counts a note, and keeps the text of the first SWK_NOTES_MAX; errors (SWK_NOTE_HELD_BACK and on)
 * may be twice as many. The text may quote input: it is escaped. A note is counted even without
 * memory for its text.
 */
void swk_report_note(struct swk_report *report, enum swk_note_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sorts the notes from index `first` on by kind and text. Answers arrive in any order. */
void swk_report_sort(struct swk_report *report, size_t first);

/* The number of notes except details. */
size_t swk_report_said(const struct swk_report *report);

/* Deletes the notes of a kind, before their subject is examined again. */
void swk_report_forget(struct swk_report *report, enum swk_note_kind kind);

/* Deletes the differences, when a run ends without applying them. */
void swk_report_forget_differences(struct swk_report *report);

/* Both copy what they are given. Return 0 or SWK_INTERNAL. */
int swk_report_difference(struct swk_report *report, char sign, const char *text,
			  const char *target, struct swk_error *error);
int swk_report_target(struct swk_report *report, const char *name, struct swk_error *error);

/* Adds the health of one more upstream, all zero, at the end of the list. NULL without memory;
 * valid until the next call. */
struct swk_health_report *swk_report_health(struct swk_report *report, const char *upstream,
					    struct swk_error *error);

/* How many of FILE's differences have this sign. */
size_t swk_report_signed(const struct swk_report *report, char sign);

/* The number of pending upstreams, added up over all targets. */
size_t swk_report_pending(const struct swk_report *report);

/* The exit status that the notes add up to. What a retry may mend outranks what needs a person. */
int swk_report_status(const struct swk_report *report);

#endif
