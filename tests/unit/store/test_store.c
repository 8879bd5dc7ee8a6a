/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <signal.h>
#include <sys/prctl.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/file.h"
#include "store/store.h"

#define A_LONG_TIME (swk_now_ms() + 600000)

/* ---- a directory for each test ---- */

struct place {
	char directory[32];
	char conf[64];
};

static int make_place(void **state)
{
	struct place *place = calloc(1, sizeof(*place));

	if (!place)
		return -1;
	(void)strcpy(place->directory, "/tmp/swk-unit-XXXXXX");
	*state = place;
	if (!mkdtemp(place->directory))
		return -1;
	(void)snprintf(place->conf, sizeof(place->conf), "%s/a.conf", place->directory);
	return 0;
}

static int remove_place(void **state)
{
	struct place *place = *state;
	int result = unit_remove_tree(place->directory);

	free(place);
	return result;
}

static const char *in(const struct place *place, const char *name)
{
	static char path[128];

	(void)snprintf(path, sizeof(path), "%s/%s", place->directory, name);
	return path;
}

static void put(const char *path, const char *text, mode_t mode)
{
	FILE *file = fopen(path, "w");

	assert_non_null(file);
	assert_true(fputs(text, file) >= 0);
	assert_int_equal(fclose(file), 0);
	assert_int_equal(chmod(path, mode), 0);
}

static void must_hold(const char *path, const char *text)
{
	struct swk_error error = {0};
	struct swk_buffer got;
	bool exists;

	swk_buffer_init(&got, 1000000);
	assert_int_equal(swk_file_read(path, &got, &exists, &error), 0);
	assert_true(exists);
	assert_string_equal(got.length ? got.data : "", text);
	swk_buffer_free(&got);
}

static struct swk_store open_store(const char *conf)
{
	struct swk_store store;
	struct swk_error error = {0};

	assert_int_equal(swk_store_open(&store, conf, &error), 0);
	return store;
}

static int replace(struct swk_store *store, const char *path, const char *text,
		   struct swk_error *error)
{
	struct swk_buffer buffer;
	bool replaced = false;
	int status;

	swk_buffer_init(&buffer, 1000000);
	assert_int_equal(swk_buffer_add(&buffer, text, strlen(text), error), 0);
	status = swk_store_replace(store, path, &buffer, true, &replaced, error);
	swk_buffer_free(&buffer);
	assert_int_equal(replaced, !status);
	return status;
}

static struct stat about(const char *path)
{
	struct stat about_it;

	assert_int_equal(lstat(path, &about_it), 0);
	return about_it;
}

/* ---- files ---- */

static void names_beside_the_file(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);

	assert_string_equal(store.conf, place->conf);
	assert_string_equal(store.state, in(place, "a.conf.state"));
	assert_string_equal(store.bad_state, in(place, "a.conf.state.bad"));
	assert_string_equal(store.hold, in(place, "a.conf.hold"));
	assert_string_equal(store.previous, in(place, "a.conf.previous"));
	assert_string_equal(store.lock, in(place, "a.conf.lock"));
	assert_string_equal(store.directory, place->directory);
	swk_store_close(&store);
	assert_null(store.conf);
	assert_int_equal(store.lock_descriptor, -1);
	swk_store_close(&store);
}

static void no_directory(void **state)
{
	struct place *place = *state;
	struct swk_error error = {0};
	struct swk_store store;

	assert_int_equal(swk_store_open(&store, in(place, "none/a.conf"), &error), SWK_CANTCREATE);
	unit_says("none", error.text, "create this folder");
	swk_store_close(&store);
	/* A file is not a directory either. */
	put(in(place, "file"), "", 0644);
	error = (struct swk_error){0};
	assert_int_equal(swk_store_open(&store, in(place, "file/a.conf"), &error), SWK_CANTCREATE);
	unit_says("file", error.text, "Not a directory");
	swk_store_close(&store);
}

