/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/deadline.h"
#include "consul/document.h"
#include "policy/guard.h"
#include "policy/shares.h"
#include "policy/stand_in.h"
#include "run/run.h"

bool swk_run_knows_all(const struct swk_run *run)
{
	return run->complete && run->list_known && !run->services.filtered;
}

/* ---- the document ---- */

static int count_listed(struct swk_run *run, const char *name)
{
	if (!swk_name_is_internal(name) && swk_name_valid(name))
		run->listed++;
	return 0;
}

static int document_service(void *context, const char *name, struct swk_error *error)
{
	(void)error;
	return count_listed(context, name);
}

/* Sees from which datacenters the document is. With the setting, policy skips those of others. */
static void see_datacenter(struct swk_run *run, const struct swk_instance *instance)
{
	if (*instance->peer || run->settings->consul.datacenter ||
	    !swk_name_valid(instance->datacenter))
		return;
	if (!*run->datacenter)
		(void)snprintf(run->datacenter, sizeof(run->datacenter), "%s",
			       instance->datacenter);
	run->mixed |= strcasecmp(run->datacenter, instance->datacenter) != 0;
}

/* Whether a document only signals that Consul must be asked about a service: it shows all of its
 * instances, but only some count, or none of those that do. */
static bool is_only_signalled(const struct swk_run *run, const char *service)
{
	struct swk_rules rules;

	swk_rules_find(&rules, &run->settings->defaults, &run->settings->services, service);
	return rules.filter || rules.peer;
}

static int document_instance(void *context, const struct swk_instance *instance,
			     struct swk_error *error)
{
	struct swk_run *run = context;
	const char *only = run->settings->service;

	if (only && strcmp(instance->service, only) != 0) {
		/* Consul ignores case when it looks up a service, so the document may contain
		 * another one. It uses Unicode's cases (U+0130 is an `i`, U+212A a `k`), so the
		 * other name may not be valid for an upstream. */
		if (!strcasecmp(instance->service, only) || !swk_name_valid(instance->service))
			return 0;
		return swk_error_set(
			error, SWK_DATA,
			"instance %zu ('%s') belongs to service '%s', not to --service %s",
			instance->number, instance->id, instance->service, only);
	}
	if (is_only_signalled(run, instance->service))
		return swk_services_find(&run->services, instance->service)
			       ? 0
			       : swk_policy_service(&run->services, &run->policy, instance->service,
						    run->report, error);
	see_datacenter(run, instance);
	return swk_policy_instance(&run->services, &run->policy, instance, run->report, error);
}

static int record_undecodable(struct swk_run *run, const char *service, const char *what,
			      const char *reason)
{
	return swk_decisions_add(run->policy.decisions,
				 &(struct swk_decision){.source = {.name = service},
							.instance = what,
							.outcome = SWK_OUTCOME_SKIPPED,
							.reason = reason},
				 run->error);
}

/* Notes an undecodable registration. The run then deletes nothing of its service or, if that is
 * unknown, of any service. */
static int note_undecodable(struct swk_run *run, const char *service, const char *what,
			    const char *reason, struct swk_error *error)
{
	struct swk_service *known;

	swk_report_note(run->report, SWK_NOTE_SKIPPED, "%s%s%s%s skipped: %s",
			service ? "service '" : "", service ? service : "", service ? "': " : "",
			what, reason);
	if (!service || !swk_name_valid(service)) {
		run->services.undecodable |= !service;
		return record_undecodable(run, service, what, reason);
	}
	known = swk_services_get(&run->services, service, error);
	if (!known)
		return error->status;
	known->undecodable = true;
	return record_undecodable(run, service, what, reason);
}

static int document_undecodable(void *context, const char *service, const char *what,
				const char *reason, struct swk_error *error)
{
	return note_undecodable(context, service, what, reason, error);
}

void swk_run_forget_document(struct swk_run *run)
{
	for (size_t i = 0; i < run->services.count; i++)
		swk_service_clear(&run->services.list[i]);
	run->services.undecodable = false;
	swk_report_forget_document(run->report);
	if (run->policy.decisions)
		run->policy.decisions->count = 0;
	swk_causes_free(&run->causes);
}

