/* SPDX-License-Identifier: MIT */
#include "target/dyups/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/deadline.h"
#include "target/dyups/answer.h"

/* ---- what an answer means ---- */

enum swk_dyups_meaning swk_dyups_meaning(const struct swk_http_request *request,
					 const char **advice)
{
	*advice = "";
	switch (request->status) {
	case 200: /* and no other 2xx: 204 is "nothing was applied" */
		return SWK_DYUPS_DONE;
	case 0:	  /* reset, or no answer in time: nginx restarts, or a worker died */
	case 409: /* dyups_trylock is on, and somebody else holds the lock */
	case 502:
	case 503:
	case 504:
		return SWK_DYUPS_LATER;
	case 404:
		*advice = ": is this the dyups interface?";
		return strcmp(request->method, "DELETE") ? SWK_DYUPS_FINAL : SWK_DYUPS_NOT_THERE;
	case 413:
		*advice = ": client_max_body_size must be larger where dyups_interface stands";
		return SWK_DYUPS_FINAL;
	case 500:
		if (strstr(request->reason, "not sync"))
			return SWK_DYUPS_NOT_SYNC;
		*advice = strstr(request->reason, "save to shm failed")
				  ? ": dyups_shm_zone_size must be larger"
				  : ": nginx's error log has the reason";
		return SWK_DYUPS_FINAL;
	default:
		return SWK_DYUPS_FINAL;
	}
}

/* ---- asking ---- */

int swk_dyups_keep_answer(void *context, const char *data, size_t length, struct swk_error *error)
{
	return swk_buffer_add(context, data, length, error);
}

struct swk_http_request swk_dyups_request(const struct swk_target *target, const char *method,
					  const char *url)
{
	long timeout = target ? (long)target->timeout : 0;
	long quiet = timeout ? timeout : SWK_TARGET_QUIET_S;

	return (struct swk_http_request){.method = method,
					 .url = url,
					 .answer_header = SWK_DYUPS_WORKER,
					 .answer_limit = SWK_LIVE_MAX,
					 .connect_ms = SWK_TARGET_CONNECT_MS,
					 .request_ms =
						 timeout ? timeout * 1000 : SWK_TARGET_REQUEST_MS,
					 .quiet_s = strcmp(method, "GET") ? 0 : quiet};
}

/* Which workers of a target were looked at, as far as its answers name them. */
struct workers {
	bool named;
	uint64_t list[SWK_WORKERS_MAX];
	size_t count;
	size_t in_a_row; /* connections to these, since the last to another */
	bool other;	 /* the last was to another */
};

/* One look at one target: at what the worker has that answers. */
struct look {
	struct swk_target *target;
	bool over;     /* it didn't answer the last: no more of them */
	bool ask;      /* in the next round */
	unsigned left; /* more looks, where it is chance which worker answers */
	struct workers workers;
	char *url;
	struct swk_buffer answer;
	struct swk_buffer last; /* the last /detail that was read, if `again` */
	bool again;
	bool same;			  /* /detail is as it was then: nothing new */
	struct swk_http_request *request; /* NULL: not asked */
	struct swk_live live;
	struct swk_error trouble;
	bool refused;
	bool passing;
};

/* Looks at several targets at once, with what they share. */
struct round {
	struct look *looks;
	struct swk_http_request *requests; /* room for one each */
	size_t count;
	bool fresh; /* each look on a connection of its own */
	struct swk_http *http;
	int64_t deadline;
};

/* GETs one path, which may have a name behind it, for all that are to be asked, at once; and has
 * each answer taken. */
static int ask(struct round *round, const char *path, const char *name,
	       int (*take)(struct look *look, struct swk_error *error), struct swk_error *error)
{
	size_t asked = 0;
	int status;

	for (size_t i = 0; i < round->count; i++) {
		struct look *look = &round->looks[i];

		if (!look->ask)
			continue;
		free(look->url);
		if (asprintf(&look->url, "%s%s%s", look->target->url, path, name) < 0) {
			look->url = NULL;
			return swk_error_memory(error);
		}
		swk_buffer_clear(&look->answer);
		look->request = &round->requests[asked++];
		*look->request = swk_dyups_request(look->target, "GET", look->url);
		look->request->fresh = round->fresh;
		look->request->receive = swk_dyups_keep_answer;
		look->request->context = &look->answer;
	}
	status = swk_http_perform(round->http, round->requests, asked, asked, round->deadline,
				  error);
	for (size_t i = 0; !status && i < round->count; i++) {
		if (round->looks[i].ask)
			status = take(&round->looks[i], error);
	}
	return status;
}