static void reads_any_bytes(void **state)
{
	static const size_t length = 200001;
	struct place *place = *state;
	struct swk_error error = {0};
	struct swk_buffer got;
	FILE *file = fopen(place->conf, "w");
	bool exists = false;

	assert_non_null(file);
	for (size_t i = 0; i < length; i++)
		(void)fputc((int)(i * 7 % 256), file);
	assert_int_equal(fclose(file), 0);
	swk_buffer_init(&got, length);
	assert_int_equal(swk_file_read(place->conf, &got, &exists, &error), 0);
	assert_true(exists);
	assert_int_equal(got.length, length);
	for (size_t i = 0; i < length; i++)
		assert_int_equal((unsigned char)got.data[i], i * 7 % 256);
	swk_buffer_free(&got);
}

static void reads_missing_file(void **state)
{
	struct place *place = *state;
	struct swk_error error = {0};
	struct swk_buffer got;
	bool exists = true;

	swk_buffer_init(&got, 100);
	assert_int_equal(swk_buffer_add(&got, "old", 3, &error), 0);
	assert_int_equal(swk_file_read(place->conf, &got, &exists, &error), 0);
	assert_false(exists);
	assert_int_equal(got.length, 0);
	swk_buffer_free(&got);
}

/* Things that are not files, and a file that is too large: refused with the name, without
 * waiting. */
static void refuses_other_things(void **state)
{
	static const struct {
		const char *name, *says;
	} rows[] = {
		{"directory", "not a regular file"},
		{"fifo", "not a regular file"},
		{"loop", "cannot be read"},
		{"large", "large"},
	};
	struct place *place = *state;

	assert_int_equal(mkdir(in(place, "directory"), 0755), 0);
	assert_int_equal(mkfifo(in(place, "fifo"), 0644), 0);
	assert_int_equal(symlink("loop", in(place, "loop")), 0);
	put(in(place, "large"), "more than ten bytes", 0644);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		struct swk_buffer got;
		bool exists;

		swk_buffer_init(&got, 10);
		unit_number(rows[i].name,
			    swk_file_read(in(place, rows[i].name), &got, &exists, &error),
			    SWK_CANTCREATE);
		unit_says(rows[i].name, error.text, in(place, rows[i].name));
		unit_says(rows[i].name, error.text, rows[i].says);
		swk_buffer_free(&got);
	}
}

static void new_file_is_for_all_to_read(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};
	mode_t mask = umask(077);

	assert_int_equal(replace(&store, store.conf, "text\n", &error), 0);
	(void)umask(mask);
	must_hold(place->conf, "text\n");
	assert_int_equal(about(place->conf).st_mode & 07777, 0644);
	assert_int_equal(access(store.temporary, F_OK), -1);
	swk_store_close(&store);
}

static void replacing_keeps_mode_and_owner(void **state)
{
	static const mode_t modes[] = {0600, 0640, 0644, 0664, 0755};
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);

	for (size_t i = 0; i < COUNT(modes); i++) {
		struct swk_error error = {0};
		struct stat before, after;

		put(place->conf, "old, and longer", modes[i]);
		/* Only root may do this; the test also works for others. */
		(void)!chown(place->conf, 12345, 23456);
		before = about(place->conf);
		assert_int_equal(replace(&store, store.conf, "new", &error), 0);
		after = about(place->conf);
		must_hold(place->conf, "new");
		assert_int_equal(after.st_mode & 07777, modes[i]);
		assert_int_equal(after.st_uid, before.st_uid);
		assert_int_equal(after.st_gid, before.st_gid);
		assert_int_not_equal(after.st_ino, before.st_ino);
	}
	swk_store_close(&store);
}

static void root_gives_new_files_to_the_directorys_owner(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};
	bool waited;

	/* Without root, directory and files stay the caller's. */
	(void)!chown(place->directory, 12345, 23456);
	assert_int_equal(swk_store_lock(&store, A_LONG_TIME, &waited, &error), 0);
	assert_int_equal(replace(&store, store.conf, "", &error), 0);
	assert_int_equal(about(store.conf).st_uid, about(place->directory).st_uid);
	assert_int_equal(about(store.conf).st_gid, about(place->directory).st_gid);
	assert_int_equal(about(store.lock).st_uid, about(place->directory).st_uid);
	swk_store_close(&store);
}

