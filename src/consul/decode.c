/* SPDX-License-Identifier: MIT */
#include "consul/decode.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/json.h"
#include "consul/base64.h"

/* Consul's IDs for the checks of a maintenance. The second is a prefix. */
#define NODE_MAINTENANCE "_node_maintenance"
#define SERVICE_MAINTENANCE "_service_maintenance:"

/* Bytes for any double that `%.17g` prints. */
#define NUMBER_MAX 32

void swk_decoder_free(struct swk_decoder *decoder)
{
	free(decoder->tags.data);
	free(decoder->ports.data);
	free(decoder->tagged.data);
	free(decoder->pairs.data);
	free(decoder->numbers.data);
	free(decoder->content.data);
	*decoder = (struct swk_decoder){0};
}

/* Makes room for `count` items of `size` bytes. False without memory. */
static bool make_room(struct swk_decoder_room *room, size_t count, size_t size)
{
	void *data;

	if (count * size <= room->size)
		return true;
	data = reallocarray(room->data, count, size);
	if (!data)
		return false;
	room->data = data;
	room->size = count * size;
	return true;
}

/* ---- members ---- */

static void set_trouble(struct swk_trouble *trouble, const char *title, const char *what)
{
	if (trouble->reason)
		return;
	(void)snprintf(trouble->text, sizeof(trouble->text), "%s %s", title, what);
	trouble->reason = trouble->text;
}

