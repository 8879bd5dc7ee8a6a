/* SPDX-License-Identifier: MIT */
#include "policy/wait.h"

#include <stdlib.h>
#include <string.h>

#include "base/number.h"

/* ---- operands ---- */

static bool read_operand(struct swk_wait *wait, const char *operand)
{
	const char *number = strchr(operand, '='), *seconds;
	uint64_t goal, time = SWK_WAIT_SECONDS;
	size_t length;

	if (!number)
		return false;
	seconds = strchr(number, ',');
	length = seconds ? (size_t)(seconds - number - 1) : strlen(number + 1);
	if (!swk_number_read(number + 1, length, SWK_PLACES_MAX, &goal) || !goal)
		return false;
	if (seconds &&
	    !swk_number_read(seconds + 1, strlen(seconds + 1), SWK_WAIT_SECONDS_MAX, &time))
		return false;
	wait->goal = goal;
	wait->seconds = (unsigned)time;
	wait->service = strndup(operand, (size_t)(number - operand));
	return true;
}

static int service_order(const char *key, const void *item)
{
	return strcmp(key, ((const struct swk_wait *)item)->service);
}

int swk_waits_add(struct swk_waits *waits, const char *operand, struct swk_error *error)
{
	struct swk_wait wait = {0}, *list;
	size_t place;
	bool found;

	if (!read_operand(&wait, operand))
		return swk_error_set(error, SWK_USAGE,
				     "'%s' is not NAME=N or NAME=N,SECONDS, with N from 1 to "
				     "%d and SECONDS up to %d",
				     operand, SWK_PLACES_MAX, SWK_WAIT_SECONDS_MAX);
	list = wait.service ? swk_list_grow(waits->list, waits->count, sizeof(*list)) : NULL;
	if (!list) {
		free(wait.service);
		return swk_error_memory(error);
	}
	waits->list = list;
	place = swk_list_place(list, waits->count, sizeof(*list), wait.service, service_order,
			       &found);
	if (found || !swk_name_valid(wait.service)) {
		(void)swk_error_set(error, SWK_USAGE, "'%s': %s", operand,
				    found ? "the service is named twice"
					  : "no service of this name can be published");
		free(wait.service);
		return SWK_USAGE;
	}
	memmove(&list[place + 1], &list[place], (waits->count++ - place) * sizeof(*list));
	list[place] = wait;
	return 0;
}

void swk_waits_free(struct swk_waits *waits)
{
	for (size_t i = 0; i < waits->count; i++) {
		free(waits->list[i].service);
		free(waits->list[i].upstream);
	}
	free(waits->list);
	*waits = (struct swk_waits){0};
}

/* ---- services and upstreams ---- */

static bool has_service(const struct swk_upstreams *recorded, const char *service)
{
	for (size_t i = 0; i < recorded->count; i++) {
		if (swk_source_is(&recorded->list[i].source, SWK_SOURCE_SERVICE, service))
			return true;
	}
	return false;
}

int swk_waits_resolve(struct swk_waits *waits, const struct swk_upstreams *recorded,
		      struct swk_error *error)
{
	for (size_t i = 0; i < waits->count; i++) {
		struct swk_wait *wait = &waits->list[i];
		const struct swk_upstream *found = swk_upstreams_find(recorded, wait->service);
		char *service;

		if (wait->upstream || !found || found->source.kind != SWK_SOURCE_SERVICE ||
		    strcmp(found->name, wait->service) != 0 || has_service(recorded, wait->service))
			continue;
		service = strdup(found->source.name);
		if (!service)
			return swk_error_memory(error);
		wait->upstream = wait->service;
		wait->service = service;
	}
	return 0;
}

const char *swk_wait_name(const struct swk_wait *wait)
{
	return wait->upstream ? wait->upstream : wait->service;
}

const struct swk_wait *swk_waits_unknown(const struct swk_waits *waits,
					 const struct swk_services *services,
					 const struct swk_upstreams *recorded)
{
	for (size_t i = 0; i < waits->count; i++) {
		const struct swk_wait *wait = &waits->list[i];
		const struct swk_service *service = swk_services_find(services, wait->service);

		if (service && !service->unavailable && !service->instances &&
		    !has_service(recorded, wait->service))
			return wait;
	}
	return NULL;
}

/* ---- counting ---- */

/* A server in one upstream of the service, and how far it has got. */
struct place {
	const struct swk_server *server;
	bool filed, sent, live;
};

static int compare_places(const void *a, const void *b)
{
	return swk_server_compare(((const struct place *)a)->server,
				  ((const struct place *)b)->server);
}

/* Whether the upstream has the server, and it is not marked down. */
static bool has_up(const struct swk_upstream *upstream, const struct swk_server *server)
{
	const struct swk_server *found = swk_upstream_find_server(upstream, server);

	return found && !found->down;
}

/* The conf file's upstream with the same source, whose name may still be an old one. */
static const struct swk_upstream *find_recorded(const struct swk_upstreams *recorded,
						const struct swk_upstream *upstream)
{
	for (size_t i = 0; i < recorded->count; i++) {
		if (swk_source_same(&recorded->list[i].source, &upstream->source))
			return &recorded->list[i];
	}
	return NULL;
}

static bool is_pending(const char *name, const struct swk_wait_target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!swk_names_contain(targets[i].excluded, name) &&
		    (!targets[i].pending || swk_names_contain(targets[i].pending, name)))
			return true;
	}
	return false;
}

