/* SPDX-License-Identifier: MIT */
#include "model/upstream.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"

int swk_upstream_set(struct swk_upstream *upstream, const char *name,
		     const struct swk_source *source, struct swk_error *error)
{
	const char *place = source->place ? source->place : "";
	const size_t name_size = strlen(name) + 1, source_size = strlen(source->name) + 1,
		     tag_size = strlen(source->tag) + 1, place_size = strlen(place) + 1;
	char *texts = malloc(name_size + source_size + tag_size + place_size);

	if (!texts)
		return swk_error_memory(error);
	memcpy(texts, name, name_size);
	memcpy(texts + name_size, source->name, source_size);
	memcpy(texts + name_size + source_size, source->tag, tag_size);
	memcpy(texts + name_size + source_size + tag_size, place, place_size);
	upstream->source = (struct swk_source){.kind = source->kind,
					       .name = texts + name_size,
					       .tag = texts + name_size + source_size,
					       .place = texts + name_size + source_size + tag_size};
	free(upstream->name);
	upstream->name = texts;
	return 0;
}

int swk_upstream_init(struct swk_upstream *upstream, const char *name,
		      const struct swk_source *source, struct swk_error *error)
{
	*upstream = (struct swk_upstream){0};
	return swk_upstream_set(upstream, name, source, error);
}

void swk_upstream_free(struct swk_upstream *upstream)
{
	free(upstream->name);
	for (size_t i = 0; i < upstream->count; i++)
		free(upstream->servers[i].host);
	free(upstream->servers);
	*upstream = (struct swk_upstream){0};
}

/* The list must have room. */
static int copy_server(struct swk_upstream *upstream, const struct swk_server *server,
		       struct swk_error *error)
{
	struct swk_server copy = *server;

	if (server->host) {
		copy.host = strdup(server->host);
		if (!copy.host)
			return swk_error_memory(error);
	}
	upstream->servers[upstream->count++] = copy;
	return 0;
}

int swk_upstream_add(struct swk_upstream *upstream, const struct swk_server *server,
		     struct swk_error *error)
{
	struct swk_server *grown =
		swk_list_grow(upstream->servers, upstream->count, sizeof(*grown));

	if (!grown)
		return swk_error_memory(error);
	upstream->servers = grown;
	return copy_server(upstream, server, error);
}

static int compare_servers(const void *a, const void *b)
{
	return swk_server_compare(a, b);
}

const struct swk_server *swk_upstream_find_server(const struct swk_upstream *upstream,
						  const struct swk_server *server)
{
	return upstream->count ? bsearch(server, upstream->servers, upstream->count,
					 sizeof(*server), compare_servers)
			       : NULL;
}

static int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

/* Of servers with the same address, one that is up comes first, then one that is not a backup, then
 * the one with the larger weight. The rest only makes the order total. */
static int compare_what_is_said(const void *a, const void *b)
{
	const struct swk_server *x = a, *y = b;
	int order = swk_server_compare(x, y);

	if (!order)
		order = compare_numbers(x->down, y->down);
	if (!order)
		order = compare_numbers(x->backup, y->backup);
	if (!order)
		order = compare_numbers(y->weight, x->weight);
	if (!order)
		order = compare_numbers(x->max_conns, y->max_conns);
	if (!order)
		order = compare_numbers(x->max_fails, y->max_fails);
	if (!order)
		order = compare_numbers(x->fail_timeout, y->fail_timeout);
	if (!order)
		order = compare_numbers(x->group, y->group);
	if (!order && x->host)
		order = strcmp(x->host, y->host);
	return order;
}

static bool is_tidy(const struct swk_upstream *upstream)
{
	for (size_t i = 1; i < upstream->count; i++) {
		if (swk_server_compare(&upstream->servers[i - 1], &upstream->servers[i]) >= 0)
			return false;
	}
	return true;
}

void swk_upstream_tidy(struct swk_upstream *upstream)
{
	size_t kept = 0;

	/* The servers in the conf file are sorted already. */
	if (is_tidy(upstream))
		return;
	if (upstream->count)
		qsort(upstream->servers, upstream->count, sizeof(*upstream->servers),
		      compare_what_is_said);
	for (size_t i = 0; i < upstream->count; i++) {
		if (kept &&
		    !swk_server_compare(&upstream->servers[kept - 1], &upstream->servers[i])) {
			free(upstream->servers[i].host);
			continue;
		}
		upstream->servers[kept++] = upstream->servers[i];
	}
	upstream->count = kept;
}

unsigned swk_upstream_largest(const struct swk_upstream *upstream)
{
	unsigned largest = 0;

	for (size_t i = 0; i < upstream->count; i++) {
		if (!upstream->servers[i].down && upstream->servers[i].weight > largest)
			largest = upstream->servers[i].weight;
	}
	return largest;
}

unsigned swk_weight_scaled(unsigned weight, unsigned largest, unsigned most)
{
	uint64_t scaled = weight;

	if (largest > most)
		scaled = (scaled * most + largest / 2) / largest;
	if (scaled > most)
		scaled = most;
	return scaled ? (unsigned)scaled : 1;
}

