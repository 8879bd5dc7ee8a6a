/* SPDX-License-Identifier: MIT */
#include "target/dyups/dyups.h"

#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/deadline.h"
#include "nginx/conf.h"
#include "target/dyups/answer.h"
#include "target/dyups/read.h"

/* ---- changing ---- */

/* Waits until each worker has read its queue by itself, because the GETs may have missed some. */
static void wait_for_workers(const struct swk_dyups *own, int64_t deadline)
{
	long wait = swk_deadline_left(deadline, (long)own->read_interval * 1000);
	struct timespec pause = {wait / 1000, wait % 1000 * 1000000};

	/* The run waits here, so the target is not silent. */
	if (own->target->watch)
		own->target->watch->heard = swk_now_ms() + wait;
	(void)nanosleep(&pause, NULL);
}

/* A change of one upstream, in progress. */
struct change {
	struct swk_target *target;
	struct swk_dyups *own;
	const char *name;
	int64_t deadline;
	struct swk_error *error;
	struct swk_http_request request;
	const struct swk_upstream *upstream; /* read back after the change; NULL: not read back */
	struct swk_buffer body;
	int64_t patience; /* when retries end; 0: nothing has failed yet */
	unsigned flushes;
	unsigned tried;
	unsigned cuts;
};

/* The result of sending a change. HALF_SENT: the answering worker does not have the deleted
 * upstream any more, but others may. INVALID: the answering worker rejects the upstream. */
enum outcome { SENT, HALF_SENT, NOT_NOW, INVALID, NEVER };

static enum outcome give_up(struct change *change, enum outcome outcome, const char *reason,
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
			    change->name, size, reason, answer, advice);
	return outcome;
}

/* Whether there is time for another try. If so, pauses first. */
static bool may_retry(struct change *change)
{
	if (!change->target->alone || swk_target_is_stopped(change->target))
		return false;
	if (!change->patience)
		change->patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;
	if (change->request.unreachable || !swk_deadline_left(change->patience, 1) ||
	    !swk_deadline_left(change->deadline, 1))
		return false;
	swk_pause_before_retry(change->tried++);
	return true;
}

/* Empties the queue to the other workers; the last time it waits until they have read it. False if
 * it has waited before, or if there is no time. */
static bool may_flush(struct change *change)
{
	struct swk_dyups *own = change->own;

	if (change->flushes > SWK_FLUSHES_MAX || !swk_deadline_left(change->deadline, 1))
		return false;
	if (change->flushes++ == SWK_FLUSHES_MAX) {
		/* Waiting once is enough: a change that finds no room after that is too large. */
		if (own->waited_out)
			return false;
		own->waited_out = true;
		wait_for_workers(own, change->deadline);
	}
	/* The connections of the last change are mostly enough for this one. */
	swk_dyups_flush(own, change->flushes > 1, change->deadline);
	return true;
}

/*
 * Corrects an answer's meaning by reading the servers back. If nginx reads a body into memory in
 * several pieces, the module takes only the first two. It then answers 200, or an error if a piece
 * ends within a directive (measured on Tengine 3.2.0, and in its source). All else in a body comes
 * before the last server, so the servers show what was taken. Host names are printed resolved, so
 * their number must do.
 */
static enum swk_dyups_meaning read_servers_back(struct change *change,
						enum swk_dyups_meaning meaning)
{
	struct swk_http_request sample = swk_dyups_request(change->own, "GET", change->request.url);
	struct swk_error ignored = {0};
	struct swk_buffer answer;

	if (!change->upstream || change->request.body_length <= SWK_TARGET_ONE_PACKET)
		return meaning;
	if (meaning == SWK_DYUPS_INVALID)
		return SWK_DYUPS_CUT;
	if (meaning != SWK_DYUPS_DONE)
		return meaning;
	swk_buffer_init(&answer, SWK_LIVE_MAX);
	sample.receive = swk_target_web_keep;
	sample.context = &answer;
	(void)swk_http_perform(change->own->web.http, &sample, 1, 1, change->deadline, &ignored);
	/* 404: the stand-alone module's latest source can't print an upstream. */
	if (sample.status == 200 && !swk_dyups_shows(change->upstream, answer.data, answer.length))
		meaning = SWK_DYUPS_CUT;
	else if (sample.status != 200 && sample.status != 404)
		meaning = SWK_DYUPS_LATER;
	swk_buffer_free(&answer);
	return meaning;
}

