/* SPDX-License-Identifier: MIT */
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#include "commands.h"
#include "../shared/tell.h"
#include "base/deadline.h"
#include "base/file.h"
#include "consul/agent_config.h"
#include "consul/client.h"
#include "policy/guard.h"
#include "policy/placement.h"
#include "store/store.h"

#define FILE_NAME "swk-watches.json"

/* Consul's list of services. */
struct listing {
	struct swk_policy policy;
	struct swk_services services; /* those that are published */
	size_t listed;		      /* number of valid names */
	size_t left_out;	      /* number left out by include and exclude */
	struct swk_report report;
};

/* ---- the list ---- */

static int take_service(void *context, const char *name, struct swk_error *error)
{
	struct listing *listing = context;

	if (swk_name_is_internal(name))
		return 0;
	listing->listed += swk_name_valid(name);
	listing->left_out += !swk_settings_publish(listing->policy.settings, name);
	return swk_policy_service(&listing->services, &listing->policy, name, &listing->report,
				  error);
}

static int take_undecodable(void *context, const char *service, const char *what,
			    const char *reason, struct swk_error *error)
{
	struct listing *listing = context;

	(void)service;
	(void)error;
	swk_report_note(&listing->report, SWK_NOTE_SKIPPED, "%s skipped: %s", what, reason);
	return 0;
}

static void forget(void *context)
{
	struct listing *listing = context;

	swk_services_free(&listing->services);
	swk_report_forget(&listing->report, SWK_NOTE_SKIPPED);
	listing->listed = listing->left_out = 0;
}

/* Asks the leader, even with the setting `stale`: lists of two servers may differ, and the file
 * would change back and forth. */
static int ask(struct listing *listing, int64_t deadline, struct swk_error *error)
{
	const struct swk_settings *settings = listing->policy.settings;
	struct swk_consul_query query = {.sink = {.context = listing,
						  .service = take_service,
						  .undecodable = take_undecodable},
					 .least = UINT64_MAX,
					 .again = forget};
	struct swk_consul consul = {0};
	struct swk_http *http = swk_http_open(error);
	int status = 0;

	if (!http || swk_consul_init(&consul, &settings->consul, settings->token_file, error) ||
	    swk_consul_ask(&consul, http, &query, 1, deadline, error))
		status = error->status;
	else if (query.error.status)
		status = swk_error_set(error, query.error.status,
				       "Consul could not be asked, so nothing was written: %s",
				       query.error.text);
	else if (query.filtered)
		status = swk_error_set(error, SWK_HELD_BACK,
				       "Consul's list of services is incomplete, so nothing was "
				       "written: the token lacks service:read for some services");
	swk_consul_free(&consul);
	swk_http_close(http);
	return status;
}

/* An agent whose watches were removed would not notice when the services return. */
static int guard(struct listing *listing, struct swk_error *error)
{
	if (!swk_guard_list(listing->listed, listing->policy.settings->min_services,
			    listing->policy.settings->min_services_where,
			    "Consul's list of services", &listing->report))
		return SWK_HELD_BACK;
	if (listing->services.count)
		return 0;
	return swk_error_set(error, SWK_HELD_BACK,
			     "none of Consul's %zu services is published, so nothing was written: "
			     "see 'swk explain'",
			     listing->listed);
}

/* ---- the file ---- */

static int check_folder(const char *folder, struct swk_error *error)
{
	struct stat about;

	if (!stat(folder, &about) && S_ISDIR(about.st_mode))
		return 0;
	return swk_error_set(error, SWK_CANTCREATE,
			     "--write: '%s' is not a folder: name the agent's configuration "
			     "folder, such as /etc/consul.d",
			     folder);
}

/* Replaces the file if its content differs, and `swk watches` wrote it. */
static int replace(struct swk_store *store, const struct swk_buffer *text, bool *replaced,
		   struct swk_error *error)
{
	struct swk_buffer present;
	bool exists, same;
	int status;

	swk_buffer_init(&present, SWK_CONF_MAX);
	status = swk_file_read(store->conf, &present, &exists, error);
	if (status)
		goto out;
	same = exists && swk_buffer_same(&present, text);
	if (exists && !same && !swk_agent_config_recognise(&present))
		status = swk_error_set(error, SWK_HELD_BACK,
				       "%s contains something that swk watches does not write, so "
				       "the file stays as it is: move that part to another file",
				       store->conf);
	else if (!same)
		status = swk_store_replace(store, store->conf, text, true, replaced, error);
out:
	swk_buffer_free(&present);
	return status;
}

