/* SPDX-License-Identifier: MIT */
#include "publish.h"

#include <time.h>

#include "../shared/present.h"
#include "base/deadline.h"
#include "base/file.h"
#include "run/inspect.h"
#include "store/store.h"
#include "view/metrics.h"

/* If the file can't be read, its counters start again. */
static int read_back(struct swk_metrics *metrics, const char *path, struct swk_error *error)
{
	struct swk_error failure = {0};
	struct swk_buffer text;
	bool exists;
	int status = 0;

	swk_buffer_init(&text, SWK_METRICS_MAX);
	if (!swk_file_read_nofollow(path, &text, &exists, &failure) && text.length)
		status = swk_metrics_read(metrics, text.data, error);
	swk_buffer_free(&text);
	return status;
}

bool swk_publish_began(const char *path)
{
	struct swk_metrics metrics = {0};
	struct swk_error error = {0};
	bool began;

	(void)read_back(&metrics, path, &error);
	began = metrics.complete > 0;
	swk_metrics_free(&metrics);
	return began;
}

/* Reads and writes under the lock, so that concurrent runs lose no count. */
static int replace(struct swk_store *store, const struct swk_report *report, int status,
		   struct swk_error *error)
{
	struct swk_metrics metrics = {0};
	struct swk_buffer text;
	struct timespec now;
	bool replaced = false;
	int result = read_back(&metrics, store->conf, error);

	swk_buffer_init(&text, SWK_METRICS_MAX);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	if (!result)
		result = swk_metrics_update(&metrics, report, status,
					    (double)now.tv_sec + (double)now.tv_nsec / 1e9, error);
	if (!result)
		result = swk_metrics_write(&text, &metrics, error);
	if (!result)
		result = swk_store_replace(store, store->conf, &text, false, &replaced, error);
	swk_buffer_free(&text);
	swk_metrics_free(&metrics);
	return result;
}

int swk_publish(const char *path, const struct swk_report *report, int status,
		struct swk_error *error)
{
	struct swk_store store;
	int result = swk_store_open_alone(&store, path, error);

	if (!result)
		result = swk_store_lock_folder(&store, swk_now_ms() + SWK_METRICS_LOCK_MS, error);
	if (!result)
		result = replace(&store, report, status, error);
	swk_store_close(&store);
	if (result)
		swk_error_add(error,
			      "; the metrics were not written, and nothing else is affected");
	return result;
}

/* ---- the page ---- */

/* Reads the files and the targets again, for a run that did not get far enough. */
static void survey_now(const struct swk_settings *settings, struct swk_survey *survey)
{
	struct swk_settings reading = *settings;
	struct swk_report report;
	struct swk_error cause = {0};

	reading.dry_run = true;
	swk_report_init(&report);
	swk_survey_free(survey);
	if (swk_inspect_undecided(&reading, survey, swk_now_ms() + SWK_PAGE_READ_MS, &report,
				  &cause))
		swk_survey_free(survey);
	swk_report_free(&report);
}

static int replace_page(const char *path, const struct swk_buffer *text, struct swk_error *error)
{
	struct swk_store store;
	bool replaced;
	int status = swk_store_open_alone(&store, path, error);

	if (!status)
		status = swk_store_lock_folder(&store, swk_now_ms() + SWK_METRICS_LOCK_MS, error);
	if (!status)
		status = swk_store_replace(&store, store.conf, text, false, &replaced, error);
	swk_store_close(&store);
	return status;
}

int swk_publish_page(const struct swk_settings *settings, struct swk_survey *survey,
		     struct swk_report *report, const struct swk_error *failure,
		     struct swk_error *error)
{
	struct swk_buffer text;
	int status;

	if (!survey->conf)
		survey_now(settings, survey);
	swk_buffer_init(&text, SWK_PAGE_MAX);
	status = swk_present(&text, settings, survey, report, failure, error);
	if (!status)
		status = replace_page(settings->page_file, &text, error);
	swk_buffer_free(&text);
	if (status)
		swk_error_add(error, "; the page was not written, and nothing else is affected");
	return status;
}
