/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "consul/requests.h"
#include "policy/comply.h"
#include "run/run.h"

/* ---- the document, and Consul's list ---- */

/* Receives requests. Skips keys of another form, and those beyond the limit, with one note each
 * kind. */
struct taking {
	struct swk_run *run;
	struct swk_requests *requests;
	size_t others, surplus;
};

static int take_request(void *context, const struct swk_value *value, struct swk_error *error)
{
	struct taking *taking = context;
	struct swk_request request;
	bool fits;

	if (swk_request_decode(value, &request, &fits, error))
		return error->status;
	/* Consul's folders are keys that end with a slash. */
	taking->others += !fits && value->key[strlen(value->key) - 1] != '/';
	if (!fits)
		return 0;
	if (taking->requests->count == SWK_REQUESTS_MAX ||
	    swk_requests_find(taking->requests, request.id)) {
		taking->surplus++;
		swk_request_free(&request);
		return 0;
	}
	if (swk_requests_append(taking->requests, &request, error))
		swk_request_free(&request);
	return error->status;
}

static int take_undecodable(void *context, const char *service, const char *what,
			    const char *reason, struct swk_error *error)
{
	struct taking *taking = context;

	(void)service;
	(void)what;
	(void)reason;
	(void)error;
	taking->others++;
	return 0;
}

static void forget_requests(void *context)
{
	struct taking *taking = context;

	swk_requests_free(taking->requests);
	taking->others = taking->surplus = 0;
}

static void note_skipped(const struct taking *taking)
{
	if (taking->others)
		swk_report_note(taking->run->report, SWK_NOTE_SKIPPED,
				"%zu of the keys under swk/requests/ cannot be a request, and %s "
				"skipped: who writes there?",
				taking->others, taking->others == 1 ? "is" : "are");
	if (taking->surplus)
		swk_report_note(taking->run->report, SWK_NOTE_SKIPPED,
				"%zu requests are not answered, because there are more than %d",
				taking->surplus, SWK_REQUESTS_MAX);
}

static int read_document(struct swk_run *run, struct swk_requests *requests)
{
	struct taking taking = {.run = run, .requests = requests};
	const struct swk_document_sink sink = {
		.context = &taking, .value = take_request, .undecodable = take_undecodable};
	enum swk_document_kind kind = SWK_DOCUMENT_NOTHING;
	struct swk_document *document;
	int status = swk_document_open(&document, &sink, run->error);

	if (!status)
		status = swk_document_read(document, run->descriptor, run->deadline, &kind,
					   run->error);
	swk_document_close(document);
	if (!status && kind != SWK_DOCUMENT_KEYS && kind != SWK_DOCUMENT_NOTHING)
		status = swk_error_set(run->error, SWK_DATA,
				       "this is not the document of a 'keyprefix' watch, which "
				       "'swk-apply --requests' accepts: correct the watch");
	if (!status)
		note_skipped(&taking);
	return status;
}

/* Asks Consul for the requests that there are now. A document may be old: watches overlap around a
 * reload of the agent, and it delivers `null` when it starts. */
static int ask_requests(struct swk_run *run, struct swk_requests *requests, bool *answered)
{
	struct taking taking = {.run = run, .requests = requests};
	struct swk_consul_query query = {
		.keyprefix = SWK_FLEET_REQUESTS,
		.consistent = true,
		.near = true,
		.sink = {.context = &taking,
			 .value = take_request,
			 .undecodable = take_undecodable},
		.again = forget_requests,
	};

	*answered = false;
	if (swk_consul_ask(&run->consul, run->http, &query, 1, run->deadline, run->error))
		return run->error->status;
	if (query.error.status) {
		swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
				"Consul could not be asked for the requests of the fleet: %s",
				query.error.text);
		return 0;
	}
	*answered = true;
	note_skipped(&taking);
	return 0;
}

/* ---- what is new, and what is gone ---- */

struct swk_received_list swk_run_requests(const struct swk_run *run)
{
	return run->local ? run->local->requests : run->state.requests;
}

/* One that is gone and comes again is new, too. */
static bool is_new(const struct swk_received_list *received, const char *id)
{
	const struct swk_received *one = swk_received_find(received, id);

	return !one || one->gone;
}

