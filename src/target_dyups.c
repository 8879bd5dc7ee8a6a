/* SPDX-License-Identifier: MIT */
#include "target_dyups.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "buffer.h"
#include "deadline.h"
#include "nginx.h"

/* ---- reading ---- */

/* Gives every line of a text, without its end, to `take`. */
static int each_line(const char *text, size_t length,
		     int (*take)(void *context, const char *line, struct swk_error *error),
		     void *context, struct swk_error *error)
{
	const char *at = text, *end = text + length, *stop;
	struct swk_buffer line;
	int status = 0;

	swk_buffer_init(&line, SWK_LIVE_MAX);
	for (; !status && at < end; at = stop + 1) {
		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		swk_buffer_clear(&line);
		status = swk_buffer_add(&line, at, (size_t)(stop - at), error);
		if (!status)
			status = take(context, line.data, error);
	}
	swk_buffer_free(&line);
	return status;
}

struct reading {
	struct swk_live *live;
	bool in_block; /* a name was read, and no empty line since */
	bool bare;     /* a server had no attributes */
	bool bodies;   /* of /list: names stand before bodies as posted */
	struct swk_upstream *upstream;
};

static int begin_upstream(struct reading *reading, const char *name, struct swk_error *error)
{
	struct swk_upstream upstream;
	int status = swk_upstream_init(&upstream, name, "", "", error);

	if (!status)
		status = swk_upstreams_append(&reading->live->upstreams, &upstream, error);
	swk_upstream_free(&upstream);
	if (!status)
		reading->upstream =
			&reading->live->upstreams.list[reading->live->upstreams.count - 1];
	return status;
}

/* `weight=1` and the like; false where it is not understood. */
static bool read_attribute(struct swk_server *server, const char *word)
{
	unsigned value;
	char name[32], rest;

	if (sscanf(word, "%31[a-z_]=%9u%c", name, &value, &rest) != 2)
		return false;
	if (!strcmp(name, "weight"))
		server->weight = value;
	else if (!strcmp(name, "max_conns"))
		server->max_conns = value;
	else if (!strcmp(name, "max_fails"))
		server->max_fails = value;
	else if (!strcmp(name, "fail_timeout"))
		server->fail_timeout = value;
	else if (!strcmp(name, "backup"))
		server->backup = value;
	else if (!strcmp(name, "down"))
		server->down = value;
	else
		return false;
	return true;
}

/* What follows `server `. */
static int read_server(struct reading *reading, const char *words, struct swk_error *error)
{
	struct swk_server server = {.weight = SWK_NGINX_WEIGHT,
				    .max_fails = SWK_NGINX_MAX_FAILS,
				    .fail_timeout = SWK_NGINX_FAIL_TIMEOUT};
	size_t length = strcspn(words, " ");
	char word[64];

	if (!swk_server_parse_address(&server, words, length)) {
		reading->upstream->unread = true;
		return 0;
	}
	words += length + strspn(words + length, " ");
	if (!*words)
		reading->bare = true;
	for (; *words; words += length + strspn(words + length, " ")) {
		length = strcspn(words, " ");
		(void)snprintf(word, sizeof(word), "%.*s", (int)length, words);
		if (!read_attribute(&server, word))
			reading->upstream->unread = true;
	}
	return swk_upstream_add(reading->upstream, &server, error);
}

static int take_detail_line(void *context, const char *line, struct swk_error *error)
{
	struct reading *reading = context;

	if (!*line) {
		reading->in_block = false;
		return 0;
	}
	if (!reading->in_block) {
		reading->in_block = true;
		return begin_upstream(reading, line, error);
	}
	if (!strncmp(line, "server ", 7))
		return read_server(reading, line + 7, error);
	reading->upstream->unread = true;
	return 0;
}

static void end_reading(struct reading *reading, enum swk_readable readable)
{
	struct swk_live *live = reading->live;

	for (size_t i = 0; i < live->upstreams.count; i++) {
		struct swk_upstream *upstream = &live->upstreams.list[i];
		size_t count = upstream->count;

		/* A server that stands there twice gets twice the traffic. */
		swk_upstream_tidy(upstream);
		if (upstream->count != count)
			upstream->unread = true;
	}
	(void)swk_upstreams_sort(&live->upstreams);
	live->readable = readable;
}

int swk_target_dyups_read_detail(struct swk_live *live, const char *text, size_t length,
				 struct swk_error *error)
{
	struct reading reading = {.live = live};
	int status = each_line(text, length, take_detail_line, &reading, error);

	if (!status)
		end_reading(&reading, reading.bare ? SWK_READ_ADDRESSES : SWK_READ_ATTRIBUTES);
	return status;
}

static int take_list_line(void *context, const char *line, struct swk_error *error)
{
	struct reading *reading = context;
	size_t length = strlen(line);
	char name[SWK_TEXT_MAX];

	if (length > 11 && !strncmp(line, "upstream ", 9) && !strcmp(line + length - 2, " {")) {
		reading->bodies = true;
		(void)snprintf(name, sizeof(name), "%.*s", (int)(length - 11), line + 9);
		return begin_upstream(reading, name, error);
	}
	return reading->bodies || !length ? 0 : begin_upstream(reading, line, error);
}

