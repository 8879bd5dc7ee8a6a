/* SPDX-License-Identifier: MIT */
#include "target/haproxy/servers.h"

#include <stdlib.h>
#include <string.h>

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

/* Finds what the API can do. Returns how many operations. */
static size_t choose(struct servers *this)
{
	size_t count = 0;

	for (size_t i = 0; i < this->plan->count; i++) {
		const struct swk_upstream *after = this->plan->list[i].upstream, *before;

		before = after ? swk_upstreams_find(this->before, after->name) : NULL;
		this->can[i] = before && !strcmp(before->name, after->name) &&
			       swk_haproxy_has_backend(this->state, after->name) &&
			       !swk_haproxy_needs_reload(before, after);
		this->skip[i] = !this->can[i];
		count += this->can[i];
	}
	return count;
}

/* Whether the file changes. */
static bool changes_file(const struct servers *this)
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

/* Writes the file with all that the API is to do, and before it does that. */
static int put_file(const struct servers *this, struct swk_error *cause, struct swk_error *error)
{
	const struct swk_haproxy *own = this->target->own;
	struct swk_upstreams after = {0};

	if (changes_file(this) && !carry_out(this, &after, error))
		(void)swk_own_file_put(this->target, &own->own, &after, cause, error);
	swk_upstreams_free(&after);
	return error->status;
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

/* Confirms the operations that HAProxy shows to be done. */
static int confirm(const struct servers *this, struct swk_target_outcome *outcomes,
		   struct swk_error *cause, struct swk_error *error)
{
	struct swk_upstreams after = {0};
	struct swk_haproxy_reading reading;

	swk_haproxy_begin_reading(&reading);
	if (swk_haproxy_read_process(this->target, true, &reading, this->deadline, cause, error) ||
	    cause->status)
		goto out;
	for (size_t i = 0; i < this->plan->count; i++)
		this->skip[i] = !this->can[i] ||
				!swk_haproxy_shows(&reading.state, this->plan->list[i].upstream);
	if (changes_file(this) &&
	    (carry_out(this, &after, error) ||
	     swk_confirmed_write(this->target, &after, false, cause, error) || cause->status))
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
	if (!choose(this) || put_file(this, cause, error) || cause->status ||
	    command(this, swk_haproxy_raise, cause, error) || cause->status ||
	    command(this, swk_haproxy_lower, cause, error) || cause->status)
		return error->status;
	return confirm(this, outcomes, cause, error);
}

int swk_haproxy_change_servers(struct swk_target *target, const struct swk_plan *plan,
			       struct swk_target_outcome *outcomes, int64_t deadline,
			       struct swk_error *cause, struct swk_error *error)
{
	struct swk_haproxy *this = target->own;
	struct swk_upstreams before = {0};
	struct swk_error damage = {0};
	struct swk_haproxy_reading reading;
	struct servers servers = {.target = target,
				  .plan = plan,
				  .before = &before,
				  .state = &reading.state,
				  .deadline = deadline,
				  .can = calloc(plan->count + 1, sizeof(*servers.can)),
				  .skip = calloc(plan->count + 1, sizeof(*servers.skip))};

	swk_haproxy_begin_reading(&reading);
	if (!servers.can || !servers.skip) {
		(void)swk_error_memory(error);
		goto out;
	}
	if (swk_own_file_read(target, &this->own, &before, &damage, cause, error) || cause->status)
		goto out;
	if (swk_haproxy_read_process(target, true, &reading, deadline, cause, error) ||
	    cause->status)
		goto out;
	this->process = reading.state.process;
	(void)carry_out_all(&servers, outcomes, cause, error);
	/* Even if the file does not change, only a reload can do what the API could not. */
	for (size_t i = 0; i < plan->count; i++)
		this->own.lost |= plan->list[i].upstream && outcomes[i].result != SWK_TARGET_DONE;
out:
	swk_haproxy_end_reading(&reading);
	swk_upstreams_free(&before);
	free(servers.can);
	free(servers.skip);
	return error->status;
}
