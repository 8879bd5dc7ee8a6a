/* SPDX-License-Identifier: MIT */
#include "target/dynamic/lint.h"

#include <fnmatch.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "target/dynamic/dynamic.h"
#include "target/dynamic/files.h"

enum rule { UNDECLARED, NO_ZONE, NO_INCLUDE, NO_BACKUPS };

static const struct {
	const char *word, *reason;
} rules[] = {
	[UNDECLARED] = {"dynamic-undeclared",
			"ngx_dynamic_upstream cannot create it, so no server of it is served"},
	[NO_ZONE] = {"dynamic-zone",
		     "ngx_dynamic_upstream only changes upstreams that have a zone"},
	[NO_INCLUDE] = {"dynamic-include",
			"nginx then starts with other servers than it had before"},
	[NO_BACKUPS] = {"dynamic-backup",
			"nginx's next start or reload fails, because this method has no backups"},
};

/* ---- directives ---- */

/* The first directive of this name, at any depth. */
static const struct swk_directive *find_anywhere(const struct swk_directives *level,
						 const char *name)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *this = &level->list[i], *inner;

		if (swk_directive_is(this, name))
			return this;
		inner = find_anywhere(&this->inside, name);
		if (inner)
			return inner;
	}
	return NULL;
}

/* The upstream of this name in http, in the same case: the module compares it so. */
static const struct swk_directive *find_upstream(const struct swk_directives *level,
						 const char *name)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *this = &level->list[i], *inner = NULL;

		if (this->count == 2 && this->block && swk_directive_is(this, "upstream") &&
		    !strcmp(this->words[1], name))
			return this;
		if (!this->block || swk_directive_is(this, "http"))
			inner = find_upstream(&this->inside, name);
		if (inner)
			return inner;
	}
	return NULL;
}

/* ---- one upstream ---- */

static bool is_dynamic(const struct swk_target_settings *its)
{
	return swk_target_kind(its->kind) == &swk_target_dynamic;
}

static bool receives(const struct swk_target_settings *its, const struct swk_upstream *upstream)
{
	return is_dynamic(its) && swk_selection_has(&its->selection, upstream->source.name);
}

/* The path of the upstream's file, to free. */
static char *path_of(const struct swk_target_settings *its, const char *name)
{
	const char *directory = ((const struct swk_dynamic_settings *)its->own)->directory;
	char *path;

	return asprintf(&path, "%s/%s%s", directory, name, swk_dynamic_ending) < 0 ? NULL : path;
}

static bool includes(const struct swk_dynamic_lint *lint, const struct swk_directive *block,
		     const char *path)
{
	bool found = false;

	for (size_t i = 0; !found && i < block->inside.count; i++) {
		const struct swk_directive *this = &block->inside.list[i];
		const char *folder = this->count == 2 && *this->words[1] == '/' ? "" : lint->folder;
		char *pattern;

		if (!swk_directive_includes(this) || this->count != 2 ||
		    asprintf(&pattern, "%s%s", folder ? folder : "", this->words[1]) < 0)
			continue;
		found = !fnmatch(pattern, path, FNM_PATHNAME);
		free(pattern);
	}
	return found;
}

/* nginx's methods that allow no backups (ngx_http_upstream_module). */
static const struct swk_directive *find_method(const struct swk_directive *block)
{
	static const char *const methods[] = {"ip_hash", "hash", "random"};
	const struct swk_directive *found = NULL;

	for (size_t i = 0; !found && i < sizeof(methods) / sizeof(*methods); i++)
		found = find_anywhere(&block->inside, methods[i]);
	return found;
}

static bool has_backup(const struct swk_upstream *upstream)
{
	for (size_t i = 0; i < upstream->count; i++) {
		if (upstream->servers[i].backup)
			return true;
	}
	return false;
}

static int add(struct swk_findings *findings, enum rule rule, const struct swk_directive *at,
	       const char *what, const char *mend, struct swk_error *error)
{
	const struct swk_found found = {.rule = rules[rule].word,
					.reason = rules[rule].reason,
					.file = at->file->name,
					.what = what,
					.mend = mend,
					.line = at->line};

	return swk_findings_add(findings, &found, error);
}

static int check_declared(struct swk_findings *findings, const struct swk_dynamic_lint *lint,
			  const struct swk_upstream *upstream, const struct swk_directive *block,
			  const char *path, struct swk_error *error)
{
	const struct swk_directive *method = find_method(block);
	char what[SWK_TEXT_MAX], mend[SWK_TEXT_MAX];

	(void)snprintf(what, sizeof(what), "upstream %s has no zone", upstream->name);
	(void)snprintf(mend, sizeof(mend), "put 'zone %s 1m;' into it", upstream->name);
	if (!find_anywhere(&block->inside, "zone") &&
	    add(findings, NO_ZONE, block, what, mend, error))
		return error->status;
	(void)snprintf(what, sizeof(what), "upstream %s does not include %s", upstream->name, path);
	(void)snprintf(mend, sizeof(mend), "put 'include %s;' into it, instead of servers", path);
	if (!includes(lint, block, path) && add(findings, NO_INCLUDE, block, what, mend, error))
		return error->status;
	(void)snprintf(what, sizeof(what), "upstream %s has '%s', and a backup server",
		       upstream->name, method ? method->words[0] : "");
	(void)snprintf(mend, sizeof(mend),
		       "set 'balance' of its service to \"ip_hash\" or \"random two\", so that "
		       "swk-apply leaves backups out");
	return method && has_backup(upstream) ? add(findings, NO_BACKUPS, method, what, mend, error)
					      : 0;
}

static int check_upstream(struct swk_findings *findings, const struct swk_dynamic_lint *lint,
			  const struct swk_upstream *upstream,
			  const struct swk_target_settings *its, struct swk_error *error)
{
	const struct swk_directive *http = find_anywhere(lint->top, "http");
	const struct swk_directive *block = find_upstream(lint->top, upstream->name);
	char *path = path_of(its, upstream->name);
	char what[SWK_TEXT_MAX], mend[SWK_TEXT_MAX];

	if (!path)
		return swk_error_memory(error);
	if (block) {
		(void)check_declared(findings, lint, upstream, block, path, error);
	} else if (http) {
		(void)snprintf(what, sizeof(what), "upstream %s is not declared", upstream->name);
		(void)snprintf(mend, sizeof(mend),
			       "put 'upstream %s { zone %s 1m; include %s; }' into http",
			       upstream->name, upstream->name, path);
		(void)add(findings, UNDECLARED, http, what, mend, error);
	}
	free(path);
	return error->status;
}

/* ---- all upstreams ---- */

int swk_dynamic_lint(struct swk_findings *findings, const struct swk_dynamic_lint *lint,
		     bool *others, struct swk_error *error)
{
	const struct swk_settings *settings = lint->settings;
	const bool has = find_anywhere(lint->top, "dynamic_upstream");
	size_t dynamic = 0;

	for (size_t i = 0; i < settings->target_count; i++)
		dynamic += is_dynamic(&settings->targets[i]);
	*others = !dynamic || find_anywhere(lint->top, "dyups_interface") ||
		  (!has && dynamic < settings->target_count);
	if (!dynamic || (*others && !has))
		return 0;
	for (size_t i = 0; i < lint->upstreams->count; i++) {
		for (size_t j = 0; j < settings->target_count; j++) {
			const struct swk_target_settings *its = &settings->targets[j];

			if (!receives(its, &lint->upstreams->list[i]))
				continue;
			if (check_upstream(findings, lint, &lint->upstreams->list[i], its, error))
				return error->status;
			break;
		}
	}
	return 0;
}