int swk_target_dyups_read_list(struct swk_live *live, const char *text, size_t length,
			       struct swk_error *error)
{
	struct reading reading = {.live = live};
	int status = each_line(text, length, take_list_line, &reading, error);

	if (!status)
		end_reading(&reading, SWK_READ_NAMES);
	return status;
}

/* ---- asking ---- */

static int keep_answer(void *context, const char *data, size_t length, struct swk_error *error)
{
	return swk_buffer_add(context, data, length, error);
}

struct question {
	struct swk_target *target;
	struct swk_buffer answer;
	char *url;
};

/* GETs one path of several targets at once. */
static int get(struct question *questions, struct swk_http_request *requests, size_t count,
	       const char *path, struct swk_http *http, int64_t deadline, struct swk_error *error)
{
	for (size_t i = 0; i < count; i++) {
		free(questions[i].url);
		if (asprintf(&questions[i].url, "%s%s", questions[i].target->name, path) < 0) {
			questions[i].url = NULL;
			return swk_error_memory(error);
		}
		requests[i] = (struct swk_http_request){
			.method = "GET",
			.url = questions[i].url,
			.answer_limit = SWK_LIVE_MAX,
			.receive = keep_answer,
			.context = &questions[i].answer,
		};
	}
	return swk_http_perform(http, requests, count, count, deadline, error);
}

/* Takes what a target answered; true where /detail is not there and /list may be. */
static bool take_detail(struct question *question, const struct swk_http_request *request,
			struct swk_error *error)
{
	struct swk_target *target = question->target;

	switch (request->status) {
	case 200:
	case 204: /* there is no upstream at all */
		(void)swk_target_dyups_read_detail(&target->live, question->answer.data,
						   question->answer.length, error);
		return false;
	case 404:
		return true;
	case 0:
		target->unreachable = true;
		(void)swk_error_set(&target->trouble, SWK_TEMPFAIL, "%s", request->error.text);
		return false;
	default:
		(void)swk_error_set(&target->trouble, SWK_TEMPFAIL, "%s answered %ld%s%s",
				    request->url, request->status, *request->reason ? " " : "",
				    request->reason);
		return false;
	}
}

/* The stand-alone module's latest source has no /detail. */
static void take_list(struct question *question, const struct swk_http_request *request,
		      struct swk_error *error)
{
	struct swk_target *target = question->target;

	if (request->status != 200 && request->status != 204) {
		(void)swk_error_set(&target->trouble, SWK_TEMPFAIL,
				    "%s: there is no dyups interface (/detail and /list answer 404 "
				    "and %ld): name its URL with --dyups",
				    target->name, request->status);
		target->unreachable = true;
		return;
	}
	if (swk_target_dyups_read_list(&target->live, question->answer.data,
				       question->answer.length, error))
		return;
	(void)swk_error_set(&target->trouble, SWK_TEMPFAIL,
			    "%s: this dyups module has no /detail: what it holds can't be "
			    "compared, and it serves proxy_pass by a plain variable stale (use "
			    "$dyups_NAME there, or Tengine)",
			    target->name);
}

static int dyups_load(struct swk_target *targets, size_t count, struct swk_http *http,
		      int64_t deadline, struct swk_error *error)
{
	struct question *questions = calloc(count + 1, sizeof(*questions));
	struct swk_http_request *requests = calloc(count + 1, sizeof(*requests));
	size_t again = 0;
	int status = questions && requests ? 0 : swk_error_memory(error);

	for (size_t i = 0; !status && i < count; i++) {
		questions[i].target = &targets[i];
		swk_buffer_init(&questions[i].answer, SWK_LIVE_MAX);
	}
	if (!status)
		status = get(questions, requests, count, "/detail", http, deadline, error);
	for (size_t i = 0; !status && i < count; i++) {
		if (take_detail(&questions[i], &requests[i], error))
			questions[again++].target = &targets[i];
		status = error->status;
	}
	for (size_t i = 0; questions && i < count; i++)
		swk_buffer_free(&questions[i].answer);
	if (!status && again)
		status = get(questions, requests, again, "/list", http, deadline, error);
	for (size_t i = 0; !status && i < again; i++) {
		take_list(&questions[i], &requests[i], error);
		status = error->status;
	}
	for (size_t i = 0; questions && i < count; i++) {
		swk_buffer_free(&questions[i].answer);
		free(questions[i].url);
	}
	free(questions);
	free(requests);
	return status;
}

/* ---- changing ---- */

