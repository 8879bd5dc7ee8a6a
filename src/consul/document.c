/* SPDX-License-Identifier: MIT */
#include "consul/document.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "base/deadline.h"
#include "consul/base64.h"
#include "consul/json_memory.h"

/* Consul gives its own checks of maintenance these IDs. */
#define NODE_MAINTENANCE "_node_maintenance"
#define SERVICE_MAINTENANCE "_service_maintenance:"

/* Room for any double as `%.17g` prints it. */
#define NUMBER_MAX 32

/* What the next byte may be. */
enum state {
	AT_START,
	AT_FIRST_ELEMENT, /* an element or `]` */
	AT_ELEMENT,	  /* an element */
	AT_FIRST_KEY,	  /* a key or `}` */
	AT_KEY,		  /* a key */
	AT_COLON,
	AT_VALUE,
	IN_ELEMENT,
	IN_KEY,
	IN_VALUE,
	IN_NULL,       /* its next letter */
	AFTER_ELEMENT, /* `,` or `]` */
	AFTER_VALUE,   /* `,` or `}` */
	AT_END,
};

void swk_watch_init(struct swk_watch *watch, const struct swk_watch_sink *sink)
{
	*watch = (struct swk_watch){.sink = sink, .state = AT_START, .line = 1};
	swk_buffer_init(&watch->element, SWK_ELEMENT_MAX);
	swk_trim_init(&watch->trim);
}

void swk_watch_free(struct swk_watch *watch)
{
	swk_buffer_free(&watch->element);
	swk_trim_free(&watch->trim);
	free(watch->tags.data);
	free(watch->tagged.data);
	free(watch->pairs.data);
	free(watch->numbers.data);
	free(watch->content.data);
	watch->tags = watch->tagged = watch->pairs = watch->numbers = watch->content =
		(struct swk_watch_room){0};
}

/* Sees to room for so many items of this size. False without memory. */
static bool make_room(struct swk_watch_room *room, size_t count, size_t size)
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

/* Why an element can't be used: the first reason is kept. */
struct trouble {
	const char *reason; /* or NULL */
	char text[64];
};

static void object_to(struct trouble *trouble, const char *title, const char *what)
{
	if (trouble->reason)
		return;
	(void)snprintf(trouble->text, sizeof(trouble->text), "%s %s", title, what);
	trouble->reason = trouble->text;
}

/* A string without a NUL, or NULL. */
static const char *plain_text(const json_t *value)
{
	const char *text = json_string_value(value);

	return text && strlen(text) == json_string_length(value) ? text : NULL;
}

/* A text member: "" where it is missing or null, or, with trouble, can't be one. */
static const char *member_text(const json_t *object, const char *name, const char *title,
			       struct trouble *trouble)
{
	const json_t *member = json_object_get(object, name);

	if (!member || json_is_null(member))
		return "";
	if (!json_is_string(member))
		object_to(trouble, title, "is no string");
	else if (!plain_text(member))
		object_to(trouble, title, "holds a NUL");
	else
		return json_string_value(member);
	return "";
}

/* A member that is an object: NULL where it is missing or null, or, with trouble, is none. */
static json_t *member_object(const json_t *object, const char *name, const char *title,
			     struct trouble *trouble)
{
	json_t *member = json_object_get(object, name);

	if (!member || json_is_null(member))
		return NULL;
	if (json_is_object(member))
		return member;
	object_to(trouble, title, "is no object");
	return NULL;
}

/* ---- what an instance says ---- */

/* Of a maintenance check, as its ID names it, and of others. */
static bool is_maintenance(const json_t *check)
{
	const char *id = plain_text(json_object_get(check, "CheckID"));

	return id && (!strcmp(id, NODE_MAINTENANCE) ||
		      !strncmp(id, SERVICE_MAINTENANCE, strlen(SERVICE_MAINTENANCE)));
}

/* Whether a check is of the service, not of the node. An answer may lack the service's ID. */
static bool is_of_service(const json_t *check)
{
	const json_t *id = json_object_get(check, "ServiceID");

	if (!id || json_is_null(id))
		id = json_object_get(check, "ServiceName");
	return json_string_length(id) > 0;
}

