/* SPDX-License-Identifier: MIT */
#include "store/state.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include "base/number.h"
#include "model/terms.h"
#include "store/lines.h"

static const char head[] = "swk-apply state 1";

void swk_state_free(struct swk_state *state)
{
	for (size_t i = 0; i < state->target_count; i++) {
		free(state->targets[i].target);
		swk_names_free(&state->targets[i].pending);
	}
	for (size_t i = 0; i < state->index_count; i++)
		free(state->indexes[i].service);
	free(state->targets);
	free(state->indexes);
	swk_names_free(&state->gone);
	*state = (struct swk_state){0};
}

/* ---- pending ---- */

struct swk_state_target *swk_state_find_target(const struct swk_state *state, const char *target)
{
	for (size_t i = 0; i < state->target_count; i++) {
		if (!strcmp(state->targets[i].target, target))
			return &state->targets[i];
	}
	return NULL;
}

struct swk_state_target *swk_state_add_target(struct swk_state *state, const char *target,
					      struct swk_error *error)
{
	struct swk_state_target *entry = swk_state_find_target(state, target), *list;

	if (entry)
		return entry;
	list = swk_list_grow(state->targets, state->target_count, sizeof(*list));
	if (list) {
		state->targets = list;
		entry = &list[state->target_count];
		*entry = (struct swk_state_target){.target = strdup(target)};
	}
	if (!entry || !entry->target) {
		(void)swk_error_memory(error);
		return NULL;
	}
	state->target_count++;
	return entry;
}

int swk_state_add_gone(struct swk_state *state, const char *name, struct swk_error *error)
{
	if (state->gone.count == SWK_GONE_MAX && !swk_names_contain(&state->gone, name))
		swk_names_remove(&state->gone, state->gone.list[0]);
	return swk_names_add(&state->gone, name, error);
}

/* ---- indexes ---- */

static int index_order(const char *key, const void *item)
{
	return strcmp(key, ((const struct swk_index *)item)->service);
}

static size_t index_place(const struct swk_state *state, const char *service, bool *found)
{
	return swk_list_place(state->indexes, state->index_count, sizeof(*state->indexes), service,
			      index_order, found);
}

uint64_t swk_state_index(const struct swk_state *state, const char *service)
{
	bool found;
	size_t place = index_place(state, service, &found);

	return found ? state->indexes[place].index : 0;
}

int swk_state_set_index(struct swk_state *state, const char *service, uint64_t index,
			struct swk_error *error)
{
	bool found;
	size_t place = index_place(state, service, &found);
	struct swk_index *list = state->indexes;
	char *copy;

	if (found && index) {
		list[place].index = index;
		return 0;
	}
	if (found) {
		free(list[place].service);
		state->index_count--;
		memmove(&list[place], &list[place + 1],
			(state->index_count - place) * sizeof(*list));
		return 0;
	}
	if (!index)
		return 0;
	list = swk_list_grow(list, state->index_count, sizeof(*list));
	if (!list)
		return swk_error_memory(error);
	state->indexes = list;
	copy = strdup(service);
	if (!copy)
		return swk_error_memory(error);
	memmove(&list[place + 1], &list[place], (state->index_count - place) * sizeof(*list));
	list[place] = (struct swk_index){.service = copy, .index = index};
	state->index_count++;
	return 0;
}

/* ---- as text ---- */

int swk_state_write(struct swk_buffer *out, const struct swk_state *state, struct swk_error *error)
{
	char number[SWK_NUMBER_MAX];
	int status = 0;

	if (swk_buffer_print(out, error, "%s\nsuccess %" PRId64 "\n", head, state->success) ||
	    (state->listed &&
	     swk_buffer_print(out, error, "listed %" PRIu64 "\n", state->listed)) ||
	    (state->keyed && swk_buffer_print(out, error, "keys %" PRIu64 "\n", state->keyed)))
		return error->status;
	for (size_t i = 0; !status && i < state->gone.count; i++)
		status =
			swk_buffer_words(out, error, SWK_WORDS("gone ", state->gone.list[i], "\n"));
	for (size_t i = 0; !status && i < state->index_count; i++)
		status = swk_buffer_words(
			out, error,
			SWK_WORDS("index ", swk_number_text(number, state->indexes[i].index), " ",
				  state->indexes[i].service, "\n"));
	for (size_t i = 0; !status && i < state->target_count; i++) {
		const struct swk_state_target *entry = &state->targets[i];

		status = swk_buffer_print(out, error, "target %s\n", entry->target);
		for (size_t j = 0; !status && j < entry->pending.count; j++)
			status = swk_buffer_words(out, error,
						  SWK_WORDS("owed ", entry->pending.list[j], "\n"));
	}
	return status ? status : swk_buffer_print(out, error, "end\n");
}

struct reading {
	struct swk_state *state;
	struct swk_state_target *entry; /* the last target read */
	struct swk_error *error;
};

static bool read_line(void *context, const char *line)
{
	struct reading *reading = context;
	struct swk_state *state = reading->state;
	const char *blank;
	uint64_t number;

	if (!strncmp(line, "success ", 8)) {
		if (!swk_number_read(line + 8, strlen(line + 8), INT64_MAX, &number))
			return false;
		state->success = (int64_t)number;
	} else if (!strncmp(line, "listed ", 7)) {
		if (!swk_number_read(line + 7, strlen(line + 7), UINT64_MAX, &state->listed) ||
		    !state->listed)
			return false;
	} else if (!strncmp(line, "keys ", 5)) {
		if (!swk_number_read(line + 5, strlen(line + 5), UINT64_MAX, &state->keyed) ||
		    !state->keyed)
			return false;
	} else if (!strncmp(line, "gone ", 5)) {
		if (!swk_name_valid(line + 5))
			return false;
		(void)swk_state_add_gone(state, line + 5, reading->error);
	} else if (!strncmp(line, "index ", 6)) {
		blank = strchr(line + 6, ' ');
		if (!blank ||
		    !swk_number_read(line + 6, (size_t)(blank - line - 6), UINT64_MAX, &number) ||
		    !number || !swk_name_valid(blank + 1))
			return false;
		(void)swk_state_set_index(state, blank + 1, number, reading->error);
	} else if (!strncmp(line, "target ", 7)) {
		if (!line[7] || swk_state_find_target(state, line + 7))
			return false;
		reading->entry = swk_state_add_target(state, line + 7, reading->error);
	} else if (!strncmp(line, "owed ", 5)) {
		if (!reading->entry || !swk_name_valid(line + 5))
			return false;
		(void)swk_names_add(&reading->entry->pending, line + 5, reading->error);
	} else {
		return false;
	}
	return true;
}

int swk_state_read(struct swk_state *state, const char *text, size_t length, size_t *damaged,
		   struct swk_error *error)
{
	struct reading reading = {.state = state, .error = error};

	*damaged = swk_lines_read(text, length, head, read_line, &reading, error);
	if (*damaged || error->status)
		swk_state_free(state);
	return error->status;
}