/* Names the event for the report. */
static int name_event(struct swk_run *run, enum swk_document_kind kind)
{
	static const enum swk_event events[] = {
		[SWK_DOCUMENT_NOTHING] = SWK_EVENT_UNKNOWN,
		[SWK_DOCUMENT_SERVICE] = SWK_EVENT_SERVICE,
		[SWK_DOCUMENT_SERVICES] = SWK_EVENT_SERVICES,
		[SWK_DOCUMENT_CHECKS] = SWK_EVENT_CHECKS,
		[SWK_DOCUMENT_KEYS] = SWK_EVENT_KEYPREFIX,
	};
	const struct swk_settings *settings = run->settings;
	const char *only = settings->service;

	run->report->event = events[kind];
	if (kind == SWK_DOCUMENT_NOTHING && only)
		run->report->event = SWK_EVENT_SERVICE;
	else if (kind == SWK_DOCUMENT_NOTHING && settings->keyprefix)
		run->report->event = SWK_EVENT_KEYPREFIX;
	if (!only && kind == SWK_DOCUMENT_SERVICE && run->services.count == 1)
		only = run->services.list[0].name;
	if (only && run->report->event == SWK_EVENT_SERVICE)
		run->report->service = strdup(only);
	return only && run->report->event == SWK_EVENT_SERVICE && !run->report->service
		       ? swk_error_memory(run->error)
		       : 0;
}

/* Finds out whether the run is about all services, or about those in the document. */
static int take_document(struct swk_run *run, enum swk_document_kind kind)
{
	const char *only = run->settings->service;

	if (kind == SWK_DOCUMENT_SERVICES || kind == SWK_DOCUMENT_CHECKS) {
		if (only)
			return swk_error_set(run->error, SWK_DATA,
					     "--service is for the document of a 'service' watch, "
					     "but this is the document of a '%s' watch",
					     kind == SWK_DOCUMENT_CHECKS ? "checks" : "services");
		/* The document only starts the run: Consul is asked again under the lock. */
		run->complete = true;
		run->full = kind == SWK_DOCUMENT_SERVICES || run->settings->verify;
		run->checks.in_document = kind == SWK_DOCUMENT_CHECKS;
		run->checks.undecodable |= run->services.undecodable;
		swk_run_forget_document(run);
		swk_services_free(&run->services);
		if (kind == SWK_DOCUMENT_SERVICES &&
		    !swk_guard_list(run->listed, 0, NULL, "the document", run->report))
			return SWK_HELD_BACK;
		return 0;
	}
	if (kind == SWK_DOCUMENT_KEYS && only)
		return swk_error_set(run->error, SWK_DATA,
				     "--service is for the document of a 'service' watch, but this "
				     "is the document of a 'keyprefix' watch");
	if (only)
		return swk_services_get(&run->services, only, run->error) ? 0 : run->error->status;
	if (kind == SWK_DOCUMENT_KEYS ||
	    (kind == SWK_DOCUMENT_NOTHING && run->settings->keyprefix)) {
		swk_run_take_keys(run);
		return 0;
	}
	if (kind == SWK_DOCUMENT_NOTHING)
		return swk_error_set(
			run->error, SWK_DATA,
			"the document is [] and does not name its service: give --service NAME");
	if (!run->services.count && run->services.undecodable)
		return swk_error_set(run->error, SWK_DATA,
				     "none of the instances in the document can be decoded");
	return 0;
}

static bool may_be_tagged(const struct swk_run *run)
{
	return swk_rules_tagged(&run->settings->defaults, &run->settings->services);
}

static int decode(struct swk_run *run, enum swk_document_kind *kind)
{
	const struct swk_document_sink sink = {.context = run,
					       .tagged = may_be_tagged(run),
					       .instance = document_instance,
					       .service = document_service,
					       .check = swk_run_check,
					       .key = run->settings->keyprefix ? swk_run_key : NULL,
					       .undecodable = document_undecodable};
	struct swk_document *document;
	int status = swk_document_open(&document, &sink, run->error);

	run->report->reading = true;
	if (!status)
		status = swk_document_read(document, run->descriptor, run->deadline, kind,
					   run->error);
	run->report->reading = false;
	swk_document_close(document);
	return status;
}

