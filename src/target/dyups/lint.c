/* SPDX-License-Identifier: MIT */
#include "target/dyups/lint.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"
#include "model/names.h"
#include "nginx/conf.h"
#include "target/dyups/read.h"

/* The rules' names in output. */
static const char *const words[SWK_LINT_RULES] = {
	[SWK_LINT_BOUND] = "bound-at-start",
	[SWK_LINT_PORT] = "upstream-port",
	[SWK_LINT_TWICE] = "upstream-twice",
	[SWK_LINT_CASE] = "upstream-case",
	[SWK_LINT_NOT_INCLUDED] = "not-included",
	[SWK_LINT_INCLUDED_TWICE] = "included-twice",
	[SWK_LINT_PLACE] = "included-elsewhere",
	[SWK_LINT_UPSTREAM_CONF] = "upstream-conf",
	[SWK_LINT_WIDE] = "include-too-wide",
	[SWK_LINT_OPEN] = "interface-open",
	[SWK_LINT_BODY] = "body-size",
	[SWK_LINT_PIECES] = "body-in-pieces",
	[SWK_LINT_WORKER] = "worker-unnamed",
	[SWK_LINT_QUEUE] = "queue-size",
	[SWK_LINT_HASH] = "hash",
	[SWK_LINT_ZONE] = "zone",
};

#define UNMANAGEABLE "swk-apply does not write this, and changes nothing while it is there"

static const char *const reasons[SWK_LINT_RULES] = {
	[SWK_LINT_BOUND] =
		"nginx binds this name when it starts, and never sees what dyups changes",
	[SWK_LINT_PORT] = "nginx's next start or reload fails, because an upstream may not have a "
			  "port",
	[SWK_LINT_TWICE] = "nginx's next start or reload fails",
	[SWK_LINT_CASE] = "nginx's next start or reload fails; Tengine accepts both, but dyups "
			  "ignores case and changes either of them",
	[SWK_LINT_NOT_INCLUDED] = "nginx has the upstreams only in its memory, and loses them at "
				  "its next start or reload",
	[SWK_LINT_INCLUDED_TWICE] = "each upstream of that file then exists twice, and nginx's "
				    "next start or reload fails",
	[SWK_LINT_PLACE] = "dyups only changes upstreams in http, and elsewhere nginx's next start "
			   "or reload usually fails",
	[SWK_LINT_UPSTREAM_CONF] = "only Tengine 2.1 uses it, and only for a worker that it starts "
				   "again; newer releases ignore it",
	[SWK_LINT_WIDE] = "they are not nginx configuration, so its next start or reload fails",
	[SWK_LINT_OPEN] =
		"whoever reaches it can change every upstream, and make nginx read any file",
	[SWK_LINT_BODY] =
		"nginx answers 413 to it, and never gets this upstream as the conf file has it",
	[SWK_LINT_PIECES] = "nginx may apply only a part of a body that arrives in pieces, and "
			    "still answer 200",
	[SWK_LINT_WORKER] = "swk-apply then reads nginx more often, and may miss a worker",
	[SWK_LINT_QUEUE] = "the worker that gets it cannot pass it on, and the upstream of the "
			   "others stays as it was",
	[SWK_LINT_HASH] =
		UNMANAGEABLE "; in dyups a worker that is sent it takes no change any more",
	[SWK_LINT_ZONE] = UNMANAGEABLE "; in dyups it kills the worker that is sent it",
};

/* Defaults of client_max_body_size (ngx_http_core_module) and dyups_shm_zone_size (dyups). */
#define BODY_DEFAULT (1024UL * 1024)
#define QUEUE_DEFAULT (2UL * 1024 * 1024)

/* A level of directives, and the levels around it. */
struct scope {
	const struct scope *outer;
	const struct swk_directive *block; /* NULL: the top level of a file */
	const struct swk_directives *level;
};

