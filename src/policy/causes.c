/* SPDX-License-Identifier: MIT */
#include "policy/causes.h"

#include <stdlib.h>
#include <string.h>

#include "base/hash.h"

/* The tag of the lines that have no upstream, and the one of a line that ends all before it. */
#define NONE 0
#define FORGOTTEN 1

static uint64_t hash_source(enum swk_source_kind kind, const char *name)
{
	return swk_hash_end(swk_hash_text(SWK_HASH_START + kind, name));
}

static uint64_t hash_tag(const char *tag)
{
	return swk_hash_end(swk_hash_text(SWK_HASH_START, tag));
}

static uint64_t hash_server(const struct swk_server *server)
{
	const uint64_t start = SWK_HASH_START + server->port + ((uint64_t)server->v6 << 32);

	return swk_hash_end(server->host ? swk_hash_text(start, server->host)
					 : swk_hash_bytes(start, server->ip, server->v6 ? 16 : 4));
}

static void append(struct swk_causes *causes, const struct swk_cause *cause)
{
	struct swk_cause *list = swk_list_grow(causes->list, causes->count, sizeof(*list));

	if (list)
		causes->list = list;
	causes->incomplete |= !list;
	if (causes->incomplete)
		return;
	list[causes->count] = *cause;
	list[causes->count].order = (uint32_t)causes->count;
	causes->count++;
	causes->sorted = false;
}

/* Appends three texts, each with its NUL. Nothing shows more of one than a message has room for. */
static void add_texts(struct swk_causes *causes, const char *const texts[3])
{
	struct swk_buffer *to = &causes->texts;
	struct swk_error ignored = {0};

	if (swk_buffer_reserve(to, 3UL * SWK_TEXT_MAX, &ignored)) {
		causes->incomplete = true;
		return;
	}
	for (size_t i = 0; i < 3; i++) {
		const size_t length = texts[i] ? strnlen(texts[i], SWK_TEXT_MAX - 1) : 0;

		if (length)
			memcpy(to->data + to->length, texts[i], length);
		to->data[to->length + length] = '\0';
		to->length += length + 1;
	}
}

void swk_causes_add(struct swk_causes *causes, const struct swk_decision *decision,
		    const struct swk_server *server)
{
	struct swk_cause cause;

	if (!causes)
		return;
	if (!causes->texts.ceiling)
		swk_buffer_init(&causes->texts, SWK_CAUSES_MAX + 3UL * SWK_TEXT_MAX);
	causes->incomplete |= causes->texts.length > SWK_CAUSES_MAX;
	if (causes->incomplete)
		return;
	cause = (struct swk_cause){
		.source = hash_source(decision->source.kind, decision->source.name),
		.subject = server ? hash_server(server) : 0,
		.tag = decision->source.tag ? hash_tag(decision->source.tag) : NONE,
		.text = (uint32_t)causes->texts.length,
		.kind = decision->source.kind,
		.served = decision->outcome == SWK_OUTCOME_SERVED ||
			  decision->outcome == SWK_OUTCOME_SERVED_DOWN};
	add_texts(causes,
		  (const char *const[]){decision->instance, decision->node, decision->reason});
	append(causes, &cause);
}

static void forget_kind(struct swk_causes *causes, enum swk_source_kind kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < causes->count; i++) {
		if (causes->list[i].kind != kind)
			causes->list[kept++] = causes->list[i];
	}
	causes->count = kept;
}

void swk_causes_forget(struct swk_causes *causes, enum swk_source_kind kind, const char *name)
{
	const struct swk_cause end = {
		.source = name ? hash_source(kind, name) : 0, .tag = FORGOTTEN, .kind = kind};

	if (causes && causes->count && name)
		append(causes, &end);
	else if (causes && causes->count)
		forget_kind(causes, kind);
}

void swk_causes_free(struct swk_causes *causes)
{
	free(causes->list);
	swk_buffer_free(&causes->texts);
	*causes = (struct swk_causes){0};
}

/* ---- finding ---- */

static int compare(uint64_t a, uint64_t b)
{
	return (a > b) - (a < b);
}

