/* SPDX-License-Identifier: MIT */
#include "target/haproxy/haproxy.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "haproxy/conf.h"
#include "target/confirmed.h"
#include "target/haproxy/change.h"

struct haproxy {
	const struct swk_haproxy_settings *settings;
	struct swk_own_file own;
	struct swk_haproxy_peer api, master;
	uint64_t process; /* that answered last, before a reload */
};

static int render(const struct swk_target *target, const struct swk_upstreams *set,
		  struct swk_buffer *out, struct swk_error *error)
{
	const struct haproxy *this = target->own;

	return swk_haproxy_backends(out, set, &this->settings->server_options,
				    &this->settings->backend_options, error);
}

static const char *haproxy_fit(const struct swk_target *target, struct swk_upstream *upstream)
{
	(void)target;
	return swk_haproxy_fit(upstream);
}

/* ---- asking ---- */

/* The state of the process that answers. */
struct reading {
	struct swk_haproxy_request request;
	struct swk_haproxy_state state; /* borrows from it */
};

static void begin_reading(struct reading *reading)
{
	*reading = (struct reading){0};
	swk_haproxy_request_init(&reading->request);
}

static void end_reading(struct reading *reading)
{
	swk_haproxy_state_free(&reading->state);
	swk_haproxy_request_free(&reading->request);
}

/* Puts the target's name before the message. */
static void name_cause(const struct swk_target *target, struct swk_error *cause)
{
	struct swk_error named = {0};

	if (cause->status)
		(void)swk_error_set(&named, cause->status, "%s: %s", target->name, cause->text);
	*cause = named;
}

static int read_state(struct swk_target *target, bool servers, struct reading *reading,
		      int64_t deadline, struct swk_error *cause, struct swk_error *error)
{
	struct haproxy *this = target->own;
	int status = swk_haproxy_read_state(&this->api, servers, &reading->request, &reading->state,
					    deadline, target->watch, cause, error);

	name_cause(target, cause);
	return status;
}

/* Sends commands, if there are any, and interprets the answers. */
static int ask(struct swk_target *target, struct swk_haproxy_request *request, int64_t deadline,
	       struct swk_error *cause, struct swk_error *error)
{
	struct haproxy *this = target->own;

	if (!request->count)
		return 0;
	if (!swk_haproxy_ask(&this->api, request, deadline, target->watch, cause, error) &&
	    !cause->status)
		swk_haproxy_interpret(request);
	name_cause(target, cause);
	return error->status;
}

/* ---- reading ---- */

/* Adds the server of a line, with what only the confirmed upstream tells of it. */
static int add_line(struct swk_upstream *upstream, const struct swk_haproxy_line *line,
		    const struct swk_upstream *confirmed, struct swk_error *error)
{
	const struct swk_server *old =
		confirmed ? swk_upstream_find_server(confirmed, &line->server) : NULL;
	struct swk_server server = line->server;

	if (swk_haproxy_leaves(line, confirmed)) {
		upstream->leaving++;
		return 0;
	}
	upstream->partial |= !line->known || line->draining;
	if (!line->known)
		return 0;
	if (old) {
		server.backup = old->backup;
		server.max_conns = old->max_conns;
		server.max_fails = old->max_fails;
		server.fail_timeout = old->fail_timeout;
	}
	return swk_upstream_add(upstream, &server, error);
}

static int add_backend(struct swk_upstreams *live, const struct swk_haproxy_state *state,
		       const char *name, const struct swk_upstream *confirmed,
		       struct swk_error *error)
{
	size_t count;
	const struct swk_haproxy_line *lines = swk_haproxy_lines(state, name, &count);
	struct swk_upstream upstream;
	int status = swk_upstream_init(&upstream, name, &swk_source_unknown, error);

	if (status)
		return status;
	for (size_t i = 0; !status && i < count; i++)
		status = add_line(&upstream, &lines[i], confirmed, error);
	swk_upstream_tidy(&upstream);
	if (!status)
		status = swk_upstreams_append(live, &upstream, error);
	swk_upstream_free(&upstream);
	return status;
}

/* HAProxy heeds case in names, but a set does not: of two such backends, the one that is confirmed
 * stays. */
