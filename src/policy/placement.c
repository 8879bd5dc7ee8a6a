/* SPDX-License-Identifier: MIT */
#include "policy/placement.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "model/service.h"
#include "policy/fit.h"
#include "policy/shares.h"

/* ---- services ---- */

static int record_service(const struct swk_policy *policy, const struct swk_source *service,
			  enum swk_outcome outcome, const char *reason, struct swk_error *error)
{
	return swk_decisions_add(
		policy->decisions,
		&(struct swk_decision){.source = *service, .outcome = outcome, .reason = reason},
		error);
}

/* Why a name can't be the name of an upstream, or NULL. */
static const char *unusable(const char *name)
{
	if (!swk_name_valid(name))
		return "its name cannot be an upstream's name (letters, digits, '.', '_', '-', at "
		       "most 200)";
	return swk_name_is_host(name) ? "nginx takes its name for a host, not for an upstream"
				      : NULL;
}

static const char *reason_to_leave_out(const char *name)
{
	if (!strcmp(name, "consul"))
		return "it is Consul itself";
	return swk_name_is_internal(name) ? "it is swk-apply itself"
					  : "include or exclude leaves it out";
}

int swk_policy_service(struct swk_services *services, const struct swk_policy *policy,
		       const char *name, struct swk_report *report, struct swk_error *error)
{
	const struct swk_source source = {.kind = services->kind, .name = name, .tag = ""};
	const char *reason = unusable(name);

	if (!swk_settings_publish(policy->settings, name))
		return record_service(policy, &source, SWK_OUTCOME_LEFT_OUT,
				      reason_to_leave_out(name), error);
	if (!reason)
		return swk_services_get(services, name, error) ? 0 : error->status;
	swk_report_note(report, SWK_NOTE_SKIPPED, "service '%s': skipped: %s", name, reason);
	return record_service(policy, &source, SWK_OUTCOME_SKIPPED, reason, error);
}

/* ---- upstreams of a service ---- */

/* A registration that is being placed. */
struct placing {
	const struct swk_policy *policy;
	struct swk_service *service;
	const struct swk_rules *rules;
	const struct swk_endpoint *endpoint;
	enum swk_source_kind kind;	     /* of its source */
	const struct swk_instance *instance; /* NULL: it is a key */
	const struct swk_key *key;
	unsigned group; /* its colour's place among the shares; 0: none */
	bool unshared;	/* the shares have nothing for its colour */
	struct swk_report *report;
	struct swk_error *error;
};

static bool is_served(const struct swk_endpoint *endpoint)
{
	return endpoint->outcome == SWK_OUTCOME_SERVED ||
	       endpoint->outcome == SWK_OUTCOME_SERVED_DOWN;
}

/* Records the decision about the registration in an upstream (NULL: in none). */
static int record_decision(const struct placing *placing, const struct swk_upstream *upstream,
			   enum swk_outcome outcome, const char *reason)
{
	const struct swk_instance *instance = placing->instance;
	const struct swk_policy *policy = placing->policy;
	const struct swk_server *server = NULL;
	char address[SWK_ADDRESS_MAX] = "";
	const struct swk_decision decision = {
		.source = {.kind = placing->kind,
			   .name = placing->service->name,
			   .tag = upstream ? upstream->source.tag : NULL},
		.instance = (instance ? instance->id : placing->key->key),
		.node = (instance ? instance->node : ""),
		.status = (instance ? swk_endpoint_health(instance) : "passing"),
		.upstream = upstream ? upstream->name : NULL,
		.address = address,
		.outcome = outcome,
		.reason = reason};

	if (placing->endpoint && placing->endpoint->server.port)
		server = &placing->endpoint->server;
	if (server && policy->decisions)
		(void)swk_server_address(server, address);
	swk_causes_add(policy->causes, &decision, server);
	return swk_decisions_add(policy->decisions, &decision, placing->error);
}

static void note_skipped(const struct placing *placing, const char *reason)
{
	const struct swk_instance *instance = placing->instance;

	if (instance)
		swk_report_note(placing->report, SWK_NOTE_SKIPPED,
				"service '%s': instance %zu ('%s' on node '%s') skipped: %s",
				instance->service, instance->number, instance->id, instance->node,
				reason);
	else
		swk_report_note(placing->report, SWK_NOTE_SKIPPED, "key '%s' skipped: %s",
				placing->key->key, reason);
}

/* Notes that the registration is in no upstream, and why. */
static int skip(const struct placing *placing, const char *reason)
{
	note_skipped(placing, reason);
	return record_decision(placing, NULL, SWK_OUTCOME_SKIPPED, reason);
}