static const char blanks[] = "                                                                ";

/* Pads the body, so that nginx writes it to a file and the module takes it from there as a whole.
 * False after SWK_CUTS_MAX tries, or if there is no time. */
static bool may_pad(struct change *change)
{
	struct swk_buffer *body = &change->body;
	struct swk_error ignored = {0};

	if (change->cuts == SWK_CUTS_MAX || !swk_deadline_left(change->deadline, 1))
		return false;
	while (body->length < SWK_TARGET_PADDED && !ignored.status)
		(void)swk_buffer_add(body, blanks, strlen(blanks), &ignored);
	change->request.body = body->data;
	change->request.body_length = body->length;
	swk_pause_before_retry(change->cuts++);
	return true;
}

/* A target that fails to take one upstream may take the others, as long as it answers. */
static void give_up_target(struct change *change)
{
	struct swk_target *target = change->target;
	struct swk_http_request request =
		swk_dyups_request(change->own, "GET", change->request.url);
	struct swk_error ignored = {0};

	target->unreachable = change->request.unreachable;
	target->passing = !target->alone && !change->request.timed_out;
	target->given_up = true;
	if (target->unreachable || change->request.timed_out ||
	    ++change->own->failures == SWK_TARGET_FAILURES_MAX)
		return;
	(void)swk_http_perform(change->own->web.http, &request, 1, 1, change->deadline, &ignored);
	target->given_up = !request.status;
}

static bool is_invalid(const struct swk_http_request *request)
{
	const char *advice;

	return swk_dyups_meaning(request, &advice) == SWK_DYUPS_INVALID;
}

/* Repeats a request until the answer is final, or until the patience or the deadline ends. */
static enum outcome send(struct change *change)
{
	enum outcome outcome;
	const char *advice;

	for (;;) {
		if (swk_http_perform(change->own->web.http, &change->request, 1, 1,
				     change->deadline, change->error))
			return NOT_NOW;
		switch (read_servers_back(change, swk_dyups_meaning(&change->request, &advice))) {
		case SWK_DYUPS_DONE:
			return SENT;
		case SWK_DYUPS_NOT_THERE:
			return HALF_SENT;
		case SWK_DYUPS_NOT_SYNC:
			if (!may_flush(change))
				return give_up(change,
					       swk_deadline_left(change->deadline, 1) ? NEVER
										      : NOT_NOW,
					       "did not reach all workers",
					       "; dyups_shm_zone_size may be too small for it");
			if (!change->request.body)
				return HALF_SENT;
			continue;
		case SWK_DYUPS_LATER:
			if (may_retry(change))
				continue;
			give_up_target(change);
			return give_up(change, NOT_NOW,
				       change->request.status == 200 ? "cannot be read back"
								     : "failed",
				       "");
		case SWK_DYUPS_CUT:
			if (may_pad(change))
				continue;
			/* fall through */
		case SWK_DYUPS_INVALID:
		case SWK_DYUPS_FINAL:
			outcome = is_invalid(&change->request) ? INVALID : NEVER;
			if (change->cuts)
				return give_up(change, outcome, "was cut short or refused",
					       "; see nginx's error log, and put "
					       "'client_body_in_file_only clean;' next to "
					       "dyups_interface");
			return give_up(change, outcome, "was refused", advice);
		}
	}
}

/* Sends a POST with the body or, if it is NULL, a DELETE. */
static enum outcome send_to(struct change *change, const char *body, size_t length)
{
	char *url;
	enum outcome outcome;

	/* A managed name has no character to escape in a path. */
	if (asprintf(&url, "%s/upstream/%s", change->own->web.base, change->name) < 0) {
		(void)swk_error_memory(change->error);
		return NOT_NOW;
	}
	change->request = swk_dyups_request(change->own, body ? "POST" : "DELETE", url);
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
		return SWK_TARGET_PENDING;
	}
}