int swk_run_read_document(struct swk_run *run)
{
	enum swk_document_kind kind = SWK_DOCUMENT_NOTHING;

	if (swk_consul_event_index(&run->event_index, run->error))
		return run->error->status;
	if (run->settings->service && !swk_name_valid(run->settings->service))
		return swk_error_set(run->error, SWK_USAGE,
				     "--service: '%s' cannot be an upstream's name",
				     run->settings->service);
	if (run->settings->requests || run->local) {
		run->report->event = SWK_EVENT_REQUESTS;
		return 0;
	}
	if (run->settings->resync && run->settings->service)
		return swk_error_set(run->error, SWK_USAGE,
				     "--resync is about all services, but --service is about one: "
				     "leave one of them out");
	if (run->settings->ask)
		return swk_services_get(&run->services, run->settings->service, run->error)
			       ? 0
			       : run->error->status;
	if (run->settings->resync) {
		run->complete = run->full = true;
		run->report->event = SWK_EVENT_RESYNC;
		return 0;
	}
	if (decode(run, &kind) || name_event(run, kind))
		return run->error->status;
	return take_document(run, kind);
}

/* ---- Consul ---- */

/* Receives an answer about one service. */
struct answer {
	struct swk_run *run;
	const char *service;
	struct swk_answer_checks *checks; /* NULL: not needed */
};

static int answer_check(void *context, const struct swk_check *check, struct swk_error *error)
{
	(void)error;
	swk_answer_check(((struct answer *)context)->checks, check);
	return 0;
}

static void remember_datacenter(struct swk_run *run, const char *datacenter)
{
	(void)snprintf(run->state.datacenter, sizeof(run->state.datacenter), "%s", datacenter);
}

static int answer_instance(void *context, const struct swk_instance *instance,
			   struct swk_error *error)
{
	struct answer *answer = context;
	struct swk_run *run = answer->run;
	struct swk_answer_checks *checks = answer->checks;
	const size_t before = swk_report_said(run->report);
	int status;

	run->seen++;
	if (!run->settings->consul.datacenter && swk_name_valid(instance->datacenter))
		remember_datacenter(run, instance->datacenter);
	/* Consul ignores case when it looks up a service. */
	if (strcmp(instance->service, answer->service) != 0) {
		if (checks)
			swk_answer_skip(checks);
		return 0;
	}
	status = swk_policy_instance(&run->services, &run->policy, instance, run->report, error);
	if (status || !checks)
		return status;
	checks->ambiguous |= swk_report_said(run->report) != before;
	return swk_answer_instance(checks, instance, error);
}

/* Discards what is known of a service before it is asked about, perhaps again because the answer
 * was too old. */
static void forget_answer(void *context)
{
	const struct answer *answer = context;

	swk_service_clear(swk_services_find(&answer->run->services, answer->service));
	swk_decisions_forget(answer->run->policy.decisions, SWK_SOURCE_SERVICE, answer->service);
	swk_causes_forget(answer->run->policy.causes, SWK_SOURCE_SERVICE, answer->service);
	if (answer->checks)
		swk_answer_forget(answer->checks);
}

static int answer_undecodable(void *context, const char *service, const char *what,
			      const char *reason, struct swk_error *error)
{
	struct answer *answer = context;

	if (service && strcmp(service, answer->service) != 0)
		return 0;
	return note_undecodable(answer->run, answer->service, what, reason, error);
}

/* ask_services reports the end itself. */
static void answer_ended(void *context)
{
	const struct answer *answer = context;
	struct swk_run *run = answer->run;

	if (++run->answered < run->asked)
		swk_report_progress(run->report, "Consul", "services", run->answered, run->asked);
}

/* The lowest index to accept. An answer older than what a run acted on could bring back instances
 * that are gone. */
static uint64_t least_index(const struct swk_run *run, const char *service)
{
	uint64_t last = swk_indexes_get(&run->state.indexes, service);

	return !run->complete && run->event_index > last ? run->event_index : last;
}

static struct swk_answer_checks *checks_of(const struct swk_run *run, const char *service)
{
	if (!run->checks.answers)
		return NULL;
	return &run->checks
			.answers[swk_services_find(&run->services, service) - run->services.list];
}

static int take_answer(struct swk_run *run, const struct answer *answer,
		       const struct swk_consul_query *query)
{
	struct swk_service *service = swk_services_find(&run->services, answer->service);

	service->index = query->index;
	service->unchanged = query->same;
	service->filtered = query->filtered && !run->settings->force;
	/* The known answer had an instance. */
	run->seen += query->same;
	if (answer->checks)
		answer->checks->number = query->number;
	service->answered = !query->error.status;
	if (!query->error.status)
		return 0;
	swk_service_clear(service);
	service->unavailable = true;
	swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
			"Consul could not be asked about service %s, so %s: %s", answer->service,
			run->confirming ? "none of its upstreams is deleted"
					: "its upstreams stay as they are",
			query->error.text);
	if (query->error.status != SWK_INTERNAL)
		return 0;
	return swk_error_set(run->error, SWK_INTERNAL, "%s", query->error.text);
}