/* Whether the answer has one of two statuses. What else it is, is noted: no answer at all, or one
 * that must be told. */
static bool is_answer(struct look *look, long one, long other)
{
	const struct swk_http_request *request = look->request;
	const struct swk_target *target = look->target;
	/* One that has no name is called by its URL, which is said anyway. */
	const char *name = strcmp(target->name, target->url) ? target->name : "";
	const char *advice;

	look->refused = request->refused;
	look->passing = !request->refused && !request->timed_out &&
			swk_dyups_meaning(request, &advice) == SWK_DYUPS_LATER;
	if (!request->status)
		(void)swk_error_set(&look->trouble, SWK_TEMPFAIL, "%s%s%s", name, *name ? ": " : "",
				    request->error.text);
	else if (request->status != one && request->status != other && !look->ask)
		(void)swk_error_set(&look->trouble, SWK_TEMPFAIL, "%s%s%s answered %ld%s%s", name,
				    *name ? ": " : "", request->url, request->status,
				    *request->reason ? " " : "", request->reason);
	return request->status == one || request->status == other;
}

/* Takes /detail; /list is to be asked where there is none. 204: no upstream at all. */
static int take_detail(struct look *look, struct swk_error *error)
{
	const struct swk_buffer read = look->answer;

	look->ask = look->request->status == 404;
	if (!is_answer(look, 200, 204))
		return 0;
	look->same = look->again && read.length == look->last.length &&
		     (!read.length || !memcmp(read.data, look->last.data, read.length));
	if (look->same)
		return 0;
	/* Where they differ, a series of looks tells what comes and goes. */
	look->workers.named &= !look->again;
	look->answer = look->last;
	look->last = read;
	look->again = true;
	return swk_dyups_read_detail(&look->live, read.data, read.length, error);
}

static int say_no_interface(struct look *look, const char *answers)
{
	(void)swk_error_set(&look->trouble, SWK_TEMPFAIL,
			    "%s: there is no dyups interface (%s %ld): name its URL with --dyups",
			    look->target->name, answers, look->request->status);
	return 0;
}

/* Takes /list where there is no /detail: the stand-alone module's latest source has none. */
static int take_list_for_detail(struct look *look, struct swk_error *error)
{
	look->workers.named = false;
	if (!is_answer(look, 200, 204))
		return say_no_interface(look, "/detail and /list answer 404 and");
	(void)swk_error_set(&look->trouble, SWK_TEMPFAIL,
			    "%s: this dyups module has no /detail: what it holds can't be "
			    "compared, and it serves proxy_pass by a plain variable stale (use "
			    "$dyups_NAME there, or Tengine)",
			    look->target->name);
	return swk_dyups_read_list(&look->live, look->answer.data, look->answer.length, error);
}

static int take_list(struct look *look, struct swk_error *error)
{
	look->ask = look->request->status == 404;
	if (look->ask)
		return say_no_interface(look, "/list answers");
	return is_answer(look, 200, 204) ? swk_dyups_read_list(&look->live, look->answer.data,
							       look->answer.length, error)
					 : 0;
}

/* Takes /upstream/NAME. 404: there is none of that name, or, of the latest source, no telling. */
static int take_upstream(struct look *look, struct swk_error *error)
{
	(void)error;
	look->ask = false;
	if (is_answer(look, 200, 404))
		look->live.readable = SWK_READ_NAMES;
	return 0;
}

/* Notes which worker answered: a look, after which it is known, or a nudge. */
static void note_worker(struct workers *workers, uint64_t worker, bool looked)
{
	size_t i = 0;

	while (i < workers->count && workers->list[i] != worker)
		i++;
	workers->other = i == workers->count;
	workers->in_a_row = workers->other ? 0 : workers->in_a_row + 1;
	if (!worker || (workers->other && workers->count == SWK_WORKERS_MAX)) {
		workers->named = false;
	} else if (workers->other && looked) {
		workers->list[workers->count++] = worker;
		workers->other = false;
	}
}