static bool is_hidden(const struct swk_haproxy_state *state, const struct swk_upstream *confirmed,
		      const char *name)
{
	return confirmed && strcmp(confirmed->name, name) != 0 &&
	       swk_haproxy_has_backend(state, confirmed->name);
}

static void drop_second(struct swk_upstreams *set)
{
	while (swk_upstreams_sort(set)) {
		size_t place = 1;

		while (strcasecmp(set->list[place - 1].name, set->list[place].name) != 0)
			place++;
		swk_upstream_free(&set->list[place]);
		set->list[place] = set->list[--set->count];
	}
}

static int take_state(struct swk_target *target, const struct swk_haproxy_state *state,
		      const struct swk_upstreams *confirmed, bool servers, struct swk_error *error)
{
	struct swk_live *live = &target->live;
	int status = 0;

	live->readable = servers ? SWK_READ_ATTRIBUTES : SWK_READ_NAMES;
	for (size_t i = 0; !status && i < state->backend_count; i++) {
		const char *name = state->backends[i];
		const struct swk_upstream *known = swk_upstreams_find(confirmed, name);

		if (!is_hidden(state, known, name))
			status = add_backend(&live->upstreams, state, name, known, error);
	}
	drop_second(&live->upstreams);
	return status;
}

/* Deletes servers that are out of rotation. Those that are not free yet, or can't be deleted for
 * another reason, stay for the next full run. */
static int delete_free(struct swk_target *target, const struct swk_haproxy_state *state,
		       const struct swk_upstreams *confirmed, int64_t deadline,
		       struct swk_error *error)
{
	struct swk_haproxy_request request;
	struct swk_error cause = {0};
	int status = 0;

	swk_haproxy_request_init(&request);
	for (size_t i = 0; !status && i < state->count; i++) {
		const struct swk_haproxy_line *line = &state->lines[i];
		const struct swk_upstream *known = swk_upstreams_find(confirmed, line->backend);

		if (swk_haproxy_leaves(line, known) && !strcmp(known->name, line->backend))
			status = swk_haproxy_delete(&request, line, i, error);
	}
	if (!status)
		status = ask(target, &request, deadline, &cause, error);
	for (size_t i = 0; !status && !cause.status && i < request.count; i++) {
		struct swk_upstream *live = swk_upstreams_find(
			&target->live.upstreams, state->lines[request.list[i].change].backend);

		if (live && live->leaving && request.list[i].meaning == SWK_HAPROXY_DONE)
			live->leaving--;
	}
	swk_haproxy_request_free(&request);
	return status;
}

/* After a failure to ask: the run may ask again if nothing listens, or if it was cut off. */
static void note_failure(struct swk_target *target, const struct swk_error *cause)
{
	const struct haproxy *this = target->own;

	swk_target_give_up(target, cause);
	target->unreachable = this->api.unreachable;
	target->passing = this->api.dropped;
}

static int read_servers(struct swk_target *target, const struct reading *reading, int64_t deadline,
			struct swk_error *error)
{
	struct haproxy *this = target->own;
	struct swk_upstreams confirmed = {0};
	struct swk_error cause = {0};

	if (!swk_own_file_read(target, &this->own, &confirmed, &target->trouble, &cause, error) &&
	    !cause.status) {
		if (target->trouble.status)
			swk_error_add(&target->trouble, "; it is written again");
		if (!take_state(target, &reading->state, &confirmed, true, error) &&
		    target->may_delete)
			(void)delete_free(target, &reading->state, &confirmed, deadline, error);
	}
	if (cause.status)
		swk_target_give_up(target, &cause);
	swk_upstreams_free(&confirmed);
	return error->status;
}

static int haproxy_read(struct swk_target *target, enum swk_depth depth, const char *name,
			int64_t deadline, struct swk_error *error)
{
	static const struct swk_upstreams nothing;
	const bool servers = depth >= SWK_DEPTH_STATE;
	struct swk_error cause = {0};
	struct reading reading;

	(void)name;
	swk_live_free(&target->live);
	target->trouble = (struct swk_error){0};
	target->given_up = target->unreachable = target->passing = false;
	begin_reading(&reading);
	if (!read_state(target, servers, &reading, deadline, &cause, error)) {
		if (cause.status)
			note_failure(target, &cause);
		else if (servers)
			(void)read_servers(target, &reading, deadline, error);
		else if (depth == SWK_DEPTH_ONE)
			target->live.readable = SWK_READ_NAMES;
		else
			(void)take_state(target, &reading.state, &nothing, false, error);
	}
	end_reading(&reading);
	return error->status;
}

