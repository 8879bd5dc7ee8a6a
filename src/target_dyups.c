/* SPDX-License-Identifier: MIT */
#include "target_dyups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "deadline.h"
#include "dyups.h"
#include "nginx.h"

/* ---- what an answer means ---- */

enum meaning {
	DONE,
	NOT_THERE, /* of a DELETE: the answering worker hasn't got it */
	NOT_SYNC,  /* the answering worker changed, the queue to the others is full */
	LATER,
	CUT, /* nginx may have taken a part of the body */
	FINAL,
};

static enum meaning meaning_of(const struct swk_http_request *request, const char **advice)
{
	*advice = "";
	switch (request->status) {
	case 200: /* and no other 2xx: 204 is "nothing was applied" */
		return DONE;
	case 0:	  /* reset, or no answer in time: nginx restarts, or a worker died */
	case 409: /* dyups_trylock is on, and somebody else holds the lock */
	case 502:
	case 503:
	case 504:
		return LATER;
	case 404:
		*advice = ": is this the dyups interface?";
		return strcmp(request->method, "DELETE") ? FINAL : NOT_THERE;
	case 413:
		*advice = ": client_max_body_size must be larger where dyups_interface stands";
		return FINAL;
	case 500:
		if (strstr(request->reason, "not sync"))
			return NOT_SYNC;
		*advice = strstr(request->reason, "save to shm failed")
				  ? ": dyups_shm_zone_size must be larger"
				  : ": nginx's error log has the reason";
		return FINAL;
	default:
		return FINAL;
	}
}

/* ---- asking ---- */

static int keep_answer(void *context, const char *data, size_t length, struct swk_error *error)
{
	return swk_buffer_add(context, data, length, error);
}

