/* SPDX-License-Identifier: MIT */
/* The line with which FILE.state recognises a conf file that swk-apply wrote. Does not use the code
 * that it checks. */
#ifndef SWK_CASES_SEAL_H
#define SWK_CASES_SEAL_H

#include <inttypes.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>

#include "base/file.h"
#include "nginx/conf.h"
#include "nginx/scan.h"
#include "store/state.h"

static inline void seal_count(struct swk_state_conf *conf, const struct swk_upstreams *set)
{
	conf->upstreams = set->count;
	conf->named = true;
	for (size_t i = 0; i < set->count; i++) {
		const struct swk_upstream *this = &set->list[i];
		const char *source = this->source.name;

		conf->servers += this->count;
		conf->zero += this->says_none;
		conf->silent += !this->says_none && !this->keepalive;
		conf->named &= *source && !strncasecmp(this->name, source, strlen(source));
	}
}

/* What a file is like. The hash stays 0 if it is missing, or is not as swk-apply writes it. */
static inline int seal_find(struct swk_state_conf *conf, const char *path, struct swk_error *error)
{
	struct swk_upstreams set = {0};
	struct swk_error unread = {0};
	struct swk_buffer text, again;
	struct stat about;
	bool exists;
	int status;

	*conf = (struct swk_state_conf){0};
	swk_buffer_init(&text, SWK_CONF_MAX);
	swk_buffer_init(&again, SWK_CONF_MAX);
	status = swk_file_read(path, &text, &exists, error);
	if (!status && exists && !stat(path, &about) &&
	    !swk_nginx_read(&set, path, text.data, text.length, &unread))
		status = swk_nginx_file(&again, &set, error);
	if (!status && again.length && again.length == text.length &&
	    !memcmp(text.data, again.data, text.length)) {
		seal_count(conf, &set);
		conf->hash = swk_nginx_hash(&text);
		conf->inode = about.st_ino;
		conf->size = (uint64_t)about.st_size;
		conf->modified = (uint64_t)about.st_mtim.tv_sec * 1000000000 +
				 (uint64_t)about.st_mtim.tv_nsec;
	}
	swk_upstreams_free(&set);
	swk_buffer_free(&text);
	swk_buffer_free(&again);
	return status;
}

/* Appends the line. */
static inline int seal_write(struct swk_buffer *out, const struct swk_state_conf *conf,
			     struct swk_error *error)
{
	return swk_buffer_print(out, error,
				"conf %" PRIu64 " %zu %zu %zu %zu %d %" PRIu64 " %" PRIu64
				" %" PRIu64 "\n",
				conf->hash, conf->upstreams, conf->servers, conf->zero,
				conf->silent, conf->named, conf->inode, conf->size, conf->modified);
}

#endif