static void empty_text_makes_an_empty_file(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};
	struct swk_buffer nothing;
	bool replaced = false;

	swk_buffer_init(&nothing, 10);
	put(place->conf, "old", 0644);
	assert_int_equal(swk_store_replace(&store, store.conf, &nothing, false, &replaced, &error),
			 0);
	must_hold(place->conf, "");
	swk_store_close(&store);
}

static void left_temporary_is_swept(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};

	put(store.temporary, "half of a fi", 0400);
	assert_int_equal(replace(&store, store.conf, "text", &error), 0);
	must_hold(place->conf, "text");
	assert_int_equal(access(store.temporary, F_OK), -1);
	/* A link that another user put there is not followed. */
	put(in(place, "other"), "theirs", 0644);
	assert_int_equal(symlink("other", store.temporary), 0);
	assert_int_equal(replace(&store, store.conf, "text 2", &error), 0);
	must_hold(place->conf, "text 2");
	must_hold(in(place, "other"), "theirs");
	swk_store_close(&store);
}

static void symbolic_links_stay(void **state)
{
	struct place *place = *state;
	struct swk_store store;
	struct swk_error error = {0};
	char real[128];

	assert_int_equal(mkdir(in(place, "real"), 0755), 0);
	(void)snprintf(real, sizeof(real), "%s", in(place, "real/b.conf"));
	put(real, "old", 0600);
	assert_int_equal(symlink("real/b.conf", place->conf), 0);
	store = open_store(place->conf);
	assert_string_equal(store.conf, real);
	assert_string_equal(store.lock, in(place, "real/b.conf.lock"));
	assert_int_equal(replace(&store, store.conf, "new", &error), 0);
	must_hold(real, "new");
	assert_true(S_ISLNK(about(place->conf).st_mode));
	assert_int_equal(about(real).st_mode & 07777, 0600);
	swk_store_close(&store);
}

/* The target of such a link is unknown, so a file must not replace the link. */
static void dangling_link(void **state)
{
	static const char *const leads[] = {"real/b.conf", "none/b.conf", "a.conf"};
	struct place *place = *state;

	assert_int_equal(mkdir(in(place, "real"), 0755), 0);
	for (size_t i = 0; i < COUNT(leads); i++) {
		struct swk_error error = {0};
		struct swk_store store;

		assert_int_equal(symlink(leads[i], place->conf), 0);
		unit_number(leads[i], swk_store_open(&store, place->conf, &error), SWK_CANTCREATE);
		unit_says(leads[i], error.text, "the path cannot be resolved");
		assert_true(S_ISLNK(about(place->conf).st_mode));
		swk_store_close(&store);
		assert_int_equal(unlink(place->conf), 0);
	}
}

static void conf_is_not_a_file(void **state)
{
	struct place *place = *state;

	for (int fifo = 0; fifo < 2; fifo++) {
		struct swk_error before = {0}, after = {0};
		struct swk_store store;

		assert_int_equal(fifo ? mkfifo(place->conf, 0644) : mkdir(place->conf, 0755), 0);
		assert_int_equal(swk_store_open(&store, place->conf, &before), SWK_CANTCREATE);
		unit_says("before", before.text, place->conf);
		swk_store_close(&store);
		assert_int_equal(remove(place->conf), 0);
		/* Nor if it appears during a run. */
		store = open_store(place->conf);
		assert_int_equal(fifo ? mkfifo(place->conf, 0644) : mkdir(place->conf, 0755), 0);
		assert_int_equal(replace(&store, store.conf, "text", &after), SWK_CANTCREATE);
		unit_says("after", after.text, place->conf);
		assert_false(S_ISREG(about(place->conf).st_mode));
		assert_int_equal(access(store.temporary, F_OK), -1);
		swk_store_close(&store);
		assert_int_equal(remove(place->conf), 0);
	}
}

