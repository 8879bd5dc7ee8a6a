/* SPDX-License-Identifier: MIT */
/* The text of a hold. What was read, written and read again is the same; its description is one
 * line of printable ASCII. */
#include "fuzz.h"

#include "store/hold.h"

static void is_a_line(const struct swk_buffer *text)
{
	for (size_t i = 0; i < text->length; i++)
		fuzz_require(text->data[i] >= ' ' && text->data[i] <= '~',
			     "byte %d in the description", text->data[i]);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swk_error error = {0};
	struct swk_hold first, second;
	struct swk_buffer text;

	swk_buffer_init(&text, SWK_TEXT_MAX);
	if (swk_hold_read(&first, (const char *)data, size)) {
		fuzz_require(!first.since && !*first.holder && !*first.reason,
			     "damaged, and not empty");
	} else {
		fuzz_done(swk_hold_write(&text, &first, &error), &error, "writing");
		fuzz_require(!swk_hold_read(&second, text.data, text.length),
			     "the written text can't be read");
		fuzz_require(first.since == second.since && !strcmp(first.holder, second.holder) &&
				     !strcmp(first.reason, second.reason),
			     "the written text has another meaning");
	}
	swk_buffer_clear(&text);
	fuzz_done(swk_hold_describe(&text, &first, &error), &error, "describing");
	is_a_line(&text);
	swk_buffer_free(&text);
	return 0;
}