unsigned swk_upstream_scale(struct swk_upstream *upstream, unsigned most)
{
	const unsigned largest = swk_upstream_largest(upstream);

	for (size_t i = 0; i < upstream->count; i++) {
		unsigned *weight = &upstream->servers[i].weight;

		*weight = swk_weight_scaled(*weight, largest, most);
	}
	return largest > most ? largest : 0;
}

bool swk_upstream_has_host(const struct swk_upstream *upstream)
{
	for (size_t i = 0; i < upstream->count; i++) {
		if (upstream->servers[i].host)
			return true;
	}
	return false;
}

bool swk_upstream_same_addresses(const struct swk_upstream *a, const struct swk_upstream *b)
{
	if (a->count != b->count || a->partial || b->partial)
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (swk_server_compare(&a->servers[i], &b->servers[i]))
			return false;
	}
	return true;
}

bool swk_upstream_same_servers(const struct swk_upstream *a, const struct swk_upstream *b)
{
	if (!swk_upstream_same_addresses(a, b))
		return false;
	for (size_t i = 0; i < a->count; i++) {
		if (!swk_server_same_attributes(&a->servers[i], &b->servers[i]))
			return false;
	}
	return true;
}

/* Without keepalive, the other two have no effect, and the conf file does not have them. */
static bool same_keepalive(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return a->keepalive == b->keepalive && a->says_none == b->says_none &&
	       (!a->keepalive || (a->keepalive_timeout == b->keepalive_timeout &&
				  a->keepalive_requests == b->keepalive_requests));
}

bool swk_upstream_same(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return a->balance == b->balance && same_keepalive(a, b) && swk_upstream_same_servers(a, b);
}

/* ---- a set of upstreams ---- */

void swk_upstreams_free(struct swk_upstreams *set)
{
	for (size_t i = 0; i < set->count; i++)
		swk_upstream_free(&set->list[i]);
	free(set->list);
	*set = (struct swk_upstreams){0};
}

bool swk_upstreams_keep(const struct swk_upstreams *set)
{
	for (size_t i = 0; i < set->count; i++) {
		if (set->list[i].keepalive)
			return true;
	}
	return false;
}

int swk_upstreams_append(struct swk_upstreams *set, struct swk_upstream *upstream,
			 struct swk_error *error)
{
	struct swk_upstream *grown = swk_list_grow(set->list, set->count, sizeof(*grown));

	if (!grown)
		return swk_error_memory(error);
	set->list = grown;
	grown[set->count++] = *upstream;
	*upstream = (struct swk_upstream){0};
	return 0;
}

static int copy_upstream(struct swk_upstream *to, const struct swk_upstream *from,
			 struct swk_error *error)
{
	int status = swk_upstream_init(to, from->name, &from->source, error);

	if (status)
		return status;
	to->balance = from->balance;
	to->keepalive = from->keepalive;
	to->says_none = from->says_none;
	to->keepalive_timeout = from->keepalive_timeout;
	to->keepalive_requests = from->keepalive_requests;
	if (!from->count)
		return 0;
	to->servers = reallocarray(NULL, from->count, sizeof(*to->servers));
	if (!to->servers)
		status = swk_error_memory(error);
	for (size_t i = 0; !status && i < from->count; i++)
		status = copy_server(to, &from->servers[i], error);
	if (status)
		swk_upstream_free(to);
	return status;
}

int swk_upstreams_append_copy(struct swk_upstreams *set, const struct swk_upstream *upstream,
			      struct swk_error *error)
{
	struct swk_upstream copy;

	if (!copy_upstream(&copy, upstream, error) && !swk_upstreams_append(set, &copy, error))
		return 0;
	swk_upstream_free(&copy);
	return error->status;
}

static int compare_upstreams(const void *a, const void *b)
{
	const struct swk_upstream *x = a, *y = b;

	return strcasecmp(x->name, y->name);
}

static bool is_sorted(const struct swk_upstreams *set)
{
	for (size_t i = 1; i < set->count; i++) {
		if (compare_upstreams(&set->list[i - 1], &set->list[i]) >= 0)
			return false;
	}
	return true;
}

const char *swk_upstreams_sort(struct swk_upstreams *set)
{
	if (is_sorted(set))
		return NULL;
	qsort(set->list, set->count, sizeof(*set->list), compare_upstreams);
	for (size_t i = 1; i < set->count; i++) {
		if (!compare_upstreams(&set->list[i - 1], &set->list[i]))
			return set->list[i].name;
	}
	return NULL;
}

static int upstream_order(const char *key, const void *item)
{
	return strcasecmp(key, ((const struct swk_upstream *)item)->name);
}

struct swk_upstream *swk_upstreams_find(const struct swk_upstreams *set, const char *name)
{
	bool found;
	size_t place = swk_list_place(set->list, set->count, sizeof(*set->list), name,
				      upstream_order, &found);

	return found ? &set->list[place] : NULL;
}
