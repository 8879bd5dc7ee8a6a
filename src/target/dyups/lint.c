/* SPDX-License-Identifier: MIT */
#include "target/dyups/lint.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nginx/conf.h"
#include "target/dyups/interface.h"

/* ---- names ---- */

static bool is_pass(const struct swk_directive *directive)
{
	static const char *const names[] = {"proxy_pass", "grpc_pass", "fastcgi_pass",
					    "uwsgi_pass", "scgi_pass", "memcached_pass",
					    "tunnel_pass"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (directive->count == 2 && swk_directive_is(directive, names[i]))
			return true;
	}
	return false;
}

/* The upstream in FILE that has this name for dyups, which ignores case; or NULL. */
static const struct swk_directive *find_managed(const struct swk_lint *lint, const char *name)
{
	const struct swk_directives *directives = &lint->conf->directives;

	if (!swk_names_contain(&lint->names, name))
		return NULL;
	for (size_t i = 0; i < directives->count; i++) {
		const struct swk_directive *directive = &directives->list[i];

		if (directive->count == 2 && swk_directive_is(directive, "upstream") &&
		    !strcasecmp(directive->words[1], name))
			return directive;
	}
	return NULL;
}

/* An upstream of this name makes nginx refuse the port (ngx_http_upstream_add). */
static int check_pass_to_port(struct swk_lint *lint, const struct swk_directive *directive,
			      const char *name, int scheme)
{
	const struct swk_directive *managed = find_managed(lint, name);
	const char *word = directive->words[1];

	if (!managed && !swk_names_contain(&lint->conf->expected, name))
		return 0;
	if (managed)
		name = managed->words[1];
	return swk_lint_found(
		lint, SWK_LINT_PORT, directive,
		SWK_LINT_SAY("'%s %s' has a port, but %s upstream %s", directive->words[0], word,
			     managed ? "there is an" : "the settings name an", name),
		SWK_LINT_SAY(
			"to use the upstream: 'set $backend %s;' and '%s %.*s$backend;'; to use "
			"a host of this name: give the upstream another name with 'upstream' in "
			"the settings, or leave the service out with 'exclude'",
			name, directive->words[0], scheme, word));
}

/* With a variable anywhere in the word, nginx looks up the whole name at each request. */
static int check_pass(struct swk_lint *lint, const struct swk_directive *directive)
{
	const char *word = directive->words[1], *mark = strstr(word, "://"), *rest;
	size_t scheme = mark ? (size_t)(mark + 3 - word) : 0;
	const struct swk_directive *managed;
	const char *managed_name;
	char name[SWK_NAME_MAX + 1];

	rest = word + scheme + strcspn(word + scheme, ":/?");
	if (strchr(word, '$') || (size_t)(rest - word) - scheme > SWK_NAME_MAX)
		return 0;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(rest - word - (long)scheme),
		       word + scheme);
	if (*rest == ':')
		return check_pass_to_port(lint, directive, name, (int)scheme);
	managed = find_managed(lint, name);
	if (!managed)
		return 0;
	managed_name = managed->words[1]; /* without regard to case, but a variable's value needs
					     this spelling */
	return swk_lint_found(
		lint, SWK_LINT_BOUND, directive,
		SWK_LINT_SAY("'%s %s' names upstream %s", directive->words[0], word, managed_name),
		*rest == '/' || *rest == '?'
			? SWK_LINT_SAY("use 'set $backend %s;' and '%s %.*s$backend;', with a "
				       "'rewrite ... "
				       "break;' for the path, which nginx then does not replace",
				       managed_name, directive->words[0], (int)scheme, word)
			: SWK_LINT_SAY("use 'set $backend %s;' and '%s %.*s$backend;'",
				       managed_name, directive->words[0], (int)scheme, word));
}

static int check_upstream(struct swk_lint *lint, const struct swk_directive *directive)
{
	const char *name = directive->words[1];
	const struct swk_directive *managed =
		directive->file->conf ? NULL : find_managed(lint, name);

	if (!managed)
		return 0;
	return swk_lint_found(
		lint, strcmp(managed->words[1], name) ? SWK_LINT_CASE : SWK_LINT_TWICE, directive,
		SWK_LINT_SAY("upstream %s is also in %s:%u, as %s", name, lint->conf->path,
			     managed->line, managed->words[1]),
		"remove or rename it here, or leave the service out with 'exclude' in the "
		"settings");
}

