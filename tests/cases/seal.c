/* SPDX-License-Identifier: MIT */
/* seal FILE - prints the line with which FILE.state recognises a conf file that swk-apply wrote;
 * nothing for another file. */
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "nginx/conf.h"
#include "nginx/scan.h"

int main(int argc, char **argv)
{
	struct swk_upstreams set = {0};
	struct swk_buffer text, again;
	struct swk_error error = {0};
	size_t servers = 0, zero = 0, silent = 0;
	bool exists, named = true;
	struct stat about;

	if (argc != 2) {
		(void)fputs("usage: seal FILE\n", stderr);
		return 64;
	}
	swk_buffer_init(&text, SWK_CONF_MAX);
	swk_buffer_init(&again, SWK_CONF_MAX);
	if (!swk_file_read(argv[1], &text, &exists, &error) && exists &&
	    !swk_nginx_read(&set, argv[1], text.data, text.length, &error) &&
	    !swk_nginx_file(&again, &set, &error) && text.length == again.length &&
	    !memcmp(text.data, again.data, text.length)) {
		for (size_t i = 0; i < set.count; i++) {
			servers += set.list[i].count;
			zero += set.list[i].says_none;
			silent += !set.list[i].says_none && !set.list[i].keepalive;
			named &= *set.list[i].source.name &&
				 !strncasecmp(set.list[i].name, set.list[i].source.name,
					      strlen(set.list[i].source.name));
		}
		if (stat(argv[1], &about))
			return 1;
		printf("conf %" PRIu64 " %zu %zu %zu %zu %d %ju %jd %jd%09ld\n",
		       swk_nginx_hash(&text), set.count, servers, zero, silent, named,
		       (uintmax_t)about.st_ino, (intmax_t)about.st_size,
		       (intmax_t)about.st_mtim.tv_sec, about.st_mtim.tv_nsec);
	}
	swk_upstreams_free(&set);
	swk_buffer_free(&text);
	swk_buffer_free(&again);
	return error.status;
}
