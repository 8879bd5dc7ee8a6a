/* SPDX-License-Identifier: MIT */
#include "policy/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "policy/fit.h"

/* One that wants a name in the file. */
struct claim {
	const struct swk_upstream *upstream; /* of the registry, or, if it is kept, of the file */
	int rank; /* 0: the file records it as the name's source; then a service's own name, a
		   * colour, a key */
};

struct decision {
	const struct swk_policy *policy;
	const struct swk_upstreams *have;
	const struct swk_upstream **by_service; /* what we have of one source, sorted */
	size_t of_source;
	struct claim *claims;
	size_t claim_count;
	struct swk_report *report;
	struct swk_error *error;
};

/* A service (or a key's upstream) with the rules for it. */
struct subject {
	const struct swk_source *source;
	struct swk_service *service;
	struct swk_rules rules;
	bool unsure;
};

static bool same_source(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return a->keyed == b->keyed && !strcmp(a->service, b->service) && !strcmp(a->tag, b->tag);
}

/* ---- who claims a name ---- */

static int claim(struct decision *decision, const struct swk_upstream *upstream)
{
	const struct swk_upstream *recorded = swk_upstreams_find(decision->have, upstream->name);
	struct claim *claims =
		swk_list_grow(decision->claims, decision->claim_count, sizeof(*claims));
	int rank = 0;

	if (!claims)
		return swk_error_memory(decision->error);
	decision->claims = claims;
	if (!recorded || !same_source(recorded, upstream)) {
		rank = strcmp(upstream->name, upstream->service) ? 2 : 1;
		if (upstream->keyed)
			rank = 3;
	}
	claims[decision->claim_count++] = (struct claim){.upstream = upstream, .rank = rank};
	return 0;
}

static int say_of_upstream(struct decision *decision, const struct swk_upstream *upstream,
			   enum swk_verdict verdict, const char *why)
{
	return swk_whys_add(decision->policy->whys,
			    &(struct swk_why){.service = upstream->service,
					      .tag = upstream->tag,
					      .keyed = upstream->keyed,
					      .upstream = upstream->name,
					      .verdict = verdict,
					      .reason = (char *)(uintptr_t)why},
			    decision->error);
}

static int keep(struct decision *decision, const struct swk_upstream *upstream, const char *why)
{
	int status = 0;

	if (why) {
		swk_report_note(decision->report, SWK_NOTE_KEPT,
				"upstream %s: kept with its last %zu server%s: %s", upstream->name,
				upstream->count, upstream->count == 1 ? "" : "s", why);
		status = say_of_upstream(decision, upstream, SWK_KEPT, why);
	}
	return status ? status : claim(decision, upstream);
}

/* ---- what we have ---- */

static int service_order(const char *key, const void *item)
{
	return strcmp(key, (*(const struct swk_upstream *const *)item)->service);
}

/* Where in by_service the upstreams of a service begin; they end where another service's do. */
static size_t first_of(const struct decision *decision, const char *service)
{
	bool found;

	return swk_list_place(decision->by_service, decision->of_source,
			      sizeof(*decision->by_service), service, service_order, &found);
}

/* What we have of the same source: of several, as in the midst of a renaming, that of its name. */
static const struct swk_upstream *recorded_as(const struct decision *decision,
					      const struct swk_upstream *told)
{
	const struct swk_upstream *found = NULL;

	for (size_t i = first_of(decision, told->service);
	     i < decision->of_source && !strcmp(decision->by_service[i]->service, told->service);
	     i++) {
		if (same_source(decision->by_service[i], told) &&
		    (!found || !strcasecmp(decision->by_service[i]->name, told->name)))
			found = decision->by_service[i];
	}
	return found;
}

/* ---- what stays and what goes ---- */

/* nginx answers 502 at once where all servers are down. */
static int claim_down(struct decision *decision, struct swk_upstream *upstream, const char *why)
{
	struct swk_server nobody = {.weight = SWK_NGINX_WEIGHT,
				    .max_fails = SWK_NGINX_MAX_FAILS,
				    .fail_timeout = SWK_NGINX_FAIL_TIMEOUT,
				    .down = true};
	int status = 0;

	if (!upstream->count) {
		(void)swk_server_set_address(&nobody, "127.0.0.1", 1);
		status = swk_upstream_add(upstream, &nobody, decision->error);
	}
	swk_report_note(decision->report, SWK_NOTE_WARNING, "upstream %s: down: %s", upstream->name,
			why);
	if (!status)
		status = say_of_upstream(decision, upstream, SWK_SERVED_DOWN, why);
	return status ? status : claim(decision, upstream);
}