/* ---- changing servers ---- */

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
	const struct haproxy *own = this->target->own;
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
	const struct haproxy *own = this->target->own;
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
		status = ask(this->target, &request, this->deadline, cause, error);
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
	struct reading reading;

	begin_reading(&reading);
	if (read_state(this->target, true, &reading, this->deadline, cause, error) || cause->status)
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
	end_reading(&reading);
	swk_upstreams_free(&after);
	return error->status;
}

/* Carries out what the API can do: first what adds servers, then what takes some away. */
static int change_servers(struct servers *this, struct swk_target_outcome *outcomes,
			  struct swk_error *cause, struct swk_error *error)
{
	if (!choose(this) || put_file(this, cause, error) || cause->status ||
	    command(this, swk_haproxy_raise, cause, error) || cause->status ||
	    command(this, swk_haproxy_lower, cause, error) || cause->status)
		return error->status;
	return confirm(this, outcomes, cause, error);
}

/* ---- changing ---- */

/* Reads what is confirmed and what HAProxy has, and changes servers. */
static int use_api(struct swk_target *target, const struct swk_plan *plan,
		   struct swk_target_outcome *outcomes, int64_t deadline, struct swk_error *cause,
		   struct swk_error *error)
{
	struct haproxy *this = target->own;
	struct swk_upstreams before = {0};
	struct swk_error damage = {0};
	struct reading reading;
	struct servers servers = {.target = target,
				  .plan = plan,
				  .before = &before,
				  .state = &reading.state,
				  .deadline = deadline,
				  .can = calloc(plan->count + 1, sizeof(*servers.can)),
				  .skip = calloc(plan->count + 1, sizeof(*servers.skip))};

	begin_reading(&reading);
	if (!servers.can || !servers.skip) {
		(void)swk_error_memory(error);
		goto out;
	}
	if (swk_own_file_read(target, &this->own, &before, &damage, cause, error) || cause->status)
		goto out;
	if (read_state(target, true, &reading, deadline, cause, error) || cause->status)
		goto out;
	this->process = reading.state.process;
	(void)change_servers(&servers, outcomes, cause, error);
	/* Even if the file does not change, only a reload can do what the API could not. */
	for (size_t i = 0; i < plan->count; i++)
		this->own.lost |= plan->list[i].upstream && outcomes[i].result != SWK_TARGET_DONE;
out:
	end_reading(&reading);
	swk_upstreams_free(&before);
	free(servers.can);
	free(servers.skip);
	return error->status;
}

static int haproxy_apply(struct swk_target *target, const struct swk_plan *plan,
			 struct swk_target_outcome *outcomes, int64_t deadline,
			 struct swk_error *error)
{
	struct haproxy *this = target->own;
	struct swk_error cause = {0};