static bool has_new(const struct swk_received_list *received, const struct swk_requests *requests)
{
	for (size_t i = 0; i < requests->count; i++) {
		if (is_new(received, requests->list[i].id))
			return true;
	}
	return false;
}

static bool has_gone(const struct swk_received_list *received, const struct swk_requests *requests)
{
	for (size_t i = 0; i < received->count; i++) {
		if (!swk_requests_find(requests, received->list[i].request.id))
			return true;
	}
	return false;
}

static bool is_open(const struct swk_run *run)
{
	const struct swk_received_list received = swk_run_requests(run);

	return swk_received_any_open(&received);
}

/* Adds what is new. */
static int add_new(struct swk_run *run, struct swk_requests *requests)
{
	struct swk_received_list *received = &run->state.requests;
	int status = 0;

	for (size_t i = 0; !status && i < requests->count; i++) {
		struct swk_received *one = swk_received_find(received, requests->list[i].id);

		if (one && one->gone)
			swk_received_remove(received, (size_t)(one - received->list));
		else if (one)
			continue;
		/* What is gone only waits for its answer to be deleted. */
		if (received->count < SWK_REQUESTS_MAX || swk_received_remove_gone(received))
			status = swk_received_add(received, &requests->list[i], run->error);
	}
	return status;
}

/* Forgets what is gone, but for what was answered: the run that the agent starts for it, or else a
 * full run, deletes the answer. */
static void forget_gone(struct swk_run *run, const struct swk_requests *requests)
{
	struct swk_received_list *received = &run->state.requests;

	for (size_t i = received->count; i-- > 0;) {
		struct swk_received *one = &received->list[i];

		if (swk_requests_find(requests, one->request.id))
			continue;
		if (one->given)
			one->gone = true;
		else
			swk_received_remove(received, i);
	}
}

int swk_run_find_requests(struct swk_run *run, bool *news)
{
	struct swk_store store = {.lock_descriptor = -1};
	struct swk_state state = {0};
	struct swk_buffer text;
	struct swk_error ignored = {0};
	size_t damaged = 0;
	bool exists = false;
	int status = read_document(run, &run->requests);

	*news = false;
	swk_buffer_init(&text, SWK_STATE_MAX);
	if (status)
		goto out;
	/* Without the lock: the file is replaced as a whole. A file that can't be read has
	 * answered nothing; the run that follows says why. */
	if (!swk_store_open(&store, run->settings->conf, &ignored) &&
	    !swk_file_read(store.state, &text, &exists, &ignored) && exists)
		(void)swk_state_read(&state, text.data, text.length, &damaged, &ignored);
	*news = has_new(&state.requests, &run->requests) ||
		has_gone(&state.requests, &run->requests) || swk_received_any_open(&state.requests);
	run->report->event = SWK_EVENT_REQUESTS;
out:
	swk_state_free(&state);
	swk_buffer_free(&text);
	swk_store_close(&store);
	return status;
}

/* ---- the services that are asked about ---- */

bool swk_run_has_taken(const struct swk_run *run, const struct swk_received *one)
{
	return swk_names_contain(&run->taken, one->request.id);
}

/* Whether a request that is open is about this service, or about one of its upstreams. */
bool swk_run_is_requested(const struct swk_run *run, const char *service)
{
	const struct swk_received_list received = swk_run_requests(run);

	for (size_t i = 0; run->requested && i < received.count; i++) {
		const struct swk_request *request = &received.list[i].request;

		if (!swk_run_has_taken(run, &received.list[i]))
			continue;
		for (size_t j = 0; j < request->service_count; j++) {
			const struct swk_upstream *upstream =
				swk_upstreams_find(&run->recorded, request->services[j].name);

			if (!strcmp(request->services[j].name, service) ||
			    (upstream &&
			     swk_source_is(&upstream->source, SWK_SOURCE_SERVICE, service)))
				return true;
		}
	}
	return false;
}

/* The service to ask about: that of the name, or that of the upstream of this name. NULL: this host
 * does not publish it. */
