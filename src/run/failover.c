/* SPDX-License-Identifier: MIT */
#include <stdlib.h>

#include "policy/stand_in.h"
#include "run/run.h"

/* A service of which some upstreams need servers from elsewhere. */
struct needing {
	struct swk_run *run;
	struct swk_service *service;
	struct swk_rules rules;
	struct swk_policy policy; /* for instances of the datacenter that is asked */
	struct swk_services there;
	bool undecodable; /* an instance there is */
	struct swk_decisions decisions;
};

/* ---- one datacenter ---- */

static int there_instance(void *context, const struct swk_instance *instance,
			  struct swk_error *error)
{
	struct needing *needing = context;

	return swk_policy_instance(&needing->there, &needing->policy, instance,
				   needing->run->report, error);
}

static int there_undecodable(void *context, const char *service, const char *what,
			     const char *reason, struct swk_error *error)
{
	struct needing *needing = context;

	(void)service;
	(void)error;
	needing->undecodable = true;
	swk_report_note(needing->run->report, SWK_NOTE_SKIPPED,
			"service '%s': %s in datacenter %s skipped: %s", needing->service->name,
			what, needing->policy.datacenter, reason);
	return 0;
}

static void forget(void *context)
{
	struct needing *needing = context;

	swk_services_free(&needing->there);
	needing->undecodable = false;
	swk_decisions_free(&needing->decisions);
}

/* Adds the decisions about the instances there. */
static int take_decisions(const struct needing *needing)
{
	int status = 0;

	for (size_t i = 0; !status && i < needing->decisions.count; i++)
		status = swk_decisions_add(needing->run->policy.decisions,
					   &needing->decisions.list[i], needing->run->error);
	return status;
}

/* Consul left out of the answer what the token may not read, so an upstream that has servers from
 * there keeps them. Any other gets what the answer shows: a whole answer would show that, too. */
static int keep_hidden(const struct needing *needing)
{
	struct swk_run *run = needing->run;
	const char *datacenter = needing->policy.datacenter;

	swk_report_note(run->report, SWK_NOTE_HELD_BACK,
			"Consul's answer about service %s in datacenter %s is incomplete, so no "
			"server is removed because of it: the token lacks node:read for some nodes "
			"there, or service:read",
			needing->service->name, datacenter);
	return swk_stand_in_keep(needing->service, &needing->rules, &run->recorded, datacenter,
				 run->error);
}

static int take_answer(struct needing *needing, const struct swk_consul_query *query)
{
	struct swk_run *run = needing->run;
	const char *datacenter = needing->policy.datacenter;
	const struct swk_service *there =
		swk_services_find(&needing->there, needing->service->name);

	if (query->error.status == SWK_INTERNAL)
		return swk_error_set(run->error, SWK_INTERNAL, "%s", query->error.text);
	if (query->error.status) {
		swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
				"Consul could not be asked about service %s in datacenter %s, so "
				"an upstream with servers from there keeps them: %s",
				needing->service->name, datacenter, query->error.text);
		return swk_stand_in_keep(needing->service, &needing->rules, &run->recorded,
					 datacenter, run->error);
	}
	if (query->filtered && !run->settings->force && keep_hidden(needing))
		return run->error->status;
	if (there &&
	    (swk_stand_in_take(needing->service, &needing->rules, there, datacenter, run->error) ||
	     take_decisions(needing)))
		return run->error->status;
	/* The instance may be one of the upstream's servers. */
	return needing->undecodable ? swk_stand_in_keep(needing->service, &needing->rules,
							&run->recorded, datacenter, run->error)
				    : 0;
}

