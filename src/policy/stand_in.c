/* SPDX-License-Identifier: MIT */
#include "policy/stand_in.h"

#include <string.h>
#include <strings.h>

#include "policy/endpoint.h"
#include "policy/fit.h"

bool swk_stand_in_is_set(const struct swk_rules *rules)
{
	return rules->failover.count || rules->fallback.count;
}

/* Finds the rules of a service, and says whether the settings name it exactly. */
static bool find_named(struct swk_rules *rules, const struct swk_settings *settings,
		       const char *service)
{
	bool exact = false;

	for (size_t i = 0; i < settings->services.count; i++)
		exact |= settings->services.list[i].specific == SIZE_MAX &&
			 !strcmp(settings->services.list[i].pattern, service);
	swk_rules_find(rules, &settings->defaults, &settings->services, service);
	return exact;
}

bool swk_stand_in_named(const struct swk_settings *settings, const char *service)
{
	struct swk_rules rules;

	return find_named(&rules, settings, service) && swk_stand_in_is_set(&rules) &&
	       swk_settings_publish(settings, service);
}

bool swk_stand_in_replaces_all(const struct swk_service *service,
			       const struct swk_settings *settings,
			       const struct swk_upstreams *recorded)
{
	bool own = false;

	for (size_t i = 0; !own && i < recorded->count; i++) {
		const struct swk_source *source = &recorded->list[i].source;

		own = swk_source_is(source, SWK_SOURCE_SERVICE, service->name) &&
		      !swk_source_is_elsewhere(source);
	}
	return own && !service->instances && swk_stand_in_named(settings, service->name);
}

bool swk_stand_in_unlisted(const struct swk_settings *settings, const char *service)
{
	struct swk_rules rules;

	return find_named(&rules, settings, service) && (swk_stand_in_is_set(&rules) || rules.peer);
}

bool swk_stand_in_is_below_floor(const struct swk_rules *rules, const struct swk_upstream *upstream)
{
	const struct swk_share *floor = &rules->min_healthy;
	size_t least = floor->number;

	if (floor->percent)
		return upstream->usable * 100 < upstream->registered * floor->number;
	if (least > upstream->registered)
		least = upstream->registered;
	return upstream->usable < least;
}

bool swk_stand_in_needed(const struct swk_rules *rules, const struct swk_upstream *upstream)
{
	if (!upstream->usable)
		return swk_stand_in_is_set(rules);
	return rules->failover.count && swk_stand_in_is_below_floor(rules, upstream);
}

bool swk_stand_in_allowed(const struct swk_rules *rules, const struct swk_source *source)
{
	if (!swk_source_is_elsewhere(source))
		return true;
	if (!strcmp(source->place, swk_source_fallback))
		return rules->fallback.count;
	for (size_t i = 0; i < rules->failover.count; i++) {
		if (!strcasecmp(rules->failover.list[i], source->place))
			return true;
	}
	return false;
}

const struct swk_upstream *swk_stand_in_lacking(const struct swk_service *service,
						const struct swk_rules *rules)
{
	for (size_t i = 0; i < service->upstreams.count; i++) {
		const struct swk_upstream *this = &service->upstreams.list[i];

		if (swk_stand_in_needed(rules, this) &&
		    !swk_service_stand_in(service, this->source.tag))
			return this;
	}
	return NULL;
}

/* ---- upstreams without an instance ---- */

static int expect(struct swk_service *service, const struct swk_rules *rules, const char *name,
		  const struct swk_source *source, struct swk_error *error)
{
	struct swk_upstream empty;
	int status;

	if (swk_service_upstream(service, source->tag))
		return 0;
	status = swk_upstream_init(&empty, name, source, error);
	if (status)
		return status;
	swk_fit_rules(&empty, rules);
	status = swk_upstreams_append(&service->upstreams, &empty, error);
	swk_upstream_free(&empty);
	return status;
}

int swk_stand_in_expect(struct swk_service *service, const struct swk_settings *settings,
			const struct swk_rules *rules, const struct swk_upstreams *recorded,
			struct swk_error *error)
{
	const struct swk_source plain = {.name = service->name, .tag = ""};
	int status;

	if (service->instances > service->untagged || !swk_stand_in_named(settings, service->name))
		return 0;
	status = expect(service, rules, rules->upstream ? rules->upstream : service->name, &plain,
			error);
	for (size_t i = 0; !status && i < recorded->count; i++) {
		const struct swk_upstream *this = &recorded->list[i];
		const struct swk_source source = {.name = this->source.name,
						  .tag = this->source.tag};

		if (swk_source_is(&this->source, SWK_SOURCE_SERVICE, service->name))
			status = expect(service, rules, this->name, &source, error);
	}
	return status;
}

/* ---- stand-ins ---- */

/* Adds a copy of an upstream, with another place. */
static int add(struct swk_service *service, const struct swk_upstream *from, const char *place,
	       struct swk_error *error)
{
	struct swk_upstream *added;

	if (swk_upstreams_append_copy(&service->stand_ins, from, error))
		return error->status;
	added = &service->stand_ins.list[service->stand_ins.count - 1];
	added->usable = from->usable;
	return swk_upstream_set(
		added, from->name,
		&(struct swk_source){from->source.kind, from->source.name, from->source.tag, place},
		error);
}

int swk_stand_in_take(struct swk_service *service, const struct swk_rules *rules,
		      const struct swk_service *there, const char *datacenter,
		      struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < there->upstreams.count; i++) {
		const struct swk_upstream *this = &there->upstreams.list[i],
					  *own = swk_service_upstream(service, this->source.tag);

		if (own && this->usable && swk_stand_in_needed(rules, own) &&
		    !swk_service_stand_in(service, this->source.tag))
			status = add(service, this, datacenter, error);
	}
	return status;
}

int swk_stand_in_keep(struct swk_service *service, const struct swk_rules *rules,
		      const struct swk_upstreams *recorded, const char *datacenter,
		      struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < recorded->count; i++) {
		const struct swk_upstream *this = &recorded->list[i], *own;

		if (!swk_source_is(&this->source, SWK_SOURCE_SERVICE, service->name) ||
		    !swk_source_is_elsewhere(&this->source) ||
		    strcasecmp(this->source.place, datacenter) != 0)
			continue;
		own = swk_service_upstream(service, this->source.tag);
		if (own && swk_stand_in_needed(rules, own) &&
		    !swk_service_stand_in(service, this->source.tag))
			status = add(service, this, datacenter, error);
	}
	return status;
}

static int add_servers(struct swk_upstream *upstream, const struct swk_rules *rules,
		       struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < rules->fallback.count; i++) {
		const char *text = rules->fallback.list[i];
		struct swk_server server = swk_endpoint_server(rules);

		/* The settings were checked. */
		if (swk_server_parse_address(&server, text, strlen(text)))
			status = swk_upstream_add(upstream, &server, error);
	}
	return status;
}

int swk_stand_in_fall_back(struct swk_service *service, const struct swk_rules *rules,
			   struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && rules->fallback.count && i < service->upstreams.count; i++) {
		const struct swk_upstream *own = &service->upstreams.list[i];
		const struct swk_upstream empty = {
			.name = own->name, .source = own->source, .balance = own->balance};

		if (own->usable || swk_service_stand_in(service, own->source.tag))
			continue;
		status = add(service, &empty, swk_source_fallback, error);
		if (!status)
			status = add_servers(&service->stand_ins.list[service->stand_ins.count - 1],
					     rules, error);
	}
	return status;
}
