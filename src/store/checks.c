/* SPDX-License-Identifier: MIT */
#include "store/checks.h"

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/hash.h"
#include "model/terms.h"
#include "store/lines.h"

static const char head[] = "swk-apply checks 1";

/* ---- sums of hashes ---- */

void swk_tallies_free(struct swk_tallies *tallies)
{
	free(tallies->list);
	*tallies = (struct swk_tallies){0};
}

int swk_tallies_add(struct swk_tallies *tallies, uint64_t key, uint64_t number,
		    struct swk_error *error)
{
	struct swk_tally *list = swk_list_grow(tallies->list, tallies->count, sizeof(*list));

	if (!list)
		return swk_error_memory(error);
	tallies->list = list;
	list[tallies->count++] = (struct swk_tally){key, number, 1};
	return 0;
}

static int compare_tallies(const void *a, const void *b)
{
	const struct swk_tally *x = a, *y = b;

	return (x->key > y->key) - (x->key < y->key);
}

void swk_tallies_close(struct swk_tallies *tallies)
{
	struct swk_tally *list = tallies->list;
	size_t last = 0;

	if (!tallies->count)
		return;
	qsort(list, tallies->count, sizeof(*list), compare_tallies);
	for (size_t i = 1; i < tallies->count; i++) {
		if (list[i].key != list[last].key) {
			list[++last] = list[i];
			continue;
		}
		list[last].sum += list[i].sum;
		list[last].count += list[i].count;
	}
	tallies->count = last + 1;
}

struct swk_tally swk_tallies_of(const struct swk_tallies *tallies, uint64_t key)
{
	const struct swk_tally sought = {.key = key}, *found = NULL;

	if (tallies->count)
		found = bsearch(&sought, tallies->list, tallies->count, sizeof(sought),
				compare_tallies);
	return found ? *found : sought;
}

uint64_t swk_checks_service(const char *name)
{
	return swk_hash_end(swk_hash_text(swk_hash_text(SWK_HASH_START, "service"), name));
}

uint64_t swk_checks_node(const char *name)
{
	static const char lower[] = "abcdefghijklmnopqrstuvwxyz";
	uint64_t hash = swk_hash_text(SWK_HASH_START, "node");

	for (; *name; name++) {
		bool upper = *name >= 'A' && *name <= 'Z';

		hash = upper ? swk_hash_bytes(hash, &lower[*name - 'A'], 1)
			     : swk_hash_bytes(hash, name, 1);
	}
	return swk_hash_end(hash);
}

uint64_t swk_checks_number(const struct swk_check *check)
{
	uint64_t hash = swk_hash_text(SWK_HASH_START, check->node);

	hash = swk_hash_text(hash, check->id);
	hash = swk_hash_text(hash, check->service_id);
	hash = swk_hash_text(hash, check->status);
	return swk_hash_end(swk_hash_bytes(hash, &check->index, sizeof(check->index)));
}

/* ---- entries ---- */

void swk_checks_free(struct swk_checks *checks)
{
	for (size_t i = 0; i < checks->count; i++) {
		free(checks->list[i].service);
		free(checks->list[i].nodes);
	}
	free(checks->list);
	*checks = (struct swk_checks){0};
}

static int service_order(const char *key, const void *item)
{
	return strcmp(key, ((const struct swk_checks_entry *)item)->service);
}

struct swk_checks_entry *swk_checks_find(const struct swk_checks *checks, const char *service)
{
	bool found;
	size_t place = swk_list_place(checks->list, checks->count, sizeof(*checks->list), service,
				      service_order, &found);

	return found ? &checks->list[place] : NULL;
}

struct swk_checks_entry *swk_checks_add(struct swk_checks *checks, const char *service,
					struct swk_error *error)
{
	struct swk_checks_entry *list = swk_list_grow(checks->list, checks->count, sizeof(*list));
	char *copy = NULL;

	if (list) {
		checks->list = list;
		copy = strdup(service);
	}
	if (!copy) {
		(void)swk_error_memory(error);
		return NULL;
	}
	list[checks->count] = (struct swk_checks_entry){.service = copy};
	return &list[checks->count++];
}

int swk_checks_set(struct swk_checks_entry *entry, uint64_t own, struct swk_tallies *nodes,
		   struct swk_error *error)
{
	entry->checks = own;
	entry->nodes = reallocarray(NULL, nodes->count + 1, sizeof(*entry->nodes));
	if (!entry->nodes)
		return swk_error_memory(error);
	if (nodes->count)
		qsort(nodes->list, nodes->count, sizeof(*nodes->list), compare_tallies);
	for (size_t i = 0; i < nodes->count; i++) {
		/* The answer has a node's checks with each of its instances. */
		if (i && nodes->list[i].key == nodes->list[i - 1].key)
			continue;
		entry->checks += nodes->list[i].sum;
		entry->nodes[entry->node_count++] = nodes->list[i].key;
	}
	return 0;
}

