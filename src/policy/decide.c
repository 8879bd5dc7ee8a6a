/* SPDX-License-Identifier: MIT */
#include "policy/decide.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "model/names.h"
#include "model/service.h"
#include "policy/fit.h"
#include "policy/shares.h"
#include "policy/stand_in.h"

/* An upstream that claims a name in the conf file. */
struct claim {
	const struct swk_upstream *upstream; /* from the registry or, if it is kept, recorded */
	int rank; /* 0: recorded with this name and source; 1: a service's own name; 2: a colour, or
		     a name set by `upstream`; more: another kind of source */
};

struct deciding {
	const struct swk_policy *policy;
	const struct swk_upstreams *recorded;
	const struct swk_upstream **by_service; /* those of one kind; sorted */
	size_t of_source;
	struct claim *claims;
	size_t claim_count;
	struct swk_report *report;
	struct swk_error *error;
};

/* A service (or an upstream of keys) with its rules. */
struct subject {
	const struct swk_known_sources *known;
	struct swk_service *service;
	struct swk_rules rules;
	bool undecodable;
	const char *hidden; /* why there may be more instances than the run knows; NULL: none */
};

static const struct swk_source_traits *traits(const struct swk_upstream *upstream)
{
	return &swk_source_traits[upstream->source.kind];
}

/* ---- claims ---- */

static int claim(struct deciding *deciding, const struct swk_upstream *upstream)
{
	const struct swk_upstream *recorded =
		swk_upstreams_find(deciding->recorded, upstream->name);
	struct claim *claims =
		swk_list_grow(deciding->claims, deciding->claim_count, sizeof(*claims));
	int rank = 0;

	if (!claims)
		return swk_error_memory(deciding->error);
	deciding->claims = claims;
	if (!recorded || !swk_source_same(&recorded->source, &upstream->source))
		rank = 2 * (int)upstream->source.kind +
		       (traits(upstream)->tagged && !strcmp(upstream->name, upstream->source.name)
				? 1
				: 2);
	claims[deciding->claim_count++] = (struct claim){.upstream = upstream, .rank = rank};
	return 0;
}

static int record_decision(struct deciding *deciding, const struct swk_upstream *upstream,
			   enum swk_outcome outcome, const char *reason)
{
	const struct swk_decision decision = {.source = upstream->source,
					      .upstream = upstream->name,
					      .outcome = outcome,
					      .reason = reason};

	swk_causes_add(deciding->policy->causes, &decision, NULL);
	return swk_decisions_add(deciding->policy->decisions, &decision, deciding->error);
}

static int keep(struct deciding *deciding, const struct swk_upstream *upstream, const char *reason)
{
	if (!reason)
		return claim(deciding, upstream);
	swk_report_note(deciding->report, SWK_NOTE_KEPT,
			"upstream %s: kept with its last %zu server%s: %s", upstream->name,
			upstream->count, upstream->count == 1 ? "" : "s", reason);
	if (record_decision(deciding, upstream, SWK_OUTCOME_KEPT, reason))
		return deciding->error->status;
	return claim(deciding, upstream);
}

/* ---- recorded upstreams ---- */

static int service_order(const char *key, const void *item)
{
	return strcmp(key, (*(const struct swk_upstream *const *)item)->source.name);
}

/* Index in by_service of a service's first upstream; its others follow. */
static size_t first_of(const struct deciding *deciding, const char *service)
{
	bool found;

	return swk_list_place(deciding->by_service, deciding->of_source,
			      sizeof(*deciding->by_service), service, service_order, &found);
}

/* The recorded upstream with the same source, or NULL. A renaming may leave several; then it is the
 * one with this name. */
static const struct swk_upstream *recorded_as(const struct deciding *deciding,
					      const struct swk_upstream *upstream)
{
	const struct swk_upstream *found = NULL;

	for (size_t i = first_of(deciding, upstream->source.name);
	     i < deciding->of_source &&
	     !strcmp(deciding->by_service[i]->source.name, upstream->source.name);
	     i++) {
		if (swk_source_same(&deciding->by_service[i]->source, &upstream->source) &&
		    (!found || !strcasecmp(deciding->by_service[i]->name, upstream->name)))
			found = deciding->by_service[i];
	}
	return found;
}