/* The text of a string, or NULL if the value is not a string or contains a NUL. */
static const char *plain_text(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

/* A text member; "" if it is missing or null. Anything else, or a NUL in it, sets the trouble, and
 * the result is "". */
static const char *member_text(const json_t *object, const char *name, const char *title,
			       struct swk_trouble *trouble)
{
	const json_t *member = json_object_get(object, name);

	if (!member || json_is_null(member))
		return "";
	if (!json_is_string(member))
		set_trouble(trouble, title, "is not a string");
	else if (!plain_text(member))
		set_trouble(trouble, title, "contains a NUL byte");
	else
		return json_string_value(member);
	return "";
}

/* A member that is an object; NULL if it is missing or null. Anything else sets the trouble, and
 * the result is NULL. */
static json_t *member_object(const json_t *object, const char *name, const char *title,
			     struct swk_trouble *trouble)
{
	json_t *member = json_object_get(object, name);

	if (!member || json_is_null(member))
		return NULL;
	if (json_is_object(member))
		return member;
	set_trouble(trouble, title, "is not an object");
	return NULL;
}

/* ---- instances ---- */

/* Whether the ID of a check marks a maintenance. */
static bool is_maintenance(const json_t *check)
{
	const char *id = plain_text(json_object_get(check, "CheckID"));

	return id && (!strcmp(id, NODE_MAINTENANCE) ||
		      !strncmp(id, SERVICE_MAINTENANCE, strlen(SERVICE_MAINTENANCE)));
}

/* Whether a check belongs to a service, not to the node. An answer may lack the service's ID. */
static bool is_of_service(const json_t *check)
{
	const json_t *id = json_object_get(check, "ServiceID");

	if (!id || json_is_null(id))
		id = json_object_get(check, "ServiceName");
	return json_string_length(id) > 0;
}

struct swk_check swk_decode_check(const json_t *check)
{
	struct swk_trouble trouble = {0};
	struct swk_check read = {
		.node = member_text(check, "Node", "Node", &trouble),
		.id = member_text(check, "CheckID", "CheckID", &trouble),
		.service_id = member_text(check, "ServiceID", "ServiceID", &trouble),
		.service = member_text(check, "ServiceName", "ServiceName", &trouble),
		.status = member_text(check, "Status", "Status", &trouble),
		.index = json_number_value(json_object_get(check, "ModifyIndex")),
		.of_node = !is_of_service(check),
	};

	read.readable = !trouble.reason && *read.node && *read.id && *read.status &&
			(read.of_node || *read.service);
	return read;
}

/* Any status other than passing and warning counts as critical. */
static enum swk_health read_status(const json_t *status)
{
	const char *text = plain_text(status);

	if (text && !strcmp(text, "passing"))
		return SWK_PASSING;
	return text && !strcmp(text, "warning") ? SWK_WARNING : SWK_CRITICAL;
}

static const char *read_checks(const json_t *checks, struct swk_instance *instance)
{
	const json_t *check;
	size_t i;

	if (!checks)
		return "Checks is missing";
	if (!json_is_array(checks) && !json_is_null(checks))
		return "Checks is not an array";
	json_array_foreach(checks, i, check)
	{
		const json_t *status = json_object_get(check, "Status");
		enum swk_health health = read_status(status);
		bool maintenance = is_maintenance(check);

		if (!json_is_string(status))
			return "a check has no Status";
		if (!maintenance && is_of_service(check))
			instance->checked = true;
		/* Consul deletes such a check when the maintenance ends. If such a check
		 * exists and is not critical, Consul did not make it: it means no maintenance. */
		if (maintenance && health == SWK_CRITICAL)
			instance->maintenance = true;
		else if (health > instance->health)
			instance->health = health;
	}
	return NULL;
}

/* Reads the tags, borrowed from the document, into `list`, which has room for them. Returns NULL,
 * or why they can't be used. */
static const char *read_tags(const json_t *tags, struct swk_instance *instance, const char **list)
{
	const json_t *tag;
	size_t i;

	if (!tags || json_is_null(tags) || (json_is_array(tags) && !json_array_size(tags)))
		return NULL;
	if (!json_is_array(tags))
		return "Service.Tags is not an array";
	json_array_foreach(tags, i, tag)
	{
		if (!json_is_string(tag))
			return "a tag is not a string";
		if (!plain_text(tag))
			return "a tag contains a NUL byte";
		list[i] = json_string_value(tag);
	}
	instance->tags = list;
	instance->tag_count = json_array_size(tags);
	return NULL;
}

/* Reads tagged addresses into `list`, and returns their number. A service's are objects, because
 * each has a port; a node's are strings. Skips entries of any other form. */
static size_t read_tagged(json_t *addresses, bool of_service, struct swk_tagged *list)
{
	const char *name;
	json_t *entry;
	size_t count = 0;

	json_object_foreach(addresses, name, entry)
	{
		const json_t *address = of_service ? json_object_get(entry, "Address") : entry;
		const json_t *port = of_service ? json_object_get(entry, "Port") : NULL;

		if (plain_text(address) && (!port || json_is_null(port) || json_is_number(port)))
			list[count++] = (struct swk_tagged){.name = name,
							    .address = plain_text(address),
							    .port = json_number_value(port)};
	}
	return count;
}

/* Reads the strings of Meta into `list`, and returns their number. */
static size_t read_meta(json_t *meta, struct swk_pair *list)
{
	const char *name;
	json_t *value;
	size_t count = 0;

	json_object_foreach(meta, name, value)
	{
		if (plain_text(value))
			list[count++] = (struct swk_pair){name, plain_text(value)};
	}
	return count;
}

/* Reads Consul 1.22's list of ports, which comes in place of a port, into `list`, which has room
 * for them. Returns NULL, or why they can't be used. As in Consul, the port is the default one. */
static const char *read_ports(const json_t *ports, struct swk_instance *instance,
			      struct swk_port *list)
{
	const json_t *port;
	size_t i;

	if (!ports || json_is_null(ports))
		return NULL;
	if (!json_is_array(ports))
		return "Service.Ports is not an array";
	json_array_foreach(ports, i, port)
	{
		const char *name = plain_text(json_object_get(port, "Name"));
		const json_t *number = json_object_get(port, "Port");

		if (!name || !json_is_number(number))
			return "an entry of Service.Ports has no Name or no Port";
		list[i] = (struct swk_port){name, json_number_value(number)};
		if (json_is_true(json_object_get(port, "Default")))
			instance->port = list[i].port;
	}
	instance->ports = list;
	instance->port_count = json_array_size(ports);
	return NULL;
}

static unsigned read_weight(const json_t *weights, const char *name, const char *title,
			    unsigned least, struct swk_trouble *trouble)
{
	const json_t *weight = json_object_get(weights, name);
	double number = json_number_value(weight);

	if (!weight || json_is_null(weight))
		return 1;
	if (!json_is_number(weight))
		set_trouble(trouble, title, "is not a number");
	if (number < least)
		return least;
	return number > SWK_WEIGHT_MAX ? SWK_WEIGHT_MAX : (unsigned)number;
}

/* Reads the service's members, except its name. */
static void read_service(struct swk_decoder *decoder, const json_t *service,
			 struct swk_instance *instance, struct swk_trouble *trouble)
{
	const json_t *port = json_object_get(service, "Port"), *weights;
	const json_t *ports = json_object_get(service, "Ports");

	instance->id = member_text(service, "ID", "Service.ID", trouble);
	instance->address = member_text(service, "Address", "Service.Address", trouble);
	instance->peer = member_text(service, "PeerName", "Service.PeerName", trouble);
	instance->proxy = *member_text(service, "Kind", "Service.Kind", trouble) != '\0';
	instance->native =
		json_is_true(json_object_get(json_object_get(service, "Connect"), "Native"));
	/* Consul 1.15 leaves out a port of 0. */
	if (port && !json_is_number(port) && !trouble->reason)
		trouble->reason = "Service.Port is not a number";
	instance->port = json_number_value(port);
	if (!trouble->reason)
		trouble->reason = read_ports(ports, instance, decoder->ports.data);
	if (!trouble->reason)
		trouble->reason =
			read_tags(json_object_get(service, "Tags"), instance, decoder->tags.data);
	instance->tagged = decoder->tagged.data;
	instance->tagged_count = read_tagged(
		member_object(service, "TaggedAddresses", "Service.TaggedAddresses", trouble), true,
		decoder->tagged.data);
	instance->meta = decoder->pairs.data;
	instance->meta_count = read_meta(member_object(service, "Meta", "Service.Meta", trouble),
					 decoder->pairs.data);
	weights = member_object(service, "Weights", "Service.Weights", trouble);
	instance->weight_passing =
		read_weight(weights, "Passing", "Service.Weights.Passing", 1, trouble);
	instance->weight_warning =
		read_weight(weights, "Warning", "Service.Weights.Warning", 0, trouble);
}

static void read_node(struct swk_decoder *decoder, const json_t *node,
		      struct swk_instance *instance, struct swk_trouble *trouble)
{
	struct swk_tagged *list =
		(struct swk_tagged *)decoder->tagged.data + instance->tagged_count;

	if (!json_is_object(node))
		set_trouble(trouble, "Node", "is not an object");
	instance->node = member_text(node, "Node", "Node.Node", trouble);
	instance->node_address = member_text(node, "Address", "Node.Address", trouble);
	instance->datacenter = member_text(node, "Datacenter", "Node.Datacenter", trouble);
	instance->node_tagged = list;
	instance->node_tagged_count =
		read_tagged(member_object(node, "TaggedAddresses", "Node.TaggedAddresses", trouble),
			    false, list);
}

/* Fills in the instance, or nothing if it has no usable service name. */
static void read_instance(struct swk_decoder *decoder, const json_t *element,
			  struct swk_instance *instance, struct swk_trouble *trouble)
{
	const json_t *service = json_object_get(element, "Service");
	const char *name;

	if (!json_is_object(service))
		set_trouble(trouble, "Service", "is not an object");
	name = member_text(service, "Service", "Service.Service", trouble);
	if (!*name && !trouble->reason)
		trouble->reason = "Service.Service is missing";
	if (trouble->reason)
		return;
	instance->service = name;
	read_service(decoder, service, instance, trouble);
	read_node(decoder, json_object_get(element, "Node"), instance, trouble);
	if (!*instance->peer)
		instance->peer = member_text(element, "PeerName", "PeerName", trouble);
	if (!trouble->reason)
		trouble->reason = read_checks(json_object_get(element, "Checks"), instance);
}

int swk_decode_instance(struct swk_decoder *decoder, const json_t *element,
			struct swk_instance *instance, struct swk_trouble *trouble,
			struct swk_error *error)
{
	const json_t *service = json_object_get(element, "Service"),
		     *node = json_object_get(element, "Node");
	size_t tags = json_array_size(json_object_get(service, "Tags")),
	       ports = json_array_size(json_object_get(service, "Ports")),
	       tagged = json_object_size(json_object_get(service, "TaggedAddresses")) +
			json_object_size(json_object_get(node, "TaggedAddresses")),
	       pairs = json_object_size(json_object_get(service, "Meta"));

	/* One item more, so that an empty list is not NULL. */
	if (!make_room(&decoder->tags, tags + 1, sizeof(const char *)) ||
	    !make_room(&decoder->ports, ports + 1, sizeof(struct swk_port)) ||
	    !make_room(&decoder->tagged, tagged + 1, sizeof(struct swk_tagged)) ||
	    !make_room(&decoder->pairs, pairs + 1, sizeof(struct swk_pair)))
		return swk_error_memory(error);
	read_instance(decoder, element, instance, trouble);
	return 0;
}

/* ---- keys ---- */

/* Decodes the text of a value. Returns 0 with *object, or with NULL if the text is not a JSON
 * object. */
static int decode_object(const char *text, size_t length, json_t **object, struct swk_error *error)
{
	*object = NULL;
	/* jansson would treat a NUL after a number as the end of the number. */
	if (memchr(text, '\0', length))
		return 0;
	*object = swk_json_load(text, length, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, NULL);
	if (!*object && errno == ENOMEM)
		return swk_error_memory(error);
	if (*object && !json_is_object(*object)) {
		json_decref(*object);
		*object = NULL;
	}
	return 0;
}

/* Decodes a key's value. Returns 0 with *object, which the caller frees. *object is NULL if there
 * is no value, or, with the key's trouble set, if it can't be used. */
static int decode_value(struct swk_decoder *decoder, const json_t *value, struct swk_key *key,
			json_t **object, struct swk_error *error)
{
	size_t length = json_string_length(value), count;
	int status;

	*object = NULL;
	if (!value || json_is_null(value))
		return 0;
	if (!make_room(&decoder->content, SWK_BASE64_ROOM(length) + 1, 1))
		return swk_error_memory(error);
	if (!json_is_string(value) ||
	    !swk_base64_decode(json_string_value(value), length, decoder->content.data, &count)) {
		key->trouble = "its value is not base64";
		return 0;
	}
	if (!count)
		return 0;
	status = decode_object(decoder->content.data, count, object, error);
	if (!status && !*object)
		key->trouble = "its value is not a JSON object";
	return status;
}

/* A number, string or boolean as text; NULL for anything else. Prints a number into `number`. */
static const char *text_of(const json_t *value, char number[NUMBER_MAX])
{
	if (json_is_boolean(value))
		return json_is_true(value) ? "1" : "0";
	if (!json_is_number(value))
		return plain_text(value);
	(void)snprintf(number, NUMBER_MAX, "%.17g", json_number_value(value));
	return number;
}

static int read_values(struct swk_decoder *decoder, json_t *object, struct swk_key *key,
		       struct swk_error *error)
{
	size_t count = json_object_size(object) + 1;
	struct swk_pair *pairs;
	char(*numbers)[NUMBER_MAX];
	const char *name;
	json_t *value;

	if (!make_room(&decoder->pairs, count, sizeof(*pairs)) ||
	    !make_room(&decoder->numbers, count, sizeof(*numbers)))
		return swk_error_memory(error);
	pairs = decoder->pairs.data;
	numbers = decoder->numbers.data;
	json_object_foreach(object, name, value)
	{
		const char *text = text_of(value, numbers[key->value_count]);

		if (text)
			pairs[key->value_count++] = (struct swk_pair){name, text};
	}
	key->values = pairs;
	return 0;
}

int swk_decode_key(struct swk_decoder *decoder, const json_t *element, struct swk_key *key,
		   json_t **value, struct swk_trouble *trouble, struct swk_error *error)
{
	int status;

	*value = NULL;
	key->key = member_text(element, "Key", "Key", trouble);
	if (!*key->key && !trouble->reason)
		trouble->reason = "Key is missing";
	if (trouble->reason)
		return 0;
	status = decode_value(decoder, json_object_get(element, "Value"), key, value, error);
	return status ? status : read_values(decoder, *value, key, error);
}

int swk_decode_value(struct swk_decoder *decoder, const json_t *element, struct swk_value *value,
		     struct swk_trouble *trouble, struct swk_error *error)
{
	const json_t *text = json_object_get(element, "Value");
	const size_t length = json_string_length(text);

	value->key = member_text(element, "Key", "Key", trouble);
	if (!*value->key && !trouble->reason)
		trouble->reason = "Key is missing";
	if (trouble->reason)
		return 0;
	/* One byte more, so that an empty value is not NULL. */
	if (!make_room(&decoder->content, SWK_BASE64_ROOM(length) + 1, 1))
		return swk_error_memory(error);
	if (!text || json_is_null(text) ||
	    (json_is_string(text) && swk_base64_decode(json_string_value(text), length,
						       decoder->content.data, &value->length)))
		value->bytes = decoder->content.data;
	return 0;
}
