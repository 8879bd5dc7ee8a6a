/* SPDX-License-Identifier: MIT */
#include "model/model.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"

/* ---- a server ---- */

bool swk_server_set_address(struct swk_server *server, const char *literal, unsigned long port)
{
	/* To connect to ::ffff:0.0.0.0 is, as with 0.0.0.0, to connect to 127.0.0.1 on Linux. */
	static const uint8_t unspecified[16], mapped[16] = {[10] = 0xff, [11] = 0xff};
	uint8_t ip[16] = {0};
	bool v6 = false;

	if (port < 1 || port > 65535)
		return false;
	if (inet_pton(AF_INET, literal, ip) != 1) {
		v6 = true;
		if (inet_pton(AF_INET6, literal, ip) != 1)
			return false;
	}
	if (!memcmp(ip, unspecified, sizeof(ip)) || (v6 && !memcmp(ip, mapped, sizeof(ip))))
		return false;
	memcpy(server->ip, ip, sizeof(ip));
	server->v6 = v6;
	server->host = NULL;
	server->port = (uint16_t)port;
	return true;
}

/* The colon before a port of one to five digits at the end of a text, or NULL. */
static const char *parse_port(const char *text, size_t length, unsigned long *port)
{
	const char *end = text + length, *colon = memrchr(text, ':', length);

	if (!colon || colon + 1 == end || end - colon > 6)
		return NULL;
	*port = 0;
	for (const char *at = colon + 1; at < end; at++) {
		if (!isdigit((unsigned char)*at))
			return NULL;
		*port = *port * 10 + (unsigned long)(*at - '0');
	}
	return colon;
}

/* Copies [from, to), if it is a text that has room there. */
static bool copy_part(char *room, size_t size, const char *from, const char *to)
{
	if (to <= from || (size_t)(to - from) >= size || memchr(from, '\0', (size_t)(to - from)))
		return false;
	memcpy(room, from, (size_t)(to - from));
	room[to - from] = '\0';
	return true;
}

bool swk_server_parse_address(struct swk_server *server, const char *text, size_t length)
{
	char literal[INET6_ADDRSTRLEN];
	unsigned long port;
	const char *colon = parse_port(text, length, &port), *start = text, *stop = colon;

	if (!colon)
		return false;
	if (*text == '[') {
		if (colon[-1] != ']')
			return false;
		start++;
		stop--;
	}
	if (!copy_part(literal, sizeof(literal), start, stop))
		return false;
	/* An IPv6 literal stands in brackets, an IPv4 one doesn't. */
	if ((*text == '[') != (strchr(literal, ':') != NULL))
		return false;
	return swk_server_set_address(server, literal, port);
}

bool swk_server_set_host(struct swk_server *server, char *host, unsigned long port)
{
	if (port < 1 || port > 65535 || !swk_host_valid(host))
		return false;
	memset(server->ip, 0, sizeof(server->ip));
	server->v6 = false;
	server->host = host;
	server->port = (uint16_t)port;
	return true;
}

bool swk_server_parse_host(struct swk_server *server, const char *text, size_t length,
			   char room[SWK_HOST_MAX + 1])
{
	unsigned long port;
	const char *colon = parse_port(text, length, &port);

	return colon && copy_part(room, SWK_HOST_MAX + 1, text, colon) &&
	       swk_server_set_host(server, room, port);
}

/* There are many of them. */
static const char *ipv4_address(const struct swk_server *server, char text[SWK_ADDRESS_MAX])
{
	char *at = text;

	for (size_t i = 0; i < 4; i++) {
		at = swk_number_put(at, server->ip[i]);
		*at++ = i < 3 ? '.' : ':';
	}
	*swk_number_put(at, server->port) = '\0';
	return text;
}

const char *swk_server_address(const struct swk_server *server, char text[SWK_ADDRESS_MAX])
{
	char literal[INET6_ADDRSTRLEN] = "";

	if (server->host) {
		(void)snprintf(text, SWK_ADDRESS_MAX, "%s:%u", server->host,
			       (unsigned)server->port);
		return text;
	}
	if (!server->v6)
		return ipv4_address(server, text);
	(void)inet_ntop(AF_INET6, server->ip, literal, sizeof(literal));
	(void)snprintf(text, SWK_ADDRESS_MAX, "[%s]:%u", literal, (unsigned)server->port);
	return text;
}

bool swk_server_is_loopback(const struct swk_server *server)
{
	static const uint8_t mapped[] = {0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 127};
	static const uint8_t one[16] = {[15] = 1};

	if (server->host)
		return false;
	if (!server->v6)
		return server->ip[0] == 127;
	return !memcmp(server->ip, mapped, sizeof(mapped)) || !memcmp(server->ip, one, sizeof(one));
}