/* The name of the service's upstreams, without colour. */
static const char *base_name(const struct placing *placing)
{
	return placing->rules->upstream ? placing->rules->upstream : placing->service->name;
}

/* Finds or adds the service's upstream with this tag; NULL without memory. */
static struct swk_upstream *upstream_of(const struct placing *placing, const char *tag,
					const char *separator, const char *colour)
{
	struct swk_service *service = placing->service;
	struct swk_upstream upstream, *known = swk_service_upstream(service, tag);
	char name[2 * SWK_NAME_MAX + 16];

	if (known)
		return known;
	(void)snprintf(name, sizeof(name), "%s%s%s", base_name(placing), separator, colour);
	if (swk_upstream_init(
		    &upstream, name,
		    &(struct swk_source){.kind = placing->kind, .name = service->name, .tag = tag},
		    placing->error))
		return NULL;
	swk_fit_rules(&upstream, placing->rules);
	if (!swk_upstreams_append(&service->upstreams, &upstream, placing->error))
		return &service->upstreams.list[service->upstreams.count - 1];
	swk_upstream_free(&upstream);
	return NULL;
}

/* Adds the registration's server, which counts to its group. */
static int add_server(const struct placing *placing, struct swk_upstream *upstream)
{
	struct swk_server server = placing->endpoint->server;

	server.group = (uint8_t)placing->group;
	return server.port ? swk_upstream_add(upstream, &server, placing->error) : 0;
}

/* Counts the registration once in an upstream and, if it is served, adds its server. */
static int place(const struct placing *placing, const char *tag, const char *separator,
		 const char *colour)
{
	struct swk_upstream *upstream = upstream_of(placing, tag, separator, colour);
	const struct swk_endpoint *endpoint = placing->endpoint;
	struct swk_service *service = placing->service;

	if (!upstream)
		return placing->error->status;
	if (upstream->latest == service->instances)
		return 0;
	upstream->latest = service->instances;
	service->placed++;
	if (placing->unshared)
		return record_decision(placing, upstream, SWK_OUTCOME_LEFT_OUT,
				       "its colour has no share of the requests")
			       ? placing->error->status
			       : add_server(placing, &service->left_out);
	upstream->registered++;
	upstream->usable += endpoint->outcome == SWK_OUTCOME_SERVED;
	if (placing->group)
		upstream->colours |= UINT64_C(1) << (placing->group - 1);
	if (record_decision(placing, upstream, endpoint->outcome, endpoint->reason))
		return placing->error->status;
	return add_server(placing, is_served(endpoint) ? upstream : &service->left_out);
}

/* Places an instance in the plain upstream, as one of a colour. Its first colour there counts. */
static int place_by_share(const struct placing *placing, const char *colour)
{
	const struct swk_shares *shares = &placing->rules->shares;
	struct placing this;

	if (!shares->count)
		return place(placing, "", "", "");
	this = *placing;
	this.group = swk_shares_place(shares, colour);
	this.unshared = !this.group || !shares->list[this.group - 1].percent;
	return place(&this, "", "", "");
}

/* ---- routing tags ---- */

/* Whether another colour is one too many. A recorded colour never is. */
static bool is_surplus(const struct placing *placing, const char *tag, const char *name)
{
	const struct swk_service *service = placing->service;
	const struct swk_upstreams *recorded = placing->policy->recorded;
	const struct swk_upstream *known = NULL;

	if (service->upstreams.count < SWK_COLOURS_MAX || swk_service_upstream(service, tag))
		return false;
	if (recorded)
		known = swk_upstreams_find(recorded, name);
	return !known ||
	       (*known->source.name &&
		!swk_source_same(&known->source, &(struct swk_source){.kind = placing->kind,
								      .name = service->name,
								      .tag = tag}));
}

/* Places an instance in the upstream of a colour, or skips it if that name is unusable. */
static int place_by_tag(const struct placing *placing, const struct swk_route *route,
			const char *tag, const char *colour)
{
	char name[SWK_NAME_MAX + 2], reason[SWK_TEXT_MAX];
	int length = snprintf(name, sizeof(name), "%s%s%s", base_name(placing), route->separator,
			      colour);

	if (is_surplus(placing, tag, name)) {
		placing->service->crowded |= !placing->policy->recorded;
		(void)snprintf(reason, sizeof(reason),
			       "its service already has too many colours: tag '%s'", tag);
	} else if (!swk_name_part_valid(colour) || length > SWK_NAME_MAX)
		(void)snprintf(reason, sizeof(reason),
			       "it cannot be part of an upstream's name: tag '%s'", tag);
	else if (swk_name_is_host(name))
		(void)snprintf(reason, sizeof(reason),
			       "nginx takes '%s' for a host, not for an upstream: tag '%s'", name,
			       tag);
	else
		return place(placing, tag, route->separator, colour);
	return skip(placing, reason);
}