bool swk_checks_same(const struct swk_checks_entry *entry, const struct swk_tallies *document,
		     const struct swk_tallies *blocks)
{
	const uint64_t service = swk_checks_service(entry->service);
	uint64_t checks = swk_tallies_of(document, service).sum;

	for (size_t i = 0; i < entry->node_count; i++)
		checks += swk_tallies_of(document, entry->nodes[i]).sum;
	return checks == entry->checks && swk_tallies_of(blocks, service).sum == entry->blocks;
}

/* ---- as text ---- */

enum { DIGITS = 16 };

static int add_node(struct swk_buffer *out, uint64_t key, struct swk_error *error)
{
	char line[sizeof("node \n") + DIGITS];
	int length = snprintf(line, sizeof(line), "node %016" PRIx64 "\n", key);

	return swk_buffer_add(out, line, (size_t)length, error);
}

int swk_checks_write(struct swk_buffer *out, const struct swk_checks *checks,
		     struct swk_error *error)
{
	int status = swk_buffer_print(out, error, "%s\nsettings %016" PRIx64 "\n", head,
				      checks->settings);

	for (size_t i = 0; !status && i < checks->count; i++) {
		const struct swk_checks_entry *entry = &checks->list[i];

		status = swk_buffer_print(
			out, error, "service %016" PRIx64 " %016" PRIx64 " %016" PRIx64 " %s\n",
			entry->checks, entry->blocks, entry->answer, entry->service);
		for (size_t j = 0; !status && j < entry->node_count; j++)
			status = add_node(out, entry->nodes[j], error);
	}
	return status ? status : swk_buffer_print(out, error, "end\n");
}

/* Reads a number of 16 digits that `stop` follows. Moves *text past `stop`. */
static bool read_sum(const char **text, char stop, uint64_t *number)
{
	if (strspn(*text, "0123456789abcdef") != DIGITS || (*text)[DIGITS] != stop)
		return false;
	*number = strtoull(*text, NULL, 16);
	*text += DIGITS + (stop ? 1 : 0);
	return true;
}

struct reading {
	struct swk_checks *checks;
	bool settings_read;
	struct swk_error *error;
};

static bool read_service(struct reading *reading, const char *text)
{
	struct swk_checks *checks = reading->checks;
	uint64_t own, blocks, answer;
	struct swk_checks_entry *entry;

	if (!read_sum(&text, ' ', &own) || !read_sum(&text, ' ', &blocks) ||
	    !read_sum(&text, ' ', &answer) || !swk_name_valid(text) ||
	    (checks->count && strcmp(checks->list[checks->count - 1].service, text) >= 0))
		return false;
	entry = swk_checks_add(checks, text, reading->error);
	if (entry) {
		entry->checks = own;
		entry->blocks = blocks;
		entry->answer = answer;
	}
	return true;
}

static bool read_node(struct reading *reading, const char *text)
{
	struct swk_checks *checks = reading->checks;
	struct swk_checks_entry *entry = checks->count ? &checks->list[checks->count - 1] : NULL;
	uint64_t key, *nodes;

	if (!entry || !read_sum(&text, '\0', &key) ||
	    (entry->node_count && entry->nodes[entry->node_count - 1] >= key))
		return false;
	nodes = swk_list_grow(entry->nodes, entry->node_count, sizeof(*nodes));
	if (!nodes) {
		(void)swk_error_memory(reading->error);
		return true;
	}
	entry->nodes = nodes;
	nodes[entry->node_count++] = key;
	return true;
}

static bool read_line(void *context, const char *line)
{
	struct reading *reading = context;
	const char *words = line + strcspn(line, " ");

	words += *words == ' ';
	if (!reading->settings_read)
		return reading->settings_read = !strncmp(line, "settings ", 9) &&
						read_sum(&words, '\0', &reading->checks->settings);
	if (!strncmp(line, "service ", 8))
		return read_service(reading, words);
	return !strncmp(line, "node ", 5) && read_node(reading, words);
}

int swk_checks_read(struct swk_checks *checks, const char *text, size_t length, size_t *damaged,
		    struct swk_error *error)
{
	struct reading reading = {.checks = checks, .error = error};

	*damaged = swk_lines_read(text, length, head, read_line, NULL, &reading, error);
	/* The text ends without a line `settings`, which must be the second. */
	if (!*damaged && !reading.settings_read && !error->status)
		*damaged = 2;
	if (*damaged || error->status)
		swk_checks_free(checks);
	return error->status;
}
