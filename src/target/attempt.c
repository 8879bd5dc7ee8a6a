/* SPDX-License-Identifier: MIT */
/* Carries out a plan by a file that the proxy loads: when, and as much of it as the proxy accepts.
 */
#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#include "target/confirmed.h"
#include "target/own_file.h"

/* ---- the last reload ---- */

/* The lock file shows when the last reload began, by its time of modification, and whether its end
 * is known. */
static const char begun[] = "reload\n", ended[] = "loaded\n";

/* Milliseconds until a reload is due. */
static long left_ms(const struct swk_own_file *file)
{
	const int64_t interval = (int64_t)file->settings->interval * 1000;
	struct stat about;
	struct timespec now;
	int64_t passed;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (stat(file->lock.lock, &about) || !about.st_size)
		return 0;
	passed = (int64_t)(now.tv_sec - about.st_mtim.tv_sec) * 1000 +
		 (now.tv_nsec - about.st_mtim.tv_nsec) / 1000000;
	/* The clock may have been set back. */
	return passed < 0 || passed >= interval ? 0 : (long)(interval - passed);
}

static void note_reload(const struct swk_own_file *file)
{
	int descriptor = open(file->lock.lock, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);

	if (descriptor < 0)
		return;
	/* If this fails, the next reload comes too early. */
	(void)!pwrite(descriptor, begun, strlen(begun), 0);
	(void)close(descriptor);
}

/* Notes that the proxy has loaded what is confirmed. Leaves the time of modification alone. */
static void note_end(const struct swk_own_file *file)
{
	struct timespec times[2] = {{.tv_nsec = UTIME_OMIT}};
	int descriptor = open(file->lock.lock, O_WRONLY | O_CLOEXEC | O_NOFOLLOW);
	struct stat about;

	if (descriptor < 0)
		return;
	/* If this fails, the next run reloads once more than necessary, or too late. */
	if (!fstat(descriptor, &about) &&
	    pwrite(descriptor, ended, strlen(ended), 0) == (ssize_t)strlen(ended)) {
		times[1] = about.st_mtim;
		(void)!futimens(descriptor, times);
	}
	(void)close(descriptor);
}

enum swk_own_file_last swk_own_file_last(const char *lock)
{
	int descriptor = open(lock, O_RDONLY | O_CLOEXEC | O_NOFOLLOW);
	char word[sizeof(ended)] = "";
	ssize_t size;

	/* What can't be read may be any word. */
	if (descriptor < 0)
		return errno == ENOENT ? SWK_RELOAD_NONE : SWK_RELOAD_BEGUN;
	size = pread(descriptor, word, strlen(ended), 0);
	(void)close(descriptor);
	if (!size)
		return SWK_RELOAD_NONE;
	return strcmp(word, ended) ? SWK_RELOAD_BEGUN : SWK_RELOAD_ENDED;
}

/* Takes the lock FILE.NAME.lock if it is free. */
static int take_lock(const struct swk_target *target, struct swk_own_file *file,
		     struct swk_error *cause, struct swk_error *error)
{
	char *path = NULL;
	bool taken;

	if (!file->lock.conf) {
		if (asprintf(&path, "%s.%s", target->run.conf, target->name) < 0)
			return swk_error_memory(error);
		(void)swk_store_open(&file->lock, path, cause);
		free(path);
	}
	if (!cause->status && file->lock.lock_descriptor < 0)
		(void)swk_store_try_lock(&file->lock, &taken, cause);
	return 0;
}

/* Whether this run may reload now. If not, this run waits, or another one does. An undo does not
 * wait: a run that waits then finds nothing left to do. */
static bool may_reload(struct swk_target *target, const struct swk_own_file *file, int64_t deadline,
		       long *left, struct swk_error *cause)
{
	const bool locked = file->lock.lock_descriptor >= 0;

	*left = left_ms(file);
	if (!strcmp(target->run.event, "undo") || (locked && !*left))
		return true;
	if (locked && swk_deadline_left(deadline, *left) < *left)
		(void)swk_error_set(cause, SWK_TEMPFAIL,
				    "%s: the next reload is due in %ld s, after this run's "
				    "--timeout",
				    target->name, (*left + 999) / 1000);
	else if (locked)
		target->due = swk_now_ms() + *left;
	return false;
}

static void postpone(const struct swk_target *target, const struct swk_plan *plan,
		     struct swk_target_outcome *outcomes, long left)
{
	bool said = false;

	for (size_t i = 0; i < plan->count; i++) {
		if (outcomes[i].result == SWK_TARGET_DONE)
			continue;
		outcomes[i].result = SWK_TARGET_DUE;
		if (!said && asprintf(&outcomes[i].reason, "%s: reload due in %ld s", target->name,
				      left > 1000 ? (left + 999) / 1000 : 1) < 0)
			outcomes[i].reason = NULL;
		said = true;
	}
}

/* ---- a change ---- */

/* What an attempt to carry out a plan leaves out. */
enum level { NOTHING, DELETIONS, NEW_ONES, LEVELS };