struct lint {
	struct swk_findings *findings;
	const struct swk_lint_conf *conf;
	struct swk_names names;		  /* of the upstreams in FILE */
	const char *largest;		  /* the upstream with the largest body */
	size_t body;			  /* bytes of that body; 0: unknown */
	const struct swk_directive *http; /* NULL: none so far; a fragment has none */
	bool whole;			  /* the configuration has http: it is no fragment */
	bool included;			  /* FILE is included */
	bool interface;			  /* there is a dyups_interface */
	bool queue;			  /* there is a dyups_shm_zone_size */
	const struct swk_directive *reported[SWK_LINT_RULES]; /* of each rule's last finding */
	struct swk_error *error;
};

__attribute__((format(printf, 3, 4))) static const char *print(char *text, size_t size,
							       const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, size, format, arguments);
	va_end(arguments);
	return text;
}

#define TEXT(...) print((char[SWK_TEXT_MAX]){0}, SWK_TEXT_MAX, __VA_ARGS__)

static int found(struct lint *lint, enum swk_lint_rule rule, const struct swk_directive *at,
		 const char *what, const char *mend)
{
	const struct swk_found finding = {.rule = words[rule],
					  .reason = reasons[rule],
					  .file = at->file->name,
					  .what = what,
					  .mend = mend,
					  .line = at->line};

	/* Several interfaces may inherit the same directive: report it once. */
	if (lint->reported[rule] == at)
		return 0;
	lint->reported[rule] = at;
	return swk_findings_add(lint->findings, &finding, lint->error);
}

/* The same for a configuration that works, but could be better. */
static int hint(struct lint *lint, enum swk_lint_rule rule, const struct swk_directive *at,
		const char *what, const char *mend)
{
	const size_t before = lint->findings->count;

	if (!found(lint, rule, at, what, mend) && lint->findings->count > before)
		lint->findings->list[before].hint = true;
	return lint->error->status;
}

/* ---- inheritance ---- */

/* The first directive of this name in a level, or in the files that it includes. */
static const struct swk_directive *find(const struct swk_directives *level, const char *name)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *directive = &level->list[i];

		if (swk_directive_is(directive, name))
			return directive;
		if (swk_directive_includes(directive)) {
			directive = find(&directive->inside, name);
			if (directive)
				return directive;
		}
	}
	return NULL;
}

/* The directive of this name that applies in the scope, if it has an argument; or NULL. */
static const struct swk_directive *inherited(const struct scope *scope, const char *name)
{
	const struct swk_directive *directive = NULL;

	for (; scope && !directive; scope = scope->outer)
		directive = find(scope->level, name);
	return directive && directive->count > 1 ? directive : NULL;
}

/* Reads a size as ngx_parse_offset does. */
static bool read_size(const char *text, size_t *size)
{
	size_t value = 0, unit = 1;

	if (*text < '0' || *text > '9')
		return false;
	for (; *text >= '0' && *text <= '9'; text++) {
		if (value > SIZE_MAX / 100)
			return false;
		value = value * 10 + (size_t)(*text - '0');
	}
	if (*text == 'k' || *text == 'K')
		unit = 1024;
	else if (*text == 'm' || *text == 'M')
		unit = 1024UL * 1024;
	else if (*text == 'g' || *text == 'G')
		unit = 1024UL * 1024 * 1024;
	text += unit > 1;
	*size = value * unit;
	return !*text && *size / unit == value;
}

/* Prints a size that leaves room to grow, in nginx's syntax. */
static const char *generous_size(size_t need, char text[SWK_NUMBER_MAX + 1])
{
	size_t size = 1;

	while (size < need / (1024UL * 1024) * 2 + 2)
		size *= 2;
	(void)snprintf(text, SWK_NUMBER_MAX + 1, "%zum", size);
	return text;
}

/* ---- access to the interface ---- */

/* Whether one of these rules applies to all IPv4 or all IPv6 addresses; if so, *denied is its
 * effect. *any: there are rules. The first rule that matches an address counts, as in
 * ngx_http_access_module. */
