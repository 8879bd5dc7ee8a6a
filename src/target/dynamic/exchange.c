/* SPDX-License-Identifier: MIT */
#include "target/dynamic/exchange.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Whether there is time for another try. If so, pauses first. */
static bool may_retry(struct swk_dynamic_exchange *exchange)
{
	if (!exchange->retries || !exchange->target->alone ||
	    swk_target_is_stopped(exchange->target))
		return false;
	if (!exchange->patience)
		exchange->patience = swk_now_ms() + SWK_TARGET_PATIENCE_MS;
	if (exchange->request.unreachable || !swk_deadline_left(exchange->patience, 1) ||
	    !swk_deadline_left(exchange->deadline, 1))
		return false;
	swk_pause_before_retry(exchange->tried++);
	return true;
}

/* The URL of a request, to free. A valid name, and what is in `query`, need no escape there. */
static char *url_of(const struct swk_dynamic_exchange *exchange, const char *query)
{
	const struct swk_dynamic *own = exchange->target->own;
	const char *base = own->web.base, *host = strstr(base, "://");
	const char *path = host && strchr(host + 3, '/') ? "" : "/";
	char *url;
	int length;

	if (exchange->name)
		length = asprintf(&url, "%s%s?upstream=%s%s", base, path, exchange->name, query);
	else
		length = asprintf(&url, "%s%s", base, path);
	if (length >= 0)
		return url;
	(void)swk_error_memory(exchange->error);
	return NULL;
}

enum swk_dynamic_meaning swk_dynamic_ask(struct swk_dynamic_exchange *exchange, const char *query)
{
	const struct swk_dynamic *own = exchange->target->own;
	enum swk_dynamic_meaning meaning = SWK_DYNAMIC_LATER;
	char *url = url_of(exchange, query);

	while (url) {
		swk_buffer_clear(&exchange->answer);
		exchange->request = swk_target_web_request(&own->web, exchange->target, "GET", url);
		exchange->request.receive = swk_target_web_keep;
		exchange->request.context = &exchange->answer;
		if (swk_http_perform(own->web.http, &exchange->request, 1, 1, exchange->deadline,
				     exchange->error))
			break;
		meaning = swk_dynamic_meaning(&exchange->request);
		if (meaning != SWK_DYNAMIC_LATER || !may_retry(exchange))
			break;
	}
	exchange->request.url = NULL;
	free(url);
	return meaning;
}

void swk_dynamic_begin(struct swk_dynamic_exchange *exchange, struct swk_target *target,
		       const char *name, int64_t deadline, struct swk_error *error)
{
	*exchange = (struct swk_dynamic_exchange){
		.target = target, .name = name, .deadline = deadline, .error = error};
	swk_buffer_init(&exchange->answer, SWK_LIVE_MAX);
}

void swk_dynamic_end(struct swk_dynamic_exchange *exchange)
{
	swk_buffer_free(&exchange->answer);
}

enum swk_dynamic_meaning swk_dynamic_ask_servers(struct swk_dynamic_exchange *exchange,
						 struct swk_dynamic_servers *servers)
{
	enum swk_dynamic_meaning meaning = swk_dynamic_ask(exchange, "&verbose=");

	if (meaning == SWK_DYNAMIC_DONE)
		(void)swk_dynamic_servers_read(servers, exchange->name, exchange->answer.data,
					       exchange->answer.length, exchange->error);
	return meaning;
}

const char *swk_dynamic_describe(const struct swk_dynamic_exchange *exchange,
				 char text[SWK_DYNAMIC_ANSWER_MAX])
{
	const struct swk_http_request *request = &exchange->request;

	if (!request->status)
		return request->failure;
	(void)snprintf(text, SWK_DYNAMIC_ANSWER_MAX, "%ld%s%s", request->status,
		       *request->reason ? " " : "", request->reason);
	return text;
}
