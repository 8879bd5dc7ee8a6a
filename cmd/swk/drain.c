/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

#include "asking.h"
#include "commands.h"
#include "../shared/tell.h"
#include "base/deadline.h"
#include "io/connections.h"
#include "run/apply.h"
#include "run/maintained.h"

/* An instance that is drained. */
struct drain {
	struct swk_options *options;
	const char *id;
	struct swk_progress progress;
	struct swk_maintained instance;
	struct swk_asking asking; /* with --fleet */
	char who[SWK_NAME_MAX];	  /* `web1: ` */
	int64_t end;		  /* swk_now_ms(): when to give up */
	bool maintained;	  /* the maintenance may have begun */
	char confirmed[64];	  /* who has confirmed */
	char ended[SWK_TEXT_MAX]; /* what became of its connections */
};

static const struct timespec short_pause = {SWK_DRAIN_READ_MS / 1000,
					    SWK_DRAIN_READ_MS % 1000 * 1000000L};

/* Whether to give up now: then sets the error. */
static bool is_over(const struct drain *drain, const char *what, struct swk_error *error)
{
	const bool interrupted = swk_interrupted();

	if (!interrupted && swk_now_ms() < drain->end)
		return false;
	(void)swk_error_set(error, SWK_TEMPFAIL, "%s%s after %lld s: %s", drain->who,
			    interrupted ? "interrupted" : "not drained",
			    (long long)swk_progress_seconds(&drain->progress), what);
	return true;
}

/* ---- steps ---- */

static int find_instance(struct drain *drain, struct swk_error *error)
{
	if (!drain->id)
		return swk_error_set(error, SWK_USAGE,
				     "the ID of the instance is missing; see --help");
	if (swk_maintained_find(&drain->instance, &drain->options->settings, drain->id,
				drain->options->agent, error))
		return error->status;
	/* If this fails, it does so before anything has changed. */
	return swk_maintained_read(&drain->instance, error);
}

static int find_hosts(struct drain *drain, struct swk_error *error)
{
	if (!drain->options->fleet)
		return 0;
	if (swk_asking_begin(&drain->asking, drain->options, &drain->progress, error))
		return error->status;
	drain->asking.who = drain->who;
	drain->asking.end = drain->end;
	return 0;
}

static int begin_maintenance(struct drain *drain, struct swk_error *error)
{
	char user[SWK_HOLDER_MAX], host[SWK_HOST_MAX + 1] = "", reason[SWK_TEXT_MAX];

	swk_name_caller(user);
	(void)gethostname(host, sizeof(host) - 1);
	(void)snprintf(reason, sizeof(reason), "swk drain by %s@%s", user, host);
	drain->maintained = true;
	return swk_maintained_set(&drain->instance, true, reason, error);
}

/* Waits until Consul's catalogue shows the maintenance. A host that was asked before could confirm
 * that it does not serve the instance, and then see it healthy once more. */
static int see_maintenance(struct drain *drain, struct swk_error *error)
{
	const char *what = "Consul's catalogue does not show the maintenance; the token needs "
			   "service:read and node:read";
	struct swk_error trouble;

	for (;;) {
		trouble = (struct swk_error){0};
		if (!swk_maintained_read(&drain->instance, &trouble) && drain->instance.shown)
			return 0;
		what = trouble.status ? trouble.text : what;
		if (is_over(drain, what, error))
			return error->status;
		swk_progress_late(&drain->progress, what);
		(void)nanosleep(&short_pause, NULL);
	}
}

/* Asks that no proxy sends requests to the addresses of the instance. */
static int compose(struct drain *drain, struct swk_request *request, struct swk_error *error)
{
	const struct swk_maintained *instance = &drain->instance;

	if (instance->named || instance->crowded || !instance->server_count)
		return swk_error_set(error, SWK_DATA,
				     "%sit has %s, so no host can confirm that its proxies do not "
				     "use it",
				     drain->who,
				     instance->named	 ? "a host name as its address"
				     : instance->crowded ? "too many addresses"
							 : "no address with a port");
	for (size_t i = 0; i < instance->server_count; i++) {
		struct swk_request_service *service =
			swk_request_add_service(request, instance->service, error);

		if (!service)
			return error->status;
		service->without = true;
		service->server = instance->servers[i];
	}
	return 0;
}