static bool judge(const struct swk_directives *level, bool v6, bool *denied, bool *any)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *rule = &level->list[i];

		*denied = swk_directive_is(rule, "deny");
		if (swk_directive_includes(rule) && judge(&rule->inside, v6, denied, any))
			return true;
		if (rule->count != 2 || (!*denied && !swk_directive_is(rule, "allow")))
			continue;
		*any = true;
		if (!strcmp(rule->words[1], "all") ||
		    !strcmp(rule->words[1], v6 ? "::/0" : "0.0.0.0/0"))
			return true;
	}
	*denied = false;
	return false;
}

/* Whether a `limit_except` denies what changes upstreams. */
static bool is_limited(const struct swk_directives *level, bool v6)
{
	const struct swk_directive *limit = find(level, "limit_except");
	bool denied = false, any = false;

	for (size_t i = 1; limit && i < limit->count; i++) {
		if (!strcasecmp(limit->words[i], "POST") || !strcasecmp(limit->words[i], "DELETE"))
			return false;
	}
	return limit && judge(&limit->inside, v6, &denied, &any) && denied;
}

static bool is_denied(const struct scope *scope, bool v6)
{
	bool denied = false, any = false;

	if (is_limited(scope->level, v6))
		return true;
	for (; scope && !any; scope = scope->outer)
		(void)judge(scope->level, v6, &denied, &any);
	return denied;
}

/* Whether the argument of `listen` is an address that only this machine can reach: `127.0.0.1:80`,
 * `[::1]:80`, `localhost`, `unix:PATH`. A port alone and `*` mean every address. */
static bool is_local(const char *address)
{
	bool bracket = *address == '[';
	struct swk_server server = {0};
	char literal[64];

	if (!strncasecmp(address, "unix:", 5))
		return true;
	address += bracket;
	(void)snprintf(literal, sizeof(literal), "%.*s", (int)strcspn(address, bracket ? "]" : ":"),
		       address);
	return !strcasecmp(literal, "localhost") ||
	       (swk_server_set_address(&server, literal, 1) && swk_server_is_loopback(&server));
}

/* Whether other machines reach this `listen`. */
static bool is_open(const struct swk_directive *listen, const bool denied[2])
{
	const char *address = listen->words[1];
	bool v6 = *address == '[', v4 = !v6;

	for (size_t i = 2; i < listen->count; i++)
		v4 |= !strcmp(listen->words[i], "ipv6only=off");
	return !is_local(address) && ((v4 && !denied[0]) || (v6 && !denied[1]));
}

/* The first `listen` that other machines can reach, or NULL. denied: IPv4, and IPv6. *any: there is
 * a `listen`. */
static const struct swk_directive *find_open(const struct swk_directives *level,
					     const bool denied[2], bool *any)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *directive = &level->list[i], *inside = NULL;

		if (swk_directive_includes(directive))
			inside = find_open(&directive->inside, denied, any);
		if (inside)
			return inside;
		if (directive->count < 2 || !swk_directive_is(directive, "listen"))
			continue;
		*any = true;
		if (is_open(directive, denied))
			return directive;
	}
	return NULL;
}

static int check_reach(struct lint *lint, const struct scope *scope)
{
	const struct swk_directive *open;
	const struct scope *server = scope;
	const bool denied[] = {is_denied(scope, false), is_denied(scope, true)};
	bool any = false;

	while (server && !(server->block && swk_directive_is(server->block, "server")))
		server = server->outer;
	/* The configuration that includes a fragment may deny access. */
	if (!server || !lint->http)
		return 0;
	open = find_open(server->level, denied, &any);
	if (!open && (any || denied[0]))
		return 0;
	return found(lint, SWK_LINT_OPEN, open ? open : server->block,
		     TEXT("the dyups interface is open to other machines: it listens on '%s'%s, "
			  "without 'deny all'",
			  open ? open->words[1] : "*:80", open ? "" : " by default"),
		     "make it listen on a socket such as unix:/run/nginx-dyups/dyups.sock, or on "
		     "127.0.0.1 with 'allow 127.0.0.1; deny all;' next to dyups_interface");
}

/* ---- sizes ---- */

