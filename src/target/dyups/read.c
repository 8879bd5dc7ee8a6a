/* SPDX-License-Identifier: MIT */
#include "target/dyups/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/deadline.h"

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
					 .peer = target ? &target->peer : NULL,
					 .answer_header = SWK_DYUPS_WORKER,
					 .answer_limit = SWK_LIVE_MAX,
					 .connect_ms = SWK_TARGET_CONNECT_MS,
					 .request_ms =
						 timeout ? timeout * 1000 : SWK_TARGET_REQUEST_MS,
					 .quiet_s = strcmp(method, "GET") ? 0 : quiet};
}

/* The workers of a target that were read, if its answers name them. */
struct workers {
	bool named;
	uint64_t list[SWK_WORKERS_MAX];
	size_t count;
	size_t in_a_row; /* connections in a row to workers in the list */
	bool other;	 /* the last connection reached another worker */
};

/* The samples of one target. Each is the live state of the worker that answers. */
struct sample {
	struct swk_target *target;
	bool over;     /* it did not answer the last request: no more samples */
	bool ask;      /* send it the next request */
	unsigned left; /* samples left, if its answers do not name the worker */
	struct workers workers;
	char *url;
	struct swk_buffer answer;
	struct swk_buffer last; /* the previous /detail, if `again` */
	bool again;
	bool same;			  /* /detail is the same as `last` */
	struct swk_http_request *request; /* NULL: not asked */
	struct swk_live live;
	struct swk_error trouble;
	bool unreachable;
	bool passing;
};

/* Samples of several targets at once, and what they share. */
struct round {
	struct sample *samples;
	struct swk_http_request *requests; /* room for one for each target */
	size_t count;
	bool fresh; /* each sample uses a new connection */
	struct swk_http *http;
	int64_t deadline;
};

/* GETs path and name, joined, from all targets that have `ask` set, at once, and passes each answer
 * to `take`. */
static int ask(struct round *round, const char *path, const char *name,
	       int (*take)(struct sample *sample, struct swk_error *error), struct swk_error *error)
{
	size_t asked = 0;
	int status;

	for (size_t i = 0; i < round->count; i++) {
		struct sample *sample = &round->samples[i];

		if (!sample->ask)
			continue;
		free(sample->url);
		if (asprintf(&sample->url, "%s%s%s", sample->target->base, path, name) < 0) {
			sample->url = NULL;
			return swk_error_memory(error);
		}
		swk_buffer_clear(&sample->answer);
		sample->request = &round->requests[asked++];
		*sample->request = swk_dyups_request(sample->target, "GET", sample->url);
		sample->request->fresh = round->fresh;
		sample->request->receive = swk_dyups_keep_answer;
		sample->request->context = &sample->answer;
	}
	status = swk_http_perform(round->http, round->requests, asked, asked, round->deadline,
				  error);
	for (size_t i = 0; !status && i < round->count; i++) {
		if (round->samples[i].ask)
			status = take(&round->samples[i], error);
	}
	return status;
}

/* Whether the answer has one of two statuses. If not, sets the trouble, but not for an answer after
 * which another path is asked for. */
static bool is_answer(struct sample *sample, long one, long other)
{
	const struct swk_http_request *request = sample->request;
	const struct swk_target *target = sample->target;
	/* The URL serves as the name of a target without one, and the message has it anyway. */
	const char *name = strcmp(target->name, target->base) ? target->name : "";
	const char *advice;

	sample->unreachable = request->unreachable;
	sample->passing = !request->unreachable && !request->timed_out &&
			  swk_dyups_meaning(request, &advice) == SWK_DYUPS_LATER;
	if (!request->status)
		(void)swk_error_set(&sample->trouble, SWK_TEMPFAIL, "%s%s%s", name,
				    *name ? ": " : "", request->error.text);
	else if (request->status != one && request->status != other && !sample->ask)
		(void)swk_error_set(&sample->trouble, SWK_TEMPFAIL, "%s%s%s answered %ld%s%s", name,
				    *name ? ": " : "", request->url, request->status,
				    *request->reason ? " " : "", request->reason);
	return request->status == one || request->status == other;
}

