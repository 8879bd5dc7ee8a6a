/* SPDX-License-Identifier: MIT */
#include "model/request.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

const char *const swk_ack_words[SWK_ACK_STATES] = {"pending", "done", "invalid"};
const char *const swk_fleet_words[SWK_FLEET_STATUSES] = {"", "passing", "warning", "critical"};

void swk_request_free(struct swk_request *request)
{
	for (size_t i = 0; i < request->service_count; i++)
		free(request->services[i].name);
	free(request->services);
	free(request->by);
	free(request->trouble);
	*request = (struct swk_request){0};
}

void swk_requests_free(struct swk_requests *requests)
{
	for (size_t i = 0; i < requests->count; i++)
		swk_request_free(&requests->list[i]);
	free(requests->list);
	*requests = (struct swk_requests){0};
}

struct swk_request *swk_requests_find(const struct swk_requests *requests, const char *id)
{
	for (size_t i = 0; i < requests->count; i++) {
		if (!strcmp(requests->list[i].id, id))
			return &requests->list[i];
	}
	return NULL;
}

int swk_requests_append(struct swk_requests *requests, struct swk_request *request,
			struct swk_error *error)
{
	struct swk_request *list = swk_list_grow(requests->list, requests->count, sizeof(*list));

	if (!list)
		return swk_error_memory(error);
	requests->list = list;
	list[requests->count++] = *request;
	*request = (struct swk_request){0};
	return 0;
}

struct swk_request_service *swk_request_add_service(struct swk_request *request, const char *name,
						    struct swk_error *error)
{
	struct swk_request_service *list =
		swk_list_grow(request->services, request->service_count, sizeof(*list));
	char *copy = list ? strdup(name) : NULL;

	if (list)
		request->services = list;
	if (!copy) {
		(void)swk_error_memory(error);
		return NULL;
	}
	list[request->service_count] = (struct swk_request_service){.name = copy};
	return &list[request->service_count++];
}

bool swk_request_id_valid(const char *id)
{
	return strlen(id) == SWK_REQUEST_ID && strspn(id, "0123456789abcdef") == SWK_REQUEST_ID;
}

void swk_acks_free(struct swk_acks *acks)
{
	free(acks->list);
	*acks = (struct swk_acks){0};
}

int swk_acks_append(struct swk_acks *acks, const struct swk_ack *ack, struct swk_error *error)
{
	struct swk_ack *list = swk_list_grow(acks->list, acks->count, sizeof(*list));

	if (!list)
		return swk_error_memory(error);
	acks->list = list;
	list[acks->count++] = *ack;
	return 0;
}

void swk_hosts_free(struct swk_hosts *hosts)
{
	free(hosts->list);
	*hosts = (struct swk_hosts){0};
}

int swk_hosts_append(struct swk_hosts *hosts, const struct swk_host *host, struct swk_error *error)
{
	struct swk_host *list = swk_list_grow(hosts->list, hosts->count, sizeof(*list));

	if (!list)
		return swk_error_memory(error);
	hosts->list = list;
	list[hosts->count++] = *host;
	return 0;
}

const struct swk_host *swk_hosts_find(const struct swk_hosts *hosts, const char *node)
{
	for (size_t i = 0; i < hosts->count; i++) {
		if (!strcmp(hosts->list[i].node, node))
			return &hosts->list[i];
	}
	return NULL;
}