static int compare_orders(const void *a, const void *b)
{
	const struct swk_cause *x = a, *y = b;
	int order = compare(x->source, y->source);

	return order ? order : compare(x->order, y->order);
}

static int compare_subjects(const void *a, const void *b)
{
	const struct swk_cause *x = a, *y = b;
	int order = compare(x->source, y->source);

	if (!order)
		order = compare(x->subject, y->subject);
	return order ? order : compare(x->order, y->order);
}

/* Removes what was forgotten. The list is sorted by service, then by order. */
static void drop_forgotten(struct swk_causes *causes)
{
	size_t kept = 0, first = 0;

	for (size_t i = 0; i < causes->count; i++) {
		const struct swk_cause *this = &causes->list[i];

		if (!i || this->source != causes->list[i - 1].source)
			first = kept;
		if (this->tag == FORGOTTEN)
			kept = first;
		else
			causes->list[kept++] = *this;
	}
	causes->count = kept;
}

/* A run looks for causes only if something changed, so they are sorted late. */
static void sort(struct swk_causes *causes)
{
	if (causes->sorted || !causes->count)
		return;
	qsort(causes->list, causes->count, sizeof(*causes->list), compare_orders);
	drop_forgotten(causes);
	if (causes->count)
		qsort(causes->list, causes->count, sizeof(*causes->list), compare_subjects);
	causes->sorted = true;
}

/* The first of the causes with this service and subject; *count becomes their number. */
static const struct swk_cause *find(struct swk_causes *causes, uint64_t source, uint64_t subject,
				    size_t *count)
{
	size_t low = 0, high, middle;

	*count = 0;
	sort(causes);
	for (high = causes->count; low < high;) {
		const struct swk_cause *this = &causes->list[middle = low + (high - low) / 2];
		int order = compare(this->source, source);

		if (!order)
			order = compare(this->subject, subject);
		if (order < 0)
			low = middle + 1;
		else
			high = middle;
	}
	for (size_t i = low; i < causes->count && causes->list[i].source == source &&
			     causes->list[i].subject == subject;
	     i++)
		++*count;
	return *count ? &causes->list[low] : NULL;
}

static void show(const struct swk_causes *causes, const struct swk_cause *cause, bool same_tag,
		 struct swk_cause_found *found)
{
	found->instance = causes->texts.data + cause->text;
	found->node = found->instance + strlen(found->instance) + 1;
	found->reason = found->node + strlen(found->node) + 1;
	found->served = cause->served && same_tag;
}

bool swk_causes_find_server(struct swk_causes *causes, const struct swk_source *source,
			    const struct swk_server *server, bool served,
			    struct swk_cause_found *found)
{
	const uint64_t tag = hash_tag(source->tag);
	int best = 0;
	size_t count;
	const struct swk_cause *list =
		find(causes, hash_source(source->kind, source->name), hash_server(server), &count);

	for (size_t i = 0; i < count; i++) {
		const bool same = list[i].tag == tag;
		const int rank = 1 + 2 * same + ((list[i].served && same) == served);

		if (rank <= best)
			continue;
		best = rank;
		show(causes, &list[i], same, found);
	}
	return best;
}

/* Finds a cause without a server: of the upstream with this tag, or of none. */
static bool find_tagged(struct swk_causes *causes, const struct swk_source *source, uint64_t tag,
			struct swk_cause_found *found)
{
	size_t count;
	const struct swk_cause *list =
		find(causes, hash_source(source->kind, source->name), 0, &count);

	/* The last one counts: a name may be lost after the upstream was decided about. */
	while (count && list[count - 1].tag != tag)
		count--;
	if (count)
		show(causes, &list[count - 1], true, found);
	return count;
}

bool swk_causes_find_upstream(struct swk_causes *causes, const struct swk_source *source,
			      struct swk_cause_found *found)
{
	return find_tagged(causes, source, hash_tag(source->tag), found);
}

bool swk_causes_find_other(struct swk_causes *causes, const struct swk_source *source,
			   struct swk_cause_found *found)
{
	return find_tagged(causes, source, NONE, found);
}