/* Takes the answer to /detail. 204: no upstream at all. 404: asks for /list next. */
static int take_detail(struct sample *sample, struct swk_error *error)
{
	const struct swk_buffer read = sample->answer;

	sample->ask = sample->request->status == 404;
	if (!is_answer(sample, 200, 204))
		return 0;
	sample->same = sample->again && read.length == sample->last.length &&
		       (!read.length || !memcmp(read.data, sample->last.data, read.length));
	if (sample->same)
		return 0;
	/* If samples differ, only a series of samples shows which upstreams come and go. */
	sample->workers.named &= !sample->again;
	sample->answer = sample->last;
	sample->last = read;
	sample->again = true;
	return swk_dyups_read_detail(&sample->live, read.data, read.length, error);
}

static int note_no_interface(struct sample *sample, const char *answers)
{
	(void)swk_error_set(&sample->trouble, SWK_TEMPFAIL,
			    "%s: there is no dyups interface (%s %ld): give its URL with --dyups",
			    sample->target->name, answers, sample->request->status);
	return 0;
}

/* Takes the answer to /list if there is no /detail: the stand-alone module's latest source has
 * none. */
static int take_list_for_detail(struct sample *sample, struct swk_error *error)
{
	sample->workers.named = false;
	if (!is_answer(sample, 200, 204))
		return note_no_interface(sample, "/detail and /list answer 404 and");
	(void)swk_error_set(
		&sample->trouble, SWK_TEMPFAIL,
		"%s: this dyups module has no /detail, so its servers cannot be compared, and "
		"proxy_pass with a plain variable uses old ones: use $dyups_NAME there, or Tengine",
		sample->target->name);
	return swk_dyups_read_list(&sample->live, sample->answer.data, sample->answer.length,
				   error);
}

static int take_list(struct sample *sample, struct swk_error *error)
{
	sample->ask = sample->request->status == 404;
	if (sample->ask)
		return note_no_interface(sample, "/list answers");
	return is_answer(sample, 200, 204) ? swk_dyups_read_list(&sample->live, sample->answer.data,
								 sample->answer.length, error)
					   : 0;
}

/* Takes the answer to /upstream/NAME. 404: there is no such upstream, or the module is of the
 * latest source, which can't tell. */
static int take_upstream(struct sample *sample, struct swk_error *error)
{
	(void)error;
	sample->ask = false;
	if (is_answer(sample, 200, 404))
		sample->live.readable = SWK_READ_NAMES;
	return 0;
}

/* Notes which worker answered. `live_read`: its live state was read. */
static void note_worker(struct workers *workers, uint64_t worker, bool live_read)
{
	size_t i = 0;

	while (i < workers->count && workers->list[i] != worker)
		i++;
	workers->other = i == workers->count;
	workers->in_a_row = workers->other ? 0 : workers->in_a_row + 1;
	if (!worker || (workers->other && workers->count == SWK_WORKERS_MAX)) {
		workers->named = false;
	} else if (workers->other && live_read) {
		workers->list[workers->count++] = worker;
		workers->other = false;
	}
}

/* A target to nudge. With a sample, only until a worker answers that was not read yet. */
struct nudged {
	const struct swk_target *target;
	struct sample *sample;
	char *url;
	bool over;
};

static void take_nudge(struct nudged *nudged, const struct swk_http_request *request)
{
	struct sample *sample = nudged->sample;

	nudged->over = !request->status;
	if (nudged->over && sample)
		sample->over = true;
	if (!nudged->over && sample && sample->workers.named) {
		note_worker(&sample->workers, request->answer_number, false);
		nudged->over = sample->workers.named && sample->workers.other;
	}
}