/* The route of a tag, and the tag's value; NULL if it is not a routing tag. */
static const struct swk_route *route_of(const struct swk_settings *settings, const char *tag,
					const char **value)
{
	for (size_t i = 0; i < settings->route_count; i++) {
		size_t length = strlen(settings->routes[i].tag);

		if (!strncmp(tag, settings->routes[i].tag, length) && tag[length] == '=') {
			*value = tag + length + 1;
			return &settings->routes[i];
		}
	}
	return NULL;
}

static int place_by_tags(const struct placing *placing)
{
	const struct swk_instance *instance = placing->instance;
	bool plain = true, tagged_plain = false;
	int status = 0;

	for (size_t i = 0; !status && i < instance->tag_count; i++) {
		const char *colour;
		const struct swk_route *route =
			route_of(placing->policy->settings, instance->tags[i], &colour);

		if (!route)
			continue;
		if (!*colour || !strcmp(colour, route->plain)) {
			tagged_plain = true;
			continue;
		}
		if (swk_shares_place(&placing->rules->shares, colour)) {
			status = place_by_share(placing, colour);
			continue;
		}
		plain = plain && route->also_plain;
		status = place_by_tag(placing, route, instance->tags[i], colour);
	}
	return status || !(plain || tagged_plain) ? status : place_by_share(placing, "");
}

/* ---- instances ---- */

static bool has_tag(const struct swk_instance *instance, const char *tag)
{
	for (size_t i = 0; i < instance->tag_count; i++) {
		if (!strcmp(instance->tags[i], tag))
			return true;
	}
	return false;
}

/* Why the settings exclude the instance, or NULL. */
static const char *unpublished(const struct swk_settings *settings,
			       const struct swk_instance *instance, char room[SWK_TEXT_MAX])
{
	if (!swk_settings_publish(settings, instance->service))
		return "include or exclude leaves its service out";
	if (!settings->require_tag || has_tag(instance, settings->require_tag))
		return NULL;
	(void)snprintf(room, SWK_TEXT_MAX, "it has no tag '%s'", settings->require_tag);
	return room;
}

/* Finds or adds the service. Leaves placing->service NULL if its name can't be an upstream's: an
 * undecodable or unpublished instance may still have added such a service. */
static int begin(struct placing *placing, struct swk_services *services, const char *name)
{
	bool usable = !unusable(name);

	if ((!usable || !swk_services_find(services, name)) &&
	    swk_policy_service(services, placing->policy, name, placing->report, placing->error))
		return placing->error->status;
	if (usable)
		placing->service = swk_services_find(services, name);
	if (placing->service)
		placing->service->instances++;
	return 0;
}

static bool is_full(struct swk_service *service)
{
	service->crowded |= service->placed >= SWK_PLACES_MAX;
	return service->placed >= SWK_PLACES_MAX;
}

/* Counts an instance that is not published, so that its service does not look empty. */
static int leave_out(struct placing *placing, struct swk_services *services, const char *reason)
{
	placing->service = swk_services_get(services, placing->instance->service, placing->error);
	if (!placing->service)
		return placing->error->status;
	placing->service->instances++;
	placing->service->untagged++;
	return record_decision(placing, NULL, SWK_OUTCOME_LEFT_OUT, reason);
}

/* Why the instance is not of the cluster and datacenter that are asked, or NULL. */
static const char *elsewhere(const struct swk_policy *policy, const struct swk_rules *rules,
			     const struct swk_instance *instance, char room[SWK_TEXT_MAX])
{
	const char *datacenter =
		policy->datacenter ? policy->datacenter : policy->settings->consul.datacenter;
	/* Another datacenter is asked for its own instances. */
	const char *peer = policy->datacenter ? NULL : rules->peer;

	if (strcasecmp(peer ? peer : "", instance->peer) != 0) {
		(void)snprintf(room, SWK_TEXT_MAX, "it is %simported from peer '%s'",
			       *instance->peer ? "" : "not ",
			       *instance->peer ? instance->peer : peer);
		return room;
	}
	/* The datacenter of an imported instance is the peer's. */
	if (peer || !datacenter || !*instance->datacenter ||
	    !strcasecmp(instance->datacenter, datacenter))
		return NULL;
	(void)snprintf(room, SWK_TEXT_MAX, "it is in datacenter '%s', not in '%s'",
		       instance->datacenter, datacenter);
	return room;
}

