/* SPDX-License-Identifier: MIT */
/* For the tests of Consul's documents: a sink that records what it gets as text, so that a case is
 * a row of a document and its record. */
#ifndef SWK_UNIT_DOCUMENT_H
#define SWK_UNIT_DOCUMENT_H

#include "unit.h"

#include "consul/document.h"

/* ---- a recording sink ---- */

static const char *const healths[] = {"passing", "warning", "critical"};

static inline void write_tagged(void *context, const char *title, const struct swk_tagged *list,
				size_t count, struct swk_error *error)
{
	for (size_t i = 0; i < count; i++)
		(void)swk_buffer_print(context, error, " %s:%s=%s:%.17g", title, list[i].name,
				       list[i].address, list[i].port);
}

static inline void write_pairs(void *context, const struct swk_pair *list, size_t count,
			       struct swk_error *error)
{
	for (size_t i = 0; i < count; i++)
		(void)swk_buffer_print(context, error, " %s=%s", list[i].name, list[i].value);
}

/* Does not record what most instances of these tests have in common. */
static inline void write_more(void *context, const struct swk_instance *instance,
			      struct swk_error *error)
{
	if (*instance->address && strcmp(instance->node_address, "10.0.0.9") != 0)
		(void)swk_buffer_print(context, error, " node=%s", instance->node_address);
	for (size_t i = 0; i < instance->port_count; i++)
		(void)swk_buffer_print(context, error, " port:%s=%.17g", instance->ports[i].name,
				       instance->ports[i].port);
	write_tagged(context, "tagged", instance->tagged, instance->tagged_count, error);
	write_tagged(context, "node", instance->node_tagged, instance->node_tagged_count, error);
	write_pairs(context, instance->meta, instance->meta_count, error);
	if (instance->weight_passing != 1 || instance->weight_warning != 1)
		(void)swk_buffer_print(context, error, " weights=%u,%u", instance->weight_passing,
				       instance->weight_warning);
	if (*instance->datacenter)
		(void)swk_buffer_print(context, error, " in=%s", instance->datacenter);
	if (*instance->peer)
		(void)swk_buffer_print(context, error, " from=%s", instance->peer);
	if (instance->maintenance)
		(void)swk_buffer_print(context, error, " maintenance");
	if (instance->checked)
		(void)swk_buffer_print(context, error, " checked");
}

static inline int write_instance(void *context, const struct swk_instance *instance,
				 struct swk_error *error)
{
	(void)swk_buffer_print(context, error, "instance %zu %s %s@%s %s:%.17g", instance->number,
			       instance->service, instance->id, instance->node,
			       *instance->address ? instance->address : instance->node_address,
			       instance->port);
	for (size_t i = 0; i < instance->tag_count; i++)
		(void)swk_buffer_print(context, error, " [%s]", instance->tags[i]);
	write_more(context, instance, error);
	return swk_buffer_print(context, error, " %s%s%s\n", healths[instance->health],
				instance->proxy ? " proxy" : "", instance->native ? " native" : "");
}

static inline int write_service(void *context, const char *name, struct swk_error *error)
{
	return swk_buffer_print(context, error, "service %s\n", name);
}

static inline int write_key(void *context, const struct swk_key *key, struct swk_error *error)
{
	(void)swk_buffer_print(context, error, "key %s", key->key);
	write_pairs(context, key->values, key->value_count, error);
	return swk_buffer_print(context, error, "%s%s\n", key->trouble ? ": " : "",
				key->trouble ? key->trouble : "");
}

static inline int write_unreadable(void *context, const char *service, const char *what,
				   const char *reason, struct swk_error *error)
{
	return swk_buffer_print(context, error, "unreadable %s: %s: %s\n",
				service ? service : "(unknown)", what, reason);
}

/* ---- reading a document ---- */

struct reading {
	struct swk_buffer record;
	struct swk_document_sink sink;
	struct swk_document *document;
	struct swk_error error;
};

/* Whether the sink accepts keys. */
enum keys { NO_KEYS, KEYS };

static inline void begin(struct reading *reading, enum keys keys)
{
	*reading = (struct reading){.sink = {.context = &reading->record,
					     .tagged = true,
					     .instance = write_instance,
					     .service = write_service,
					     .undecodable = write_unreadable,
					     .key = keys == KEYS ? write_key : NULL}};
	swk_buffer_init(&reading->record, SIZE_MAX / 2);
	(void)swk_buffer_add(&reading->record, "", 0, &reading->error);
	assert_int_equal(swk_document_open(&reading->document, &reading->sink, &reading->error), 0);
}

/* Passes the bytes in memory of their exact length, so that a memory checker sees reads beyond
 * it. */
static inline void feed(struct reading *reading, const char *data, size_t length)
{
	char *copy = malloc(length + 1);

	assert_non_null(copy);
	memcpy(copy + 1, data, length);
	if (!reading->error.status) {
		int status =
			swk_document_feed(reading->document, copy + 1, length, &reading->error);

		assert_int_equal(status, reading->error.status);
	}
	free(copy);
}