/* ---- one upstream ---- */

/* Serves the upstream with a server that is down. nginx then answers 502 at once. */
static int claim_down(struct deciding *deciding, struct swk_upstream *upstream, const char *reason)
{
	/* The numbers mean nothing while it is down. */
	struct swk_server placeholder = {
		.weight = 1, .max_fails = 1, .fail_timeout = 10, .down = true};

	swk_report_note(deciding->report, SWK_NOTE_WARNING, "upstream %s: down: %s", upstream->name,
			reason);
	(void)swk_server_set_address(&placeholder, "127.0.0.1", 1);
	if ((!upstream->count && swk_upstream_add(upstream, &placeholder, deciding->error)) ||
	    record_decision(deciding, upstream, SWK_OUTCOME_SERVED_DOWN, reason))
		return deciding->error->status;
	return claim(deciding, upstream);
}

static int let_go(struct deciding *deciding, const struct swk_upstream *upstream,
		  const char *reason)
{
	swk_report_note(deciding->report, SWK_NOTE_DETAIL, "upstream %s: not served: %s",
			upstream->name, reason);
	return record_decision(deciding, upstream, SWK_OUTCOME_LEFT_OUT, reason);
}

/* Why an upstream can't keep its last servers, or NULL. nginx does not start if a host name does
 * not resolve, so host names are kept only while the settings allow them. */
static const char *unkept(const struct swk_rules *rules, const struct swk_upstream *recorded)
{
	if (!swk_stand_in_allowed(rules, &recorded->source))
		return "its last servers come from elsewhere, which failover and fallback no "
		       "longer allow";
	if (!rules->allow_hostnames && swk_upstream_has_host(recorded))
		return "its last servers have host names, which allow_hostnames does not allow";
	return NULL;
}

static bool may_be_kept(const struct swk_rules *rules, const struct swk_upstream *recorded)
{
	return !unkept(rules, recorded);
}

static bool has_server_up(const struct swk_upstream *upstream)
{
	for (size_t i = 0; i < upstream->count; i++) {
		if (!upstream->servers[i].down)
			return true;
	}
	return false;
}

static const char not_asked[] = "Consul could not be asked about its service";
static const char no_instance[] = "its service has no registered instance";
static const char no_tagged[] =
	"its service has no instance with the tag that require_tag requires";
static const char no_match[] = "no registered instance of its service matches the filter";
static const char no_import[] = "its service has no instance that is imported from the peer";
static const char too_few[] = "fewer of its instances are usable than min_healthy requires";

/* Whether a recorded upstream is better than one with fewer usable instances than min_healthy
 * requires. One whose servers are all down is not, nor is one from elsewhere: without a stand-in,
 * no place there has a usable instance, unless the run does not know all of the service. */
static bool is_better(const struct subject *subject, const struct swk_upstream *recorded)
{
	return recorded && has_server_up(recorded) && may_be_kept(&subject->rules, recorded) &&
	       (subject->hidden || !swk_source_is_elsewhere(&recorded->source));
}

/* Whether an upstream whose registered servers are all down, or that has none, is deleted or marked
 * down. */
static bool is_lost(const struct swk_rules *rules, const struct swk_upstream *recorded)
{
	if (rules->empty == SWK_EMPTY_DOWN)
		return has_server_up(recorded);
	return rules->empty == SWK_EMPTY_DELETE || !may_be_kept(rules, recorded);
}

/* Whether an upstream would fail over because of a document, or return because enough instances in
 * it are usable. In a part of the service, fewer instances may be enough. */
static bool changes_place(const struct swk_rules *rules, const struct swk_upstream *recorded,
			  const struct swk_upstream *upstream)
{
	const bool needed = swk_stand_in_needed(rules, upstream);

	if (!swk_source_is_elsewhere(&recorded->source))
		return needed;
	return !needed && rules->min_healthy.number;
}

