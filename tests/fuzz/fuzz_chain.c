/* SPDX-License-Identifier: MIT */
/* From settings and documents to FILE: see chain.h for the form of an input. */
#include "chain.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct chain_file file = {0};

	chain_run(&file, (const char *)data, size);
	chain_file_free(&file);
	return 0;
}
