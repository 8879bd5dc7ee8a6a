/* SPDX-License-Identifier: MIT */
#include "store/store.h"

#include <errno.h>
#include <fcntl.h>
#include <libgen.h>
#include <linux/magic.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/time.h>
#include <sys/vfs.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/process.h"

/* In place of a deadline: does not wait at all. */
#define NO_WAIT 0

static int fail(const char *path, const char *what, struct swk_error *error)
{
	return swk_error_set(error, SWK_CANTCREATE, "%s: %s: %s", path, what, strerror(errno));
}

static char *with_ending(const char *path, const char *ending)
{
	char *name;

	return asprintf(&name, "%s%s", path, ending) < 0 ? NULL : name;
}

int swk_store_open(struct swk_store *store, const char *conf, struct swk_error *error)
{
	char *copy;
	struct stat about;

	*store = (struct swk_store){.lock_descriptor = -1};
	/* Symbolic links are resolved, so that the file is replaced, and not the link. */
	store->conf = realpath(conf, NULL);
	if (!store->conf && (errno != ENOENT || !lstat(conf, &about)))
		return fail(conf, "the path cannot be resolved", error);
	if (!store->conf)
		store->conf = strdup(conf);
	else if (stat(store->conf, &about) || !S_ISREG(about.st_mode))
		return swk_error_set(error, SWK_CANTCREATE, "%s: not a regular file", conf);
	if (!store->conf)
		return swk_error_memory(error);
	copy = strdup(store->conf);
	store->directory = copy ? strdup(dirname(copy)) : NULL;
	free(copy);
	store->state = with_ending(store->conf, ".state");
	store->bad_state = with_ending(store->conf, ".state.bad");
	store->checks = with_ending(store->conf, ".checks");
	store->hold = with_ending(store->conf, ".hold");
	store->journal = with_ending(store->conf, ".journal");
	store->old_journal = with_ending(store->conf, ".journal.old");
	store->previous = with_ending(store->conf, ".previous");
	store->kept = with_ending(store->conf, ".previous.tmp");
	store->lock = with_ending(store->conf, ".lock");
	store->temporary = with_ending(store->conf, ".tmp");
	if (!store->directory || !store->state || !store->bad_state || !store->checks ||
	    !store->hold || !store->journal || !store->old_journal || !store->previous ||
	    !store->kept || !store->lock || !store->temporary)
		return swk_error_memory(error);
	if (stat(store->directory, &about))
		return fail(store->directory,
			    "create this folder, or name another file with --conf", error);
	return 0;
}

int swk_store_open_alone(struct swk_store *store, const char *path, struct swk_error *error)
{
	const char *slash = strrchr(path, '/'), *name = slash ? slash + 1 : path;
	size_t length = (size_t)(name - path);

	*store = (struct swk_store){.lock_descriptor = -1, .alone = true};
	store->conf = strdup(path);
	store->directory = length ? strndup(path, length) : strdup(".");
	if (asprintf(&store->temporary, "%.*s.%s.tmp", (int)length, path, name) < 0)
		store->temporary = NULL;
	if (!store->conf || !store->directory || !store->temporary)
		return swk_error_memory(error);
	return 0;
}

void swk_store_unlock(struct swk_store *store)
{
	if (store->lock_descriptor >= 0)
		(void)close(store->lock_descriptor);
	store->lock_descriptor = -1;
}

void swk_store_close(struct swk_store *store)
{
	swk_store_unlock(store);
	free(store->conf);
	free(store->state);
	free(store->bad_state);
	free(store->checks);
	free(store->hold);
	free(store->journal);
	free(store->old_journal);
	free(store->previous);
	free(store->kept);
	free(store->lock);
	free(store->temporary);
	free(store->directory);
	*store = (struct swk_store){.lock_descriptor = -1};
}

/* ---- the lock ---- */

/* A file that root creates in a user's directory must not lock the user out. */
static void give_to_owner(int descriptor, const char *directory)
{
	struct stat about, given;

	/* A hard link may be a name of any other file. */
	if (geteuid() == 0 && !fstat(descriptor, &given) && S_ISREG(given.st_mode) &&
	    given.st_nlink == 1 && !stat(directory, &about) && about.st_uid != 0 &&
	    fchown(descriptor, about.st_uid, about.st_gid))
		return; /* root still owns it: a run of the user will report an error */
}

/* On NFS, flock() is a lock of all bytes (flock(2)), so two who wait would exclude each other. */
static bool is_nfs(int descriptor)
{
	struct statfs about;

	return !fstatfs(descriptor, &about) && about.f_type == NFS_SUPER_MAGIC;
}