/* Begins a body with so many blanks that nginx, if it cuts bodies, cuts what follows. */
static int pad(struct swk_buffer *body, bool padded, struct swk_error *error)
{
	while (padded && body->length < SWK_TARGET_PADDED &&
	       !swk_buffer_add(body, blanks, strlen(blanks), error))
		;
	return error->status;
}

static enum outcome send_upstream(struct change *change, const struct swk_upstream *upstream,
				  bool padded)
{
	enum outcome outcome = NOT_NOW;

	change->upstream = upstream;
	swk_buffer_init(&change->body, SWK_CONF_MAX);
	if (!pad(&change->body, padded, change->error) &&
	    !swk_nginx_directives(&change->body, upstream, "", "", change->error))
		outcome = send_to(change, change->body.data, change->body.length);
	swk_buffer_free(&change->body);
	return outcome;
}

/* An upstream that nginx takes, but that no traffic should reach. */
static const char placeholder[] = "server 127.0.0.1:1 down;";

/*
 * Only a 200 to a DELETE means that the queue to all workers has it. If the answering worker does
 * not have the upstream, others may. Then it is created again on all workers, so that it can be
 * deleted.
 */
static enum outcome remove_upstream(struct change *change)
{
	enum outcome outcome = send_to(change, NULL, 0);

	for (unsigned i = 0; outcome == HALF_SENT && i < SWK_FLUSHES_MAX; i++) {
		outcome = send_to(change, placeholder, strlen(placeholder));
		if (outcome == SENT)
			outcome = send_to(change, NULL, 0);
	}
	return outcome == HALF_SENT
		       ? give_up(change, NOT_NOW, "may not have reached all workers", "")
		       : outcome;
}

/*
 * Whether a worker that rejected an upstream takes what FILE can go back to. A worker may reject
 * every body, for example after one with `hash $uri;` (measured on Tengine 3.2.0). The connection
 * is kept, so the same worker answers.
 */
static enum outcome send_confirmed(const struct change *change,
				   const struct swk_operation *operation)
{
	struct swk_error ignored = {0};
	struct change again = {.target = change->target,
			       .own = change->own,
			       .name = change->name,
			       .deadline = change->deadline,
			       .error = &ignored};
	bool padded = change->cuts;
	enum outcome outcome = NOT_NOW;

	if (operation->confirmed)
		return send_upstream(&again, operation->confirmed, padded);
	swk_buffer_init(&again.body, SWK_CONF_MAX);
	if (!pad(&again.body, padded, &ignored) &&
	    !swk_buffer_add(&again.body, placeholder, strlen(placeholder), &ignored))
		outcome = send_to(&again, again.body.data, again.body.length);
	swk_buffer_free(&again.body);
	return outcome == SENT ? remove_upstream(&again) : outcome;
}

static enum swk_target_result update(struct change *change, const struct swk_operation *operation)
{
	enum outcome outcome = send_upstream(change, operation->upstream, false);

	if (outcome != INVALID)
		return result_of(outcome);
	if (!operation->confirmed && !operation->is_new)
		return SWK_TARGET_REFUSED;
	outcome = send_confirmed(change, operation);
	if (outcome == SENT)
		return SWK_TARGET_INVALID;
	if (outcome != INVALID)
		return SWK_TARGET_PENDING;
	/* Both bodies may have been cut. */
	if (change->cuts)
		return SWK_TARGET_REFUSED;
	/* The other upstreams would fail, too. */
	change->target->given_up = true;
	swk_error_add(change->error, "; it refuses good upstreams, too: reload nginx");
	return SWK_TARGET_REFUSED;
}