/* What can't be read of it is "". */
static struct swk_check read_check(const json_t *check)
{
	struct trouble trouble = {0};
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

/* Anything but Consul's words for passing and warning is critical. */
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
		return "it has no Checks";
	if (!json_is_array(checks) && !json_is_null(checks))
		return "Checks is no array";
	json_array_foreach(checks, i, check)
	{
		const json_t *status = json_object_get(check, "Status");
		enum swk_health health = read_status(status);
		bool maintenance = is_maintenance(check);

		if (!json_is_string(status))
			return "a check has no Status";
		if (!maintenance && is_of_service(check))
			instance->checked = true;
		/* Consul deletes such a check when the maintenance ends. One that is kept, and
		 * not critical, was made by somebody else, and means no maintenance. */
		if (maintenance && health == SWK_CRITICAL)
			instance->maintenance = true;
		else if (health > instance->health)
			instance->health = health;
	}
	return NULL;
}

/* The tags, borrowed from the document; the list has room for them. */
static const char *read_tags(const json_t *tags, struct swk_instance *instance, const char **list)
{
	const json_t *tag;
	size_t i;

	if (!tags || json_is_null(tags) || (json_is_array(tags) && !json_array_size(tags)))
		return NULL;
	if (!json_is_array(tags))
		return "Service.Tags is no array";
	json_array_foreach(tags, i, tag)
	{
		if (!json_is_string(tag))
			return "a tag is no string";
		if (!plain_text(tag))
			return "a tag holds a NUL";
		list[i] = json_string_value(tag);
	}
	instance->tags = list;
	instance->tag_count = json_array_size(tags);
	return NULL;
}

/* Addresses under names, and how many: a service's are objects, for each has a port; a node's are
 * texts. What is of another form is passed over. */
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

/* The texts of Meta, and how many. */
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

static unsigned read_weight(const json_t *weights, const char *name, const char *title,
			    unsigned least, struct trouble *trouble)
{
	const json_t *weight = json_object_get(weights, name);
	double number = json_number_value(weight);

	if (!weight || json_is_null(weight))
		return 1;
	if (!json_is_number(weight))
		object_to(trouble, title, "is no number");
	if (number < least)
		return least;
	return number > SWK_WEIGHT_MAX ? SWK_WEIGHT_MAX : (unsigned)number;
}

/* The service's members, but for its name. */
static void read_service(struct swk_watch *watch, const json_t *service,
			 struct swk_instance *instance, struct trouble *trouble)
{
	const json_t *port = json_object_get(service, "Port"), *weights;

	instance->id = member_text(service, "ID", "Service.ID", trouble);
	instance->address = member_text(service, "Address", "Service.Address", trouble);
	instance->proxy = *member_text(service, "Kind", "Service.Kind", trouble) != '\0';
	if (!json_is_number(port) && !trouble->reason)
		trouble->reason = port ? "Service.Port is no number" : "it has no Service.Port";
	instance->port = json_number_value(port);
	if (!trouble->reason)
		trouble->reason =
			read_tags(json_object_get(service, "Tags"), instance, watch->tags.data);
	instance->tagged = watch->tagged.data;
	instance->tagged_count = read_tagged(
		member_object(service, "TaggedAddresses", "Service.TaggedAddresses", trouble), true,
		watch->tagged.data);
	instance->meta = watch->pairs.data;
	instance->meta_count = read_meta(member_object(service, "Meta", "Service.Meta", trouble),
					 watch->pairs.data);
	weights = member_object(service, "Weights", "Service.Weights", trouble);
	instance->weight_passing =
		read_weight(weights, "Passing", "Service.Weights.Passing", 1, trouble);
	instance->weight_warning =
		read_weight(weights, "Warning", "Service.Weights.Warning", 0, trouble);
}

static void read_node(struct swk_watch *watch, const json_t *node, struct swk_instance *instance,
		      struct trouble *trouble)
{
	struct swk_tagged *list = (struct swk_tagged *)watch->tagged.data + instance->tagged_count;

