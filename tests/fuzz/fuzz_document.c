/* SPDX-License-Identifier: MIT */
/* The decoder of Consul's documents, with any input. The bounds of its pieces must not matter, and
 * what is accepted must be JSON. */
#include "fuzz.h"

#include <jansson.h>

#include "consul/document.h"

/* A record of everything that a decoder passes on. */
struct record {
	struct swk_buffer text;
	size_t undecodable;
	int status;
	enum swk_document_kind kind;
	struct swk_error error;
};

/* Records a text after its length, so that different texts give different records. */
static int record_text(struct record *record, const char *text, struct swk_error *error)
{
	return text ? swk_buffer_print(&record->text, error, "%zu:%s,", strlen(text), text)
		    : swk_buffer_print(&record->text, error, "-,");
}

static int record_tagged(struct record *record, const struct swk_tagged *list, size_t count,
			 struct swk_error *error)
{
	int status = swk_buffer_print(&record->text, error, "%zu addresses ", count);

	for (size_t i = 0; !status && i < count; i++) {
		status = record_text(record, list[i].name, error);
		if (!status)
			status = record_text(record, list[i].address, error);
		if (!status)
			status = swk_buffer_print(&record->text, error, "%a,", list[i].port);
	}
	return status;
}

static int record_pairs(struct record *record, const struct swk_pair *list, size_t count,
			struct swk_error *error)
{
	int status = swk_buffer_print(&record->text, error, "%zu pairs ", count);

	for (size_t i = 0; !status && i < count; i++) {
		fuzz_require(list[i].name && list[i].value, "a pair without a text");
		status = record_text(record, list[i].name, error);
		if (!status)
			status = record_text(record, list[i].value, error);
	}
	return status;
}

static int instance(void *context, const struct swk_instance *this, struct swk_error *error)
{
	struct record *record = context;
	const char *const texts[] = {this->service, this->id, this->node, this->address,
				     this->node_address};
	int status = swk_buffer_print(&record->text, error, "\ninstance %zu %a %d %d %d %d %u %u ",
				      this->number, this->port, (int)this->health,
				      this->maintenance, this->checked, this->proxy,
				      this->weight_passing, this->weight_warning);

	fuzz_require(*this->service, "an instance of no service");
	fuzz_require(this->weight_passing >= 1 && this->weight_passing <= SWK_WEIGHT_MAX &&
			     this->weight_warning <= SWK_WEIGHT_MAX,
		     "weights %u and %u", this->weight_passing, this->weight_warning);
	for (size_t i = 0; !status && i < sizeof(texts) / sizeof(*texts); i++)
		status = record_text(record, texts[i], error);
	for (size_t i = 0; !status && i < this->tag_count; i++)
		status = record_text(record, this->tags[i], error);
	if (!status)
		status = record_tagged(record, this->tagged, this->tagged_count, error);
	if (!status)
		status = record_tagged(record, this->node_tagged, this->node_tagged_count, error);
	return status ? status : record_pairs(record, this->meta, this->meta_count, error);
}

static int key(void *context, const struct swk_key *this, struct swk_error *error)
{
	struct record *record = context;
	int status = swk_buffer_words(&record->text, error, SWK_WORDS("\nkey "));

	fuzz_require(*this->key, "a key without a name");
	fuzz_require(!this->trouble || !this->value_count, "values of an unusable key");
	if (!status)
		status = record_text(record, this->key, error);
	if (!status)
		status = record_text(record, this->trouble, error);
	return status ? status : record_pairs(record, this->values, this->value_count, error);
}

/* Records a check of a document, or of the instance that follows. */
static int check(void *context, const struct swk_check *this, struct swk_error *error)
{
	struct record *record = context;
	const char *const texts[] = {this->node, this->id, this->service_id, this->service,
				     this->status};
	int status = swk_buffer_print(&record->text, error, "\ncheck %a %d %d ", this->index,
				      this->of_node, this->readable);

	fuzz_require(!this->readable || (*this->node && *this->id && *this->status &&
					 (this->of_node || *this->service)),
		     "a check of nothing");
	for (size_t i = 0; !status && i < sizeof(texts) / sizeof(*texts); i++)
		status = record_text(record, texts[i], error);
	return status;
}

