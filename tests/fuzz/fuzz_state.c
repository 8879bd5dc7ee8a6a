/* SPDX-License-Identifier: MIT */
/* The text of FILE.state. What was read, written and read again is the same. */
#include "fuzz.h"

#include "store/state.h"

static void same_names(const struct swk_names *a, const struct swk_names *b)
{
	fuzz_require(a->count == b->count, "%zu names became %zu", a->count, b->count);
	for (size_t i = 0; i < a->count; i++)
		fuzz_require(!strcmp(a->list[i], b->list[i]), "name %s became %s", a->list[i],
			     b->list[i]);
}

static void same_state(const struct swk_state *a, const struct swk_state *b)
{
	fuzz_require(a->success == b->success, "success differs");
	fuzz_require(a->target_count == b->target_count, "%zu pending became %zu", a->target_count,
		     b->target_count);
	for (size_t i = 0; i < a->target_count; i++) {
		fuzz_require(!strcmp(a->targets[i].target, b->targets[i].target),
			     "target %s became %s", a->targets[i].target, b->targets[i].target);
		same_names(&a->targets[i].pending, &b->targets[i].pending);
	}
}

/* Each entry must be found by its name. */
static void ask(const struct swk_state *state)
{
	for (size_t i = 0; i < state->target_count; i++) {
		const struct swk_names *pending = &state->targets[i].pending;

		fuzz_require(swk_state_find_target(state, state->targets[i].target) ==
				     &state->targets[i],
			     "target %s is not found", state->targets[i].target);
		for (size_t j = 0; j < pending->count; j++)
			fuzz_require(swk_names_contain(pending, pending->list[j]) &&
					     fuzz_is_name(pending->list[j]),
				     "pending %s is not found, or not a name", pending->list[j]);
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swk_state first = {0}, second = {0};
	struct swk_error error = {0};
	struct swk_buffer text, again;
	size_t damaged;

	fuzz_done(swk_state_read(&first, (const char *)data, size, &damaged, &error), &error,
		  "reading");
	if (damaged) {
		fuzz_require(!first.success && !first.targets && !first.indexes.text,
			     "damaged, and not empty");
		return 0;
	}
	ask(&first);
	swk_buffer_init(&text, SIZE_MAX / 2);
	fuzz_done(swk_state_write(&text, &first, &error), &error, "writing");
	fuzz_done(swk_state_read(&second, text.data, text.length, &damaged, &error), &error,
		  "reading again");
	fuzz_require(!damaged, "line %zu of the written text can't be read", damaged);
	same_state(&first, &second);
	swk_buffer_init(&again, SIZE_MAX / 2);
	fuzz_done(swk_state_write(&again, &second, &error), &error, "writing again");
	fuzz_require(!strcmp(text.data, again.data), "another text:\n%s\n%s", text.data,
		     again.data);
	swk_buffer_free(&again);
	swk_buffer_free(&text);
	swk_state_free(&first);
	swk_state_free(&second);
	return 0;
}