	if (!json_is_object(node))
		object_to(trouble, "Node", "is no object");
	instance->node = member_text(node, "Node", "Node.Node", trouble);
	instance->node_address = member_text(node, "Address", "Node.Address", trouble);
	instance->node_tagged = list;
	instance->node_tagged_count =
		read_tagged(member_object(node, "TaggedAddresses", "Node.TaggedAddresses", trouble),
			    false, list);
}

/* Fills in the instance, but for its service where that is not known. */
static void read_instance(struct swk_watch *watch, const json_t *element,
			  struct swk_instance *instance, struct trouble *trouble)
{
	const json_t *service = json_object_get(element, "Service");
	const char *name;

	if (!json_is_object(service))
		object_to(trouble, "Service", "is no object");
	name = member_text(service, "Service", "Service.Service", trouble);
	if (!*name && !trouble->reason)
		trouble->reason = "it has no Service.Service";
	if (trouble->reason)
		return;
	instance->service = name;
	read_service(watch, service, instance, trouble);
	read_node(watch, json_object_get(element, "Node"), instance, trouble);
	if (!trouble->reason)
		trouble->reason = read_checks(json_object_get(element, "Checks"), instance);
}

static int say_undecodable(struct swk_watch *watch, const char *service, const char *id,
			   const char *reason, struct swk_error *error)
{
	bool key = watch->known && watch->kind == SWK_WATCH_KEYS;
	char what[SWK_TEXT_MAX];

	(void)snprintf(what, sizeof(what), "%s %zu (%s%s%sline %zu)", key ? "key" : "instance",
		       watch->number, *id ? "'" : "", id, *id ? "', " : "", watch->start);
	return watch->sink->undecodable(watch->sink->context, service, what, reason, error);
}

static int take_check(struct swk_watch *watch, const json_t *element, struct swk_error *error)
{
	const struct swk_check check = read_check(element);

	return watch->sink->check(watch->sink->context, &check, error);
}

static int take_checks(struct swk_watch *watch, const json_t *checks, struct swk_error *error)
{
	const json_t *element;
	int status = 0;
	size_t i;

	json_array_foreach(checks, i, element)
	{
		const struct swk_check check = read_check(element);

		status = watch->sink->instance_check(watch->sink->context, &check, error);
		if (status)
			break;
	}
	return status;
}

static int take_instance(struct swk_watch *watch, const json_t *element, struct swk_error *error)
{
	const json_t *service = json_object_get(element, "Service"),
		     *node = json_object_get(element, "Node");
	struct swk_instance instance = {.number = watch->number, .id = ""};
	struct trouble trouble = {0};
	size_t tags = json_array_size(json_object_get(service, "Tags")),
	       tagged = json_object_size(json_object_get(service, "TaggedAddresses")) +
			json_object_size(json_object_get(node, "TaggedAddresses")),
	       pairs = json_object_size(json_object_get(service, "Meta"));

	/* One more, so that there is a list even of none. */
	if (!make_room(&watch->tags, tags + 1, sizeof(const char *)) ||
	    !make_room(&watch->tagged, tagged + 1, sizeof(struct swk_tagged)) ||
	    !make_room(&watch->pairs, pairs + 1, sizeof(struct swk_pair)))
		return swk_error_memory(error);
	read_instance(watch, element, &instance, &trouble);
	if (trouble.reason)
		return say_undecodable(watch, instance.service, instance.id, trouble.reason, error);
	if (watch->sink->instance_check &&
	    take_checks(watch, json_object_get(element, "Checks"), error))
		return error->status;
	return watch->sink->instance(watch->sink->context, &instance, error);
}

/* ---- what a key says ---- */

/* jansson says it by errno at most: it has no text for it, or calls it bad syntax. */
static bool is_memory(const json_error_t *failure)
{
	return errno == ENOMEM || json_error_code(failure) == json_error_out_of_memory;
}

