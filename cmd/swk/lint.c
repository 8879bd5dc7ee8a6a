/* SPDX-License-Identifier: MIT */
#include <glob.h>
#include <limits.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "commands.h"
#include "../shared/tell.h"
#include "base/deadline.h"
#include "nginx/conf.h"
#include "nginx/files.h"
#include "target/dyups/lint.h"
#include "view/findings.h"

#define MAIN_FILE "/etc/nginx/nginx.conf"

enum { FOUND = 1 }; /* the exit status with findings */

static int read_configuration(struct swk_nginx_files *files, const char *path, const char *conf,
			      struct swk_error *error)
{
	struct swk_buffer text;
	int status;

	if (strcmp(path, "-") != 0)
		return swk_nginx_files_read(files, path, conf, error);
	swk_buffer_init(&text, SWK_LINT_TEXT_MAX);
	status = swk_buffer_read(&text, STDIN_FILENO, SWK_NO_DEADLINE, "standard input", SWK_DATA,
				 error);
	if (!status)
		status = swk_nginx_files_take_dump(files, &text, conf, error);
	swk_buffer_free(&text);
	return status;
}

/* Reads the conf file: its directives, to check them, and its upstreams, to know names and sizes.
 * If swk-apply cannot read the file, warns, sets *understood to false, and continues
 * without the upstreams. */
static int read_conf(const struct swk_nginx_files *files, const struct swk_nginx_file *file,
		     struct swk_lint_conf *conf, bool *understood, const struct swk_log *log,
		     struct swk_error *error)
{
	size_t room = SWK_LINT_DIRECTIVES_MAX;
	struct swk_error failure = {0};
	struct swk_buffer text;
	char words[SWK_TEXT_MAX];
	bool exists = false;
	int status;

	swk_buffer_init(&text, SWK_CONF_MAX);
	status = swk_nginx_files_conf(files, &text, &exists, error);
	if (status)
		goto out;
	if (!exists) {
		(void)snprintf(
			words, sizeof(words),
			"%s does not exist yet, so the names and sizes of upstreams were not "
			"checked: run swk lint again after the first 'swk-apply --resync'",
			conf->path);
		swk_log_line(log, SWK_LOG_WARNING, words);
	}
	status =
		swk_nginx_conf_parse(&conf->directives, file, text.data, text.length, &room, error);
	*understood = status || !swk_nginx_read(&conf->upstreams, conf->path, text.data,
						text.length, &failure);
	if (!*understood)
		swk_log_line(log, SWK_LOG_WARNING, failure.text);
out:
	swk_buffer_free(&text);
	return status;
}

/* Adds the name of a service's upstreams, unless the service is a pattern or not published. */
static int expect_service(struct swk_names *names, const struct swk_settings *settings,
			  const char *service, struct swk_error *error)
{
	struct swk_rules rules;

	if (strpbrk(service, "*?[\\") || !swk_settings_publish(settings, service))
		return 0;
	swk_rules_find(&rules, &settings->defaults, &settings->services, service);
	return swk_names_add(names, rules.upstream ? rules.upstream : service, error);
}

/* Finds the upstreams that the settings name, whether FILE has them yet or not. */
static int expect(struct swk_names *names, const struct swk_settings *settings,
		  struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < settings->services.count; i++)
		status = expect_service(names, settings, settings->services.list[i].pattern, error);
	for (size_t i = 0; !status && i < settings->selection.include.count; i++)
		status =
			expect_service(names, settings, settings->selection.include.list[i], error);
	return status;
}

/* ---- mounts ---- */

/* Whether one path ends with the other. Paths in a file system lack what is above its root. */
static bool end_alike(const char *path, const char *other)
{
	size_t length = strlen(path), others = strlen(other);

	return length < others ? !strcmp(other + others - length, path)
			       : !strcmp(path + length - others, other);
}