static int confirm_fleet(struct drain *drain, struct swk_error *error)
{
	struct swk_asking *asking = &drain->asking;
	size_t hosts;

	if (compose(drain, &asking->requester.request, error) || swk_asking_wait(asking, error))
		return error->status;
	swk_requester_end(&asking->requester);
	hosts = swk_fleet_awaited(&asking->requester.fleet);
	(void)snprintf(drain->confirmed, sizeof(drain->confirmed), "%zu host%s confirmed", hosts,
		       hosts == 1 ? " has" : "s have");
	return 0;
}

/* Makes one run, and says in `what` why this host has not confirmed; "" if it has. A run that
 * another one keeps from its lock is made again. */
static int try_here(struct drain *drain, char what[SWK_TEXT_MAX], struct swk_error *error)
{
	struct swk_settings *settings = &drain->options->settings;
	struct swk_requests requests = {0};
	struct swk_request request = {0};
	struct swk_acks acks = {0};
	struct swk_error failure = {0};
	struct swk_report report;
	int64_t deadline = swk_now_ms() + SWK_WAIT_SAMPLE_MS;
	int status = compose(drain, &request, error);

	if (deadline < drain->end)
		deadline = drain->end;
	swk_report_init(&report);
	if (!status)
		status = swk_requests_append(&requests, &request, error);
	if (!status)
		(void)swk_apply_requests(settings, deadline, &requests, &acks, &report, &failure);
	(void)snprintf(what, SWK_TEXT_MAX, "%s",
		       acks.count && acks.list[0].state == SWK_ACK_DONE ? ""
		       : acks.count					? acks.list[0].reason
		       : failure.status					? failure.text
									: "no answer");
	/* Another run may have the lock, and Consul may have no leader, for a while. */
	if (failure.status && failure.status != SWK_TEMPFAIL && failure.status != SWK_UNAVAILABLE)
		status = swk_error_set(error, failure.status, "%s", failure.text);
	swk_report_free(&report);
	swk_acks_free(&acks);
	swk_requests_free(&requests);
	swk_request_free(&request);
	return status;
}

static int confirm_here(struct drain *drain, struct swk_error *error)
{
	static const struct timespec pause = {SWK_WAIT_PAUSE_MS / 1000,
					      SWK_WAIT_PAUSE_MS % 1000 * 1000000L};
	char what[SWK_TEXT_MAX] = "";

	for (;;) {
		if (try_here(drain, what, error))
			return error->status;
		if (!*what)
			break;
		if (is_over(drain, what, error))
			return error->status;
		swk_progress_late(&drain->progress, what);
		(void)nanosleep(&pause, NULL);
	}
	(void)snprintf(drain->confirmed, sizeof(drain->confirmed),
		       "this host's proxies do not use it");
	return 0;
}

static int confirm(struct drain *drain, struct swk_error *error)
{
	return drain->options->fleet ? confirm_fleet(drain, error) : confirm_here(drain, error);
}

/* ---- connections ---- */

static bool is_here(const struct drain *drain, const struct swk_server *server)
{
	char text[SWK_ADDRESS_MAX], *address = text;
	const char *end;

	if (drain->instance.elsewhere && swk_server_is_loopback(server))
		return false;
	(void)swk_server_address(server, text);
	end = strrchr(text, ':');
	if (*text == '[') {
		address++;
		end--;
	}
	address[end - address] = '\0';
	return swk_address_is_here(address);
}

/* Adds up the connections to the addresses that are here. *here: there is one. */
static int count(const struct drain *drain, struct swk_connections *all, bool *here,
		 struct swk_error *error)
{
	*all = (struct swk_connections){0};
	*here = false;
	for (size_t i = 0; i < drain->instance.selected_count; i++) {
		const struct swk_server *server = &drain->instance.servers[i];
		struct swk_connections one;

		if (!is_here(drain, server))
			continue;
		*here = true;
		if (swk_connections_count(&one, server, error))
			return error->status;
		all->established += one.established;
		all->listening |= one.listening;
	}
	return 0;
}

static bool is_forwarded(const struct drain *drain)
{
	bool forwarded = false;

	for (size_t i = 0; i < drain->instance.selected_count; i++)
		forwarded |= swk_port_is_forwarded(drain->instance.servers[i].port);
	return forwarded;
}

/* Waits until the grace period ends, and says why nothing shortens it. */
static void sit_out(struct drain *drain, int64_t end, const char *reason)
{
	char text[SWK_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "waiting %u s: %s", drain->options->grace, reason);
	while (swk_now_ms() < end && !swk_interrupted()) {
		swk_progress_show(&drain->progress, text);
		(void)nanosleep(&short_pause, NULL);
	}
	(void)snprintf(drain->ended, sizeof(drain->ended), "waited %u s more, because %s",
		       drain->options->grace, reason);
}

