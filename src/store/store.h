/* SPDX-License-Identifier: MIT */
/*
 * The files: a lock, the conf file, and beside it those that remember. Knows bytes, not what they
 * mean. A file is replaced as a whole: temporary file in the same directory, fsync, rename, fsync
 * of the directory. Errors are SWK_CANTCREATE unless said otherwise.
 */
#ifndef SWK_STORE_STORE_H
#define SWK_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct swk_store {
	char *conf;	 /* all owned; the file itself, behind any symbolic links */
	char *state;	 /* FILE.state */
	char *bad_state; /* FILE.state.bad */
	char *checks;	 /* FILE.checks */
	char *hold;	 /* FILE.hold */
	char *previous;	 /* FILE.previous */
	char *kept;	 /* FILE.previous.tmp: a name for the conf file while it is replaced */
	char *lock;	 /* FILE.lock; stays for ever */
	char *temporary; /* FILE.tmp, one for all: only who holds the lock writes */
	char *directory;
	int lock_descriptor; /* -1: not held */
	bool alone; /* opened by swk_store_open_alone: no more than conf, temporary, directory */
};

int swk_store_open(struct swk_store *store, const char *conf, struct swk_error *error);
/*
 * A file by itself that others read, and may lose: a new one is put in place of it, whatever it is,
 * with mode 0644; a link is not followed, and nothing is synced. There is no lock file, and the
 * temporary file is `.NAME.tmp`.
 */
int swk_store_open_alone(struct swk_store *store, const char *path, struct swk_error *error);
/* Gives the lock back too. */
void swk_store_close(struct swk_store *store);

/*
 * Takes the lock, waiting until the deadline (deadline.h) at most: SWK_TEMPFAIL past it. A holder
 * that died holds nothing. *waited tells whether somebody else had it.
 */
int swk_store_lock(struct swk_store *store, int64_t deadline, bool *waited,
		   struct swk_error *error);

/* The same with the folder itself, where a lock file would be in the way. */
int swk_store_lock_folder(struct swk_store *store, int64_t deadline, struct swk_error *error);

/* Gives it back, and keeps the rest. */
void swk_store_unlock(struct swk_store *store);

/*
 * Replaces one of the store's files. Mode and owner of a file that was there are kept, as far as
 * the caller may; a new one is readable by all, and root gives it to the directory's owner. What
 * is not done `durably` may be the old one again after a crash of the machine. *replaced becomes
 * true once the new file is in place, which it may be though the result is an error.
 */
int swk_store_replace(const struct swk_store *store, const char *path,
		      const struct swk_buffer *text, bool durably, bool *replaced,
		      struct swk_error *error);

/*
 * The same with the conf file, durably. What it was, `before`, is FILE.previous from then on, by
 * another name of the same file where the file system has such; whenever this is cut short, it is
 * found by swk_store_previous.
 */
int swk_store_commit(const struct swk_store *store, const struct swk_buffer *before,
		     const struct swk_buffer *text, bool *replaced, struct swk_error *error);

/* Where the conf file before the present one is, if there is one. Borrowed. */
const char *swk_store_previous(const struct swk_store *store);

/* Removes one of the store's files, durably; one that is not there is none to remove. */
int swk_store_remove(const struct swk_store *store, const char *path, struct swk_error *error);

/* Puts a state file that can't be read out of the way, to be looked at. */
int swk_store_set_aside(const struct swk_store *store, struct swk_error *error);

#endif