/* With the target's own time-out, if there is one. */
static struct swk_http_request request_of(const struct swk_target *target, const char *method,
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

/* One look at one target: at what the worker has that answers. */
struct look {
	struct swk_target *target;
	bool over; /* it didn't answer the last: no more of them */
	bool ask;  /* in the next round */
	char *url;
	struct swk_buffer answer;
	struct swk_http_request *request; /* NULL: not asked */
	struct swk_live live;
	struct swk_error trouble;
	bool refused;
	bool passing;
};

/* GETs one path for all that are to be asked, at once. */
static int get(struct look *looks, struct swk_http_request *requests, size_t count,
	       const char *path, bool fresh, struct swk_http *http, int64_t deadline,
	       struct swk_error *error)
{
	size_t asked = 0;

	for (size_t i = 0; i < count; i++) {
		struct look *look = &looks[i];

		if (!look->ask)
			continue;
		free(look->url);
		if (asprintf(&look->url, "%s%s", look->target->url, path) < 0) {
			look->url = NULL;
			return swk_error_memory(error);
		}
		swk_buffer_clear(&look->answer);
		look->request = &requests[asked++];
		*look->request = request_of(look->target, "GET", look->url);
		look->request->fresh = fresh;
		look->request->receive = keep_answer;
		look->request->context = &look->answer;
	}
	return swk_http_perform(http, requests, asked, asked, deadline, error);
}

/* Takes what was answered; /list is to be asked where there is no /detail. */
static int take_detail(struct look *look, struct swk_error *error)
{
	const struct swk_http_request *request = look->request;
	const struct swk_target *target = look->target;
	/* One that has no name is called by its URL, which is said anyway. */
	const char *name = strcmp(target->name, target->url) ? target->name : "";
	const char *advice;

	look->ask = request->status == 404;
	look->refused = request->refused;
	look->passing =
		!request->refused && !request->timed_out && meaning_of(request, &advice) == LATER;
	if (request->status == 200 || request->status == 204) /* 204: no upstream at all */
		return swk_dyups_read_detail(&look->live, look->answer.data, look->answer.length,
					     error);
	if (!request->status)
		(void)swk_error_set(&look->trouble, SWK_TEMPFAIL, "%s%s%s", name, *name ? ": " : "",
				    request->error.text);
	else if (!look->ask)
		(void)swk_error_set(&look->trouble, SWK_TEMPFAIL, "%s%s%s answered %ld%s%s", name,
				    *name ? ": " : "", request->url, request->status,
				    *request->reason ? " " : "", request->reason);
	return 0;
}

/* The stand-alone module's latest source has no /detail. */
static int take_list(struct look *look, struct swk_error *error)
{
	long status = look->request->status;

	if (status != 200 && status != 204) {
		(void)swk_error_set(&look->trouble, SWK_TEMPFAIL,
				    "%s: there is no dyups interface (/detail and /list answer 404 "
				    "and %ld): name its URL with --dyups",
				    look->target->name, status);
		return 0;
	}
	(void)swk_error_set(&look->trouble, SWK_TEMPFAIL,
			    "%s: this dyups module has no /detail: what it holds can't be "
			    "compared, and it serves proxy_pass by a plain variable stale (use "
			    "$dyups_NAME there, or Tengine)",
			    look->target->name);
	return swk_dyups_read_list(&look->live, look->answer.data, look->answer.length, error);
}

/*
 * Makes workers read their queue, and passes the turn to another of them: of connections that come
 * one after the other, nginx gives up to 16 in a row to one worker (measured, as with Tengine). A
 * GET makes the worker that answers read; this one's answer is short: there is no upstream `-`.
 * Of several targets each gets so many; one that doesn't answer is left out from then on.
 */
static void nudge(const struct swk_target *const *targets, size_t count, struct swk_http *http,
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
			requests[j] = request_of(NULL, "GET", urls[j]);
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

/* Takes a first look over into the target, or adds another one to those before it. One that failed
 * takes nothing from those. */
static int take_look(struct look *look, bool first, struct swk_error *error)
{
	struct swk_target *target = look->target;

	look->over = look->live.readable == SWK_READ_NOTHING;
	if (!first)
		return look->over ? 0 : swk_live_merge(&target->live, &look->live, error);
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

/* One look at each target. */
static int look_once(struct look *looks, struct swk_http_request *requests, size_t count,
		     bool first, bool fresh, struct swk_http *http, int64_t deadline,
		     struct swk_error *error)
{
	int status;

	for (size_t i = 0; i < count; i++) {
		looks[i].ask = !looks[i].over;
		looks[i].request = NULL;
		looks[i].trouble = (struct swk_error){0};
	}
	status = get(looks, requests, count, "/detail", fresh, http, deadline, error);
	for (size_t i = 0; !status && i < count; i++) {
		if (looks[i].ask)
			status = take_detail(&looks[i], error);
	}
	if (!status)
		status = get(looks, requests, count, "/list", fresh, http, deadline, error);
	for (size_t i = 0; !status && i < count; i++) {
		if (looks[i].ask)
			status = take_list(&looks[i], error);
	}
	for (size_t i = 0; !status && i < count; i++) {
		if (looks[i].request)
			status = take_look(&looks[i], first, error);
		swk_live_free(&looks[i].live);
	}
	return status;
}

/* Passes the turn to other workers. They may take turns, too: hence not always the same number. */
static void turn(const struct look *looks, size_t count, unsigned number, struct swk_http *http,
		 int64_t deadline)
{
	const struct swk_target **targets = calloc(count + 1, sizeof(struct swk_target *));
	size_t going_on = 0;

	for (size_t i = 0; targets && i < count; i++) {
		if (!looks[i].over)
			targets[going_on++] = looks[i].target;
	}
	nudge(targets, going_on, http, SWK_ACCEPTS_IN_A_ROW + number % 2, deadline);
	free(targets);
}

static int dyups_load(struct swk_target *targets, size_t count, unsigned number,
		      struct swk_http *http, int64_t deadline, struct swk_error *error)
{
	struct swk_http_request *requests = calloc(count + 1, sizeof(*requests));
	struct look *looks = calloc(count + 1, sizeof(*looks));
	int64_t until = swk_now_ms() + SWK_LOOKS_MS;
	int status = requests && looks ? 0 : swk_error_memory(error);

	for (size_t i = 0; !status && i < count; i++) {
		looks[i].target = &targets[i];
		swk_buffer_init(&looks[i].answer, SWK_LIVE_MAX);
	}
	for (unsigned i = 0; !status && i < number; i++) {
		if (i)
			turn(looks, count, i, http, until < deadline ? until : deadline);
		if (i && (!swk_deadline_left(until, 1) || !swk_deadline_left(deadline, 1)))
			break;
		status = look_once(looks, requests, count, !i, number > 1, http, deadline, error);
	}
	for (size_t i = 0; looks && i < count; i++) {
		swk_live_free(&looks[i].live);
		swk_buffer_free(&looks[i].answer);
		free(looks[i].url);
	}
	free(requests);
	free(looks);
	return status;
}

/* ---- changing ---- */

/* Waits a while that doubles from call to call, with some chance in it, so that two runs that
 * meet don't meet again. */
static void pause_before_retry(unsigned tried)
{
	unsigned shift = tried < 5 ? tried : 5;
	struct timespec now, pause = {0, 0};

	(void)clock_gettime(CLOCK_MONOTONIC, &now);
	pause.tv_nsec = (10000000L << shift) + (long)(now.tv_nsec % 10000000L);
	(void)nanosleep(&pause, NULL);
}

/* Waits until each worker has read its queue by itself, whichever the GETs reached. */
static void wait_for_workers(const struct swk_target *target, int64_t deadline)
{
	long wait = swk_deadline_left(deadline, (long)target->read_interval * 1000);
	struct timespec pause = {wait / 1000, wait % 1000 * 1000000};

	(void)nanosleep(&pause, NULL);
}

/* One upstream's change, under way. */
struct change {
	struct swk_target *target;
	struct swk_http *http;
	const char *name;
	int64_t deadline;
	struct swk_error *error;
	struct swk_http_request request;
	const struct swk_upstream *upstream; /* what its servers shall be; NULL: no matter */
	struct swk_buffer body;
	int64_t patience; /* until when what may pass is waited out; 0: nothing was amiss yet */
	unsigned drains;
	unsigned tried;
	unsigned cuts;
};

/* What sending it came to: what a target's kind tells, and, of a deletion, that it may be half
 * done: the worker that answers hasn't got the upstream any more, others may. */
enum outcome { SENT, HALF_SENT, NOT_NOW, NEVER };

static enum outcome give_up(struct change *change, enum outcome outcome, const char *why,
			    const char *advice)
{
	const struct swk_http_request *request = &change->request;
	char size[48] = "", answer[SWK_HTTP_REASON_MAX + 32] = "";

	if (request->body)
		(void)snprintf(size, sizeof(size), " (%zu bytes)", request->body_length);
	if (request->status)
		(void)snprintf(answer, sizeof(answer), ": %ld%s%s", request->status,
			       *request->reason ? " " : "", request->reason);
	else
		(void)snprintf(answer, sizeof(answer), ": %s", request->failure);
	(void)swk_error_set(change->error, SWK_TEMPFAIL, "%s: %s of upstream %s%s %s%s%s",
			    change->target->name, request->body ? "update" : "deletion",
			    change->name, size, why, answer, advice);
	return outcome;
}

/* Whether there is time to send it once more; if so, after a pause. */
static bool may_retry(struct change *change)
{
	if (!change->patience)
		change->patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;
	if (change->request.refused || !swk_deadline_left(change->patience, 1) ||
	    !swk_deadline_left(change->deadline, 1))
		return false;
	pause_before_retry(change->tried++);
	return true;
}

/* Empties the queue; at last, for certain. False where that was done already, or there is no time.
 */
static bool may_drain(struct change *change)
{
	const struct swk_target *const target = change->target;

	if (change->drains > SWK_DRAINS_MAX || !swk_deadline_left(change->deadline, 1))
		return false;
	if (change->drains++ == SWK_DRAINS_MAX) {
		/* Waiting once is enough: what still finds no room is too large. */
		if (change->target->waited_out)
			return false;
		change->target->waited_out = true;
		wait_for_workers(change->target, change->deadline);
	}
	/* A few mostly do; else enough to reach four workers. */
	nudge(&target, 1, change->http,
	      change->drains == 1 ? SWK_DRAIN_REQUESTS : 3 * SWK_ACCEPTS_IN_A_ROW + 1,
	      change->deadline);
	return true;
}

/*
 * What the answer means, seen what nginx took of the body: of what it reads in several pieces into
 * memory, the module takes the first two, and says 200, or that it can't be read where a piece ends
 * within a directive (measured on Tengine 3.2.0, in its source as well). All that the file has of
 * an upstream stands before its last server, so that the servers show it; of hosts' names, which
 * are shown resolved, their number does.
 */
static enum meaning look_at_servers(struct change *change, enum meaning meaning)
{
	struct swk_http_request look = request_of(change->target, "GET", change->request.url);
	struct swk_error ignored = {0};
	struct swk_buffer answer;

	if (!change->upstream || change->request.body_length <= SWK_TARGET_ONE_PACKET)
		return meaning;
	if (meaning == FINAL && strstr(change->request.reason, "add server failed"))
		return CUT;
	if (meaning != DONE)
		return meaning;
	swk_buffer_init(&answer, SWK_LIVE_MAX);
	look.receive = keep_answer;
	look.context = &answer;
	(void)swk_http_perform(change->http, &look, 1, 1, change->deadline, &ignored);
	/* 404: the stand-alone module's latest source tells nothing. */
	if (look.status == 200 && !swk_dyups_shows(change->upstream, answer.data, answer.length))
		meaning = CUT;
	else if (look.status != 200 && look.status != 404)
		meaning = LATER;
	swk_buffer_free(&answer);
	return meaning;
}

/* Makes it so large that nginx puts it into a file, and takes it from there as a whole. */
static bool may_mend(struct change *change)
{
	static const char blanks[] =
		"                                                                ";
	struct swk_buffer *body = &change->body;
	struct swk_error ignored = {0};

	if (change->cuts == SWK_CUTS_MAX || !swk_deadline_left(change->deadline, 1))
		return false;
	while (body->length < SWK_TARGET_PADDED && !ignored.status)
		(void)swk_buffer_add(body, blanks, strlen(blanks), &ignored);
	change->request.body = body->data;
	change->request.body_length = body->length;
	pause_before_retry(change->cuts++);
	return true;
}

/* A target that would not take one upstream may take the others, as long as it answers. */
static void give_up_target(struct change *change)
{
	struct swk_target *target = change->target;
	struct swk_http_request request = request_of(change->target, "GET", change->request.url);
	struct swk_error ignored = {0};

	target->refused = change->request.refused;
	target->given_up = true;
	if (target->refused || change->request.timed_out ||
	    ++target->failures == SWK_TARGET_FAILURES_MAX)
		return;
	(void)swk_http_perform(change->http, &request, 1, 1, change->deadline, &ignored);
	target->given_up = !request.status;
}

/* Sends a request until the answer is final, or patience or the deadline end. */
static enum outcome send(struct change *change)
{
	const char *advice;

	for (;;) {
		if (swk_http_perform(change->http, &change->request, 1, 1, change->deadline,
				     change->error))
			return NOT_NOW;
		switch (look_at_servers(change, meaning_of(&change->request, &advice))) {
		case DONE:
			return SENT;
		case NOT_THERE:
			return HALF_SENT;
		case NOT_SYNC:
			if (!may_drain(change))
				return give_up(change,
					       swk_deadline_left(change->deadline, 1) ? NEVER
										      : NOT_NOW,
					       "did not reach all workers",
					       "; dyups_shm_zone_size may be too small for it");
			if (!change->request.body)
				return HALF_SENT;
			continue;
		case LATER:
			if (may_retry(change))
				continue;
			give_up_target(change);
			return give_up(change, NOT_NOW,
				       change->request.status == 200 ? "can't be read back"
								     : "failed",
				       "");
		case CUT:
			if (may_mend(change))
				continue;
			/* fall through */
		case FINAL:
			if (change->cuts)
				return give_up(change, NEVER, "was cut short or refused",
					       "; see nginx's error log, and put "
					       "'client_body_in_file_only clean;' where "
					       "dyups_interface stands");
			return give_up(change, NEVER, "was refused", advice);
		}
	}
}

/* Sends a POST with the body, or, without one, a DELETE. */
static enum outcome send_to(struct change *change, const char *body, size_t length)
{
	char *url;
	enum outcome outcome;

	/* A name that is ours has no character to escape in a path. */
	if (asprintf(&url, "%s/upstream/%s", change->target->url, change->name) < 0) {
		(void)swk_error_memory(change->error);
		return NOT_NOW;
	}
	change->request = request_of(change->target, body ? "POST" : "DELETE", url);
	change->request.body = body;
	change->request.body_length = length;
	outcome = send(change);
	change->request.url = NULL;
	free(url);
	return outcome;
}

static enum swk_target_result result_of(enum outcome outcome)
{
	switch (outcome) {
	case SENT:
		return SWK_TARGET_DONE;
	case NEVER:
		return SWK_TARGET_REFUSED;
	default:
		return SWK_TARGET_LATER;
	}
}

static enum swk_target_result dyups_update(struct swk_target *target, struct swk_http *http,
					   const struct swk_upstream *upstream, int64_t deadline,
					   struct swk_error *error)
{
	struct change change = {target,	  http,	 upstream->name,
				deadline, error, .upstream = upstream};
	enum outcome outcome = NOT_NOW;

	swk_buffer_init(&change.body, SWK_CONF_MAX);
	if (!swk_nginx_directives(&change.body, upstream, "", "", error))
		outcome = send_to(&change, change.body.data, change.body.length);
	swk_buffer_free(&change.body);
	return result_of(outcome);
}

/*
 * Only 200 to a DELETE tells that it reached the queue to all workers. Where one worker hasn't got
 * the upstream, others may: then it is made again, everywhere, so that it can be deleted. What it
 * is made of serves nobody; the name is about to go.
 */
static enum swk_target_result dyups_delete(struct swk_target *target, struct swk_http *http,
					   const char *name, int64_t deadline,
					   struct swk_error *error)
{
	static const char nobody[] = "server 127.0.0.1:1 down;";
	struct change change = {target, http, name, deadline, error, .patience = 0};
	enum outcome outcome = send_to(&change, NULL, 0);

	for (unsigned i = 0; outcome == HALF_SENT && i < SWK_DRAINS_MAX; i++) {
		outcome = send_to(&change, nobody, strlen(nobody));
		if (outcome == SENT)
			outcome = send_to(&change, NULL, 0);
	}
	if (outcome == HALF_SENT)
		outcome = give_up(&change, NOT_NOW, "did not certainly reach all workers", "");
	return result_of(outcome);
}

static int dyups_open(struct swk_target *target, const struct swk_target_settings *settings,
		      struct swk_error *error)
{
	struct swk_error why = {0};

	*target = (struct swk_target){.kind = &swk_target_dyups, .timeout = settings->timeout};
	target->url = swk_http_base(settings->url, &why);
	if (!target->url)
		return swk_error_set(error,
				     why.status == SWK_INTERNAL ? why.status : settings->wrong,
				     "%s: %s", settings->where, why.text);
	target->port = swk_http_port(target->url);
	target->name = strdup(settings->name ? settings->name : target->url);
	return target->name ? 0 : swk_error_memory(error);
}

static void dyups_close(struct swk_target *target)
{
	swk_upstreams_free(&target->live.upstreams);
	free(target->name);
	free(target->url);
	*target = (struct swk_target){0};
}

const struct swk_target_kind swk_target_dyups = {
	.open = dyups_open,
	.close = dyups_close,
	.load = dyups_load,
	.update = dyups_update,
	.delete = dyups_delete,
};