/* Notes if Consul left out instances, once for all services. */
static void note_filtered(struct swk_run *run, const char *const *names, size_t count)
{
	const char *first = NULL;
	char others[64] = "";
	size_t filtered = 0;

	for (size_t i = count; i-- > 0;) {
		if (!swk_services_find(&run->services, names[i])->filtered)
			continue;
		first = names[i];
		filtered++;
	}
	if (filtered > 1)
		(void)snprintf(others, sizeof(others), " (and %zu more)", filtered - 1);
	if (filtered)
		swk_report_note(
			run->report, SWK_NOTE_HELD_BACK,
			"Consul's answer about service %s%s is incomplete, so no server is "
			"removed because of it: the token lacks node:read for some nodes, or "
			"service:read",
			first, others);
}

/* Asks about the services in `names`, which must all be in run->services. */
static int ask_services(struct swk_run *run, const char *const *names, size_t count)
{
	struct swk_consul_query *queries = calloc(count + 1, sizeof(*queries));
	struct answer *answers = calloc(count + 1, sizeof(*answers));
	size_t noted = run->report->note_count;
	struct swk_rules rules;
	int status = queries && answers ? swk_run_expect_checks(run) : swk_error_memory(run->error);

	if (status)
		goto out;
	for (size_t i = 0; i < count; i++) {
		answers[i] = (struct answer){run, names[i], checks_of(run, names[i])};
		queries[i].service = names[i];
		swk_rules_find(&rules, &run->settings->defaults, &run->settings->services,
			       names[i]);
		queries[i].filter = rules.filter;
		queries[i].peer = rules.peer;
		queries[i].sink = (struct swk_document_sink){.context = &answers[i],
							     .tagged = may_be_tagged(run),
							     .instance = answer_instance,
							     .undecodable = answer_undecodable};
		queries[i].least = least_index(run, names[i]);
		if (answers[i].checks)
			queries[i].sink.instance_check = answer_check;
		queries[i].consistent = swk_run_is_requested(run, names[i]);
		if (!queries[i].consistent)
			queries[i].known = swk_run_known_answer(run, names[i]);
		queries[i].again = forget_answer;
		queries[i].ended = answer_ended;
		forget_answer(&answers[i]);
	}
	run->asked = count;
	run->answered = 0;
	swk_report_progress(run->report, "Consul", "services", 0, count);
	status = swk_consul_ask(&run->consul, run->http, queries, count, run->consul_deadline,
				run->error);
	swk_report_progress(run->report, "Consul", "services", count, count);
	for (size_t i = 0; !status && i < count; i++)
		status = take_answer(run, &answers[i], &queries[i]);
	if (!status)
		note_filtered(run, names, count);
out:
	swk_report_sort(run->report, noted);
	free(queries);
	free(answers);
	return status;
}

/* Whether the document may be older than what a run acted on. */
static bool is_old(const struct swk_run *run)
{
	bool old = run->waited;

	for (size_t i = 0; !old && i < run->services.count; i++) {
		uint64_t last = swk_indexes_get(&run->state.indexes, run->services.list[i].name);

		/* The service was not in the last list. A document that is not newer than that list
		 * may be about a service that is gone. */
		if (!last && run->state.listed)
			last = run->state.listed + 1;
		old = run->event_index < last;
	}
	return old;
}

/* Asks about all services but unchanged ones. */
static int ask_about_all(struct swk_run *run)
{
	const char **names = reallocarray(NULL, run->services.count + 1, sizeof(*names));
	size_t count = 0;
	int status;

	if (!names)
		return swk_error_memory(run->error);
	for (size_t i = 0; i < run->services.count; i++) {
		if (!run->services.list[i].unchanged)
			names[count++] = run->services.list[i].name;
	}
	status = count ? ask_services(run, names, count) : 0;
	free(names);
	return status;
}