/* Only records the decision about an instance that is never served. */
static int pass_over(const struct placing *placing, enum swk_outcome outcome, const char *reason)
{
	const struct swk_instance *instance = placing->instance;

	return swk_decisions_add(
		placing->policy->decisions,
		&(struct swk_decision){.source = {.kind = placing->kind, .name = instance->service},
				       .instance = instance->id,
				       .node = instance->node,
				       .status = swk_endpoint_health(instance),
				       .outcome = outcome,
				       .reason = reason},
		placing->error);
}

int swk_policy_instance(struct swk_services *services, const struct swk_policy *policy,
			const struct swk_instance *instance, struct swk_report *report,
			struct swk_error *error)
{
	struct placing placing = {.policy = policy,
				  .kind = services->kind,
				  .instance = instance,
				  .report = report,
				  .error = error};
	char room[SWK_TEXT_MAX];
	const char *reason;
	struct swk_rules rules;
	struct swk_endpoint endpoint;
	int status;

	if (swk_name_is_internal(instance->service))
		return pass_over(&placing, SWK_OUTCOME_LEFT_OUT,
				 reason_to_leave_out(instance->service));
	if (instance->proxy)
		return pass_over(&placing, SWK_OUTCOME_LEFT_OUT,
				 "it is a proxy or gateway of Consul's mesh");
	swk_rules_find(&rules, &policy->settings->defaults, &policy->settings->services,
		       instance->service);
	reason = elsewhere(policy, &rules, instance, room);
	if (reason) {
		note_skipped(&placing, reason);
		return pass_over(&placing, SWK_OUTCOME_SKIPPED, reason);
	}
	reason = unpublished(policy->settings, instance, room);
	if (reason && swk_name_valid(instance->service))
		return leave_out(&placing, services, reason);
	status = begin(&placing, services, instance->service);
	if (status || !placing.service)
		return status;
	swk_endpoint_of_instance(&endpoint, policy, &rules, instance, report);
	placing.service->noted |= endpoint.here; /* the same answer may differ next time */
	if (is_full(placing.service))
		return skip(&placing, "its service already has too many instances");
	placing.rules = &rules;
	placing.endpoint = &endpoint;
	if (endpoint.outcome == SWK_OUTCOME_SKIPPED)
		note_skipped(&placing, endpoint.reason);
	else if (endpoint.outcome != SWK_OUTCOME_SERVED)
		swk_report_note(report, SWK_NOTE_DETAIL,
				"service '%s': instance '%s' on node '%s': %s", instance->service,
				instance->id, instance->node, endpoint.reason);
	return place_by_tags(&placing);
}

/* ---- keys ---- */

/* Records the decision about a key that is in no upstream. */
static int record_key(const struct placing *placing, const char *upstream, enum swk_outcome outcome,
		      const char *reason)
{
	return swk_decisions_add(
		placing->policy->decisions,
		&(struct swk_decision){.source = {.kind = placing->kind, .name = upstream},
				       .instance = placing->key->key,
				       .outcome = outcome,
				       .reason = reason},
		placing->error);
}

/* Splits PREFIX/UPSTREAM/ADDRESS:PORT. Returns false for a key of another form. */
static bool split_key(const char *prefix, const char *key, char upstream[SWK_NAME_MAX + 1],
		      const char **address)
{
	size_t length = strlen(prefix);
	const char *name = key + length + 1, *slash;

	if (strncmp(key, prefix, length) != 0 || key[length] != '/')
		return false;
	slash = strchr(name, '/');
	if (!slash || slash == name || slash - name > SWK_NAME_MAX || strchr(slash + 1, '/'))
		return false;
	memcpy(upstream, name, (size_t)(slash - name));
	upstream[slash - name] = '\0';
	*address = slash + 1;
	return true;
}

bool swk_policy_is_key(const struct swk_settings *settings, const char *key)
{
	char upstream[SWK_NAME_MAX + 1];
	const char *address;

	return split_key(settings->keyprefix, key, upstream, &address) && *address;
}

