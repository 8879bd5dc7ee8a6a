/* SPDX-License-Identifier: MIT */
#include "policy.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"

/* ---- instances ---- */

bool swk_policy_leaves_out(const char *service)
{
	return !strcmp(service, "consul");
}

int swk_policy_service(struct swk_services *services, const char *name, struct swk_report *report,
		       struct swk_error *error)
{
	if (swk_policy_leaves_out(name))
		return 0;
	if (!swk_name_valid(name)) {
		swk_report_note(report, SWK_NOTE_SKIPPED,
				"service '%s': skipped: its name can't be an upstream's (letters, "
				"digits, '.', '_', '-', at most %d)",
				name, SWK_NAME_MAX);
		return 0;
	}
	if (swk_name_is_host(name)) {
		swk_report_note(report, SWK_NOTE_SKIPPED,
				"service '%s': skipped: to nginx that is a host, not an upstream",
				name);
		return 0;
	}
	return swk_services_get(services, name, error) ? 0 : error->status;
}

static void skip(const struct swk_instance *instance, struct swk_report *report, const char *why,
		 const char *what)
{
	swk_report_note(report, SWK_NOTE_SKIPPED,
			"service '%s': instance %zu ('%s' on node '%s') skipped: %s '%s'",
			instance->service, instance->number, instance->id, instance->node, why,
			what);
}

static bool is_reserved(const struct swk_policy *policy, const struct swk_server *server)
{
	for (size_t i = 0; i < policy->reserved_count; i++) {
		if (policy->reserved[i] == server->port)
			return swk_server_is_loopback(server);
	}
	return false;
}

/* The server that an instance is, or false with the reason noted. */
static bool read_server(const struct swk_policy *policy, const struct swk_instance *instance,
			struct swk_server *server, struct swk_report *report)
{
	const char *address = *instance->address ? instance->address : instance->node_address;
	char text[SWK_ADDRESS_MAX];

	*server = (struct swk_server){.weight = SWK_NGINX_WEIGHT,
				      .max_fails = policy->settings->max_fails,
				      .fail_timeout = policy->settings->fail_timeout};
	if (!(instance->port >= 1 && instance->port <= 65535 &&
	      instance->port == (double)(unsigned)instance->port)) {
		(void)snprintf(text, sizeof(text), "%.17g", instance->port);
		skip(instance, report, "no port from 1 to 65535:", text);
		return false;
	}
	if (!swk_server_set_address(server, address, (unsigned)instance->port)) {
		skip(instance, report, "no IPv4 or IPv6 address:", address);
		return false;
	}
	if (is_reserved(policy, server)) {
		skip(instance, report, "nginx's own dynamic interface may be there:",
		     swk_server_address(server, text));
		return false;
	}
	return true;
}

static struct swk_upstream *with_tag(const struct swk_service *service, const char *tag)
{
	for (size_t i = 0; i < service->upstreams.count; i++) {
		if (!strcmp(service->upstreams.list[i].tag, tag))
			return &service->upstreams.list[i];
	}
	return NULL;
}

/* The service's upstream of this tag, made if it is not there; NULL without memory. */
static struct swk_upstream *upstream_of(struct swk_service *service, const char *colour,
					const struct swk_settings *settings,
					struct swk_error *error)
{
	char name[2 * SWK_NAME_MAX + 8], tag[2 * SWK_NAME_MAX + 8] = "";
	struct swk_upstream upstream, *known;

	(void)snprintf(name, sizeof(name), "%s%s%s", service->name,
		       *colour ? SWK_ROUTING_SEPARATOR : "", colour);
	if (*colour)
		(void)snprintf(tag, sizeof(tag), "%s=%s", SWK_ROUTING_TAG, colour);
	known = with_tag(service, tag);
	if (known)
		return known;
	if (swk_upstream_init(&upstream, name, service->name, tag, error))
		return NULL;
	upstream.keepalive = settings->keepalive;
	if (!swk_upstreams_append(&service->upstreams, &upstream, error))
		return &service->upstreams.list[service->upstreams.count - 1];
	swk_upstream_free(&upstream);
	return NULL;
}

static int place(struct swk_service *service, const char *colour,
		 const struct swk_settings *settings, const struct swk_server *server,
		 struct swk_error *error)
{
	struct swk_upstream *upstream = upstream_of(service, colour, settings, error);