/*
 * Makes workers read their queues, and moves on to another worker. nginx gives up to 16 connections
 * in a row to one worker (measured; the same with Tengine). The worker that answers a GET reads its
 * queue first. The answer to this GET is short, because there is no upstream `-`. Each target gets
 * `times` GETs, or fewer if it stops answering.
 */
static void nudge(struct nudged *list, size_t count, struct swk_http *http, unsigned times,
		  int64_t deadline)
{
	struct swk_http_request *requests = calloc(count + 1, sizeof(*requests));
	struct swk_error ignored = {0};

	for (size_t i = 0; i < count; i++) {
		if (asprintf(&list[i].url, "%s/upstream/-", list[i].target->base) < 0)
			list[i].url = NULL;
		list[i].over = !list[i].url;
	}
	for (unsigned i = 0; requests && i < times && !ignored.status; i++) {
		size_t asked = 0, answered = 0;

		for (size_t j = 0; j < count; j++) {
			if (list[j].over)
				continue;
			requests[asked] = swk_dyups_request(NULL, "GET", list[j].url);
			requests[asked].peer = &list[j].target->peer;
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

	if (asprintf(&url, "%s/upstream/-", target->base) < 0)
		return;
	request = swk_dyups_request(target, "GET", url);
	(void)swk_http_perform(line, &request, 1, 1, deadline, &ignored);
	free(url);
}

void swk_dyups_flush(struct swk_target *target, bool more, struct swk_http *http, int64_t deadline)
{
	struct nudged one = {.target = target};
	const size_t known = target->line_count;
	size_t goal = known;
	struct swk_error ignored = {0};

	if (!known || more)
		goal += SWK_LINES_AT_ONCE;
	for (size_t i = 0; i < known; i++)
		use_line(target, target->lines[i], deadline);
	for (size_t i = known; i < goal && i < SWK_LINES_MAX; i++) {
		struct swk_http *line = swk_http_open(&ignored);

		if (!line)
			return;
		target->lines[target->line_count++] = line;
		nudge(&one, 1, http, SWK_ACCEPTS_IN_A_ROW, deadline);
		use_line(target, line, deadline);
	}
}

/* Moves the first sample into the target, or merges a later one into it. A later sample that failed
 * is ignored. */
static int take_sample(struct sample *sample, bool first, struct swk_error *error)
{
	struct swk_target *target = sample->target;

	sample->over = !sample->same && sample->live.readable == SWK_READ_NOTHING;
	if (!first)
		return sample->over || sample->same
			       ? 0
			       : swk_live_merge(&target->live, &sample->live, error);
	swk_live_free(&target->live);
	target->live = sample->live;
	sample->live = (struct swk_live){0};
	target->trouble = sample->trouble;
	target->unreachable = sample->unreachable;
	target->passing = sample->passing;
	/* A target that does not answer a read is sent nothing either. */
	target->given_up = sample->over;
	return 0;
}

/*
 * Whether more samples are needed. If the workers are named: until so many connections in a row
 * reached known workers that any other worker would have had a turn. If not: a fixed number,
 * because chance decides which worker answers.
 */
static bool needs_more(const struct sample *sample)
{
	const struct workers *workers = &sample->workers;

	if (sample->over)
		return false;
	return workers->named ? workers->in_a_row < (workers->count + 1) * SWK_ACCEPTS_IN_A_ROW
			      : sample->left > 0;
}

static bool any_needs_more(const struct round *round)
{
	bool any = false;

	for (size_t i = 0; i < round->count; i++)
		any |= needs_more(&round->samples[i]);
	return any;
}

static void begin_sample(struct sample *sample, bool first)
{
	sample->ask =
		first || (needs_more(sample) && (!sample->workers.named || sample->workers.other));
	sample->request = NULL;
	sample->trouble = (struct swk_error){0};
	sample->same = false;
}

static int end_sample(struct sample *sample, bool first, struct swk_error *error)
{
	note_worker(&sample->workers, sample->request->answer_number, true);
	if (!first && !sample->workers.named && sample->left)
		sample->left--;
	return take_sample(sample, first, error);
}

/* Takes one sample of each target, or probes its names or one upstream. */
static int sample_once(struct round *round, bool first, bool probe, const char *name,
		       struct swk_error *error)
{
	int status;

	for (size_t i = 0; i < round->count; i++)
		begin_sample(&round->samples[i], first);
	if (!probe) {
		status = ask(round, "/detail", "", take_detail, error);
		if (!status)
			status = ask(round, "/list", "", take_list_for_detail, error);
	} else if (name) {
		status = ask(round, "/upstream/", name, take_upstream, error);
	} else {
		status = ask(round, "/list", "", take_list, error);
	}
	for (size_t i = 0; !status && i < round->count; i++) {
		if (round->samples[i].request)
			status = end_sample(&round->samples[i], first, error);
		swk_live_free(&round->samples[i].live);
	}
	return status;
}

/* Moves on to other workers. The number varies, because workers may take turns in a regular
 * order. */
static void move_on(const struct round *round, unsigned number, int64_t deadline)
{
	struct nudged *list = calloc(round->count + 1, sizeof(*list));
	size_t count = 0;

	for (size_t i = 0; list && i < round->count; i++) {
		if (needs_more(&round->samples[i]))
			list[count++] = (struct nudged){.target = round->samples[i].target,
							.sample = &round->samples[i]};
	}
	if (list)
		nudge(list, count, round->http, SWK_ACCEPTS_IN_A_ROW + number % 2, deadline);
	free(list);
}

/* Takes `samples` samples; 0: probes. */
static int sample_targets(struct swk_target *targets, size_t count, unsigned samples,
			  const char *name, struct swk_http *http, int64_t deadline,
			  struct swk_error *error)
{
	struct round round = {.samples = calloc(count + 1, sizeof(*round.samples)),
			      .requests = calloc(count + 1, sizeof(*round.requests)),
			      .count = count,
			      .fresh = samples > 1,
			      .http = http,
			      .deadline = deadline};
	int64_t until = swk_now_ms() + SWK_SAMPLES_MS;
	int status = round.requests && round.samples ? 0 : swk_error_memory(error);

	for (size_t i = 0; !status && i < count; i++) {
		round.samples[i].target = &targets[i];
		round.samples[i].left = samples ? samples - 1 : 0;
		round.samples[i].workers.named = true;
		swk_buffer_init(&round.samples[i].answer, SWK_LIVE_MAX);
		swk_buffer_init(&round.samples[i].last, SWK_LIVE_MAX);
	}
	if (!status)
		status = sample_once(&round, true, !samples, name, error);
	for (unsigned i = 1; !status && samples > 1 && any_needs_more(&round); i++) {
		move_on(&round, i, until < deadline ? until : deadline);
		if (!swk_deadline_left(until, 1) || !swk_deadline_left(deadline, 1))
			break;
		status = sample_once(&round, false, false, NULL, error);
	}
	for (size_t i = 0; round.samples && i < count; i++) {
		swk_live_free(&round.samples[i].live);
		swk_buffer_free(&round.samples[i].answer);
		swk_buffer_free(&round.samples[i].last);
		free(round.samples[i].url);
	}
	free(round.requests);
	free(round.samples);
	return status;
}

int swk_dyups_read(struct swk_target *targets, size_t count, unsigned samples,
		   struct swk_http *http, int64_t deadline, struct swk_error *error)
{
	return sample_targets(targets, count, samples, NULL, http, deadline, error);
}

int swk_dyups_probe(struct swk_target *targets, size_t count, const char *name,
		    struct swk_http *http, int64_t deadline, struct swk_error *error)
{
	return sample_targets(targets, count, 0, name, http, deadline, error);
}