/* Decodes the text of a value. Returns 0 and *object, which is NULL where it is none. */
static int decode_object(const char *text, size_t length, json_t **object, struct swk_error *error)
{
	json_error_t failure = {0};

	*object = NULL;
	/* jansson would take a NUL behind a number for the number's end. */
	if (memchr(text, '\0', length))
		return 0;
	errno = 0;
	*object = json_loadb(text, length, JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL, &failure);
	if (!*object && is_memory(&failure))
		return swk_error_memory(error);
	if (*object && !json_is_object(*object)) {
		json_decref(*object);
		*object = NULL;
	}
	return 0;
}

/* Decodes a key's value. Returns 0 with *object, which the caller frees, or NULL: nothing is there,
 * or what is there can't be used. */
static int decode_value(struct swk_watch *watch, const json_t *value, struct swk_key *key,
			json_t **object, struct swk_error *error)
{
	size_t length = json_string_length(value), count;
	int status;

	*object = NULL;
	if (!value || json_is_null(value))
		return 0;
	if (!make_room(&watch->content, SWK_BASE64_ROOM(length) + 1, 1))
		return swk_error_memory(error);
	if (!json_is_string(value) ||
	    !swk_base64_decode(json_string_value(value), length, watch->content.data, &count)) {
		key->trouble = "its value is no base64";
		return 0;
	}
	if (!count)
		return 0;
	status = decode_object(watch->content.data, count, object, error);
	if (!status && !*object)
		key->trouble = "its value is no JSON object";
	return status;
}

/* A number, a text, yes or no: as text; a number is printed into the room for it. NULL of all else.
 */
static const char *text_of(const json_t *value, char number[NUMBER_MAX])
{
	if (json_is_boolean(value))
		return json_is_true(value) ? "1" : "0";
	if (!json_is_number(value))
		return plain_text(value);
	(void)snprintf(number, NUMBER_MAX, "%.17g", json_number_value(value));
	return number;
}

static int read_values(struct swk_watch *watch, json_t *object, struct swk_key *key,
		       struct swk_error *error)
{
	size_t count = json_object_size(object) + 1;
	struct swk_pair *pairs;
	char(*numbers)[NUMBER_MAX];
	const char *name;
	json_t *value;

	if (!make_room(&watch->pairs, count, sizeof(*pairs)) ||
	    !make_room(&watch->numbers, count, sizeof(*numbers)))
		return swk_error_memory(error);
	pairs = watch->pairs.data;
	numbers = watch->numbers.data;
	json_object_foreach(object, name, value)
	{
		const char *text = text_of(value, numbers[key->value_count]);

		if (text)
			pairs[key->value_count++] = (struct swk_pair){name, text};
	}
	key->values = pairs;
	return 0;
}

static int take_key(struct swk_watch *watch, const json_t *element, struct swk_error *error)
{
	struct swk_key key = {.number = watch->number};
	struct trouble trouble = {0};
	json_t *object;
	int status;

	key.key = member_text(element, "Key", "Key", &trouble);
	if (!*key.key && !trouble.reason)
		trouble.reason = "it has no Key";
	if (trouble.reason)
		return say_undecodable(watch, NULL, "", trouble.reason, error);
	status = decode_value(watch, json_object_get(element, "Value"), &key, &object, error);
	if (!status)
		status = read_values(watch, object, &key, error);
	if (!status)
		status = watch->sink->key(watch->sink->context, &key, error);
	json_decref(object);
	return status;
}

/* ---- what the document is ---- */

/* For a person who gave another one. */
static const char *taken(const struct swk_watch *watch)
{
	if (watch->sink->key)
		return "swk-apply takes the document of a 'service', 'services', 'checks' or "
		       "'keyprefix' watch";
	return "swk-apply takes the document of a 'service', 'services' or 'checks' watch";
}

static int refuse_kind(struct swk_watch *watch, const char *what, struct swk_error *error)
{
	return swk_error_set(error, SWK_DATA, "line %zu: this looks like %s; %s", watch->start,
			     what, taken(watch));
}

