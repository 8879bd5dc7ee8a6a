/* SPDX-License-Identifier: MIT */
/* The content of FILE.NAME.result: how the last `swk reload` of a target ended. Knows the text, not
 * the file. */
#ifndef SWK_STORE_RESULT_H
#define SWK_STORE_RESULT_H

#include <stdint.h>

#include "base/buffer.h"

struct swk_result {
	uint64_t hash;	  /* of the file that was to be loaded */
	uint64_t serving; /* of the file that was loaded last; 0: not known */
	int status;	  /* 0: loaded; SWK_DATA: the check rejected it; SWK_TEMPFAIL */
	char message[SWK_RESULT_MAX + 1]; /* why not; printable ASCII; or "" */
};

int swk_result_write(struct swk_buffer *out, const struct swk_result *result,
		     struct swk_error *error);

/* Returns 0, or the number of the first invalid line; the result is then zeroed. */
size_t swk_result_read(struct swk_result *result, const char *text, size_t length);

#endif