int swk_server_compare(const struct swk_server *a, const struct swk_server *b)
{
	int difference;

	if (!a->host != !b->host)
		return a->host ? 1 : -1;
	if (a->v6 != b->v6)
		return a->v6 ? 1 : -1;
	difference = a->host ? strcasecmp(a->host, b->host) : memcmp(a->ip, b->ip, sizeof(a->ip));
	if (difference)
		return difference;
	return (int)a->port - (int)b->port;
}

static int compare_servers(const void *a, const void *b)
{
	return swk_server_compare(a, b);
}

bool swk_server_same_attributes(const struct swk_server *a, const struct swk_server *b)
{
	return a->weight == b->weight && a->max_conns == b->max_conns &&
	       a->max_fails == b->max_fails && a->fail_timeout == b->fail_timeout &&
	       a->backup == b->backup && a->down == b->down;
}

/* ---- an upstream ---- */

int swk_upstream_init(struct swk_upstream *upstream, const char *name, const char *service,
		      const char *tag, struct swk_error *error)
{
	*upstream = (struct swk_upstream){
		.name = strdup(name), .service = strdup(service), .tag = strdup(tag)};
	if (upstream->name && upstream->service && upstream->tag)
		return 0;
	swk_upstream_free(upstream);
	return swk_error_memory(error);
}

void swk_upstream_free(struct swk_upstream *upstream)
{
	free(upstream->name);
	free(upstream->service);
	free(upstream->tag);
	for (size_t i = 0; i < upstream->count; i++)
		free(upstream->servers[i].host);
	free(upstream->servers);
	*upstream = (struct swk_upstream){0};
}

/* Copies a server to the end of the list, where there is room for it. */
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

static int compare_numbers(unsigned a, unsigned b)
{
	return (a > b) - (a < b);
}

/* Orders those of one address by what they say: one that serves before one that is down or a
 * backup, then the larger weight; the rest only so that there is an order. */
static int compare_what_is_said(const void *a, const void *b)
{
	const struct swk_server *x = a, *y = b;
	int order = compare_servers(x, y);

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
	if (!order && x->host)
		order = strcmp(x->host, y->host);
	return order;
}

static bool is_tidy(const struct swk_upstream *upstream)
{
	for (size_t i = 1; i < upstream->count; i++) {
		if (compare_servers(&upstream->servers[i - 1], &upstream->servers[i]) >= 0)
			return false;
	}
	return true;
}

