/* SPDX-License-Identifier: MIT */
#include "present.h"

#include <time.h>
#include <unistd.h>

#include "run/history.h"
#include "view/page/page.h"

int swk_present(struct swk_buffer *out, const struct swk_settings *settings,
		const struct swk_survey *survey, struct swk_report *report,
		const struct swk_error *failure, struct swk_error *error)
{
	char host[SWK_HOST_MAX + 1] = "";
	struct swk_changes changes = {0};
	struct swk_error cause = {0};
	const struct swk_page page = {.host = host,
				      .now = (int64_t)time(NULL),
				      .survey = survey,
				      .report = report,
				      .failure = failure,
				      .changes = &changes};
	int status;

	(void)gethostname(host, sizeof(host) - 1);
	if (survey->conf && swk_history_read(settings->conf, &changes, &cause))
		swk_report_note(report, SWK_NOTE_WARNING, "%s", cause.text);
	status = swk_page_write(out, &page, error);
	swk_changes_free(&changes);
	return status;
}
