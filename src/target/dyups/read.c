/* SPDX-License-Identifier: MIT */
#include "target/dyups/read.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/buffer.h"
#include "base/deadline.h"
#include "target/children.h"
#include "target/dyups/samples.h"

/* ---- asking ---- */

struct swk_http_request swk_dyups_request(const struct swk_dyups *own, const char *method,
					  const char *url)
{
	struct swk_http_request request =
		swk_target_web_request(&own->web, own->target, method, url);

	request.answer_header = SWK_DYUPS_WORKER;
	return request;
}

/* The workers of a target that were read, if its answers name them. */
struct workers {
	bool named;
	struct swk_parts read;
	size_t answers;		    /* of all workers */
	size_t last[SWK_PARTS_MAX]; /* of each that was read: `answers` at its last answer */
	size_t in_a_row;	    /* connections in a row to workers that were read */
	bool other;		    /* the last connection reached another worker */
};

/* The samples of a target. Each is the live state of the worker that answers. */
struct sample {
	struct swk_target *target;
	const struct swk_dyups *own;
	int64_t deadline;
	bool fresh;    /* each sample uses a new connection */
	bool over;     /* it did not answer the last request: no more samples */
	bool ask;      /* send it the next request */
	unsigned left; /* samples left, if its answers do not name the worker */
	struct workers workers;
	char *url;
	struct swk_http_request request;
	bool asked;
	struct swk_buffer answer;
	struct swk_buffer last; /* the previous /detail, if `again` */
	bool again;
	bool same; /* /detail is the same as `last` */
	struct swk_live live;
	struct swk_dyups_history history; /* of the samples before this one */
	struct swk_error trouble;
	bool unreachable;
	bool passing;
};

/* If `ask` is set, GETs path and name, joined, and passes the answer to `take`. */
static int ask(struct sample *sample, const char *path, const char *name,
	       int (*take)(struct sample *sample, struct swk_error *error), struct swk_error *error)
{
	if (!sample->ask)
		return 0;
	free(sample->url);
	if (asprintf(&sample->url, "%s%s%s", sample->own->web.base, path, name) < 0) {
		sample->url = NULL;
		return swk_error_memory(error);
	}
	swk_buffer_clear(&sample->answer);
	sample->request = swk_dyups_request(sample->own, "GET", sample->url);
	sample->request.fresh = sample->fresh;
	sample->request.receive = swk_target_web_keep;
	sample->request.context = &sample->answer;
	sample->asked = true;
	if (swk_http_perform(sample->own->web.http, &sample->request, 1, 1, sample->deadline,
			     error))
		return error->status;
	if (swk_dyups_loses_keepalive(sample->request.server))
		sample->target->advice =
			"this nginx ignores the keepalive of each upstream that changed since its "
			"last reload: reload it when connections get too many, or use Tengine 3.1";
	return take(sample, error);
}

/* Whether the answer's status is 200 or this one. If not, sets the trouble, but not for an answer
 * after which another path is asked for. */
static bool is_answer(struct sample *sample, long other)
{
	const struct swk_http_request *request = &sample->request;
	const struct swk_target *target = sample->target;
	/* The URL serves as the name of a target without one, and the message has it anyway. */
	const char *name = strcmp(target->name, sample->own->web.base) ? target->name : "";
	const char *advice;

	sample->unreachable = request->unreachable;
	sample->passing = !request->unreachable && !request->timed_out &&
			  swk_dyups_meaning(request, &advice) == SWK_DYUPS_LATER;
	if (!request->status)
		(void)swk_error_set(&sample->trouble, SWK_TEMPFAIL, "%s%s%s", name,
				    *name ? ": " : "", request->error.text);
	else if (request->status != 200 && request->status != other && !sample->ask)
		(void)swk_error_set(&sample->trouble, SWK_TEMPFAIL, "%s%s%s answered %ld%s%s", name,
				    *name ? ": " : "", request->url, request->status,
				    *request->reason ? " " : "", request->reason);
	return request->status == 200 || request->status == other;
}