static int let_go(struct decision *decision, const struct swk_upstream *upstream, const char *why)
{
	swk_report_note(decision->report, SWK_NOTE_DETAIL, "upstream %s: not served: %s",
			upstream->name, why);
	return say_of_upstream(decision, upstream, SWK_LEFT_OUT, why);
}

/* Whether so few of its instances can be used that the last ones are the better choice. A floor in
 * numbers does not ask for more than are registered. */
static bool is_below_floor(const struct swk_rules *rules, const struct swk_upstream *told)
{
	const struct swk_share *floor = &rules->min_healthy;
	size_t least = floor->number;

	if (floor->percent)
		return told->usable * 100 < told->registered * floor->number;
	if (least > told->registered)
		least = told->registered;
	return told->usable < least;
}

/* With a host's name that nobody knows, nginx would not start: where names are not allowed any
 * more, an upstream that has one is not kept for want of a better one. */
static bool may_be_kept(const struct swk_rules *rules, const struct swk_upstream *recorded)
{
	return rules->allow_hostnames || !swk_upstream_has_host(recorded);
}

static bool has_server_up(const struct swk_upstream *upstream)
{
	for (size_t i = 0; i < upstream->count; i++) {
		if (!upstream->servers[i].down)
			return true;
	}
	return false;
}

static const char no_instance[] = "its service has no instance registered";

/* An upstream that the registry tells of; `recorded` is what we have of its source, or NULL. */
static int decide_told(struct decision *decision, const struct subject *subject,
		       struct swk_upstream *told, const struct swk_upstream *recorded)
{
	const char *none = told->registered
				   ? "none of its instances in Consul is passing and usable"
				   : no_instance;
	/* What registrants may ask for is no limit to who writes keys. */
	unsigned most =
		told->keyed ? SWK_WEIGHT_MAX : decision->policy->settings->attributes.max_weight;
	bool below = is_below_floor(&subject->rules, told);
	size_t up = swk_settle(told, most, decision->report);

	/* The next time it may be kept for that. */
	subject->service->noted |= below;

	/* One whose servers are all down is no better. */
	if (up && !(below && recorded && has_server_up(recorded) &&
		    may_be_kept(&subject->rules, recorded)))
		return claim(decision, told);
	if (up)
		return keep(decision, recorded,
			    "fewer of its instances are usable than min_healthy asks for");
	if (recorded && subject->unsure)
		return keep(decision, recorded, none);
	if (recorded && subject->rules.empty == SWK_EMPTY_KEEP)
		return may_be_kept(&subject->rules, recorded)
			       ? keep(decision, recorded, none)
			       : let_go(decision, told, "its last servers have host names");
	if (!subject->unsure && subject->rules.empty == SWK_EMPTY_DOWN)
		return claim_down(decision, told, none);
	return let_go(decision, told, none);
}

/* One of a service that is listed, but has no instance. */
static int decide_empty(struct decision *decision, const struct subject *subject,
			const struct swk_upstream *have)
{
	const struct swk_rules *rules = &subject->rules;
	struct swk_upstream empty;
	int status;

	/* An agent that has just started says of each service that it has none. */
	if (!subject->source->complete ||
	    (rules->empty == SWK_EMPTY_KEEP && may_be_kept(rules, have)))
		return keep(decision, have, no_instance);
	if (rules->empty != SWK_EMPTY_DOWN)
		return let_go(decision, have, no_instance);
	/* As if the registry told of it, but of no server. */
	status = swk_upstream_init(&empty, have->name, have->service, have->tag, decision->error);
	if (status)
		return status;
	empty.keyed = have->keyed;
	swk_settle_rules(&empty, rules);
	status = swk_upstreams_append(&subject->service->upstreams, &empty, decision->error);
	swk_upstream_free(&empty);
	return status;
}