/* An include of FILE in this block; NULL: at the top. */
static int check_place(struct swk_lint *lint, const struct swk_directive *directive,
		       const struct swk_directive *block)
{
	return swk_lint_found(lint, SWK_LINT_PLACE, directive,
			      SWK_LINT_SAY("'%s %s' includes %s %s%s", directive->words[0],
					   directive->words[1], lint->conf->path,
					   block ? "in " : "outside http",
					   block ? block->words[0] : ""),
			      "remove it here, and include the file in http");
}

static int check_include(struct swk_lint *lint, const struct swk_directive *directive,
			 const struct swk_directive *block)
{
	if (directive->includes_conf && (block ? !swk_directive_is(block, "http") : lint->whole))
		return check_place(lint, directive, block);
	if (directive->includes_conf && lint->included &&
	    swk_lint_found(lint, SWK_LINT_INCLUDED_TWICE, directive,
			   SWK_LINT_SAY("'%s %s' includes %s a second time", directive->words[0],
					directive->words[1], lint->conf->path),
			   "remove one of the two"))
		return lint->error->status;
	lint->included |= directive->includes_conf;
	if (!directive->includes_beside)
		return 0;
	return swk_lint_found(
		lint, SWK_LINT_WIDE, directive,
		SWK_LINT_SAY("'%s %s' also includes %s.state and other files next to that file",
			     directive->words[0], directive->words[1], lint->conf->path),
		"use a pattern that ends in the file's own ending, such as *.conf");
}

/* Whether a path may be FILE's. dyups looks for a relative one in nginx's prefix, which is not
 * known here. */
static bool may_be_conf(const struct swk_lint *lint, const char *path)
{
	const char *conf = lint->conf->path;
	const size_t length = strlen(path), whole = strlen(conf);

	if (*path == '/' || length >= whole)
		return !strcmp(path, conf);
	return conf[whole - length - 1] == '/' && !strcmp(conf + whole - length, path);
}

/* Tengine 2.1.2 reads the file in a worker that it starts again after a crash. 2.3.3 and later
 * print that the directive is deprecated. None reads it at start. */
static int check_upstream_conf(struct swk_lint *lint, const struct swk_directive *directive)
{
	return swk_lint_hint(
		lint, SWK_LINT_UPSTREAM_CONF, directive,
		SWK_LINT_SAY("'%s %s' is not an include", directive->words[0], directive->words[1]),
		may_be_conf(lint, directive->words[1])
			? "remove it, unless this is Tengine 2.1, which needs both"
			: SWK_LINT_SAY("remove it, or on Tengine 2.1 let it name %s",
				       lint->conf->path));
}

/* ---- the whole configuration ---- */

static bool is_scope(const struct swk_directive *directive)
{
	static const char *const names[] = {"http", "server", "location", "if", "limit_except"};

	for (size_t i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (directive->block && swk_directive_is(directive, names[i]))
			return true;
	}
	return false;
}

static int check(struct swk_lint *lint, const struct swk_directive *directive,
		 const struct swk_lint_scope *scope)
{
	if (is_pass(directive))
		return check_pass(lint, directive);
	if (directive->count == 2 && directive->block && swk_directive_is(directive, "upstream"))
		return check_upstream(lint, directive);
	if (swk_directive_includes(directive))
		return check_include(lint, directive, scope->block);
	if (directive->count == 2 && swk_directive_is(directive, "dyups_upstream_conf"))
		return check_upstream_conf(lint, directive);
	if (swk_directive_is(directive, "dyups_interface"))
		return swk_lint_interface(lint, directive, scope);
	if (directive->count == 2 && swk_directive_is(directive, "dyups_shm_zone_size"))
		return swk_lint_zone(lint, directive);
	return 0;
}

/* Blocks in which only an include of FILE matters, such as stream. */
static int walk_elsewhere(struct swk_lint *lint, const struct swk_directive *block,
			  const struct swk_directives *inside)
{
	int status = 0;

	for (size_t i = 0; !status && i < inside->count; i++) {
		const struct swk_directive *directive = &inside->list[i];

		if (swk_directive_includes(directive) && directive->includes_conf)
			status = check_place(lint, directive, block);
		if (!status)
			status = walk_elsewhere(lint, directive->block ? directive : block,
						&directive->inside);
	}
	return status;
}

