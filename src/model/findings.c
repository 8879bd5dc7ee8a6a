/* SPDX-License-Identifier: MIT */
#include "model/findings.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"

static char *escaped(const char *text)
{
	char room[4 * SWK_TEXT_MAX];

	swk_text_escape(room, sizeof(room), text);
	return strdup(room);
}

int swk_findings_add(struct swk_findings *findings, const struct swk_found *found,
		     struct swk_error *error)
{
	struct swk_finding *list = swk_list_grow(findings->list, findings->count, sizeof(*list));
	struct swk_finding *new;

	if (!list)
		return swk_error_memory(error);
	findings->list = list;
	new = &list[findings->count++];
	*new = (struct swk_finding){.rule = found->rule,
				    .reason = found->reason,
				    .file = escaped(found->file),
				    .what = escaped(found->what),
				    .mend = escaped(found->mend),
				    .line = found->line};
	return new->file &&new->what &&new->mend ? 0 : swk_error_memory(error);
}

void swk_findings_free(struct swk_findings *findings)
{
	for (size_t i = 0; i < findings->count; i++) {
		free(findings->list[i].file);
		free(findings->list[i].what);
		free(findings->list[i].mend);
	}
	free(findings->list);
	*findings = (struct swk_findings){0};
}
