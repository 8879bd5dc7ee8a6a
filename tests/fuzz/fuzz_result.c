/* SPDX-License-Identifier: MIT */
/* The text of a result of `swk reload`. What was read, written and read again is the same; the
 * message is one line of printable ASCII; a damaged text says nothing. */
#include "fuzz.h"

#include "store/result.h"

static void is_a_line(const char *text)
{
	for (; *text; text++)
		fuzz_require(*text >= ' ' && *text <= '~', "byte %d in the message", *text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swk_error error = {0};
	struct swk_result first, second;
	struct swk_buffer text;

	if (swk_result_read(&first, (const char *)data, size)) {
		fuzz_require(!first.hash && !first.serving && !first.status && !*first.message,
			     "damaged, and not empty");
		return 0;
	}
	is_a_line(first.message);
	swk_buffer_init(&text, SWK_HOLD_MAX);
	fuzz_done(swk_result_write(&text, &first, &error), &error, "writing");
	fuzz_require(!swk_result_read(&second, text.data, text.length),
		     "the written text can't be read");
	fuzz_require(first.hash == second.hash && first.serving == second.serving &&
			     first.status == second.status &&
			     !strcmp(first.message, second.message),
		     "the written text has another meaning");
	/* The format has one text for each meaning. */
	fuzz_require(text.length == size && !memcmp(text.data, data, size),
		     "another text has the same meaning");
	swk_buffer_free(&text);
	return 0;
}
