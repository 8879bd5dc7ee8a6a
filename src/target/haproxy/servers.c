/* SPDX-License-Identifier: MIT */
#include "target/haproxy/servers.h"

#include <stdlib.h>
#include <string.h>

#include "haproxy/conf.h"
#include "target/confirmed.h"
#include "target/haproxy/change.h"
#include "target/haproxy/read.h"

/* The operations of a plan that the runtime API may be able to carry out. */
struct servers {
	struct swk_target *target;
	const struct swk_plan *plan;
	const struct swk_upstreams *before; /* what is confirmed */
	const struct swk_haproxy_state *state;
	int64_t deadline;
	bool *can; /* by operation; false again if HAProxy has rejected something of it */
	bool *skip;
};

/* Whether the API can do something for an operation: a server that fails must not wait for a reload
 * that only makes a backup a regular server. Without a state: whether no reload is needed. */
static bool is_possible(const struct servers *this, const struct swk_upstream *before,
			const struct swk_upstream *after)
{
	if (!before || strcmp(before->name, after->name) != 0)
		return false;
	if (!this->state)
		return !swk_haproxy_needs_reload(before, after);
	return swk_haproxy_has_backend(this->state, after->name) &&
	       !swk_haproxy_changes_hosts(before, after);
}

/* Chooses operations. Returns how many. */
static size_t choose(struct servers *this)
{
	size_t count = 0;

	for (size_t i = 0; i < this->plan->count; i++) {
		const struct swk_upstream *after = this->plan->list[i].upstream, *before;

		before = after ? swk_upstreams_find(this->before, after->name) : NULL;
		this->can[i] = is_possible(this, before, after);
		this->skip[i] = !this->can[i];
		count += this->can[i];
	}
	return count;
}

/* Whether what is confirmed changes. */
static bool changes_any(const struct servers *this)
{
	for (size_t i = 0; i < this->plan->count; i++) {
		const struct swk_upstream *after = this->plan->list[i].upstream;

		if (this->can[i] &&
		    !swk_upstream_same(swk_upstreams_find(this->before, after->name), after))
			return true;
	}
	return false;
}

/* Makes `after` what is confirmed with the operations that are not to be skipped. */
static int carry_out(const struct servers *this, struct swk_upstreams *after,
		     struct swk_error *error)
{
	struct swk_upstreams before = {0};
	int status = 0;

	for (size_t i = 0; !status && i < this->before->count; i++)
		status = swk_upstreams_append_copy(&before, &this->before->list[i], error);
	if (!status)
		status = swk_confirmed_change(after, &before, this->plan, this->skip, error);
	swk_upstreams_free(&before);
	return status;
}

/* Sends the commands that `compose` makes, and excludes the operations of which HAProxy rejects
 * one. */
static int command(struct servers *this,
		   int (*compose)(struct swk_haproxy_request *request,
				  const struct swk_haproxy_change *change, struct swk_error *error),
		   struct swk_error *cause, struct swk_error *error)
{
	const struct swk_haproxy *own = this->target->own;
	struct swk_haproxy_request request;
	int status = 0;

	swk_haproxy_request_init(&request);
	for (size_t i = 0; !status && i < this->plan->count; i++) {
		const struct swk_upstream *after = this->plan->list[i].upstream;

		if (this->can[i])
			status = compose(
				&request,
				&(struct swk_haproxy_change){
					.number = i,
					.before = swk_upstreams_find(this->before, after->name),
					.after = after,
					.state = this->state,
					.options = &own->settings->server_options},
				error);
	}
	if (!status)
		status = swk_haproxy_send(this->target, &request, this->deadline, cause, error);
	for (size_t i = 0; !status && !cause->status && i < request.count; i++)
		this->can[request.list[i].change] &= swk_haproxy_is_fine(&request.list[i]);
	swk_haproxy_request_free(&request);
	return status;
}

/* Reads the process that has what was sent. While HAProxy reloads, that is not sure: the next
 * process may have read the file before the last change. */
static int read_result(const struct servers *this, struct swk_haproxy_reading *reading,
		       struct swk_error *cause, struct swk_error *error)
{
	struct swk_haproxy *own = this->target->own;
	uint64_t worker = 0;

	if (own->settings->master_socket &&
	    swk_haproxy_find_worker(&own->master, &worker, this->deadline, this->target->watch,
				    cause, error))
		return error->status;
	own->api.dropped = cause->status;
	swk_haproxy_name_cause(this->target, cause);
	if (cause->status ||
	    swk_haproxy_read_process(this->target, true, reading, this->deadline, cause, error) ||
	    cause->status || !worker || !reading->state.process || worker == reading->state.process)
		return error->status;
	own->api.dropped = true;
	(void)swk_error_set(cause, SWK_TEMPFAIL, "%s: HAProxy reloads at this moment",
			    this->target->name);
	return 0;
}

/* Whether HAProxy shows an operation to be done. What needs a reload is not done before that. */
static bool is_done(const struct servers *this, const struct swk_haproxy_state *state,
		    const struct swk_upstream *after)
{
	return !swk_haproxy_needs_reload(swk_upstreams_find(this->before, after->name), after) &&
	       swk_haproxy_shows(state, after);
}

/* Confirms the operations that HAProxy shows to be done. */
static int confirm(const struct servers *this, struct swk_target_outcome *outcomes,
		   struct swk_error *cause, struct swk_error *error)
{
	struct swk_upstreams after = {0};
	struct swk_haproxy_reading reading;

