/* SPDX-License-Identifier: MIT */
/* FILE. What was read, written and read again is the same. */
#include "fuzz.h"

#include "nginx/conf.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swk_upstreams first = {0}, second = {0};
	struct swk_error error = {0};
	struct swk_buffer text, again;
	int status = swk_nginx_read(&first, "conf", (const char *)data, size, &error);

	fuzz_require(status == error.status, "status %d with error %d", status, error.status);
	(void)swk_nginx_is_managed((const char *)data, size);
	if (status) {
		fuzz_require(status == SWK_CANTCREATE, "status %d: %s", status, error.text);
		fuzz_require(!first.count && !first.list, "refused, and not empty");
		return 0;
	}
	fuzz_in_order(&first, true);
	fuzz_backups(&first);
	swk_buffer_init(&text, SIZE_MAX / 2);
	swk_buffer_init(&again, SIZE_MAX / 2);
	fuzz_done(swk_nginx_file(&text, &first, &error), &error, "writing");
	fuzz_only_allowed("conf", text.data, text.length);
	fuzz_require(swk_nginx_is_managed(text.data, text.length),
		     "the written file is not managed");
	fuzz_done(swk_nginx_read(&second, "again", text.data, text.length, &error), &error,
		  "reading again");
	fuzz_same(&first, &second);
	fuzz_done(swk_nginx_file(&again, &second, &error), &error, "writing again");
	fuzz_require(text.length == again.length && !memcmp(text.data, again.data, text.length),
		     "written again, it differs");
	swk_buffer_free(&text);
	swk_buffer_free(&again);
	swk_upstreams_free(&first);
	swk_upstreams_free(&second);
	return 0;
}
