/* SPDX-License-Identifier: MIT */
#include "target/command/command.h"

#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "io/program.h"
#include "target/command/change.h"
#include "target/confirmed.h"

struct command {
	const char **argv; /* ends with NULL; the texts are borrowed from the settings */
	unsigned timeout;  /* seconds */
};

/* ---- reading ---- */

static int command_read(struct swk_target *target, enum swk_depth depth, const char *name,
			int64_t deadline, struct swk_error *error)
{
	struct swk_error cause = {0};
	bool known;

	(void)name;
	(void)deadline;
	swk_live_free(&target->live);
	target->trouble = (struct swk_error){0};
	target->given_up = false;
	target->live.readable = depth >= SWK_DEPTH_STATE ? SWK_READ_ATTRIBUTES : SWK_READ_NAMES;
	if (depth == SWK_DEPTH_ONE)
		return 0;
	if (swk_confirmed_read(target, &target->live.upstreams, &known, &target->trouble, &cause,
			       error))
		return error->status;
	if (cause.status)
		swk_target_give_up(target, &cause);
	else if (target->trouble.status)
		swk_error_add(&target->trouble, "; the command is given every upstream again");
	return 0;
}

/* ---- changing ---- */

/* Starts the command with the change. Sets the cause if it does not confirm it. */
static int start(struct swk_target *target, const struct swk_buffer *change, int64_t deadline,
		 struct swk_error *cause, struct swk_error *error)
{
	const struct command *own = target->own;
	const int64_t limit = swk_now_ms() + (int64_t)own->timeout * 1000;
	const struct swk_program program = {.argv = own->argv,
					    .input = change->data,
					    .input_length = change->length,
					    .deadline = limit < deadline ? limit : deadline,
					    .watch = target->watch};
	struct swk_program_result result;
	char text[SWK_TEXT_MAX];

	/* A command that works says nothing until it ends. One that failed before is not given that
	 * time while others wait. */
	if (target->watch && !target->behind)
		target->watch->heard = program.deadline;
	if (swk_program_run(&program, &result, error))
		return error->status;
	if (result.end == SWK_PROGRAM_EXITED && !result.number)
		return 0;
	swk_program_describe(&program, &result, text, sizeof(text));
	(void)swk_error_set(cause, SWK_TEMPFAIL, "%s: %s", target->name, text);
	return 0;
}

/* Gives the command a plan, and writes what it has confirmed. */
static int change(struct swk_target *target, const struct swk_plan *plan, int64_t deadline,
		  struct swk_error *cause, struct swk_error *error)
{
	struct swk_upstreams before = {0}, after = {0};
	struct swk_error damage = {0};
	struct swk_buffer text;
	bool known;

	swk_buffer_init(&text, SWK_LIVE_MAX);
	if (!swk_confirmed_read(target, &before, &known, &damage, cause, error) && !cause->status &&
	    !swk_command_change(&text, &target->run, plan, &before, error) &&
	    !start(target, &text, deadline, cause, error) && !cause->status &&
	    !swk_confirmed_change(&after, &before, plan, NULL, error))
		(void)swk_confirmed_write(target, &after, false, cause, error);
	swk_buffer_free(&text);
	swk_upstreams_free(&before);
	swk_upstreams_free(&after);
	return error->status;
}

static int command_apply(struct swk_target *target, const struct swk_plan *plan,
			 struct swk_target_outcome *outcomes, int64_t deadline,
			 struct swk_error *error)
{
	struct swk_error cause = {0};

	/* The command may have carried out an earlier change that it did not confirm. */
	if (!swk_deadline_left(deadline, 1)) {
		target->live.unconfirmed = true;
		return 0;
	}
	if (change(target, plan, deadline, &cause, error))
		return error->status;
	if (cause.status)
		swk_target_give_up(target, &cause);
	for (size_t i = 0; !cause.status && i < plan->count; i++)
		outcomes[i].result = SWK_TARGET_DONE;
	return 0;
}

/* ---- settings ---- */

static const struct swk_field fields[] = {
	{"command", SWK_LIST, .offset = offsetof(struct swk_command_settings, command)},
};

static int check(const void *own, const char **key, struct swk_error *error)
{
	const struct swk_texts *command = &((const struct swk_command_settings *)own)->command;

	if (!command->count)
		return swk_error_set(error, SWK_USAGE, "it needs a command");
	*key = "command";
	if (command->list[0][0] != '/')
		return swk_error_set(error, SWK_USAGE,
				     "the first string must be the absolute path of a program");
	return 0;
}

const struct swk_target_keys swk_command_keys = {
	.fields = {fields, sizeof(fields) / sizeof(*fields)},
	.size = sizeof(struct swk_command_settings),
	.needs_name = true,
	.check = check,
};

/* ---- the kind ---- */

static int command_open(struct swk_target *target, const struct swk_settings *settings,
			const struct swk_target_settings *its, struct swk_error *error)
{
	const struct swk_command_settings *given = its->own;
	struct command *own = calloc(1, sizeof(*own));

	(void)settings;
	target->own = own;
	target->name = strdup(its->name);
	target->address = target->name;
	if (own)
		own->argv = calloc(given->command.count + 1, sizeof(*own->argv));
	if (!own || !own->argv || !target->name)
		return swk_error_memory(error);
	for (size_t i = 0; i < given->command.count; i++)
		own->argv[i] = given->command.list[i];
	own->timeout = its->timeout ? its->timeout : SWK_COMMAND_SECONDS;
	return 0;
}

static void command_close(struct swk_target *target)
{
	struct command *own = target->own;

	if (own)
		free(own->argv);
	free(own);
	free(target->name);
}

const struct swk_target_kind swk_target_command = {
	.words = {.program = "the command",
		  .interface = "a command",
		  .part = "command",
		  .parts = "commands"},
	.creates = true,
	.open = command_open,
	.close = command_close,
	.read = command_read,
	.apply = command_apply,
};