bool swk_decide_deletes(const struct swk_settings *settings, const struct swk_upstreams *recorded,
			const struct swk_known_sources *document)
{
	const struct swk_services *services = document->services;

	for (size_t i = 0; i < recorded->count && !services->undecodable; i++) {
		const struct swk_upstream *this = &recorded->list[i], *upstream;
		const struct swk_service *service;
		struct swk_rules rules;

		if (this->source.kind != services->kind)
			continue;
		service = swk_services_find(services, this->source.name);
		if (!service && document->complete)
			return true;
		if (!service || service->undecodable)
			continue;
		if (!service->instances) {
			if (swk_stand_in_named(settings, service->name))
				return true;
			continue;
		}
		upstream = swk_service_upstream(service, this->source.tag);
		if (!upstream)
			return true;
		swk_rules_find(&rules, &settings->defaults, &settings->services, service->name);
		if (!has_server_up(upstream) && is_lost(&rules, this))
			return true;
		if (changes_place(&rules, this, upstream))
			return true;
	}
	return false;
}

/* The shares of an upstream's colours; NULL: there are none. */
static const struct swk_shares *shares_of(const struct subject *subject,
					  const struct swk_upstream *upstream)
{
	const struct swk_shares *shares = &subject->rules.shares;

	return traits(upstream)->tagged && !*upstream->source.tag && shares->count ? shares : NULL;
}

/* Adds the recorded servers whose instances the answer does not show: it is incomplete. */
static int add_hidden(struct deciding *deciding, const struct subject *subject,
		      struct swk_upstream *upstream, const struct swk_upstream *recorded)
{
	struct swk_upstream *left_out = &subject->service->left_out;
	size_t shown;

	swk_upstream_tidy(upstream);
	swk_upstream_tidy(left_out);
	shown = upstream->count;
	for (size_t i = 0; i < recorded->count; i++) {
		struct swk_server this = recorded->servers[i];
		const struct swk_upstream sorted = {.servers = upstream->servers, .count = shown};

		/* What the shares made of its weight is not its weight. */
		if (shares_of(subject, upstream))
			this.weight = 1;
		if (!this.down && (!this.host || subject->rules.allow_hostnames) &&
		    !swk_upstream_find_server(&sorted, &this) &&
		    !swk_upstream_find_server(left_out, &this) &&
		    swk_upstream_add(upstream, &this, deciding->error))
			return deciding->error->status;
	}
	return 0;
}

/* ---- fitting ---- */

static unsigned largest_weight(const struct deciding *deciding, const struct subject *subject)
{
	return swk_settings_largest_weight(deciding->policy->settings, subject->service->name);
}

static size_t fit(struct deciding *deciding, const struct subject *subject,
		  struct swk_upstream *upstream)
{
	const struct swk_shares *shares = shares_of(subject, upstream);
	const unsigned most = traits(upstream)->limited
				      ? deciding->policy->settings->attributes.max_weight
				      : SWK_WEIGHT_MAX;

	return swk_fit(upstream, shares, most, shares ? largest_weight(deciding, subject) : 0,
		       deciding->report);
}

/* Claims an upstream that fits. Records the parts of its colours, and warns if weights can't
 * express the shares. */
static int claim_fitted(struct deciding *deciding, const struct subject *subject,
			const struct swk_upstream *upstream)
{
	const struct swk_shares *shares = shares_of(subject, upstream);
	char parts[SWK_TEXT_MAX];
	unsigned most;

	if (!shares)
		return claim(deciding, upstream);
	most = largest_weight(deciding, subject);
	swk_shares_describe(parts, upstream, shares, most);
	if (!swk_shares_hold(upstream, shares, most))
		swk_report_note(deciding->report, SWK_NOTE_WARNING,
				"upstream %s: weights up to %u cannot express the shares, so the "
				"parts are %s; register fewer instances of a colour with a small "
				"share, or give it a larger one",
				upstream->name, most, parts);
	return record_decision(deciding, upstream, SWK_OUTCOME_SERVED, parts)
		       ? deciding->error->status
		       : claim(deciding, upstream);
}