/* Whom to nudge; for a look, until a worker answers that was not looked at. */
struct nudged {
	const struct swk_target *target;
	struct look *look;
	char *url;
	bool over;
};

static void take_nudge(struct nudged *nudged, const struct swk_http_request *request)
{
	struct look *look = nudged->look;

	nudged->over = !request->status;
	if (nudged->over && look)
		look->over = true;
	if (!nudged->over && look && look->workers.named) {
		note_worker(&look->workers, request->answer_number, false);
		nudged->over = look->workers.named && look->workers.other;
	}
}

/*
 * Makes workers read their queue, and passes the turn to another of them: of connections that come
 * one after the other, nginx gives up to 16 in a row to one worker (measured, as with Tengine). A
 * GET makes the worker that answers read; this one's answer is short: there is no upstream `-`.
 * Of several targets each gets so many; one that doesn't answer is left out from then on.
 */
static void nudge(struct nudged *list, size_t count, struct swk_http *http, unsigned times,
		  int64_t deadline)
{
	struct swk_http_request *requests = calloc(count + 1, sizeof(*requests));
	struct swk_error ignored = {0};

	for (size_t i = 0; i < count; i++) {
		if (asprintf(&list[i].url, "%s/upstream/-", list[i].target->url) < 0)
			list[i].url = NULL;
		list[i].over = !list[i].url;
	}
	for (unsigned i = 0; requests && i < times && !ignored.status; i++) {
		size_t asked = 0, answered = 0;

		for (size_t j = 0; j < count; j++) {
			if (list[j].over)
				continue;
			requests[asked] = swk_dyups_request(NULL, "GET", list[j].url);
			requests[asked++].fresh = true;
		}
		if (!asked)
			break;
		(void)swk_http_perform(http, requests, asked, asked, deadline, &ignored);
		for (size_t j = 0; j < count; j++) {
			if (!list[j].over)
				take_nudge(&list[j], &requests[answered++]);
		}
	}
	for (size_t i = 0; i < count; i++)
		free(list[i].url);
	free(requests);
}

static void use_line(const struct swk_target *target, struct swk_http *line, int64_t deadline)
{
	struct swk_http_request request;
	struct swk_error ignored = {0};
	char *url;

	if (asprintf(&url, "%s/upstream/-", target->url) < 0)
		return;
	request = swk_dyups_request(target, "GET", url);
	(void)swk_http_perform(line, &request, 1, 1, deadline, &ignored);
	free(url);
}

void swk_dyups_drain(struct swk_target *target, bool more, struct swk_http *http, int64_t deadline)
{
	struct nudged one = {.target = target};
	const size_t known = target->line_count;
	size_t wanted = known;
	struct swk_error ignored = {0};

	if (!known || more)
		wanted += SWK_LINES_AT_ONCE;
	for (size_t i = 0; i < known; i++)
		use_line(target, target->lines[i], deadline);
	for (size_t i = known; i < wanted && i < SWK_LINES_MAX; i++) {
		struct swk_http *line = swk_http_open(&ignored);

		if (!line)
			return;
		target->lines[target->line_count++] = line;
		nudge(&one, 1, http, SWK_ACCEPTS_IN_A_ROW, deadline);
		use_line(target, line, deadline);
	}
}

/* Takes a first look over into the target, or adds another one to those before it. One that failed
 * takes nothing from those. */
static int take_look(struct look *look, bool first, struct swk_error *error)
{
	struct swk_target *target = look->target;

	look->over = !look->same && look->live.readable == SWK_READ_NOTHING;
	if (!first)
		return look->over || look->same ? 0
						: swk_live_merge(&target->live, &look->live, error);
	swk_live_free(&target->live);
	target->live = look->live;
	look->live = (struct swk_live){0};
	target->trouble = look->trouble;
	target->refused = look->refused;
	target->passing = look->passing;
	/* Whoever doesn't answer a question isn't told anything either. */
	target->given_up = look->over;
	return 0;
}

/* Whether there may be more to be seen. Where it is chance who answers, there are so many looks;
 * else until all that were looked at have had their turn again, and another could have had it. */
static bool goes_on(const struct look *look)
{
	const struct workers *workers = &look->workers;

	if (look->over)
		return false;
	return workers->named ? workers->in_a_row < (workers->count + 1) * SWK_ACCEPTS_IN_A_ROW
			      : look->left > 0;
}