static void failing_leaves_the_old_file(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};

	put(place->conf, "old", 0644);
	/* A temporary file can't be created, and the directory in its place can't be removed. */
	assert_int_equal(mkdir(store.temporary, 0755), 0);
	assert_int_equal(replace(&store, store.conf, "new", &error), SWK_CANTCREATE);
	unit_says("failing", error.text, "is in the way and cannot be removed");
	must_hold(place->conf, "old");
	swk_store_close(&store);
}

static void bad_state_is_set_aside(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};

	put(store.bad_state, "older", 0644);
	put(store.state, "bad", 0644);
	assert_int_equal(swk_store_set_aside(&store, &error), 0);
	must_hold(store.bad_state, "bad");
	assert_int_equal(access(store.state, F_OK), -1);
	assert_int_equal(swk_store_set_aside(&store, &error), SWK_CANTCREATE);
	swk_store_close(&store);
}

/* ---- the lock ---- */

/* Starts a process that does not outlive a failed test. */
static pid_t start_process(void)
{
	pid_t parent = getpid(), pid = fork();

	assert_true(pid >= 0);
	if (!pid && (prctl(PR_SET_PDEATHSIG, SIGKILL) || getppid() != parent))
		_exit(1);
	return pid;
}

/* Starts a process that takes the lock, reports that, and holds it until it is killed. */
static pid_t start_holder(const char *conf)
{
	int ends[2];
	char byte;
	pid_t pid;

	assert_int_equal(pipe(ends), 0);
	pid = start_process();
	if (!pid) {
		struct swk_store store;
		struct swk_error error = {0};
		bool waited;

		if (!swk_store_open(&store, conf, &error) &&
		    !swk_store_lock(&store, A_LONG_TIME, &waited, &error) && !waited &&
		    write(ends[1], "x", 1) == 1) {
			for (;;)
				(void)pause();
		}
		_exit(1);
	}
	(void)close(ends[1]);
	assert_int_equal(read(ends[0], &byte, 1), 1);
	(void)close(ends[0]);
	return pid;
}

static void kill_holder(pid_t pid)
{
	int status;

	assert_int_equal(kill(pid, SIGKILL), 0);
	assert_int_equal(waitpid(pid, &status, 0), pid);
}

static void free_lock_is_taken_at_once(void **state)
{
	struct place *place = *state;
	struct swk_error error = {0};
	bool waited = true;

	/* Twice: the lock is released, and its file stays. */
	for (int i = 0; i < 2; i++) {
		struct swk_store store = open_store(place->conf);

		assert_int_equal(swk_store_lock(&store, swk_now_ms() - 1, &waited, &error), 0);
		assert_false(waited);
		assert_int_equal(about(store.lock).st_mode & 07777, 0600);
		swk_store_close(&store);
	}
}

static void held_lock_times_out(void **state)
{
	struct place *place = *state;
	pid_t pid = start_holder(place->conf);
	struct swk_store store = open_store(place->conf);
	struct sigaction before, after;
	struct swk_error error = {0};
	bool waited = false;

	assert_int_equal(sigaction(SIGALRM, NULL, &before), 0);
	assert_int_equal(swk_store_lock(&store, swk_now_ms(), &waited, &error), SWK_TEMPFAIL);
	assert_true(waited);
	unit_says("held", error.text, "another run held the lock");
	/* Nothing is left of the waiting. */
	assert_int_equal(sigaction(SIGALRM, NULL, &after), 0);
	assert_ptr_equal(after.sa_handler, before.sa_handler);
	swk_store_close(&store);
	kill_holder(pid);
}

static void killed_holder_releases_the_lock(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};
	bool waited = true;

	kill_holder(start_holder(place->conf));
	assert_int_equal(swk_store_lock(&store, swk_now_ms(), &waited, &error), 0);
	assert_false(waited);
	swk_store_close(&store);
}

