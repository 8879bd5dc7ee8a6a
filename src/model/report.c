/* SPDX-License-Identifier: MIT */
#include "model/report.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

const char *const swk_event_words[] = {
	[SWK_EVENT_UNKNOWN] = "unknown",     [SWK_EVENT_SERVICE] = "service",
	[SWK_EVENT_SERVICES] = "services",   [SWK_EVENT_CHECKS] = "checks",
	[SWK_EVENT_KEYPREFIX] = "keyprefix", [SWK_EVENT_RESYNC] = "resync",
	[SWK_EVENT_REQUESTS] = "requests",
};

const char *const swk_step_words[] = {
	[SWK_STEP_READ] = "read", [SWK_STEP_LOCK] = "lock",	    [SWK_STEP_CONSUL] = "consul",
	[SWK_STEP_LIVE] = "live", [SWK_STEP_DECIDE] = "decide",	    [SWK_STEP_WRITE] = "write",
	[SWK_STEP_SEND] = "send", [SWK_STEP_REMEMBER] = "remember", [SWK_STEP_VERIFY] = "verify",
};

void swk_report_init(struct swk_report *report)
{
	*report = (struct swk_report){0};
}

void swk_report_forget_differences(struct swk_report *report)
{
	for (size_t i = 0; i < report->difference_count; i++) {
		free(report->differences[i].text);
		free(report->differences[i].target);
	}
	free(report->differences);
	report->differences = NULL;
	report->difference_count = 0;
}

void swk_report_free(struct swk_report *report)
{
	for (size_t i = 0; i < report->note_count; i++)
		free(report->notes[i].text);
	swk_report_forget_differences(report);
	for (size_t i = 0; i < report->target_count; i++)
		free(report->targets[i].name);
	for (size_t i = 0; i < report->health_count; i++)
		free(report->healths[i].upstream);
	free(report->healths);
	free(report->service);
	free(report->notes);
	free(report->targets);
	swk_report_init(report);
}

void swk_report_note(struct swk_report *report, enum swk_note_kind kind, const char *format, ...)
{
	char raw[SWK_TEXT_MAX], text[SWK_TEXT_MAX];
	struct swk_note *notes;
	va_list arguments;

	report->counted[kind]++;
	report->of_document[kind] += report->reading;
	/* Many skipped instances must not crowd out the notes that explain the exit status. */
	if (report->note_count >= (kind >= SWK_NOTE_HELD_BACK ? 2UL : 1UL) * SWK_NOTES_MAX)
		return;
	notes = swk_list_grow(report->notes, report->note_count, sizeof(*notes));
	if (!notes)
		return;
	report->notes = notes;
	va_start(arguments, format);
	if (vsnprintf(raw, sizeof(raw), format, arguments) < 0)
		raw[0] = '\0';
	va_end(arguments);
	swk_text_escape(text, sizeof(text), raw);
	notes[report->note_count] = (struct swk_note){
		.kind = kind, .of_document = report->reading, .text = strdup(text)};
	if (notes[report->note_count].text)
		report->note_count++;
}

void swk_report_note_once(struct swk_report *report, enum swk_note_kind kind, const char *text)
{
	char escaped[SWK_TEXT_MAX];

	swk_text_escape(escaped, sizeof(escaped), text);
	for (size_t i = 0; i < report->note_count; i++) {
		if (report->notes[i].kind == kind && !strcmp(report->notes[i].text, escaped))
			return;
	}
	swk_report_note(report, kind, "%s", text);
}

static int compare_notes(const void *a, const void *b)
{
	const struct swk_note *x = a, *y = b;

	return x->kind == y->kind ? strcmp(x->text, y->text) : (int)x->kind - (int)y->kind;
}

void swk_report_sort(struct swk_report *report, size_t first)
{
	if (report->note_count > first)
		qsort(&report->notes[first], report->note_count - first, sizeof(*report->notes),
		      compare_notes);
}

size_t swk_report_said(const struct swk_report *report)
{
	size_t count = 0;

	for (size_t i = SWK_NOTE_DETAIL + 1; i < SWK_NOTE_KINDS; i++)
		count += report->counted[i];
	return count;
}

void swk_report_progress(const struct swk_report *report, const char *whom, const char *things,
			 size_t done, size_t all)
{
	if (report->progress)
		report->progress(whom, things, done, all);
}

void swk_report_forget(struct swk_report *report, enum swk_note_kind kind)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->note_count; i++) {
		if (report->notes[i].kind == kind)
			free(report->notes[i].text);
		else
			report->notes[kept++] = report->notes[i];
	}
	report->note_count = kept;
	report->counted[kind] = report->of_document[kind] = 0;
}

void swk_report_forget_document(struct swk_report *report)
{
	size_t kept = 0;

	for (size_t i = 0; i < report->note_count; i++) {
		if (report->notes[i].of_document)
			free(report->notes[i].text);
		else
			report->notes[kept++] = report->notes[i];
	}
	report->note_count = kept;
	for (size_t i = 0; i < SWK_NOTE_KINDS; i++) {
		report->counted[i] -= report->of_document[i];
		report->of_document[i] = 0;
	}
}

int swk_report_difference(struct swk_report *report, char sign, const char *text,
			  const char *target, struct swk_error *error)
{
	struct swk_difference *list, *new;

	list = swk_list_grow(report->differences, report->difference_count, sizeof(*list));
	if (!list)
		return swk_error_memory(error);
	report->differences = list;
	new = &list[report->difference_count];
	*new = (struct swk_difference){.sign = sign, .text = strdup(text)};
	if (target)
		new->target = strdup(target);
	if (!new->text || (target && !new->target)) {
		free(new->text);
		free(new->target);
		return swk_error_memory(error);
	}
	report->difference_count++;
	return 0;
}

int swk_report_target(struct swk_report *report, const char *name, struct swk_error *error)
{
	struct swk_target_report *list;

	list = swk_list_grow(report->targets, report->target_count, sizeof(*list));
	if (!list)
		return swk_error_memory(error);
	report->targets = list;
	list[report->target_count] = (struct swk_target_report){.name = strdup(name)};
	if (!list[report->target_count].name)
		return swk_error_memory(error);
	report->target_count++;
	return 0;
}

struct swk_health_report *swk_report_health(struct swk_report *report, const char *upstream,
					    struct swk_error *error)
{
	struct swk_health_report *list =
		swk_list_grow(report->healths, report->health_count, sizeof(*list));

	if (list)
		report->healths = list;
	if (list)
		list[report->health_count] =
			(struct swk_health_report){.upstream = strdup(upstream)};
	if (!list || !list[report->health_count].upstream) {
		(void)swk_error_memory(error);
		return NULL;
	}
	return &list[report->health_count++];
}

size_t swk_report_signed(const struct swk_report *report, char sign)
{
	size_t count = 0;

	for (size_t i = 0; i < report->difference_count; i++)
		count += report->differences[i].sign == sign && !report->differences[i].target;
	return count;
}

size_t swk_report_pending(const struct swk_report *report)
{
	size_t pending = 0;

	for (size_t i = 0; i < report->target_count; i++)
		pending += report->targets[i].pending;
	return pending;
}

int swk_report_status(const struct swk_report *report)
{
	if (report->counted[SWK_NOTE_UNAVAILABLE])
		return SWK_UNAVAILABLE;
	if (report->counted[SWK_NOTE_PENDING])
		return SWK_TEMPFAIL;
	if (report->counted[SWK_NOTE_HELD_BACK])
		return SWK_HELD_BACK;
	return SWK_OK;
}