/* Tells the kind from one element of an array; what can't be told is left for the next. */
static int recognise(struct swk_watch *watch, const json_t *element, struct swk_error *error)
{
	if (json_object_get(element, "CheckID"))
		watch->kind = SWK_WATCH_CHECKS;
	else if (json_object_get(element, "Service") || json_object_get(element, "Checks"))
		watch->kind = SWK_WATCH_SERVICE;
	else if (json_object_get(element, "LTime"))
		return refuse_kind(watch, "the document of an 'event' watch", error);
	else if (json_object_get(element, "Key") && watch->sink->key)
		watch->kind = SWK_WATCH_KEYS;
	else if (json_object_get(element, "Key"))
		return refuse_kind(watch, "the document of a 'keyprefix' watch", error);
	else if (json_object_get(element, "Node") && json_object_get(element, "Address"))
		return refuse_kind(watch, "the document of a 'nodes' watch", error);
	else
		return 0;
	watch->known = true;
	return 0;
}

static int take_element(struct swk_watch *watch, const json_t *element, struct swk_error *error)
{
	int status;

	if (!watch->known) {
		status = recognise(watch, element, error);
		if (status)
			return status;
		if (!watch->known) {
			watch->unshaped++;
			return say_undecodable(watch, NULL, "", "it is no instance", error);
		}
	}
	if (watch->kind == SWK_WATCH_SERVICE && watch->sink->instance)
		return take_instance(watch, element, error);
	if (watch->kind == SWK_WATCH_KEYS)
		return take_key(watch, element, error);
	if (watch->kind == SWK_WATCH_CHECKS && watch->sink->check)
		return take_check(watch, element, error);
	return 0;
}

static int take_member(struct swk_watch *watch, struct swk_error *error)
{
	/* A key's document has no array in it; a list of services nothing else. */
	if (watch->first != '[')
		return refuse_kind(watch,
				   !strcmp(watch->key, "Key") || !strcmp(watch->key, "LockIndex")
					   ? "the document of a 'key' watch"
					   : "an object that is no list of services",
				   error);
	watch->known = true;
	watch->kind = SWK_WATCH_SERVICES;
	if (!*watch->key || !watch->sink->service)
		return 0; /* said when the key was read; or not asked for */
	return watch->sink->service(watch->sink->context, watch->key, error);
}

/* ---- decoding ---- */

/* Whether jansson's complaint means that the text is no JSON at all, rather than JSON that it
 * doesn't take (it refuses a lone surrogate with the code for bad syntax). */
static bool is_syntax(const json_error_t *failure)
{
	switch (json_error_code(failure)) {
	case json_error_invalid_syntax:
		return strncmp(failure->text, "invalid Unicode", 15) != 0;
	case json_error_premature_end_of_input:
	case json_error_end_of_input_expected:
	case json_error_invalid_argument:
		return true;
	default:
		return false;
	}
}

/*
 * Decodes the element's text. Returns 0 and *value; 0 and NULL with *why where it is JSON that
 * can't be used; SWK_DATA where it is none.
 */
static int decode(struct swk_watch *watch, json_t **value, char reason[JSON_ERROR_TEXT_LENGTH],
		  struct swk_error *error)
{
	/* A check's Output may hold a NUL, and numbers may exceed 64 bits: both are Consul's right,
	 * and nothing that is used here. */
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	size_t length = watch->element.length;
	const char *text;
	json_error_t failure;

	*value = NULL;
	if (watch->too_large) {
		(void)snprintf(reason, JSON_ERROR_TEXT_LENGTH, "it is larger than %lu bytes",
			       SWK_ELEMENT_MAX);
		return 0;
	}
	/* jansson would take one behind a number for the number's end. */
	if (memchr(watch->element.data, '\0', watch->element.length))
		return swk_error_set(error, SWK_DATA, "line %zu: this is not JSON: a NUL byte",
				     watch->start);
	text = swk_trim(&watch->trim, watch->element.data, &length);
	errno = 0;
	*value = json_loadb(text, length, flags, &failure);
	/* Where it is amiss, it is said of the whole text. And of a number that is too large for an
	 * integer a real one is made; to make one of each would take longer. */
	if (!*value)
		*value = json_loadb(watch->element.data, watch->element.length,
				    flags | JSON_DECODE_INT_AS_REAL, &failure);
	if (*value)
		return 0;
	if (is_memory(&failure))
		return swk_error_memory(error);
	if (is_syntax(&failure))
		return swk_error_set(error, SWK_DATA, "line %zu, byte %zu: this is not JSON: %s",
				     watch->start + (size_t)failure.line - 1,
				     watch->length - watch->element.length +
					     (size_t)failure.position,
				     failure.text);
	(void)snprintf(reason, JSON_ERROR_TEXT_LENGTH, "%s", failure.text);
	return 0;
}

