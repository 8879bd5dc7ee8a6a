/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "base/deadline.h"
#include "base/file.h"
#include "base/hash.h"
#include "consul/calls.h"
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

/* The requests of this run: those of the caller, or those that FILE.state has. Borrowed. */
static struct swk_received_list list_of(const struct swk_run *run)
{
	return run->local ? run->local->requests : run->state.requests;
}

static bool has_new(const struct swk_received_list *received, const struct swk_requests *requests)
{
	for (size_t i = 0; i < requests->count; i++) {
		if (!swk_received_find(received, requests->list[i].id))
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
	const struct swk_received_list received = list_of(run);

	return swk_received_any_open(&received);
}

/* Adds what is new. */
static int add_new(struct swk_run *run, struct swk_requests *requests)
{
	struct swk_received_list *received = &run->state.requests;
	int status = 0;

	for (size_t i = 0; !status && i < requests->count; i++) {
		if (!swk_received_find(received, requests->list[i].id) &&
		    received->count < SWK_REQUESTS_MAX)
			status = swk_received_add(received, &requests->list[i], run->error);
	}
	return status;
}

static void remove_gone(struct swk_run *run, const struct swk_requests *requests)
{
	struct swk_received_list *received = &run->state.requests;

	for (size_t i = received->count; i-- > 0;) {
		if (!swk_requests_find(requests, received->list[i].request.id))
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

/* Whether a request that is open is about this service, or about one of its upstreams. */
bool swk_run_is_requested(const struct swk_run *run, const char *service)
{
	const struct swk_received_list received = list_of(run);

	for (size_t i = 0; run->requested && i < received.count; i++) {
		const struct swk_request *request = &received.list[i].request;

		if (!swk_received_is_open(&received.list[i]))
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
	const struct swk_received_list received = list_of(run);

	for (size_t i = 0; i < received.count; i++) {
		const struct swk_request *request = &received.list[i].request;

		for (size_t j = 0;
		     swk_received_is_open(&received.list[i]) && j < request->service_count; j++) {
			const char *name = service_of(run, request->services[j].name);

			if (name && !swk_services_get(&run->services, name, run->error))
				return run->error->status;
		}
	}
	return 0;
}

/* Makes the run a full one if a request for that was not answered yet. */
static void choose_extent(struct swk_run *run)
{
	const struct swk_received_list received = list_of(run);
	bool all = false;

	for (size_t i = 0; i < received.count; i++)
		all |= received.list[i].request.all && !received.list[i].given;
	if (!all || run->complete)
		return;
	swk_run_forget_document(run);
	swk_services_free(&run->services);
	run->complete = run->full = true;
}

/* Brings the requests in FILE.state up to date with Consul's. *changed: there are new ones. */
static int refresh(struct swk_run *run, bool *changed)
{
	struct swk_requests requests = {0};
	bool answered;
	int status = ask_requests(run, &requests, &answered);

	*changed = !status && answered && has_new(&run->state.requests, &requests);
	if (!status && answered) {
		remove_gone(run, &requests);
		status = add_new(run, &requests);
	}
	swk_requests_free(&requests);
	return status;
}

/* Remembers new requests at once: an agent delivers them only once, whatever becomes of this run.
 */
static int remember(struct swk_run *run)
{
	bool changed;

	if (add_new(run, &run->requests) || refresh(run, &changed))
		return run->error->status;
	return swk_run_save_state(run, false);
}

int swk_run_take_requests(struct swk_run *run)
{
	const bool asked = run->settings->requests || is_open(run);

	if (!asked || run->settings->dry_run || run->settings->ask)
		return 0;
	if (!run->local && remember(run))
		return run->error->status;
	run->requested = is_open(run);
	if (run->requested)
		choose_extent(run);
	return 0;
}

/* ---- answers ---- */

static size_t count_pending(const struct swk_run *run)
{
	size_t pending = 0;

	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		if (entry)
			pending += entry->pending.count;
	}
	return pending;
}

/* What all evaluations share. Call free_known afterwards. */
struct knowledge {
	struct swk_comply_known known;
	struct swk_comply_target *targets;
	struct swk_upstreams *rooms;
};

static void free_known(const struct swk_run *run, struct knowledge *this)
{
	for (size_t i = 0; this->rooms && i < run->target_count; i++)
		swk_upstreams_free(&this->rooms[i]);
	free(this->rooms);
	free(this->targets);
}

static int gather(struct swk_run *run, struct knowledge *this)
{
	static const struct swk_names nothing;

	*this = (struct knowledge){.targets = calloc(run->target_count + 1, sizeof(*this->targets)),
				   .rooms = calloc(run->target_count + 1, sizeof(*this->rooms))};
	if (!this->targets || !this->rooms)
		return swk_error_memory(run->error);
	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, target->name);

		this->targets[i] = (struct swk_comply_target){
			.name = target->name,
			.words = &target->kind->words,
			.trouble = target->trouble.status ? target->trouble.text : NULL,
			.live = &target->live,
			.pending = entry ? &entry->pending : NULL,
			.late = entry ? &entry->late : &nothing,
			.excluded = &target->excluded,
			.changed = &run->final,
			.recorded =
				swk_run_fitted(run, target, &run->desired, false, &this->rooms[i]),
			.creates = target->kind->creates};
		if (!this->targets[i].recorded)
			return run->error->status;
	}
	this->known = (struct swk_comply_known){
		.settings = run->settings,
		.services = &run->services,
		.recorded = &run->desired,
		.targets = this->targets,
		.target_count = run->target_count,
		.on_hold = run->on_hold,
		.held_back = run->report->counted[SWK_NOTE_HELD_BACK],
		.unavailable = run->report->counted[SWK_NOTE_UNAVAILABLE]};
	return 0;
}

static uint64_t hash_reason(const struct swk_ack *ack)
{
	return swk_hash_end(swk_hash_text(SWK_HASH_START, ack->reason));
}

/* Writes an acknowledgement, and remembers that. A failure is a note. */
static int give(struct swk_run *run, struct swk_received *one, struct swk_ack *ack)
{
	struct swk_error cause = {0};
	const struct swk_caller caller = {&run->consul, run->http, run->deadline, &cause};
	char *key = swk_ack_key(run->node, ack->id);
	struct swk_buffer text;
	bool set = false;

	swk_buffer_init(&text, SWK_REQUEST_BYTES_MAX);
	if (!key)
		(void)swk_error_memory(&cause);
	else if (!swk_ack_encode(&text, ack, &cause))
		(void)swk_consul_set_key(&caller, key, text.data, NULL, &set);
	if (set) {
		one->given = true;
		one->state = ack->state;
		one->reason = hash_reason(ack);
	} else {
		swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
				"request %s is not answered, because its acknowledgement could not "
				"be written (the token needs key:write for swk/acks/%s/): %s",
				ack->id, run->node,
				cause.status ? cause.text : "Consul refused it");
	}
	swk_buffer_free(&text);
	free(key);
	return cause.status == SWK_INTERNAL ? swk_error_memory(run->error) : 0;
}

