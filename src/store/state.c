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
		swk_names_free(&state->targets[i].late);
	}
	for (size_t i = 0; i < state->refused_count; i++)
		free(state->refused[i].upstream);
	free(state->targets);
	swk_indexes_free(&state->indexes);
	swk_received_free(&state->requests);
	free(state->refused);
	swk_buffer_free(&state->confirmed);
	swk_names_free(&state->new);
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

/* ---- refused ---- */

int swk_state_set_refused(struct swk_state *state, const char *upstream, uint64_t hash,
			  struct swk_error *error)
{
	struct swk_refused *list = state->refused;
	size_t place = 0;

	while (place < state->refused_count && strcmp(list[place].upstream, upstream) != 0)
		place++;
	if (place == state->refused_count && !hash)
		return 0;
	if (place == state->refused_count) {
		char *copy = strdup(upstream);

		list = swk_list_grow(list, state->refused_count, sizeof(*list));
		if (list)
			state->refused = list;
		if (!list || !copy) {
			free(copy);
			return swk_error_memory(error);
		}
		list[state->refused_count++].upstream = copy;
	}
	list[place].hash = hash;
	if (!hash) {
		free(list[place].upstream);
		list[place] = list[--state->refused_count];
	}
	return 0;
}

/* ---- as text ---- */

static int write_confirmed(struct swk_buffer *out, const struct swk_state *state,
			   struct swk_error *error)
{
	const char *line = state->confirmed.data;
	int status = 0;

	while (!status && line && *line) {
		const char *end = strchrnul(line, '\n');

		if (end > line && (swk_buffer_words(out, error, SWK_WORDS("confirmed ")) ||
				   swk_buffer_add(out, line, (size_t)(end - line), error) ||
				   swk_buffer_add(out, "\n", 1, error)))
			status = error->status;
		line = *end ? end + 1 : end;
	}
	for (size_t i = 0; !status && i < state->new.count; i++)
		status = swk_buffer_words(out, error, SWK_WORDS("new ", state->new.list[i], "\n"));
	for (size_t i = 0; !status && i < state->refused_count; i++)
		status = swk_buffer_print(out, error, "refused %" PRIu64 " %s\n",
					  state->refused[i].hash, state->refused[i].upstream);
	return status;
}

static int write_conf(struct swk_buffer *out, const struct swk_state_conf *conf,
		      struct swk_error *error)
{
	if (!conf->hash)
		return 0;
	return swk_buffer_print(out, error,
				"conf %" PRIu64 " %zu %zu %zu %zu %d %" PRIu64 " %" PRIu64
				" %" PRIu64 "\n",
				conf->hash, conf->upstreams, conf->servers, conf->zero,
				conf->silent, conf->named, conf->inode, conf->size, conf->modified);
}

int swk_state_write(struct swk_buffer *out, const struct swk_state *state, struct swk_error *error)
{
	int status = 0;

	if (swk_buffer_print(out, error, "%s\nsuccess %" PRId64 "\n", head, state->success) ||
	    write_conf(out, &state->conf, error) ||
	    (state->listed &&
	     swk_buffer_print(out, error, "listed %" PRIu64 "\n", state->listed)) ||
	    (state->keys_index &&
	     swk_buffer_print(out, error, "keys %" PRIu64 "\n", state->keys_index)) ||
	    (*state->datacenter &&
	     swk_buffer_print(out, error, "datacenter %s\n", state->datacenter)))
		return error->status;
	for (size_t i = 0; !status && i < state->gone.count; i++)
		status =
			swk_buffer_words(out, error, SWK_WORDS("gone ", state->gone.list[i], "\n"));
	if (!status)
		status = swk_indexes_write(out, &state->indexes, error);
	for (size_t i = 0; !status && i < state->target_count; i++) {
		const struct swk_state_target *entry = &state->targets[i];

		status = swk_buffer_print(out, error, "target %s\n", entry->target);
		for (size_t j = 0; !status && j < entry->parts.count; j++)
			status = swk_buffer_print(out, error, "part %" PRIu64 "\n",
						  entry->parts.list[j]);
		for (size_t j = 0; !status && j < entry->pending.count; j++)
			status = swk_buffer_words(
				out, error, SWK_WORDS("pending ", entry->pending.list[j], "\n"));
		for (size_t j = 0; !status && j < entry->late.count; j++)
			status = swk_buffer_words(out, error,
						  SWK_WORDS("late ", entry->late.list[j], "\n"));
	}
	if (!status)
		status = write_confirmed(out, state, error);
	if (!status && state->document)
		status = swk_buffer_print(out, error, "document %" PRIu64 "\n", state->document);
	if (!status && state->check)
		status = swk_buffer_words(out, error,
					  SWK_WORDS("check ", swk_fleet_words[state->check], "\n"));
	if (!status)
		status = swk_received_write(out, &state->requests, error);
	return status ? status : swk_buffer_print(out, error, "end\n");
}

struct reading {
	struct swk_state *state;
	struct swk_state_target *entry; /* the last target read */
	struct swk_error *error;
};

/* Reads `NUMBER NAME`. */
static bool read_numbered(const char *text, uint64_t *number, const char **name)
{
	const char *blank = strchr(text, ' ');

	*name = blank ? blank + 1 : NULL;
	return blank && swk_number_read(text, (size_t)(blank - text), UINT64_MAX, number) &&
	       *number && swk_name_valid(*name);
}

