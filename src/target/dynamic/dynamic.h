/* SPDX-License-Identifier: MIT */
/*
 * nginx or OpenResty with ngx_dynamic_upstream, which changes single servers of upstreams in shared
 * memory: one answer speaks for all workers. Only this folder knows its requests and answers.
 * Measured on nginx 1.22.1 with the module's latest source.
 *
 * - It changes upstreams that nginx's configuration declares with a `zone`; it can neither create
 *   nor delete one. An upstream that leaves FILE gets the placeholder instead of its servers.
 * - It can't list upstreams. Those that have a file in the directory are read.
 * - After a reload nginx has what its configuration says, so that includes the files (files.h).
 *   They are written before the requests are sent.
 * - It changes neither balancing method nor keepalive: nginx's configuration has both.
 * - If a request lacks attributes, the module copies them from another server. So requests
 *   have all attributes.
 */
#ifndef SWK_TARGET_DYNAMIC_DYNAMIC_H
#define SWK_TARGET_DYNAMIC_DYNAMIC_H

#include "target/target.h"

extern const struct swk_target_kind swk_target_dynamic;

struct swk_dynamic_settings {
	char *url;	 /* of the location with `dynamic_upstream`, as given */
	char *directory; /* of the files; an absolute path */
};

extern const struct swk_target_keys swk_dynamic_keys;

#endif
