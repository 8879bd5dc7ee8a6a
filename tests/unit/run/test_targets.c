/* SPDX-License-Identifier: MIT */
/* Whole runs against a kind of target that is in memory, with faults on demand. */
#include "unit.h"

#include <arpa/inet.h>
#include <netinet/in.h>
#include <poll.h>
#include <pthread.h>
#include <sys/socket.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#include "run/apply.h"
#include "store/store.h"
#include "target/dyups/dyups.h"

/* ---- the clock: in place of libc's, so that a pause takes no time ---- */

static _Atomic int64_t slept_ns;

static void (*in_next_pause)(void); /* done once */

int nanosleep(const struct timespec *pause, struct timespec *left)
{
	void (*now)(void) = in_next_pause;

	(void)left;
	in_next_pause = NULL;
	if (now)
		now();
	slept_ns += (int64_t)pause->tv_sec * 1000000000 + pause->tv_nsec;
	return 0;
}

int clock_gettime(clockid_t id, struct timespec *now)
{
	int result = (int)syscall(SYS_clock_gettime, id, now);
	int64_t ns = now->tv_nsec + slept_ns;

	now->tv_sec += ns / 1000000000;
	now->tv_nsec = ns % 1000000000;
	return result;
}

/* ---- the kind ---- */

enum fault {
	WORKS,
	LATER,	    /* confirms nothing */
	REFUSES,    /* refuses everything */
	REJECTS,    /* says that web is invalid */
	DRAINS,	    /* drains what it shall delete */
	UNDECLARED, /* creates nothing */
	FITS,	    /* takes weights up to 5 */
	DEAD,	    /* does not answer, and says nothing of later */
	BUSY,	    /* answers later, but not in this run */
	BUSY_ONCE,  /* answers the second time */
	SILENT,	    /* says nothing when it is read */
	LATE,	    /* says nothing when it is read, until it was stopped once */
	STUCK,	    /* says nothing when it is changed */
	MEETS,	    /* changes something only while each other target that meets does */
	NO_MEMORY,
	DYUPS,	    /* not in memory: a dyups interface that takes everything */
	DYUPS_GONE, /* the same where nothing listens */
};

struct memory {
	enum fault fault;
	struct swk_upstreams has;
	unsigned reads;
	int silent_ms;	  /* so long it is silent if nothing stops it */
	unsigned stopped; /* how often it was */
};

static struct memory memories[20];
static size_t memory_count;
static int stuck[2] = {-1, -1}; /* a pipe that gets a byte as soon as a target is stuck */

static int memory_open(struct swk_target *target, const struct swk_settings *settings,
		       const struct swk_target_settings *its, struct swk_error *error)
{
	(void)settings;
	target->own = &memories[atoi(its->name + 1)];
	target->name = strdup(its->name);
	target->address = target->name;
	return target->name ? 0 : swk_error_memory(error);
}

static void memory_close(struct swk_target *target)
{
	free(target->name);
}

static void be_silent(struct swk_target *target)
{
	struct memory *own = target->own;

	for (int left = own->silent_ms; left > 0 && !swk_target_is_stopped(target); left -= 5)
		(void)poll(NULL, 0, 5);
	own->stopped += swk_target_is_stopped(target);
}

static int memory_read(struct swk_target *target, enum swk_depth depth, const char *name,
		       int64_t deadline, struct swk_error *error)
{
	struct memory *own = target->own;
	bool busy = own->fault == BUSY || (own->fault == BUSY_ONCE && !own->reads);
	bool silent = own->fault == SILENT || (own->fault == LATE && !own->stopped);

	(void)name;
	(void)deadline;
	own->reads++;
	swk_live_free(&target->live);
	target->trouble = (struct swk_error){0};
	target->passing = busy;
	target->given_up = busy || silent || own->fault == DEAD;
	if (silent)
		be_silent(target);
	if (own->fault == NO_MEMORY)
		return swk_error_memory(error);
	if (target->given_up) {
		(void)swk_error_set(&target->trouble, SWK_TEMPFAIL, "%s: no answer", target->name);
		return 0;
	}
	target->live.readable = depth >= SWK_DEPTH_STATE ? SWK_READ_ATTRIBUTES : SWK_READ_NAMES;
	for (size_t i = 0; i < own->has.count; i++)
		assert_int_equal(swk_upstreams_append_copy(&target->live.upstreams,
							   &own->has.list[i], error),
				 0);
	return 0;
}

