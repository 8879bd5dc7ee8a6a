/* SPDX-License-Identifier: MIT */
#include "target_dyups_ask.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"
#include "deadline.h"
#include "dyups.h"

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
					 .answer_limit = SWK_LIVE_MAX,
					 .connect_ms = SWK_TARGET_CONNECT_MS,
					 .request_ms =
						 timeout ? timeout * 1000 : SWK_TARGET_REQUEST_MS,
					 .quiet_s = strcmp(method, "GET") ? 0 : quiet};
}

/* A target that is looked at. */
struct view {
	struct swk_target *target;
	bool over;		/* it didn't answer the last time: no more of them */
	bool again;		/* a /detail was read… */
	struct swk_buffer last; /* …this one */
};

/* One look at one target: at what the worker has that answers. */
struct look {
	struct view *view;
	bool ask; /* in the next round */
	char *url;
	struct swk_buffer answer;
	struct swk_http_request *request;
	bool asked;
	size_t order; /* in which it was answered */
	bool same;    /* /detail is as the one before it: nothing new */
	struct swk_live live;
	struct swk_error trouble;
	bool refused;
	bool passing;
};

/* Looks at several targets at once, with what they share. */
struct round {
	struct view *views;
	size_t view_count;
	struct look *looks;	/* so many of each target as there are at once */
	struct look **answered; /* room for all: those that were asked, as they were answered */
	struct swk_http_request *requests; /* room for one each */
	bool fresh;			   /* each look on a connection of its own */
	struct swk_http *http;
	int64_t deadline;
};

static size_t looks_of(const struct round *round)
{
	return round->view_count * SWK_LOOKS_AT_ONCE;
}

static int compare_order(const void *a, const void *b)
{
	const struct look *x = *(struct look *const *)a, *y = *(struct look *const *)b;

	return (x->order > y->order) - (x->order < y->order);
}

/* GETs one path, which may have a name behind it, for all that are to be asked, at once; and has
 * each answer taken. */
static int ask(struct round *round, const char *path, const char *name,
	       int (*take)(struct look *look, struct swk_error *error), struct swk_error *error)
{
	size_t asked = 0;
	int status;

	for (size_t i = 0; i < looks_of(round); i++) {
		struct look *look = &round->looks[i];

		if (!look->ask)
			continue;
		free(look->url);
		if (asprintf(&look->url, "%s%s%s", look->view->target->url, path, name) < 0) {
			look->url = NULL;
			return swk_error_memory(error);
		}
		swk_buffer_clear(&look->answer);
		look->asked = true;
		round->answered[asked] = look;
		look->request = &round->requests[asked++];
		*look->request = swk_dyups_request(look->view->target, "GET", look->url);
		look->request->fresh = round->fresh;
		look->request->receive = swk_dyups_keep_answer;
		look->request->context = &look->answer;
	}
	status = swk_http_perform(round->http, round->requests, asked, asked, round->deadline,
				  error);
	for (size_t i = 0; i < asked; i++)
		round->answered[i]->order = round->answered[i]->request->order;
	if (asked)
		qsort(round->answered, asked, sizeof(struct look *), compare_order);
	for (size_t i = 0; !status && i < asked; i++)
		status = take(round->answered[i], error);
	return status;
}

/* Whether the answer has one of two statuses. What else it is, is noted: no answer at all, or one
 * that must be told. */
static bool is_answer(struct look *look, long one, long other)
{
	const struct swk_http_request *request = look->request;
	const struct swk_target *target = look->view->target;
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
	struct view *view = look->view;
	const struct swk_buffer read = look->answer;

	look->ask = look->request->status == 404;
	if (!is_answer(look, 200, 204))
		return 0;
	look->same = view->again && read.length == view->last.length &&
		     (!read.length || !memcmp(read.data, view->last.data, read.length));
	if (look->same)
		return 0;
	look->answer = view->last;
	view->last = read;
	view->again = true;
	return swk_dyups_read_detail(&look->live, read.data, read.length, error);
}

