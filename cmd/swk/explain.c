/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "apply.h"
#include "commands.h"
#include "print.h"

/* Whether somebody hands a document in: a file, or a pipe. */
static bool has_document(void)
{
	struct stat what;

	return !fstat(STDIN_FILENO, &what) && (S_ISREG(what.st_mode) || S_ISFIFO(what.st_mode));
}

/* What is not in the table: what kept the look from being a whole one. */
static void say_notes(const struct swk_report *report, const struct swk_log *log)
{
	for (size_t i = 0; i < report->note_count; i++) {
		const struct swk_note *note = &report->notes[i];

		if (note->kind == SWK_NOTE_HELD || note->kind == SWK_NOTE_UNASKED)
			swk_log_line(log, SWK_LOG_ERROR, note->text);
		if (note->kind == SWK_NOTE_WARNING)
			swk_log_line(log, SWK_LOG_WARNING, note->text);
	}
}

static int explain(struct swk_settings *settings, const char *service, const struct swk_log *log)
{
	struct swk_error error = {0};
	struct swk_report report;
	struct swk_whys whys = {0};
	struct swk_buffer table;
	int status;

	settings->dry_run = true;
	if (service) {
		settings->service = strdup(service);
		if (!settings->service)
			return SWK_INTERNAL;
	}
	if (!has_document()) {
		settings->ask = service != NULL;
		settings->resync = !service;
	}
	swk_report_init(&report);
	swk_buffer_init(&table, SWK_DOCUMENT_MAX);
	status = swk_apply(settings, STDIN_FILENO, &report, &whys, &error);
	if (!error.status && !swk_print_whys(&table, &whys, service, &error) && table.length)
		(void)fwrite(table.data, 1, table.length, stdout);
	(void)fflush(stdout); /* where both go to one place, the notes stand behind the table */
	say_notes(&report, log);
	if (error.status) {
		swk_log_line(log, SWK_LOG_ERROR, error.text);
		status = error.status;
	}
	swk_buffer_free(&table);
	swk_whys_free(&whys);
	swk_report_free(&report);
	return status;
}

int swk_explain_command(int argc, char **argv, const struct swk_log *log)
{
	struct swk_options options;
	bool done;
	int status = swk_begin(&options, SWK_COMMAND_EXPLAIN, argc, argv,
			       "swk explain [option]… [SERVICE] [< DOCUMENT]", log, &done);

	if (!done)
		status = explain(&options.settings, options.word, log);
	swk_options_free(&options);
	return status;
}
