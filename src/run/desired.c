/* SPDX-License-Identifier: MIT */
#include "policy/decisions.h"
#include "policy/guard.h"
#include "run/run.h"
#include "target/plan.h"

static int put_back(struct swk_run *run, struct swk_upstream *upstream)
{
	static const char reason[] = "max_deletions holds its deletion back";
	const struct swk_decision decision = {.source = upstream->source,
					      .upstream = upstream->name,
					      .outcome = SWK_OUTCOME_KEPT,
					      .reason = reason};
	int status = swk_decisions_add(run->policy.decisions, &decision, run->error);

	return status ? status : swk_upstreams_append(&run->desired, upstream, run->error);
}

/* What the run knows of each kind of source. */
static void know_sources(struct swk_run *run, struct swk_known_sources known[SWK_SOURCE_KINDS])
{
	known[SWK_SOURCE_SERVICE] = (struct swk_known_sources){
		.services = &run->services,
		.complete = swk_run_knows_all(run),
		.guarded = run->complete,
	};
	known[SWK_SOURCE_KEY] = (struct swk_known_sources){
		.services = &run->keys,
		.complete = run->keys_known && !run->keys.filtered,
		.guarded = run->keys_known,
		.unwanted = !run->settings->keyprefix,
	};
}

struct swk_service *swk_run_find_service(struct swk_run *run, const struct swk_source *source)
{
	struct swk_known_sources known[SWK_SOURCE_KINDS];

	know_sources(run, known);
	return swk_services_find(known[source->kind].services, source->name);
}

/* Restores the upstreams of one kind of source that a run would delete, if they are too many. Only
 * for a run that knows all of them. */
static int guard_deletions(struct swk_run *run, enum swk_source_kind kind)
{
	struct swk_upstreams deleted = {0};
	size_t all = 0;
	int status = 0;

	for (size_t i = 0; !status && i < run->recorded.count; i++) {
		const struct swk_upstream *this = &run->recorded.list[i];

		all += this->source.kind == kind;
		if (this->source.kind == kind && !swk_upstreams_find(&run->desired, this->name))
			status = swk_upstreams_append_copy(&deleted, this, run->error);
	}
	if (status ||
	    swk_guard_deletions(deleted.count, all, run->settings->max_deletions, run->report))
		goto out;
	for (size_t i = 0; !status && i < deleted.count; i++)
		status = put_back(run, &deleted.list[i]);
	(void)swk_upstreams_sort(&run->desired);
out:
	swk_upstreams_free(&deleted);
	return status;
}

static int guard_all_deletions(struct swk_run *run, const struct swk_sources *sources)
{
	int status = 0;

	for (size_t i = 0; !status && !run->settings->force && i < sources->count; i++) {
		if (sources->list[i].guarded)
			status = guard_deletions(run, sources->list[i].services->kind);
	}
	return status;
}

/* Whether this run learnt how an upstream in FILE is. *latest: what its source says of it, or
 * NULL. */
static bool learnt(const struct swk_known_sources *known, const struct swk_upstream *upstream,
		   const struct swk_upstream **latest)
{
	const struct swk_service *service =
		swk_services_find(known->services, upstream->source.name);

	*latest = service ? swk_service_upstream(service, upstream->source.tag) : NULL;
	if (*latest)
		return true;
	if (service)
		return !service->unavailable && !service->unchanged && !service->instances;
	/* The source does not have it, and a guard held back the deletion. */
	return known->complete;
}

int swk_run_report_health(struct swk_run *run)
{
	struct swk_known_sources known[SWK_SOURCE_KINDS];

	know_sources(run, known);
	for (size_t i = 0; run->settings->metrics_file && i < run->desired.count; i++) {
		const struct swk_upstream *this = &run->desired.list[i], *latest;
		struct swk_health_report *health =
			swk_report_health(run->report, this->name, run->error);

		if (!health)
			return run->error->status;
		health->known = learnt(&known[this->source.kind], this, &latest);
		if (latest)
			health->registered = latest->registered;
		if (latest)
			health->usable = latest->usable;
	}
	return 0;
}

/* Whether FILE has `keepalive 0;` where an upstream shall have none. All targets read FILE. A full
 * run asks them; until then, and if none answers, FILE stays as it is. */
static bool says_none(const struct swk_run *run)
{
	bool says = run->excerpt.others.zero, all = run->target_count;

	for (size_t i = 0; i < run->target_count; i++) {
		if (run->targets[i].live.takes_none == SWK_NO)
			return false;
		all &= run->targets[i].live.takes_none == SWK_YES;
	}
	for (size_t i = 0; i < run->recorded.count; i++)
		says |= run->recorded.list[i].says_none;
	return all || says;
}

static int set_no_keepalive(struct swk_run *run)
{
	const bool says = says_none(run);

	for (size_t i = 0; i < run->desired.count; i++)
		run->desired.list[i].says_none = says && !run->desired.list[i].keepalive;
	return 0;
}

int swk_run_decide(struct swk_run *run)
{
	struct swk_known_sources known[SWK_SOURCE_KINDS];
	const struct swk_sources sources = {known, SWK_SOURCE_KINDS};
	struct swk_names unmanaged = {0};
	/* An upstream that is in no source may be in one that could not be read. */
	bool all = true;
	int status = 0;

	know_sources(run, known);
	for (size_t i = 0; i < sources.count; i++)
		all &= known[i].complete || known[i].unwanted;
	if (swk_policy_find_sources(&run->recorded, run->settings, &run->services, all,
				    run->error) ||
	    (!run->settings->adopt && swk_run_find_unmanaged(run, &unmanaged)) ||
	    swk_decide(&run->policy, &run->recorded, &sources, &unmanaged, &run->desired,
		       run->report, run->error) ||
	    guard_all_deletions(run, &sources) || set_no_keepalive(run) ||
	    swk_run_obey_refusals(run) ||
	    (run->policy.decisions &&
	     swk_decisions_correct(run->policy.decisions, &run->desired, run->error)) ||
	    swk_plan_changes(&run->changes, &run->recorded, &run->desired, run->error) ||
	    swk_run_find_excluded(run))
		status = run->error->status;
	swk_names_free(&unmanaged);
	return status;
}
