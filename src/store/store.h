/* SPDX-License-Identifier: MIT */
/*
 * The store: the conf file (FILE), the files next to it, and the lock. Knows bytes, not syntax. It
 * replaces a file as a whole: temporary file in the same directory, fsync, rename, fsync of the
 * directory. A file system that has no fsync is no error. Functions that return an int return 0,
 * SWK_INTERNAL without memory, or SWK_CANTCREATE for other errors, unless a comment says otherwise.
 */
#ifndef SWK_STORE_STORE_H
#define SWK_STORE_STORE_H

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

#include "base/buffer.h"

struct swk_store {
	char *conf;	   /* FILE, with symbolic links resolved; owned, as are all paths */
	char *state;	   /* FILE.state */
	char *bad_state;   /* FILE.state.bad */
	char *checks;	   /* FILE.checks */
	char *hold;	   /* FILE.hold */
	char *journal;	   /* FILE.journal */
	char *old_journal; /* FILE.journal.old */
	char *previous;	   /* FILE.previous */
	char *kept;	   /* FILE.previous.tmp: the second name of FILE while it is replaced */
	char *lock;	   /* FILE.lock; never removed */
	char *temporary;   /* FILE.tmp; only the holder of the lock uses it */
	char *directory;
	int lock_descriptor; /* -1: not locked */
	const char *locked;  /* the path that was locked; borrowed */
	bool unsynced;	     /* a file or the folder could not be synced, and never can */
	bool alone; /* by swk_store_open_alone: only `conf`, `temporary`, `directory` are set */
};

int swk_store_open(struct swk_store *store, const char *conf, struct swk_error *error);
/*
 * Opens a single file that may be lost, such as the metrics file. Replacing it puts a new file with
 * mode 0644 in its place, whatever is there. It follows no link and syncs nothing. There is no lock
 * file; the temporary file is `.NAME.tmp`.
 */
int swk_store_open_alone(struct swk_store *store, const char *path, struct swk_error *error);
/* Releases the lock, and frees the paths. Accepts a store that swk_store_open could not open. */
void swk_store_close(struct swk_store *store);

/* Takes the lock. Waits until the deadline (deadline.h), then fails with SWK_TEMPFAIL. *waited says
 * whether another process held the lock. A process that dies releases it. */
int swk_store_lock(struct swk_store *store, int64_t deadline, bool *waited,
		   struct swk_error *error);

/* Takes the lock if it is free: *taken says so. Needs no signal, so it may be called in any thread.
 */
int swk_store_try_lock(struct swk_store *store, bool *taken, struct swk_error *error);

/* Fails with SWK_TEMPFAIL if the lock is held, but its file was removed or replaced, so that
 * another run may hold another lock. All functions below that write call it. */
int swk_store_check_lock(const struct swk_store *store, struct swk_error *error);

/* Locks the directory itself instead, where a lock file would be in the way. */
int swk_store_lock_folder(struct swk_store *store, int64_t deadline, struct swk_error *error);

/* Whether another process waits for the lock that this one holds. */
bool swk_store_has_waiter(const struct swk_store *store);

/* Opens one of the store's files that is written in place, for reading and writing. With `create`,
 * it may be new: it then gets the mode, root gives it to the owner of the directory, and its name
 * is durable. Follows no link. *descriptor is -1 if there is none. */
int swk_store_open_file(struct swk_store *store, const char *path, bool create, mode_t mode,
			int *descriptor, struct swk_error *error);

/* Releases the lock only. */
void swk_store_unlock(struct swk_store *store);

/* What a new file gets: a function writes it. It returns 0; -1 with errno set if the descriptor
 * cannot be written; or another status with the error set. */
struct swk_content {
	int (*write)(void *context, int descriptor, struct swk_error *error);
	void *context;
};

/* The text, which is borrowed. */
struct swk_content swk_content_of(const struct swk_buffer *text);

/*
 * Both replace one of the store's files. It keeps the mode and owner of an existing file, as far as
 * the caller may set them. A new file gets mode 0644, and root gives it to the owner of the
 * directory. Without `durably`, the old file may be back after a crash of the machine. *replaced
 * becomes true as soon as the new file is in place, even if an error follows.
 */
int swk_store_write(struct swk_store *store, const char *path, struct swk_content content,
		    bool durably, bool *replaced, struct swk_error *error);
int swk_store_replace(struct swk_store *store, const char *path, const struct swk_buffer *text,
		      bool durably, bool *replaced, struct swk_error *error);

/*
 * Replaces FILE durably. Keeps the old file as FILE.previous, which is a hard link, or a copy if
 * there are no hard links. swk_store_previous finds the old file even if this is interrupted. If
 * FILE cannot be replaced, FILE.previous stays.
 */
int swk_store_commit(struct swk_store *store, struct swk_content content, bool *replaced,
		     struct swk_error *error);

/* The path of the previous FILE, which may not exist. Borrowed. */
const char *swk_store_previous(const struct swk_store *store);

/* Removes one of the store's files, durably. A missing file is not an error. */
int swk_store_remove(struct swk_store *store, const char *path, struct swk_error *error);

/* Renames a damaged state file to FILE.state.bad, for inspection. */
int swk_store_set_aside(const struct swk_store *store, struct swk_error *error);

#endif
