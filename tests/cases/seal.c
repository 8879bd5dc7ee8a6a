/* SPDX-License-Identifier: MIT */
/* seal FILE - prints the line with which FILE.state recognises a conf file that swk-apply wrote;
 * nothing for another file. */
#include <stdio.h>

#include "seal.h"

int main(int argc, char **argv)
{
	struct swk_error error = {0};
	struct swk_state_conf conf;
	struct swk_buffer line;

	if (argc != 2) {
		(void)fputs("usage: seal FILE\n", stderr);
		return 64;
	}
	swk_buffer_init(&line, SWK_TEXT_MAX);
	if (!seal_find(&conf, argv[1], &error) && conf.hash && !seal_write(&line, &conf, &error))
		(void)fputs(line.data, stdout);
	swk_buffer_free(&line);
	return error.status;
}