/* An upstream that we have, of a service that is known, which doesn't tell of it. */
static int decide_untold(struct decision *decision, const struct subject *subject,
			 const struct swk_upstream *have)
{
	if (subject->service->unchanged)
		return keep(decision, have, NULL);
	if (subject->service->unasked)
		return keep(decision, have, "Consul could not be asked about its service");
	if (!subject->service->instances)
		return subject->unsure ? keep(decision, have,
					      "its service has no instance that can be read")
				       : decide_empty(decision, subject, have);
	if (subject->unsure)
		return keep(decision, have, "an instance that can't be read may belong to it");
	return 0;
}

static int decide_service(struct decision *decision, const struct swk_source *source,
			  struct swk_service *service)
{
	const struct swk_settings *settings = decision->policy->settings;
	struct subject subject = {.source = source,
				  .service = service,
				  .unsure = service->unsure || source->services->unsure};
	const size_t said = swk_report_said(decision->report);
	int status = 0;

	swk_rules_find(&subject.rules, &settings->defaults, &settings->services, service->name);
	for (size_t i = first_of(decision, service->name);
	     !status && i < decision->of_source &&
	     !strcmp(decision->by_service[i]->service, service->name);
	     i++) {
		if (!swk_service_upstream(service, decision->by_service[i]->tag))
			status = decide_untold(decision, &subject, decision->by_service[i]);
	}
	for (size_t i = 0; !status && i < service->upstreams.count; i++) {
		struct swk_upstream *told = &service->upstreams.list[i];

		status = decide_told(decision, &subject, told, recorded_as(decision, told));
	}
	service->noted |= swk_report_said(decision->report) != said;
	return status;
}

static int compare_by_service(const void *a, const void *b)
{
	const struct swk_upstream *x = *(const struct swk_upstream *const *)a;
	const struct swk_upstream *y = *(const struct swk_upstream *const *)b;

	return strcmp(x->service, y->service);
}

/* All that we have of one source, and what it tells of. */
static int decide_source(struct decision *decision, const struct swk_source *source, bool keyed)
{
	/* Unlike a service, an upstream of keys is in no list but theirs. */
	const bool unsure = keyed && source->services->unsure;
	int status = 0;

	decision->of_source = 0;
	for (size_t i = 0; i < decision->have->count; i++) {
		if (decision->have->list[i].keyed == keyed)
			decision->by_service[decision->of_source++] = &decision->have->list[i];
	}
	if (decision->of_source)
		qsort(decision->by_service, decision->of_source, sizeof(*decision->by_service),
		      compare_by_service);
	for (size_t i = 0; !status && i < source->services->count; i++)
		status = decide_service(decision, source, &source->services->list[i]);
	for (size_t i = 0; !status && i < decision->of_source; i++) {
		const struct swk_upstream *have = decision->by_service[i];

		if (swk_services_find(source->services, have->service))
			continue;
		if (source->complete && unsure)
			status = keep(decision, have, "a key that can't be read may belong to it");
		else if (!source->complete || !*have->service)
			status = keep(decision, have, NULL);
	}
	return status;
}

/* ---- who gets a name ---- */

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = strcasecmp(x->upstream->name, y->upstream->name);

	if (!order)
		order = x->rank - y->rank;
	if (!order)
		order = strcmp(x->upstream->service, y->upstream->service);
	if (!order)
		order = strcmp(x->upstream->tag, y->upstream->tag);
	return order;
}

static int refuse_collision(struct decision *decision, const struct swk_upstream *loser,
			    const struct swk_upstream *winner)
{
	bool same = !strcmp(loser->name, winner->name);
	char why[SWK_TEXT_MAX];

	(void)snprintf(why, sizeof(why), "the name is taken by %s %s%s%s%s; rename one of them",
		       winner->keyed ? "key" : "service", winner->service,
		       *winner->tag ? ", tag " : "", winner->tag,
		       same ? "" : " (nginx tells no case apart)");
	swk_report_note(decision->report, SWK_NOTE_SKIPPED, "upstream %s of %s %s%s%s: skipped: %s",
			loser->name, loser->keyed ? "key" : "service", loser->service,
			*loser->tag ? ", tag " : "", loser->tag, why);
	return say_of_upstream(decision, loser, SWK_SKIPPED, why);
}