	if (!upstream)
		return error->status;
	service->placed++;
	upstream->registered++;
	return server ? swk_upstream_add(upstream, server, error) : 0;
}

/* Puts an instance (or, without a server, only the word that it is registered) where its tags say.
 */
static int place_by_tags(struct swk_service *service, const struct swk_settings *settings,
			 const struct swk_instance *instance, const struct swk_server *server,
			 struct swk_report *report, struct swk_error *error)
{
	static const char prefix[] = SWK_ROUTING_TAG "=";
	bool plain = true, no_colour = false;
	int status = 0;

	for (size_t i = 0; !status && i < instance->tag_count; i++) {
		const char *colour = instance->tags[i];

		if (strncmp(colour, prefix, strlen(prefix)) != 0)
			continue;
		colour += strlen(prefix);
		if (!*colour || !strcmp(colour, SWK_ROUTING_DEFAULT)) {
			no_colour = true;
			continue;
		}
		plain = false;
		if (service->upstreams.count >= SWK_COLOURS_MAX &&
		    !with_tag(service, instance->tags[i]))
			skip(instance, report, "its service has too many colours already: tag",
			     instance->tags[i]);
		else if (!swk_name_part_valid(colour) ||
			 strlen(service->name) + strlen(SWK_ROUTING_SEPARATOR) + strlen(colour) >
				 SWK_NAME_MAX)
			skip(instance, report, "can't be part of an upstream's name: tag",
			     instance->tags[i]);
		else
			status = place(service, colour, settings, server, error);
	}
	if (!status && (plain || no_colour))
		status = place(service, "", settings, server, error);
	return status;
}

int swk_policy_instance(struct swk_services *services, const struct swk_policy *policy,
			const struct swk_instance *instance, struct swk_report *report,
			struct swk_error *error)
{
	struct swk_service *service;
	struct swk_server server;
	bool usable;
	int status;

	if (instance->proxy || swk_policy_leaves_out(instance->service))
		return 0;
	status = swk_policy_service(services, instance->service, report, error);
	service = status ? NULL : swk_services_find(services, instance->service);
	if (!service)
		return status;
	service->instances++;
	usable = read_server(policy, instance, &server, report);
	if (service->placed >= SWK_PLACES_MAX) {
		skip(instance, report,
		     "its service has too many instances already:", instance->address);
		return 0;
	}
	if (usable && instance->health != SWK_PASSING)
		swk_report_note(report, SWK_NOTE_DETAIL,
				"service '%s': instance '%s' on node '%s' is %s", service->name,
				instance->id, instance->node,
				instance->health == SWK_WARNING ? "warning" : "critical");
	if (instance->health != SWK_PASSING || instance->maintenance)
		usable = false;
	return place_by_tags(service, policy->settings, instance, usable ? &server : NULL, report,
			     error);
}

/* ---- where an upstream comes from that doesn't say so ---- */

/* The service and tag, among those known, whose upstream would have this name. */
static const struct swk_upstream *upstream_named(const struct swk_services *services,
						 const char *name)
{
	for (size_t i = 0; i < services->count; i++) {
		const struct swk_upstreams *upstreams = &services->list[i].upstreams;

		for (size_t j = 0; j < upstreams->count; j++) {
			if (!strcasecmp(upstreams->list[j].name, name))
				return &upstreams->list[j];
		}
	}
	return NULL;
}

/* The service of the longest name, of which `NAME_X` could be a colour, though no instance shows
 * it now. */
static const struct swk_service *service_before(const struct swk_services *services,
						const char *name)
{
	const struct swk_service *best = NULL;

	for (size_t i = 0; i < services->count; i++) {
		const struct swk_service *service = &services->list[i];
		size_t length = strlen(service->name);

		if (!strncasecmp(service->name, name, length) &&
		    !strncmp(name + length, SWK_ROUTING_SEPARATOR, 1) && name[length + 1] &&
		    (!best || length > strlen(best->name)))
			best = service;
	}
	return best;
}

static int set_source(struct swk_upstream *upstream, const char *service, const char *tag,
		      struct swk_error *error)
{
	char *its_service = strdup(service), *its_tag = strdup(tag);

	if (!its_service || !its_tag) {
		free(its_service);
		free(its_tag);
		return swk_error_memory(error);
	}
	free(upstream->service);
	free(upstream->tag);
	upstream->service = its_service;
	upstream->tag = its_tag;
	return 0;
}

