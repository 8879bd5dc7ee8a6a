/* SPDX-License-Identifier: MIT */
#include "target/dyups/rules.h"

#include <stdarg.h>
#include <stdio.h>

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

const char *swk_lint_print(char *text, size_t size, const char *format, ...)
{
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, size, format, arguments);
	va_end(arguments);
	return text;
}

int swk_lint_found(struct swk_lint *lint, enum swk_lint_rule rule, const struct swk_directive *at,
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

int swk_lint_hint(struct swk_lint *lint, enum swk_lint_rule rule, const struct swk_directive *at,
		  const char *what, const char *mend)
{
	const size_t before = lint->findings->count;

	if (!swk_lint_found(lint, rule, at, what, mend) && lint->findings->count > before)
		lint->findings->list[before].hint = true;
	return lint->error->status;
}

const struct swk_directive *swk_lint_find(const struct swk_directives *level, const char *name)
{
	for (size_t i = 0; i < level->count; i++) {
		const struct swk_directive *directive = &level->list[i];

		if (swk_directive_is(directive, name))
			return directive;
		if (swk_directive_includes(directive)) {
			directive = swk_lint_find(&directive->inside, name);
			if (directive)
				return directive;
		}
	}
	return NULL;
}