static int end_element(struct swk_watch *watch, struct swk_error *error)
{
	char reason[JSON_ERROR_TEXT_LENGTH];
	json_t *value;
	int status = decode(watch, &value, reason, error);

	if (!status && value)
		status = take_element(watch, value, error);
	else if (!status)
		status = say_undecodable(watch, NULL, "", reason, error);
	json_decref(value);
	watch->number++;
	return status;
}

static int end_key(struct swk_watch *watch, struct swk_error *error)
{
	char reason[JSON_ERROR_TEXT_LENGTH];
	json_t *value;
	int status = decode(watch, &value, reason, error);

	watch->key[0] = '\0';
	if (status)
		return status;
	if (value && strlen(json_string_value(value)) != json_string_length(value))
		(void)snprintf(reason, sizeof(reason), "its name holds a NUL");
	else if (value && json_string_length(value) >= sizeof(watch->key))
		(void)snprintf(reason, sizeof(reason), "its name is too long");
	else if (value && !json_string_length(value))
		(void)snprintf(reason, sizeof(reason), "its name is empty");
	else if (value)
		(void)snprintf(watch->key, sizeof(watch->key), "%s", json_string_value(value));
	if (!*watch->key)
		status = watch->sink->undecodable(watch->sink->context, NULL,
						  "a service in the list", reason, error);
	json_decref(value);
	return status;
}

static int end_value(struct swk_watch *watch, struct swk_error *error)
{
	char reason[JSON_ERROR_TEXT_LENGTH];
	json_t *value;
	int status = decode(watch, &value, reason, error);

	/* Tags that can't be decoded are of no interest here. */
	if (!status)
		status = take_member(watch, error);
	json_decref(value);
	watch->number++;
	return status;
}

/* ---- framing ---- */

static void begin(struct swk_watch *watch, enum state state, char byte)
{
	watch->state = (int)state;
	watch->form = '0';
	if (byte == '{' || byte == '[')
		watch->form = '{';
	else if (byte == '"')
		watch->form = '"';
	watch->depth = 0;
	watch->first = byte;
	watch->in_string = watch->escaped = watch->too_large = false;
	watch->start = watch->line;
	swk_buffer_clear(&watch->element);
}

/* What ends a run of bytes that mean nothing to the framing, within a string and without. */
static const char in_strings[256] = {['"'] = 1, ['\\'] = 1};
static const char between_strings[256] = {
	['"'] = 1, ['{'] = 1, ['['] = 1, ['}'] = 1, [']'] = 1, ['\n'] = 1};

/*
 * Goes on in an element from `data`: returns how many bytes belong to it, and sets *ended when its
 * last is among them.
 */
static size_t scan(struct swk_watch *watch, const char *data, size_t length, bool *ended)
{
	const char *at = data, *const end = data + length;
	bool in_string = watch->in_string, escaped = watch->escaped;
	size_t depth = watch->depth;

	*ended = false;
	while (!*ended && at < end) {
		const char *const ends = in_string ? in_strings : between_strings;

		if (escaped) {
			escaped = false;
			at++;
			continue;
		}
		while (at < end && !ends[(unsigned char)*at])
			at++;
		if (at == end)
			break;
		switch (*at++) {
		case '"':
			in_string = !in_string;
			*ended = !in_string && !depth;
			break;
		case '\\':
			escaped = true;
			break;
		case '\n':
			watch->line++;
			break;
		case '{':
		case '[':
			depth++;
			break;
		default:
			*ended = !--depth;
		}
	}
	watch->in_string = in_string;
	watch->escaped = escaped;
	watch->depth = depth;
	return (size_t)(at - data);
}

