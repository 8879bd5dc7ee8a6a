/* SPDX-License-Identifier: MIT */
#include "print.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

#include <jansson.h>

int swk_print_summary(struct swk_buffer *out, const struct swk_report *report,
		      struct swk_error *error)
{
	return swk_buffer_print(out, error,
				"services=%zu upstreams=%zu servers=%zu updated=%zu deleted=%zu "
				"kept=%zu skipped=%zu index=%" PRIu64 " ms=%" PRId64 "\n",
				report->services, report->upstreams, report->servers,
				report->updated, report->deleted, report->counted[SWK_NOTE_KEPT],
				report->counted[SWK_NOTE_SKIPPED], report->index,
				report->milliseconds);
}

int swk_print_differences(struct swk_buffer *out, const struct swk_report *report,
			  struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < report->difference_count; i++) {
		const struct swk_difference *difference = &report->differences[i];

		status = swk_buffer_print(out, error, "%c %s", difference->sign, difference->text);
		if (!status && difference->target)
			status = swk_buffer_print(out, error, " (%s)", difference->target);
		if (!status)
			status = swk_buffer_add(out, "\n", 1, error);
	}
	return status;
}

static json_t *differences(const struct swk_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->difference_count; i++) {
		const struct swk_difference *difference = &report->differences[i];

		(void)json_array_append_new(
			list, json_pack("{ss%, ss, ss?}", "sign", &difference->sign, (size_t)1,
					"text", difference->text, "target", difference->target));
	}
	return list;
}

static json_t *targets(const struct swk_report *report)
{
	json_t *list = json_array();

	for (size_t i = 0; i < report->target_count; i++) {
		const struct swk_target_report *target = &report->targets[i];

		(void)json_array_append_new(list,
					    json_pack("{ss, sI, sI, sI}", "target", target->name,
						      "updated", (json_int_t)target->updated,
						      "deleted", (json_int_t)target->deleted,
						      "owed", (json_int_t)target->owed));
	}
	return list;
}

static json_t *notes(const struct swk_report *report)
{
	static const char *const kinds[SWK_NOTE_KINDS] = {
		[SWK_NOTE_DETAIL] = "detail", [SWK_NOTE_SKIPPED] = "skipped",
		[SWK_NOTE_KEPT] = "kept",     [SWK_NOTE_WARNING] = "warning",
		[SWK_NOTE_HELD] = "held",     [SWK_NOTE_UNASKED] = "unasked",
		[SWK_NOTE_OWED] = "owed",
	};
	json_t *list = json_array();

	for (size_t i = 0; i < report->note_count; i++)
		(void)json_array_append_new(list, json_pack("{ss, ss}", "kind",
							    kinds[report->notes[i].kind], "text",
							    report->notes[i].text));
	return list;
}

int swk_print_json(struct swk_buffer *out, const struct swk_report *report, int status,
		   const struct swk_error *failure, struct swk_error *error)
{
	json_t *object = json_pack(
		"{si, ss?, sI, sI, sI, sI, sI, sI, sI, sI, sI, so, so, so}", "status", status,
		"error", failure && failure->status ? failure->text : NULL, "services",
		(json_int_t)report->services, "upstreams", (json_int_t)report->upstreams, "servers",
		(json_int_t)report->servers, "updated", (json_int_t)report->updated, "deleted",
		(json_int_t)report->deleted, "kept", (json_int_t)report->counted[SWK_NOTE_KEPT],
		"skipped", (json_int_t)report->counted[SWK_NOTE_SKIPPED], "index",
		(json_int_t)report->index, "ms", (json_int_t)report->milliseconds, "changes",
		differences(report), "targets", targets(report), "notes", notes(report));
	char *text = object ? json_dumps(object, JSON_COMPACT) : NULL;
	int result = text ? swk_buffer_print(out, error, "%s\n", text) : swk_error_memory(error);

	json_decref(object);
	free(text);
	return result;
}