/* Trying neither waits nor shows others that it waits. */
static void held_lock_is_not_waited_for(void **state)
{
	struct place *place = *state;
	pid_t pid = start_holder(place->conf);
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};
	bool taken = true;

	assert_int_equal(swk_store_try_lock(&store, &taken, &error), 0);
	assert_false(taken);
	assert_int_equal(store.lock_descriptor, -1);
	kill_holder(pid);
	/* Twice: it is released, and its file stays. */
	for (int i = 0; i < 2; i++) {
		assert_int_equal(swk_store_try_lock(&store, &taken, &error), 0);
		assert_true(taken);
		assert_int_equal(swk_store_check_lock(&store, &error), 0);
		assert_int_equal(about(store.lock).st_mode & 07777, 0600);
		swk_store_unlock(&store);
	}
	swk_store_close(&store);
}

/* What others write into it stays. */
static void trying_keeps_the_content_of_the_lock(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};
	struct stat before, after;
	bool taken = false;

	put(store.lock, "word", 0600);
	before = about(store.lock);
	assert_int_equal(swk_store_try_lock(&store, &taken, &error), 0);
	assert_true(taken);
	swk_store_close(&store);
	after = about(in(place, "a.conf.lock"));
	assert_int_equal(after.st_size, 4);
	assert_int_equal(after.st_mtim.tv_sec, before.st_mtim.tv_sec);
	assert_int_equal(after.st_mtim.tv_nsec, before.st_mtim.tv_nsec);
}

/* Whether a process waits for a file lock, according to the kernel. */
static bool waits(pid_t pid)
{
	char line[256], desired[32];
	FILE *locks = fopen("/proc/locks", "r");
	bool found = false;

	assert_non_null(locks);
	(void)snprintf(desired, sizeof(desired), " %d ", (int)pid);
	while (!found && fgets(line, sizeof(line), locks))
		found = strstr(line, "->") && strstr(line, desired);
	(void)fclose(locks);
	return found;
}

static void wait_for_holder(const struct place *place, bool removed)
{
	pid_t holder = start_holder(place->conf), waiter = start_process();
	const struct timespec moment = {0, 1000000};
	int status;

	if (!waiter) {
		struct swk_store store;
		struct swk_error error = {0};
		bool waited = false;

		if (swk_store_open(&store, place->conf, &error) ||
		    swk_store_lock(&store, A_LONG_TIME, &waited, &error) || !waited ||
		    swk_store_check_lock(&store, &error))
			_exit(1);
		swk_store_close(&store);
		_exit(0);
	}
	while (!waits(waiter) && !waitpid(waiter, &status, WNOHANG))
		(void)nanosleep(&moment, NULL);
	if (removed)
		assert_int_equal(unlink(in(place, "a.conf.lock")), 0);
	kill_holder(holder);
	assert_int_equal(waitpid(waiter, &status, 0), waiter);
	assert_true(WIFEXITED(status));
	assert_int_equal(WEXITSTATUS(status), 0);
}

static void waiting_ends_with_the_lock(void **state)
{
	wait_for_holder(*state, false);
}

/* The next run would lock another file. */
static void waiting_for_a_removed_lock(void **state)
{
	wait_for_holder(*state, true);
}

static void lock_is_not_a_file(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};
	bool waited;

	/* A link is not followed, because it could create a file anywhere. */
	assert_int_equal(symlink("elsewhere", store.lock), 0);
	assert_int_equal(swk_store_lock(&store, A_LONG_TIME, &waited, &error), SWK_CANTCREATE);
	unit_says("link", error.text, "the lock cannot be opened");
	error = (struct swk_error){0};
	assert_int_equal(swk_store_try_lock(&store, &waited, &error), SWK_CANTCREATE);
	assert_false(waited);
	assert_int_equal(access(in(place, "elsewhere"), F_OK), -1);
	swk_store_close(&store);
}

#define TEST(name) cmocka_unit_test_setup_teardown(name, make_place, remove_place)

