/* SPDX-License-Identifier: MIT */
#include <glob.h>
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
#include "consul/agent_lint.h"
#include "nginx/conf.h"
#include "nginx/files.h"
#include "target/dynamic/lint.h"
#include "target/dyups/lint.h"
#include "target/file/lint.h"
#include "target/target.h"
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

/* Whether one absolute path ends with the other. Paths in a file system lack what is above its
 * root. */
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

/* ---- the running nginx ---- */

/* Warns if an nginx that answers is known to ignore keepalive. */
static void warn_of_keepalive(const struct swk_upstreams *upstreams,
			      const struct swk_settings *settings, const struct swk_log *log)
{
	const int64_t deadline = swk_now_ms() + (int64_t)SWK_TARGET_QUIET_S * 1000;
	struct swk_error ignored = {0};

	for (size_t i = 0; swk_upstreams_keep(upstreams) && i < settings->target_count; i++) {
		const struct swk_target_settings *its = &settings->targets[i];
		struct swk_target target = {.kind = swk_target_kind(its->kind)};
		char text[SWK_TEXT_MAX];

		if (!target.kind->open(&target, settings, its, &ignored) &&
		    !target.kind->read(&target, SWK_DEPTH_ONE, "-", deadline, &ignored) &&
		    target.advice) {
			(void)snprintf(text, sizeof(text), "%s: %s", target.name, target.advice);
			swk_log_line(log, SWK_LOG_WARNING, text);
		}
		target.kind->close(&target);
		swk_live_free(&target.live);
	}
}

static size_t count_hints(const struct swk_findings *findings)
{
	size_t hints = 0;

	for (size_t i = 0; i < findings->count; i++)
		hints += findings->list[i].hint;
	return hints;
}

/* `rest` checks the rest of such a configuration. */
static int show(const struct swk_findings *findings, const char *path, bool ok, const char *rest,
		bool json, struct swk_error *error)
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
		swk_tell_line("%s: ok for swk-apply; run %s to check the rest",
			      strcmp(path, "-") ? path : "standard input", rest);
out:
	swk_buffer_free(&text);
	return status;
}

/* ---- nginx ---- */

static bool is_of_kind(const struct swk_target_settings *its, const char *kind)
{
	return !strcmp(swk_target_kinds[its->kind], kind);
}

static bool has_kind(const struct swk_settings *settings, const char *kind)
{
	for (size_t i = 0; i < settings->target_count; i++) {
		if (is_of_kind(&settings->targets[i], kind))
			return true;
	}
	return false;
}

/* Checks the configuration by the rules for the kinds of targets that it may be of. */
static int check_conf(struct swk_findings *findings, const struct swk_nginx_files *files,
		      const struct swk_lint_conf *conf, const struct swk_settings *settings,
		      struct swk_error *error)
{
	const struct swk_dynamic_lint dynamic = {&files->top, files->folder, &conf->upstreams,
						 settings};
	bool others;

	if (!swk_dynamic_lint(findings, &dynamic, &others, error) && others &&
	    has_kind(settings, "dyups"))
		(void)swk_dyups_lint(findings, &files->top, conf, error);
	return error->status;
}

/* What is about the upstreams in FILE. */
static int lint_conf(struct swk_findings *findings, struct swk_nginx_files *files,
		     const struct swk_settings *settings, bool *understood,
		     const struct swk_log *log, struct swk_error *error)
{
	struct swk_nginx_file file = {.name = settings->conf, .conf = true};
	struct swk_lint_conf conf = {.path = file.name};

	if (!read_conf(files, &file, &conf, understood, log, error) &&
	    !expect(&conf.expected, settings, error) &&
	    !check_conf(findings, files, &conf, settings, error)) {
		if (files->conf_real && *files->conf_real == '/')
			warn_of_mounts(files->conf_real, log);
		warn_of_keepalive(&conf.upstreams, settings, log);
	}
	swk_directives_free(&conf.directives);
	swk_upstreams_free(&conf.upstreams);
	swk_names_free(&conf.expected);
	return error->status;
}

