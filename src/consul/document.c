/* SPDX-License-Identifier: MIT */
#include "consul/document.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "base/deadline.h"
#include "base/json.h"
#include "consul/decode.h"
#include "consul/stream.h"
#include "consul/trim.h"

struct swk_document {
	const struct swk_document_sink *sink;
	bool known; /* an element showed the kind */
	enum swk_document_kind kind;
	struct swk_stream stream;
	struct swk_buffer trimmed;
	struct swk_decoder decoder;
	char key[SWK_TEXT_MAX]; /* name of the object's current member */
};

/* ---- passing on ---- */

static int report_undecodable(const struct swk_document *document, const char *service,
			      const char *id, const char *reason, struct swk_error *error)
{
	bool key = document->known && document->kind == SWK_DOCUMENT_KEYS;
	char what[SWK_TEXT_MAX];

	if (!document->sink->undecodable)
		return 0;
	(void)snprintf(what, sizeof(what), "%s %zu (%s%s%sline %zu)", key ? "key" : "instance",
		       document->stream.number, *id ? "'" : "", id, *id ? "', " : "",
		       document->stream.start);
	return document->sink->undecodable(document->sink->context, service, what, reason, error);
}

static int take_checks(const struct swk_document_sink *sink, const json_t *checks,
		       struct swk_error *error)
{
	const json_t *element;
	int status = 0;
	size_t i;

	json_array_foreach(checks, i, element)
	{
		const struct swk_check check = swk_decode_check(element);

		status = sink->instance_check(sink->context, &check, error);
		if (status)
			break;
	}
	return status;
}

static int take_instance(struct swk_document *document, const json_t *element,
			 struct swk_error *error)
{
	const struct swk_document_sink *sink = document->sink;
	struct swk_instance instance = {.number = document->stream.number, .id = ""};
	struct swk_trouble trouble = {0};

	if (swk_decode_instance(&document->decoder, element, &instance, &trouble, error))
		return error->status;
	if (trouble.reason)
		return report_undecodable(document, instance.service, instance.id, trouble.reason,
					  error);
	if (sink->instance_check && take_checks(sink, json_object_get(element, "Checks"), error))
		return error->status;
	return sink->instance(sink->context, &instance, error);
}

static int take_key(struct swk_document *document, const json_t *element, struct swk_error *error)
{
	struct swk_key key = {0};
	struct swk_trouble trouble = {0};
	json_t *value;
	int status = swk_decode_key(&document->decoder, element, &key, &value, &trouble, error);

	if (!status)
		status = trouble.reason
				 ? report_undecodable(document, NULL, "", trouble.reason, error)
				 : document->sink->key(document->sink->context, &key, error);
	json_decref(value);
	return status;
}

static int take_value(struct swk_document *document, const json_t *element, struct swk_error *error)
{
	struct swk_value value = {0};
	struct swk_trouble trouble = {0};

	if (swk_decode_value(&document->decoder, element, &value, &trouble, error))
		return error->status;
	return trouble.reason ? report_undecodable(document, NULL, "", trouble.reason, error)
			      : document->sink->value(document->sink->context, &value, error);
}

static int take_check(const struct swk_document_sink *sink, const json_t *element,
		      struct swk_error *error)
{
	const struct swk_check check = swk_decode_check(element);

	return sink->check(sink->context, &check, error);
}

/* ---- the kind of document ---- */

static bool takes_keys(const struct swk_document_sink *sink)
{
	return sink->key || sink->value;
}

/* The accepted kinds, for messages. */
static const char *accepted(const struct swk_document_sink *sink)
{
	if (sink->value)
		return "'swk-apply --requests' accepts the document of a 'keyprefix' watch on "
		       "swk/requests/";
	if (sink->key)
		return "swk-apply accepts the document of a 'service', 'services', 'checks' or "
		       "'keyprefix' watch";
	return "swk-apply accepts the document of a 'service', 'services' or 'checks' watch";
}

static int refuse_kind(struct swk_document *document, const char *what, struct swk_error *error)
{
	return swk_error_set(error, SWK_DATA, "line %zu: this looks like %s; %s",
			     document->stream.start, what, document->stream.accepted);
}