static int service(void *context, const char *name, struct swk_error *error)
{
	struct record *record = context;
	int status = swk_buffer_print(&record->text, error, "\nservice ");

	fuzz_require(*name, "a service without a name");
	return status ? status : record_text(record, name, error);
}

static int undecodable(void *context, const char *name, const char *what, const char *reason,
		       struct swk_error *error)
{
	struct record *record = context;
	int status = swk_buffer_print(&record->text, error, "\nunreadable ");

	record->undecodable++;
	if (!status)
		status = record_text(record, name, error);
	if (!status)
		status = record_text(record, what, error);
	return status ? status : record_text(record, reason, error);
}

/* Decodes a document in pieces of a size, after a first piece of `first` bytes. */
static void decode(struct record *record, const char *data, size_t size, size_t first, size_t piece)
{
	const struct swk_document_sink sink = {.context = record,
					       .tagged = size % 2,
					       .instance = instance,
					       .service = service,
					       .key = key,
					       .check = check,
					       .instance_check = check,
					       .undecodable = undecodable};
	struct swk_document *document;
	size_t length = first;

	*record = (struct record){0};
	swk_buffer_init(&record->text, SIZE_MAX / 2);
	fuzz_done(swk_document_open(&document, &sink, &record->error), &record->error, "opening");
	for (size_t at = 0; !record->status && at < size; at += length, length = piece) {
		char *copy;

		if (length > size - at)
			length = size - at;
		/* A copy for each piece, so that a read beyond it is out of bounds. */
		copy = malloc(length ? length : 1);
		if (!copy)
			abort();
		memcpy(copy, data + at, length);
		record->status = swk_document_feed(document, copy, length, &record->error);
		free(copy);
	}
	if (!record->status)
		record->status = swk_document_end(document, &record->kind, &record->error);
	swk_document_close(document);
	fuzz_require(record->status == record->error.status, "status %d with error %d",
		     record->status, record->error.status);
	fuzz_require(!record->status || record->status == SWK_DATA, "status %d: %s", record->status,
		     record->error.text);
}

static void compare(const struct record *whole, const struct record *pieces, size_t first)
{
	fuzz_require(whole->status == pieces->status && whole->kind == pieces->kind,
		     "split at %zu: status %d became %d", first, whole->status, pieces->status);
	fuzz_require(!strcmp(whole->error.text, pieces->error.text),
		     "split at %zu: '%s' became '%s'", first, whole->error.text,
		     pieces->error.text);
	fuzz_require(whole->text.length == pieces->text.length &&
			     (!whole->text.length ||
			      !memcmp(whole->text.data, pieces->text.data, whole->text.length)),
		     "split at %zu:%s\nbecame%s", first, whole->text.data ? whole->text.data : "",
		     pieces->text.data ? pieces->text.data : "");
}

static bool is_syntax(const json_error_t *failure)
{
	switch (json_error_code(failure)) {
	case json_error_invalid_syntax: /* also for a lone surrogate, which is valid JSON but not
					   UTF-8 */
		return strncmp(failure->text, "invalid Unicode", 15) != 0;
	case json_error_premature_end_of_input:
	case json_error_end_of_input_expected:
		return true;
	default:
		return false;
	}
}

/* Another parser must accept what was accepted as a whole. */
static void check_json(const struct record *record, const char *data, size_t size)
{
	json_error_t failure;
	json_t *value;

	if (record->status || record->undecodable)
		return;
	value = json_loadb(data, size, JSON_DECODE_ANY | JSON_ALLOW_NUL | JSON_DECODE_INT_AS_REAL,
			   &failure);
	fuzz_require(value || !is_syntax(&failure), "accepted, but not JSON: %s at %d",
		     failure.text, failure.position);
	json_decref(value);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	const char *text = (const char *)data;
	struct record whole, pieces;
	uint32_t hash = 2166136261U;
	size_t first;

	for (size_t i = 0; i < size; i++)
		hash = (hash ^ data[i]) * 16777619U;
	first = hash % (size + 1);
	decode(&whole, text, size, size, 1);
	decode(&pieces, text, size, first, size);
	compare(&whole, &pieces, first);
	swk_buffer_free(&pieces.text);
	if (size <= 256) {
		decode(&pieces, text, size, 1, 1);
		compare(&whole, &pieces, 1);
		swk_buffer_free(&pieces.text);
	}
	check_json(&whole, text, size);
	swk_buffer_free(&whole.text);
	return 0;
}
