/* SPDX-License-Identifier: MIT */
#include "view/page/items.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

void swk_page_items_free(struct swk_page_items *items)
{
	free(items->list);
	free(items->rows);
	free(items->instances);
	free(items->sinces);
	*items = (struct swk_page_items){0};
}

/* qsort takes no empty list. */
static void sort(void *list, size_t count, size_t size,
		 int (*order)(const void *one, const void *other))
{
	if (count)
		qsort(list, count, size, order);
}

/* ---- upstreams ---- */

static int compare_rows(const void *one, const void *other)
{
	const struct swk_page_row *a = one, *b = other;
	int order = strcasecmp(a->row->upstream, b->row->upstream);

	if (order)
		return order;
	return (a->target > b->target) - (a->target < b->target);
}

static int collect_rows(struct swk_page_items *items, const struct swk_survey *survey,
			size_t *count, struct swk_error *error)
{
	size_t all = 0;

	*count = 0;
	for (size_t i = 0; i < survey->target_count; i++)
		all += survey->targets[i].count;
	items->rows = reallocarray(NULL, all + 1, sizeof(*items->rows));
	items->list = reallocarray(NULL, all + 1, sizeof(*items->list));
	if (!items->rows || !items->list)
		return swk_error_memory(error);
	for (size_t i = 0; i < survey->target_count; i++) {
		const struct swk_survey_target *target = &survey->targets[i];

		for (size_t j = 0; j < target->count; j++)
			items->rows[(*count)++] = (struct swk_page_row){target, &target->rows[j]};
	}
	sort(items->rows, *count, sizeof(*items->rows), compare_rows);
	return 0;
}

static enum swk_page_group group_of(enum swk_standing standing, bool kept)
{
	if (standing == SWK_STANDS_UNMANAGED)
		return SWK_PAGE_UNMANAGED;
	if (standing >= SWK_STANDS_ON_HOLD)
		return SWK_PAGE_TROUBLED;
	if (standing == SWK_STANDS_FAILOVER)
		return SWK_PAGE_FAILOVER;
	return kept ? SWK_PAGE_KEPT : SWK_PAGE_OTHERS;
}

static void add_item(struct swk_page_items *items, const struct swk_upstreams *recorded,
		     const struct swk_page_row *rows, size_t count)
{
	struct swk_page_item item = {.rows = rows, .row_count = count};
	bool kept = false;

	for (size_t i = 0; i < count; i++) {
		const struct swk_survey_row *row = rows[i].row;

		if (row->standing > item.standing)
			item.standing = row->standing;
		item.pending |= row->pending;
		kept |= row->kept;
	}
	item.upstream = swk_upstreams_find(recorded, rows->row->upstream);
	item.group = group_of(item.standing, kept);
	items->groups[item.group]++;
	items->pending += item.pending;
	items->servers += item.upstream ? item.upstream->count : 0;
	items->list[items->count++] = item;
}

static int compare_items(const void *one, const void *other)
{
	const struct swk_page_item *a = one, *b = other;

	if (a->group != b->group)
		return a->group < b->group ? -1 : 1;
	if (a->standing != b->standing)
		return a->standing > b->standing ? -1 : 1;
	return strcasecmp(a->rows->row->upstream, b->rows->row->upstream);
}

static int collect_upstreams(struct swk_page_items *items, const struct swk_survey *survey,
			     struct swk_error *error)
{
	size_t count, end;

	if (collect_rows(items, survey, &count, error))
		return error->status;
	for (size_t i = 0; i < count; i = end) {
		for (end = i + 1; end < count && !strcasecmp(items->rows[i].row->upstream,
							     items->rows[end].row->upstream);)
			end++;
		add_item(items, &survey->upstreams, &items->rows[i], end - i);
	}
	sort(items->list, items->count, sizeof(*items->list), compare_items);
	return 0;
}

/* ---- instances ---- */

static int compare_instances(const void *one, const void *other)
{
	const struct swk_decision *const *a = one, *const *b = other;
	int order = strcasecmp((*a)->upstream, (*b)->upstream);

	if (!order)
		order = strcmp((*a)->address, (*b)->address);
	/* One that is served comes first; then the order of the decisions. */
	if (!order)
		order = ((*a)->outcome > (*b)->outcome) - ((*a)->outcome < (*b)->outcome);
	return order ? order : (*a > *b) - (*a < *b);
}

