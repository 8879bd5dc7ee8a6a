/* SPDX-License-Identifier: MIT */
#include "policy/comply.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "policy/wait.h"

/* One evaluation. The first reason counts. */
struct complying {
	struct swk_ack *ack;
	const struct swk_comply_known *known;
	bool *awaits;
	struct swk_error *error;
};

/* Makes it pending. Returns false, so that callers can return its result. */
__attribute__((format(printf, 3, 4))) static bool refuse(const struct complying *this, bool awaits,
							 const char *format, ...)
{
	char raw[SWK_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	if (vsnprintf(raw, sizeof(raw), format, arguments) < 0)
		raw[0] = '\0';
	va_end(arguments);
	swk_text_escape(this->ack->reason, sizeof(this->ack->reason), raw);
	this->ack->state = SWK_ACK_PENDING;
	*this->awaits = awaits;
	return false;
}

/* ---- targets ---- */

/* Whether each part of each target was read. */
static bool are_read(const struct complying *this)
{
	for (size_t i = 0; i < this->known->target_count; i++) {
		const struct swk_comply_target *target = &this->known->targets[i];

		if (target->live->readable < SWK_READ_ADDRESSES)
			return refuse(this, true, "%s",
				      target->trouble ? target->trouble : target->name);
		if (target->live->unseen)
			return refuse(this, true, "%s: %zu of its %s did not answer", target->name,
				      target->live->unseen, target->words->parts);
		if (target->live->uncertain)
			return refuse(
				this, true,
				"%s: not all of its %s are known to have answered: see swk lint",
				target->name, target->words->parts);
		if (target->live->unconfirmed)
			return refuse(this, true,
				      "%s: what %s has is not known until it confirms a change",
				      target->name, target->words->program);
	}
	return true;
}

/* Whether a target has this upstream of the conf file as it should be, for all that was read. */
static bool has_upstream(const struct complying *this, const struct swk_comply_target *target,
			 const char *name)
{
	const struct swk_upstream *recorded = swk_upstreams_find(target->recorded, name);
	const struct swk_upstream *live = swk_upstreams_find(&target->live->upstreams, name);

	if (!recorded || (!live && !target->creates))
		return true;
	if (!live || swk_live_differs(target->live, recorded) || live->spread != SWK_SPREAD_SAME)
		return refuse(this, true, "%s: upstream %s differs", target->name, name);
	return true;
}

static bool is_pending(const struct swk_comply_target *target, const char *name)
{
	return !target->pending || swk_names_contain(target->pending, name) ||
	       swk_names_contain(target->changed, name);
}

/* Whether all targets have the upstreams of a service, or (NULL) all upstreams. */
static bool are_in_step(const struct complying *this, const char *service)
{
	const struct swk_upstreams *recorded = this->known->recorded;

	for (size_t i = 0; i < this->known->target_count * recorded->count; i++) {
		const struct swk_comply_target *target = &this->known->targets[i / recorded->count];
		const struct swk_upstream *upstream = &recorded->list[i % recorded->count];

		if ((service && !swk_source_is(&upstream->source, SWK_SOURCE_SERVICE, service)) ||
		    swk_names_contain(target->excluded, upstream->name))
			continue;
		if (is_pending(target, upstream->name))
			return refuse(this, true, "%s: upstream %s is pending", target->name,
				      upstream->name);
		if (!has_upstream(this, target, upstream->name))
			return false;
	}
	return true;
}

/* Whether an upstream is one of a service: of its last answer, or of the conf file. */
static bool is_of(const struct complying *this, const char *name, const char *service)
{
	const struct swk_service *known = swk_services_find(this->known->services, service);
	const struct swk_upstream *recorded = swk_upstreams_find(this->known->recorded, name);

	for (size_t i = 0; known && i < known->upstreams.count; i++) {
		if (!strcasecmp(known->upstreams.list[i].name, name))
			return true;
	}
	return recorded && swk_source_is(&recorded->source, SWK_SOURCE_SERVICE, service);
}

/* Whether no target has rejected an upstream of a service, or (NULL) any upstream. */
static bool are_accepted(const struct complying *this, const char *service)
{
	const struct swk_names *rejected = this->known->rejected;

	for (size_t i = 0; i < rejected->count; i++) {
		if (!service || is_of(this, rejected->list[i], service))
			return refuse(this, false, "upstream %s: a target rejects what Consul says",
				      rejected->list[i]);
	}
	return true;
}

/* ---- conditions ---- */

static bool sends_to(const struct swk_upstream *upstream, const struct swk_server *server)
{
	for (size_t i = 0; i < upstream->count; i++) {
		if (!upstream->servers[i].down &&
		    !swk_server_compare(&upstream->servers[i], server))
			return true;
	}
	return false;
}

/* The upstream of the conf file that has a server, or NULL. */
static const struct swk_upstream *find_recorded(const struct swk_upstreams *recorded,
						const struct swk_server *server)
{
	for (size_t i = 0; i < recorded->count; i++) {
		if (sends_to(&recorded->list[i], server))
			return &recorded->list[i];
	}
	return NULL;
}

bool swk_comply_is_gone(const struct swk_request *request, const struct swk_upstreams *recorded)
{
	bool asked = false;

	for (size_t i = 0; i < request->service_count; i++) {
		const struct swk_request_service *service = &request->services[i];

		asked |= service->without;
		if (service->without && find_recorded(recorded, &service->server))
			return false;
	}
	return asked;
}

/* Why the conf file still has a server. */
static bool refuse_recorded(const struct complying *this, const struct swk_upstream *upstream,
			    const char *address)
{
	const struct swk_service *service =
		swk_services_find(this->known->services, upstream->source.name);
	const struct swk_upstream *latest =
		service ? swk_service_upstream(service, upstream->source.tag) : NULL;

	if (this->known->on_hold)
		return refuse(this, false, "changes are on hold, and upstream %s has %s",
			      upstream->name, address);
	if (service && !service->unavailable && (!latest || !latest->usable))
		return refuse(this, false, "upstream %s keeps its last servers, and has %s",
			      upstream->name, address);
	return refuse(this, false, "upstream %s has %s", upstream->name, address);
}

/* Whether a target sends nothing to a server. A server that is out of rotation, and not deleted
 * yet, gets no request; it is not in the live state. */
static bool target_is_without(const struct complying *this, const struct swk_comply_target *target,
			      const struct swk_server *server, const char *address)
{
	for (size_t i = 0; i < target->live->upstreams.count; i++) {
		const struct swk_upstream *live = &target->live->upstreams.list[i], *recorded;

		if (live->draining)
			continue;
		if (sends_to(live, server))
			return refuse(this, true, "%s: upstream %s has %s", target->name,
				      live->name, address);
		/* If its parts differ, only one of them is known. They may differ if each resolved
		 * a host name. */
		recorded = swk_upstreams_find(target->recorded, live->name);
		if (recorded && swk_upstream_has_host(recorded))
			continue;
		if (live->spread != SWK_SPREAD_SAME || (live->partial && recorded))
			return refuse(this, true, "%s: upstream %s differs between %s",
				      target->name, live->name, target->words->parts);
	}
	return true;
}

/* Whether no target sends anything to a server, nor will after its next start. An upstream of
 * host names has no addresses in the conf file; the live state has them. */
static bool is_without(const struct complying *this, const struct swk_server *server)
{
	const struct swk_upstream *recorded = find_recorded(this->known->recorded, server);
	char address[SWK_ADDRESS_MAX];

	(void)swk_server_address(server, address);
	if (recorded)
		return refuse_recorded(this, recorded, address);
	for (size_t i = 0; i < this->known->target_count; i++) {
		const struct swk_comply_target *target = &this->known->targets[i];

		/* A request that was not awaited may still bring the server back. */
		if (!target->pending)
			return refuse(this, true, "%s: nothing is confirmed there yet",
				      target->name);
		if (target->late->count)
			return refuse(this, true, "%s: upstream %s is pending", target->name,
				      target->late->list[0]);
		if (!target_is_without(this, target, server, address))
			return false;
	}
	return true;
}

/* Counts the live instances of a service, or of an upstream with this name. */
static int count_live(const struct complying *this, const char *name, size_t goal, bool *enough)
{
	const struct swk_comply_known *known = this->known;
	struct swk_wait wait = {.service = strdup(name), .goal = goal};
	struct swk_waits waits = {&wait, 1};
	struct swk_wait_target *targets = calloc(known->target_count + 1, sizeof(*targets));
	struct swk_buffer text;
	int status = wait.service && targets ? 0 : swk_error_memory(this->error);

	swk_buffer_init(&text, SWK_TEXT_MAX);
	for (size_t i = 0; !status && i < known->target_count; i++)
		targets[i] = (struct swk_wait_target){.live = known->targets[i].live,
						      .pending = known->targets[i].pending,
						      .excluded = known->targets[i].excluded};
	if (!status)
		status = swk_waits_resolve(&waits, known->recorded, this->error);
	if (!status)
		status = swk_waits_count(&waits, known->services, known->recorded, targets,
					 known->target_count, this->error);
	if (!status)
		status = swk_wait_describe(&text, &wait, this->error);
	*enough = !status && wait.live >= goal;
	if (!status && !*enough)
		(void)refuse(this, wait.filed >= goal, "%s", text.data);
	swk_buffer_free(&text);
	free(targets);
	free(wait.service);
	free(wait.upstream);
	return status;
}

/* The service that a name stands for: its own, or that of the upstream. */
static const char *service_of(const struct complying *this, const char *name)
{
	const struct swk_upstream *upstream = swk_upstreams_find(this->known->recorded, name);

	if (swk_services_find(this->known->services, name) || !upstream ||
	    upstream->source.kind != SWK_SOURCE_SERVICE || !*upstream->source.name)
		return name;
	return upstream->source.name;
}

/* ---- whole requests ---- */

/* Whether Consul was not asked about a service, or did not answer. */
static bool is_unknown(const struct complying *this, const struct swk_service *service)
{
	if (!service)
		return this->known->unlisted;
	return service->unavailable || !service->answered;
}

/* Checks the service at this place of the request. Sets *done, or the reason. */
static int check_service(const struct complying *this, const struct swk_request *request,
			 size_t place, bool *done)
{
	const struct swk_request_service *asked = &request->services[place];
	const char *name = service_of(this, asked->name);
	const struct swk_service *service = swk_services_find(this->known->services, name);
	const bool others = asked->live || !asked->without; /* its other servers matter */

	*done = true;
	if (asked->without)
		*done = is_without(this, &asked->server);
	if (!*done)
		return 0;
	/* This host has nothing to do with a service that it does not publish. */
	if (!swk_settings_publish(this->known->settings, name)) {
		this->ack->unpublished |= UINT64_C(1) << place;
		return 0;
	}
	/* Without the answer's index, an older document could bring a server back. */
	if (is_unknown(this, service))
		*done = refuse(this, false, "%s: Consul could not be asked about it", name);
	else if (others && this->known->on_hold)
		*done = refuse(this, false, "%s: changes are on hold", name);
	else if (others) /* those that are live are counted */
		*done = (asked->live || are_accepted(this, name)) && are_in_step(this, name);
	return *done && asked->live ? count_live(this, asked->name, asked->live, done) : 0;
}

/* Whether everything is in step, after a full run. */
static bool check_all(const struct complying *this)
{
	const struct swk_comply_known *known = this->known;

	if (known->on_hold)
		return refuse(this, false, "changes are on hold");
	if (known->unavailable)
		return refuse(this, false, "Consul could not be asked about everything");
	if (known->held_back)
		return refuse(this, false, "a change is held back: see swk status");
	for (size_t i = 0; i < known->target_count; i++) {
		const struct swk_names *pending = known->targets[i].pending;

		if (pending && pending->count)
			return refuse(this, true, "%s: upstream %s is pending",
				      known->targets[i].name, pending->list[0]);
	}
	return are_accepted(this, NULL) && are_in_step(this, NULL);
}

int swk_comply(struct swk_ack *ack, const struct swk_request *request,
	       const struct swk_comply_known *known, bool *awaits, struct swk_error *error)
{
	const struct complying this = {ack, known, awaits, error};
	bool done = true;
	int status = 0;

	*awaits = false;
	ack->state = SWK_ACK_DONE;
	ack->reason[0] = '\0';
	ack->unpublished = 0;
	if (request->trouble) {
		ack->state = SWK_ACK_INVALID;
		swk_text_escape(ack->reason, sizeof(ack->reason), request->trouble);
		return 0;
	}
	/* A request that asks nothing is answered at once. */
	if (request->all || request->service_count)
		done = are_read(&this);
	if (done && request->all)
		done = check_all(&this);
	for (size_t i = 0; !status && done && i < request->service_count; i++)
		status = check_service(&this, request, i, &done);
	return status;
}