/* Recognises the kind from one element of an array. If this one does not show it, the next may. */
static int recognise(struct swk_document *document, const json_t *element, struct swk_error *error)
{
	if (json_object_get(element, "CheckID"))
		document->kind = SWK_DOCUMENT_CHECKS;
	else if (json_object_get(element, "Service") || json_object_get(element, "Checks"))
		document->kind = SWK_DOCUMENT_SERVICE;
	else if (json_object_get(element, "LTime"))
		return refuse_kind(document, "the document of an 'event' watch", error);
	else if (json_object_get(element, "Key") && takes_keys(document->sink))
		document->kind = SWK_DOCUMENT_KEYS;
	else if (json_object_get(element, "Key"))
		return refuse_kind(document, "the document of a 'keyprefix' watch", error);
	else if (json_object_get(element, "Node") && json_object_get(element, "Address"))
		return refuse_kind(document, "the document of a 'nodes' watch", error);
	else
		return 0;
	document->known = true;
	return 0;
}

static int take_element(struct swk_document *document, const json_t *element,
			struct swk_error *error)
{
	int status;

	if (!document->known) {
		status = recognise(document, element, error);
		if (status)
			return status;
		if (!document->known)
			return report_undecodable(document, NULL, "", "it is not an instance",
						  error);
	}
	if (document->kind == SWK_DOCUMENT_SERVICE && document->sink->instance)
		return take_instance(document, element, error);
	if (document->kind == SWK_DOCUMENT_KEYS && document->sink->value)
		return take_value(document, element, error);
	if (document->kind == SWK_DOCUMENT_KEYS)
		return take_key(document, element, error);
	if (document->kind == SWK_DOCUMENT_CHECKS && document->sink->check)
		return take_check(document->sink, element, error);
	return 0;
}

static int take_member(struct swk_document *document, struct swk_error *error)
{
	/* The document of a 'key' watch has no array in it; a list of services has only arrays. */
	if (document->stream.first != '[')
		return refuse_kind(document,
				   !strcmp(document->key, "Key") ||
						   !strcmp(document->key, "LockIndex")
					   ? "the document of a 'key' watch"
					   : "an object that is not a list of services",
				   error);
	if (!*document->key || !document->sink->service)
		return 0; /* reported when the key was read; or the sink skips services */
	return document->sink->service(document->sink->context, document->key, error);
}

/* ---- decoding ---- */

/* Whether jansson's error means that the text is not JSON, rather than JSON that jansson rejects.
 * It rejects a lone surrogate with the code for bad syntax. */
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

/* Decodes the element's text. Returns 0 with *value; 0 with NULL and a reason if it is JSON that
 * can't be used; SWK_DATA if it is not JSON; or SWK_INTERNAL. */
static int decode(struct swk_document *document, json_t **value,
		  char reason[JSON_ERROR_TEXT_LENGTH], struct swk_error *error)
{
	/* Consul allows a NUL in a check's Output, and swk-apply does not use the Output. */
	const size_t flags = JSON_DECODE_ANY | JSON_ALLOW_NUL;
	size_t length = document->stream.element.length;
	const char *text;
	json_error_t failure;

	*value = NULL;
	if (document->stream.too_large) {
		(void)snprintf(reason, JSON_ERROR_TEXT_LENGTH, "it is larger than %lu bytes",
			       SWK_ELEMENT_MAX);
		return 0;
	}
	/* jansson would treat a NUL after a number as the end of the number. */
	if (memchr(document->stream.element.data, '\0', document->stream.element.length))
		return swk_error_set(error, SWK_DATA,
				     "line %zu: this is not JSON: it contains a NUL byte",
				     document->stream.start);
	text = swk_trim(&document->trimmed, document->stream.element.data, &length,
			document->sink->tagged);
	*value = swk_json_load(text, length, flags, &failure);
	/* The second attempt reads the untrimmed text, so that messages give the right place. It
	 * also reads integers as reals, because Consul allows integers over 64 bits. Reals are
	 * slower, so they are not the first choice. */
	if (!*value)
		*value = swk_json_load(document->stream.element.data,
				       document->stream.element.length,
				       flags | JSON_DECODE_INT_AS_REAL, &failure);
	if (*value)
		return 0;
	if (errno == ENOMEM)
		return swk_error_memory(error);
	if (is_syntax(&failure))
		return swk_error_set(error, SWK_DATA, "line %zu, byte %zu: this is not JSON: %s",
				     document->stream.start + (size_t)failure.line - 1,
				     document->stream.length - document->stream.element.length +
					     (size_t)failure.position,
				     failure.text);
	(void)snprintf(reason, JSON_ERROR_TEXT_LENGTH, "%s", failure.text);
	return 0;
}