struct attempt {
	struct swk_target *target;
	struct swk_own_file *file;
	const struct swk_plan *plan;
	struct swk_target_outcome *outcomes;
	bool *skip;		  /* by operation */
	struct swk_buffer before; /* what the file goes back to */
	bool existed;
	bool loaded; /* the proxy has certainly loaded `before`, and the file has it */
	int64_t deadline;
};

/* Chooses what to leave out. Returns whether the file then is another than with less left out. */
static bool leave_out(struct attempt *this, const struct swk_upstreams *base, bool known,
		      enum level level)
{
	bool more = level == NOTHING;

	for (size_t i = 0; i < this->plan->count; i++) {
		const struct swk_operation *operation = &this->plan->list[i];
		bool skip = this->outcomes[i].result == SWK_TARGET_DONE;

		if (!skip && known && level >= DELETIONS && !operation->upstream)
			skip = true;
		if (!skip && known && level >= NEW_ONES && operation->upstream)
			skip = !swk_upstreams_find(base, operation->name);
		more |= skip && !this->skip[i];
		this->skip[i] = skip;
	}
	return more;
}

/* Has a file with this content checked and loaded. */
static int load(struct attempt *this, const struct swk_buffer *text,
		const struct swk_upstreams *set, struct swk_error *cause, struct swk_error *error)
{
	const bool reload = !this->loaded || !swk_buffer_same(text, &this->before);

	/* What is pending may only have waited. If the last reload was carried out, this one is
	 * given its time although others wait. */
	if (this->target->watch && this->loaded)
		this->target->watch->heard = this->deadline;
	if (reload)
		note_reload(this->file);
	if (!swk_own_file_load(this->target, this->file, text, reload, this->deadline, cause,
			       error) &&
	    !cause->status && reload && this->file->await)
		(void)this->file->await(this->target, set, this->deadline, cause, error);
	/* A proxy that rejects a file keeps what it has. */
	if (reload && this->loaded && cause->status == SWK_DATA)
		note_end(this->file);
	return error->status;
}

/* One attempt. *tried is false if it would be the same as the one before. */
static int attempt(struct attempt *this, enum level level, bool *tried, struct swk_error *cause,
		   struct swk_error *error)
{
	struct swk_upstreams base = {0}, set = {0};
	struct swk_buffer text;
	bool known = false;

	*tried = false;
	swk_buffer_init(&text, SWK_CONF_MAX);
	if (swk_own_file_base(this->target, this->file, &base, &known, cause, error) ||
	    cause->status || !leave_out(this, &base, known, level))
		goto out;
	*tried = true;
	if (swk_confirmed_change(&set, &base, this->plan, this->skip, error) ||
	    swk_own_file_render(this->target, this->file, &set, &text, error) ||
	    load(this, &text, &set, cause, error) || cause->status)
		goto out;
	if (!swk_confirmed_write(this->target, &set, true, cause, error) && !cause->status)
		note_end(this->file);
out:
	swk_buffer_free(&text);
	swk_upstreams_free(&base);
	swk_upstreams_free(&set);
	return error->status;
}

/* Notes what the file has to go back to: what was confirmed or, if that is not known, its present
 * content. */
static int note_before(struct attempt *this, struct swk_error *cause, struct swk_error *error)
{
	struct swk_upstreams confirmed = {0};
	struct swk_error damage = {0};
	struct swk_buffer rendered;
	bool known;

	swk_buffer_init(&rendered, SWK_CONF_MAX);
	if (swk_own_file_text(this->file, &this->before, &this->existed, cause) ||
	    swk_confirmed_read(this->target, &confirmed, &known, &damage, cause, error) ||
	    cause->status || !known ||
	    swk_own_file_render(this->target, this->file, &confirmed, &rendered, error))
		goto out;
	this->loaded = !this->file->lost && this->existed &&
		       swk_buffer_same(&this->before, &rendered) &&
		       swk_own_file_last(this->file->lock.lock) == SWK_RELOAD_ENDED;
	this->existed |= confirmed.count > 0;
	swk_buffer_free(&this->before);
	this->before = rendered;
	rendered = (struct swk_buffer){0};
out:
	swk_upstreams_free(&confirmed);
	swk_buffer_free(&rendered);
	return error->status;
}

/* Whether the file has this content. */
static bool has_text(const struct swk_own_file *file, const struct swk_buffer *text)
{
	struct swk_error ignored = {0};
	struct swk_buffer present;
	bool exists, same;

	swk_buffer_init(&present, SWK_CONF_MAX);
	same = !swk_own_file_text(file, &present, &exists, &ignored) && exists &&
	       swk_buffer_same(&present, text);
	swk_buffer_free(&present);
	return same;
}