static int hold_back(struct decision *decision, const struct swk_upstream *upstream)
{
	static const char why[] = "nginx has one of this name that swk-apply didn't make; remove "
				  "that one, or take it over with --adopt";

	swk_report_note(decision->report, SWK_NOTE_HELD, "upstream %s of %s %s: held back: %s",
			upstream->name, upstream->keyed ? "key" : "service", upstream->service,
			why);
	return say_of_upstream(decision, upstream, SWK_HELD_BACK, why);
}

/* A copy of one that doesn't get the name that it was to have, under the name that it has. */
static int keep_old_name(struct decision *decision, const struct swk_upstream *loser,
			 struct swk_upstreams *kept)
{
	const struct swk_upstream *old = NULL;
	char *name;
	int status;

	for (size_t i = 0; !old && i < decision->have->count; i++) {
		if (same_source(&decision->have->list[i], loser))
			old = &decision->have->list[i];
	}
	if (!old || !strcasecmp(old->name, loser->name))
		return 0;
	status = swk_upstreams_append_copy(kept, loser, decision->error);
	name = status ? NULL : strdup(old->name);
	if (!name)
		return swk_error_memory(decision->error);
	free(kept->list[kept->count - 1].name);
	kept->list[kept->count - 1].name = name;
	return 0;
}

static int add_kept(struct decision *decision, struct swk_upstreams *kept,
		    struct swk_upstreams *wanted)
{
	static const char why[] =
		"it keeps this name: the one that it should have is not to be had";
	const size_t settled = wanted->count;
	int status = 0;

	for (size_t i = 0; !status && i < kept->count; i++) {
		const struct swk_upstreams winners = {wanted->list, settled};
		struct swk_upstream *this = &kept->list[i];

		if (swk_upstreams_find(&winners, this->name))
			continue;
		swk_report_note(decision->report, SWK_NOTE_WARNING, "upstream %s of %s %s: %s",
				this->name, this->keyed ? "key" : "service", this->service, why);
		status = say_of_upstream(decision, this, SWK_KEPT, why);
		if (!status)
			status = swk_upstreams_append(wanted, this, decision->error);
	}
	(void)swk_upstreams_sort(wanted);
	swk_upstreams_free(kept);
	return status;
}

/* Gives each name to the first of those that claim it. */
static int settle_claims(struct decision *decision, const struct swk_names *foreign,
			 struct swk_upstreams *wanted)
{
	const struct swk_upstream *winner = NULL;
	struct swk_upstreams kept = {0};
	int status = 0;

	if (decision->claim_count)
		qsort(decision->claims, decision->claim_count, sizeof(*decision->claims),
		      compare_claims);
	for (size_t i = 0; !status && i < decision->claim_count; i++) {
		struct claim *this = &decision->claims[i];

		if (winner && !strcasecmp(winner->name, this->upstream->name)) {
			status = refuse_collision(decision, this->upstream, winner);
			if (!status)
				status = keep_old_name(decision, this->upstream, &kept);
			continue;
		}
		if (this->rank && swk_names_have(foreign, this->upstream->name) &&
		    !swk_upstreams_find(decision->have, this->upstream->name)) {
			status = hold_back(decision, this->upstream);
			if (!status)
				status = keep_old_name(decision, this->upstream, &kept);
			continue;
		}
		status = swk_upstreams_append_copy(wanted, this->upstream, decision->error);
		winner = status ? NULL : &wanted->list[wanted->count - 1];
	}
	if (!status)
		return add_kept(decision, &kept, wanted);
	swk_upstreams_free(&kept);
	return status;
}

int swk_decide(const struct swk_policy *policy, const struct swk_upstreams *have,
	       const struct swk_sources *sources, const struct swk_names *foreign,
	       struct swk_upstreams *wanted, struct swk_report *report, struct swk_error *error)
{
	struct decision decision = {
		.policy = policy, .have = have, .report = report, .error = error};
	int status = 0;

	decision.by_service = reallocarray(NULL, have->count + 1, sizeof(*decision.by_service));
	if (!decision.by_service)
		return swk_error_memory(error);
	status = decide_source(&decision, &sources->services, false);
	if (!status)
		status = decide_source(&decision, &sources->keys, true);
	if (!status)
		status = settle_claims(&decision, foreign, wanted);
	free(decision.by_service);
	free(decision.claims);
	return status;
}