/* ---- the previous file ---- */

static int commit(struct swk_store *store, const char *text, bool *done, struct swk_error *error)
{
	struct swk_buffer buffer;
	int status;

	*done = false;
	swk_buffer_init(&buffer, 1000);
	assert_int_equal(swk_buffer_add(&buffer, text, strlen(text), error), 0);
	status = swk_store_commit(store, swk_content_of(&buffer), done, error);
	swk_buffer_free(&buffer);
	return status;
}

static void must_commit(struct swk_store *store, const char *text)
{
	struct swk_error error = {0};
	bool done;

	assert_int_equal(commit(store, text, &done, &error), 0);
	assert_true(done);
	must_hold(store->conf, text);
	assert_int_equal(access(store->kept, F_OK), -1);
	assert_int_equal(access(store->temporary, F_OK), -1);
}

static void previous_file_is_kept(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct stat first;

	must_commit(&store, "one");
	assert_false(swk_file_exists(store.previous));
	assert_int_equal(chmod(store.conf, 0640), 0);
	first = about(store.conf);
	must_commit(&store, "two");
	must_hold(store.previous, "one");
	/* The same inode, not a copy. */
	assert_int_equal(about(store.previous).st_ino, first.st_ino);
	assert_int_equal(about(store.previous).st_mode & 07777, 0640);
	must_commit(&store, "three");
	must_hold(swk_store_previous(&store), "two");
	swk_store_close(&store);
}

/* A commit that is interrupted before or after the new conf file is in place. */
static void interrupted_commit(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};
	bool done;

	must_commit(&store, "one");
	must_commit(&store, "two");
	assert_int_equal(link(store.conf, store.kept), 0);
	must_hold(swk_store_previous(&store), "one");
	must_commit(&store, "three");
	must_hold(store.previous, "two");
	/* The same with a copy. */
	put(store.kept, "three", 0644);
	must_hold(swk_store_previous(&store), "two");
	assert_int_equal(unlink(store.kept), 0);

	assert_int_equal(link(store.conf, store.kept), 0);
	put(in(place, "new"), "four", 0644);
	assert_int_equal(rename(in(place, "new"), store.conf), 0);
	must_hold(swk_store_previous(&store), "three");
	must_commit(&store, "five");
	must_hold(store.previous, "four");

	/* rename() does nothing if both names belong to one file. */
	assert_int_equal(unlink(store.previous), 0);
	assert_int_equal(link(store.conf, store.previous), 0);
	assert_int_equal(link(store.conf, store.kept), 0);
	assert_int_equal(commit(&store, "six", &done, &error), 0);
	must_hold(swk_store_previous(&store), "five");
	must_commit(&store, "seven");
	must_hold(swk_store_previous(&store), "six");
	swk_store_close(&store);
}

static void obstacles_are_not_followed(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};
	bool done;

	must_commit(&store, "one");
	put(in(place, "other"), "theirs", 0644);
	assert_int_equal(symlink("other", store.kept), 0);
	assert_int_equal(symlink("other", store.previous), 0);
	assert_string_equal(swk_store_previous(&store), store.previous);
	must_commit(&store, "two");
	must_hold(store.previous, "one");
	must_hold(in(place, "other"), "theirs");

	assert_int_equal(mkdir(store.kept, 0755), 0);
	assert_int_equal(commit(&store, "three", &done, &error), SWK_CANTCREATE);
	assert_false(done);
	unit_says("kept", error.text, "a.conf.previous.tmp: is in the way");
	must_hold(store.conf, "two");
	assert_int_equal(rmdir(store.kept), 0);

	/* The first commit leaves the old file with its other name, the next one refuses. */
	assert_int_equal(unlink(store.previous), 0);
	assert_int_equal(mkdir(store.previous, 0755), 0);
	error = (struct swk_error){0};
	assert_int_equal(commit(&store, "three", &done, &error), 0);
	assert_true(done);
	must_hold(swk_store_previous(&store), "two");
	assert_int_equal(commit(&store, "four", &done, &error), SWK_CANTCREATE);
	assert_false(done);
	unit_says("previous", error.text, "a.conf.previous: is in the way");
	must_hold(store.conf, "three");
	assert_int_equal(rmdir(store.previous), 0);
	must_hold(swk_store_previous(&store), "two");
	must_commit(&store, "four");
	must_hold(store.previous, "three");
	swk_store_close(&store);
}