/* Exchanges the services, decisions and causes that the run has for others. */
static void exchange(struct swk_run *run, struct swk_services *services,
		     struct swk_decisions *decisions, struct swk_causes *causes)
{
	const struct swk_services of_run = run->services;
	struct swk_decisions none = {0},
			     *list = run->policy.decisions ? run->policy.decisions : &none;
	const struct swk_decisions decided = *list;
	const struct swk_causes caused = run->causes;

	run->services = *services;
	*services = of_run;
	*list = *decisions;
	*decisions = decided;
	run->causes = *causes;
	*causes = caused;
}

/* Asks about the services of a document that would delete something: a watch with a tag or a filter
 * shows only a part of a service. If Consul does not answer about all, the document counts after
 * all, but nothing is deleted. */
static int confirm_document(struct swk_run *run)
{
	struct swk_services others = {0};
	struct swk_decisions decisions = {0};
	struct swk_causes causes = {0};
	bool answered = true;
	int status = 0;

	swk_report_note(
		run->report, SWK_NOTE_DETAIL,
		"Consul is asked about the whole service, because the document would delete "
		"an upstream of it");
	for (size_t i = 0; !status && i < run->services.count; i++) {
		if (!swk_services_get(&others, run->services.list[i].name, run->error))
			status = run->error->status;
	}
	exchange(run, &others, &decisions, &causes);
	run->confirming = true;
	if (!status)
		status = ask_about_all(run);
	run->confirming = false;
	for (size_t i = 0; i < run->services.count; i++)
		answered &= !run->services.list[i].unavailable;
	if (answered)
		swk_report_forget_document(run->report);
	else
		exchange(run, &others, &decisions, &causes);
	for (size_t i = 0; i < run->services.count; i++)
		run->services.list[i].unconfirmed = !answered;
	swk_services_free(&others);
	swk_decisions_free(&decisions);
	swk_causes_free(&causes);
	return status;
}

/* Asks about the services of a document from another datacenter, or from several. */
static int ask_elsewhere(struct swk_run *run)
{
	int status;

	swk_run_forget_document(run);
	status = ask_about_all(run);
	if (run->mixed)
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"the document has instances of several datacenters, so Consul was "
				"asked instead: correct the watch");
	else if (strcasecmp(run->state.datacenter, run->datacenter) != 0)
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"the document is from datacenter %s, but Consul's answers are from "
				"%s, so Consul was asked instead: correct the watch, or set "
				"consul.datacenter",
				run->datacenter, run->state.datacenter);
	return status;
}

/* For a request, Consul is asked about its services, and about those of the document. */
static int ask_for_requests(struct swk_run *run)
{
	if (!run->keys_known)
		swk_run_forget_document(run);
	return swk_run_add_requested(run) ? run->error->status : ask_about_all(run);
}

/* Whether a document lacks a colour that has a share of an upstream: that may be gone, or the
 * document shows only a part of the service. */
static bool lacks_colour(const struct swk_run *run, const struct swk_service *service)
{
	const struct swk_upstream *plain = swk_service_upstream(service, "");
	struct swk_rules rules;

	swk_rules_find(&rules, &run->settings->defaults, &run->settings->services, service->name);
	return plain && rules.shares.count && swk_shares_lack(&rules.shares, plain);
}

static bool is_signal(const struct swk_run *run)
{
	bool signal = false;

	for (size_t i = 0; !signal && i < run->services.count; i++) {
		const struct swk_service *service = &run->services.list[i];

		signal = is_only_signalled(run, service->name) || lacks_colour(run, service);
	}
	return signal;
}

/* An event run asks only if it can't believe the document. */
static int ask_where_needed(struct swk_run *run)
{
	if (run->complete || run->settings->ask)
		return ask_about_all(run);
	if (run->requested)
		return ask_for_requests(run);
	if (is_signal(run)) {
		swk_run_forget_document(run);
		return ask_about_all(run);
	}
	if (!*run->state.datacenter && !run->mixed)
		remember_datacenter(run, run->datacenter);
	if (run->mixed ||
	    (*run->datacenter && strcasecmp(run->state.datacenter, run->datacenter) != 0))
		return ask_elsewhere(run);
	/* A document without an index is believed: it is no watch's, and has no known age. */
	if (!run->event_index)
		return 0;
	if (is_old(run)) {
		swk_run_forget_document(run);
		return ask_about_all(run);
	}
	for (size_t i = 0; i < run->services.count; i++)
		run->services.list[i].index = run->event_index;
	if (swk_policy_find_sources(&run->recorded, run->settings, &run->services, false,
				    run->error))
		return run->error->status;
	return swk_decide_deletes(run->settings, &run->recorded,
				  &(struct swk_known_sources){.services = &run->services})
		       ? confirm_document(run)
		       : 0;
}

