/* SPDX-License-Identifier: MIT */
#include "watch.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

#include <jansson.h>

#include "deadline.h"

#define TAKEN "swk-apply takes the document of a 'service', 'services' or 'checks' watch"

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
	AFTER_ELEMENT, /* `,` or `]` */
	AFTER_VALUE,   /* `,` or `}` */
	AT_END,
};

void swk_watch_init(struct swk_watch *watch, const struct swk_watch_sink *sink)
{
	*watch = (struct swk_watch){.sink = sink, .state = AT_START, .line = 1};
	swk_buffer_init(&watch->element, SWK_ELEMENT_MAX);
}

void swk_watch_free(struct swk_watch *watch)
{
	swk_buffer_free(&watch->element);
}

/* ---- what an element says ---- */

/* A text member: "" where it is missing or null, NULL with *why where it can't be one. */
static const char *member_text(const json_t *object, const char *name, const char *title,
			       const char **why, char reason[64])
{
	const json_t *member = json_object_get(object, name);

	if (!member || json_is_null(member))
		return "";
	if (!json_is_string(member))
		(void)snprintf(reason, 64, "%s is no string", title);
	else if (strlen(json_string_value(member)) != json_string_length(member))
		(void)snprintf(reason, 64, "%s holds a NUL", title);
	else
		return json_string_value(member);
	*why = reason;
	return NULL;
}

/* The worst of the checks; anything but Consul's words for passing and warning is critical. */
static const char *read_health(const json_t *checks, enum swk_health *health)
{
	const json_t *check;
	size_t i;

	*health = SWK_PASSING;
	if (!checks)
		return "it has no Checks";
	if (!json_is_array(checks) && !json_is_null(checks))
		return "Checks is no array";
	json_array_foreach(checks, i, check)
	{
		const json_t *member = json_object_get(check, "Status");
		const char *status = json_string_value(member);
		enum swk_health this = SWK_CRITICAL;

		if (!status)
			return "a check has no Status";
		if (strlen(status) != json_string_length(member))
			this = SWK_CRITICAL;
		else if (!strcmp(status, "passing"))
			this = SWK_PASSING;
		else if (!strcmp(status, "warning"))
			this = SWK_WARNING;
		if (this > *health)
			*health = this;
	}
	return NULL;
}

/* The tags, borrowed from the document; the caller's list has room for them. */
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
		if (strlen(json_string_value(tag)) != json_string_length(tag))
			return "a tag holds a NUL";
		list[i] = json_string_value(tag);
	}
	instance->tags = list;
	instance->tag_count = json_array_size(tags);
	return NULL;
}

/* Fills in the instance as far as it can, and returns why it can't be used, or NULL. */
static const char *read_instance(const json_t *element, struct swk_instance *instance,
				 const char **tags, char reason[64])
{
	const json_t *node = json_object_get(element, "Node");
	const json_t *service = json_object_get(element, "Service");
	const json_t *port = json_object_get(service, "Port");
	const char *kind, *why = NULL;

	if (!json_is_object(service))
		return "Service is no object";
	instance->service = member_text(service, "Service", "Service.Service", &why, reason);
	if (instance->service && !*instance->service) {
		instance->service = NULL;
		why = "it has no Service.Service";
	}
	if (why)
		return why;
	instance->id = member_text(service, "ID", "Service.ID", &why, reason);
	if (!why && !json_is_object(node))
		why = "Node is no object";
	if (!why)
		instance->node = member_text(node, "Node", "Node.Node", &why, reason);
	if (!why)
		instance->address =
			member_text(service, "Address", "Service.Address", &why, reason);
	if (!why)
		instance->node_address = member_text(node, "Address", "Node.Address", &why, reason);
	kind = why ? NULL : member_text(service, "Kind", "Service.Kind", &why, reason);
	if (!why && !json_is_number(port))
		why = port ? "Service.Port is no number" : "it has no Service.Port";
	if (!why)
		why = read_tags(json_object_get(service, "Tags"), instance, tags);
	if (!why)
		why = read_health(json_object_get(element, "Checks"), &instance->health);
	if (why)
		return why;
	instance->port = json_number_value(port);
	instance->proxy = *kind != '\0';
	return NULL;
}