/* Gives an upstream the servers of its stand-in. */
static int fail_over(struct deciding *deciding, const struct subject *subject,
		     struct swk_upstream *upstream, struct swk_upstream *stand_in,
		     const char *because)
{
	const bool listed = !strcmp(stand_in->source.place, swk_source_fallback);
	struct swk_server *servers = upstream->servers;
	const size_t count = upstream->count;
	char reason[SWK_TEXT_MAX];

	(void)snprintf(reason, sizeof(reason), "its servers come from %s%s: %s",
		       listed ? "" : "datacenter ", stand_in->source.place, because);
	swk_report_note(deciding->report, SWK_NOTE_FAILOVER, "upstream %s: %s", upstream->name,
			reason);
	/* A recorded one stays as it is. */
	if (!listed && !stand_in->usable)
		return record_decision(deciding, stand_in, SWK_OUTCOME_FAILOVER, reason)
			       ? deciding->error->status
			       : claim(deciding, stand_in);
	if (swk_upstream_set(upstream, upstream->name,
			     &(struct swk_source){upstream->source.kind, upstream->source.name,
						  upstream->source.tag, stand_in->source.place},
			     deciding->error))
		return deciding->error->status;
	upstream->servers = stand_in->servers;
	upstream->count = stand_in->count;
	stand_in->servers = servers;
	stand_in->count = count;
	(void)fit(deciding, subject, upstream);
	if (record_decision(deciding, upstream, SWK_OUTCOME_FAILOVER, reason))
		return deciding->error->status;
	return claim(deciding, upstream);
}

/* Why a service has no instance. */
static const char *find_reason(const struct subject *subject)
{
	if (subject->known->services->kind != SWK_SOURCE_SERVICE)
		return no_instance;
	if (subject->rules.filter)
		return no_match;
	return subject->rules.peer ? no_import : no_instance;
}

/* Why an upstream that the registry has gets no server of its own. */
static const char *find_lack(const struct subject *subject, const struct swk_upstream *upstream)
{
	const struct swk_service *service = subject->service;

	if (upstream->registered || service->instances > service->untagged)
		return "none of its instances in Consul is passing and usable";
	return service->instances ? no_tagged : find_reason(subject);
}

/* Decides about an upstream that the registry has. `recorded` has the same source, or is NULL. */
static int decide_registered(struct deciding *deciding, const struct subject *subject,
			     struct swk_upstream *upstream, const struct swk_upstream *recorded)
{
	const char *none = find_lack(subject, upstream);
	const bool below = swk_stand_in_is_below_floor(&subject->rules, upstream);
	struct swk_upstream *stand_in =
		swk_service_stand_in(subject->service, upstream->source.tag);
	size_t up;

	if (stand_in)
		return fail_over(deciding, subject, upstream, stand_in,
				 upstream->usable ? too_few : none);

	if (subject->service->filtered && recorded &&
	    add_hidden(deciding, subject, upstream, recorded))
		return deciding->error->status;
	up = fit(deciding, subject, upstream);
	/* The next run may keep it for that, even if the registry has not changed. */
	subject->service->noted |= below;

	if (up && !(below && is_better(subject, recorded)))
		return claim_fitted(deciding, subject, upstream);
	if (up)
		return keep(deciding, recorded, too_few);
	if (recorded && subject->hidden)
		return keep(deciding, recorded, none);
	if (recorded && subject->rules.empty == SWK_EMPTY_KEEP)
		return may_be_kept(&subject->rules, recorded)
			       ? keep(deciding, recorded, none)
			       : let_go(deciding, upstream, unkept(&subject->rules, recorded));
	if (!subject->hidden && subject->rules.empty == SWK_EMPTY_DOWN)
		return claim_down(deciding, upstream, none);
	return let_go(deciding, upstream, none);
}

