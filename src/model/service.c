/* SPDX-License-Identifier: MIT */
#include "model/service.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static struct swk_upstream *find_tag(const struct swk_upstreams *set, const char *tag)
{
	for (size_t i = 0; i < set->count; i++) {
		if (!strcmp(set->list[i].source.tag, tag))
			return &set->list[i];
	}
	return NULL;
}

struct swk_upstream *swk_service_upstream(const struct swk_service *service, const char *tag)
{
	return find_tag(&service->upstreams, tag);
}

struct swk_upstream *swk_service_stand_in(const struct swk_service *service, const char *tag)
{
	return find_tag(&service->stand_ins, tag);
}

void swk_service_clear(struct swk_service *service)
{
	swk_upstreams_free(&service->upstreams);
	swk_upstreams_free(&service->stand_ins);
	swk_upstream_free(&service->left_out);
	*service = (struct swk_service){.name = service->name, .unlisted = service->unlisted};
}

void swk_services_free(struct swk_services *services)
{
	for (size_t i = 0; i < services->count; i++) {
		swk_service_clear(&services->list[i]);
		free(services->list[i].name);
	}
	free(services->list);
	*services = (struct swk_services){.kind = services->kind};
}

static int service_order(const char *key, const void *item)
{
	return strcmp(key, ((const struct swk_service *)item)->name);
}

static size_t service_place(const struct swk_services *services, const char *name, bool *found)
{
	return swk_list_place(services->list, services->count, sizeof(*services->list), name,
			      service_order, found);
}

struct swk_service *swk_services_find(const struct swk_services *services, const char *name)
{
	bool found;
	size_t place = service_place(services, name, &found);

	return found ? &services->list[place] : NULL;
}

struct swk_service *swk_services_get(struct swk_services *services, const char *name,
				     struct swk_error *error)
{
	bool found;
	size_t place = service_place(services, name, &found);
	struct swk_service *list;
	char *copy;

	if (found)
		return &services->list[place];
	list = swk_list_grow(services->list, services->count, sizeof(*list));
	if (list)
		services->list = list;
	copy = list ? strdup(name) : NULL;
	if (!copy) {
		(void)swk_error_memory(error);
		return NULL;
	}
	memmove(&list[place + 1], &list[place], (services->count - place) * sizeof(*list));
	list[place] = (struct swk_service){.name = copy};
	services->count++;
	return &list[place];
}
