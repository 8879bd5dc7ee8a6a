/* SPDX-License-Identifier: MIT */
/*
 * The files: the lock, FILE, and the files beside it. Knows bytes, not syntax. A file is replaced
 * as a whole: temporary file in the same directory, fsync, rename, fsync of the directory. Errors
 * are SWK_CANTCREATE unless a comment says otherwise.
 */
#ifndef SWK_STORE_STORE_H
#define SWK_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>

#include "base/buffer.h"

struct swk_store {
	char *conf;	 /* FILE, with symbolic links resolved; all of these are owned */
	char *state;	 /* FILE.state */
	char *bad_state; /* FILE.state.bad */
	char *checks;	 /* FILE.checks */
	char *hold;	 /* FILE.hold */
	char *previous;	 /* FILE.previous */
	char *kept;	 /* FILE.previous.tmp: a second name for FILE while it is replaced */
	char *lock;	 /* FILE.lock; never removed */
	char *temporary; /* FILE.tmp; only the holder of the lock uses it */
	char *directory;
	int lock_descriptor; /* -1: not held */
	bool alone; /* opened by swk_store_open_alone: has conf, temporary and directory only */
};

int swk_store_open(struct swk_store *store, const char *conf, struct swk_error *error);
/*
 * Opens a derived file that may be lost. Replacing it puts a new file with mode 0644 in its place,
 * whatever is there. A link is not followed, and nothing is synced. There is no lock file; the
 * temporary file is `.NAME.tmp`.
 */
int swk_store_open_alone(struct swk_store *store, const char *path, struct swk_error *error);
/* Releases the lock, too. */
void swk_store_close(struct swk_store *store);

/*
 * Takes the lock. Waits until the deadline (deadline.h) at most, then fails with SWK_TEMPFAIL. A
 * dead process holds no lock. *waited tells whether another process held it.
 */
int swk_store_lock(struct swk_store *store, int64_t deadline, bool *waited,
		   struct swk_error *error);

/* The same on the directory itself, where a lock file would be in the way. */
int swk_store_lock_folder(struct swk_store *store, int64_t deadline, struct swk_error *error);

/* Releases the lock only. */
void swk_store_unlock(struct swk_store *store);

/*
 * Replaces one of the store's files. An existing file's mode and owner are kept, as far as the
 * caller may set them. A new file is readable by all, and root gives it to the directory's owner.
 * Without `durably`, a crash of the machine may bring the old file back. *replaced becomes true
 * once the new file is in place, even if an error follows.
 */
int swk_store_replace(const struct swk_store *store, const char *path,
		      const struct swk_buffer *text, bool durably, bool *replaced,
		      struct swk_error *error);

/*
 * Replaces FILE, durably, and keeps its old content `before` as FILE.previous: as a hard link, if
 * the file system has them. swk_store_previous finds it even if this is interrupted.
 */
int swk_store_commit(const struct swk_store *store, const struct swk_buffer *before,
		     const struct swk_buffer *text, bool *replaced, struct swk_error *error);

/* The path of FILE's previous version, which may not exist. Borrowed. */
const char *swk_store_previous(const struct swk_store *store);

/* Removes one of the store's files, durably. A missing file is no error. */
int swk_store_remove(const struct swk_store *store, const char *path, struct swk_error *error);

/* Renames an unreadable state file to FILE.state.bad, for inspection. */
int swk_store_set_aside(const struct swk_store *store, struct swk_error *error);

#endif