static int say_unreadable(struct swk_watch *watch, const char *service, const char *id,
			  const char *why, struct swk_error *error)
{
	char what[SWK_TEXT_MAX];

	(void)snprintf(what, sizeof(what), "instance %zu (%s%s%sline %zu)", watch->number,
		       id && *id ? "'" : "", id && *id ? id : "", id && *id ? "', " : "",
		       watch->start);
	return watch->sink->unreadable(watch->sink->context, service, what, why, error);
}

static int take_instance(struct swk_watch *watch, const json_t *element, struct swk_error *error)
{
	struct swk_instance instance = {.number = watch->number, .id = "", .node = ""};
	const json_t *service = json_object_get(element, "Service");
	size_t count = json_array_size(json_object_get(service, "Tags"));
	const char **tags = reallocarray(NULL, count + 1, sizeof(*tags)), *why;
	char reason[64];
	int status;

	if (!tags)
		return swk_error_memory(error);
	why = read_instance(element, &instance, tags, reason);
	if (why)
		status = say_unreadable(watch, instance.service, instance.id, why, error);
	else
		status = watch->sink->instance(watch->sink->context, &instance, error);
	free(tags);
	return status;
}

/* ---- what the document is ---- */

static int refuse_kind(struct swk_watch *watch, const char *what, struct swk_error *error)
{
	return swk_error_set(error, SWK_DATA, "line %zu: this looks like %s; " TAKEN, watch->start,
			     what);
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
			return say_unreadable(watch, NULL, NULL, "it is no instance", error);
		}
	}
	if (watch->kind == SWK_WATCH_SERVICE && watch->sink->instance)
		return take_instance(watch, element, error);
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
static int decode(struct swk_watch *watch, json_t **value, char why[JSON_ERROR_TEXT_LENGTH],
		  struct swk_error *error)
{
	/* A check's Output may hold a NUL, and numbers may exceed 64 bits: both are Consul's right,
	 * and nothing that is used here. */
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL;
	json_error_t failure;

	*value = NULL;
	if (watch->too_large) {
		(void)snprintf(why, JSON_ERROR_TEXT_LENGTH, "it is larger than %lu bytes",
			       SWK_ELEMENT_MAX);
		return 0;
	}
	/* jansson would take one behind a number for the number's end. */
	if (memchr(watch->element.data, '\0', watch->element.length))
		return swk_error_set(error, SWK_DATA, "line %zu: this is not JSON: a NUL byte",
				     watch->start);
	errno = 0;
	*value = json_loadb(watch->element.data, watch->element.length, flags, &failure);
	if (*value)
		return 0;
	/* jansson says it by errno at most: it has no text for it, or calls it bad syntax. */
	if (errno == ENOMEM || json_error_code(&failure) == json_error_out_of_memory)
		return swk_error_memory(error);
	if (is_syntax(&failure))
		return swk_error_set(error, SWK_DATA, "line %zu, byte %zu: this is not JSON: %s",
				     watch->start + (size_t)failure.line - 1,
				     watch->length - watch->element.length +
					     (size_t)failure.position,
				     failure.text);
	(void)snprintf(why, JSON_ERROR_TEXT_LENGTH, "%s", failure.text);
	return 0;
}

static int end_element(struct swk_watch *watch, struct swk_error *error)
{
	char why[JSON_ERROR_TEXT_LENGTH];
	json_t *value;
	int status = decode(watch, &value, why, error);

	if (!status && value)
		status = take_element(watch, value, error);
	else if (!status)
		status = say_unreadable(watch, NULL, NULL, why, error);
	json_decref(value);
	watch->number++;
	return status;
}

