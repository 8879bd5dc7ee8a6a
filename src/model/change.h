/* SPDX-License-Identifier: MIT */
/* A change of the conf file, or an operator's action, as the journal has it. All texts are owned,
 * one line of printable ASCII unless a comment says otherwise, and never NULL unless it says so. */
#ifndef SWK_MODEL_CHANGE_H
#define SWK_MODEL_CHANGE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

/* A server that an upstream gained ('+'), lost ('-'), or that has other attributes now ('~'). */
struct swk_change_server {
	char sign;
	char *address;	/* `10.0.0.1:80` */
	char *instance; /* its id in Consul, or the key; "": not known */
	char *node;	/* "": not known */
	char *reason;	/* `critical`, `weight 1, now 5`; or "" */
};

/* An upstream that the conf file gained ('+'), lost ('-'), or that is different now ('~'). */
struct swk_change_upstream {
	char sign;
	char *name;
	char *source; /* the name of its service, or of its upstream of keys; "": not known */
	char *reason; /* why it is kept or deleted, or what changed besides servers; or "" */
	/* Its block before, in the conf file's syntax, of several lines; NULL: it did not exist.
	 * The block after is the one before its next change. */
	char *before;
	struct swk_change_server *servers;
	size_t server_count;
};

/* What became of a change. */
enum swk_change_fate {
	SWK_CHANGE_DONE,
	SWK_CHANGE_NOT_DONE, /* the run ended before it replaced the conf file */
	SWK_CHANGE_GAP, /* done; then something else changed the conf file, or entries are lost */
};

struct swk_change {
	uint64_t number; /* from 1; each is larger than the one before */
	int64_t time;	 /* milliseconds since the epoch */
	char *event;	 /* a word of swk_event_words; or hold, resume, undo, reject */
	char *service;	 /* the run's only service; or "" */
	uint64_t index;	 /* Consul's; 0: not known */
	/* The conf file's content before and after, as a hash; 0: not known, because there was no
	 * file, or swk-apply had not written it. Both are 0 if the conf file did not change. */
	uint64_t before, after;
	char *by;     /* the operator, or "" */
	char *reason; /* the operator's, or a target's; or "" */
	size_t cut;   /* how many upstreams changed, if they are too many for the journal, which
		       * then has none of them; or 0 */
	struct swk_change_upstream *upstreams;
	size_t upstream_count;
	char **held_back; /* what guards held back and what is kept by policy, as messages */
	size_t held_back_count;
	enum swk_change_fate fate;
};

/* In the order of the journal: the newest is the last. A zeroed struct is empty. */
struct swk_changes {
	struct swk_change *list;
	size_t count;
	size_t damaged; /* lines that can't be read */
};

/* Room for `2026-11-21T18:47:00Z`. */
#define SWK_CHANGE_TIME_MAX 32

/* Writes a time in milliseconds since the epoch as UTC, in whole seconds. Returns `text`. */
const char *swk_change_time(int64_t time, char text[SWK_CHANGE_TIME_MAX]);

/* A point in the journal that an operator names: a change's number, or a time. */
struct swk_change_point {
	uint64_t number; /* 0: the time counts */
	int64_t time;	 /* the end of that second or millisecond */
	int64_t from;	 /* its beginning */
};

/* Reads `42`, `2026-11-21T18:47:00Z`, with or without a fraction, or `10m`: so long before `now`.
 * The units are s, m, h and d. Returns whether the text is valid. */
bool swk_change_point_read(struct swk_change_point *point, const char *text, int64_t now);

void swk_change_free(struct swk_change *change);
/* Removes the upstreams of a change, because they are too many: `count` of them. */
void swk_change_cut(struct swk_change *change, size_t count);
/* Removes the messages. */
void swk_change_free_held_back(struct swk_change *change);
void swk_changes_free(struct swk_changes *changes);

/* Finds the first change after a point. Returns false if the journal does not go back to the point,
 * or has no such number. The number before that of the first change is a point, too. */
bool swk_changes_find(const struct swk_changes *changes, const struct swk_change_point *point,
		      size_t *first);

/* If an upstream lost a server, but the run did not know the instance: gives it the instance that
 * an earlier change has at this address. Returns 0 or SWK_INTERNAL. */
int swk_changes_name_instances(struct swk_changes *changes, struct swk_error *error);

/* Sets the fate of each change from the hashes of the next. `now` is that of the conf file; 0:
 * there is no file, or not one of swk-apply. */
void swk_changes_judge(struct swk_changes *changes, uint64_t now);

#endif