/* What an answer to a POST or DELETE means. */
enum meaning {
	DONE,
	NOT_THERE, /* DELETE of what the answering worker hasn't got */
	NOT_SYNC,  /* the answering worker changed, the queue to the others is full */
	LATER,
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

/* Makes the workers read their queue: a GET makes the one that answers do so, and fresh
 * connections reach one or another. */
static void drain(struct swk_target *target, struct swk_http *http, int64_t deadline)
{
	struct swk_http_request requests[SWK_DRAIN_REQUESTS];
	struct swk_error ignored = {0};
	char *url;

	if (asprintf(&url, "%s/list", target->name) < 0)
		return;
	for (size_t i = 0; i < SWK_DRAIN_REQUESTS; i++)
		requests[i] = (struct swk_http_request){
			.method = "GET", .url = url, .fresh = true, .answer_limit = SWK_LIVE_MAX};
	(void)swk_http_perform(http, requests, SWK_DRAIN_REQUESTS, 1, deadline, &ignored);
	free(url);
}

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

/* One upstream's change, under way. */
struct change {
	struct swk_target *target;
	struct swk_http *http;
	struct swk_http_request request;
	const char *name;
	int64_t deadline;
	int64_t patience; /* how long what may pass is waited out */
	unsigned drains;
	unsigned tried;
	struct swk_error *error;
};

static enum swk_target_result give_up(struct change *change, enum swk_target_result result,
				      const char *why, const char *advice)
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
	return result;
}

/* Whether there is time to send it once more; if so, after a pause. */
static bool may_retry(struct change *change)
{
	if (change->request.refused || !swk_deadline_left(change->patience, 1) ||
	    !swk_deadline_left(change->deadline, 1))
		return false;
	pause_before_retry(change->tried++);
	return true;
}

/* Sends it until the answer is final, or patience or the deadline end. */
static enum swk_target_result send(struct change *change)
{
	const char *advice;

	for (;;) {
		if (swk_http_perform(change->http, &change->request, 1, 1, change->deadline,
				     change->error))
			return SWK_TARGET_LATER;
		switch (meaning_of(&change->request, &advice)) {
		case DONE:
			return SWK_TARGET_DONE;
		case NOT_THERE:
			if (!change->drains)
				return SWK_TARGET_DONE;
			return give_up(change, SWK_TARGET_LATER,
				       "reached one worker, and not certainly the others", "");
		case NOT_SYNC:
			if (!swk_deadline_left(change->deadline, 1))
				return give_up(change, SWK_TARGET_LATER, "met --timeout", "");
			if (++change->drains > SWK_DRAINS_MAX)
				return give_up(change, SWK_TARGET_REFUSED,
					       "doesn't fit the workers' queue, even an empty one",
					       ": dyups_shm_zone_size must be larger");
			drain(change->target, change->http, change->deadline);
			continue;
		case LATER:
			if (may_retry(change))
				continue;
			change->target->unreachable = change->request.status == 0;
			return give_up(change, SWK_TARGET_LATER, "failed", "");
		case FINAL:
			return give_up(change, SWK_TARGET_REFUSED, "was refused", advice);
		}
	}
}

static enum swk_target_result change(struct swk_target *target, struct swk_http *http,
				     const char *method, const char *name,
				     const struct swk_buffer *body, int64_t deadline,
				     struct swk_error *error)
{
	enum swk_target_result result = SWK_TARGET_LATER;
	struct change change = {
		.target = target,
		.http = http,
		.request = {.method = method,
			    .body = body ? body->data : NULL,
			    .body_length = body ? body->length : 0,
			    .answer_limit = SWK_LIVE_MAX},
		.name = name,
		.deadline = deadline,
		.patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS,
		.error = error,
	};
	char *url;

	/* A name that is ours has no character to escape in a path. */
	if (asprintf(&url, "%s/upstream/%s", target->name, name) < 0) {
		(void)swk_error_memory(error);
		return result;
	}
	change.request.url = url;
	result = send(&change);
	free(url);
	return result;
}

static enum swk_target_result dyups_update(struct swk_target *target, struct swk_http *http,
					   const struct swk_upstream *upstream, int64_t deadline,
					   struct swk_error *error)
{
	enum swk_target_result result = SWK_TARGET_LATER;
	struct swk_buffer body;

	swk_buffer_init(&body, SWK_CONF_MAX);
	if (!swk_nginx_directives(&body, upstream, "", "", error))
		result = change(target, http, "POST", upstream->name, &body, deadline, error);
	swk_buffer_free(&body);
	return result;
}

static enum swk_target_result dyups_delete(struct swk_target *target, struct swk_http *http,
					   const char *name, int64_t deadline,
					   struct swk_error *error)
{
	return change(target, http, "DELETE", name, NULL, deadline, error);
}

static int dyups_open(struct swk_target *target, const char *url, struct swk_error *error)
{
	struct swk_error why = {0};

	*target = (struct swk_target){.kind = &swk_target_dyups};
	target->name = swk_http_base(url, &why);
	if (!target->name)
		return swk_error_set(error, why.status, "--dyups: %s", why.text);
	target->port = swk_http_port(target->name);
	return 0;
}

static void dyups_close(struct swk_target *target)
{
	swk_upstreams_free(&target->live.upstreams);
	free(target->name);
	*target = (struct swk_target){0};
}

const struct swk_target_kind swk_target_dyups = {
	.open = dyups_open,
	.close = dyups_close,
	.load = dyups_load,
	.update = dyups_update,
	.delete = dyups_delete,
};