int swk_policy_find_sources(struct swk_upstreams *have, const struct swk_services *services,
			    bool complete, struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < have->count; i++) {
		struct swk_upstream *this = &have->list[i];
		const struct swk_upstream *named;
		const struct swk_service *before;
		char tag[2 * SWK_NAME_MAX];

		if (*this->service)
			continue;
		named = upstream_named(services, this->name);
		before = service_before(services, this->name);
		if (named) {
			status = set_source(this, named->service, named->tag, error);
		} else if (swk_services_find(services, this->name) || (complete && !before)) {
			status = set_source(this, this->name, "", error);
		} else if (complete) {
			(void)snprintf(tag, sizeof(tag), "%s=%s", SWK_ROUTING_TAG,
				       this->name + strlen(before->name) +
					       strlen(SWK_ROUTING_SEPARATOR));
			status = set_source(this, before->name, tag, error);
		}
	}
	return status;
}

/* ---- what stays and what goes ---- */

/* One that wants a name in the file. */
struct claim {
	const struct swk_upstream *upstream; /* of the registry, or, if it is kept, of the file */
	int rank; /* 0: the file records it as the name's source; 1: it is the service's own name */
};

struct decision {
	const struct swk_settings *settings;
	const struct swk_upstreams *have;
	const struct swk_upstream **by_service; /* what we have, sorted by service */
	struct claim *claims;
	size_t claim_count;
	struct swk_report *report;
	struct swk_error *error;
};

static bool same_source(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return !strcmp(a->service, b->service) && !strcmp(a->tag, b->tag);
}

static int claim(struct decision *decision, const struct swk_upstream *upstream)
{
	const struct swk_upstream *recorded = swk_upstreams_find(decision->have, upstream->name);
	struct claim *claims =
		swk_list_grow(decision->claims, decision->claim_count, sizeof(*claims));
	int rank = 0;

	if (!claims)
		return swk_error_memory(decision->error);
	decision->claims = claims;
	if (!recorded || !same_source(recorded, upstream))
		rank = *upstream->tag ? 2 : 1;
	claims[decision->claim_count++] = (struct claim){.upstream = upstream, .rank = rank};
	return 0;
}

static int keep(struct decision *decision, const struct swk_upstream *upstream, const char *why)
{
	if (why)
		swk_report_note(decision->report, SWK_NOTE_KEPT,
				"upstream %s: kept with its last %zu server%s: %s", upstream->name,
				upstream->count, upstream->count == 1 ? "" : "s", why);
	return claim(decision, upstream);
}

static int compare_by_service(const void *a, const void *b)
{
	const struct swk_upstream *const *x = a, *const *y = b;

	return strcmp((*x)->service, (*y)->service);
}

static int service_order(const char *key, const void *item)
{
	return strcmp(key, (*(const struct swk_upstream *const *)item)->service);
}

/* Where in by_service the upstreams of a service begin; they end where another service's do. */
static size_t first_of(const struct decision *decision, const char *service)
{
	bool found;

	return swk_list_place(decision->by_service, decision->have->count,
			      sizeof(*decision->by_service), service, service_order, &found);
}

/* Whether so few of its instances can be used that the last ones are the better choice. A floor in
 * numbers does not ask for more than are registered. */
static bool is_below_floor(const struct decision *decision, const struct swk_upstream *told)
{
	const struct swk_share *floor = &decision->settings->min_healthy;
	size_t least = floor->number;

	if (floor->percent)
		return told->count * 100 < told->registered * floor->number;
	if (least > told->registered)
		least = told->registered;
	return told->count < least;
}

/* Whether the file has it, of the same source. */
static bool is_recorded(const struct decision *decision, const struct swk_upstream *told)
{
	const struct swk_upstream *have = swk_upstreams_find(decision->have, told->name);

	return have && same_source(have, told);
}

/* An upstream that we have, of a service about which something is known. */
static int decide_have(struct decision *decision, const struct swk_services *services,
		       const struct swk_service *service, const struct swk_upstream *have)
{
	const struct swk_upstream *told = with_tag(service, have->tag);
	bool unsure = service->unsure || services->unsure;

	if (service->unasked)
		return keep(decision, have, "Consul could not be asked about its service");
	if (!service->instances)
		return keep(decision, have,
			    unsure ? "its service has no instance that can be read"
				   : "its service has no instance registered");
	if (!told && unsure)
		return keep(decision, have, "an instance that can't be read may belong to it");
	if (!told)
		return 0;
	if (told->count && is_below_floor(decision, told))
		return keep(decision, have,
			    "fewer of its instances are usable than --min-healthy asks for");
	if (told->count)
		return 0;
	return keep(decision, have, "none of its instances in Consul is passing and usable");
}