/* Whether a process has a mount of the conf file alone. Its mounts are in /proc/PID/mountinfo:
 * proc(5). For this process, `self`, the conf file may also be the place of another file's mount.
 */
static bool mounts_alone(const char *mounts, const char *conf, bool self)
{
	FILE *lines = fopen(mounts, "re");
	char *line = NULL, root[PATH_MAX + 16], place[PATH_MAX + 16], *deleted;
	bool found = false;
	size_t room = 0;

	while (lines && !found && getline(&line, &room, lines) > 0) {
		if (sscanf(line, "%*s %*s %*s %4100s %4100s", root, place) != 2)
			continue;
		/* The kernel appends this when the file is replaced. */
		deleted = strstr(root, "//deleted");
		if (deleted)
			*deleted = '\0';
		found = end_alike(conf, root) || (self && !strcmp(conf, place));
	}
	free(line);
	if (lines)
		(void)fclose(lines);
	return found;
}

/* Warns if the conf file is mounted without its folder, usually into a container. When swk-apply
 * replaces the file, such a mount keeps the old one. */
static void warn_of_mounts(const char *conf, const struct swk_log *log)
{
	bool found = mounts_alone("/proc/self/mountinfo", conf, true);
	glob_t processes = {0};
	char text[SWK_TEXT_MAX];

	if (!found && !glob("/proc/[0-9]*/mountinfo", GLOB_NOSORT, NULL, &processes)) {
		for (size_t i = 0; !found && i < processes.gl_pathc; i++)
			found = mounts_alone(processes.gl_pathv[i], conf, false);
	}
	globfree(&processes);
	(void)snprintf(text, sizeof(text),
		       "%s is mounted by itself, for example into a container, which keeps the old "
		       "file when swk-apply replaces it: mount its folder instead",
		       conf);
	if (found)
		swk_log_line(log, SWK_LOG_WARNING, text);
}

static size_t count_hints(const struct swk_findings *findings)
{
	size_t hints = 0;

	for (size_t i = 0; i < findings->count; i++)
		hints += findings->list[i].hint;
	return hints;
}

static int show(const struct swk_findings *findings, const char *path, bool ok, bool json,
		struct swk_error *error)
{
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_DOCUMENT_MAX);
	status = json ? swk_print_findings_json(&text, findings, error)
		      : swk_print_findings(&text, findings, error);
	if (status)
		goto out;
	if (text.length)
		(void)fwrite(text.data, 1, text.length, stdout);
	if (!json && ok)
		swk_tell_line("%s: ok for swk-apply; run nginx -t to check the rest",
			      strcmp(path, "-") ? path : "standard input");
out:
	swk_buffer_free(&text);
	return status;
}

int swk_lint(struct swk_options *options, const struct swk_log *log)
{
	const char *path = options->word ? options->word : MAIN_FILE;
	struct swk_nginx_file file = {.name = options->settings.conf, .conf = true};
	struct swk_lint_conf conf = {.path = file.name};
	struct swk_nginx_files files = {0};
	struct swk_findings findings = {0};
	struct swk_error error = {0};
	bool understood = false;
	int status = FOUND;

	if (read_configuration(&files, path, conf.path, &error) ||
	    read_conf(&files, &file, &conf, &understood, log, &error) ||
	    expect(&conf.expected, &options->settings, &error) ||
	    swk_dyups_lint(&findings, &files.top, &conf, &error))
		goto out;
	if (understood && findings.count == count_hints(&findings))
		status = 0;
	if (!show(&findings, path, !status, options->json, &error))
		warn_of_mounts(files.conf_real ? files.conf_real : conf.path, log);
out:
	if (error.status) {
		status = error.status;
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	}
	swk_findings_free(&findings);
	swk_directives_free(&conf.directives);
	swk_upstreams_free(&conf.upstreams);
	swk_names_free(&conf.expected);
	swk_nginx_files_free(&files);
	return status;
}