/* Locks the folder itself: the agent would complain about a lock file in it at each reload. */
static int write_file(const char *folder, const struct swk_buffer *text, int64_t deadline,
		      bool *replaced, struct swk_error *error)
{
	struct swk_store store = {.lock_descriptor = -1};
	int status = 0;
	char *path;

	if (check_folder(folder, error))
		return error->status;
	if (asprintf(&path, "%s/" FILE_NAME, folder) < 0)
		return swk_error_memory(error);
	if (swk_store_open(&store, path, error) || swk_store_lock_folder(&store, deadline, error) ||
	    replace(&store, text, replaced, error))
		status = error->status;
	if (*replaced)
		(void)printf("%s\n", path);
	swk_store_close(&store);
	free(path);
	return status;
}

/* The path of swk-apply, which is in the folder of this program, for the caller to free; NULL
 * without memory. Only the name if there is no /proc. */
static char *find_program(void)
{
	char self[PATH_MAX] = "", *path;
	ssize_t length = readlink("/proc/self/exe", self, sizeof(self));
	const char *slash = length > 0 ? memrchr(self, '/', (size_t)length) : NULL;
	int folder = slash ? (int)(slash + 1 - self) : 0;

	return asprintf(&path, "%.*sswk-apply", folder, self) < 0 ? NULL : path;
}

/* Asks for the list, and writes or prints the watches. *news becomes false if a file did not need
 * to change. */
static int make(struct listing *listing, const struct swk_options *options, bool *news,
		struct swk_error *error)
{
	const struct swk_settings *settings = &options->settings;
	int64_t deadline = swk_now_ms() + (int64_t)settings->timeout * 1000;
	struct swk_buffer text;
	char *program = find_program();
	int status = program ? ask(listing, deadline, error) : swk_error_memory(error);

	swk_buffer_init(&text, SWK_CONF_MAX);
	if (!status)
		status = guard(listing, error);
	if (!status)
		status = swk_agent_config_print(&text, &listing->services, settings, program,
						&options->handed, error);
	if (status)
		goto out;
	if (options->write) {
		*news = false;
		status = write_file(options->write, &text, deadline, news, error);
	} else {
		(void)fwrite(text.data, 1, text.length, stdout);
	}
out:
	swk_buffer_free(&text);
	free(program);
	return status;
}

/* ---- the command ---- */

static void say_notes(const struct listing *listing, const struct swk_log *log)
{
	char text[SWK_TEXT_MAX];

	swk_tell_notes(log, &listing->report);
	(void)snprintf(text, sizeof(text), "%zu service%s left out by include or exclude",
		       listing->left_out, listing->left_out == 1 ? " is" : "s are");
	if (listing->left_out)
		swk_log_line(log, SWK_LOG_INFO, text);
}

/* Warns if the folder also has the file of watches that comes with the program. */
static void say_of_shipped(const char *folder, const struct swk_log *log)
{
	char path[SWK_TEXT_MAX / 2], text[SWK_TEXT_MAX];

	(void)snprintf(path, sizeof(path), "%s/swk-apply.hcl", folder);
	(void)snprintf(text, sizeof(text),
		       "%s has two of these watches too, so each event starts swk-apply twice: "
		       "remove that file",
		       path);
	if (!access(path, F_OK))
		swk_log_line(log, SWK_LOG_WARNING, text);
}

int swk_watches(struct swk_options *options, const struct swk_log *log)
{
	struct listing listing = {.policy = {.settings = &options->settings}};
	struct swk_error error = {0};
	bool news = true;
	int status;

	swk_report_init(&listing.report);
	status = make(&listing, options, &news, &error);
	(void)fflush(stdout); /* notes on standard error must follow the list */
	/* A timer's run that changes nothing prints nothing. */
	if (news)
		say_notes(&listing, log);
	if (news && options->write)
		say_of_shipped(options->write, log);
	if (error.status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	swk_services_free(&listing.services);
	swk_report_free(&listing.report);
	return status;
}
