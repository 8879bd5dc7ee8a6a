/* SPDX-License-Identifier: MIT */
#include "asking.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "base/deadline.h"

/* How many hosts the progress names. */
enum { NAMED = 3 };

char *swk_requester_name(void)
{
	char user[SWK_HOLDER_MAX], host[SWK_HOST_MAX + 1] = "", *name;

	swk_name_caller(user);
	if (gethostname(host, sizeof(host) - 1))
		host[0] = '\0';
	return asprintf(&name, "%s@%s", user, host) < 0 ? NULL : name;
}

static void warn_of_unknown(const struct swk_asking *asking)
{
	const char *unknown = swk_fleet_unknown(&asking->requester.fleet);
	char text[SWK_TEXT_MAX];

	if (!unknown)
		return;
	(void)snprintf(text, sizeof(text),
		       "--without %s: no host of this name is registered; 'swk fleet' shows the "
		       "names",
		       unknown);
	swk_log_line(asking->progress->log, SWK_LOG_WARNING, text);
}

int swk_asking_begin(struct swk_asking *asking, const struct swk_options *options,
		     struct swk_progress *progress, struct swk_error *error)
{
	*asking = (struct swk_asking){.progress = progress, .who = "", .end = SWK_NO_DEADLINE};
	if (swk_requester_init(&asking->requester, &options->settings, &options->without, error) ||
	    swk_requester_begin(&asking->requester, error))
		return error->status;
	asking->requester.request.by = swk_requester_name();
	if (!asking->requester.request.by)
		return swk_error_memory(error);
	warn_of_unknown(asking);
	return 0;
}

void swk_asking_free(struct swk_asking *asking)
{
	swk_requester_end(&asking->requester);
	swk_requester_free(&asking->requester);
}

/* ---- waiting ---- */

static void show(struct swk_asking *asking)
{
	const struct swk_error *trouble = &asking->requester.trouble;
	struct swk_error ignored = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	(void)swk_fleet_describe(&text, &asking->requester.fleet, NAMED, &ignored);
	if (trouble->status)
		(void)swk_buffer_print(&text, &ignored, "; %s", trouble->text);
	if (!ignored.status)
		swk_progress_late(asking->progress, text.data);
	swk_buffer_free(&text);
}

static void say_row(const struct swk_asking *asking, const struct swk_fleet_row *row)
{
	struct swk_error ignored = {0};
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	if (!swk_fleet_describe_row(&text, row, &ignored))
		swk_log_line(asking->progress->log, SWK_LOG_ERROR, text.data);
	swk_buffer_free(&text);
}

/* Sets the error, after a line for each host that has not confirmed. */
static int give_up(struct swk_asking *asking, const char *reason, struct swk_error *error)
{
	const struct swk_fleet *fleet = &asking->requester.fleet;
	const struct swk_error *trouble = &asking->requester.trouble;
	struct swk_buffer text;

	swk_progress_end(asking->progress);
	for (size_t i = 0; i < fleet->count; i++) {
		if (fleet->rows[i].standing > SWK_FLEET_EXCLUDED)
			say_row(asking, &fleet->rows[i]);
	}
	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	if (!swk_fleet_describe(&text, fleet, 0, error))
		(void)swk_error_set(error, SWK_TEMPFAIL, "%s%s after %lld s: %s%s%s", asking->who,
				    reason, (long long)swk_progress_seconds(asking->progress),
				    text.data, trouble->status ? "; " : "", trouble->text);
	swk_buffer_free(&text);
	return error->status;
}

int swk_asking_wait(struct swk_asking *asking, struct swk_error *error)
{
	struct swk_requester *requester = &asking->requester;

	if (swk_requester_ask(requester, error))
		return error->status;
	while (!swk_requester_over(requester)) {
		if (swk_interrupted())
			return give_up(asking, "interrupted", error);
		if (swk_now_ms() >= asking->end)
			return give_up(asking, "not confirmed", error);
		swk_requester_step(requester);
		show(asking);
	}
	swk_progress_end(asking->progress);
	return 0;
}
