/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <string.h>
#include <time.h>

#include "commands.h"
#include "asking.h"
#include "progress.h"
#include "../shared/tell.h"
#include "base/deadline.h"
#include "run/inspect.h"

/* The awaited services, and the progress. */
struct waiting {
	const struct swk_settings *settings;
	struct swk_waits waits;
	struct swk_progress progress;
	char hindrance[SWK_TEXT_MAX]; /* what made the last sample incomplete, or "" */
};

/* ---- output ---- */

/* Appends the progress of all services. */
static int describe(struct swk_buffer *text, const struct waiting *waiting, struct swk_error *error)
{
	for (size_t i = 0; i < waiting->waits.count; i++) {
		if ((i && swk_buffer_print(text, error, ", ")) ||
		    swk_wait_describe(text, &waiting->waits.list[i], error))
			return error->status;
	}
	return 0;
}

static int describe_late(struct swk_buffer *text, const struct waiting *waiting,
			 const struct swk_wait *late, struct swk_error *error)
{
	if (swk_wait_describe(text, late, error))
		return error->status;
	return swk_buffer_print(
		text, error, " after %u s%s%s%s", late->seconds,
		late->registered || late->unavailable ? "" : "; Consul has no instance of it",
		*waiting->hindrance ? "; " : "", waiting->hindrance);
}

static void show_progress(struct waiting *waiting)
{
	struct swk_error ignored = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	(void)describe(&text, waiting, &ignored);
	if (*waiting->hindrance)
		(void)swk_buffer_print(&text, &ignored, "; %s", waiting->hindrance);
	if (!ignored.status)
		swk_progress_show(&waiting->progress, text.data);
	swk_buffer_free(&text);
}

/* Ends the repainted line, and reports the result on its own line. */
static int say_result(const struct waiting *waiting, const struct swk_wait *late,
		      const struct swk_log *log, struct swk_error *error)
{
	struct swk_buffer text;
	int status;

	swk_progress_end(&waiting->progress);
	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	status =
		late ? describe_late(&text, waiting, late, error) : describe(&text, waiting, error);
	if (status)
		goto out;
	if (late) {
		swk_log_line(log, SWK_LOG_ERROR, text.data);
		status = SWK_TEMPFAIL;
	} else {
		(void)printf("%s\n", text.data);
	}
out:
	swk_buffer_free(&text);
	return status;
}

/* ---- samples ---- */

static void take_hindrance(struct waiting *waiting, const struct swk_report *report)
{
	*waiting->hindrance = '\0';
	for (size_t i = 0; i < report->note_count; i++) {
		const struct swk_note *note = &report->notes[i];

		if (note->kind != SWK_NOTE_UNAVAILABLE && note->kind != SWK_NOTE_PENDING &&
		    !(note->kind == SWK_NOTE_HELD_BACK && report->on_hold))
			continue;
		(void)snprintf(waiting->hindrance, sizeof(waiting->hindrance), "%s", note->text);
		return;
	}
}

/* A sample may end after the wait is over, so that there is at least one. */
static int64_t deadline_of_sample(const struct waiting *waiting)
{
	const int64_t now = swk_now_ms(), usual = now + (int64_t)waiting->settings->timeout * 1000;
	int64_t deadline = now + SWK_WAIT_SAMPLE_MS;

	for (size_t i = 0; i < waiting->waits.count; i++) {
		const int64_t end =
			waiting->progress.began + (int64_t)waiting->waits.list[i].seconds * 1000;

		if (end > deadline)
			deadline = end;
	}
	return deadline < usual ? deadline : usual;
}

static int sample(struct waiting *waiting, struct swk_error *error)
{
	struct swk_report report;
	int status;

	swk_report_init(&report);
	status = swk_inspect_waits(waiting->settings, &waiting->waits, deadline_of_sample(waiting),
				   &report, error);
	take_hindrance(waiting, &report);
	swk_report_free(&report);
	return status;
}