void swk_upstream_tidy(struct swk_upstream *upstream)
{
	size_t kept = 0;

	/* What was written by us is. */
	if (is_tidy(upstream))
		return;
	if (upstream->count)
		qsort(upstream->servers, upstream->count, sizeof(*upstream->servers),
		      compare_what_is_said);
	for (size_t i = 0; i < upstream->count; i++) {
		if (kept && !compare_servers(&upstream->servers[kept - 1], &upstream->servers[i])) {
			free(upstream->servers[i].host);
			continue;
		}
		upstream->servers[kept++] = upstream->servers[i];
	}
	upstream->count = kept;
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
		if (compare_servers(&a->servers[i], &b->servers[i]))
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

/* Without connections that are kept, what is said of them is nothing, and not written. */
static bool same_keepalive(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return a->keepalive == b->keepalive &&
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
	int status = swk_upstream_init(to, from->name, from->service, from->tag, error);

	if (status)
		return status;
	to->keyed = from->keyed;
	to->balance = from->balance;
	to->keepalive = from->keepalive;
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
	int status = copy_upstream(&copy, upstream, error);

	if (!status)
		status = swk_upstreams_append(set, &copy, error);
	if (status)
		swk_upstream_free(&copy);
	return status;
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

struct swk_upstream *swk_upstreams_find(const struct swk_upstreams *set, const char *name)
{
	struct swk_upstream key = {.name = (char *)(uintptr_t)name};

	if (!set->count)
		return NULL;
	return bsearch(&key, set->list, set->count, sizeof(*set->list), compare_upstreams);
}

/* ---- what a target has ---- */

void swk_live_free(struct swk_live *live)
{
	swk_upstreams_free(&live->upstreams);
	live->readable = SWK_READ_NOTHING;
}

/* Of servers that this model can't hold it isn't known. */
static bool is_seen_to_vary(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return strcmp(a->name, b->name) != 0 ||
	       (!a->partial && !b->partial && !swk_upstream_same_servers(a, b));
}

int swk_live_merge(struct swk_live *live, struct swk_live *sample, struct swk_error *error)
{
	const size_t had = live->upstreams.count;
	int status = 0;

	for (size_t i = 0; i < had; i++) {
		struct swk_upstream *this = &live->upstreams.list[i];
		const struct swk_upstream *other =
			swk_upstreams_find(&sample->upstreams, this->name);

		this->varies |= !other || is_seen_to_vary(this, other);
		if (!other || strcmp(other->name, this->name) != 0 ||
		    !swk_upstream_same_servers(this, other))
			this->partial = true;
		if (!other != this->absent) {
			this->absent = !other;
			this->switches++;
		}
	}
	for (size_t i = 0; !status && i < sample->upstreams.count; i++) {
		struct swk_upstream *other = &sample->upstreams.list[i];
		const struct swk_upstreams before = {live->upstreams.list, had};

		if (swk_upstreams_find(&before, other->name))
			continue;
		other->partial = other->varies = true;
		other->switches = 1;
		status = swk_upstreams_append(&live->upstreams, other, error);
	}
	(void)swk_upstreams_sort(&live->upstreams);
	if (sample->readable < live->readable)
		live->readable = sample->readable;
	swk_live_free(sample);
	return status;
}

bool swk_live_differs(const struct swk_live *live, const struct swk_upstream *desired)
{
	const struct swk_upstream *present = swk_upstreams_find(&live->upstreams, desired->name);

	if (live->readable < SWK_READ_ADDRESSES)
		return false;
	/* dyups replaces `Web` by a POST of `web`; but traffic finds it by the exact name that it
	 * was last given (measured on Tengine 3.2.0). */
	if (!present || strcmp(present->name, desired->name) != 0)
		return true;
	/* Of a host's name nginx shows what it resolved it to, and each worker may have done that
	 * at another time: only that it was missing in some look is certain. */
	if (swk_upstream_has_host(desired))
		return present->switches > 0;
	return live->readable == SWK_READ_ATTRIBUTES
		       ? !swk_upstream_same_servers(present, desired)
		       : !swk_upstream_same_addresses(present, desired);
}

/* ---- a set of names ---- */

void swk_names_free(struct swk_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct swk_names){0};
}

static int name_order(const char *key, const void *item)
{
	return strcasecmp(key, *(char *const *)item);
}

static size_t name_place(const struct swk_names *names, const char *name, bool *found)
{
	return swk_list_place(names->list, names->count, sizeof(*names->list), name, name_order,
			      found);
}

int swk_names_add(struct swk_names *names, const char *name, struct swk_error *error)
{
	bool found;
	size_t place = name_place(names, name, &found);
	char **grown, *copy;

	if (found)
		return 0;
	grown = swk_list_grow(names->list, names->count, sizeof(*grown));
	if (!grown)
		return swk_error_memory(error);
	names->list = grown;
	copy = strdup(name);
	if (!copy)
		return swk_error_memory(error);
	memmove(&grown[place + 1], &grown[place], (names->count - place) * sizeof(*grown));
	grown[place] = copy;
	names->count++;
	return 0;
}

int swk_names_add_all(struct swk_names *names, const struct swk_names *more,
		      struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < more->count; i++)
		status = swk_names_add(names, more->list[i], error);
	return status;
}

bool swk_names_contain(const struct swk_names *names, const char *name)
{
	bool found;

	(void)name_place(names, name, &found);
	return found;
}

void swk_names_remove(struct swk_names *names, const char *name)
{
	bool found;
	size_t place = name_place(names, name, &found);

	if (!found)
		return;
	free(names->list[place]);
	names->count--;
	memmove(&names->list[place], &names->list[place + 1],
		(names->count - place) * sizeof(*names->list));
}

/* ---- what a registry says ---- */

struct swk_upstream *swk_service_upstream(const struct swk_service *service, const char *tag)
{
	for (size_t i = 0; i < service->upstreams.count; i++) {
		if (!strcmp(service->upstreams.list[i].tag, tag))
			return &service->upstreams.list[i];
	}
	return NULL;
}

void swk_service_clear(struct swk_service *service)
{
	swk_upstreams_free(&service->upstreams);
	*service = (struct swk_service){.name = service->name};
}

void swk_services_free(struct swk_services *services)
{
	for (size_t i = 0; i < services->count; i++) {
		swk_service_clear(&services->list[i]);
		free(services->list[i].name);
	}
	free(services->list);
	*services = (struct swk_services){0};
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
