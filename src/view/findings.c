/* SPDX-License-Identifier: MIT */
#include "view/findings.h"

#include <stdlib.h>

#include <jansson.h>

int swk_print_findings(struct swk_buffer *out, const struct swk_findings *findings,
		       struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < findings->count; i++) {
		const struct swk_finding *finding = &findings->list[i];

		status = swk_buffer_print(out, error, "%s:%u: %s%s: %s; fix: %s\n", finding->file,
					  finding->line, finding->hint ? "hint: " : "",
					  finding->what, finding->reason, finding->mend);
	}
	return status;
}

int swk_print_findings_json(struct swk_buffer *out, const struct swk_findings *findings,
			    struct swk_error *error)
{
	json_t *list = json_array();
	char *text;
	int status;

	for (size_t i = 0; i < findings->count; i++) {
		const struct swk_finding *finding = &findings->list[i];

		(void)json_array_append_new(
			list, json_pack("{ss, sI, ss, sb, ss, ss, ss}", "file", finding->file,
					"line", (json_int_t)finding->line, "rule", finding->rule,
					"hint", finding->hint, "what", finding->what, "why",
					finding->reason, "mend", finding->mend));
	}
	text = list ? json_dumps(list, JSON_COMPACT) : NULL;
	status = text ? swk_buffer_print(out, error, "%s\n", text) : swk_error_memory(error);
	json_decref(list);
	free(text);
	return status;
}