/* Without its file the lock does not keep other runs out, so nothing is written. */
static void lost_lock(void **state)
{
	struct place *place = *state;
	bool waited;

	for (int replaced = 0; replaced < 2; replaced++) {
		struct swk_store store = open_store(place->conf);
		struct swk_error error = {0}, again = {0}, removing = {0};
		bool done;

		put(store.hold, "hold", 0644);
		put(store.conf, "old", 0644);
		assert_int_equal(swk_store_lock(&store, A_LONG_TIME, &waited, &error), 0);
		must_commit(&store, "one");
		assert_int_equal(unlink(store.lock), 0);
		if (replaced)
			put(store.lock, "", 0600);
		assert_int_equal(commit(&store, "two", &done, &error), SWK_TEMPFAIL);
		assert_false(done);
		unit_says("lost", error.text, "a.conf.lock was removed or replaced while");
		assert_int_equal(replace(&store, store.state, "new", &again), SWK_TEMPFAIL);
		assert_int_equal(swk_store_remove(&store, store.hold, &removing), SWK_TEMPFAIL);
		must_hold(store.conf, "one");
		must_hold(store.previous, "old");
		assert_true(swk_file_exists(store.hold));
		assert_false(swk_file_exists(store.state));
		swk_store_close(&store);
	}
}

static void has_and_remove(void **state)
{
	struct place *place = *state;
	struct swk_store store = open_store(place->conf);
	struct swk_error error = {0};

	assert_false(swk_file_exists(store.hold));
	assert_int_equal(swk_store_remove(&store, store.hold, &error), 0);
	assert_int_equal(symlink("nowhere", store.hold), 0);
	assert_true(swk_file_exists(store.hold));
	assert_int_equal(swk_store_remove(&store, store.hold, &error), 0);
	assert_false(swk_file_exists(store.hold));
	assert_int_equal(mkdir(store.hold, 0755), 0);
	assert_true(swk_file_exists(store.hold));
	assert_int_equal(swk_store_remove(&store, store.hold, &error), SWK_CANTCREATE);
	unit_says("hold", error.text, "a.conf.hold: cannot be removed");
	swk_store_close(&store);
}

/* ---- a file outside the store ---- */

static char *text_of(const char *path)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	bool exists;

	swk_buffer_init(&text, 1000);
	assert_int_equal(swk_file_read_nofollow(path, &text, &exists, &error), 0);
	return text.data;
}

/* Replaces a.prom; returns the status. */
static int replace_alone(const struct place *place, const char *text, struct swk_error *error)
{
	struct swk_buffer buffer;
	struct swk_store store;
	bool replaced = false;
	int status = swk_store_open_alone(&store, in(place, "a.prom"), error);

	swk_buffer_init(&buffer, 1000);
	if (!status)
		status = swk_buffer_add(&buffer, text, strlen(text), error);
	if (!status)
		status = swk_store_lock_folder(&store, swk_now_ms(), error);
	if (!status)
		status = swk_store_replace(&store, store.conf, &buffer, false, &replaced, error);
	swk_buffer_free(&buffer);
	swk_store_close(&store);
	return status;
}

