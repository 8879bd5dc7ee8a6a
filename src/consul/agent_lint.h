/* SPDX-License-Identifier: MIT */
/* Finds mistakes in the watches with which an agent's configuration starts swk-apply. The agent
 * accepts them all. */
#ifndef SWK_CONSUL_AGENT_LINT_H
#define SWK_CONSUL_AGENT_LINT_H

#include "base/buffer.h"
#include "model/findings.h"
#include "settings/settings.h"

/* The watches of all files. A zeroed struct is empty. */
struct swk_agent_watches {
	struct swk_agent_watch *list; /* owned */
	size_t count;
};

/* Adds the watches in the text of a JSON file that start swk-apply. Ignores other programs' watches
 * and other settings. Returns 0, SWK_DATA (the text is not JSON) or SWK_INTERNAL. */
int swk_agent_watches_add(struct swk_agent_watches *watches, const char *file,
			  const struct swk_buffer *text, struct swk_error *error);
void swk_agent_watches_free(struct swk_agent_watches *watches);

/* Adds the findings about all watches. Finds out which handlers this user may execute. Returns 0 or
 * SWK_INTERNAL. */
int swk_agent_lint(struct swk_findings *findings, const struct swk_agent_watches *watches,
		   const struct swk_settings *settings, struct swk_error *error);

#endif