/* Whether both have the same upstreams, in whatever order their workers got them. */
static bool same_live(const struct swk_upstreams *a, const struct swk_upstreams *b)
{
	if (a->count != b->count)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (strcmp(a->list[i].name, b->list[i].name) != 0 ||
		    !swk_upstream_same_servers(&a->list[i], &b->list[i]))
			return false;
	}
	return true;
}

/* Takes the answer to /detail. 204: no upstream at all. 404: asks for /list next. */
static int take_detail(struct sample *sample, struct swk_error *error)
{
	const struct swk_buffer read = sample->answer;
	const bool again = sample->again;

	sample->ask = sample->request.status == 404;
	if (!is_answer(sample, 204))
		return 0;
	sample->same = again && swk_buffer_same(&read, &sample->last);
	if (sample->same)
		return 0;
	sample->answer = sample->last;
	sample->last = read;
	sample->again = true;
	if (swk_dyups_read_detail(&sample->live, read.data, read.length, error))
		return error->status;
	sample->same = again && sample->workers.named &&
		       same_live(&sample->live.upstreams, &sample->target->live.upstreams);
	/* If samples differ, only a series of samples shows which upstreams come and go. */
	sample->workers.named &= !again || sample->same;
	return 0;
}

static int note_no_interface(struct sample *sample, const char *answers)
{
	(void)swk_error_set(&sample->trouble, SWK_TEMPFAIL,
			    "%s: there is no dyups interface (%s %ld): give its URL with --dyups",
			    sample->target->name, answers, sample->request.status);
	return 0;
}

/* Takes the answer to /list if there is no /detail: the stand-alone module's latest source has
 * none. */
static int take_list_for_detail(struct sample *sample, struct swk_error *error)
{
	sample->workers.named = false;
	if (!is_answer(sample, 204))
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
	sample->ask = sample->request.status == 404;
	if (sample->ask)
		return note_no_interface(sample, "/list answers");
	return is_answer(sample, 204) ? swk_dyups_read_list(&sample->live, sample->answer.data,
							    sample->answer.length, error)
				      : 0;
}

/* Takes the answer to /upstream/NAME. 404: there is no such upstream, or the module is of the
 * latest source, which can't tell. */
static int take_upstream(struct sample *sample, struct swk_error *error)
{
	(void)error;
	sample->ask = false;
	if (is_answer(sample, 404))
		sample->live.readable = SWK_READ_NAMES;
	return 0;
}

/* Notes which worker answered. `live_read`: its live state was read. */
static void note_worker(struct workers *workers, uint64_t worker, bool live_read)
{
	struct swk_parts *read = &workers->read;
	size_t i = 0;

	while (i < read->count && read->list[i] != worker)
		i++;
	workers->other = i == read->count;
	workers->in_a_row = workers->other ? 0 : workers->in_a_row + 1;
	workers->answers++;
	if (!worker || i == SWK_PARTS_MAX) {
		workers->named = false;
	} else if (workers->other && live_read) {
		read->list[read->count++] = worker;
		workers->other = false;
	}
	if (!workers->other && i < SWK_PARTS_MAX)
		workers->last[i] = workers->answers;
}

/* Takes note of the answer to a nudge. Returns whether the target needs another. */
static bool take_nudge(struct sample *sample, const struct swk_http_request *request)
{
	if (!request->status) {
		sample->over = true;
		return false;
	}
	if (!sample->workers.named)
		return true;
	note_worker(&sample->workers, request->answer_number, false);
	return !sample->workers.named || !sample->workers.other;
}

/*
 * Makes workers read their queues, and moves on to another worker. nginx gives up to 16 connections
 * in a row to one worker (measured; the same with Tengine). The worker that answers a GET reads its
 * queue first. The answer to this GET is short, because there is no upstream `-`. Makes `times`
 * GETs, or fewer if the target stops answering or, with a sample, if a worker answers that was not
 * read yet.
 */
