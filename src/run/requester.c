/* SPDX-License-Identifier: MIT */
#include "run/requester.h"

#include <stdio.h>
#include <stdlib.h>
#include <sys/random.h>
#include <time.h>

#include "base/deadline.h"
#include "consul/requests.h"

#define NO_HOST                                                                                    \
	"Consul lists no host with the service " SWK_FLEET_SERVICE                                 \
	": copy swk-fleet.hcl to the agent of each host with a proxy; the token needs "            \
	"service:read and node:read for all names"

static struct swk_caller caller_of(const struct swk_requester *requester, struct swk_error *error)
{
	return (struct swk_caller){.consul = &requester->consul,
				   .http = requester->http,
				   .deadline = swk_now_ms() + SWK_REQUESTER_CALL_MS,
				   .error = error};
}

int swk_requester_init(struct swk_requester *requester, const struct swk_settings *settings,
		       const struct swk_texts *without, struct swk_error *error)
{
	*requester = (struct swk_requester){.fleet.without = without};
	if (swk_consul_init(&requester->consul, &settings->consul, settings->token_file, error))
		return error->status;
	requester->http = swk_http_open(error);
	return error->status;
}

void swk_requester_free(struct swk_requester *requester)
{
	swk_request_free(&requester->request);
	swk_fleet_free(&requester->fleet);
	swk_consul_free(&requester->consul);
	swk_http_close(requester->http);
	*requester = (struct swk_requester){0};
}

/* ---- the session ---- */

static int begin_session(struct swk_requester *requester, struct swk_error *error)
{
	const struct swk_caller caller = caller_of(requester, error);

	if (*requester->session)
		return 0;
	requester->renewed = swk_now_ms();
	return swk_consul_begin_session(&caller, requester->session);
}

/* Renews the session. If it has ended, so has the request. */
static int renew(struct swk_requester *requester, struct swk_error *error)
{
	const struct swk_caller caller = caller_of(requester, error);
	const int64_t now = swk_now_ms();
	bool exists = true;

	if (!*requester->session)
		return 0;
	if (swk_consul_renew_session(&caller, requester->session, &exists))
		return error->status;
	requester->renewed = now;
	if (exists)
		return 0;
	requester->session[0] = '\0';
	requester->present = false;
	return 0;
}

static int renew_in_time(struct swk_requester *requester, struct swk_error *error)
{
	const bool due = swk_now_ms() - requester->renewed >= SWK_REQUESTER_RENEW_MS;

	return due ? renew(requester, error) : 0;
}

/* ---- the hosts ---- */

/* If the list lacks a host, Consul may have lost its data, and then our session as well. */
int swk_requester_list(struct swk_requester *requester, struct swk_error *error)
{
	const struct swk_caller caller = caller_of(requester, error);
	struct swk_hosts hosts = {0};
	int status = swk_consul_hosts(&caller, &hosts);

	if (!status)
		status = swk_fleet_list(&requester->fleet, &hosts, error);
	if (!status)
		requester->listed = swk_now_ms();
	if (!status && swk_fleet_has_unlisted(&requester->fleet))
		status = renew(requester, error);
	swk_hosts_free(&hosts);
	return status;
}

int swk_requester_begin(struct swk_requester *requester, struct swk_error *error)
{
	if (begin_session(requester, error) || swk_requester_list(requester, error))
		return error->status;
	if (!requester->fleet.count)
		return swk_error_set(error, SWK_UNAVAILABLE, "%s", NO_HOST);
	if (!swk_fleet_awaited(&requester->fleet))
		return swk_error_set(error, SWK_USAGE,
				     "--without excludes every host of the fleet, so none is left "
				     "to confirm anything");
	return 0;
}

/* ---- the request ---- */

/* A host that has answered an ID does not answer it again, so each request has another. */
static int make_id(char id[SWK_REQUEST_ID + 1], struct swk_error *error)
{
	uint8_t bytes[SWK_REQUEST_ID / 2];

	if (getrandom(bytes, sizeof(bytes), 0) != (ssize_t)sizeof(bytes))
		return swk_error_set(error, SWK_INTERNAL, "the kernel has no random number");
	for (size_t i = 0; i < sizeof(bytes); i++)
		(void)snprintf(id + 2 * i, 3, "%02x", bytes[i]);
	return 0;
}

static int put_request(struct swk_requester *requester, struct swk_error *error)
{
	const struct swk_caller caller = caller_of(requester, error);
	struct swk_buffer value;
	char *key = NULL;
	bool set = false;
	int status = make_id(requester->request.id, error);

	swk_buffer_init(&value, SWK_REQUEST_BYTES_MAX);
	requester->request.since = (int64_t)time(NULL);
	if (!status)
		status = swk_request_encode(&value, &requester->request, error);
	if (!status) {
		key = swk_request_key(requester->request.id);
		status =
			key ? swk_consul_set_key(&caller, key, value.data, requester->session, &set)
			    : swk_error_memory(error);
	}
	if (!status && !set)
		status = swk_error_set(error, SWK_UNAVAILABLE,
				       "Consul does not bind the key %s to the session", key);
	requester->present = !status;
	requester->index = 0;
	free(key);
	swk_buffer_free(&value);
	return status;
}

/* The caller may have waited for something else, longer than the session lasts. */
int swk_requester_ask(struct swk_requester *requester, struct swk_error *error)
{
	requester->asked = true;
	if (renew_in_time(requester, error) || begin_session(requester, error))
		return error->status;
	return put_request(requester, error);
}

/* ---- the acknowledgements ---- */

static int read_acks(struct swk_requester *requester, struct swk_error *error)
{
	const struct swk_caller caller = caller_of(requester, error);
	struct swk_acks acks = {0};
	int status = swk_consul_acks(&caller, requester->request.id, &requester->index, &acks);

	if (status)
		requester->index = 0;
	else
		swk_fleet_answer(&requester->fleet, &acks, requester->request.id, swk_now_ms());
	swk_acks_free(&acks);
	return status;
}

static int try_step(struct swk_requester *requester, struct swk_error *error)
{
	const int64_t now = swk_now_ms();

	if (renew_in_time(requester, error) || begin_session(requester, error))
		return error->status;
	if (requester->asked && !requester->present && put_request(requester, error))
		return error->status;
	if (now - requester->listed >= SWK_REQUESTER_LIST_MS &&
	    swk_requester_list(requester, error))
		return error->status;
	return requester->present ? read_acks(requester, error) : 0;
}

void swk_requester_step(struct swk_requester *requester)
{
	static const struct timespec pause = {0, SWK_REQUESTER_PAUSE_MS * 1000000L};

	requester->trouble = (struct swk_error){0};
	(void)try_step(requester, &requester->trouble);
	(void)nanosleep(&pause, NULL);
}

bool swk_requester_over(struct swk_requester *requester)
{
	return swk_fleet_over(&requester->fleet) &&
	       !swk_requester_list(requester, &requester->trouble) &&
	       swk_fleet_over(&requester->fleet);
}

void swk_requester_end(struct swk_requester *requester)
{
	struct swk_error ignored = {0};
	const struct swk_caller caller = caller_of(requester, &ignored);

	if (*requester->session)
		(void)swk_consul_end_session(&caller, requester->session);
	requester->session[0] = '\0';
	requester->present = false;
}