static const char *service_of(const struct swk_run *run, const char *name)
{
	const struct swk_upstream *upstream = swk_upstreams_find(&run->recorded, name);

	if (upstream && upstream->source.kind == SWK_SOURCE_SERVICE &&
	    strcmp(upstream->source.name, name) != 0 && swk_name_valid(upstream->source.name))
		name = upstream->source.name;
	return swk_settings_publish(run->settings, name) && !swk_name_is_host(name) ? name : NULL;
}

int swk_run_add_requested(struct swk_run *run)
{
	const struct swk_received_list received = swk_run_requests(run);

	for (size_t i = 0; i < received.count; i++) {
		const struct swk_request *request = &received.list[i].request;

		for (size_t j = 0;
		     swk_run_has_taken(run, &received.list[i]) && j < request->service_count; j++) {
			const char *name = service_of(run, request->services[j].name);

			if (name && !swk_services_get(&run->services, name, run->error))
				return run->error->status;
		}
	}
	return 0;
}

/* Whether the run asks Consul about everything, and reads everything. FILE.checks may replace
 * answers in a run that began with checks. */
static bool is_whole(const struct swk_run *run)
{
	return run->full && !run->checks.in_document;
}

/* Makes the run a whole one if a request for that was not answered yet. The run that the agent
 * starts for a request may have left others pending, so it is a whole one for these, too. */
static int choose_extent(struct swk_run *run)
{
	const struct swk_received_list received = swk_run_requests(run);
	bool all = false;

	for (size_t i = 0; i < received.count; i++) {
		const struct swk_received *one = &received.list[i];

		all |= one->request.all &&
		       (run->settings->requests ? swk_received_is_open(one) : !one->given);
	}
	if (!all || is_whole(run))
		return 0;
	run->checks.in_document = false;
	return swk_run_make_complete(run);
}

/* Notes which requests this run asks Consul about. */
static int take_open(struct swk_run *run)
{
	const struct swk_received_list received = swk_run_requests(run);

	for (size_t i = 0; i < received.count; i++) {
		const struct swk_received *one = &received.list[i];

		if (!swk_received_is_open(one) || (one->request.all && !is_whole(run)))
			continue;
		if (swk_names_add(&run->taken, one->request.id, run->error))
			return run->error->status;
	}
	run->requested = run->taken.count;
	return 0;
}

int swk_run_refresh_requests(struct swk_run *run, bool *changed)
{
	struct swk_requests requests = {0};
	bool answered;
	int status = ask_requests(run, &requests, &answered);

	*changed = !status && answered && has_new(&run->state.requests, &requests);
	if (!status && answered) {
		forget_gone(run, &requests);
		status = add_new(run, &requests);
	}
	swk_requests_free(&requests);
	return status;
}

/* Remembers new requests at once: an agent delivers them only once, whatever becomes of this run.
 */
static int remember(struct swk_run *run)
{
	const bool asked = run->settings->requests || is_open(run);
	bool changed;

	if (add_new(run, &run->requests) || swk_run_refresh_requests(run, &changed))
		return run->error->status;
	return asked || changed ? swk_run_save_state(run, false) : 0;
}

/* Whether the run asks for the requests. One that the timer starts does so on a host of a fleet:
 * the run that the agent started for a request may have been killed before it remembered that. */
static bool asks_for_requests(const struct swk_run *run)
{
	const struct swk_settings *settings = run->settings;

	if (settings->dry_run || settings->ask)
		return false;
	return settings->requests || is_open(run) || (settings->resync && settings->fleet_check);
}

int swk_run_take_requests(struct swk_run *run)
{
	if (!asks_for_requests(run))
		return 0;
	if (!run->local && remember(run))
		return run->error->status;
	return choose_extent(run) ? run->error->status : take_open(run);
}

int swk_run_reopen_requests(struct swk_run *run)
{
	struct swk_received_list *received = &run->state.requests;

	for (size_t i = 0; !run->settings->dry_run && i < received->count; i++) {
		struct swk_received *one = &received->list[i];

		if (!swk_received_may_reopen(one) ||
		    swk_comply_is_gone(&one->request, &run->desired))
			continue;
		one->state = SWK_ACK_PENDING;
		one->gone_since = 0;
		/* An undo asks and tells Consul nothing: the next run answers. */
		run->requested |= !run->hold;
	}
	return 0;
}