/* The same for a number or a word, which ends before what can't be in it. */
static size_t scan_scalar(const char *data, size_t length, bool *ended)
{
	size_t i;

	for (i = 0; i < length && !strchr(",]} \t\r\n", data[i]); i++)
		;
	*ended = i < length;
	return i;
}

static int continue_element(struct swk_watch *watch, const char *data, size_t length, size_t *used,
			    struct swk_error *error)
{
	bool ended;

	*used = watch->form == '0' ? scan_scalar(data, length, &ended)
				   : scan(watch, data, length, &ended);
	watch->length += *used;
	if (watch->element.length + *used > SWK_ELEMENT_MAX)
		watch->too_large = true;
	else if (swk_buffer_add(&watch->element, data, *used, error))
		return error->status;
	if (!ended)
		return 0;
	switch (watch->state) {
	case IN_KEY:
		watch->state = AT_COLON;
		return end_key(watch, error);
	case IN_VALUE:
		watch->state = AFTER_VALUE;
		return end_value(watch, error);
	default:
		watch->state = AFTER_ELEMENT;
		return end_element(watch, error);
	}
}

static int refuse_byte(struct swk_watch *watch, char byte, struct swk_error *error)
{
	static const char *const expected[] = {
		[AT_START] = "an array or an object",
		[AT_FIRST_ELEMENT] = "an instance or ']'",
		[AT_ELEMENT] = "an instance",
		[AT_FIRST_KEY] = "a name or '}'",
		[AT_KEY] = "a name",
		[AT_COLON] = "':'",
		[AT_VALUE] = "a value",
		[IN_NULL] = "null",
		[AFTER_ELEMENT] = "',' or ']'",
		[AFTER_VALUE] = "',' or '}'",
		[AT_END] = "the end",
	};

	char shown[8] = {byte};

	if (byte <= ' ' || byte > '~')
		(void)snprintf(shown, sizeof(shown), "\\x%02x", (unsigned char)byte);
	if (watch->state == AT_START && byte == 'n')
		return swk_error_set(error, SWK_DATA,
				     "line %zu: this looks like null, which a 'key' or 'keyprefix' "
				     "watch says of what is not there; %s",
				     watch->line, taken(watch));
	return swk_error_set(
		error, SWK_DATA,
		"line %zu, byte %zu: this is not a watch's JSON: %s should stand here, not %s",
		watch->line, watch->length + 1, expected[watch->state], shown);
}

static bool is_blank(char byte)
{
	return byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n';
}

/* In place of a document, and so short that it is read letter by letter, as brackets are. */
static void begin_null(struct swk_watch *watch)
{
	watch->state = IN_NULL;
	watch->depth = 1;
}

/* One byte between elements. Returns 0 and perhaps a state in which an element begins with it. */
static int take_byte(struct swk_watch *watch, char byte, struct swk_error *error)
{
	if (is_blank(byte) && watch->state != IN_NULL) {
		if (byte == '\n')
			watch->line++;
		return 0;
	}
	switch (watch->state) {
	case AT_START:
		if (byte == '[')
			watch->state = AT_FIRST_ELEMENT;
		else if (byte == '{')
			watch->state = AT_FIRST_KEY;
		else if (byte == 'n' && watch->sink->key)
			begin_null(watch);
		else
			break;
		return 0;
	case AT_FIRST_ELEMENT:
	case AT_ELEMENT:
		if (byte == ']' && watch->state == AT_FIRST_ELEMENT)
			watch->state = AT_END;
		else if (!strchr(",:}]", byte))
			begin(watch, IN_ELEMENT, byte);
		else
			break;
		return 0;
	case AT_FIRST_KEY:
	case AT_KEY:
		if (byte == '}' && watch->state == AT_FIRST_KEY)
			watch->state = AT_END;
		else if (byte == '"')
			begin(watch, IN_KEY, byte);
		else
			break;
		return 0;
	case AT_COLON:
		if (byte != ':')
			break;
		watch->state = AT_VALUE;
		return 0;
	case AT_VALUE:
		if (strchr(",:}]", byte))
			break;
		begin(watch, IN_VALUE, byte);
		return 0;
	case IN_NULL:
		if (byte != "null"[watch->depth])
			break;
		if (++watch->depth == strlen("null"))
			watch->state = AT_END;
		return 0;
	case AFTER_ELEMENT:
		if (byte != ',' && byte != ']')
			break;
		watch->state = byte == ',' ? AT_ELEMENT : AT_END;
		return 0;
	case AFTER_VALUE:
		if (byte != ',' && byte != '}')
			break;
		watch->state = byte == ',' ? AT_KEY : AT_END;
		return 0;
	default:
		break;
	}
	return refuse_byte(watch, byte, error);
}