static int decide_service(struct decision *decision, const struct swk_services *services,
			  struct swk_service *service)
{
	int status = 0;

	for (size_t i = first_of(decision, service->name);
	     !status && i < decision->have->count &&
	     !strcmp(decision->by_service[i]->service, service->name);
	     i++)
		status = decide_have(decision, services, service, decision->by_service[i]);
	for (size_t i = 0; !status && i < service->upstreams.count; i++) {
		struct swk_upstream *upstream = &service->upstreams.list[i];

		if (is_below_floor(decision, upstream) && is_recorded(decision, upstream))
			continue;
		swk_upstream_tidy(upstream);
		if (upstream->count)
			status = claim(decision, upstream);
		else
			swk_report_note(decision->report, SWK_NOTE_DETAIL,
					"upstream %s: no instance is passing and usable",
					upstream->name);
	}
	return status;
}

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

static void note_collision(struct swk_report *report, const struct swk_upstream *loser,
			   const struct swk_upstream *winner)
{
	bool same = !strcmp(loser->name, winner->name);

	swk_report_note(report, SWK_NOTE_SKIPPED,
			"upstream %s of service %s%s%s: skipped: the name is taken by service "
			"%s%s%s%s; rename one of them",
			loser->name, loser->service, *loser->tag ? ", tag " : "", loser->tag,
			winner->service, *winner->tag ? ", tag " : "", winner->tag,
			same ? "" : " (nginx tells no case apart)");
}

/* Gives each name to the first of those that claim it. */
static int settle_claims(struct decision *decision, const struct swk_names *foreign,
			 struct swk_upstreams *wanted)
{
	const struct swk_upstream *winner = NULL;
	int status = 0;

	if (decision->claim_count)
		qsort(decision->claims, decision->claim_count, sizeof(*decision->claims),
		      compare_claims);
	for (size_t i = 0; !status && i < decision->claim_count; i++) {
		struct claim *this = &decision->claims[i];

		if (winner && !strcasecmp(winner->name, this->upstream->name)) {
			note_collision(decision->report, this->upstream, winner);
			continue;
		}
		if (this->rank && swk_names_have(foreign, this->upstream->name) &&
		    !swk_upstreams_find(decision->have, this->upstream->name)) {
			swk_report_note(decision->report, SWK_NOTE_HELD,
					"upstream %s of service %s: held back: nginx has one of "
					"this name that swk-apply didn't make; remove that one, or "
					"take it over with --adopt",
					this->upstream->name, this->upstream->service);
			continue;
		}
		status = swk_upstreams_append_copy(wanted, this->upstream, decision->error);
		winner = status ? NULL : &wanted->list[wanted->count - 1];
	}
	return status;
}

int swk_policy_decide(const struct swk_settings *settings, const struct swk_upstreams *have,
		      struct swk_services *services, bool complete, const struct swk_names *foreign,
		      struct swk_upstreams *wanted, struct swk_report *report,
		      struct swk_error *error)
{
	struct decision decision = {
		.settings = settings, .have = have, .report = report, .error = error};
	int status = 0;

	decision.by_service = reallocarray(NULL, have->count + 1, sizeof(*decision.by_service));
	if (!decision.by_service)
		return swk_error_memory(error);
	for (size_t i = 0; i < have->count; i++)
		decision.by_service[i] = &have->list[i];
	if (have->count)
		qsort(decision.by_service, have->count, sizeof(*decision.by_service),
		      compare_by_service);
	for (size_t i = 0; !status && i < services->count; i++)
		status = decide_service(&decision, services, &services->list[i]);
	for (size_t i = 0; !status && !complete && i < have->count; i++) {
		if (!swk_services_find(services, have->list[i].service))
			status = keep(&decision, &have->list[i], NULL);
	}
	if (!status)
		status = settle_claims(&decision, foreign, wanted);
	free(decision.by_service);
	free(decision.claims);
	return status;
}
