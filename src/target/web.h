/* SPDX-License-Identifier: MIT */
/* The URL of a target that is changed by HTTP, and requests to it: for kinds whose settings have a
 * `url`. */
#ifndef SWK_TARGET_WEB_H
#define SWK_TARGET_WEB_H

#include "io/http.h"
#include "target/target.h"

struct swk_target_web {
	char *url;
	const char *base; /* what the URL of a request begins with */
	struct swk_http_peer peer;
	struct swk_http *http;
	unsigned timeout; /* seconds, of one request; 0: the default */
};

/* Checks the value of a `url`: see check in struct swk_target_keys. */
int swk_target_web_check(const char *url, const char **key, struct swk_error *error);

/* Takes a `url`, and sets name, address and port of the target. `web` must be zeroed. Returns 0, or
 * a status as swk_target_kind.open. */
int swk_target_web_open(struct swk_target_web *web, struct swk_target *target,
			const struct swk_target_settings *its, const char *url,
			struct swk_error *error);
/* Accepts one that could not be opened. */
void swk_target_web_close(struct swk_target_web *web);

/* Fills in a request to the target. `method` and `url` are borrowed. */
struct swk_http_request swk_target_web_request(const struct swk_target_web *web,
					       const struct swk_target *target, const char *method,
					       const char *url);

/* Appends the answer of a request to `context`, which is a struct swk_buffer. */
int swk_target_web_keep(void *context, const char *data, size_t length, struct swk_error *error);

#endif