static int check_body(struct lint *lint, const struct swk_directive *interface,
		      const struct scope *scope)
{
	const struct swk_directive *directive = inherited(scope, "client_max_body_size");
	char number[SWK_NUMBER_MAX + 1];
	size_t limit = BODY_DEFAULT;

	if (directive ? !read_size(directive->words[1], &limit) : !lint->http)
		return 0;
	if (!limit || lint->body <= limit)
		return 0;
	return found(lint, SWK_LINT_BODY, directive ? directive : interface,
		     TEXT("client_max_body_size is %zu bytes at the dyups interface, but upstream "
			  "%s needs a body of %zu",
			  limit, lint->largest, lint->body),
		     TEXT("put 'client_max_body_size %s;' next to dyups_interface",
			  generous_size(lint->body, number)));
}

static int check_pieces(struct lint *lint, const struct swk_directive *interface,
			const struct scope *scope)
{
	const struct swk_directive *directive = inherited(scope, "client_body_in_file_only");

	if (directive ? strcasecmp(directive->words[1], "off") != 0 : !lint->http)
		return 0;
	if (lint->body <= SWK_TARGET_ONE_PACKET)
		return hint(lint, SWK_LINT_PIECES, directive ? directive : interface,
			    "client_body_in_file_only is missing",
			    "put 'client_body_in_file_only clean;' next to dyups_interface");
	return found(lint, SWK_LINT_PIECES, directive ? directive : interface,
		     TEXT("without client_body_in_file_only, nginx keeps bodies in memory, and "
			  "upstream %s needs one of %zu bytes",
			  lint->largest, lint->body),
		     "put 'client_body_in_file_only clean;' next to dyups_interface");
}

/* Whether a level adds the header that names the worker. *any: it adds any header. */
static bool names_worker(const struct swk_directives *level, bool *any)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *directive = &level->list[i];

		if (swk_directive_includes(directive) && names_worker(&directive->inside, any))
			return true;
		if (directive->count < 2 || !swk_directive_is(directive, "add_header"))
			continue;
		*any = true;
		if (!strcasecmp(directive->words[1], SWK_DYUPS_WORKER))
			return true;
	}
	return false;
}

/* Whether a level inherits headers (ngx_http_headers_module): by default, if it adds none. */
static bool inherits_headers(const struct scope *scope, bool any)
{
	const struct swk_directive *rule = inherited(scope, "add_header_inherit");

	if (rule && !strcmp(rule->words[1], "merge"))
		return true;
	return !any && !(rule && !strcmp(rule->words[1], "off"));
}

static int check_worker(struct lint *lint, const struct swk_directive *interface,
			const struct scope *scope)
{
	bool any = false;

	for (; scope; scope = inherits_headers(scope, any) ? scope->outer : NULL) {
		any = false;
		if (names_worker(scope->level, &any))
			return 0;
	}
	if (!lint->http)
		return 0;
	return hint(lint, SWK_LINT_WORKER, interface, "the header " SWK_DYUPS_WORKER " is missing",
		    "put 'add_header " SWK_DYUPS_WORKER " $pid always;' next to dyups_interface");
}

/* A zone consists of a head of 704 bytes, and of pages with an entry of 24 bytes for each
 * (ngx_slab_init). Besides whole pages for the body, dyups needs up to five, if the sizes of the
 * queue, the list of workers, a message, its name and its receivers all differ. On Tengine 3.2.0 it
 * was four with one worker, three with two, and five with four. */
static bool has_room(size_t zone, size_t body)
{
	const size_t page = 4096, pages = zone < 704 ? 0 : (zone - 704) / (page + 24);

	return pages > 5 && body <= (pages - 5) * page;
}

static int check_queue(struct lint *lint, const struct swk_directive *at, size_t zone)
{
	char number[SWK_NUMBER_MAX + 1];

	if (has_room(zone, lint->body))
		return 0;
	return found(
		lint, SWK_LINT_QUEUE, at,
		TEXT("dyups_shm_zone_size is %zu bytes, but upstream %s needs a body of %zu", zone,
		     lint->largest, lint->body),
		TEXT("put 'dyups_shm_zone_size %s;' in http", generous_size(lint->body, number)));
}