static int lint_nginx(struct swk_findings *findings, const char *path,
		      const struct swk_settings *settings, bool *understood,
		      const struct swk_log *log, struct swk_error *error)
{
	struct swk_nginx_files files = {0};

	(void)read_configuration(&files, path, settings->conf, error);
	if (!error->status && (has_kind(settings, "dyups") || has_kind(settings, "dynamic")))
		(void)lint_conf(findings, &files, settings, understood, log, error);
	for (size_t i = 0; !error->status && i < settings->target_count; i++) {
		if (is_of_kind(&settings->targets[i], "file"))
			(void)swk_file_lint(findings, &files, &settings->targets[i], error);
	}
	swk_nginx_files_free(&files);
	return error->status;
}

/* ---- Consul's agent ---- */

/* nginx's configuration is neither a folder nor JSON. */
static bool is_agents(const char *path)
{
	const char *dot = strrchr(path, '.');
	struct stat about;

	return (!stat(path, &about) && S_ISDIR(about.st_mode)) || (dot && !strcmp(dot, ".json"));
}

static int read_watches(struct swk_agent_watches *watches, const char *path,
			struct swk_error *error)
{
	struct swk_buffer text;
	bool exists = false;
	int status;

	swk_buffer_init(&text, SWK_CONF_MAX);
	status = swk_file_read(path, &text, &exists, error);
	if (!status && !exists)
		status = swk_error_set(error, SWK_CANTCREATE, "%s: does not exist", path);
	if (!status)
		status = swk_agent_watches_add(watches, path, &text, error);
	swk_buffer_free(&text);
	return status;
}

/* Finds the agent's files: in a folder it reads those with two endings, but not those in folders
 * below. */
static int find_files(glob_t *found, const char *path, const char *ending, struct swk_error *error)
{
	char *pattern;
	int result;

	if (asprintf(&pattern, "%s/*%s", path, ending) < 0)
		return swk_error_memory(error);
	result = glob(pattern, 0, NULL, found);
	free(pattern);
	return result == GLOB_NOSPACE ? swk_error_memory(error) : 0;
}

static int read_folder(struct swk_agent_watches *watches, const char *path,
		       const struct swk_log *log, struct swk_error *error)
{
	glob_t json = {0}, hcl = {0};
	char text[SWK_TEXT_MAX];

	if (find_files(&json, path, ".json", error) || find_files(&hcl, path, ".hcl", error))
		goto out;
	for (size_t i = 0; !error->status && i < json.gl_pathc; i++)
		(void)read_watches(watches, json.gl_pathv[i], error);
	for (size_t i = 0; i < hcl.gl_pathc; i++) {
		(void)snprintf(text, sizeof(text), "%s is not checked: swk lint reads JSON only",
			       hcl.gl_pathv[i]);
		swk_log_line(log, SWK_LOG_WARNING, text);
	}
out:
	globfree(&json);
	globfree(&hcl);
	return error->status;
}

static int lint_agent(struct swk_findings *findings, const char *path,
		      const struct swk_settings *settings, const struct swk_log *log,
		      struct swk_error *error)
{
	struct swk_agent_watches watches = {0};
	const char *dot = strrchr(path, '.');
	int status = dot && !strcmp(dot, ".json") ? read_watches(&watches, path, error)
						  : read_folder(&watches, path, log, error);

	if (!status)
		status = swk_agent_lint(findings, &watches, settings, error);
	if (!status && !geteuid())
		swk_log_line(log, SWK_LOG_WARNING,
			     "root may execute more than the agent's user: run swk lint as that "
			     "user, for example with 'runuser -u consul -- swk lint'");
	swk_agent_watches_free(&watches);
	return status;
}

/* ---- the command ---- */

int swk_lint(struct swk_options *options, const struct swk_log *log)
{
	const char *path = options->word ? options->word : MAIN_FILE;
	const bool of_agent = is_agents(path);
	struct swk_findings findings = {0};
	struct swk_error error = {0};
	bool ok = true;
	int status;

	status = of_agent ? lint_agent(&findings, path, &options->settings, log, &error)
			  : lint_nginx(&findings, path, &options->settings, &ok, log, &error);
	ok = ok && findings.count == count_hints(&findings);
	if (!status)
		status = show(&findings, path, ok, of_agent ? "consul validate" : "nginx -t",
			      options->json, &error);
	if (status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	else if (!ok)
		status = FOUND;
	swk_findings_free(&findings);
	return status;
}
