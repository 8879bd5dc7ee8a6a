/* SPDX-License-Identifier: MIT */
/* What a run has to tell: filled in along the way, printed by others. */
#ifndef SWK_MODEL_REPORT_H
#define SWK_MODEL_REPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum swk_note_kind {
	SWK_NOTE_DETAIL,      /* for the curious: shown with -v */
	SWK_NOTE_SKIPPED,     /* an instance, a service, or a colour of it that can't be used */
	SWK_NOTE_KEPT,	      /* an upstream that keeps its last servers */
	SWK_NOTE_WARNING,     /* done, but somebody should look */
	SWK_NOTE_HELD_BACK,   /* wanted and not done: status 10 */
	SWK_NOTE_UNAVAILABLE, /* Consul could not be asked: status 69 */
	SWK_NOTE_PENDING,     /* a target is not confirmed: status 75 */
	SWK_NOTE_KINDS
};

struct swk_note {
	enum swk_note_kind kind;
	char *text; /* owned; one line of printable ASCII */
};

/* One line of the difference: in the file, or, where target is set, of a target from the file. */
struct swk_difference {
	char sign;    /* '+' new, '-' gone, '~' changed */
	char *text;   /* owned; the upstream's name, then what differs */
	char *target; /* owned; NULL for the file */
};

/* What made a run. */
enum swk_event {
	SWK_EVENT_UNKNOWN, /* it ended before it knew */
	SWK_EVENT_SERVICE, /* a document of this kind of watch… */
	SWK_EVENT_SERVICES,
	SWK_EVENT_CHECKS,
	SWK_EVENT_KEYPREFIX,
	SWK_EVENT_RESYNC, /* …or none */
	SWK_EVENTS
};

extern const char *const swk_event_words[SWK_EVENTS];

/* The steps of a run whose time is taken. */
enum swk_step {
	SWK_STEP_READ,	   /* settings' URLs and the document */
	SWK_STEP_LOCK,	   /* until the lock is had, and what is recorded behind it is read */
	SWK_STEP_CONSUL,   /* asking it */
	SWK_STEP_LIVE,	   /* at what targets have */
	SWK_STEP_DECIDE,   /* what is wanted */
	SWK_STEP_WRITE,	   /* state and conf file */
	SWK_STEP_SEND,	   /* to the targets */
	SWK_STEP_REMEMBER, /* what the next run wants to know */
	SWK_STEP_VERIFY,   /* the second look, and the wait for it */
	SWK_STEPS
};

extern const char *const swk_step_words[SWK_STEPS];

/* Of an upstream in the file, how many of its instances are healthy. */
struct swk_health_report {
	char *upstream; /* owned */
	bool known;	/* the run learnt it */
	size_t registered;
	size_t usable; /* of them, those that are served and not down */
};

struct swk_target_report {
	char *name; /* owned; its URL */
	size_t updated;
	size_t deleted;
	size_t pending; /* at the end */
};

struct swk_report {
	size_t services;  /* that the run was about */
	size_t upstreams; /* in the file at the end, and their servers */
	size_t servers;
	size_t updated; /* upstreams that a target was sent, each counted once */
	size_t deleted;
	size_t counted[SWK_NOTE_KINDS];
	uint64_t index;	 /* Consul's; 0 where none is known */
	bool on_hold;	 /* what differs in the file was not done: automatic changes are held */
	bool hold_known; /* it got so far that the above is told */
	bool finished;	 /* the run got to its end: the numbers above are what it came to */
	int64_t milliseconds;
	enum swk_event event;
	char *service; /* the one that the run was about; NULL: several, or not known; owned */
	bool whole;    /* it was about all services, and Consul answered about each */
	int64_t steps[SWK_STEPS];	   /* microseconds; only where metrics are wanted… */
	struct swk_health_report *healths; /* …as this: sorted as the file is */
	size_t health_count;
	struct swk_note *notes;
	size_t note_count;
	struct swk_difference *differences;
	size_t difference_count;
	struct swk_target_report *targets;
	size_t target_count;
};

void swk_report_init(struct swk_report *report);
void swk_report_free(struct swk_report *report);

/*
 * Counts a note, and keeps its text while there are fewer than SWK_NOTES_MAX. The text may quote
 * what was read: it is escaped. A note for which there is no memory is counted all the same.
 */
void swk_report_note(struct swk_report *report, enum swk_note_kind kind, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Sorts the notes from the given one on, by kind and text: those of answers that came in any order.
 */
void swk_report_sort(struct swk_report *report, size_t first);

/* How many notes there are that somebody should read: all but details. */
size_t swk_report_said(const struct swk_report *report);

/* Forgets the notes of a kind: what they tell of is looked at once more. */
void swk_report_forget(struct swk_report *report, enum swk_note_kind kind);

/* Forgets what differs: it did not come to that. */
void swk_report_forget_differences(struct swk_report *report);

/* Both copy what they are given. Return 0 or SWK_INTERNAL. */
int swk_report_difference(struct swk_report *report, char sign, const char *text,
			  const char *target, struct swk_error *error);
int swk_report_target(struct swk_report *report, const char *name, struct swk_error *error);

/* The same for the health of one more upstream, behind all others; what is not set in it is 0. NULL
 * without memory; good until the next. */
struct swk_health_report *swk_report_health(struct swk_report *report, const char *upstream,
					    struct swk_error *error);

/* How many differences of the file have this sign. */
size_t swk_report_signed(const struct swk_report *report, char sign);

/* How many upstreams are owed, to all targets together. */
size_t swk_report_pending(const struct swk_report *report);

/* The exit status that the notes add up to: what needs a retry before what needs a person. */
int swk_report_status(const struct swk_report *report);

#endif
