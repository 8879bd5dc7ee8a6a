/* SPDX-License-Identifier: MIT */
#include "consul/requests.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "consul/decode.h"
#include "io/url.h"

/* Who asks, in bytes, when it is escaped. */
#define BY_MAX 128

/* ---- keys ---- */

char *swk_request_key(const char *id)
{
	char *key;

	return asprintf(&key, SWK_FLEET_REQUESTS "/%s", id) < 0 ? NULL : key;
}

char *swk_ack_key(const char *node, const char *id)
{
	char *encoded = swk_url_segment(node), *key = NULL;

	if (encoded && asprintf(&key, SWK_FLEET_ACKS "/%s/%s", encoded, id) < 0)
		key = NULL;
	free(encoded);
	return key;
}

/* The rest of a key after `prefix` and a slash, or NULL. */
static const char *rest_of(const char *key, const char *prefix)
{
	const size_t length = strlen(prefix);

	return !strncmp(key, prefix, length) && key[length] == '/' ? key + length + 1 : NULL;
}

static int hex(char digit)
{
	static const char digits[] = "0123456789ABCDEF";
	const char *found = digit ? strchr(digits, digit) : NULL;

	return found ? (int)(found - digits) : -1;
}

/* Decodes `length` bytes of a key to the name of a node. */
static bool read_node(char node[SWK_NODE_MAX + 1], const char *text, size_t length)
{
	size_t count = 0;

	for (size_t i = 0; i < length; i++) {
		int byte = (unsigned char)text[i];

		if (count == SWK_NODE_MAX)
			return false;
		if (byte == '%') {
			const int high = i + 2 < length ? hex(text[i + 1]) : -1;
			const int low = i + 2 < length ? hex(text[i + 2]) : -1;

			byte = high < 0 || low < 0 ? 0 : 16 * high + low;
			i += 2;
		}
		if (!byte)
			return false;
		node[count++] = (char)byte;
	}
	node[count] = '\0';
	return count;
}

/* ---- values ---- */

/* Decodes a value to a JSON object, for the caller to free. NULL with errno ENOMEM without memory,
 * or with another errno if it is something else. */
static json_t *read_object(const struct swk_value *value)
{
	json_t *object;

	errno = 0;
	if (!value->bytes || value->length > SWK_REQUEST_BYTES_MAX)
		return NULL;
	object = swk_json_load(value->bytes, value->length, JSON_REJECT_DUPLICATES, NULL);
	if (json_is_object(object))
		return object;
	if (object)
		errno = 0;
	json_decref(object);
	return NULL;
}

/* A text member, escaped into `room`; "" if it is missing or no string. */
static void read_text(const json_t *object, const char *name, char *room, size_t size)
{
	const char *text = json_string_value(json_object_get(object, name));

	swk_text_escape(room, size, text ? text : "");
}

/* A whole number from 0 on; 0 if it is missing or anything else. */
static int64_t read_number(const json_t *object, const char *name)
{
	const json_int_t number = json_integer_value(json_object_get(object, name));

	return number > 0 ? number : 0;
}

/* The first member that is not among these, or NULL. */
static const char *find_unknown(json_t *object, const char *const *known)
{
	const char *name;
	json_t *value;

	json_object_foreach(object, name, value)
	{
		const char *const *at = known;

		while (*at && strcmp(*at, name) != 0)
			at++;
		if (!*at)
			return name;
	}
	return NULL;
}

/* ---- requests ---- */

/* A condition that this version does not know may not count as fulfilled. */
static int refuse_unknown(json_t *object, const char *const *known, struct swk_error *cause)
{
	const char *name = find_unknown(object, known);

	return name ? swk_error_set(cause, SWK_DATA,
				    "swk-apply %s does not know its member '%.64s'", SWK_VERSION,
				    name)
		    : 0;
}

