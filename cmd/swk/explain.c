/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "run/apply.h"
#include "view/print.h"

/* Whether standard input has a document: it is a file or a pipe. */
static bool has_document(void)
{
	struct stat what;

	return !fstat(STDIN_FILENO, &what) && (S_ISREG(what.st_mode) || S_ISFIFO(what.st_mode));
}

static bool is_shown(const struct swk_decisions *decisions, const char *service,
		     const char *upstream, size_t length)
{
	for (size_t i = 0; i < decisions->count; i++) {
		const struct swk_decision *decision = &decisions->list[i];

		if ((!service || !strcmp(decision->source.name, service)) &&
		    strlen(decision->upstream) == length &&
		    !strncmp(decision->upstream, upstream, length))
			return true;
	}
	return false;
}

/* Warns if an nginx differs from what the table shows. */
static void say_differences(const struct swk_report *report, const struct swk_decisions *decisions,
			    const char *service, const struct swk_log *log)
{
	for (size_t i = 0; i < report->difference_count; i++) {
		const struct swk_difference *this = &report->differences[i];
		char text[SWK_TEXT_MAX];

		if (!this->target ||
		    !is_shown(decisions, service, this->text, strcspn(this->text, ":")))
			continue;
		(void)snprintf(text, sizeof(text), "%s differs from this table: %c %s",
			       this->target, this->sign, this->text);
		swk_log_line(log, SWK_LOG_WARNING, text);
	}
}

/* Prints the table, then warnings. */
static int show(const struct swk_report *report, const struct swk_decisions *decisions,
		const char *service, const struct swk_log *log, struct swk_error *error)
{
	struct swk_buffer table;
	char text[SWK_TEXT_MAX];
	size_t lines = 0;

	swk_buffer_init(&table, SWK_DOCUMENT_MAX);
	if (!swk_print_decisions(&table, decisions, service, error))
		(void)fwrite(table.data, 1, table.length, stdout);
	(void)fflush(stdout); /* warnings on standard error must follow the table */
	for (size_t i = 0; i < table.length; i++)
		lines += table.data[i] == '\n';
	if (!error->status && service && lines == 1) {
		(void)snprintf(text, sizeof(text),
			       "Consul shows no instance of service '%s', and the conf file has no "
			       "upstream of it: check the name (case matters), and what the token "
			       "may read",
			       service);
		swk_log_line(log, SWK_LOG_WARNING, text);
	}
	say_differences(report, decisions, service, log);
	swk_buffer_free(&table);
	return error->status;
}

/* Logs, before the table, what keeps its decisions from nginx. */
static void say_blockers(struct swk_report *report, const struct swk_log *log)
{
	static const enum swk_note_kind kinds[] = {SWK_NOTE_HELD_BACK, SWK_NOTE_UNAVAILABLE,
						   SWK_NOTE_PENDING};

	for (size_t i = 0; i < report->note_count; i++) {
		for (size_t j = 0; j < sizeof(kinds) / sizeof(*kinds); j++) {
			if (report->notes[i].kind == kinds[j])
				swk_log_line(log, SWK_LOG_ERROR, report->notes[i].text);
		}
	}
	for (size_t j = 0; j < sizeof(kinds) / sizeof(*kinds); j++)
		swk_report_forget(report, kinds[j]);
}

int swk_explain_command(struct swk_options *options, const struct swk_log *log)
{
	struct swk_settings *settings = &options->settings;
	const char *service = options->word;
	struct swk_error error = {0};
	struct swk_report report;
	struct swk_decisions decisions = {0};
	bool document = has_document();
	int status;

	settings->dry_run = settings->explain = true;
	if (service) {
		settings->service = strdup(service);
		if (!settings->service)
			return SWK_INTERNAL;
	}
	settings->ask = service && !document;
	settings->resync = !service && !document;
	swk_report_init(&report);
	status = swk_apply(settings, STDIN_FILENO, &report, &decisions, NULL, &error);
	say_blockers(&report, log);
	if (!error.status)
		(void)show(&report, &decisions, service, log, &error);
	swk_say_notes(&report, log);
	if (error.status == SWK_DATA && document)
		swk_error_add(&error, "; to ask Consul instead, run 'swk explain </dev/null'");
	if (error.status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	swk_decisions_free(&decisions);
	swk_report_free(&report);
	return error.status ? error.status : status;
}
