/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "asking.h"
#include "commands.h"
#include "terminal.h"
#include "base/deadline.h"
#include "view/fleet.h"

/* Asks all hosts how they stand, until each has answered or the time is over. */
static int ask(struct swk_requester *requester, unsigned seconds, struct swk_error *error)
{
	const int64_t end = swk_now_ms() + (int64_t)seconds * 1000;

	if (swk_requester_begin(requester, error) || swk_requester_ask(requester, error))
		return error->status;
	while (!swk_fleet_over(&requester->fleet) && !swk_interrupted() && swk_now_ms() < end)
		swk_requester_step(requester);
	return 0;
}

static int result_of(const struct swk_fleet *fleet)
{
	bool on_hold = false;

	for (size_t i = 0; i < fleet->count; i++) {
		const struct swk_fleet_row *row = &fleet->rows[i];

		if (row->standing != SWK_FLEET_CONFIRMED || row->ack.pending)
			return SWK_TEMPFAIL;
		on_hold |= row->ack.on_hold;
	}
	return on_hold ? SWK_HELD_BACK : 0;
}

static int print(const struct swk_fleet_view *view, const struct swk_options *options,
		 struct swk_error *error)
{
	const struct swk_print_style style = {
		.colour = options->color == SWK_COLOR_AUTO ? swk_terminal_colours()
							   : options->color == SWK_COLOR_ALWAYS};
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	status = options->json ? swk_print_fleet_json(&text, view, error)
			       : swk_print_fleet(&text, view, &style, error);
	if (!status && text.length)
		(void)fwrite(text.data, 1, text.length, stdout);
	(void)fflush(stdout); /* messages on standard error must follow it */
	swk_buffer_free(&text);
	return status;
}

int swk_fleet_command(struct swk_options *options, const struct swk_log *log)
{
	struct swk_requester requester;
	struct swk_error failure = {0}, error = {0};
	struct swk_fleet_view view = {.fleet = &requester.fleet};

	swk_interrupt_catch();
	(void)swk_requester_init(&requester, &options->settings, NULL, &failure);
	requester.request.by = swk_requester_name();
	view.asked = swk_now_ms();
	if (!failure.status)
		(void)ask(&requester,
			  options->patience ? options->patience : SWK_FLEET_PING_SECONDS, &failure);
	/* Whoever may not write a session may still read the list. */
	if (failure.status == SWK_UNAVAILABLE && !requester.fleet.count)
		(void)swk_requester_list(&requester, &error);
	error = (struct swk_error){0};
	view.result = failure.status ? failure.status : result_of(&requester.fleet);
	view.trouble = failure.status ? failure.text : NULL;
	if (requester.fleet.count || options->json)
		(void)print(&view, options, &error);
	if (failure.status)
		swk_log_line(log, SWK_LOG_ERROR, failure.text);
	if (error.status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	swk_requester_end(&requester);
	swk_requester_free(&requester);
	return error.status ? error.status : view.result;
}
