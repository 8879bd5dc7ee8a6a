/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <strings.h>

#include "base/deadline.h"
#include "policy/guard.h"
#include "policy/shares.h"
#include "run/run.h"

bool swk_run_knows_all(const struct swk_run *run)
{
	return run->complete && run->list_known && !run->services.filtered;
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
		status = swk_run_ask_services(run, false);
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
	status = swk_run_ask_services(run, false);
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
	return swk_run_add_requested(run) ? run->error->status : swk_run_ask_services(run, false);
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

		signal = swk_run_is_signalled(run, service->name) || lacks_colour(run, service);
	}
	return signal;
}

/* An event run asks only if it can't believe the document. */
static int ask_where_needed(struct swk_run *run)
{
	if (run->complete || run->settings->ask)
		return swk_run_ask_services(run, false);
	if (run->requested)
		return ask_for_requests(run);
	if (is_signal(run)) {
		swk_run_forget_document(run);
		return swk_run_ask_services(run, false);
	}
	if (!*run->state.datacenter && !run->mixed)
		(void)snprintf(run->state.datacenter, sizeof(run->state.datacenter), "%s",
			       run->datacenter);
	if (run->mixed ||
	    (*run->datacenter && strcasecmp(run->state.datacenter, run->datacenter) != 0))
		return ask_elsewhere(run);
	/* A document without an index is believed: it is no watch's, and has no known age. */
	if (!run->event_index)
		return 0;
	if (is_old(run)) {
		swk_run_forget_document(run);
		return swk_run_ask_services(run, false);
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

/* How many services answered that the list has. *seen: instances in answers, plus one for each
 * undecodable service. */
static size_t count_asked(const struct swk_run *run, size_t *seen)
{
	size_t asked = 0;

	*seen = run->seen;
	for (size_t i = 0; i < run->services.count; i++) {
		const struct swk_service *service = &run->services.list[i];

		asked += !service->unavailable && !service->unchanged && !service->unlisted;
		*seen += service->undecodable;
	}
	return asked;
}

/* If the answers have not one instance, Consul may be broken, and FILE.checks does not prove the
 * contrary: asks about the unchanged services, too. */
static int ask_unchanged(struct swk_run *run)
{
	size_t seen;

	return count_asked(run, &seen) && !seen ? swk_run_ask_services(run, true) : 0;
}

/* The list comes first; then the last step leaves out services that are unchanged. */
static int ask_about_services(struct swk_run *run)
{
	int status = swk_run_ask_list(run);

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
	/* Filters may be the reason. */
	if (count_asked(run, &seen) && !seen && swk_run_count_unfiltered(run))
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
		swk_run_check_list,	 ask_about_services,
		ask_about_all_if_bereft, /* makes an event run a complete one */
		guard_instances,	 /* in a complete run */
		swk_run_explain_filters, swk_run_ask_keys,
		swk_run_fail_over, /* last, because another datacenter may hang */
		guard_rewrite,
	};
	const int64_t now = swk_now_ms();
	int status = 0;

	run->consul_deadline = now + (run->deadline - now) * SWK_CONSUL_SHARE / 100;
	for (size_t i = 0; !status && i < sizeof(steps) / sizeof(*steps); i++)
		status = steps[i](run);
	return status;
}