/* Ends the document. Returns the record with the result at its end; the caller frees it. */
static inline char *end(struct reading *reading)
{
	static const char *const kinds[] = {"nothing", "service", "services", "checks", "keys"};
	struct swk_error ignored = {0};
	enum swk_document_kind kind;

	if (!reading->error.status && !swk_document_end(reading->document, &kind, &reading->error))
		(void)swk_buffer_print(&reading->record, &ignored, "ended: %s\n", kinds[kind]);
	else
		(void)swk_buffer_print(&reading->record, &ignored, "refused %d: %s\n",
				       reading->error.status, reading->error.text);
	swk_document_close(reading->document);
	return reading->record.data;
}

static inline char *read_either(const char *text, size_t length, enum keys keys)
{
	struct reading reading;

	begin(&reading, keys);
	feed(&reading, text, length);
	return end(&reading);
}

static inline char *read_document(const char *text, size_t length)
{
	return read_either(text, length, NO_KEYS);
}

/* ---- documents ---- */

#define NODE "\"Node\":{\"Node\":\"n1\",\"Address\":\"10.0.0.9\"}"
#define SERVICE(members) "\"Service\":{" members "}"
#define WEB "\"ID\":\"w1\",\"Service\":\"web\",\"Address\":\"10.0.0.1\",\"Port\":80"
#define PASSING "\"Checks\":[{\"Status\":\"passing\"}]"
#define INSTANCE "{" NODE "," SERVICE(WEB) "," PASSING "}"
#define CHECKS(checks) "\"Checks\":[" checks "]}"
#define CHECK(id, status, service)                                                                 \
	"{\"CheckID\":\"" id "\",\"Status\":\"" status "\",\"ServiceID\":\"" service "\"}"
#define OF(health, more) "instance 0 web w1@n1 10.0.0.1:80" more " " health "\n"
#define GOOD(number) "instance " #number " web w1@n1 10.0.0.1:80 passing\n"

struct document {
	const char *text;
	const char *record; /* the whole record; for a refused document, the start of its end */
};

static inline void good(const struct document *document, enum keys keys)
{
	char *record = read_either(document->text, strlen(document->text), keys);

	unit_same(document->text, record, document->record);
	free(record);
}

static inline void bad(const struct document *document, enum keys keys)
{
	char *record = read_either(document->text, strlen(document->text), keys);

	unit_says(document->text, record, document->record ? document->record : "refused 65");
	free(record);
}

/* The record does not depend on where pieces end. */
static inline void split_anywhere(const char *text, enum keys keys)
{
	size_t length = strlen(text);
	char *whole = read_either(text, length, keys), *parted;
	struct reading reading;

	for (size_t first = 0; first <= length; first++) {
		begin(&reading, keys);
		feed(&reading, text, first);
		feed(&reading, text + first, length - first);
		parted = end(&reading);
		unit_same(text, parted, whole);
		free(parted);
	}
	begin(&reading, keys);
	for (size_t i = 0; i < length; i++)
		feed(&reading, text + i, 1);
	parted = end(&reading);
	unit_same(text, parted, whole);
	free(parted);
	free(whole);
}

/* A truncated document is refused wherever it ends. */
static inline void cut_short(const char *text, enum keys keys)
{
	size_t length = strlen(text);

	while (length && strchr(" \t\r\n", text[length - 1]))
		length--;
	while (length--) {
		char *record = read_either(text, length, keys);

		unit_says(text, record, "refused 65: ");
		free(record);
	}
}

/* ---- checks ---- */

static inline int write_check(void *context, const struct swk_check *check, struct swk_error *error)
{
	return swk_buffer_print(context, error, "check %s/%s/%s of %s%s: %s at %.17g%s\n",
				check->node, check->id, check->service_id, check->service,
				check->of_node ? " (node)" : "", check->status, check->index,
				check->readable ? "" : " unreadable");
}

static inline int name_instance(void *context, const struct swk_instance *instance,
				struct swk_error *error)
{
	return swk_buffer_print(context, error, "instance %s\n", instance->id);
}

/* The record of a document's checks, or of its instances' checks; the caller frees it. */
static inline char *read_checks_of(const char *text, bool of_instances)
{
	struct reading reading;

	begin(&reading, NO_KEYS);
	reading.sink = (struct swk_document_sink){.context = &reading.record,
						  .tagged = true,
						  .instance = name_instance,
						  .undecodable = write_unreadable};
	if (of_instances)
		reading.sink.instance_check = write_check;
	else
		reading.sink.check = write_check;
	feed(&reading, text, strlen(text));
	return end(&reading);
}

#define STATE_OF(more) "{\"Node\": \"n\", \"CheckID\": \"c\", \"Status\": \"passing\"" more "}"

#endif
