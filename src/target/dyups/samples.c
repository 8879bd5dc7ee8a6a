/* SPDX-License-Identifier: MIT */
#include "target/dyups/samples.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"

void swk_dyups_history_free(struct swk_dyups_history *history)
{
	free(history->list);
	*history = (struct swk_dyups_history){0};
}

static int presence_order(const char *key, const void *item)
{
	return strcasecmp(key, ((const struct swk_dyups_presence *)item)->name);
}

/* Returns the upstream's entry; NULL without memory. A new entry gets `absent`. */
static struct swk_dyups_presence *get_presence(struct swk_dyups_history *history, const char *name,
					       bool absent)
{
	bool found;
	size_t place = swk_list_place(history->list, history->count, sizeof(*history->list), name,
				      presence_order, &found);
	struct swk_dyups_presence *list;

	if (found)
		return &history->list[place];
	list = swk_list_grow(history->list, history->count, sizeof(*list));
	if (!list)
		return NULL;
	history->list = list;
	memmove(&list[place + 1], &list[place], (history->count - place) * sizeof(*list));
	list[place] = (struct swk_dyups_presence){.name = name, .absent = absent};
	history->count++;
	return &list[place];
}

/* Notes whether the latest sample lacks the upstream. `was_absent`: whether the earlier samples do,
 * for an upstream that the history does not have yet. */
static int note_presence(struct swk_dyups_history *history, struct swk_upstream *upstream,
			 bool was_absent, bool absent, struct swk_error *error)
{
	struct swk_dyups_presence *presence = get_presence(history, upstream->name, was_absent);

	if (!presence)
		return swk_error_memory(error);
	presence->switches += presence->absent != absent;
	presence->absent = absent;
	if (presence->switches)
		upstream->spread = presence->switches >= SWK_SWITCHES_MIN ? SWK_SPREAD_RETURNED
									  : SWK_SPREAD_SOME;
	return 0;
}

/* An upstream with servers that don't fit the model can't be compared. */
static bool is_seen_to_differ(const struct swk_upstream *a, const struct swk_upstream *b)
{
	return strcmp(a->name, b->name) != 0 ||
	       (!a->partial && !b->partial && !swk_upstream_same_servers(a, b));
}

/* Compares an upstream of the live state with that of the latest sample, which is NULL if the
 * sample lacks it. */
static void compare(struct swk_upstream *upstream, const struct swk_upstream *other)
{
	if (other && upstream->spread == SWK_SPREAD_SAME && is_seen_to_differ(upstream, other))
		upstream->spread = SWK_SPREAD_DIFFERS;
	if (!other || strcmp(other->name, upstream->name) != 0 ||
	    !swk_upstream_same_servers(upstream, other))
		upstream->partial = true;
}

/* Moves the upstreams that only the sample has into the live state, whose first `had` are sorted.
 */
static int add_new(struct swk_live *live, size_t had, struct swk_dyups_history *history,
		   struct swk_live *sample, struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < sample->upstreams.count; i++) {
		struct swk_upstream *upstream = &sample->upstreams.list[i];
		const struct swk_upstreams before = {live->upstreams.list, had};

		if (swk_upstreams_find(&before, upstream->name))
			continue;
		upstream->partial = true;
		status = swk_upstreams_append(&live->upstreams, upstream, error);
		if (!status)
			status = note_presence(history,
					       &live->upstreams.list[live->upstreams.count - 1],
					       true, false, error);
	}
	return status;
}

int swk_dyups_merge(struct swk_live *live, struct swk_dyups_history *history,
		    struct swk_live *sample, struct swk_error *error)
{
	const size_t had = live->upstreams.count;
	int status = 0;

	for (size_t i = 0; !status && i < had; i++) {
		struct swk_upstream *upstream = &live->upstreams.list[i];
		const struct swk_upstream *other =
			swk_upstreams_find(&sample->upstreams, upstream->name);

		compare(upstream, other);
		status = note_presence(history, upstream, false, !other, error);
	}
	if (!status)
		status = add_new(live, had, history, sample, error);
	(void)swk_upstreams_sort(&live->upstreams);
	if (sample->readable < live->readable)
		live->readable = sample->readable;
	swk_live_free(sample);
	return status;
}
