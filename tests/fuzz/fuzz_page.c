/* SPDX-License-Identifier: MIT */
/* A page whose every text comes from the input: whatever that is, the page is sound markup. */
#include "fuzz.h"

#include "markup.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct filled *filled = malloc(sizeof(*filled));
	struct swk_error error = {0};
	struct swk_buffer text;
	const char *mistake;

	fuzz_require(filled, "no memory");
	fill(filled, (const char *)data, size);
	swk_buffer_init(&text, SWK_PAGE_MAX);
	fuzz_done(swk_page_write(&text, &filled->page, &error), &error, "writing");
	mistake = markup_mistake(text.data);
	fuzz_require(!mistake, "a mistake at: %.60s", mistake ? mistake : "");
	fuzz_require(strlen(text.data) == text.length, "a NUL in the page");
	swk_buffer_free(&text);
	free(filled);
	return 0;
}