static bool in_element(const struct swk_watch *watch)
{
	return watch->state == IN_ELEMENT || watch->state == IN_KEY || watch->state == IN_VALUE;
}

static int take_bytes(struct swk_watch *watch, const char *data, size_t length,
		      struct swk_error *error)
{
	size_t at = 0, used;
	int status;

	if (length > SWK_DOCUMENT_MAX - watch->length)
		return swk_error_set(error, SWK_DATA, "the document is larger than %lu MiB",
				     SWK_DOCUMENT_MAX >> 20);
	while (at < length) {
		if (!in_element(watch)) {
			bool object = watch->state == AT_START && data[at] == '{';

			status = take_byte(watch, data[at], error);
			if (status)
				return status;
			if (object) {
				watch->kind = SWK_WATCH_SERVICES;
				watch->known = true;
			}
			if (!in_element(watch)) {
				watch->length++;
				at++;
				continue;
			}
		}
		status = continue_element(watch, data + at, length - at, &used, error);
		if (status)
			return status;
		at += used;
	}
	return 0;
}

int swk_watch_feed(struct swk_watch *watch, const char *data, size_t length,
		   struct swk_error *error)
{
	int status;

	swk_json_memory_begin();
	status = take_bytes(watch, data, length, error);
	swk_json_memory_end();
	return status;
}

int swk_watch_end(struct swk_watch *watch, enum swk_watch_kind *kind, struct swk_error *error)
{
	if (watch->state == AT_START)
		return swk_error_set(error, SWK_DATA, "the input is empty; %s", taken(watch));
	if (watch->state != AT_END)
		return swk_error_set(
			error, SWK_DATA,
			"line %zu: the document is cut off after %zu bytes and %zu whole elements",
			watch->line, watch->length, watch->number);
	if (!watch->known && watch->number)
		return swk_error_set(error, SWK_DATA,
				     "this looks like an array without one instance or check among "
				     "its %zu elements; %s",
				     watch->number, taken(watch));
	*kind = watch->known ? watch->kind : SWK_WATCH_NOTHING;
	return 0;
}

int swk_watch_read(struct swk_watch *watch, int descriptor, int64_t deadline,
		   enum swk_watch_kind *kind, struct swk_error *error)
{
	static const size_t chunk = 64UL * 1024;
	struct pollfd wait = {.fd = descriptor, .events = POLLIN};
	char *data = malloc(chunk);
	size_t total = 0;
	ssize_t length = 1;

	if (!data)
		return swk_error_memory(error);
	while (length > 0 && total <= SWK_DOCUMENT_MAX) {
		length = poll(&wait, 1, (int)swk_deadline_left(deadline, 3600000));
		if (!length)
			swk_error_set(error, SWK_DATA, "standard input did not end in time");
		else if (length > 0)
			length = read(descriptor, data, chunk);
		if (length < 0 && errno == EINTR) {
			length = 1;
			continue;
		}
		if (length < 0)
			swk_error_set(error, SWK_DATA, "standard input: %s", strerror(errno));
		if (length <= 0)
			break;
		total += (size_t)length;
		if (!error->status)
			(void)swk_watch_feed(watch, data, (size_t)length, error);
	}
	free(data);
	return error->status ? error->status : swk_watch_end(watch, kind, error);
}