static int dyups_apply(struct swk_target *target, const struct swk_plan *plan,
		       struct swk_target_outcome *outcomes, int64_t deadline,
		       struct swk_error *error)
{
	for (size_t i = 0; i < plan->count && !target->given_up; i++) {
		struct swk_error cause = {0};
		struct change change = {.target = target,
					.own = target->own,
					.name = plan->list[i].name,
					.deadline = deadline,
					.error = &cause};

		outcomes[i].result = plan->list[i].upstream ? update(&change, &plan->list[i])
							    : result_of(remove_upstream(&change));
		outcomes[i].late = change.request.timed_out && swk_target_is_stopped(target);
		if (cause.status) {
			outcomes[i].reason = strdup(cause.text);
			if (!outcomes[i].reason)
				return swk_error_memory(error);
		}
		if (target->progress)
			target->progress(target, i + 1);
	}
	return 0;
}

/* ---- reading ---- */

/*
 * nginx keeps 32 connections to an upstream of a file without `keepalive` since 1.29.7, and only
 * since then it accepts `keepalive 0;` (measured on 1.31.3, in Tengine 3.2.0). So this tries
 * whether it does, with an upstream that is deleted at once.
 */
static enum swk_answer try_none(struct swk_target *target, int64_t deadline)
{
	static const char with[] = "keepalive 0;server 127.0.0.1:1 down;";
	struct swk_error ignored = {0};
	struct change change = {.target = target,
				.own = target->own,
				.name = SWK_DYUPS_TRIAL,
				.deadline = deadline,
				.error = &ignored};
	enum outcome outcome = send_to(&change, with, strlen(with));
	enum swk_answer answer = outcome == SENT ? SWK_YES : SWK_UNKNOWN;

	/* A worker may refuse everything. */
	if (outcome == INVALID) {
		ignored = (struct swk_error){0};
		outcome = send_to(&change, placeholder, strlen(placeholder));
		answer = outcome == SENT ? SWK_NO : SWK_UNKNOWN;
	}
	if (outcome == SENT)
		(void)remove_upstream(&change);
	return answer;
}

static int dyups_read(struct swk_target *target, enum swk_depth depth, const char *name,
		      int64_t deadline, struct swk_error *error)
{
	int status = swk_dyups_read(target, depth, name, deadline, error);
	struct swk_dyups *own = target->own;
	const unsigned failures = own->failures;

	if (status || !target->may_try || target->live.readable < SWK_READ_ADDRESSES)
		return status;
	target->live.takes_none = try_none(target, deadline);
	/* What became of the trial does not matter: the target answered when it was read. */
	target->given_up = target->passing = target->unreachable = false;
	own->failures = failures;
	return 0;
}

/* ---- settings ---- */

static const struct swk_field fields[] = {
	{"url", SWK_TEXT, .offset = offsetof(struct swk_dyups_settings, url)},
};

static int check(const void *own, const char **key, struct swk_error *error)
{
	return swk_target_web_check(((const struct swk_dyups_settings *)own)->url, key, error);
}

const struct swk_target_keys swk_dyups_keys = {
	.fields = {fields, sizeof(fields) / sizeof(*fields)},
	.size = sizeof(struct swk_dyups_settings),
	.check = check,
};

/* ---- the kind ---- */

static int dyups_open(struct swk_target *target, const struct swk_settings *settings,
		      const struct swk_target_settings *its, struct swk_error *error)
{
	const struct swk_dyups_settings *given = its->own;
	struct swk_dyups *own = calloc(1, sizeof(*own));

	target->own = own;
	if (!own)
		return swk_error_memory(error);
	own->target = target;
	own->read_interval = settings->read_interval;
	target->delay_ms = own->read_interval * 1000;
	return swk_target_web_open(&own->web, target, its, given->url, error);
}

static void dyups_close(struct swk_target *target)
{
	struct swk_dyups *own = target->own;

	for (size_t i = 0; own && i < own->line_count; i++)
		swk_http_close(own->lines[i]);
	if (own)
		swk_target_web_close(&own->web);
	free(target->name);
	free(own);
}

const struct swk_target_kind swk_target_dyups = {
	.words = {.program = "nginx",
		  .interface = "a dyups interface",
		  .part = "worker",
		  .parts = "workers"},
	.creates = true,
	.open = dyups_open,
	.close = dyups_close,
	.read = dyups_read,
	.apply = dyups_apply,
};