static int collect_instances(struct swk_page_items *items, const struct swk_decisions *decisions,
			     struct swk_error *error)
{
	items->instances = reallocarray(NULL, decisions->count + 1, sizeof(*items->instances));
	if (!items->instances)
		return swk_error_memory(error);
	for (size_t i = 0; i < decisions->count; i++) {
		const struct swk_decision *this = &decisions->list[i];

		if (*this->instance && *this->upstream)
			items->instances[items->instance_count++] = this;
	}
	sort(items->instances, items->instance_count, sizeof(*items->instances), compare_instances);
	return 0;
}

static int instance_order(const char *key, const void *item)
{
	return strcasecmp(key, (*(const struct swk_decision *const *)item)->upstream);
}

const struct swk_decision *const *swk_page_instances(const struct swk_page_items *items,
						     const char *upstream, size_t *count)
{
	bool found;
	size_t place = swk_list_place(items->instances, items->instance_count,
				      sizeof(*items->instances), upstream, instance_order, &found);
	size_t end = place;

	/* swk_list_place finds any of several. */
	while (place && !strcasecmp(items->instances[place - 1]->upstream, upstream))
		place--;
	while (end < items->instance_count &&
	       !strcasecmp(items->instances[end]->upstream, upstream))
		end++;
	*count = end - place;
	return items->instances + place;
}

static int address_order(const char *key, const void *item)
{
	return strcmp(key, (*(const struct swk_decision *const *)item)->address);
}

const struct swk_decision *swk_page_instance(const struct swk_decision *const *list, size_t count,
					     const char *address)
{
	bool found;
	size_t place = swk_list_place(list, count, sizeof(*list), address, address_order, &found);

	if (!found)
		return NULL;
	while (place && !strcmp(list[place - 1]->address, address))
		place--;
	return list[place];
}

/* ---- since when ---- */

static int compare_sinces(const void *one, const void *other)
{
	const struct swk_page_since *a = one, *b = other;
	int order = strcasecmp(a->upstream, b->upstream);

	if (!order)
		order = strcmp(a->address, b->address);
	return order ? order : (a->order > b->order) - (a->order < b->order);
}

static size_t count_sinces(const struct swk_changes *changes)
{
	size_t count = 0;

	for (size_t i = 0; i < changes->count; i++) {
		const struct swk_change *change = &changes->list[i];

		count += change->upstream_count;
		for (size_t j = 0; j < change->upstream_count; j++)
			count += change->upstreams[j].server_count;
	}
	return count;
}

static void add_since(struct swk_page_items *items, const struct swk_change *change,
		      const char *upstream, const char *address)
{
	const size_t order = items->since_count++;

	items->sinces[order] =
		(struct swk_page_since){upstream, address, order, change->time / 1000};
}

static void add_sinces(struct swk_page_items *items, const struct swk_change *change)
{
	for (size_t i = 0; i < change->upstream_count; i++) {
		const struct swk_change_upstream *upstream = &change->upstreams[i];

		add_since(items, change, upstream->name, "");
		for (size_t j = 0; j < upstream->server_count; j++)
			add_since(items, change, upstream->name, upstream->servers[j].address);
	}
}

static int collect_sinces(struct swk_page_items *items, const struct swk_changes *changes,
			  struct swk_error *error)
{
	items->sinces = reallocarray(NULL, count_sinces(changes) + 1, sizeof(*items->sinces));
	if (!items->sinces)
		return swk_error_memory(error);
	for (size_t i = 0; i < changes->count; i++) {
		const struct swk_change *change = &changes->list[i];

		if (change->fate != SWK_CHANGE_NOT_DONE)
			add_sinces(items, change);
		/* Something changed that the journal does not have, so nothing before counts. */
		if (change->cut || change->fate == SWK_CHANGE_GAP)
			items->since_count = 0;
	}
	sort(items->sinces, items->since_count, sizeof(*items->sinces), compare_sinces);
	return 0;
}

int64_t swk_page_since(const struct swk_page_items *items, const char *upstream,
		       const char *address)
{
	const struct swk_page_since key = {upstream, address, SIZE_MAX, 0};
	size_t low = 0, high = items->since_count;

	/* Finds the place after the last one. */
	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare_sinces(&items->sinces[middle], &key) <= 0)
			low = middle + 1;
		else
			high = middle;
	}
	if (!low || strcasecmp(items->sinces[low - 1].upstream, upstream) != 0 ||
	    strcmp(items->sinces[low - 1].address, address) != 0)
		return 0;
	return items->sinces[low - 1].seconds;
}

int swk_page_items_collect(struct swk_page_items *items, const struct swk_page *page,
			   struct swk_error *error)
{
	*items = (struct swk_page_items){0};
	if (collect_upstreams(items, page->survey, error) ||
	    collect_instances(items, &page->survey->decisions, error) ||
	    collect_sinces(items, page->changes, error))
		return error->status;
	return 0;
}