/* Reads one service. The cause is SWK_DATA with the reason, or SWK_INTERNAL. */
static int read_service(struct swk_request *request, json_t *object, struct swk_error *cause)
{
	const json_t *live = json_object_get(object, "live"),
		     *without = json_object_get(object, "without");
	const char *name = json_string_value(json_object_get(object, "name"));
	const char *address = json_string_value(without);
	struct swk_request_service *service;

	if (refuse_unknown(object, SWK_WORDS("name", "live", "without"), cause))
		return cause->status;
	if (!name || !swk_name_valid(name))
		return swk_error_set(cause, SWK_DATA, "a service has no valid name");
	service = swk_request_add_service(request, name, cause);
	if (!service)
		return cause->status;
	if (live && (!json_is_integer(live) || json_integer_value(live) < 1 ||
		     json_integer_value(live) > SWK_PLACES_MAX))
		return swk_error_set(cause, SWK_DATA, "%s: 'live' is not a number from 1 to %d",
				     name, SWK_PLACES_MAX);
	service->live = (unsigned)json_integer_value(live);
	service->without = without != NULL;
	if (without &&
	    (!address || !swk_server_parse_address(&service->server, address, strlen(address))))
		return swk_error_set(cause, SWK_DATA,
				     "%s: 'without' is not an IP address with a port", name);
	return 0;
}

static int read_services(struct swk_request *request, const json_t *services,
			 struct swk_error *cause)
{
	json_t *service;
	size_t i;

	if (services && !json_is_array(services))
		return swk_error_set(cause, SWK_DATA, "'services' is not an array");
	if (json_array_size(services) > SWK_REQUEST_SERVICES_MAX)
		return swk_error_set(cause, SWK_DATA, "it names more than %d services",
				     SWK_REQUEST_SERVICES_MAX);
	json_array_foreach(services, i, service)
	{
		if (!json_is_object(service))
			return swk_error_set(cause, SWK_DATA, "a service is not an object");
		if (read_service(request, service, cause))
			return cause->status;
	}
	return 0;
}

static int read_request(struct swk_request *request, json_t *object, struct swk_error *cause)
{
	const json_t *all = json_object_get(object, "all");

	request->since = read_number(object, "since");
	request->all = json_is_true(all);
	if (all && !json_is_boolean(all))
		return swk_error_set(cause, SWK_DATA, "'all' is neither true nor false");
	if (refuse_unknown(object, SWK_WORDS("by", "since", "all", "services"), cause))
		return cause->status;
	return read_services(request, json_object_get(object, "services"), cause);
}

/* Makes the request invalid. Keeps its ID, and who asks. */
static int refuse(struct swk_request *request, const char *reason, struct swk_error *error)
{
	struct swk_request kept = {.by = request->by, .since = request->since};

	memcpy(kept.id, request->id, sizeof(kept.id));
	request->by = NULL;
	swk_request_free(request);
	*request = kept;
	request->trouble = strdup(reason);
	return request->trouble ? 0 : swk_error_memory(error);
}

int swk_request_decode(const struct swk_value *value, struct swk_request *request, bool *fits,
		       struct swk_error *error)
{
	const char *id = rest_of(value->key, SWK_FLEET_REQUESTS);
	struct swk_error cause = {0};
	char by[BY_MAX] = "";
	json_t *object;

	*request = (struct swk_request){0};
	*fits = id && swk_request_id_valid(id);
	if (!*fits)
		return 0;
	memcpy(request->id, id, sizeof(request->id));
	object = read_object(value);
	if (!object && errno == ENOMEM)
		return swk_error_memory(error);
	if (!object)
		(void)swk_error_set(&cause, SWK_DATA,
				    "its value is not a JSON object of at most %lu bytes",
				    SWK_REQUEST_BYTES_MAX);
	else if (!read_request(request, object, &cause))
		cause.status = 0;
	read_text(object, "by", by, sizeof(by));
	json_decref(object);
	request->by = strdup(by);
	if (!request->by || cause.status == SWK_INTERNAL) {
		swk_request_free(request);
		return swk_error_memory(error);
	}
	return cause.status ? refuse(request, cause.text, error) : 0;
}

/* ---- encoding ---- */