/* Waits until there was no connection for a moment. A proxy may have chosen the instance just
 * before its change, and connect only now. */
static int watch_connections(struct drain *drain, int64_t began, int64_t end,
			     struct swk_error *error)
{
	int64_t quiet = began, now = began;
	struct swk_connections open = {0};
	char text[64];
	bool here;

	while (!swk_interrupted()) {
		if (count(drain, &open, &here, error))
			return error->status;
		now = swk_now_ms();
		if (open.established)
			quiet = now;
		if (now - quiet >= SWK_DRAIN_QUIET_MS || now >= end)
			break;
		(void)snprintf(text, sizeof(text), "%zu connection%s open", open.established,
			       open.established == 1 ? " is" : "s are");
		if (open.established)
			swk_progress_late(&drain->progress, text);
		(void)nanosleep(&short_pause, NULL);
	}
	if (open.established)
		(void)snprintf(drain->ended, sizeof(drain->ended),
			       "%zu of its connections %s still open after %u s", open.established,
			       open.established == 1 ? "is" : "are", drain->options->grace);
	else
		(void)snprintf(drain->ended, sizeof(drain->ended), "it has no connection left");
	return 0;
}

static int wait_for_connections(struct drain *drain, struct swk_error *error)
{
	const int64_t began = swk_now_ms(), end = began + (int64_t)drain->options->grace * 1000;
	struct swk_connections open;
	bool here;

	/* From now on the time for the hosts does not count. */
	drain->end = SWK_NO_DEADLINE;
	if (count(drain, &open, &here, error))
		return error->status;
	if (!here)
		sit_out(drain, end,
			"its address is not on this host, which can't see its "
			"connections");
	else if (!open.listening)
		sit_out(drain, end,
			"nothing listens on its address and port here, as with a "
			"container");
	else if (is_forwarded(drain))
		sit_out(drain, end,
			"docker-proxy listens on its port for a container, whose connections are "
			"not seen here");
	else if (watch_connections(drain, began, end, error))
		return error->status;
	(void)is_over(drain, "its connections may still be open", error);
	return error->status;
}

/* ---- the command ---- */

static int drain_all(struct drain *drain, struct swk_error *error)
{
	static int (*const steps[])(struct drain * drain, struct swk_error * error) = {
		find_instance,	 find_hosts, begin_maintenance,
		see_maintenance, confirm,    wait_for_connections,
	};
	int status = 0;

	for (size_t i = 0; !status && i < sizeof(steps) / sizeof(*steps); i++)
		status = steps[i](drain, error);
	return status;
}

static void say_failure(const struct drain *drain, struct swk_error *error)
{
	char text[SWK_TEXT_MAX];

	(void)snprintf(text, sizeof(text), "; it stays in maintenance until 'swk undrain %s'",
		       drain->id);
	if (drain->maintained)
		swk_error_add(error, text);
	swk_log_line(drain->progress.log, SWK_LOG_ERROR, error->text);
}

int swk_drain_command(struct swk_options *options, const struct swk_log *log)
{
	struct drain drain = {.options = options, .id = options->word};
	const unsigned seconds = options->patience ? options->patience : SWK_FLEET_SECONDS;
	struct swk_error error = {0};
	int status;

	swk_interrupt_catch();
	swk_progress_begin(&drain.progress, log);
	drain.end = drain.progress.began + (int64_t)seconds * 1000;
	(void)snprintf(drain.who, sizeof(drain.who), "%s: ", drain.id ? drain.id : "");
	status = drain_all(&drain, &error);
	swk_progress_end(&drain.progress);
	if (status)
		say_failure(&drain, &error);
	else
		swk_tell_line("%ssafe to stop: %s, and %s", drain.who, drain.confirmed,
			      drain.ended);
	swk_asking_free(&drain.asking);
	swk_maintained_free(&drain.instance);
	return status;
}

int swk_undrain_command(struct swk_options *options, const struct swk_log *log)
{
	struct swk_maintained instance = {0};
	struct swk_error error = {0};
	int status;

	if (!options->word)
		status = swk_error_set(&error, SWK_USAGE,
				       "the ID of the instance is missing; see --help");
	else
		status = swk_maintained_find(&instance, &options->settings, options->word,
					     options->agent, &error);
	if (!status)
		status = swk_maintained_set(&instance, false, "", &error);
	if (status)
		swk_log_line(log, SWK_LOG_ERROR, error.text);
	else
		swk_tell_line("%s: its maintenance has ended", options->word);
	swk_maintained_free(&instance);
	return status;
}