/* Decides about a recorded upstream of a service that Consul lists without an instance. */
static int decide_empty(struct deciding *deciding, const struct subject *subject,
			const struct swk_upstream *recorded)
{
	const struct swk_rules *rules = &subject->rules;
	const char *none = find_reason(subject);
	struct swk_upstream empty;
	int status;

	/* An agent that has just started reports all its services without instances. */
	if (!subject->known->complete ||
	    (rules->empty == SWK_EMPTY_KEEP && may_be_kept(rules, recorded)))
		return keep(deciding, recorded, none);
	if (rules->empty != SWK_EMPTY_DOWN)
		return let_go(deciding, recorded, none);
	/* Treat it as an upstream that the registry has, without servers. */
	status = swk_upstream_init(&empty, recorded->name, &recorded->source, deciding->error);
	if (status)
		return status;
	swk_fit_rules(&empty, rules);
	status = swk_upstreams_append(&subject->service->upstreams, &empty, deciding->error);
	swk_upstream_free(&empty);
	return status;
}

/* Decides about a recorded upstream that its service does not have now. */
static int decide_unregistered(struct deciding *deciding, const struct subject *subject,
			       const struct swk_upstream *recorded)
{
	if (subject->service->unchanged)
		return keep(deciding, recorded, NULL);
	if (subject->service->unavailable)
		return keep(deciding, recorded, not_asked);
	if (!subject->service->instances && subject->undecodable)
		return keep(deciding, recorded, "its service has no instance that can be decoded");
	if (subject->hidden)
		return keep(deciding, recorded, subject->hidden);
	return subject->service->instances ? 0 : decide_empty(deciding, subject, recorded);
}

/* Drops the last new colours if there are too many. Recorded ones are in use, and stay. */
static int drop_surplus(struct deciding *deciding, struct swk_service *service)
{
	static const char reason[] = "its service has too many colours";
	struct swk_upstreams *set = &service->upstreams;
	size_t colours = 0;

	for (size_t i = 0; i < set->count; i++)
		colours += *set->list[i].source.tag != '\0';
	for (size_t i = set->count; i-- > 0 && colours > SWK_COLOURS_MAX;) {
		struct swk_upstream *this = &set->list[i];

		if (!*this->source.tag || recorded_as(deciding, this))
			continue;
		swk_report_note(deciding->report, SWK_NOTE_SKIPPED, "upstream %s: skipped: %s",
				this->name, reason);
		if (record_decision(deciding, this, SWK_OUTCOME_SKIPPED, reason))
			return deciding->error->status;
		swk_upstream_free(this);
		memmove(this, this + 1, (--set->count - i) * sizeof(*this));
		colours--;
	}
	return 0;
}

static const char *find_hidden(const struct subject *subject)
{
	if (subject->undecodable)
		return "an undecodable instance may belong to it";
	if (subject->service->unconfirmed)
		return not_asked;
	if (subject->service->crowded)
		return "its service has too many instances or colours to find all of its own";
	return subject->service->filtered ? "the token may not read all of its service" : NULL;
}

static int decide_service(struct deciding *deciding, const struct swk_known_sources *known,
			  struct swk_service *service)
{
	const struct swk_settings *settings = deciding->policy->settings;
	struct subject subject = {.known = known,
				  .service = service,
				  .undecodable =
					  service->undecodable || known->services->undecodable};
	const size_t notes_before = swk_report_said(deciding->report);
	int status = 0;

