/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>

#include "commands.h"
#include "process.h"

static const struct command {
	const char *name;
	int (*run)(int argc, char **argv, const struct swk_log *log);
	const char *help;
} commands[] = {
	{"check-config", swk_check_config, "check the settings file"},
	{"explain", swk_explain_command, "tell why each instance is served, or why not"},
	{"status", swk_status_command, "show whether each nginx is in step"},
	{"wait", swk_wait_command, "wait until so many instances are live"},
	{"lint", swk_lint, "find what in nginx's configuration makes dyups useless"},
	{"watches", swk_watches, "print a watch for each service, for Consul's agent"},
	{"undo", swk_undo_command, "put the file before back, apply it, and hold"},
	{"hold", swk_hold_command, "keep the file as it is, whatever Consul says"},
	{"resume", swk_resume_command, "end that, and catch up with Consul"},
};

#define COMMANDS (sizeof(commands) / sizeof(*commands))

int swk_begin(struct swk_options *options, enum swk_command command, int argc, char **argv,
	      const char *usage, const struct swk_log *log, bool *done)
{
	struct swk_error error = {0};
	struct swk_buffer text;
	int status = swk_options_read(options, command, argc, argv, &error);

	*done = status || options->help || options->version;
	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	if (!status && options->help)
		status = swk_options_describe(&text, command, &error);
	if (!status && options->help)
		(void)printf("Usage: %s\n\n%s", usage, text.data);
	else if (!status && options->version)
		(void)printf("swk %s\n", SWK_VERSION);
	if (status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	swk_buffer_free(&text);
	return status;
}

void swk_say_notes(const struct swk_report *report, const struct swk_log *log)
{
	for (size_t i = 0; i < report->note_count; i++) {
		const struct swk_note *note = &report->notes[i];

		if (note->kind == SWK_NOTE_HELD || note->kind == SWK_NOTE_UNASKED)
			swk_log_line(log, SWK_LOG_ERROR, note->text);
		else if (note->kind == SWK_NOTE_WARNING)
			swk_log_line(log, SWK_LOG_WARNING, note->text);
		else if (note->kind == SWK_NOTE_DETAIL)
			swk_log_line(log, SWK_LOG_DEBUG, note->text);
	}
}

static void help(void)
{
	(void)printf("Usage: swk COMMAND [option]…\n"
		     "\n"
		     "For the operator of swk-apply(8): what it does, why, and how to stop it.\n"
		     "\n");
	for (size_t i = 0; i < COMMANDS; i++)
		(void)printf("  %-14s %s\n", commands[i].name, commands[i].help);
	(void)printf("\nEach has --help: 'swk COMMAND --help'. See swk(8).\n");
}

int main(int argc, char **argv)
{
	const struct swk_log log = {.program = "swk", .level = SWK_LOG_INFO};
	const char *name = argc > 1 ? argv[1] : "";
	char text[SWK_TEXT_MAX];

	if (!swk_process_begin())
		return SWK_INTERNAL;
	for (size_t i = 0; i < COMMANDS; i++) {
		if (!strcmp(name, commands[i].name))
			return commands[i].run(argc - 1, argv + 1, &log);
	}
	if (!strcmp(name, "--help") || !strcmp(name, "-h") || !strcmp(name, "help")) {
		help();
		return 0;
	}
	if (!strcmp(name, "--version") || !strcmp(name, "-V")) {
		(void)printf("swk %s\n", SWK_VERSION);
		return 0;
	}
	(void)snprintf(text, sizeof(text), "%s%s%s; see swk --help",
		       *name ? "there is no command '" : "a command is needed", name,
		       *name ? "'" : "");
	swk_log_line(&log, SWK_LOG_ERROR, text);
	return SWK_USAGE;
}
