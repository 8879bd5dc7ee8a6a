/* SPDX-License-Identifier: MIT */
/* The text of FILE.checks. What was read and written again is the same text. */
#include "fuzz.h"

#include "store/checks.h"

/* Each entry must be found by its name. */
static void ask(const struct swk_checks *checks)
{
	for (size_t i = 0; i < checks->count; i++) {
		const struct swk_checks_entry *seen = &checks->list[i];

		fuzz_require(swk_checks_find(checks, seen->service) == seen &&
				     fuzz_is_name(seen->service),
			     "service %s is not found, or not a name", seen->service);
		for (size_t j = 1; j < seen->node_count; j++)
			fuzz_require(seen->nodes[j - 1] < seen->nodes[j], "nodes out of order");
	}
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swk_checks checks = {0};
	struct swk_error error = {0};
	struct swk_buffer text;
	size_t damaged;

	fuzz_done(swk_checks_read(&checks, (const char *)data, size, &damaged, &error), &error,
		  "reading");
	if (damaged) {
		fuzz_require(!checks.settings && !checks.list && !checks.count,
			     "damaged, and not empty");
		return 0;
	}
	ask(&checks);
	swk_buffer_init(&text, SIZE_MAX / 2);
	fuzz_done(swk_checks_write(&text, &checks, &error), &error, "writing");
	fuzz_require(text.length == size && !memcmp(text.data, data, size),
		     "the written text is another");
	swk_buffer_free(&text);
	swk_checks_free(&checks);
	return 0;
}