static int check_interface(struct lint *lint, const struct swk_directive *interface,
			   const struct scope *scope)
{
	lint->interface = true;
	if (check_reach(lint, scope) || check_body(lint, interface, scope))
		return lint->error->status;
	if (check_pieces(lint, interface, scope))
		return lint->error->status;
	return check_worker(lint, interface, scope);
}

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
static const struct swk_directive *find_managed(const struct lint *lint, const char *name)
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
static int check_pass_to_port(struct lint *lint, const struct swk_directive *directive,
			      const char *name, int scheme)
{
	const struct swk_directive *managed = find_managed(lint, name);
	const char *word = directive->words[1];

	if (!managed && !swk_names_contain(&lint->conf->expected, name))
		return 0;
	if (managed)
		name = managed->words[1];
	return found(lint, SWK_LINT_PORT, directive,
		     TEXT("'%s %s' has a port, but %s upstream %s", directive->words[0], word,
			  managed ? "there is an" : "the settings name an", name),
		     TEXT("to use the upstream: 'set $backend %s;' and '%s %.*s$backend;'; to use "
			  "a host of this name: give the upstream another name with 'upstream' in "
			  "the settings, or leave the service out with 'exclude'",
			  name, directive->words[0], scheme, word));
}

/* With a variable anywhere in the word, nginx looks up the whole name at each request. */
static int check_pass(struct lint *lint, const struct swk_directive *directive)
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
	return found(
		lint, SWK_LINT_BOUND, directive,
		TEXT("'%s %s' names upstream %s", directive->words[0], word, managed_name),
		*rest == '/' || *rest == '?'
			? TEXT("use 'set $backend %s;' and '%s %.*s$backend;', with a 'rewrite ... "
			       "break;' for the path, which nginx then does not replace",
			       managed_name, directive->words[0], (int)scheme, word)
			: TEXT("use 'set $backend %s;' and '%s %.*s$backend;'", managed_name,
			       directive->words[0], (int)scheme, word));
}

static int check_upstream(struct lint *lint, const struct swk_directive *directive)
{
	const char *name = directive->words[1];
	const struct swk_directive *managed =
		directive->file->conf ? NULL : find_managed(lint, name);

	if (!managed)
		return 0;
	return found(lint, strcmp(managed->words[1], name) ? SWK_LINT_CASE : SWK_LINT_TWICE,
		     directive,
		     TEXT("upstream %s is also in %s:%u, as %s", name, lint->conf->path,
			  managed->line, managed->words[1]),
		     "remove or rename it here, or leave the service out with 'exclude' in the "
		     "settings");
}

/* An include of FILE in this block; NULL: at the top. */
static int check_place(struct lint *lint, const struct swk_directive *directive,
		       const struct swk_directive *block)
{
	return found(lint, SWK_LINT_PLACE, directive,
		     TEXT("'%s %s' includes %s %s%s", directive->words[0], directive->words[1],
			  lint->conf->path, block ? "in " : "outside http",
			  block ? block->words[0] : ""),
		     "remove it here, and include the file in http");
}

static int check_include(struct lint *lint, const struct swk_directive *directive,
			 const struct swk_directive *block)
{
	if (directive->includes_conf && (block ? !swk_directive_is(block, "http") : lint->whole))
		return check_place(lint, directive, block);
	if (directive->includes_conf && lint->included &&
	    found(lint, SWK_LINT_INCLUDED_TWICE, directive,
		  TEXT("'%s %s' includes %s a second time", directive->words[0],
		       directive->words[1], lint->conf->path),
		  "remove one of the two"))
		return lint->error->status;
	lint->included |= directive->includes_conf;
	if (!directive->includes_beside)
		return 0;
	return found(lint, SWK_LINT_WIDE, directive,
		     TEXT("'%s %s' also includes %s.state and other files next to that file",
			  directive->words[0], directive->words[1], lint->conf->path),
		     "use a pattern that ends in the file's own ending, such as *.conf");
}

/* Whether a path may be FILE's. dyups looks for a relative one in nginx's prefix, which is not
 * known here. */