/* Asks the services' datacenters of this rank. *asked says whether there was one. */
static int ask_next(struct swk_run *run, struct needing *list, size_t count, size_t rank,
		    bool *asked)
{
	struct swk_consul_query *queries = calloc(count, sizeof(*queries));
	struct needing **asking = calloc(count, sizeof(struct needing *));
	size_t number = 0;
	int status = queries && asking ? 0 : swk_error_memory(run->error);

	for (size_t i = 0; !status && i < count; i++) {
		struct needing *this = &list[i];

		if (rank >= this->rules.failover.count ||
		    !swk_stand_in_lacking(this->service, &this->rules))
			continue;
		forget(this);
		this->policy.datacenter = this->rules.failover.list[rank];
		asking[number] = this;
		queries[number++] = (struct swk_consul_query){
			.service = this->service->name,
			.datacenter = this->policy.datacenter,
			.filter = this->rules.filter,
			.sink = {.context = this,
				 .tagged = swk_rules_tagged(&run->settings->defaults,
							    &run->settings->services),
				 .instance = there_instance,
				 .undecodable = there_undecodable},
			.again = forget,
		};
	}
	*asked = number;
	if (number)
		status = swk_consul_ask(&run->consul, run->http, queries, number,
					run->consul_deadline, run->error);
	for (size_t i = 0; !status && i < number; i++)
		status = take_answer(asking[i], &queries[i]);
	free(queries);
	free(asking);
	return status;
}

/* ---- all of them ---- */

/* Whether the run knows all of the service's own instances. */
static bool is_known(const struct swk_run *run, const struct swk_service *service)
{
	return !service->unchanged && !service->undecodable && !run->services.undecodable &&
	       !service->filtered && !service->unconfirmed && !service->crowded &&
	       (service->instances || service->answered);
}

const struct swk_service *swk_run_find_bereft(const struct swk_run *run)
{
	for (size_t i = 0; i < run->services.count; i++) {
		const struct swk_service *service = &run->services.list[i];

		if (is_known(run, service) &&
		    swk_stand_in_replaces_all(service, run->settings, &run->recorded))
			return service;
	}
	return NULL;
}

/* Adds the service if one of its upstreams needs a stand-in. */
static int examine(struct swk_run *run, struct swk_service *service, struct needing *list,
		   size_t *count)
{
	struct needing *this = &list[*count];

	*this = (struct needing){.run = run, .service = service, .policy = run->policy};
	swk_rules_find(&this->rules, &run->settings->defaults, &run->settings->services,
		       service->name);
	if (!swk_stand_in_is_set(&this->rules) || !is_known(run, service))
		return 0;
	if (swk_stand_in_expect(service, run->settings, &this->rules, &run->recorded, run->error))
		return run->error->status;
	*count += swk_stand_in_lacking(service, &this->rules) != NULL;
	return 0;
}

static int fail_over(struct swk_run *run, struct needing *list, size_t count)
{
	const size_t noted = run->report->note_count;
	bool asked = count;
	int status = 0;

	for (size_t i = 0; i < count; i++) {
		if (run->policy.decisions)
			list[i].policy.decisions = &list[i].decisions;
	}
	for (size_t rank = 0; !status && asked; rank++)
		status = ask_next(run, list, count, rank, &asked);
	for (size_t i = 0; i < count; i++) {
		if (!status)
			status =
				swk_stand_in_fall_back(list[i].service, &list[i].rules, run->error);
		forget(&list[i]);
	}
	swk_report_sort(run->report, noted);
	return status;
}

/* Whether any service may have servers from elsewhere. */
static bool is_set(const struct swk_settings *settings)
{
	bool set = swk_stand_in_is_set(&settings->defaults);

	for (size_t i = 0; !set && i < settings->services.count; i++)
		set = swk_stand_in_is_set(&settings->services.list[i].rules);
	return set;
}

int swk_run_fail_over(struct swk_run *run)
{
	struct needing *list;
	size_t count = 0;
	int status = 0;

	if (!is_set(run->settings))
		return 0;
	list = calloc(run->services.count + 1, sizeof(*list));
	if (!list)
		return swk_error_memory(run->error);
	for (size_t i = 0; !status && i < run->services.count; i++)
		status = examine(run, &run->services.list[i], list, &count);
	if (!status)
		status = fail_over(run, list, count);
	free(list);
	return status;
}