/* Evaluates one request. Writes its acknowledgement if that differs from the last one. */
static int answer(struct swk_run *run, const struct swk_comply_known *known,
		  struct swk_received *one, bool *awaits)
{
	struct swk_ack ack = {.time = (int64_t)time(NULL),
			      .version = SWK_VERSION,
			      .pending = count_pending(run),
			      .on_hold = run->on_hold};
	int status;

	memcpy(ack.id, one->request.id, sizeof(ack.id));
	memcpy(ack.node, run->node, sizeof(ack.node));
	status = swk_comply(&ack, &one->request, known, awaits, run->error);
	if (status)
		return status;
	if (ack.state == SWK_ACK_PENDING)
		swk_report_note_once(run->report, SWK_NOTE_WARNING, ack.reason);
	if (run->local)
		return swk_acks_append(run->local->acks, &ack, run->error);
	if (one->given && one->state == ack.state && one->reason == hash_reason(&ack))
		return 0;
	return give(run, one, &ack);
}

/* Answers all open requests, from what the run has just read. */
static int answer_all(struct swk_run *run, bool *awaits)
{
	const struct swk_received_list received = list_of(run);
	struct knowledge this;
	int status = gather(run, &this);

	*awaits = false;
	for (size_t i = 0; !status && i < received.count; i++) {
		struct swk_received *one = &received.list[i];
		bool its = false;

		if (swk_received_is_open(one))
			status = answer(run, &this.known, one, &its);
		*awaits |= its;
	}
	free_known(run, &this);
	return status;
}