static int end_key(struct swk_watch *watch, struct swk_error *error)
{
	char why[JSON_ERROR_TEXT_LENGTH];
	json_t *value;
	int status = decode(watch, &value, why, error);

	watch->key[0] = '\0';
	if (status)
		return status;
	if (value && strlen(json_string_value(value)) != json_string_length(value))
		(void)snprintf(why, sizeof(why), "its name holds a NUL");
	else if (value && json_string_length(value) >= sizeof(watch->key))
		(void)snprintf(why, sizeof(why), "its name is too long");
	else if (value && !json_string_length(value))
		(void)snprintf(why, sizeof(why), "its name is empty");
	else if (value)
		(void)snprintf(watch->key, sizeof(watch->key), "%s", json_string_value(value));
	if (!*watch->key)
		status = watch->sink->unreadable(watch->sink->context, NULL,
						 "a service in the list", why, error);
	json_decref(value);
	return status;
}

static int end_value(struct swk_watch *watch, struct swk_error *error)
{
	char why[JSON_ERROR_TEXT_LENGTH];
	json_t *value;
	int status = decode(watch, &value, why, error);

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

/*
 * Goes on in an element from `data`: returns how many bytes belong to it, and sets *ended when its
 * last is among them.
 */
static size_t scan(struct swk_watch *watch, const char *data, size_t length, bool *ended)
{
	bool in_string = watch->in_string, escaped = watch->escaped;
	size_t i, depth = watch->depth;

	*ended = false;
	for (i = 0; i < length && !*ended; i++) {
		char byte = data[i];

		if (in_string) {
			if (escaped)
				escaped = false;
			else if (byte == '\\')
				escaped = true;
			else if (byte == '"') {
				in_string = false;
				*ended = !depth;
			}
		} else if (byte == '"') {
			in_string = true;
		} else if (byte == '{' || byte == '[') {
			depth++;
		} else if (byte == '}' || byte == ']') {
			*ended = !--depth;
		} else if (byte == '\n') {
			watch->line++;
		}
	}
	watch->in_string = in_string;
	watch->escaped = escaped;
	watch->depth = depth;
	return i;
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
		[AFTER_ELEMENT] = "',' or ']'",
		[AFTER_VALUE] = "',' or '}'",
		[AT_END] = "the end",
	};

	char shown[8] = {byte};

	if (byte < 0x20 || byte > 0x7e)
		(void)snprintf(shown, sizeof(shown), "\\x%02x", (unsigned char)byte);
	if (watch->state == AT_START && byte == 'n')
		return swk_error_set(error, SWK_DATA,
				     "line %zu: this looks like null, which a 'key' or 'keyprefix' "
				     "watch says of what is not there; " TAKEN,
				     watch->line);
	return swk_error_set(
		error, SWK_DATA,
		"line %zu, byte %zu: this is not a watch's JSON: %s should stand here, not %s",
		watch->line, watch->length + 1, expected[watch->state], shown);
}

/* One byte between elements. Returns 0 and perhaps a state in which an element begins with it. */
static int take_byte(struct swk_watch *watch, char byte, struct swk_error *error)
{
	if (byte == '\n')
		watch->line++;
	if (byte == ' ' || byte == '\t' || byte == '\r' || byte == '\n')
		return 0;
	switch (watch->state) {
	case AT_START:
		if (byte == '[')
			watch->state = AT_FIRST_ELEMENT;
		else if (byte == '{')
			watch->state = AT_FIRST_KEY;
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

int swk_watch_feed(struct swk_watch *watch, const char *data, size_t length,
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

int swk_watch_end(struct swk_watch *watch, enum swk_watch_kind *kind, struct swk_error *error)
{
	if (watch->state == AT_START)
		return swk_error_set(error, SWK_DATA, "the input is empty; " TAKEN);
	if (watch->state != AT_END)
		return swk_error_set(
			error, SWK_DATA,
			"line %zu: the document is cut off after %zu bytes and %zu whole elements",
			watch->line, watch->length, watch->number);
	if (!watch->known && watch->number)
		return swk_error_set(error, SWK_DATA,
				     "this looks like an array without one instance or check among "
				     "its %zu elements; " TAKEN,
				     watch->number);
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