/* Who waits for the lock shows it by a second lock, on the file's first byte, because the kernel
 * does not say who waits for flock(). Leaves errno alone. */
static void show_wait(int descriptor, bool waiting)
{
	struct flock byte = {
		.l_type = waiting ? F_RDLCK : F_UNLCK, .l_whence = SEEK_SET, .l_len = 1};
	int cause = errno;

	if (!is_nfs(descriptor))
		(void)fcntl(descriptor, F_OFD_SETLK, &byte);
	errno = cause;
}

static void wake(int number)
{
	(void)number;
}

/* flock() with a time limit, or until an interruption. The timer fires repeatedly, because one
 * signal may come just before the call. The kernel's queue is fair; polling would not be. */
static int wait_for_lock(int descriptor, int64_t deadline)
{
	const struct itimerval tick = {{0, 50000}, {0, 50000}}, none = {{0, 0}, {0, 0}};
	struct sigaction on_tick = {.sa_handler = wake}, before;
	int result;

	if (sigaction(SIGALRM, &on_tick, &before) || setitimer(ITIMER_REAL, &tick, NULL))
		return -1;
	show_wait(descriptor, true);
	while ((result = flock(descriptor, LOCK_EX)) && errno == EINTR) {
		if (!swk_deadline_left(deadline, 1) || swk_interrupted()) {
			errno = ETIMEDOUT;
			break;
		}
	}
	show_wait(descriptor, false);
	(void)setitimer(ITIMER_REAL, &none, NULL);
	(void)sigaction(SIGALRM, &before, NULL);
	return result;
}

bool swk_store_has_waiter(const struct swk_store *store)
{
	struct flock byte = {.l_type = F_WRLCK, .l_whence = SEEK_SET, .l_len = 1};

	return store->lock_descriptor >= 0 && !fcntl(store->lock_descriptor, F_OFD_GETLK, &byte) &&
	       byte.l_type != F_UNLCK;
}

static int take_lock_once(struct swk_store *store, const char *path, int how, int64_t deadline,
			  bool *waited, struct swk_error *error)
{
	int descriptor = open(path, how | O_CLOEXEC, 0600);

	if (descriptor < 0)
		return fail(path, "the lock cannot be opened", error);
	store->lock_descriptor = descriptor;
	give_to_owner(descriptor, store->directory);
	if (!flock(descriptor, LOCK_EX | LOCK_NB))
		return 0;
	*waited = true;
	if (errno == EWOULDBLOCK && deadline == NO_WAIT)
		return 0;
	if (errno == EWOULDBLOCK && !wait_for_lock(descriptor, deadline))
		return 0;
	if (errno == ETIMEDOUT)
		return swk_error_set(error, SWK_TEMPFAIL,
				     "%s: another run held the lock until this run timed out",
				     path);
	return fail(path, "the lock cannot be taken", error);
}

/* Whether the path is no longer a name of the locked file, which another run would not lock. */
static bool has_lost_lock(const struct swk_store *store)
{
	struct stat locked, named;

	if (store->lock_descriptor < 0 || fstat(store->lock_descriptor, &locked))
		return false;
	if (stat(store->locked, &named))
		return errno == ENOENT;
	return locked.st_ino != named.st_ino || locked.st_dev != named.st_dev;
}

int swk_store_check_lock(const struct swk_store *store, struct swk_error *error)
{
	if (!has_lost_lock(store))
		return 0;
	return swk_error_set(error, SWK_TEMPFAIL,
			     "%s was removed or replaced while this run held the lock, so another "
			     "run may have written since",
			     store->locked);
}

static int take_lock(struct swk_store *store, const char *path, int how, int64_t deadline,
		     bool *waited, struct swk_error *error)
{
	int status;

	*waited = false;
	store->locked = path;
	do {
		swk_store_unlock(store);
		status = take_lock_once(store, path, how, deadline, waited, error);
	} while (!status && has_lost_lock(store) && swk_deadline_left(deadline, 1));
	return status ? status : swk_store_check_lock(store, error);
}

int swk_store_lock(struct swk_store *store, int64_t deadline, bool *waited, struct swk_error *error)
{
	return take_lock(store, store->lock, O_RDWR | O_CREAT | O_NOFOLLOW, deadline, waited,
			 error);
}

int swk_store_try_lock(struct swk_store *store, bool *taken, struct swk_error *error)
{
	bool waited;
	int status = take_lock(store, store->lock, O_RDWR | O_CREAT | O_NOFOLLOW, NO_WAIT, &waited,
			       error);

	*taken = !status && !waited;
	if (!*taken)
		swk_store_unlock(store);
	return status;
}