	if (drop_surplus(deciding, service))
		return deciding->error->status;
	subject.hidden = find_hidden(&subject);
	swk_rules_find(&subject.rules, &settings->defaults, &settings->services, service->name);
	for (size_t i = first_of(deciding, service->name);
	     !status && i < deciding->of_source &&
	     !strcmp(deciding->by_service[i]->source.name, service->name);
	     i++) {
		if (!swk_service_upstream(service, deciding->by_service[i]->source.tag))
			status = decide_unregistered(deciding, &subject, deciding->by_service[i]);
	}
	for (size_t i = 0; !status && i < service->upstreams.count; i++) {
		struct swk_upstream *upstream = &service->upstreams.list[i];

		status = decide_registered(deciding, &subject, upstream,
					   recorded_as(deciding, upstream));
	}
	service->noted |= swk_report_said(deciding->report) != notes_before;
	return status;
}

static int compare_by_service(const void *a, const void *b)
{
	const struct swk_upstream *x = *(const struct swk_upstream *const *)a;
	const struct swk_upstream *y = *(const struct swk_upstream *const *)b;

	return strcmp(x->source.name, y->source.name);
}

/* Decides about all upstreams of one kind of source, in the registry and recorded. */
static int decide_sources(struct deciding *deciding, const struct swk_known_sources *known)
{
	const struct swk_services *services = known->services;
	const struct swk_source_traits *its = &swk_source_traits[services->kind];
	char undecodable[SWK_TEXT_MAX];
	int status = 0;

	(void)snprintf(undecodable, sizeof(undecodable), "an undecodable %s may belong to it",
		       its->word);
	deciding->of_source = 0;
	for (size_t i = 0; i < deciding->recorded->count; i++) {
		if (deciding->recorded->list[i].source.kind == services->kind)
			deciding->by_service[deciding->of_source++] = &deciding->recorded->list[i];
	}
	if (deciding->of_source)
		qsort(deciding->by_service, deciding->of_source, sizeof(*deciding->by_service),
		      compare_by_service);
	for (size_t i = 0; !status && i < services->count; i++)
		status = decide_service(deciding, known, &services->list[i]);
	for (size_t i = 0; !status && i < deciding->of_source; i++) {
		const struct swk_upstream *recorded = deciding->by_service[i];

		if (swk_services_find(services, recorded->source.name))
			continue;
		if (known->complete && services->undecodable && !its->listed)
			status = keep(deciding, recorded, undecodable);
		else if (!known->complete || !*recorded->source.name)
			status = keep(deciding, recorded, NULL);
	}
	return status;
}

/* ---- names ---- */

static int compare_claims(const void *a, const void *b)
{
	const struct claim *x = a, *y = b;
	int order = strcasecmp(x->upstream->name, y->upstream->name);

	if (!order)
		order = x->rank - y->rank;
	return order ? order : swk_source_compare(&x->upstream->source, &y->upstream->source);
}

static int refuse_collision(struct deciding *deciding, const struct swk_upstream *loser,
			    const struct swk_upstream *winner)
{
	bool same = !strcmp(loser->name, winner->name);
	char reason[SWK_TEXT_MAX];

	(void)snprintf(reason, sizeof(reason),
		       "the name is taken by %s %s%s%s%s; rename one of them", traits(winner)->word,
		       winner->source.name, *winner->source.tag ? ", tag " : "", winner->source.tag,
		       same ? "" : " (nginx ignores case in names)");
	swk_report_note(deciding->report, SWK_NOTE_SKIPPED, "upstream %s of %s %s%s%s: skipped: %s",
			loser->name, traits(loser)->word, loser->source.name,
			*loser->source.tag ? ", tag " : "", loser->source.tag, reason);
	return record_decision(deciding, loser, SWK_OUTCOME_SKIPPED, reason);
}

/* Whether a proxy has an unmanaged upstream of this name. */
static bool is_unmanaged(const struct deciding *deciding, const struct claim *claim,
			 const struct swk_names *unmanaged)
{
	return claim->rank && swk_names_contain(unmanaged, claim->upstream->name) &&
	       !swk_upstreams_find(deciding->recorded, claim->upstream->name);
}