/* Returns when all targets that meet are here, or after a time in which they should be. */
static void meet(void)
{
	static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
	static pthread_cond_t all_here = PTHREAD_COND_INITIALIZER;
	static size_t here;
	size_t expected = 0, goal;
	struct timespec patience;

	for (size_t i = 0; i < memory_count; i++)
		expected += memories[i].fault == MEETS;
	patience = (struct timespec){.tv_sec = time(NULL) + 10};
	(void)pthread_mutex_lock(&mutex);
	goal = (here++ / expected + 1) * expected;
	while (here < goal && !pthread_cond_timedwait(&all_here, &mutex, &patience))
		;
	if (here < goal)
		fail_msg("the targets did not meet");
	(void)pthread_cond_broadcast(&all_here);
	(void)pthread_mutex_unlock(&mutex);
}

static void change(struct memory *own, const struct swk_operation *operation)
{
	const struct swk_upstreams before = own->has;
	struct swk_upstreams after = {0};
	struct swk_error error = {0};

	for (size_t i = 0; i < before.count; i++) {
		if (strcmp(before.list[i].name, operation->name) != 0)
			(void)swk_upstreams_append_copy(&after, &before.list[i], &error);
	}
	if (operation->upstream)
		(void)swk_upstreams_append_copy(&after, operation->upstream, &error);
	(void)swk_upstreams_sort(&after);
	swk_upstreams_free(&own->has);
	own->has = after;
}

static enum swk_target_result memory_change(struct memory *own,
					    const struct swk_operation *operation)
{
	switch (own->fault) {
	case LATER:
		return SWK_TARGET_PENDING;
	case REFUSES:
		return SWK_TARGET_REFUSED;
	case REJECTS:
		if (!strcmp(operation->name, "web") && operation->upstream &&
		    (operation->confirmed || operation->is_new))
			return SWK_TARGET_INVALID;
		break;
	case DRAINS:
		if (!operation->upstream)
			return SWK_TARGET_DRAINING;
		break;
	case UNDECLARED:
		return SWK_TARGET_UNDECLARED;
	case MEETS:
		meet();
		break;
	default:
		break;
	}
	change(own, operation);
	return SWK_TARGET_DONE;
}

static const char *memory_fit(const struct swk_target *target, struct swk_upstream *upstream)
{
	const char *change = NULL;

	for (size_t i = 0; i < upstream->count; i++) {
		struct swk_server *server = &upstream->servers[i];

		if (((struct memory *)target->own)->fault != FITS || server->weight <= 5)
			continue;
		server->weight = 5;
		change = "weights above 5 become 5";
	}
	return change;
}

static int memory_apply(struct swk_target *target, const struct swk_plan *plan,
			struct swk_target_outcome *outcomes, int64_t deadline,
			struct swk_error *error)
{
	struct memory *own = target->own;

	(void)deadline;
	if (own->fault == STUCK) {
		if (stuck[1] >= 0)
			assert_int_equal(write(stuck[1], "", 1), 1);
		be_silent(target);
		target->given_up = true;
		return 0;
	}
	for (size_t i = 0; i < plan->count; i++) {
		outcomes[i].result = memory_change(own, &plan->list[i]);
		if (outcomes[i].result != SWK_TARGET_DONE &&
		    asprintf(&outcomes[i].reason, "%s: not %s", target->name, plan->list[i].name) <
			    0)
			return swk_error_memory(error);
		if (target->progress)
			target->progress(target, i + 1);
	}
	return 0;
}

/* In place of target/kinds.c. */
const char *const swk_target_kinds[] = {"dyups", "memory", NULL};
static const struct swk_target_keys no_keys;
const struct swk_target_keys *const swk_target_keys[] = {&swk_dyups_keys, &no_keys};

const struct swk_target_kind *swk_target_kind(unsigned kind)
{
	static const struct swk_target_kind memory = {
		.open = memory_open,
		.close = memory_close,
		.read = memory_read,
		.fit = memory_fit,
		.apply = memory_apply,
	};

	return kind ? &memory : &swk_target_dyups;
}