/* Whatever was there before, the new file is readable for others, and no link is followed. */
static void replace_alone_takes_the_place(void **state)
{
	const struct place *place = *state;
	struct swk_error error = {0};
	struct stat about;
	char path[128], other[128], *text;

	(void)strcpy(path, in(place, "a.prom"));
	(void)strcpy(other, in(place, "other"));
	put(other, "precious", 0600);
	for (unsigned round = 0; round < 5; round++) {
		mode_t mask = umask(round == 1 ? 077 : 022);

		if (round == 2)
			put(path, "old", 0600);
		if (round >= 3)
			assert_int_equal(unlink(path), 0);
		if (round == 3)
			assert_int_equal(symlink(other, path), 0);
		if (round == 4)
			assert_int_equal(symlink(other, in(place, ".a.prom.tmp")), 0);
		assert_int_equal(replace_alone(place, "new", &error), 0);
		(void)umask(mask);
		assert_int_equal(lstat(path, &about), 0);
		assert_true(S_ISREG(about.st_mode));
		assert_int_equal(about.st_mode & 07777, 0644);
		text = text_of(path);
		assert_string_equal(text, "new");
		free(text);
		text = text_of(other);
		assert_string_equal(text, "precious");
		free(text);
		assert_int_equal(access(in(place, ".a.prom.tmp"), F_OK), -1);
	}
}

static void read_alone_follows_no_link(void **state)
{
	const struct place *place = *state;
	struct swk_error error = {0};
	struct swk_buffer text;
	char other[128];
	bool exists;

	(void)strcpy(other, in(place, "other"));
	put(other, "secret", 0600);
	assert_int_equal(symlink(other, in(place, "a.prom")), 0);
	swk_buffer_init(&text, 1000);
	assert_int_equal(swk_file_read_nofollow(in(place, "a.prom"), &text, &exists, &error),
			 SWK_CANTCREATE);
	assert_int_equal(text.length, 0);
	swk_buffer_free(&text);
}

/* One run at a time: the folder itself is locked, and no lock file is created. */
static void lock_alone_locks_the_folder(void **state)
{
	const struct place *place = *state;
	struct swk_error error = {0};
	struct swk_store store;

	assert_int_equal(swk_store_open_alone(&store, in(place, "a.prom"), &error), 0);
	assert_int_equal(swk_store_lock_folder(&store, A_LONG_TIME, &error), 0);
	assert_int_equal(replace_alone(place, "new", &error), SWK_TEMPFAIL);
	assert_int_equal(access(in(place, "a.prom"), F_OK), -1);
	swk_store_close(&store);
	error = (struct swk_error){0};
	assert_int_equal(replace_alone(place, "new", &error), 0);
	assert_int_equal(unlink(in(place, "a.prom")), 0);
	assert_int_equal(rmdir(place->directory), 0);
	assert_int_equal(replace_alone(place, "new", &error), SWK_CANTCREATE);
	assert_int_equal(mkdir(place->directory, 0700), 0);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		TEST(names_beside_the_file),
		TEST(no_directory),
		TEST(reads_any_bytes),
		TEST(reads_missing_file),
		TEST(refuses_other_things),
		TEST(new_file_is_for_all_to_read),
		TEST(replacing_keeps_mode_and_owner),
		TEST(root_gives_new_files_to_the_directorys_owner),
		TEST(empty_text_makes_an_empty_file),
		TEST(left_temporary_is_swept),
		TEST(symbolic_links_stay),
		TEST(dangling_link),
		TEST(conf_is_not_a_file),
		TEST(failing_leaves_the_old_file),
		TEST(bad_state_is_set_aside),
		TEST(previous_file_is_kept),
		TEST(interrupted_commit),
		TEST(obstacles_are_not_followed),
		TEST(lost_lock),
		TEST(has_and_remove),
		TEST(replace_alone_takes_the_place),
		TEST(read_alone_follows_no_link),
		TEST(lock_alone_locks_the_folder),
		TEST(free_lock_is_taken_at_once),
		TEST(held_lock_times_out),
		TEST(killed_holder_releases_the_lock),
		TEST(held_lock_is_not_waited_for),
		TEST(trying_keeps_the_content_of_the_lock),
		TEST(waiting_ends_with_the_lock),
		TEST(waiting_for_a_removed_lock),
		TEST(lock_is_not_a_file),
	};

	return cmocka_run_group_tests_name("store", tests, NULL, NULL);
}