int swk_store_lock_folder(struct swk_store *store, int64_t deadline, struct swk_error *error)
{
	bool waited;

	return take_lock(store, store->directory, O_RDONLY | O_DIRECTORY, deadline, &waited, error);
}

/* ---- files ---- */

/* Gives the new file the old one's mode and owner. Only root may change an owner; otherwise the new
 * file belongs to the caller, who may write in the directory anyway. */
static int take_after(int descriptor, const char *path, const char *directory)
{
	struct stat old;

	if (stat(path, &old)) {
		if (errno != ENOENT)
			return -1;
		give_to_owner(descriptor, directory);
		return fchmod(descriptor, 0644);
	}
	if (!S_ISREG(old.st_mode)) {
		errno = EEXIST;
		return -1;
	}
	if (fchown(descriptor, old.st_uid, old.st_gid))
		(void)!fchown(descriptor, (uid_t)-1, old.st_gid);
	return fchmod(descriptor, old.st_mode & 07777);
}

/* Some file systems cannot sync a folder, or anything (fsync(2): EINVAL). */
static int sync_if_possible(struct swk_store *store, int descriptor)
{
	if (!fsync(descriptor))
		return 0;
	if (errno != EINVAL && errno != ENOTSUP)
		return -1;
	store->unsynced = true;
	return 0;
}

/* A folder in which the caller may write, but which it may not read, cannot be synced either. */
static int sync_directory(struct swk_store *store)
{
	int descriptor = open(store->directory, O_RDONLY | O_DIRECTORY | O_CLOEXEC), result;

	if (descriptor < 0 && errno == EACCES) {
		store->unsynced = true;
		return 0;
	}
	if (descriptor < 0)
		return -1;
	result = sync_if_possible(store, descriptor);
	(void)close(descriptor);
	return result;
}

int swk_store_open_file(struct swk_store *store, const char *path, bool create, mode_t mode,
			int *descriptor, struct swk_error *error)
{
	const int how = O_RDWR | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK;
	const char *step = "cannot be opened";
	struct stat about;
	bool is_new = false;

	*descriptor = open(path, how);
	if (*descriptor < 0 && errno == ENOENT && create) {
		*descriptor = open(path, how | O_CREAT | O_EXCL, mode);
		is_new = true;
	}
	if (*descriptor < 0)
		return errno == ENOENT && !create ? 0 : fail(path, step, error);
	if (!is_new) {
		errno = EINVAL;
		step = "not a regular file";
		if (!fstat(*descriptor, &about) && S_ISREG(about.st_mode))
			return 0;
	} else {
		give_to_owner(*descriptor, store->directory);
		/* The umask does not apply to it. */
		if (!fchmod(*descriptor, mode) && !sync_directory(store))
			return 0;
	}
	(void)fail(path, step, error);
	(void)close(*descriptor);
	*descriptor = -1;
	return error->status;
}

/* Replaces a file. The new one gets mode and owner of the file `like`. */
static int replace(struct swk_store *store, const char *path, const char *like,
		   struct swk_content content, bool durably, bool *replaced,
		   struct swk_error *error)
{
	const char *step = "a temporary file cannot be created next to it";
	int descriptor, result;

	if (swk_store_check_lock(store, error))
		return error->status;
	/* A killed run may have left a temporary file. */
	if (unlink(store->temporary) && errno != ENOENT)
		return fail(store->temporary, "is in the way and cannot be removed", error);
	descriptor = open(store->temporary, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0600);
	if (descriptor < 0)
		return fail(path, step, error);
	step = "cannot be written";
	result = content.write(content.context, descriptor, error);
	if (!result)
		result = store->alone ? fchmod(descriptor, 0644)
				      : take_after(descriptor, like, store->directory);
	/* A file that is renamed before its data is on disk may be empty after a crash. */
	if (!result && !store->alone)
		result = sync_if_possible(store, descriptor);
	if (close(descriptor))
		result = -1;
	/* Without the lock, the temporary file may be another run's. */
	if (!result && swk_store_check_lock(store, error))
		return error->status;
	if (error->status) {
		(void)unlink(store->temporary);
		return error->status;
	}
	if (!result) {
		step = "cannot be replaced";
		result = rename(store->temporary, path);
		if (result && errno == EBUSY)
			step = "cannot be replaced, because it is a mount point; mount its folder "
			       "instead";
	}
	*replaced |= !result;
	if (!result && durably) {
		step = "its folder cannot be synced";
		result = sync_directory(store);
	}
	if (!result)
		return 0;
	(void)fail(path, step, error);
	(void)unlink(store->temporary);
	return error->status;
}