/* ---- a dyups interface ---- */

static unsigned dyups_port;

/* Takes every change, and says that it has no upstream. */
static void *serve(void *context)
{
	int listener = *(int *)context;

	for (;;) {
		char request[4096] = "", answer[128];
		int client = accept(listener, NULL, NULL);
		const char *status = "200 OK";

		if (client < 0)
			continue;
		if (read(client, request, sizeof(request) - 1) > 0) {
			if (!strncmp(request, "GET /list", 9))
				status = "204 No Content";
			else if (!strncmp(request, "GET", 3))
				status = "404 Not Found";
			(void)snprintf(answer, sizeof(answer),
				       "HTTP/1.1 %s\r\nContent-Length: 0\r\n"
				       "Connection: close\r\n\r\n",
				       status);
			(void)!write(client, answer, strlen(answer));
		}
		(void)close(client);
	}
	return NULL;
}

static int start_dyups(void **state)
{
	static int listener;
	struct sockaddr_in address = {.sin_family = AF_INET,
				      .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
	socklen_t length = sizeof(address);
	pthread_t thread;

	(void)state;
	listener = socket(AF_INET, SOCK_STREAM, 0);
	if (listener < 0 || bind(listener, (struct sockaddr *)&address, sizeof(address)) ||
	    listen(listener, 16) || getsockname(listener, (struct sockaddr *)&address, &length) ||
	    pthread_create(&thread, NULL, serve, &listener))
		return -1;
	dyups_port = ntohs(address.sin_port);
	return 0;
}

/* ---- runs ---- */

#define INSTANCE(service, id, tags, address)                                                       \
	"{\"Node\":{\"Node\":\"n\",\"Address\":\"10.9.9.9\"},\"Service\":{\"Service\":\"" service  \
	"\",\"ID\":\"" id "\",\"Tags\":[" tags "],\"Address\":\"" address                          \
	"\",\"Port\":80},\"Checks\":[]}"

static const char both[] = "[" INSTANCE("web", "w1", "", "10.0.0.1") "," INSTANCE(
	"web", "w2", "\"gray=a\"", "10.0.0.2") "]";
static const char three[] = "[" INSTANCE("web", "w1", "", "10.0.0.1") "," INSTANCE(
	"web", "w2", "\"gray=a\"", "10.0.0.2") "," INSTANCE("web", "w3", "\"gray=b\"",
							    "10.0.0.3") "]";
static const char plain[] = "[" INSTANCE("web", "w1", "", "10.0.0.1") "]";

/* Settings with a target for each fault, and a conf file in a new folder. */
static void set_up(struct swk_settings *settings, const enum fault *faults, size_t count)
{
	char folder[] = "/tmp/swk-targets.XXXXXX";
	struct swk_error error = {0};

	assert_non_null(mkdtemp(folder));
	assert_int_equal(swk_settings_init(settings, &error), 0);
	free(settings->conf);
	assert_true(asprintf(&settings->conf, "%s/conf", folder) > 0);
	settings->timeout = 6;
	swk_settings_clear_targets(settings);
	memory_count = count;
	for (size_t i = 0; i < count; i++) {
		const bool dyups = faults[i] >= DYUPS;
		struct swk_target_settings *its =
			swk_settings_add_target(settings, dyups ? 0 : 1, &error);

		memories[i] = (struct memory){.fault = faults[i]};
		if (dyups)
			assert_true(asprintf(&((struct swk_dyups_settings *)its->own)->url,
					     "http://127.0.0.1:%u",
					     faults[i] == DYUPS ? dyups_port : 9) > 0);
		its->where = strdup("the test");
		assert_true(asprintf(&its->name, "m%zu", i) > 0);
	}
}

static void tear_down(struct swk_settings *settings)
{
	char *command;

	for (size_t i = 0; i < memory_count; i++)
		swk_upstreams_free(&memories[i].has);
	*strrchr(settings->conf, '/') = '\0';
	assert_true(asprintf(&command, "rm -r %s", settings->conf) > 0);
	assert_int_equal(system(command), 0);
	free(command);
	swk_settings_free(settings);
}

/* Runs with a document, and compares the status and, for each target, its upstreams and how many
 * are pending. */
static void apply(const struct swk_settings *settings, const char *document, const char *row,
		  int expected, const char *const *shown)
{
	struct swk_report report;
	struct swk_error error = {0};
	int descriptors[2];

	assert_int_equal(pipe(descriptors), 0);
	assert_int_equal(write(descriptors[1], document, strlen(document)), strlen(document));
	(void)close(descriptors[1]);
	swk_report_init(&report);
	unit_number(row, swk_apply(settings, descriptors[0], &report, NULL, NULL, &error),
		    expected);
	(void)close(descriptors[0]);
	for (size_t i = 0; shown && i < memory_count; i++) {
		const struct swk_upstreams *has = &memories[i].has;
		char text[256] = "";

		for (size_t j = 0; j < has->count; j++)
			(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "%s ",
				       has->list[j].name);
		(void)snprintf(text + strlen(text), sizeof(text) - strlen(text), "/ %zu",
			       report.targets[i].pending);
		unit_same(row, text, shown[i]);
	}
	if (expected == SWK_TEMPFAIL)
		assert_int_not_equal(report.counted[SWK_NOTE_PENDING], 0);
	swk_report_free(&report);
}

static void results(void **state)
{
	static const struct {
		const char *name;
		enum fault faults[3];
		size_t count;
		int first, second; /* statuses: of both upstreams, and of the deletion of web_a */
		const char *shown[3], *then[3];
	} rows[] = {
		{"done", {WORKS}, 1, 0, 0, {"web web_a / 0"}, {"web / 0"}},
		{"pending", {LATER}, 1, 75, 75, {"/ 2"}, {"/ 2"}},
		{"refused", {REFUSES}, 1, 75, 75, {"/ 2"}, {"/ 2"}},
		{"draining", {DRAINS}, 1, 0, 0, {"web web_a / 0"}, {"web web_a / 0"}},
		{"undeclared", {UNDECLARED}, 1, 0, 0, {"/ 0"}, {"/ 0"}},
		{"dead", {DEAD}, 1, 75, 75, {"/ 2"}, {"/ 2"}},
		{"busy", {BUSY}, 1, 75, 75, {"/ 2"}, {"/ 2"}},
		{"busy once", {BUSY_ONCE}, 1, 0, 0, {"web web_a / 0"}, {"web / 0"}},
		{"three of them",
		 {WORKS, WORKS, WORKS},
		 3,
		 0,
		 0,
		 {"web web_a / 0", "web web_a / 0", "web web_a / 0"},
		 {"web / 0", "web / 0", "web / 0"}},
		{"the others are sent theirs",
		 {DEAD, WORKS, LATER},
		 3,
		 75,
		 75,
		 {"/ 2", "web web_a / 0", "/ 2"},
		 {"/ 2", "web / 0", "/ 2"}},
		{"one that answers later",
		 {BUSY_ONCE, WORKS},
		 2,
		 0,
		 0,
		 {"web web_a / 0", "web web_a / 0"},
		 {"web / 0", "web / 0"}},
		{"beside dyups",
		 {WORKS, DYUPS},
		 2,
		 0,
		 0,
		 {"web web_a / 0", "/ 0"},
		 {"web / 0", "/ 0"}},
		{"later, beside dyups", {LATER, DYUPS}, 2, 75, 75, {"/ 2", "/ 0"}, {"/ 2", "/ 0"}},
		{"beside a dyups interface that is gone",
		 {WORKS, DYUPS_GONE},
		 2,
		 75,
		 75,
		 {"web web_a / 0", "/ 2"},
		 {"web / 0", "/ 2"}},
		{"at the same time",
		 {MEETS, MEETS, MEETS},
		 3,
		 0,
		 0,
		 {"web web_a / 0", "web web_a / 0", "web web_a / 0"},
		 {"web / 0", "web / 0", "web / 0"}},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_settings settings;

		set_up(&settings, rows[i].faults, rows[i].count);
		apply(&settings, both, rows[i].name, rows[i].first, rows[i].shown);
		apply(&settings, plain, rows[i].name, rows[i].second, rows[i].then);
		tear_down(&settings);
	}
}

/* A target is sent only what it receives, and has nothing else pending. */
static void selection(void **state)
{
	static const char document[] = "[" INSTANCE("web", "w1", "", "10.0.0.1") "," INSTANCE(
		"api", "a1", "", "10.0.0.3") "]";
	static const enum fault faults[] = {WORKS, WORKS, WORKS, LATER};
	static const char *const shown[] = {"api web / 0", "web / 0", "api / 0", "/ 1"};
	struct swk_settings settings;
	struct swk_error error = {0};

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	(void)swk_texts_add(&settings.targets[1].selection.include, "w*", &error);
	(void)swk_texts_add(&settings.targets[2].selection.exclude, "web", &error);
	(void)swk_texts_add(&settings.targets[3].selection.exclude, "web", &error);
	apply(&settings, document, "selection", SWK_TEMPFAIL, shown);
	tear_down(&settings);
}

/* One target gets what it takes, and the other what FILE has. */
static void fitted(void **state)
{
	static const char document[] =
		"[" INSTANCE("web", "w1", "\"nginx:weight=20\"", "10.0.0.1") "]";
	static const enum fault faults[] = {FITS, WORKS};
	static const char *const shown[] = {"web / 0", "web / 0"};
	struct swk_settings settings;

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	apply(&settings, document, "fitted", 0, shown);
	assert_int_equal(memories[0].has.list[0].servers[0].weight, 5);
	assert_int_equal(memories[1].has.list[0].servers[0].weight, 20);
	tear_down(&settings);
}

/* However many targets fail, those that work get their upstreams. */
static void many_failures(void **state)
{
	static const enum fault kinds[] = {DEAD, BUSY, LATER, REFUSES};

	(void)state;
	for (size_t count = 4; count <= 16; count += 12) {
		enum fault faults[17];
		const char *shown[17];
		struct swk_settings settings;

		for (size_t i = 0; i < count; i++) {
			faults[i] = kinds[i % COUNT(kinds)];
			shown[i] = "/ 2";
		}
		faults[count] = WORKS;
		shown[count] = "web web_a / 0";
		set_up(&settings, faults, count + 1);
		apply(&settings, both, "many", SWK_TEMPFAIL, shown);
		tear_down(&settings);
	}
}

/* In the tests of silent targets: longer than a run waits, and longer than it may wait. */
enum { SHORT_MS = 1500, LONG_MS = 20000 };

/* A silent target with these upstreams, beside one that works; `stopped`: whether the run does not
 * wait for it. */
static void beside_silent(const struct swk_settings *settings, const char *row, enum fault fault,
			  const char *document, bool stopped, int status, const char *silent,
			  const char *other)
{
	const char *const shown[] = {silent, other};

	memories[0].fault = fault;
	memories[0].silent_ms = stopped ? LONG_MS : SHORT_MS;
	memories[0].stopped = 0;
	apply(settings, document, row, status, shown);
	unit_number(row, memories[0].stopped, stopped);
}

static void silent_while_read(void **state)
{
	static const enum fault faults[] = {WORKS, WORKS};
	struct swk_settings settings;

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	beside_silent(&settings, "both work", WORKS, both, false, 0, "web web_a / 0",
		      "web web_a / 0");
	beside_silent(&settings, "it answers after the others have theirs", LATE, plain, true, 0,
		      "web / 0", "web / 0");
	beside_silent(&settings, "a new name waits", SILENT, both, false, 75, "web / 1",
		      "web web_a / 0");
	beside_silent(&settings, "but not for one that was behind", SILENT, three, true, 75,
		      "web / 2", "web web_a web_b / 0");
	beside_silent(&settings, "it works again", WORKS, plain, false, 0, "web / 0", "web / 0");
	tear_down(&settings);
}

static void silent_while_changed(void **state)
{
	static const enum fault faults[] = {WORKS, WORKS};
	struct swk_settings settings;

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	beside_silent(&settings, "no other run waits", STUCK, plain, false, 75, "/ 1", "web / 0");
	beside_silent(&settings, "it was behind", STUCK, both, true, 75, "/ 2", "web web_a / 0");
	beside_silent(&settings, "it works again", WORKS, both, false, 0, "web web_a / 0",
		      "web web_a / 0");
	tear_down(&settings);
}

/* Takes and releases the lock in another process, once it is held. Returns its id. */
static pid_t wait_in_turn(const struct swk_settings *settings, int held)
{
	struct swk_error error = {0};
	struct swk_store store;
	pid_t pid = fork();
	char byte;
	bool waited = false;

	if (pid)
		return pid;
	(void)!read(held, &byte, 1);
	_exit(swk_store_open(&store, settings->conf, &error) ||
	      swk_store_lock(&store, swk_now_ms() + LONG_MS, &waited, &error) || !waited);
}

static void silent_while_another_run_waits(void **state)
{
	static const enum fault faults[] = {WORKS, WORKS};
	struct swk_settings settings;
	int status;
	pid_t pid;

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	assert_int_equal(pipe(stuck), 0);
	pid = wait_in_turn(&settings, stuck[0]);
	beside_silent(&settings, "another run waits", STUCK, plain, true, 75, "/ 1", "web / 0");
	assert_int_equal(waitpid(pid, &status, 0), pid);
	assert_int_equal(status, 0);
	(void)close(stuck[0]);
	(void)close(stuck[1]);
	stuck[0] = stuck[1] = -1;
	tear_down(&settings);
}

/* One target rejects a change: the other goes back, too, and other upstreams change. */
static void rejected(void **state)
{
	static const char again[] = "[" INSTANCE("web", "w1", "", "10.0.0.7") "]";
	static const char moved[] = "[" INSTANCE("web", "w1", "", "10.0.0.9") "," INSTANCE(
		"web", "w2", "\"gray=a\"", "10.0.0.8") "]";
	static const enum fault faults[] = {WORKS, WORKS};
	static const char *const both_have[] = {"web web_a / 0", "web web_a / 0"};
	static const char *const neither[] = {"web_a / 0", "web_a / 0"};
	struct swk_settings settings;
	char address[SWK_ADDRESS_MAX];

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	apply(&settings, both, "both work", 0, both_have);
	memories[1].fault = REJECTS;
	apply(&settings, moved, "a change", SWK_TEMPFAIL, both_have);
	for (size_t i = 0; i < memory_count; i++) {
		const struct swk_upstreams *has = &memories[i].has;

		unit_same("web goes back", swk_server_address(&has->list[0].servers[0], address),
			  "10.0.0.1:80");
		unit_same("web_a changes", swk_server_address(&has->list[1].servers[0], address),
			  "10.0.0.8:80");
	}
	/* What the only target that answers has confirmed counts, not what both once had. */
	memories[0].fault = DEAD;
	memories[1].fault = WORKS;
	apply(&settings, again, "one is dead", SWK_TEMPFAIL, NULL);
	memories[1].fault = REJECTS;
	apply(&settings, both, "the other rejects", SWK_TEMPFAIL, NULL);
	unit_same("as confirmed last",
		  swk_server_address(&memories[1].has.list[0].servers[0], address), "10.0.0.7:80");
	tear_down(&settings);

	set_up(&settings, faults, COUNT(faults));
	memories[1].fault = REJECTS;
	apply(&settings, both, "a new one", SWK_TEMPFAIL, neither);
	memories[1].fault = WORKS;
	apply(&settings, both, "the same again", SWK_TEMPFAIL, neither);
	apply(&settings, moved, "it changes", 0, both_have);
	tear_down(&settings);
}

static bool in_file(const struct swk_settings *settings, const char *text)
{
	char *command;
	int status;

	assert_true(asprintf(&command, "grep -qF '%s' %s", text, settings->conf) > 0);
	status = system(command);
	free(command);
	return !status;
}

static void rejected_and_nothing_else(void **state)
{
	static const enum fault faults[] = {REJECTS};
	struct swk_settings settings;

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	apply(&settings, plain, "the first upstream of all", SWK_TEMPFAIL, NULL);
	assert_false(in_file(&settings, "upstream web"));
	tear_down(&settings);
}

static const char coloured[] = "[" INSTANCE("web", "w2", "\"gray=a\"", "10.0.0.2") "]";
static const char again[] = "[" INSTANCE("web", "w1", "", "10.0.0.66") "," INSTANCE(
	"web", "w2", "\"gray=a\"", "10.0.0.2") "]";

/* What was deleted does not come back. */
static void rejected_after_a_deletion(void **state)
{
	static const enum fault faults[] = {WORKS, WORKS};
	struct swk_settings settings;

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	apply(&settings, both, "both work", 0, NULL);
	memories[1].fault = DEAD;
	apply(&settings, coloured, "web is deleted, and one is dead", SWK_TEMPFAIL, NULL);
	memories[0].fault = REJECTS;
	apply(&settings, again, "web is back, but rejected", SWK_TEMPFAIL, NULL);
	assert_false(in_file(&settings, "upstream web {"));
	tear_down(&settings);
}

/* A refusal ends with its upstream. */
static void rejected_and_deregistered(void **state)
{
	static const enum fault faults[] = {WORKS};
	struct swk_settings settings;

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	apply(&settings, both, "it works", 0, NULL);
	memories[0].fault = REJECTS;
	apply(&settings, again, "it rejects", SWK_TEMPFAIL, NULL);
	memories[0].fault = WORKS;
	apply(&settings, coloured, "web is deregistered", 0, NULL);
	tear_down(&settings);
}

static const struct swk_settings *of_other_run;
static const char third[] = "[" INSTANCE("web", "w1", "", "10.0.0.3") "]";

static void other_run(void)
{
	memories[0].fault = LATER;
	apply(of_other_run, third, "another run between both passes", SWK_TEMPFAIL, NULL);
}

static void other_run_and_hold(void)
{
	char *command;

	other_run();
	memories[0].fault = REJECTS;
	assert_true(asprintf(&command, "echo x >%s.hold", of_other_run->conf) > 0);
	assert_int_equal(system(command), 0);
	free(command);
}

/* With --verify, another run may write FILE between the passes. */
static void rejected_by_the_second_pass(void **state)
{
	static const enum fault faults[] = {WORKS};
	static const char second[] = "[" INSTANCE("web", "w1", "", "10.0.0.2") "]";
	static const char api[] = "[" INSTANCE("api", "w1", "", "10.0.0.2") "]";
	struct swk_settings settings;

	(void)state;
	of_other_run = &settings;
	set_up(&settings, faults, COUNT(faults));
	apply(&settings, plain, "it works", 0, NULL);
	settings.verify = true;
	in_next_pause = other_run;
	apply(&settings, second, "two runs", SWK_TEMPFAIL, NULL);
	settings.verify = false;
	memories[0].fault = REJECTS;
	apply(&settings, third, "the other run's change is rejected", SWK_TEMPFAIL, NULL);
	assert_false(in_file(&settings, "10.0.0.3"));
	tear_down(&settings);

	set_up(&settings, faults, COUNT(faults));
	apply(&settings, plain, "it works", 0, NULL);
	settings.verify = true;
	in_next_pause = other_run_and_hold;
	apply(&settings, api, "a hold begins", 0, NULL);
	assert_true(in_file(&settings, "10.0.0.3"));
	tear_down(&settings);
}

static void memory_runs_out(void **state)
{
	static const enum fault faults[] = {WORKS, NO_MEMORY};
	struct swk_settings settings;

	(void)state;
	set_up(&settings, faults, COUNT(faults));
	apply(&settings, both, "no memory", SWK_INTERNAL, NULL);
	tear_down(&settings);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(results),
		cmocka_unit_test(selection),
		cmocka_unit_test(fitted),
		cmocka_unit_test(many_failures),
		cmocka_unit_test(memory_runs_out),
		cmocka_unit_test(rejected),
		cmocka_unit_test(rejected_and_nothing_else),
		cmocka_unit_test(rejected_after_a_deletion),
		cmocka_unit_test(rejected_and_deregistered),
		cmocka_unit_test(rejected_by_the_second_pass),
		cmocka_unit_test(silent_while_read),
		cmocka_unit_test(silent_while_changed),
		cmocka_unit_test(silent_while_another_run_waits),
	};

	return cmocka_run_group_tests_name("targets", tests, start_dyups, NULL);
}