/* Finds the name of this host's node. Without it, nothing can be answered. */
static int find_node(struct swk_run *run)
{
	struct swk_error cause = {0};
	const struct swk_caller caller = {&run->consul, run->http, run->deadline, &cause};
	bool registered;

	if (run->local || *run->node)
		return 0;
	if (swk_consul_node(&caller, run->node, &registered) == SWK_INTERNAL)
		return swk_error_memory(run->error);
	if (cause.status)
		swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
				"requests are not answered, because the agent could not be asked "
				"for the name of this host: %s",
				cause.text);
	else if (!registered)
		swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
				"requests are not answered, because the agent has no service "
				"swk-apply with a check: install swk-fleet.hcl, and give the token "
				"service:read for it");
	return 0;
}

/* Deletes this host's acknowledgements whose request is gone. A failure is a note. */
static int delete_old(struct swk_run *run)
{
	struct swk_error cause = {0};
	const struct swk_caller caller = {&run->consul, run->http, run->deadline, &cause};
	char *prefix = swk_ack_key(run->node, "");
	struct swk_texts keys = {0};

	if (!prefix)
		return swk_error_memory(run->error);
	prefix[strlen(prefix) - 1] = '\0';
	(void)swk_consul_list_keys(&caller, prefix, &keys);
	for (size_t i = 0; !cause.status && i < keys.count; i++) {
		const char *key = keys.list[i], *id = strrchr(key, '/');

		if (strncmp(key, prefix, strlen(prefix)) != 0 || !id ||
		    swk_received_find(&run->state.requests, id + 1))
			continue;
		(void)swk_consul_delete_key(&caller, key);
	}
	if (cause.status && cause.status != SWK_INTERNAL)
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"old acknowledgements of this host could not be deleted (the token "
				"needs key:list and key:write for %s/): %s",
				prefix, cause.text);
	swk_texts_free(&keys);
	free(prefix);
	return cause.status == SWK_INTERNAL ? swk_error_memory(run->error) : 0;
}

/* Whether to read the targets again, because a target may soon be in step. Pauses first, without
 * the lock. Only the run that an agent started with the requests does so. */
static bool may_repeat(struct swk_run *run, unsigned tried)
{
	const long most = SWK_REQUEST_PAUSE_MS << (tried < 4 ? tried : 4);
	const long pause =
		swk_deadline_left(run->deadline - SWK_REQUEST_RESERVE_MS - most, 1) ? most : 0;
	const struct timespec time = {pause / 1000, pause % 1000 * 1000000};

	if (!run->settings->requests || run->local || !pause)
		return false;
	swk_run_unlock(run);
	(void)nanosleep(&time, NULL);
	return true;
}

/* Reads all parts of all targets, and answers what is open. *again: a target may soon be in step.
 */
static int read_and_answer(struct swk_run *run, bool first, bool *again)
{
	bool changed = false;

	/* FILE may have changed since the lock was released. */
	swk_run_unlock(run);
	if (swk_run_catch_up(run, SWK_DEPTH_PARTS) ||
	    (!run->local && !first && refresh(run, &changed)) || answer_all(run, again) ||
	    (!run->local && swk_run_save_state(run, false)))
		return run->error->status;
	/* The agent delivers a new request when this run has ended. */
	*again &= !changed;
	return 0;
}

int swk_run_answer_requests(struct swk_run *run)
{
	bool again = run->requested;
	int status = 0;

	if (!run->requested && !run->settings->requests)
		return 0;
	status = find_node(run);
	if (status || (!run->local && !*run->node))
		return status;
	for (unsigned tried = 0; !status && again; tried++) {
		status = read_and_answer(run, !tried, &again);
		again = again && !status && may_repeat(run, tried);
	}
	return status || run->local || !run->settings->requests ? status : delete_old(run);
}