static int wait_for_all(struct waiting *waiting, const struct swk_log *log, struct swk_error *error)
{
	const struct timespec pause = {SWK_WAIT_PAUSE_MS / 1000,
				       SWK_WAIT_PAUSE_MS % 1000 * 1000000L};
	const struct swk_wait *late;
	int64_t gone;

	for (;;) {
		/* Taken before the sample: a service that is late has then had its whole time. */
		gone = swk_progress_seconds(&waiting->progress);
		if (sample(waiting, error))
			return error->status;
		if (swk_waits_over(&waiting->waits))
			return say_result(waiting, NULL, log, error);
		late = swk_waits_late(&waiting->waits, gone);
		if (late)
			return say_result(waiting, late, log, error);
		show_progress(waiting);
		(void)nanosleep(&pause, NULL);
	}
}

/* ---- the command ---- */

static int take_operands(struct waiting *waiting, const struct swk_options *options,
			 struct swk_error *error)
{
	if (!options->word_count)
		return swk_error_set(error, SWK_USAGE,
				     "the service to wait for is missing: give NAME=N; see --help");
	for (size_t i = 0; i < options->word_count; i++) {
		if (swk_waits_add(&waiting->waits, options->words[i], error))
			return error->status;
	}
	/* Other hosts have settings of their own. */
	for (size_t i = 0; !options->fleet && i < waiting->waits.count; i++) {
		const char *service = waiting->waits.list[i].service;

		if (!swk_settings_publish(&options->settings, service))
			return swk_error_set(error, SWK_USAGE,
					     "service '%s' is never published: include or exclude "
					     "leaves it out, or it is Consul itself",
					     service);
	}
	return 0;
}

/* ---- all hosts ---- */

/* Adds the services to the request. Sets *seconds to the shortest time. */
static int compose(const struct waiting *waiting, struct swk_request *request, unsigned *seconds,
		   struct swk_error *error)
{
	*seconds = SWK_WAIT_SECONDS_MAX;
	for (size_t i = 0; i < waiting->waits.count; i++) {
		const struct swk_wait *wait = &waiting->waits.list[i];
		struct swk_request_service *service =
			swk_request_add_service(request, wait->service, error);

		if (!service)
			return error->status;
		service->live = (unsigned)wait->goal;
		if (wait->seconds < *seconds)
			*seconds = wait->seconds;
	}
	return 0;
}

/* Reports `api: 1 live, web: 3 live, on each of 3 hosts`. */
static int say_confirmed(const struct waiting *waiting, size_t hosts, struct swk_error *error)
{
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	for (size_t i = 0; i < waiting->waits.count; i++)
		(void)swk_buffer_print(&text, error, "%s: %zu live, ",
				       waiting->waits.list[i].service, waiting->waits.list[i].goal);
	if (!error->status)
		swk_tell_line("%son each of %zu host%s", text.data, hosts, hosts == 1 ? "" : "s");
	swk_buffer_free(&text);
	return error->status;
}

/* On hosts that do not publish a service, its number of instances does not matter. */
static int check_published(const struct waiting *waiting, const struct swk_fleet *fleet,
			   struct swk_error *error)
{
	for (size_t i = 0; i < waiting->waits.count; i++) {
		if (!swk_fleet_publishes(fleet, i))
			return swk_error_set(
				error, SWK_USAGE,
				"service '%s' is published by no host of the fleet: is "
				"its name right?",
				waiting->waits.list[i].service);
	}
	return 0;
}

static int wait_for_fleet(struct waiting *waiting, const struct swk_options *options,
			  struct swk_error *error)
{
	struct swk_asking asking;
	unsigned seconds;

	swk_interrupt_catch();
	if (swk_asking_begin(&asking, options, &waiting->progress, error) ||
	    compose(waiting, &asking.requester.request, &seconds, error))
		goto out;
	asking.end = waiting->progress.began + (int64_t)seconds * 1000;
	if (!swk_asking_wait(&asking, error) &&
	    !check_published(waiting, &asking.requester.fleet, error))
		(void)say_confirmed(waiting, swk_fleet_awaited(&asking.requester.fleet), error);
out:
	swk_asking_free(&asking);
	return error->status;
}

int swk_wait_command(struct swk_options *options, const struct swk_log *log)
{
	struct waiting waiting = {.settings = &options->settings};
	struct swk_error error = {0};
	int status = take_operands(&waiting, options, &error);

	swk_progress_begin(&waiting.progress, log);
	options->settings.dry_run = options->settings.ask = true;
	if (!status)
		status = options->fleet ? wait_for_fleet(&waiting, options, &error)
					: wait_for_all(&waiting, log, &error);
	if (error.status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	swk_waits_free(&waiting.waits);
	return status;
}