static int write_text(void *context, int descriptor, struct swk_error *error)
{
	const struct swk_buffer *text = context;

	(void)error;
	return swk_file_write(descriptor, text->data, text->length);
}

struct swk_content swk_content_of(const struct swk_buffer *text)
{
	return (struct swk_content){write_text, (void *)text};
}

int swk_store_write(struct swk_store *store, const char *path, struct swk_content content,
		    bool durably, bool *replaced, struct swk_error *error)
{
	return replace(store, path, path, content, durably, replaced, error);
}

int swk_store_replace(struct swk_store *store, const char *path, const struct swk_buffer *text,
		      bool durably, bool *replaced, struct swk_error *error)
{
	return swk_store_write(store, path, swk_content_of(text), durably, replaced, error);
}

/* ---- FILE.previous ---- */

static bool is_same_text(const char *path, const char *other)
{
	struct swk_error ignored = {0};
	struct swk_buffer text, others;
	bool exists, same;

	swk_buffer_init(&text, SWK_CONF_MAX);
	swk_buffer_init(&others, SWK_CONF_MAX);
	same = !swk_file_read(path, &text, &exists, &ignored) && exists &&
	       !swk_file_read(other, &others, &exists, &ignored) && exists &&
	       swk_buffer_same(&text, &others);
	swk_buffer_free(&text);
	swk_buffer_free(&others);
	return same;
}

/* Whether a commit was interrupted after it replaced the conf file: then FILE.previous.tmp is the
 * old conf file. Before that it has the text of the conf file, as a link or a copy. */
static bool is_unfinished(const struct swk_store *store)
{
	struct stat kept, conf;

	if (lstat(store->kept, &kept) || !S_ISREG(kept.st_mode))
		return false;
	if (!stat(store->conf, &conf) && kept.st_ino == conf.st_ino && kept.st_dev == conf.st_dev)
		return false;
	return !is_same_text(store->kept, store->conf);
}

const char *swk_store_previous(const struct swk_store *store)
{
	return is_unfinished(store) ? store->kept : store->previous;
}

/* Completes an interrupted commit, or removes what it left. */
static int finish(const struct swk_store *store, struct swk_error *error)
{
	if (is_unfinished(store) && rename(store->kept, store->previous))
		return fail(store->previous, "is in the way and cannot be replaced", error);
	/* If both names are links to one file, rename() keeps both. */
	if (unlink(store->kept) && errno != ENOENT)
		return fail(store->kept, "is in the way and cannot be removed", error);
	return 0;
}

/* Gives the conf file a second name, which still has the old content after the replacement. If that
 * is impossible, because the file is another user's or the file system has no hard links, writes a
 * copy with that name. *kept is false if there is no conf file. */
static int keep(struct swk_store *store, bool *kept, struct swk_error *error)
{
	int result = link(store->conf, store->kept);
	struct swk_buffer text;
	bool exists;

	if (result && errno == EEXIST) {
		if (finish(store, error))
			return error->status;
		result = link(store->conf, store->kept);
	}
	*kept = !result;
	if (!result || errno == ENOENT)
		return 0;
	swk_buffer_init(&text, SWK_CONF_MAX);
	result = swk_file_read(store->conf, &text, &exists, error);
	if (!result)
		result = replace(store, store->kept, store->conf, swk_content_of(&text), false,
				 kept, error);
	swk_buffer_free(&text);
	return result;
}

int swk_store_commit(struct swk_store *store, struct swk_content content, bool *replaced,
		     struct swk_error *error)
{
	bool kept = false, done = false;
	int status = swk_store_check_lock(store, error);

	if (!status)
		status = keep(store, &kept, error);
	if (!status)
		status = swk_store_write(store, store->conf, content, true, &done, error);
	*replaced |= done;
	if (kept && !done)
		(void)unlink(store->kept);
	/* If this fails, or if a crash undoes it, swk_store_previous still finds the old file. The
	 * next commit tries again, and reports a failure before it replaces anything. */
	if (kept && done)
		(void)rename(store->kept, store->previous);
	return status;
}

int swk_store_remove(struct swk_store *store, const char *path, struct swk_error *error)
{
	if (swk_store_check_lock(store, error))
		return error->status;
	if (unlink(path) && errno != ENOENT)
		return fail(path, "cannot be removed", error);
	if (sync_directory(store))
		return fail(path, "its folder cannot be synced", error);
	return 0;
}

int swk_store_set_aside(const struct swk_store *store, struct swk_error *error)
{
	if (swk_store_check_lock(store, error))
		return error->status;
	if (rename(store->state, store->bad_state))
		return fail(store->state, "cannot be set aside", error);
	return 0;
}