static json_t *encode_service(const struct swk_request_service *service)
{
	json_t *object = json_pack("{ss}", "name", service->name);
	char address[SWK_ADDRESS_MAX];
	int failed = !object;

	if (!failed && service->live)
		failed = json_object_set_new(object, "live", json_integer(service->live));
	if (!failed && service->without)
		failed = json_object_set_new(
			object, "without",
			json_string(swk_server_address(&service->server, address)));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

int swk_request_encode(struct swk_buffer *out, const struct swk_request *request,
		       struct swk_error *error)
{
	json_t *services = json_array();
	int failed = !services;
	char by[BY_MAX];

	swk_text_escape(by, sizeof(by), request->by ? request->by : "");
	for (size_t i = 0; !failed && i < request->service_count; i++)
		failed = json_array_append_new(services, encode_service(&request->services[i]));
	if (failed) {
		json_decref(services);
		return swk_error_memory(error);
	}
	return swk_json_print(out,
			      json_pack("{ss, sI, sb, so}", "by", by, "since",
					(json_int_t)request->since, "all", request->all, "services",
					services),
			      error);
}

/* ---- acknowledgements ---- */

static json_t *encode_bits(uint64_t bits)
{
	json_t *places = json_array();
	int failed = !places;

	for (unsigned i = 0; !failed && i < SWK_REQUEST_SERVICES_MAX; i++) {
		if (bits >> i & 1)
			failed = json_array_append_new(places, json_integer(i));
	}
	if (!failed)
		return places;
	json_decref(places);
	return NULL;
}

static uint64_t read_bits(const json_t *places)
{
	uint64_t bits = 0;
	json_t *place;
	size_t i;

	json_array_foreach(places, i, place)
	{
		const json_int_t number = json_is_integer(place) ? json_integer_value(place) : -1;

		if (number >= 0 && number < SWK_REQUEST_SERVICES_MAX)
			bits |= UINT64_C(1) << number;
	}
	return bits;
}

int swk_ack_encode(struct swk_buffer *out, const struct swk_ack *ack, struct swk_error *error)
{
	char reason[SWK_ACK_REASON_MAX];
	json_t *unpublished = encode_bits(ack->unpublished);

	if (!unpublished)
		return swk_error_memory(error);
	swk_text_escape(reason, sizeof(reason), ack->reason);
	return swk_json_print(out,
			      json_pack("{ss, ss, sI, sI, sb, so, ss}", "state",
					swk_ack_words[ack->state], "reason", reason, "time",
					(json_int_t)ack->time, "pending", (json_int_t)ack->pending,
					"on_hold", ack->on_hold, "unpublished", unpublished,
					"version", ack->version),
			      error);
}

static void read_ack(struct swk_ack *ack, const json_t *object)
{
	const char *state = json_string_value(json_object_get(object, "state"));
	bool known = false;

	read_text(object, "reason", ack->reason, sizeof(ack->reason));
	read_text(object, "version", ack->version, sizeof(ack->version));
	ack->time = read_number(object, "time");
	ack->pending = (uint64_t)read_number(object, "pending");
	ack->on_hold = json_is_true(json_object_get(object, "on_hold"));
	ack->unpublished = read_bits(json_object_get(object, "unpublished"));
	for (size_t i = 0; state && i < SWK_ACK_STATES; i++) {
		if (strcmp(state, swk_ack_words[i]) != 0)
			continue;
		ack->state = (enum swk_ack_state)i;
		known = true;
	}
	if (!known)
		(void)snprintf(ack->reason, sizeof(ack->reason),
			       "its acknowledgement can't be read");
}

int swk_ack_decode(const struct swk_value *value, struct swk_ack *ack, bool *fits,
		   struct swk_error *error)
{
	const char *node = rest_of(value->key, SWK_FLEET_ACKS);
	const char *slash = node ? strchr(node, '/') : NULL;
	json_t *object;

	*ack = (struct swk_ack){0};
	*fits = slash && swk_request_id_valid(slash + 1) &&
		read_node(ack->node, node, (size_t)(slash - node));
	if (!*fits)
		return 0;
	memcpy(ack->id, slash + 1, sizeof(ack->id));
	object = read_object(value);
	if (!object && errno == ENOMEM)
		return swk_error_memory(error);
	read_ack(ack, object);
	json_decref(object);
	return 0;
}