	if (!swk_deadline_left(deadline, 1))
		return 0;
	this->own.lost = false;
	if (use_api(target, plan, outcomes, deadline, &cause, error))
		return error->status;
	if (cause.status) {
		note_failure(target, &cause);
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
	struct haproxy *this = target->own;

	if (command || !this->settings->master_socket)
		return swk_own_file_run(target, command ? command : &this->settings->own.reload,
					deadline, cause, error);
	(void)swk_haproxy_reload(&this->master, deadline, target->watch, cause, error);
	name_cause(target, cause);
	return error->status;
}

/* Whether a new process has all upstreams. */
static bool has_loaded(const struct haproxy *this, const struct swk_haproxy_state *state,
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
	struct haproxy *this = target->own;
	bool loaded = false;

	while (!loaded && !cause->status && swk_deadline_left(deadline, 1) &&
	       !swk_target_is_stopped(target)) {
		struct swk_error failure = {0};
		struct reading reading;

		begin_reading(&reading);
		if (!read_state(target, true, &reading, deadline, &failure, error) &&
		    !failure.status)
			loaded = has_loaded(this, &reading.state, set);
		end_reading(&reading);
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
	name_cause(target, cause);
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
	struct haproxy *this = target->own;

	return swk_own_file_reload(target, &this->own, command, deadline, cause, error);
}

/* ---- the kind ---- */

static int haproxy_open(struct swk_target *target, const struct swk_settings *settings,
			const struct swk_target_settings *its, struct swk_error *error)
{
	struct haproxy *this = calloc(1, sizeof(*this));

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
	struct haproxy *this = target->own;

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
	.read = haproxy_read,
	.fit = haproxy_fit,
	.apply = haproxy_apply,
	.reload = haproxy_reload,
};

/* ---- settings ---- */

static bool is_socket(const char *text)
{
	struct swk_socket ignored;

	return swk_own_file_path_valid(*text == '/' ? text : "/") &&
	       swk_socket_parse(&ignored, text);
}

#define SOCKET "the absolute path of a socket, or an IP address with a port"

static const struct swk_field fields[] = {
	{"socket", SWK_TEXT, .offset = offsetof(struct swk_haproxy_settings, socket),
	 .valid = is_socket, .expected = SOCKET},
	SWK_OWN_FILE_FIELDS,
	{"master_socket", SWK_TEXT, .offset = offsetof(struct swk_haproxy_settings, master_socket),
	 .valid = is_socket, .expected = SOCKET},
	{"server_options", SWK_LIST,
	 .offset = offsetof(struct swk_haproxy_settings, server_options)},
	{"backend_options", SWK_LIST,
	 .offset = offsetof(struct swk_haproxy_settings, backend_options)},
};

static bool is_one_of(const char *const *words, const char *word, size_t length)
{
	for (; *words; words++) {
		if (strlen(*words) == length && !memcmp(*words, word, length))
			return true;
	}
	return false;
}

static int check_server_options(const struct swk_texts *options, struct swk_error *error)
{
	static const char *const registered[] = {"weight", "maxconn", "backup", "disabled", NULL};

	for (size_t i = 0; i < options->count; i++) {
		const char *word = options->list[i];

		if (!swk_haproxy_word_valid(word))
			return swk_error_set(error, SWK_USAGE,
					     "each string must be a word in printable ASCII, "
					     "without quotes, '\\', '#' and ';'");
		if (is_one_of(registered, word, strlen(word)))
			return swk_error_set(error, SWK_USAGE,
					     "'%s' comes from the registrations of instances",
					     word);
	}
	return 0;
}

static int check_backend_options(const struct swk_texts *options, struct swk_error *error)
{
	static const char *const servers[] = {"server", "server-template", NULL};
	static const char *const sections[] = {"backend",  "frontend", "listen",
					       "defaults", "global",   NULL};

	for (size_t i = 0; i < options->count; i++) {
		const char *word = options->list[i] + strspn(options->list[i], " ");
		size_t length = strcspn(word, " ");

		if (!swk_haproxy_line_valid(options->list[i]))
			return swk_error_set(error, SWK_USAGE,
					     "each string must be a line without control "
					     "characters");
		if (length == strlen("default-server") && !strncmp(word, "default-server", length))
			return swk_error_set(error, SWK_USAGE,
					     "servers that are added at run time do not inherit "
					     "'default-server': use server_options");
		if (is_one_of(servers, word, length))
			return swk_error_set(error, SWK_USAGE,
					     "servers come from Consul: '%.*s' is not possible",
					     (int)length, word);
		if (is_one_of(sections, word, length))
			return swk_error_set(error, SWK_USAGE, "'%.*s' would begin a section",
					     (int)length, word);
	}
	return 0;
}

static int check(const void *own, const char **key, struct swk_error *error)
{
	const struct swk_haproxy_settings *settings = own;

	if (!settings->socket)
		return swk_error_set(error, SWK_USAGE, "it needs a socket");
	if (swk_own_file_check(&settings->own, key, error))
		return error->status;
	*key = "master_socket";
	if (settings->master_socket && settings->own.reload.count)
		return swk_error_set(error, SWK_USAGE,
				     "either this or reload reloads HAProxy, not both");
	*key = "server_options";
	if (check_server_options(&settings->server_options, error))
		return error->status;
	*key = "backend_options";
	return check_backend_options(&settings->backend_options, error);
}

const struct swk_target_keys swk_haproxy_keys = {
	.fields = {fields, sizeof(fields) / sizeof(*fields)},
	.size = sizeof(struct swk_haproxy_settings),
	.needs_name = true,
	.check = check,
};