static bool is_live(const struct swk_server *server, const struct swk_upstream *file,
		    const struct swk_live *live)
{
	const struct swk_upstream *found =
		live ? swk_upstreams_find(&live->upstreams, file->name) : NULL;

	if (!found || live->readable < SWK_READ_ADDRESSES || live->unseen)
		return false;
	/* A proxy shows only the addresses that a host name resolved to. */
	if (swk_upstream_has_host(file))
		return !swk_live_differs(live, file);
	return found->spread == SWK_SPREAD_SAME && !strcmp(found->name, file->name) &&
	       has_up(found, server);
}

static bool is_live_everywhere(const struct swk_server *server, const struct swk_upstream *file,
			       const struct swk_wait_target *targets, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		if (!swk_names_contain(targets[i].excluded, file->name) &&
		    !is_live(server, file, targets[i].live))
			return false;
	}
	return true;
}

/* Fills in the places of one upstream. Returns their number. */
static size_t fill_places(struct place *places, const struct swk_upstream *upstream,
			  const struct swk_upstream *file, const struct swk_wait_target *targets,
			  size_t target_count)
{
	const bool sent = file && !is_pending(file->name, targets, target_count);
	size_t count = 0;

	for (size_t i = 0; i < upstream->count; i++) {
		struct place *place = &places[count];

		if (upstream->servers[i].down)
			continue;
		count++;
		*place = (struct place){.server = &upstream->servers[i]};
		place->filed = file && has_up(file, place->server);
		place->sent = place->filed && sent;
		place->live = place->sent &&
			      is_live_everywhere(place->server, file, targets, target_count);
	}
	return count;
}

/* Places with the same address are neighbours, and count once: only what is true in all of them. */
static void sum_up(struct swk_wait *wait, const struct place *places, size_t count)
{
	for (size_t i = 0, end; i < count; i = end) {
		struct place all = places[i];

		for (end = i + 1; end < count && !compare_places(&places[i], &places[end]); end++) {
			all.filed &= places[end].filed;
			all.sent &= places[end].sent;
			all.live &= places[end].live;
		}
		wait->healthy++;
		wait->filed += all.filed;
		wait->sent += all.sent;
		wait->live += all.live;
	}
}

static int count_one(struct swk_wait *wait, const struct swk_service *service,
		     const struct swk_upstreams *recorded, const struct swk_wait_target *targets,
		     size_t target_count, struct swk_error *error)
{
	struct place *places;
	size_t room = 0, count = 0;

	wait->registered = service->instances;
	for (size_t i = 0; i < service->upstreams.count; i++)
		room += service->upstreams.list[i].count;
	places = calloc(room + 1, sizeof(*places));
	if (!places)
		return swk_error_memory(error);
	for (size_t i = 0; i < service->upstreams.count; i++) {
		const struct swk_upstream *upstream = &service->upstreams.list[i];

		if (wait->upstream && strcmp(upstream->name, wait->upstream) != 0)
			continue;
		count += fill_places(&places[count], upstream, find_recorded(recorded, upstream),
				     targets, target_count);
	}
	if (count)
		qsort(places, count, sizeof(*places), compare_places);
	sum_up(wait, places, count);
	free(places);
	return 0;
}

int swk_waits_count(struct swk_waits *waits, const struct swk_services *services,
		    const struct swk_upstreams *recorded, const struct swk_wait_target *targets,
		    size_t target_count, struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < waits->count; i++) {
		struct swk_wait *wait = &waits->list[i];
		const struct swk_service *service = swk_services_find(services, wait->service);

		wait->registered = wait->healthy = wait->filed = wait->sent = wait->live = 0;
		wait->live_read = target_count && targets[0].live;
		wait->unavailable = service && service->unavailable;
		if (service)
			status = count_one(wait, service, recorded, targets, target_count, error);
	}
	return status;
}

/* ---- progress ---- */

bool swk_waits_sent(const struct swk_waits *waits)
{
	for (size_t i = 0; i < waits->count; i++) {
		if (waits->list[i].sent < waits->list[i].goal)
			return false;
	}
	return true;
}

bool swk_waits_over(const struct swk_waits *waits)
{
	for (size_t i = 0; i < waits->count; i++) {
		if (waits->list[i].live < waits->list[i].goal)
			return false;
	}
	return true;
}

const struct swk_wait *swk_waits_late(const struct swk_waits *waits, int64_t seconds)
{
	for (size_t i = 0; i < waits->count; i++) {
		const struct swk_wait *wait = &waits->list[i];

		if (wait->live < wait->goal && wait->seconds <= seconds)
			return wait;
	}
	return NULL;
}

int swk_wait_describe(struct swk_buffer *out, const struct swk_wait *wait, struct swk_error *error)
{
	char room[SWK_NUMBER_MAX];
	const char *sent = swk_number_text(room, wait->sent);

	return swk_buffer_print(
		out, error,
		"%s: %zu of %zu %s (%zu registered, %zu healthy, %zu in the file%s%s%s)",
		swk_wait_name(wait), wait->live_read ? wait->live : wait->sent, wait->goal,
		wait->live_read ? "live" : "sent", wait->registered, wait->healthy, wait->filed,
		wait->live_read ? ", " : "", wait->live_read ? sent : "",
		wait->live_read ? " sent" : "");
}