static int hold_back(struct deciding *deciding, const struct swk_upstream *upstream)
{
	static const char reason[] = "a proxy has an unmanaged upstream of this name: remove that "
				     "one, or take it over with --adopt";

	swk_report_note(deciding->report, SWK_NOTE_HELD_BACK, "upstream %s of %s %s: held back: %s",
			upstream->name, traits(upstream)->word, upstream->source.name, reason);
	return record_decision(deciding, upstream, SWK_OUTCOME_HELD_BACK, reason);
}

/* If the loser has another recorded name, adds a copy of it with that name. */
static int keep_old_name(struct deciding *deciding, const struct swk_upstream *loser,
			 struct swk_upstreams *kept)
{
	const struct swk_upstream *old = NULL;
	int status;

	for (size_t i = 0; !old && i < deciding->recorded->count; i++) {
		if (swk_source_same(&deciding->recorded->list[i].source, &loser->source))
			old = &deciding->recorded->list[i];
	}
	if (!old || !strcasecmp(old->name, loser->name))
		return 0;
	status = swk_upstreams_append_copy(kept, loser, deciding->error);
	return status ? status
		      : swk_upstream_set(&kept->list[kept->count - 1], old->name, &loser->source,
					 deciding->error);
}

static int add_kept(struct deciding *deciding, struct swk_upstreams *kept,
		    struct swk_upstreams *desired)
{
	static const char reason[] = "it keeps its old name, because its new name is not available";
	const size_t resolved = desired->count;

	for (size_t i = 0; i < kept->count; i++) {
		const struct swk_upstreams winners = {desired->list, resolved};
		struct swk_upstream *this = &kept->list[i];

		if (swk_upstreams_find(&winners, this->name))
			continue;
		swk_report_note(deciding->report, SWK_NOTE_WARNING, "upstream %s of %s %s: %s",
				this->name, traits(this)->word, this->source.name, reason);
		if (record_decision(deciding, this, SWK_OUTCOME_KEPT, reason) ||
		    swk_upstreams_append(desired, this, deciding->error))
			return deciding->error->status;
	}
	(void)swk_upstreams_sort(desired);
	return 0;
}

/* Gives each name to the claim that sorts first. */
static int resolve_claims(struct deciding *deciding, const struct swk_names *unmanaged,
			  struct swk_upstreams *desired)
{
	const struct swk_upstream *winner = NULL;
	struct swk_upstreams kept = {0};
	int status = 0;

	if (deciding->claim_count)
		qsort(deciding->claims, deciding->claim_count, sizeof(*deciding->claims),
		      compare_claims);
	for (size_t i = 0; !status && i < deciding->claim_count; i++) {
		const struct swk_upstream *claimant = deciding->claims[i].upstream;
		const bool taken = winner && !strcasecmp(winner->name, claimant->name);

		if (taken || is_unmanaged(deciding, &deciding->claims[i], unmanaged)) {
			status = taken ? refuse_collision(deciding, claimant, winner)
				       : hold_back(deciding, claimant);
			if (!status)
				status = keep_old_name(deciding, claimant, &kept);
			continue;
		}
		status = swk_upstreams_append_copy(desired, claimant, deciding->error);
		winner = status ? NULL : &desired->list[desired->count - 1];
	}
	if (!status)
		status = add_kept(deciding, &kept, desired);
	swk_upstreams_free(&kept);
	return status;
}

int swk_decide(const struct swk_policy *policy, const struct swk_upstreams *recorded,
	       const struct swk_sources *sources, const struct swk_names *unmanaged,
	       struct swk_upstreams *desired, struct swk_report *report, struct swk_error *error)
{
	struct deciding deciding = {
		.policy = policy, .recorded = recorded, .report = report, .error = error};
	int status = 0;

	deciding.by_service = reallocarray(NULL, recorded->count + 1, sizeof(*deciding.by_service));
	if (!deciding.by_service)
		return swk_error_memory(error);
	for (size_t i = 0; !status && i < sources->count; i++)
		status = decide_sources(&deciding, &sources->list[i]);
	if (!status)
		status = resolve_claims(&deciding, unmanaged, desired);
	free(deciding.by_service);
	free(deciding.claims);
	return status;
}