static void restore(struct attempt *this, struct swk_error *cause)
{
	struct swk_error failure = {0};

	/* `swk reload` may have done so, and each change of the file starts it again. */
	if (this->existed && has_text(this->file, &this->before))
		return;
	if (this->existed)
		(void)swk_own_file_replace(this->file, &this->before, &failure);
	else if (unlink(this->file->settings->file) && errno != ENOENT)
		(void)swk_error_set(&failure, SWK_CANTCREATE, "%s: cannot be removed: %s",
				    this->file->settings->file, strerror(errno));
	if (failure.status) {
		swk_error_add(cause, "; the file is not restored: ");
		swk_error_add(cause, failure.text);
	}
}

/* Fills in the outcomes of a plan that was carried out, but for what was left out. */
static void report(struct attempt *this, const struct swk_error *rejection, struct swk_error *error)
{
	for (size_t i = 0; i < this->plan->count; i++) {
		const struct swk_operation *operation = &this->plan->list[i];
		struct swk_target_outcome *outcome = &this->outcomes[i];

		if (outcome->result == SWK_TARGET_DONE)
			continue;
		outcome->result = this->skip[i] ? SWK_TARGET_HELD_BACK : SWK_TARGET_DONE;
		if (!this->skip[i])
			continue;
		(void)swk_names_add(&this->file->left_out, operation->name, error);
		if (asprintf(&outcome->reason, "%s: upstream %s: %s (%s)", this->target->name,
			     operation->name,
			     operation->upstream
				     ? "not added, because the proxy rejects its configuration "
				       "with it"
				     : "not deleted, because the proxy rejects its configuration "
				       "without it: remove what refers to it",
			     rejection->text) < 0)
			outcome->reason = NULL;
	}
}

/* Tries the plan, then with more and more left out. */
static int carry_out(struct attempt *this, struct swk_error *cause, struct swk_error *error)
{
	struct swk_error rejection = {0};
	bool tried;

	if (note_before(this, cause, error) || cause->status)
		return error->status;
	for (enum level level = NOTHING; level < LEVELS; level++) {
		struct swk_error failure = {0};

		if (attempt(this, level, &tried, &failure, error))
			return error->status;
		if (!failure.status && tried) {
			report(this, &rejection, error);
			return error->status;
		}
		if (failure.status && !rejection.status)
			rejection = failure;
		if (failure.status && failure.status != SWK_DATA)
			break;
	}
	*cause = rejection;
	restore(this, cause);
	return 0;
}

/* Whether something is left to try. What this run has left out before stays left out. */
static bool is_left(const struct swk_own_file *file, const struct swk_plan *plan,
		    struct swk_target_outcome *outcomes)
{
	bool left = false;

	for (size_t i = 0; i < plan->count; i++)
		left |= outcomes[i].result != SWK_TARGET_DONE &&
			!swk_names_contain(&file->left_out, plan->list[i].name);
	for (size_t i = 0; !left && i < plan->count; i++) {
		if (outcomes[i].result != SWK_TARGET_DONE)
			outcomes[i].result = SWK_TARGET_HELD_BACK;
	}
	return left;
}

/* Several targets may be files of the same proxy, whose check reads all of them. */
static pthread_mutex_t turn = PTHREAD_MUTEX_INITIALIZER;

/* Waits until no other target is being changed, but not for one that hangs: at worst, the check
 * then fails because of the other's file, and the next run tries again. The wait is not silence.
 * Returns whether to give back the turn. */
static bool take_turn(struct swk_watch *watch)
{
	struct timespec until;
	bool taken;

	if (watch)
		watch->heard = SWK_NO_DEADLINE;
	(void)clock_gettime(CLOCK_REALTIME, &until);
	until.tv_sec += SWK_TARGET_TURN_SECONDS;
	taken = !pthread_mutex_timedlock(&turn, &until);
	if (watch)
		watch->heard = swk_now_ms();
	return taken;
}

int swk_own_file_apply(struct swk_target *target, struct swk_own_file *file,
		       const struct swk_plan *plan, struct swk_target_outcome *outcomes,
		       int64_t deadline, struct swk_error *cause, struct swk_error *error)
{
	struct attempt this = {.target = target, .file = file, .plan = plan, .outcomes = outcomes};
	int64_t limit;
	bool taken;
	long left;

	target->due = 0;
	if (!is_left(file, plan, outcomes))
		goto out;
	if (take_lock(target, file, cause, error) || cause->status)
		return error->status;
	if (!may_reload(target, file, deadline, &left, cause)) {
		if (!cause->status)
			postpone(target, plan, outcomes, left);
		if (target->due)
			return 0;
	} else {
		swk_buffer_init(&this.before, SWK_CONF_MAX);
		this.skip = calloc(plan->count, sizeof(*this.skip));
		taken = take_turn(target->watch);
		limit = swk_now_ms() + (int64_t)file->timeout * 1000;
		this.deadline = limit < deadline ? limit : deadline;
		if (this.skip)
			(void)carry_out(&this, cause, error);
		else
			(void)swk_error_memory(error);
		if (taken)
			(void)pthread_mutex_unlock(&turn);
		swk_buffer_free(&this.before);
		free(this.skip);
	}
out:
	swk_store_unlock(&file->lock);
	return error->status;
}