static int say_no_interface(struct look *look, const char *answers)
{
	(void)swk_error_set(&look->trouble, SWK_TEMPFAIL,
			    "%s: there is no dyups interface (%s %ld): name its URL with --dyups",
			    look->view->target->name, answers, look->request->status);
	return 0;
}

/* Takes /list where there is no /detail: the stand-alone module's latest source has none. */
static int take_list_for_detail(struct look *look, struct swk_error *error)
{
	if (!is_answer(look, 200, 204))
		return say_no_interface(look, "/detail and /list answer 404 and");
	(void)swk_error_set(&look->trouble, SWK_TEMPFAIL,
			    "%s: this dyups module has no /detail: what it holds can't be "
			    "compared, and it serves proxy_pass by a plain variable stale (use "
			    "$dyups_NAME there, or Tengine)",
			    look->view->target->name);
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

void swk_dyups_nudge(const struct swk_target *const *targets, size_t count, struct swk_http *http,
		     unsigned times, int64_t deadline)
{
	struct swk_http_request *requests = calloc(count + 1, sizeof(*requests));
	char **urls = calloc(count + 1, sizeof(*urls));
	struct swk_error ignored = {0};
	size_t left = 0, answered;

	for (size_t i = 0; requests && urls && i < count; i++) {
		if (asprintf(&urls[left], "%s/upstream/-", targets[i]->url) >= 0)
			left++;
	}
	count = left;
	for (unsigned i = 0; i < times && left && !ignored.status; i++) {
		for (size_t j = 0; j < left; j++) {
			requests[j] = swk_dyups_request(NULL, "GET", urls[j]);
			requests[j].fresh = true;
		}
		(void)swk_http_perform(http, requests, left, left, deadline, &ignored);
		answered = 0;
		for (size_t j = 0; j < left; j++) {
			char *url = urls[j];

			urls[j] = urls[answered];
			urls[answered] = url;
			answered += requests[j].status != 0;
		}
		left = answered;
	}
	for (size_t i = 0; urls && i < count; i++)
		free(urls[i]);
	free(urls);
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
	const struct swk_target *const one = target;
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
		swk_dyups_nudge(&one, 1, http, SWK_ACCEPTS_IN_A_ROW, deadline);
		use_line(target, line, deadline);
	}
}

/* Takes a first look over into the target, or adds another one to those before it. One that failed
 * takes nothing from those. */
static int take_look(struct look *look, bool first, struct swk_error *error)
{
	struct swk_target *target = look->view->target;
	const bool failed = !look->same && look->live.readable == SWK_READ_NOTHING;

	look->view->over |= failed;
	if (!first)
		return failed || look->same ? 0 : swk_live_merge(&target->live, &look->live, error);
	swk_live_free(&target->live);
	target->live = look->live;
	look->live = (struct swk_live){0};
	target->trouble = look->trouble;
	target->refused = look->refused;
	target->passing = look->passing;
	/* Whoever doesn't answer a question isn't told anything either. */
	target->given_up = failed;
	return 0;
}

/* So many looks at each target, taken as they were answered. */
static int take_looks(struct round *round, bool first, struct swk_error *error)
{
	size_t count = 0;
	int status = 0;

	for (size_t i = 0; i < looks_of(round); i++) {
		if (round->looks[i].asked)
			round->answered[count++] = &round->looks[i];
	}
	if (count)
		qsort(round->answered, count, sizeof(struct look *), compare_order);
	for (size_t i = 0; !status && i < count; i++)
		status = take_look(round->answered[i], first, error);
	for (size_t i = 0; i < looks_of(round); i++)
		swk_live_free(&round->looks[i].live);
	return status;
}

static void begin_looks(struct round *round, size_t at_once)
{
	for (size_t i = 0; i < looks_of(round); i++) {
		struct look *look = &round->looks[i];

		look->ask = i % SWK_LOOKS_AT_ONCE < at_once && !look->view->over;
		look->asked = look->same = false;
		look->trouble = (struct swk_error){0};
	}
}