static bool read_conf(const char *text, struct swk_state_conf *conf)
{
	enum { NUMBERS = 9, FLAG = 5 };
	uint64_t numbers[NUMBERS];

	for (size_t i = 0; i < NUMBERS; i++) {
		const size_t length = strcspn(text, " ");

		if (!swk_number_read(text, length, i == FLAG ? 1 : UINT64_MAX, &numbers[i]) ||
		    !text[length] != (i == NUMBERS - 1))
			return false;
		text += length + 1;
	}
	*conf = (struct swk_state_conf){numbers[0], numbers[1], numbers[2],
					numbers[3], numbers[4], numbers[FLAG],
					numbers[6], numbers[7], numbers[8]};
	return conf->hash;
}

/* Reads a line about the fleet. */
static bool read_fleet(struct reading *reading, const char *line)
{
	bool valid = false;

	if (!strncmp(line, "document ", 9))
		return swk_number_read(line + 9, strlen(line + 9), UINT64_MAX,
				       &reading->state->document);
	if (strncmp(line, "check ", 6) != 0) {
		(void)swk_received_read(&reading->state->requests, line, &valid, reading->error);
		return valid;
	}
	for (size_t i = SWK_FLEET_PASSING; i < SWK_FLEET_STATUSES; i++) {
		if (strcmp(line + 6, swk_fleet_words[i]) != 0)
			continue;
		reading->state->check = (enum swk_fleet_status)i;
		valid = true;
	}
	return valid;
}

static bool read_name(const struct reading *reading, struct swk_names *names, const char *name)
{
	if (!swk_name_valid(name))
		return false;
	(void)swk_names_add(names, name, reading->error);
	return true;
}

/* Reads a line about a target, or about the fleet. */
static bool read_target(struct reading *reading, const char *line)
{
	struct swk_state_target *entry = reading->entry;
	uint64_t number;

	if (!strncmp(line, "target ", 7)) {
		if (!line[7] || swk_state_find_target(reading->state, line + 7))
			return false;
		reading->entry = swk_state_add_target(reading->state, line + 7, reading->error);
		return true;
	}
	if (!strncmp(line, "part ", 5)) {
		if (!entry || entry->parts.count == SWK_PARTS_MAX ||
		    !swk_number_read(line + 5, strlen(line + 5), UINT64_MAX, &number))
			return false;
		entry->parts.list[entry->parts.count++] = number;
		return true;
	}
	if (!strncmp(line, "pending ", 8))
		return entry && read_name(reading, &entry->pending, line + 8);
	if (!strncmp(line, "late ", 5))
		return entry && read_name(reading, &entry->late, line + 5);
	return read_fleet(reading, line);
}

static bool read_line(void *context, const char *line)
{
	struct reading *reading = context;
	struct swk_state *state = reading->state;
	const char *name;
	uint64_t number;

	if (!strncmp(line, "success ", 8)) {
		if (!swk_number_read(line + 8, strlen(line + 8), INT64_MAX, &number))
			return false;
		state->success = (int64_t)number;
	} else if (!strncmp(line, "conf ", 5)) {
		return read_conf(line + 5, &state->conf);
	} else if (!strncmp(line, "listed ", 7)) {
		if (!swk_number_read(line + 7, strlen(line + 7), UINT64_MAX, &state->listed) ||
		    !state->listed)
			return false;
	} else if (!strncmp(line, "keys ", 5)) {
		if (!swk_number_read(line + 5, strlen(line + 5), UINT64_MAX, &state->keys_index) ||
		    !state->keys_index)
			return false;
	} else if (!strncmp(line, "datacenter ", 11)) {
		if (!swk_name_valid(line + 11))
			return false;
		memcpy(state->datacenter, line + 11, strlen(line + 11) + 1);
	} else if (!strncmp(line, "gone ", 5)) {
		if (!swk_name_valid(line + 5))
			return false;
		(void)swk_state_add_gone(state, line + 5, reading->error);
	} else if (!strncmp(line, "indexes ", 8)) {
		/* They are not as they were written, so each line must be valid. */
		return line[8 + strspn(line + 8, "0123456789 ")] == '\0';
	} else if (!strncmp(line, "index ", 6)) {
		if (!read_numbered(line + 6, &number, &name))
			return false;
		(void)swk_indexes_set(&state->indexes, name, number, reading->error);
	} else if (!strncmp(line, "confirmed ", 10)) {
		if (!state->confirmed.ceiling)
			swk_buffer_init(&state->confirmed, SWK_CONF_MAX);
		(void)swk_buffer_words(&state->confirmed, reading->error,
				       SWK_WORDS(line + 10, "\n"));
	} else if (!strncmp(line, "new ", 4)) {
		return read_name(reading, &state->new, line + 4);
	} else if (!strncmp(line, "refused ", 8)) {
		if (!read_numbered(line + 8, &number, &name))
			return false;
		(void)swk_state_set_refused(state, name, number, reading->error);
	} else {
		return read_target(reading, line);
	}
	return true;
}

static bool take_indexes(void *context, const char *line, const char *text, size_t *length)
{
	return swk_indexes_take(&((struct reading *)context)->state->indexes, line, text, length);
}

int swk_state_read(struct swk_state *state, const char *text, size_t length, size_t *damaged,
		   struct swk_error *error)
{
	struct reading reading = {.state = state, .error = error};

	*damaged = swk_lines_read(text, length, head, read_line, take_indexes, &reading, error);
	if (*damaged || error->status)
		swk_state_free(state);
	return error->status;
}
