/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include "consul/document.h"
#include "policy/guard.h"
#include "run/run.h"

int swk_run_count_listed(void *context, const char *name, struct swk_error *error)
{
	struct swk_run *run = context;

	(void)error;
	if (!swk_name_is_internal(name) && swk_name_valid(name))
		run->listed++;
	return 0;
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

bool swk_run_is_signalled(const struct swk_run *run, const char *service)
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
	if (swk_run_is_signalled(run, instance->service))
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

int swk_run_note_undecodable(void *context, const char *service, const char *what,
			     const char *reason, struct swk_error *error)
{
	struct swk_run *run = context;
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

static int decode(struct swk_run *run, enum swk_document_kind *kind)
{
	const struct swk_settings *settings = run->settings;
	const struct swk_document_sink sink = {
		.context = run,
		.tagged = swk_rules_tagged(&settings->defaults, &settings->services),
		.instance = document_instance,
		.service = swk_run_count_listed,
		.check = swk_run_check,
		.key = settings->keyprefix ? swk_run_key : NULL,
		.undecodable = swk_run_note_undecodable};
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
