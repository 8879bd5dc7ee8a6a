/* SPDX-License-Identifier: MIT */
#include "target/haproxy/haproxy.h"

#include <stdlib.h>
#include <string.h>
#include <time.h>

#include "haproxy/conf.h"
#include "target/haproxy/change.h"
#include "target/haproxy/read.h"
#include "target/haproxy/servers.h"

static int render(const struct swk_target *target, const struct swk_upstreams *set,
		  struct swk_buffer *out, struct swk_error *error)
{
	const struct swk_haproxy *this = target->own;

	return swk_haproxy_backends(out, set, &this->settings->server_options,
				    &this->settings->backend_options, error);
}

static const char *haproxy_fit(const struct swk_target *target, struct swk_upstream *upstream)
{
	(void)target;
	return swk_haproxy_fit(upstream);
}

/* ---- changing ---- */

static int haproxy_apply(struct swk_target *target, const struct swk_plan *plan,
			 struct swk_target_outcome *outcomes, int64_t deadline,
			 struct swk_error *error)
{
	struct swk_haproxy *this = target->own;
	struct swk_error cause = {0};

	if (!swk_deadline_left(deadline, 1))
		return 0;
	this->own.lost = false;
	if (swk_haproxy_change_servers(target, plan, outcomes, deadline, &cause, error))
		return error->status;
	if (cause.status) {
		swk_haproxy_note_failure(target, &cause);
		return 0;
	}
	if (swk_own_file_apply(target, &this->own, plan, outcomes, deadline, &cause, error))
		return error->status;
	if (cause.status)
		swk_target_give_up(target, &cause);
	return 0;
}

/* ---- reload ---- */

static int reload(struct swk_target *target, const struct swk_texts *command, int64_t deadline,
		  struct swk_error *cause, struct swk_error *error)
{
	struct swk_haproxy *this = target->own;

	if (command || !this->settings->master_socket)
		return swk_own_file_run(target, command ? command : &this->settings->own.reload,
					deadline, cause, error);
	(void)swk_haproxy_reload(&this->master, deadline, target->watch, cause, error);
	swk_haproxy_name_cause(target, cause);
	return error->status;
}

/* Whether a new process has all upstreams. */
static bool has_loaded(const struct swk_haproxy *this, const struct swk_haproxy_state *state,
		       const struct swk_upstreams *set)
{
	if (this->process && state->process == this->process)
		return false;
	for (size_t i = 0; i < set->count; i++) {
		if (!swk_haproxy_shows(state, &set->list[i]))
			return false;
	}
	return true;
}

static int await(struct swk_target *target, const struct swk_upstreams *set, int64_t deadline,
		 struct swk_error *cause, struct swk_error *error)
{
	const struct timespec pause = {0, SWK_TARGET_PAUSE_MS * 1000000L};
	struct swk_haproxy *this = target->own;
	bool loaded = false;

	while (!loaded && !cause->status && swk_deadline_left(deadline, 1) &&
	       !swk_target_is_stopped(target)) {
		struct swk_error failure = {0};
		struct swk_haproxy_reading reading;

		swk_haproxy_begin_reading(&reading);
		if (!swk_haproxy_read_process(target, true, &reading, deadline, &failure, error) &&
		    !failure.status)
			loaded = has_loaded(this, &reading.state, set);
		swk_haproxy_end_reading(&reading);
		if (!loaded && !error->status && this->settings->master_socket)
			(void)swk_haproxy_see_failure(&this->master, deadline, target->watch, cause,
						      error);
		if (error->status)
			return error->status;
		if (!loaded && !cause->status)
			(void)nanosleep(&pause, NULL);
	}
	/* What a check has accepted is not rejected. */
	if (cause->status == SWK_DATA && this->settings->own.check.count)
		cause->status = SWK_TEMPFAIL;
	swk_haproxy_name_cause(target, cause);
	if (!loaded && !cause->status)
		(void)swk_error_set(cause, SWK_TEMPFAIL,
				    "%s: no process of HAProxy shows what the file has, after the "
				    "reload: its log says why",
				    target->name);
	return 0;
}

static int haproxy_reload(struct swk_target *target, const struct swk_texts *command,
			  int64_t deadline, struct swk_error *cause, struct swk_error *error)
{
	struct swk_haproxy *this = target->own;

	return swk_own_file_reload(target, &this->own, command, deadline, cause, error);
}

/* ---- the kind ---- */

static int haproxy_open(struct swk_target *target, const struct swk_settings *settings,
			const struct swk_target_settings *its, struct swk_error *error)
{
	struct swk_haproxy *this = calloc(1, sizeof(*this));

	target->own = this;
	target->name = strdup(its->name);
	if (!this || !target->name)
		return swk_error_memory(error);
	this->settings = its->own;
	target->address = this->settings->socket;
	target->file = this->settings->own.file;
	(void)swk_socket_parse(&this->api.socket, this->settings->socket);
	if (this->settings->master_socket)
		(void)swk_socket_parse(&this->master.socket, this->settings->master_socket);
	this->api.timeout = this->master.timeout = its->timeout;
	target->port = this->api.socket.port;
	this->own.settings = &this->settings->own;
	this->own.reloads = this->settings->own.reload.count || this->settings->master_socket;
	this->own.render = render;
	this->own.reload = reload;
	this->own.await = await;
	return swk_own_file_open(&this->own, settings, its, error);
}

static void haproxy_close(struct swk_target *target)
{
	struct swk_haproxy *this = target->own;

	if (this)
		swk_own_file_close(&this->own);
	free(this);
	free(target->name);
}

const struct swk_target_kind swk_target_haproxy = {
	.words = {.program = "HAProxy",
		  .interface = "a runtime API of HAProxy",
		  .part = "process",
		  .parts = "processes"},
	.creates = true,
	.open = haproxy_open,
	.close = haproxy_close,
	.read = swk_haproxy_read,
	.fit = haproxy_fit,
	.prepare = swk_haproxy_prepare,
	.apply = haproxy_apply,
	.reload = haproxy_reload,
};