static void nudge(const struct swk_dyups *own, struct sample *sample, unsigned times,
		  int64_t deadline)
{
	struct swk_error ignored = {0};
	bool more = true;
	char *url;

	if (asprintf(&url, "%s/upstream/-", own->web.base) < 0)
		return;
	for (unsigned i = 0; more && i < times; i++) {
		struct swk_http_request request = swk_dyups_request(own, "GET", url);

		request.fresh = true;
		if (swk_http_perform(own->web.http, &request, 1, 1, deadline, &ignored))
			break;
		more = sample ? take_nudge(sample, &request) : request.status != 0;
	}
	free(url);
}

static void use_line(const struct swk_dyups *own, struct swk_http *line, int64_t deadline)
{
	struct swk_http_request request;
	struct swk_error ignored = {0};
	char *url;

	if (asprintf(&url, "%s/upstream/-", own->web.base) < 0)
		return;
	request = swk_dyups_request(own, "GET", url);
	(void)swk_http_perform(line, &request, 1, 1, deadline, &ignored);
	free(url);
}

void swk_dyups_flush(struct swk_dyups *own, bool more, int64_t deadline)
{
	const size_t known = own->line_count;
	size_t goal = known;
	struct swk_error ignored = {0};

	if (!known || more)
		goal += SWK_LINES_AT_ONCE;
	for (size_t i = 0; i < known; i++)
		use_line(own, own->lines[i], deadline);
	for (size_t i = known; i < goal && i < SWK_LINES_MAX; i++) {
		struct swk_http *line = swk_http_open(&ignored);

		if (!line)
			return;
		own->lines[own->line_count++] = line;
		nudge(own, NULL, SWK_ACCEPTS_IN_A_ROW, deadline);
		use_line(own, line, deadline);
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
			       : swk_dyups_merge(&target->live, &sample->history, &sample->live,
						 error);
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
 * How many workers exist that were not read. Until its next reload, nginx has the same number of
 * workers, because it replaces one that dies. So if a known one answered, there are as many as
 * there were. If it is on this host, its processes show those that no run has read.
 */
static size_t unseen(const struct sample *sample)
{
	const struct swk_parts *known = &sample->target->known, *read = &sample->workers.read;

	for (size_t i = 0; sample->workers.named && i < read->count; i++) {
		if (known->count > read->count && swk_parts_contain(known, read->list[i]))
			return known->count - read->count;
	}
	return sample->workers.named ? swk_children_unread(read) : 0;
}

/* Whether so many connections in a row reached workers that were read, that any other would have
 * had a turn. */
static bool had_turns(const struct workers *workers)
{
	return workers->in_a_row >= (workers->read.count + 1) * SWK_ACCEPTS_IN_A_ROW;
}

/*
 * Whether more samples are needed. If the workers are named: until any other would have had a
 * turn, and none is unseen. If not: a fixed number, because chance decides which worker answers.
 */
static bool needs_more(const struct sample *sample)
{
	const struct workers *workers = &sample->workers;

	if (sample->over)
		return false;
	if (!workers->named)
		return sample->left > 0;
	return !had_turns(workers) || unseen(sample);
}

/* Whether a worker was read that no earlier run has read. */
static bool has_new(const struct workers *workers, const struct swk_parts *known)
{
	for (size_t i = 0; i < workers->read.count; i++) {
		if (!swk_parts_contain(known, workers->read.list[i]))
			return true;
	}
	return false;
}

/*
 * The workers that exist. If some were read for the first time, nginx may have reloaded meanwhile:
 * then an old one may have answered first, and has ended since. It has had no answer among those
 * that give each worker a turn.
 */
static struct swk_parts existing(const struct workers *workers, const struct swk_parts *known)
{
	struct swk_parts parts = {0};

	if (!had_turns(workers) || !has_new(workers, known))
		return workers->read;
	for (size_t i = 0; i < workers->read.count; i++) {
		if (workers->last[i] + workers->in_a_row > workers->answers)
			parts.list[parts.count++] = workers->read.list[i];
	}
	return parts;
}

/* Ends the samples of all workers. */
static void note_workers(const struct sample *sample)
{
	struct swk_target *target = sample->target;

	if (!sample->over && sample->workers.named)
		target->live.parts = existing(&sample->workers, &target->known);
	target->live.unseen = unseen(sample);
	target->live.uncertain =
		sample->over || !sample->workers.named || !had_turns(&sample->workers);
	if (target->live.unseen)
		(void)swk_error_set(&target->trouble, SWK_TEMPFAIL,
				    "%s: only %zu of %zu workers answered, and the others may "
				    "differ: the next full run reads them",
				    target->name, sample->workers.read.count,
				    sample->workers.read.count + target->live.unseen);
}

static void begin_sample(struct sample *sample, bool first)
{
	sample->ask =
		first || (needs_more(sample) && (!sample->workers.named || sample->workers.other));
	sample->asked = false;
	sample->trouble = (struct swk_error){0};
	sample->same = false;
}

static int end_sample(struct sample *sample, bool first, struct swk_error *error)
{
	note_worker(&sample->workers, sample->request.answer_number, true);
	if (!first && !sample->workers.named && sample->left)
		sample->left--;
	return take_sample(sample, first, error);
}

/* Takes one sample, or probes the names or one upstream. */
static int sample_once(struct sample *sample, bool first, enum swk_depth depth, const char *name,
		       struct swk_error *error)
{
	int status;

	begin_sample(sample, first);
	if (depth == SWK_DEPTH_ONE)
		status = ask(sample, "/upstream/", name, take_upstream, error);
	else if (depth == SWK_DEPTH_NAMES)
		status = ask(sample, "/list", "", take_list, error);
	else
		status = ask(sample, "/detail", "", take_detail, error);
	if (!status && depth >= SWK_DEPTH_STATE)
		status = ask(sample, "/list", "", take_list_for_detail, error);
	if (!status && sample->asked)
		status = end_sample(sample, first, error);
	swk_live_free(&sample->live);
	return status;
}

int swk_dyups_read(struct swk_target *target, enum swk_depth depth, const char *name,
		   int64_t deadline, struct swk_error *error)
{
	const bool parts = depth == SWK_DEPTH_PARTS;
	struct sample sample = {.target = target,
				.own = target->own,
				.deadline = deadline,
				.fresh = parts,
				.left = parts ? SWK_VERIFY_SAMPLES - 1 : 0,
				.workers.named = true};
	const struct timespec pause = {0, SWK_TARGET_PAUSE_MS * 1000000L};
	int64_t until = swk_now_ms() + SWK_SAMPLES_MS;
	int status;

	swk_buffer_init(&sample.answer, SWK_LIVE_MAX);
	swk_buffer_init(&sample.last, SWK_LIVE_MAX);
	status = sample_once(&sample, true, depth, name, error);
	for (unsigned i = 1; !status && parts && needs_more(&sample); i++) {
		/* Moves on to other workers. The number varies, because workers may take turns in a
		 * regular order. */
		nudge(sample.own, &sample, SWK_ACCEPTS_IN_A_ROW + i % 2,
		      until < deadline ? until : deadline);
		if (had_turns(&sample.workers) && unseen(&sample))
			(void)nanosleep(&pause, NULL);
		if (!swk_deadline_left(until, 1) || !swk_deadline_left(deadline, 1))
			break;
		status = sample_once(&sample, false, depth, NULL, error);
	}
	if (!status && parts)
		note_workers(&sample);
	swk_buffer_free(&sample.answer);
	swk_buffer_free(&sample.last);
	swk_dyups_history_free(&sample.history);
	free(sample.url);
	return status;
}
