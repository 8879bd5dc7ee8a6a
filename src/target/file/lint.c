/* SPDX-License-Identifier: MIT */
#include "target/file/lint.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/file/file.h"

/* The main file, or another that nginx loads and that has this path; NULL: none. */
static const struct swk_nginx_file *find_loaded(const struct swk_nginx_files *files,
						const char *path)
{
	char *real = realpath(path, NULL);
	const struct swk_nginx_file *found = NULL;

	for (size_t i = 0; !found && i < files->count; i++) {
		char *name = files->dumped ? NULL : realpath(files->files[i]->name, NULL);

		if (!strcmp(name ? name : files->files[i]->name, real ? real : path))
			found = files->files[i];
		free(name);
	}
	free(real);
	return found;
}

/* Whether an include matches this path, even if no such file exists. */
static bool would_load(const struct swk_nginx_files *files, const struct swk_directives *directives,
		       const char *path)
{
	for (size_t i = 0; i < directives->count; i++) {
		const struct swk_directive *directive = &directives->list[i];

		if (swk_directive_includes(directive)) {
			const char *word = directive->words[1];
			size_t folder = *word == '/' ? 0 : strlen(files->folder);

			if (!strncmp(path, files->folder, folder) &&
			    !fnmatch(word, path + folder, FNM_PATHNAME | FNM_PERIOD))
				return true;
		}
		if (would_load(files, &directive->inside, path))
			return true;
	}
	return false;
}

static const struct swk_nginx_file *find_conf(const struct swk_nginx_files *files)
{
	for (size_t i = 0; i < files->count; i++) {
		if (files->files[i]->conf)
			return files->files[i];
	}
	return NULL;
}

int swk_file_lint(struct swk_findings *findings, const struct swk_nginx_files *files,
		  const struct swk_target_settings *its, struct swk_error *error)
{
	const struct swk_file_settings *settings = its->own;
	const char *path = settings->own.file;
	const struct swk_nginx_file *conf = find_conf(files);
	char what[SWK_TEXT_MAX], mend[SWK_TEXT_MAX];
	struct swk_found found = {.what = what, .mend = mend, .line = 1};

	if (settings->format != SWK_FILE_NGINX || !files->count)
		return 0;
	if (!find_loaded(files, path)) {
		if (files->fragment || would_load(files, &files->top, path))
			return 0;
		found.rule = "target-file-not-included";
		found.reason = "nginx does not have the upstreams of this target";
		found.file = files->files[0]->name;
		(void)snprintf(what, sizeof(what), "%s, the file of target '%s', is not included",
			       path, its->name);
		(void)snprintf(mend, sizeof(mend), "put 'include %s;' in %s", path,
			       settings->context == SWK_FILE_STREAM ? "stream" : "http");
		return swk_findings_add(findings, &found, error);
	}
	if (!conf || settings->context == SWK_FILE_STREAM)
		return 0;
	found.rule = "conf-file-too";
	found.reason = "each upstream then exists twice, and nginx's next start or reload fails";
	found.file = conf->name;
	(void)snprintf(what, sizeof(what),
		       "nginx loads the conf file and also %s, the file of target '%s'", path,
		       its->name);
	(void)snprintf(mend, sizeof(mend),
		       "set 'conf' to a path that no include matches, or use a dyups target alone");
	return swk_findings_add(findings, &found, error);
}