	swk_haproxy_begin_reading(&reading);
	if (read_result(this, &reading, cause, error) || cause->status)
		goto out;
	for (size_t i = 0; i < this->plan->count; i++)
		this->skip[i] = !this->can[i] ||
				!is_done(this, &reading.state, this->plan->list[i].upstream);
	if (changes_any(this) &&
	    (carry_out(this, &after, error) ||
	     swk_confirmed_write(this->target, &after, true, cause, error) || cause->status))
		goto out;
	for (size_t i = 0; i < this->plan->count; i++) {
		if (!this->skip[i])
			outcomes[i].result = SWK_TARGET_DONE;
	}
out:
	swk_haproxy_end_reading(&reading);
	swk_upstreams_free(&after);
	return error->status;
}

/* Carries out what the API can do: first what adds servers, then what takes some away. */
static int carry_out_all(struct servers *this, struct swk_target_outcome *outcomes,
			 struct swk_error *cause, struct swk_error *error)
{
	if (!choose(this) || command(this, swk_haproxy_raise, cause, error) || cause->status ||
	    command(this, swk_haproxy_lower, cause, error) || cause->status)
		return error->status;
	return confirm(this, outcomes, cause, error);
}

/* Whether the file, besides servers, is what the upstreams render to. */
static int compare_frame(const struct servers *this, const struct swk_upstreams *set, bool *same,
			 struct swk_error *cause, struct swk_error *error)
{
	const struct swk_haproxy *own = this->target->own;
	struct swk_buffer text, rendered;
	bool exists;

	*same = false;
	swk_buffer_init(&text, SWK_CONF_MAX);
	swk_buffer_init(&rendered, SWK_CONF_MAX);
	if (!swk_own_file_text(&own->own, &text, &exists, cause) && exists && text.length &&
	    !swk_own_file_render(this->target, &own->own, set, &rendered, error))
		*same = swk_haproxy_same_frame(text.data, rendered.data);
	swk_buffer_free(&text);
	swk_buffer_free(&rendered);
	return error->status;
}

/* Reads what is confirmed, if servers of the file may already be others. */
static int read_before(const struct servers *this, struct swk_upstreams *before,
		       struct swk_error *cause, struct swk_error *error)
{
	const struct swk_haproxy *own = this->target->own;
	struct swk_error damage = {0};
	bool known, same;

	if (swk_confirmed_read(this->target, before, &known, &damage, cause, error) ||
	    cause->status || !known || own->prepared ||
	    compare_frame(this, before, &same, cause, error) || cause->status)
		return error->status;
	if (!same)
		swk_upstreams_free(before);
	return 0;
}

/*
 * Reads what is confirmed, and makes room. If nothing is known, or the file is not what that
 * renders to, as with other options, nothing counts as confirmed, and a reload does all. But if an
 * earlier run left something pending, its servers may be in the file already.
 */
static int begin(struct servers *this, struct swk_upstreams *before, struct swk_error *cause,
		 struct swk_error *error)
{
	struct swk_haproxy *own = this->target->own;
	struct swk_error damage = {0};

	this->before = before;
	this->can = calloc(this->plan->count + 1, sizeof(*this->can));
	this->skip = calloc(this->plan->count + 1, sizeof(*this->skip));
	if (!this->can || !this->skip)
		return swk_error_memory(error);
	if (own->prepared || this->target->behind)
		return read_before(this, before, cause, error);
	return swk_own_file_read(this->target, &own->own, before, &damage, cause, error);
}

static void end(struct servers *this, struct swk_upstreams *before)
{
	swk_upstreams_free(before);
	free(this->can);
	free(this->skip);
}

int swk_haproxy_prepare(struct swk_target *target, const struct swk_plan *plan,
			struct swk_error *error)
{
	struct swk_haproxy *own = target->own;
	struct servers this = {.target = target, .plan = plan};
	struct swk_upstreams before = {0}, after = {0};
	struct swk_error cause = {0};

	own->prepared = false;
	if (!begin(&this, &before, &cause, error) && !cause.status && choose(&this) &&
	    !carry_out(&this, &after, error))
		own->prepared = !swk_own_file_put(target, &own->own, &after, &cause, error);
	if (cause.status)
		swk_target_give_up(target, &cause);
	swk_upstreams_free(&after);
	end(&this, &before);
	return error->status;
}

/* Whether even a file that does not change must be loaded, because only a reload can do what the
 * API could not. A new upstream changes the file, unless it is left out. Then a check tells whether
 * HAProxy accepts the rest or, without a check, the reload. */
static bool needs_loading(const struct servers *this, const struct swk_upstream *upstream)
{
	const struct swk_haproxy *own = this->target->own;

	return upstream && (swk_upstreams_find(this->before, upstream->name) ||
			    !own->settings->own.check.count);
}

int swk_haproxy_change_servers(struct swk_target *target, const struct swk_plan *plan,
			       struct swk_target_outcome *outcomes, int64_t deadline,
			       struct swk_error *cause, struct swk_error *error)
{
	struct swk_haproxy *own = target->own;
	struct swk_upstreams before = {0};
	struct swk_haproxy_reading reading;
	struct servers this = {
		.target = target, .plan = plan, .state = &reading.state, .deadline = deadline};

	swk_haproxy_begin_reading(&reading);
	if (begin(&this, &before, cause, error) || cause->status ||
	    swk_haproxy_read_process(target, true, &reading, deadline, cause, error) ||
	    cause->status)
		goto out;
	own->process = reading.state.process;
	(void)carry_out_all(&this, outcomes, cause, error);
	for (size_t i = 0; i < plan->count; i++)
		own->own.lost |= outcomes[i].result != SWK_TARGET_DONE &&
				 needs_loading(&this, plan->list[i].upstream);
out:
	swk_haproxy_end_reading(&reading);
	end(&this, &before);
	return error->status;
}