/* So many looks at each target: at all that it has. */
static int look_at_all(struct round *round, bool first, size_t at_once, struct swk_error *error)
{
	int status;

	begin_looks(round, at_once);
	status = ask(round, "/detail", "", take_detail, error);
	if (!status)
		status = ask(round, "/list", "", take_list_for_detail, error);
	return status ? status : take_looks(round, first, error);
}

/* At its names, or at one upstream. */
static int glance(struct round *round, const char *name, struct swk_error *error)
{
	int status;

	begin_looks(round, 1);
	if (name)
		status = ask(round, "/upstream/", name, take_upstream, error);
	else
		status = ask(round, "/list", "", take_list, error);
	return status ? status : take_looks(round, true, error);
}

/* Passes the turn to other workers. They may take turns, too: hence not always the same number. */
static void turn(const struct round *round, unsigned number, int64_t deadline)
{
	const struct swk_target **targets =
		calloc(round->view_count + 1, sizeof(struct swk_target *));
	size_t going_on = 0;

	for (size_t i = 0; targets && i < round->view_count; i++) {
		if (!round->views[i].over)
			targets[going_on++] = round->views[i].target;
	}
	swk_dyups_nudge(targets, going_on, round->http, SWK_ACCEPTS_IN_A_ROW + number % 2,
			deadline);
	free(targets);
}

static int begin(struct round *round, struct swk_target *targets, struct swk_error *error)
{
	const size_t room = looks_of(round) + 1;

	round->views = calloc(round->view_count + 1, sizeof(*round->views));
	round->looks = calloc(room, sizeof(*round->looks));
	round->answered = calloc(room, sizeof(*round->answered));
	round->requests = calloc(room, sizeof(*round->requests));
	if (!round->views || !round->looks || !round->answered || !round->requests)
		return swk_error_memory(error);
	for (size_t i = 0; i < round->view_count; i++) {
		round->views[i].target = &targets[i];
		swk_buffer_init(&round->views[i].last, SWK_LIVE_MAX);
	}
	for (size_t i = 0; i < looks_of(round); i++) {
		round->looks[i].view = &round->views[i / SWK_LOOKS_AT_ONCE];
		swk_buffer_init(&round->looks[i].answer, SWK_LIVE_MAX);
	}
	return 0;
}

static void end(struct round *round)
{
	for (size_t i = 0; round->looks && i < looks_of(round); i++) {
		swk_live_free(&round->looks[i].live);
		swk_buffer_free(&round->looks[i].answer);
		free(round->looks[i].url);
	}
	for (size_t i = 0; round->views && i < round->view_count; i++)
		swk_buffer_free(&round->views[i].last);
	free(round->views);
	free(round->looks);
	free(round->answered);
	free(round->requests);
}

int swk_dyups_load(struct swk_target *targets, size_t count, unsigned looks, struct swk_http *http,
		   int64_t deadline, struct swk_error *error)
{
	struct round round = {
		.view_count = count, .fresh = looks > 1, .http = http, .deadline = deadline};
	const int64_t until = swk_now_ms() + SWK_LOOKS_MS;
	int status = begin(&round, targets, error);
	unsigned at_once;

	/* One by itself: who doesn't answer is not asked four times. */
	if (!status)
		status = look_at_all(&round, true, 1, error);
	for (unsigned done = 1; !status && done < looks; done += at_once) {
		at_once = looks - done < SWK_LOOKS_AT_ONCE ? looks - done : SWK_LOOKS_AT_ONCE;
		turn(&round, done / SWK_LOOKS_AT_ONCE, until < deadline ? until : deadline);
		if (!swk_deadline_left(until, 1) || !swk_deadline_left(deadline, 1))
			break;
		status = look_at_all(&round, false, at_once, error);
	}
	end(&round);
	return status;
}

int swk_dyups_glance(struct swk_target *targets, size_t count, const char *name,
		     struct swk_http *http, int64_t deadline, struct swk_error *error)
{
	struct round round = {.view_count = count, .http = http, .deadline = deadline};
	int status = begin(&round, targets, error);

	if (!status)
		status = glance(&round, name, error);
	end(&round);
	return status;
}
