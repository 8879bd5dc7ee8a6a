/* SPDX-License-Identifier: MIT */
#include "target/web.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "io/url.h"

int swk_target_web_check(const char *url, const char **key, struct swk_error *error)
{
	if (!url)
		return swk_error_set(error, SWK_USAGE, "it needs a url");
	*key = "url";
	free(swk_url_base(url, error));
	return error->status;
}

int swk_target_web_open(struct swk_target_web *web, struct swk_target *target,
			const struct swk_target_settings *its, const char *url,
			struct swk_error *error)
{
	struct swk_error cause = {0};

	web->url = swk_url_base(url, &cause);
	if (!web->url)
		return swk_error_set(error,
				     cause.status == SWK_INTERNAL ? cause.status : its->wrong,
				     "%s: %s", its->where, cause.text);
	web->peer.unix_socket = swk_url_socket(web->url);
	web->base = web->peer.unix_socket ? "http://localhost" : web->url;
	web->timeout = its->timeout;
	web->http = swk_http_open(error);
	target->address = web->url;
	target->port = swk_url_port(web->url);
	target->name = strdup(its->name ? its->name : web->url);
	return target->name && web->http ? 0 : swk_error_memory(error);
}

void swk_target_web_close(struct swk_target_web *web)
{
	swk_http_close(web->http);
	free(web->url);
	*web = (struct swk_target_web){0};
}

struct swk_http_request swk_target_web_request(const struct swk_target_web *web,
					       const struct swk_target *target, const char *method,
					       const char *url)
{
	long timeout = (long)web->timeout;
	long quiet = timeout ? timeout : SWK_TARGET_QUIET_S;

	return (struct swk_http_request){.method = method,
					 .url = url,
					 .peer = &web->peer,
					 .watch = target->watch,
					 .answer_limit = SWK_LIVE_MAX,
					 .connect_ms = SWK_TARGET_CONNECT_MS,
					 .request_ms =
						 timeout ? timeout * 1000 : SWK_TARGET_REQUEST_MS,
					 .quiet_s = strcmp(method, "GET") ? 0 : quiet};
}

int swk_target_web_keep(void *context, const char *data, size_t length, struct swk_error *error)
{
	return swk_buffer_add(context, data, length, error);
}
