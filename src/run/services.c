/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "policy/guard.h"
#include "policy/stand_in.h"
#include "run/run.h"

/* ---- the list of services ---- */

static int listed_service(void *context, const char *name, struct swk_error *error)
{
	struct swk_run *run = context;

	(void)swk_run_count_listed(run, name, error);
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
		struct swk_service *service;

		if (!swk_stand_in_unlisted(run->settings, name) ||
		    swk_services_find(&run->services, name))
			continue;
		status = swk_policy_service(&run->services, &run->policy, name, run->report,
					    run->error);
		service = swk_services_find(&run->services, name);
		if (service)
			service->unlisted = true;
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

int swk_run_check_list(struct swk_run *run)
{
	struct swk_consul_query query = {.sink = {.context = run,
						  .service = swk_run_count_listed,
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

int swk_run_ask_list(struct swk_run *run)
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

/* ---- answers about services ---- */

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

static int answer_instance(void *context, const struct swk_instance *instance,
			   struct swk_error *error)
{
	struct answer *answer = context;
	struct swk_run *run = answer->run;
	struct swk_answer_checks *checks = answer->checks;
	const size_t before = swk_report_said(run->report);
	int status;

	run->seen++;
	/* The datacenter of an imported instance is the peer's. */
	if (!*instance->peer && !run->settings->consul.datacenter &&
	    swk_name_valid(instance->datacenter))
		(void)snprintf(run->state.datacenter, sizeof(run->state.datacenter), "%s",
			       instance->datacenter);
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
	return swk_run_note_undecodable(answer->run, answer->service, what, reason, error);
}

/* ask_about reports the end itself. */
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
static int ask_about(struct swk_run *run, const char *const *names, size_t count)
{
	struct swk_consul_query *queries = calloc(count + 1, sizeof(*queries));
	struct answer *answers = calloc(count + 1, sizeof(*answers));
	const struct swk_settings *settings = run->settings;
	const bool tagged = swk_rules_tagged(&settings->defaults, &settings->services);
	size_t noted = run->report->note_count;
	struct swk_rules rules;
	int status = queries && answers ? swk_run_expect_checks(run) : swk_error_memory(run->error);

	if (status)
		goto out;
	for (size_t i = 0; i < count; i++) {
		answers[i] = (struct answer){run, names[i], checks_of(run, names[i])};
		queries[i].service = names[i];
		swk_rules_find(&rules, &settings->defaults, &settings->services, names[i]);
		queries[i].filter = rules.filter;
		queries[i].peer = rules.peer;
		queries[i].sink = (struct swk_document_sink){.context = &answers[i],
							     .tagged = tagged,
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

int swk_run_ask_services(struct swk_run *run, bool unchanged)
{
	const char **names = reallocarray(NULL, run->services.count + 1, sizeof(*names));
	size_t count = 0;
	int status;

	if (!names)
		return swk_error_memory(run->error);
	for (size_t i = 0; i < run->services.count; i++) {
		if (run->services.list[i].unchanged == unchanged)
			names[count++] = run->services.list[i].name;
	}
	status = count ? ask_about(run, names, count) : 0;
	free(names);
	return status;
}

/* ---- what filters leave out ---- */

/* Asks again about the services that have a filter, without it. The sink's context is the run. */
static int ask_unfiltered(struct swk_run *run, const struct swk_document_sink *sink)
{
	struct swk_consul_query *queries = calloc(run->services.count + 1, sizeof(*queries));
	size_t count = 0;
	int status = 0;

	if (!queries)
		return swk_error_memory(run->error);
	for (size_t i = 0; i < run->services.count; i++) {
		const struct swk_service *service = &run->services.list[i];
		struct swk_rules rules;

		swk_rules_find(&rules, &run->settings->defaults, &run->settings->services,
			       service->name);
		if (rules.filter && service->answered)
			queries[count++] = (struct swk_consul_query){
				.service = service->name, .peer = rules.peer, .sink = *sink};
	}
	if (count)
		status = swk_consul_ask(&run->consul, run->http, queries, count,
					run->consul_deadline, run->error);
	free(queries);
	return status;
}

static int count_instance(void *context, const struct swk_instance *instance,
			  struct swk_error *error)
{
	(void)instance;
	(void)error;
	((struct swk_run *)context)->seen++;
	return 0;
}

static int count_undecodable(void *context, const char *service, const char *what,
			     const char *reason, struct swk_error *error)
{
	(void)service;
	(void)what;
	(void)reason;
	return count_instance(context, NULL, error);
}

int swk_run_count_unfiltered(struct swk_run *run)
{
	return ask_unfiltered(run, &(struct swk_document_sink){.context = run,
							       .instance = count_instance,
							       .undecodable = count_undecodable});
}

/* Whether there is a decision about the instance: the filter matches it. */
static bool is_decided(const struct swk_decisions *decisions, const struct swk_instance *instance)
{
	char id[SWK_TEXT_MAX], node[SWK_TEXT_MAX];

	swk_text_escape(id, sizeof(id), instance->id);
	swk_text_escape(node, sizeof(node), instance->node);
	for (size_t i = 0; i < decisions->count; i++) {
		const struct swk_decision *this = &decisions->list[i];

		if (!strcmp(this->instance, id) && !strcmp(this->node, node) &&
		    swk_source_is(&this->source, SWK_SOURCE_SERVICE, instance->service))
			return true;
	}
	return false;
}

static int explain_instance(void *context, const struct swk_instance *instance,
			    struct swk_error *error)
{
	struct swk_run *run = context;

	if (!swk_services_find(&run->services, instance->service) ||
	    is_decided(run->policy.decisions, instance))
		return 0;
	return swk_decisions_add(run->policy.decisions,
				 &(struct swk_decision){.source = {.name = instance->service},
							.instance = instance->id,
							.node = instance->node,
							.status = swk_endpoint_health(instance),
							.outcome = SWK_OUTCOME_LEFT_OUT,
							.reason = "the filter does not match it"},
				 error);
}

int swk_run_explain_filters(struct swk_run *run)
{
	if (!run->settings->explain || !run->policy.decisions)
		return 0;
	return ask_unfiltered(
		run, &(struct swk_document_sink){.context = run, .instance = explain_instance});
}