static int listed_service(void *context, const char *name, struct swk_error *error)
{
	struct swk_run *run = context;

	(void)count_listed(run, name);
	return swk_policy_service(&run->services, &run->policy, name, run->report, error);
}

static int listed_undecodable(void *context, const char *service, const char *what,
			      const char *reason, struct swk_error *error)
{
	(void)service;
	(void)error;
	swk_report_note(((struct swk_run *)context)->report, SWK_NOTE_SKIPPED, "%s skipped: %s",
			what, reason);
	return 0;
}

/* Adds services that are asked about even if Consul's list lacks them. */
static int add_named(struct swk_run *run)
{
	const struct swk_overrides *overrides = &run->settings->services;
	int status = 0;

	for (size_t i = 0; !status && i < overrides->count; i++) {
		const char *name = overrides->list[i].pattern;

		if (swk_stand_in_unlisted(run->settings, name) &&
		    !swk_services_find(&run->services, name))
			status = swk_policy_service(&run->services, &run->policy, name, run->report,
						    run->error);
	}
	return status;
}

/* A complete run asks for the list first, so all that it knows yet comes from there. */
static void forget_list(void *context)
{
	struct swk_run *run = context;

	swk_services_free(&run->services);
	swk_report_forget(run->report, SWK_NOTE_SKIPPED);
	if (run->policy.decisions)
		swk_decisions_free(run->policy.decisions);
	run->listed = 0;
}

/* Whether the list lacks a service that has an upstream in FILE. */
static bool list_lacks_one(const struct swk_run *run)
{
	for (size_t i = 0; i < run->recorded.count; i++) {
		const struct swk_source *source = &run->recorded.list[i].source;

		if (source->kind == SWK_SOURCE_SERVICE && *source->name &&
		    !swk_services_find(&run->services, source->name))
			return true;
	}
	return false;
}

static bool guard_list(struct swk_run *run)
{
	return swk_guard_list(run->listed, run->settings->min_services,
			      run->settings->min_services_where, "Consul's list of services",
			      run->report);
}

static void forget_count(void *context)
{
	((struct swk_run *)context)->listed = 0;
}

/* For `swk explain` of one service: notes if a complete run would distrust the list. */
static int check_list(struct swk_run *run)
{
	struct swk_consul_query query = {.sink = {.context = run,
						  .service = document_service,
						  .undecodable = listed_undecodable},
					 .again = forget_count};
	int status;

	if (!run->settings->explain || !run->settings->ask)
		return 0;
	run->listed = 0;
	status = swk_consul_ask(&run->consul, run->http, &query, 1, run->consul_deadline,
				run->error);
	if (!status && !query.error.status)
		(void)guard_list(run);
	return status;
}

/* In a complete run, asks for the list of services. Sets list_known, or notes why not. */
static int ask_list(struct swk_run *run)
{
	const struct swk_settings *settings = run->settings;
	struct swk_consul_query query = {.sink = {.context = run,
						  .service = listed_service,
						  .undecodable = listed_undecodable},
					 .least = run->state.listed,
					 .again = forget_list};
	int status;

	if (!run->complete)
		return 0;
	run->listed = 0;
	status = swk_consul_ask(&run->consul, run->http, &query, 1, run->consul_deadline,
				run->error);
	/* Only the leader's list may delete an upstream: other servers and caches may be behind. */
	if (!status && !query.error.status && (settings->consul.stale || settings->consul.cached) &&
	    list_lacks_one(run)) {
		forget_list(run);
		query.least = UINT64_MAX;
		status = swk_consul_ask(&run->consul, run->http, &query, 1, run->consul_deadline,
					run->error);
	}
	if (status)
		return status;
	run->list_known = !query.error.status;
	run->report->index = query.index;
	run->services.filtered = run->list_known && query.filtered && !settings->force;
	if (run->services.filtered)
		swk_report_note(
			run->report, SWK_NOTE_HELD_BACK,
			"Consul's list of services is incomplete, so no upstream is deleted "
			"because of it: the token lacks service:read for some services");
	if (run->list_known && add_named(run))
		return run->error->status;
	if (run->list_known)
		return guard_list(run) || (settings->explain && run->listed) ? 0 : SWK_HELD_BACK;
	forget_list(run);
	swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
			"Consul could not be asked, so every upstream stays as it is: %s",
			query.error.text);
	return 0;
}