static bool may_be_conf(const struct lint *lint, const char *path)
{
	const char *conf = lint->conf->path;
	const size_t length = strlen(path), whole = strlen(conf);

	if (*path == '/' || length >= whole)
		return !strcmp(path, conf);
	return conf[whole - length - 1] == '/' && !strcmp(conf + whole - length, path);
}

/* Tengine 2.1.2 reads the file in a worker that it starts again after a crash. 2.3.3 and later
 * print that the directive is deprecated. None reads it at start. */
static int check_upstream_conf(struct lint *lint, const struct swk_directive *directive)
{
	return hint(
		lint, SWK_LINT_UPSTREAM_CONF, directive,
		TEXT("'%s %s' is not an include", directive->words[0], directive->words[1]),
		may_be_conf(lint, directive->words[1])
			? "remove it, unless this is Tengine 2.1, which needs both"
			: TEXT("remove it, or on Tengine 2.1 let it name %s", lint->conf->path));
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

static int check(struct lint *lint, const struct swk_directive *directive,
		 const struct scope *scope)
{
	size_t size;

	if (is_pass(directive))
		return check_pass(lint, directive);
	if (directive->count == 2 && directive->block && swk_directive_is(directive, "upstream"))
		return check_upstream(lint, directive);
	if (swk_directive_includes(directive))
		return check_include(lint, directive, scope->block);
	if (directive->count == 2 && swk_directive_is(directive, "dyups_upstream_conf"))
		return check_upstream_conf(lint, directive);
	if (swk_directive_is(directive, "dyups_interface"))
		return check_interface(lint, directive, scope);
	if (directive->count == 2 && swk_directive_is(directive, "dyups_shm_zone_size")) {
		lint->queue = true;
		if (lint->body && read_size(directive->words[1], &size))
			return check_queue(lint, directive, size);
	}
	return 0;
}

/* Blocks in which only an include of FILE matters, such as stream. */
static int walk_elsewhere(struct lint *lint, const struct swk_directive *block,
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

static int walk(struct lint *lint, const struct swk_directives *directives,
		const struct scope *scope)
{
	int status = 0;

	for (size_t i = 0; !status && i < directives->count; i++) {
		const struct swk_directive *directive = &directives->list[i];
		struct scope inner = {scope, directive, &directive->inside};

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
static int check_missing(struct lint *lint)
{
	if (!lint->http)
		return 0;
	if (!lint->included && !lint->reported[SWK_LINT_PLACE] &&
	    found(lint, SWK_LINT_NOT_INCLUDED, lint->http,
		  TEXT("%s is not included%s", lint->conf->path,
		       lint->reported[SWK_LINT_UPSTREAM_CONF]
			       ? ": dyups_upstream_conf is not an include"
			       : ""),
		  TEXT("put 'include %s;' in http, or give --conf FILE if you mean another file",
		       lint->conf->path)))
		return lint->error->status;
	if (!lint->interface || lint->queue)
		return 0;
	return check_queue(lint, lint->http, QUEUE_DEFAULT);
}

/* ---- FILE ---- */

static int check_conf(struct lint *lint, const struct swk_directive *upstream)
{
	int status = 0;

	for (size_t i = 0; !status && i < upstream->inside.count; i++) {
		const struct swk_directive *directive = &upstream->inside.list[i];
		bool zone = swk_directive_is(directive, "zone");

		if (zone || swk_directive_is(directive, "hash"))
			status = found(
				lint, zone ? SWK_LINT_ZONE : SWK_LINT_HASH, directive,
				TEXT("upstream %s has '%s'", upstream->words[1],
				     directive->words[0]),
				zone ? "remove it"
				     : "remove it; 'balance' in the settings sets the method");
	}
	return status;
}

static int read_conf(struct lint *lint)
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
static int measure(struct lint *lint)
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
	struct lint lint = {.findings = findings,
			    .conf = conf,
			    .whole = find(top, "http") != NULL,
			    .error = error};
	struct scope scope = {.level = top};
	int status = 0;

	if (measure(&lint) || read_conf(&lint) || walk(&lint, top, &scope) || check_missing(&lint))
		status = error->status;
	swk_names_free(&lint.names);
	return status;
}