static bool any_goes_on(const struct round *round)
{
	bool any = false;

	for (size_t i = 0; i < round->count; i++)
		any |= goes_on(&round->looks[i]);
	return any;
}

static void begin_look(struct look *look, bool first)
{
	look->ask = first || (goes_on(look) && (!look->workers.named || look->workers.other));
	look->request = NULL;
	look->trouble = (struct swk_error){0};
	look->same = false;
}

static int end_look(struct look *look, bool first, struct swk_error *error)
{
	note_worker(&look->workers, look->request->answer_number, true);
	if (!first && !look->workers.named && look->left)
		look->left--;
	return take_look(look, first, error);
}

/* One look at each target: at all that it has, or a glance: at its names, or at one upstream. */
static int look_once(struct round *round, bool first, bool glance, const char *name,
		     struct swk_error *error)
{
	int status;

	for (size_t i = 0; i < round->count; i++)
		begin_look(&round->looks[i], first);
	if (!glance) {
		status = ask(round, "/detail", "", take_detail, error);
		if (!status)
			status = ask(round, "/list", "", take_list_for_detail, error);
	} else if (name) {
		status = ask(round, "/upstream/", name, take_upstream, error);
	} else {
		status = ask(round, "/list", "", take_list, error);
	}
	for (size_t i = 0; !status && i < round->count; i++) {
		if (round->looks[i].request)
			status = end_look(&round->looks[i], first, error);
		swk_live_free(&round->looks[i].live);
	}
	return status;
}

/* Passes the turn to other workers. They may take turns, too: hence not always the same number. */
static void turn(const struct round *round, unsigned number, int64_t deadline)
{
	struct nudged *list = calloc(round->count + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; list && i < round->count; i++) {
		if (goes_on(&round->looks[i]))
			list[count++] = (struct nudged){.target = round->looks[i].target,
							.look = &round->looks[i]};
	}
	if (list)
		nudge(list, count, round->http, SWK_ACCEPTS_IN_A_ROW + number % 2, deadline);
	free(list);
}

/* So many looks, or, with none, a glance. */
static int look_at(struct swk_target *targets, size_t count, unsigned looks, const char *name,
		   struct swk_http *http, int64_t deadline, struct swk_error *error)
{
	struct round round = {.looks = calloc(count + 1, sizeof(*round.looks)),
			      .requests = calloc(count + 1, sizeof(*round.requests)),
			      .count = count,
			      .fresh = looks > 1,
			      .http = http,
			      .deadline = deadline};
	int64_t until = swk_now_ms() + SWK_LOOKS_MS;
	int status = round.requests && round.looks ? 0 : swk_error_memory(error);

	for (size_t i = 0; !status && i < count; i++) {
		round.looks[i].target = &targets[i];
		round.looks[i].left = looks ? looks - 1 : 0;
		round.looks[i].workers.named = true;
		swk_buffer_init(&round.looks[i].answer, SWK_LIVE_MAX);
		swk_buffer_init(&round.looks[i].last, SWK_LIVE_MAX);
	}
	if (!status)
		status = look_once(&round, true, !looks, name, error);
	for (unsigned i = 1; !status && looks > 1 && any_goes_on(&round); i++) {
		turn(&round, i, until < deadline ? until : deadline);
		if (!swk_deadline_left(until, 1) || !swk_deadline_left(deadline, 1))
			break;
		status = look_once(&round, false, false, NULL, error);
	}
	for (size_t i = 0; round.looks && i < count; i++) {
		swk_live_free(&round.looks[i].live);
		swk_buffer_free(&round.looks[i].answer);
		swk_buffer_free(&round.looks[i].last);
		free(round.looks[i].url);
	}
	free(round.requests);
	free(round.looks);
	return status;
}

int swk_dyups_load(struct swk_target *targets, size_t count, unsigned looks, struct swk_http *http,
		   int64_t deadline, struct swk_error *error)
{
	return look_at(targets, count, looks, NULL, http, deadline, error);
}

int swk_dyups_glance(struct swk_target *targets, size_t count, const char *name,
		     struct swk_http *http, int64_t deadline, struct swk_error *error)
{
	return look_at(targets, count, 0, name, http, deadline, error);
}
