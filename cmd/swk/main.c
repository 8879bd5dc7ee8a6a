/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "../shared/tell.h"
#include "base/process.h"

static const struct command {
	const char *name;
	enum swk_command kind;
	int (*run)(struct swk_options *options, const struct swk_log *log);
	const char *words; /* its arguments */
	const char *help;
} commands[] = {
	{"check-config", SWK_COMMAND_CHECK, swk_check_config, "[option]… [FILE]",
	 "check the settings file"},
	{"explain", SWK_COMMAND_EXPLAIN, swk_explain_command, "[option]… [SERVICE] [< DOCUMENT]",
	 "tell why each instance is served, or why not"},
	{"status", SWK_COMMAND_STATUS, swk_status_command, "[option]… [UPSTREAM | SERVICE]…",
	 "show whether each proxy matches the file"},
	{"wait", SWK_COMMAND_WAIT, swk_wait_command,
	 "[option]… NAME=N[,SECONDS]…\n\nNAME is a service or an upstream. SECONDS is 300 unless "
	 "given.",
	 "wait until so many instances are live"},
	{"drain", SWK_COMMAND_DRAIN, swk_drain_command,
	 "[option]… INSTANCE\n\nINSTANCE is the ID of an instance in Consul.",
	 "take an instance out of rotation, and wait until it is safe to stop"},
	{"undrain", SWK_COMMAND_UNDRAIN, swk_undrain_command, "[option]… INSTANCE",
	 "put a drained instance back into rotation"},
	{"fleet", SWK_COMMAND_FLEET, swk_fleet_command, "[option]…",
	 "show the hosts with proxies, and how each answers"},
	{"resync", SWK_COMMAND_RESYNC, swk_resync_command, "[option]…",
	 "make a full run, on this host or on all"},
	{"history", SWK_COMMAND_HISTORY, swk_history_command, "[option]… [NAME]",
	 "tell what changed, when and why"},
	{"lint", SWK_COMMAND_LINT, swk_lint,
	 "[option]… [FILE | FOLDER | -]\n\nA FOLDER, or a FILE that ends in .json, has the "
	 "configuration of Consul's\n"
	 "agent. Any other FILE has nginx's configuration.",
	 "find mistakes in nginx's configuration, and in the agent's watches"},
	{"watches", SWK_COMMAND_WATCHES, swk_watches,
	 "[option]…\n\nEach watch passes the options, except --write, to swk-apply.",
	 "print a watch for each service, for Consul's agent"},
	{"undo", SWK_COMMAND_UNDO, swk_undo_command, "[option]… [REASON]",
	 "restore the previous file, or an earlier one, and put changes on hold"},
	{"hold", SWK_COMMAND_HOLD, swk_hold_command, "[option]… [REASON]",
	 "put changes on hold: the file stays as it is"},
	{"reload", SWK_COMMAND_RELOAD, swk_reload_command,
	 "[option]… TARGET [-- PROGRAM [ARGUMENT]…]", "check and load the file of a target"},
	{"resume", SWK_COMMAND_RESUME, swk_resume_command, "[option]…",
	 "end the hold, and catch up with Consul"},
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

void swk_say_notes(struct swk_report *report, const struct swk_log *log)
{
	swk_report_forget(report, SWK_NOTE_SKIPPED);
	swk_report_forget(report, SWK_NOTE_KEPT);
	swk_report_forget(report, SWK_NOTE_FAILOVER);
	swk_report_forget(report, SWK_NOTE_PENDING);
	swk_tell_notes(log, report);
}

static void help(void)
{
	(void)printf("Usage: swk COMMAND [option]…\n"
		     "\n"
		     "The operator's command for swk-apply(8).\n"
		     "\n");
	for (size_t i = 0; i < COMMANDS; i++)
		(void)printf("  %-14s %s\n", commands[i].name, commands[i].help);
	(void)printf("\nEach has --help: 'swk COMMAND --help'. See swk(8).\n");
}

static int help_with(const struct command *command, struct swk_error *error)
{
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	status = swk_options_describe(&text, command->kind, error);
	if (!status)
		(void)printf("Usage: swk %s %s\n\n%s", command->name, command->words, text.data);
	swk_buffer_free(&text);
	return status;
}

static void print_version(void)
{
	(void)printf("swk %s\n", SWK_VERSION);
}

/* argv[0] is the command's name. */
static int run(const struct command *command, int argc, char **argv, struct swk_log *log)
{
	struct swk_options options;
	struct swk_error error = {0};
	int status = swk_options_read(&options, command->kind, argc, argv, &error);

	/* `swk watches` passes these options to handlers instead. */
	if (command->kind != SWK_COMMAND_WATCHES)
		swk_tell_as(log, &options);
	if (status)
		goto out;
	if (options.help)
		status = help_with(command, &error);
	else if (options.version)
		print_version();
	else
		status = command->run(&options, log);
out:
	if (error.status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	/* The first of them is the error. */
	for (size_t i = 1; command->kind == SWK_COMMAND_CHECK && i < options.settings.faults.count;
	     i++)
		swk_log_line(log, SWK_LOG_ERROR, options.settings.faults.list[i]);
	swk_options_free(&options);
	return status;
}

static int run_named(int argc, char **argv, struct swk_log *log)
{
	const char *name = argc > 1 ? argv[1] : "";
	char text[SWK_TEXT_MAX];

	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(name, commands[i].name))
			return run(&commands[i], argc - 1, argv + 1, log);
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		help();
		return 0;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		print_version();
		return 0;
	}
	(void)snprintf(text, sizeof(text), "%s%s%s; see swk --help",
		       *name ? "there is no command '" : "a command is needed", name,
		       *name ? "'" : "");
	swk_log_line(log, SWK_LOG_ERROR, text);
	return SWK_USAGE;
}

int main(int argc, char **argv)
{
	struct swk_log log = {.program = "swk", .level = SWK_LOG_INFO};

	if (!swk_process_begin())
		return SWK_INTERNAL;
	return swk_tell_printed(&log, run_named(argc, argv, &log));
}