static int walk(struct swk_lint *lint, const struct swk_directives *directives,
		const struct swk_lint_scope *scope)
{
	int status = 0;

	for (size_t i = 0; !status && i < directives->count; i++) {
		const struct swk_directive *directive = &directives->list[i];
		struct swk_lint_scope inner = {scope, directive, &directive->inside};

		if (directive->block && swk_directive_is(directive, "http"))
			lint->http = directive;
		status = check(lint, directive, scope);
		if (status)
			break;
		if (swk_directive_includes(directive))
			status = walk(lint, &directive->inside, scope);
		else if (is_scope(directive))
			status = walk(lint, &directive->inside, &inner);
		else
			status = walk_elsewhere(lint, directive, &directive->inside);
	}
	return status;
}

/* Reports what a whole configuration lacks. */
static int check_missing(struct swk_lint *lint)
{
	if (!lint->http)
		return 0;
	if (!lint->included && !lint->reported[SWK_LINT_PLACE] &&
	    swk_lint_found(lint, SWK_LINT_NOT_INCLUDED, lint->http,
			   SWK_LINT_SAY("%s is not included%s", lint->conf->path,
					lint->reported[SWK_LINT_UPSTREAM_CONF]
						? ": dyups_upstream_conf is not an include"
						: ""),
			   SWK_LINT_SAY("put 'include %s;' in http, or give --conf FILE if you "
					"mean another file",
					lint->conf->path)))
		return lint->error->status;
	return swk_lint_default_zone(lint);
}

/* ---- FILE ---- */

static int check_conf(struct swk_lint *lint, const struct swk_directive *upstream)
{
	int status = 0;

	for (size_t i = 0; !status && i < upstream->inside.count; i++) {
		const struct swk_directive *directive = &upstream->inside.list[i];
		bool zone = swk_directive_is(directive, "zone");

		if (zone || swk_directive_is(directive, "hash"))
			status = swk_lint_found(
				lint, zone ? SWK_LINT_ZONE : SWK_LINT_HASH, directive,
				SWK_LINT_SAY("upstream %s has '%s'", upstream->words[1],
					     directive->words[0]),
				zone ? "remove it"
				     : "remove it; 'balance' in the settings sets the method");
	}
	return status;
}

static int read_conf(struct swk_lint *lint)
{
	const struct swk_directives *directives = &lint->conf->directives;

	for (size_t i = 0; i < directives->count; i++) {
		const struct swk_directive *directive = &directives->list[i];

		if (directive->count != 2 || !swk_directive_is(directive, "upstream"))
			continue;
		if (swk_names_add(&lint->names, directive->words[1], lint->error) ||
		    check_conf(lint, directive))
			return lint->error->status;
	}
	return 0;
}

/* Finds the largest body that swk-apply may send. */
static int measure(struct swk_lint *lint)
{
	const struct swk_upstreams *upstreams = &lint->conf->upstreams;
	struct swk_buffer body;
	int status = 0;

	swk_buffer_init(&body, SWK_CONF_MAX);
	for (size_t i = 0; !status && i < upstreams->count; i++) {
		swk_buffer_clear(&body);
		status = swk_nginx_directives(&body, &upstreams->list[i], "", "", lint->error);
		if (!status && body.length > lint->body) {
			lint->body = body.length;
			lint->largest = upstreams->list[i].name;
		}
	}
	swk_buffer_free(&body);
	return status;
}

int swk_dyups_lint(struct swk_findings *findings, const struct swk_directives *top,
		   const struct swk_lint_conf *conf, struct swk_error *error)
{
	struct swk_lint lint = {.findings = findings,
				.conf = conf,
				.whole = swk_lint_find(top, "http") != NULL,
				.error = error};
	struct swk_lint_scope scope = {.level = top};
	int status = 0;

	if (measure(&lint) || read_conf(&lint) || walk(&lint, top, &scope) || check_missing(&lint))
		status = error->status;
	swk_names_free(&lint.names);
	return status;
}