/* How many services answered. *seen: instances in answers, plus one for each undecodable
 * service. */
static size_t count_asked(const struct swk_run *run, size_t *seen)
{
	size_t asked = 0;

	*seen = run->seen;
	for (size_t i = 0; i < run->services.count; i++) {
		const struct swk_service *service = &run->services.list[i];

		asked += !service->unavailable && !service->unchanged;
		*seen += service->undecodable;
	}
	return asked;
}

/* If the answers have not one instance, Consul may be broken, and FILE.checks does not prove the
 * contrary: asks about the unchanged services, too. */
static int ask_unchanged(struct swk_run *run)
{
	const char **names;
	size_t count = 0, seen;
	int status;

	if (!count_asked(run, &seen) || seen)
		return 0;
	names = reallocarray(NULL, run->services.count + 1, sizeof(*names));
	if (!names)
		return swk_error_memory(run->error);
	for (size_t i = 0; i < run->services.count; i++) {
		if (run->services.list[i].unchanged)
			names[count++] = run->services.list[i].name;
	}
	status = count ? ask_services(run, names, count) : 0;
	free(names);
	return status;
}

/* The list comes first; then the last step leaves out services that are unchanged. */
static int ask_about_services(struct swk_run *run)
{
	int status = ask_list(run);

	if (!status)
		status = swk_run_find_unchanged(run);
	return status ? status : ask_where_needed(run);
}

int swk_run_make_complete(struct swk_run *run)
{
	swk_run_forget_document(run);
	swk_services_free(&run->services);
	run->complete = run->full = true;
	run->seen = 0;
	if (!run->excerpt.used)
		return 0;
	swk_run_close_excerpt(run);
	return swk_run_read_whole(run);
}

/* If Consul shows no instance of a service, and FILE has own servers of it, Consul may be broken.
 * The guards find out, but only in a complete run. */
static int ask_about_all_if_bereft(struct swk_run *run)
{
	const struct swk_service *service;

	if (run->complete || run->on_hold || run->settings->ask)
		return 0;
	if (swk_policy_find_sources(&run->recorded, run->settings, &run->services, false,
				    run->error))
		return run->error->status;
	service = swk_run_find_bereft(run);
	if (!service)
		return 0;
	swk_report_note(run->report, SWK_NOTE_DETAIL,
			"Consul is asked about all services, because it shows no instance of "
			"service %s, which would lose its own servers",
			service->name);
	/* An older answer could bring its instances back. */
	if (service->index &&
	    swk_indexes_set(&run->state.indexes, service->name, service->index, run->error))
		return run->error->status;
	return swk_run_make_complete(run) ? run->error->status : ask_about_services(run);
}

static int guard_instances(struct swk_run *run)
{
	size_t seen, asked;

	if (!run->complete || !run->list_known)
		return 0;
	if (ask_unchanged(run))
		return run->error->status;
	asked = count_asked(run, &seen);
	return swk_guard_instances(asked, seen, run->report) ? 0 : SWK_HELD_BACK;
}

static int guard_rewrite(struct swk_run *run)
{
	if (!run->rewrite || !run->report->counted[SWK_NOTE_UNAVAILABLE])
		return 0;
	return swk_error_set(run->error, SWK_UNAVAILABLE,
			     "%s cannot be rewritten while Consul cannot be asked about everything",
			     run->store.conf);
}

int swk_run_ask_consul(struct swk_run *run)
{
	static int (*const steps[])(struct swk_run *) = {
		check_list,
		ask_about_services,
		ask_about_all_if_bereft, /* makes an event run a complete one */
		guard_instances,	 /* in a complete run */
		swk_run_fail_over,
		swk_run_ask_keys,
		guard_rewrite,
	};
	const int64_t now = swk_now_ms();
	int status = 0;

	run->consul_deadline = now + (run->deadline - now) * SWK_CONSUL_SHARE / 100;
	for (size_t i = 0; !status && i < sizeof(steps) / sizeof(*steps); i++)
		status = steps[i](run);
	return status;
}