static int end_element(struct swk_document *document, struct swk_error *error)
{
	char reason[JSON_ERROR_TEXT_LENGTH];
	json_t *value;
	int status = decode(document, &value, reason, error);

	if (!status)
		status = value ? take_element(document, value, error)
			       : report_undecodable(document, NULL, "", reason, error);
	json_decref(value);
	return status;
}

static int end_key(struct swk_document *document, struct swk_error *error)
{
	char reason[JSON_ERROR_TEXT_LENGTH];
	json_t *value;
	int status = decode(document, &value, reason, error);

	document->key[0] = '\0';
	if (status)
		return status;
	if (value && strlen(json_string_value(value)) != json_string_length(value))
		(void)snprintf(reason, sizeof(reason), "its name contains a NUL byte");
	else if (value && json_string_length(value) >= sizeof(document->key))
		(void)snprintf(reason, sizeof(reason), "its name is too long");
	else if (value && !json_string_length(value))
		(void)snprintf(reason, sizeof(reason), "its name is empty");
	else if (value)
		(void)snprintf(document->key, sizeof(document->key), "%s",
			       json_string_value(value));
	if (!*document->key && document->sink->undecodable)
		status = document->sink->undecodable(document->sink->context, NULL,
						     "a service in the list", reason, error);
	json_decref(value);
	return status;
}

static int end_value(struct swk_document *document, struct swk_error *error)
{
	char reason[JSON_ERROR_TEXT_LENGTH];
	json_t *value;
	int status = decode(document, &value, reason, error);

	/* Tags that can't be decoded don't matter: only the name is passed on. */
	if (!status)
		status = take_member(document, error);
	json_decref(value);
	return status;
}

/* ---- the document ---- */

static int take(void *context, enum swk_stream_part part, struct swk_error *error)
{
	switch (part) {
	case SWK_STREAM_KEY:
		return end_key(context, error);
	case SWK_STREAM_VALUE:
		return end_value(context, error);
	default:
		return end_element(context, error);
	}
}

int swk_document_open(struct swk_document **document, const struct swk_document_sink *sink,
		      struct swk_error *error)
{
	struct swk_document *this = calloc(1, sizeof(*this));

	*document = this;
	if (!this)
		return swk_error_memory(error);
	this->sink = sink;
	swk_buffer_init(&this->trimmed, SWK_ELEMENT_MAX);
	swk_stream_init(&this->stream);
	this->stream.take = take;
	this->stream.context = this;
	this->stream.null_allowed = takes_keys(sink);
	this->stream.accepted = accepted(sink);
	return 0;
}

void swk_document_close(struct swk_document *document)
{
	if (!document)
		return;
	swk_stream_free(&document->stream);
	swk_buffer_free(&document->trimmed);
	swk_decoder_free(&document->decoder);
	free(document);
}

int swk_document_feed(struct swk_document *document, const char *data, size_t length,
		      struct swk_error *error)
{
	int status;

	swk_json_memory_begin();
	status = swk_stream_feed(&document->stream, data, length, error);
	swk_json_memory_end();
	return status;
}

int swk_document_end(const struct swk_document *document, enum swk_document_kind *kind,
		     struct swk_error *error)
{
	const struct swk_stream *stream = &document->stream;

	if (!stream->begun)
		return swk_error_set(error, SWK_DATA, "the document is empty; %s",
				     stream->accepted);
	if (!stream->ended)
		return swk_error_set(error, SWK_DATA,
				     "line %zu: the document is cut off after %zu bytes and %zu "
				     "complete elements",
				     stream->line, stream->length, stream->number);
	if (!document->known && !stream->object && stream->number)
		return swk_error_set(
			error, SWK_DATA,
			"none of the array's %zu elements is an instance or a check; %s",
			stream->number, stream->accepted);
	*kind = stream->object	  ? SWK_DOCUMENT_SERVICES
		: document->known ? document->kind
				  : SWK_DOCUMENT_NOTHING;
	return 0;
}

int swk_document_read(struct swk_document *document, int descriptor, int64_t deadline,
		      enum swk_document_kind *kind, struct swk_error *error)
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
			swk_error_set(error, SWK_DATA,
				      "standard input did not end within --timeout");
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
			(void)swk_document_feed(document, data, (size_t)length, error);
	}
	free(data);
	return error->status ? error->status : swk_document_end(document, kind, error);
}