int swk_policy_key(struct swk_services *services, const struct swk_policy *policy,
		   const struct swk_key *key, struct swk_report *report, struct swk_error *error)
{
	struct placing placing = {.policy = policy,
				  .kind = services->kind,
				  .key = key,
				  .report = report,
				  .error = error};
	char upstream[SWK_NAME_MAX + 1], room[SWK_TEXT_MAX];
	const char *address, *reason;
	struct swk_rules rules;
	struct swk_endpoint endpoint;
	int status;

	/* A folder, as Consul's web pages create them. */
	if (!*key->key || key->key[strlen(key->key) - 1] == '/')
		return 0;
	if (!split_key(policy->settings->keyprefix, key->key, upstream, &address)) {
		(void)snprintf(room, sizeof(room),
			       "it does not have the form %s/UPSTREAM/ADDRESS:PORT",
			       policy->settings->keyprefix);
		note_skipped(&placing, room);
		return record_key(&placing, "", SWK_OUTCOME_SKIPPED, room);
	}
	reason = unusable(upstream);
	if (reason)
		note_skipped(&placing, reason);
	else if (!swk_settings_publish(policy->settings, upstream))
		reason = "include or exclude leaves its upstream out";
	if (reason)
		return record_key(&placing, upstream,
				  unusable(upstream) ? SWK_OUTCOME_SKIPPED : SWK_OUTCOME_LEFT_OUT,
				  reason);
	status = begin(&placing, services, upstream);
	if (status || !placing.service)
		return status;
	swk_rules_find(&rules, &policy->settings->defaults, &policy->settings->services, upstream);
	swk_endpoint_of_key(&endpoint, policy, &rules, key, address, report);
	if (is_full(placing.service))
		return skip(&placing, "its upstream already has too many servers");
	placing.rules = &rules;
	placing.endpoint = &endpoint;
	if (endpoint.outcome == SWK_OUTCOME_SKIPPED)
		note_skipped(&placing, endpoint.reason);
	return place(&placing, "", "", "");
}

/* ---- recorded upstreams without a source ---- */

/* The upstream of this name, without case, in the registry; or NULL. */
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

/* The name of a service's upstreams, without colour; borrowed. */
static const char *called(const struct swk_settings *settings, const struct swk_service *service)
{
	struct swk_rules rules;

	swk_rules_find(&rules, &settings->defaults, &settings->services, service->name);
	return rules.upstream ? rules.upstream : service->name;
}

/* Without a route: the service whose upstreams have this name. With one: the service of which
 * `name` could be a colour, even if no instance has the colour now; of several, the one with the
 * longest name. `names` has the upstream name of each service. */
static const struct swk_service *service_called(const struct swk_services *services,
						const char *const *names,
						const struct swk_route *route, const char *name)
{
	const struct swk_service *best = NULL;
	size_t longest = 0;

	for (size_t i = 0; i < services->count; i++) {
		size_t length = strlen(names[i]), gap = route ? strlen(route->separator) : 0;

		if (strncasecmp(names[i], name, length) != 0 || (best && length <= longest))
			continue;
		if (route ? !strncmp(name + length, route->separator, gap) && name[length + gap]
			  : !name[length]) {
			best = &services->list[i];
			longest = length;
		}
	}
	return best;
}

static int find_source(struct swk_upstream *upstream, const struct swk_settings *settings,
		       const struct swk_services *services, const char *const *names, bool complete,
		       struct swk_error *error)
{
	const struct swk_upstream *named = upstream_named(services, upstream->name);
	struct swk_source source = {.kind = services->kind, .name = upstream->name, .tag = ""};
	const struct swk_service *service;
	char tag[2 * SWK_NAME_MAX + 2];

	if (named)
		return swk_upstream_set(upstream, upstream->name, &named->source, error);
	service = service_called(services, names, NULL, upstream->name);
	if (!service)
		service = swk_services_find(services, upstream->name);
	for (size_t i = 0; !service && complete && i < settings->route_count; i++) {
		const struct swk_route *route = &settings->routes[i];

		service = service_called(services, names, route, upstream->name);
		if (!service)
			continue;
		/* What follows the name of the service's upstreams is the colour. */
		(void)snprintf(tag, sizeof(tag), "%s=%s", route->tag,
			       upstream->name + strlen(names[service - services->list]) +
				       strlen(route->separator));
		source.tag = tag;
	}
	if (!service && !complete)
		return 0;
	if (service)
		source.name = service->name;
	return swk_upstream_set(upstream, upstream->name, &source, error);
}

int swk_policy_find_sources(struct swk_upstreams *recorded, const struct swk_settings *settings,
			    const struct swk_services *services, bool complete,
			    struct swk_error *error)
{
	const char **names = reallocarray(NULL, services->count + 1, sizeof(*names));
	int status = 0;

	if (!names)
		return swk_error_memory(error);
	for (size_t i = 0; i < services->count; i++)
		names[i] = called(settings, &services->list[i]);
	for (size_t i = 0; !status && i < recorded->count; i++) {
		if (!*recorded->list[i].source.name)
			status = find_source(&recorded->list[i], settings, services, names,
					     complete, error);
	}
	free(names);
	return status;
}
