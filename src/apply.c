/* SPDX-License-Identifier: MIT */
#include "apply.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "buffer.h"
#include "consul.h"
#include "deadline.h"
#include "guard.h"
#include "nginx.h"
#include "plan.h"
#include "policy.h"
#include "state.h"
#include "store.h"
#include "target_dyups.h"
#include "watch.h"

struct run {
	const struct swk_settings *settings;
	struct swk_policy policy;
	struct swk_report *report;
	struct swk_error *error;
	int64_t deadline;

	bool complete;	      /* about all services, not some */
	uint64_t event_index; /* that the agent gave with the document; 0: none */
	size_t listed;	      /* names in a list, those left out not counted */
	struct swk_services services;

	struct swk_store store;
	bool waited;	 /* for the lock: what was read may be old */
	bool exists;	 /* the conf file */
	bool anew;	 /* it can't be read, and the operator wants it written from Consul alone */
	bool list_known; /* a complete pass got its list */
	bool touched;	 /* the conf file, or a target */
	struct swk_buffer text; /* the conf file's */
	struct swk_upstreams have, wanted;
	struct swk_names changes;
	struct swk_state state;

	struct swk_http *http;
	struct swk_consul consul;
	struct swk_target *targets;
	size_t target_count;
};

/* ---- 1. the document ---- */

static int count_listed(struct run *run, const char *name)
{
	if (!swk_policy_leaves_out(name))
		run->listed++;
	return 0;
}

static int document_service(void *context, const char *name, struct swk_error *error)
{
	(void)error;
	return count_listed(context, name);
}

static int document_instance(void *context, const struct swk_instance *instance,
			     struct swk_error *error)
{
	struct run *run = context;
	const char *only = run->settings->service;

	if (only && strcmp(instance->service, only) != 0) {
		/* Consul looks services up without case, and gives those of the other name too. */
		if (!strcasecmp(instance->service, only))
			return 0;
		return swk_error_set(error, SWK_DATA,
				     "instance %zu ('%s') is of service '%s', not of --service %s",
				     instance->number, instance->id, instance->service, only);
	}
	return swk_policy_instance(&run->services, &run->policy, instance, run->report, error);
}

/* A registration that can't be read: of its service, or of who knows which, nothing is deleted. */
static int note_unreadable(struct run *run, const char *service, const char *what, const char *why,
			   struct swk_error *error)
{
	struct swk_service *known;

	swk_report_note(run->report, SWK_NOTE_SKIPPED, "%s%s%s%s skipped: %s",
			service ? "service '" : "", service ? service : "", service ? "': " : "",
			what, why);
	if (!service || !swk_name_valid(service)) {
		run->services.unsure |= !service;
		return 0;
	}
	known = swk_services_get(&run->services, service, error);
	if (!known)
		return error->status;
	known->unsure = true;
	return 0;
}

static int document_unreadable(void *context, const char *service, const char *what,
			       const char *why, struct swk_error *error)
{
	return note_unreadable(context, service, what, why, error);
}

/* What the document is about: these services, or all. */
static int take_document(struct run *run, enum swk_watch_kind kind)
{
	const char *only = run->settings->service;

	if (kind == SWK_WATCH_SERVICES || kind == SWK_WATCH_CHECKS) {
		if (only)
			return swk_error_set(run->error, SWK_DATA,
					     "--service goes with the document of a 'service' "
					     "watch, and this is of a '%s' watch",
					     kind == SWK_WATCH_CHECKS ? "checks" : "services");
		/* What the list says is asked once more, when nobody else writes. */
		run->complete = true;
		swk_services_free(&run->services);
		swk_report_forget(run->report, SWK_NOTE_SKIPPED);
		if (kind == SWK_WATCH_SERVICES &&
		    !swk_guard_list(run->listed, 0, "the document", run->report))
			return SWK_HELD;
		return 0;
	}
	if (only)
		return swk_services_get(&run->services, only, run->error) ? 0 : run->error->status;
	if (kind == SWK_WATCH_NOTHING)
		return swk_error_set(run->error, SWK_DATA,
				     "the document is [], which says of no service which it is: "
				     "name it with --service");
	if (!run->services.count && run->services.unsure)
		return swk_error_set(run->error, SWK_DATA,
				     "not one instance in the document can be read");
	return 0;
}

static int read_document(struct run *run, int descriptor)
{
	const struct swk_watch_sink sink = {.context = run,
					    .instance = document_instance,
					    .service = document_service,
					    .unreadable = document_unreadable};
	enum swk_watch_kind kind = SWK_WATCH_NOTHING;
	struct swk_watch watch;
	int status = swk_consul_event_index(&run->event_index, run->error);

	if (status)
		return status;
	if (run->settings->service && !swk_name_valid(run->settings->service))
		return swk_error_set(run->error, SWK_USAGE,
				     "--service: '%s' can't be an upstream's name",
				     run->settings->service);
	if (run->settings->resync && run->settings->service)
		return swk_error_set(run->error, SWK_USAGE,
				     "--resync is about all services, --service about one");
	if (run->settings->resync) {
		run->complete = true;
		return 0;
	}
	swk_watch_init(&watch, &sink);
	status = swk_watch_read(&watch, descriptor, run->deadline, &kind, run->error);
	swk_watch_free(&watch);
	return status ? status : take_document(run, kind);
}

/* ---- 2. the lock, and what is recorded behind it ---- */

static int read_conf(struct run *run)
{
	struct swk_error why = {0};
	int status = swk_store_read(run->store.conf, &run->text, &run->exists, run->error);
	bool adopt = run->settings->adopt;

	if (status)
		return status;
	if (!swk_nginx_is_ours(run->text.data, run->text.length) && !adopt)
		return swk_error_set(run->error, SWK_HELD,
				     "%s was not written by swk-apply, and is left alone; take it "
				     "over with --adopt, or name another file with --conf",
				     run->store.conf);
	status =
		swk_nginx_read(&run->have, run->store.conf, run->text.data, run->text.length, &why);
	if (!status)
		return 0;
	if (status == SWK_INTERNAL || !adopt || !run->complete)
		return swk_error_set(run->error, status, "%s", why.text);
	swk_report_note(run->report, SWK_NOTE_WARNING, "%s is written anew from Consul alone (%s)",
			run->store.conf, why.text);
	run->anew = true;
	return 0;
}

static int read_state(struct run *run)
{
	bool set_aside = !run->settings->dry_run;
	struct swk_buffer text;
	size_t damaged = 0;
	bool exists;
	int status;

	swk_buffer_init(&text, SWK_STATE_MAX);
	status = swk_store_read(run->store.state, &text, &exists, run->error);
	if (!status && exists)
		status = swk_state_read(&run->state, text.data, text.length, &damaged, run->error);
	swk_buffer_free(&text);
	if (!damaged || status)
		return status;
	swk_report_note(run->report, SWK_NOTE_WARNING,
			"%s:%zu: it can't be read%s%s; every upstream is sent again",
			run->store.state, damaged, set_aside ? ", and is set aside as " : "",
			set_aside ? run->store.bad_state : "");
	return set_aside ? swk_store_set_aside(&run->store, run->error) : 0;
}

static int lock_and_read(struct run *run)
{
	int status = swk_store_open(&run->store, run->settings->conf, run->error);

	/* A look needs no lock: every file is replaced as a whole. */
	if (!status && !run->settings->dry_run)
		status = swk_store_lock(&run->store, run->deadline, &run->waited, run->error);
	if (!status)
		status = read_conf(run);
	if (!status)
		status = read_state(run);
	return status;
}

/* ---- 3. Consul ---- */

/* What an answer about one service goes to. */
struct answer {
	struct run *run;
	const char *service;
};

static int answer_instance(void *context, const struct swk_instance *instance,
			   struct swk_error *error)
{
	struct answer *answer = context;
	struct run *run = answer->run;

	/* Consul looks services up without case. */
	if (strcmp(instance->service, answer->service) != 0)
		return 0;
	return swk_policy_instance(&run->services, &run->policy, instance, run->report, error);
}

static int answer_unreadable(void *context, const char *service, const char *what, const char *why,
			     struct swk_error *error)
{
	struct answer *answer = context;

	if (service && strcmp(service, answer->service) != 0)
		return 0;
	return note_unreadable(answer->run, answer->service, what, why, error);
}

/* Asks about the services in the list of names, which are all in run->services. */
static int ask_services(struct run *run, const char *const *names, size_t count)
{
	struct swk_consul_query *queries = calloc(count + 1, sizeof(*queries));
	struct answer *answers = calloc(count + 1, sizeof(*answers));
	int status = queries && answers ? 0 : swk_error_memory(run->error);

	for (size_t i = 0; !status && i < count; i++) {
		answers[i] = (struct answer){.run = run, .service = names[i]};
		queries[i].service = names[i];
		queries[i].sink = (struct swk_watch_sink){.context = &answers[i],
							  .instance = answer_instance,
							  .unreadable = answer_unreadable};
		swk_service_clear(swk_services_find(&run->services, names[i]));
	}
	if (!status)
		status = swk_consul_ask(&run->consul, run->http, queries, count, run->deadline,
					run->error);
	for (size_t i = 0; !status && i < count; i++) {
		struct swk_service *service = swk_services_find(&run->services, names[i]);

		service->index = queries[i].index;
		if (queries[i].error.status == SWK_INTERNAL)
			status = swk_error_set(run->error, SWK_INTERNAL, "%s",
					       queries[i].error.text);
		if (!queries[i].error.status)
			continue;
		swk_service_clear(service);
		service->unasked = true;
		swk_report_note(run->report, SWK_NOTE_UNASKED,
				"service %s could not be asked about, and keeps what it has: %s",
				names[i], queries[i].error.text);
	}
	free(queries);
	free(answers);
	return status;
}

/* The names of the services of which what is known may be old, or (in a complete pass) nothing. */
static int ask_where_needed(struct run *run)
{
	const char **names = reallocarray(NULL, run->services.count + 1, sizeof(*names));
	size_t count = 0;
	int status;

	if (!names)
		return swk_error_memory(run->error);
	for (size_t i = 0; i < run->services.count; i++) {
		struct swk_service *service = &run->services.list[i];
		uint64_t last = swk_state_index(&run->state, service->name);

		/* A document without an index is a snapshot, taken at its word. */
		if (run->complete || (run->event_index && (run->waited || run->event_index < last)))
			names[count++] = service->name;
		else
			service->index = run->event_index;
	}
	status = count ? ask_services(run, names, count) : 0;
	free(names);
	return status;
}

static int listed_service(void *context, const char *name, struct swk_error *error)
{
	struct run *run = context;

	(void)count_listed(run, name);
	return swk_policy_service(&run->services, name, run->report, error);
}

static int listed_unreadable(void *context, const char *service, const char *what, const char *why,
			     struct swk_error *error)
{
	(void)service;
	(void)error;
	swk_report_note(((struct run *)context)->report, SWK_NOTE_SKIPPED, "%s skipped: %s", what,
			why);
	return 0;
}

/* The list of services. Sets list_known, or notes why not. */
static int ask_list(struct run *run)
{
	struct swk_consul_query query = {.sink = {.context = run,
						  .service = listed_service,
						  .unreadable = listed_unreadable}};
	int status;

	run->listed = 0;
	status = swk_consul_ask(&run->consul, run->http, &query, 1, run->deadline, run->error);
	if (status)
		return status;
	run->list_known = !query.error.status;
	run->report->index = query.index;
	if (run->list_known)
		return swk_guard_list(run->listed, run->settings->min_services,
				      "Consul's list of services", run->report)
			       ? 0
			       : SWK_HELD;
	swk_services_free(&run->services);
	swk_report_note(run->report, SWK_NOTE_UNASKED,
			"Consul could not be asked; every upstream keeps what it has: %s",
			query.error.text);
	return 0;
}

static int guard_instances(struct run *run)
{
	size_t asked = 0, instances = 0;

	for (size_t i = 0; i < run->services.count; i++) {
		asked += !run->services.list[i].unasked;
		instances += run->services.list[i].instances + run->services.list[i].unsure;
	}
	return swk_guard_instances(asked, instances, run->report) ? 0 : SWK_HELD;
}

static int ask_consul(struct run *run)
{
	int status = run->complete ? ask_list(run) : 0;

	if (!status)
		status = ask_where_needed(run);
	if (!status && run->complete && run->list_known)
		status = guard_instances(run);
	if (!status && run->anew && run->report->counted[SWK_NOTE_UNASKED])
		status = swk_error_set(run->error, SWK_UNAVAILABLE,
				       "%s can't be written anew while Consul can't be asked about "
				       "everything",
				       run->store.conf);
	return status;
}

/* ---- the targets' live state ---- */

static int open_targets(struct run *run)
{
	const struct swk_settings *settings = run->settings;
	int status = 0;

	run->targets = calloc(settings->target_count, sizeof(*run->targets));
	if (!run->targets)
		return swk_error_memory(run->error);
	for (size_t i = 0; !status && i < settings->target_count; i++) {
		status = swk_target_dyups.open(&run->targets[i], settings->targets[i], run->error);
		if (status)
			break;
		if (run->targets[i].port)
			run->policy.reserved[run->policy.reserved_count++] = run->targets[i].port;
		run->target_count++;
		status = swk_report_target(run->report, run->targets[i].name, run->error);
	}
	return status;
}

static int load_live(struct run *run)
{
	int status = swk_target_dyups.load(run->targets, run->target_count, run->http,
					   run->deadline, run->error);

	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];

		if (target->trouble.status && target->live.readable != SWK_READ_NOTHING)
			swk_report_note(run->report, SWK_NOTE_WARNING, "%s", target->trouble.text);
	}
	return status;
}

/* ---- 4., 5. what is wanted ---- */

static int find_foreign(struct run *run, struct swk_names *foreign)
{
	static const struct swk_names nothing;
	int status = 0;

	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_debt *debt = swk_state_debt(&run->state, run->targets[i].name);

		status = swk_plan_foreign(foreign, &run->targets[i].live, &run->have,
					  debt ? &debt->owed : &nothing, run->error);
	}
	return status;
}

static int decide(struct run *run)
{
	struct swk_names foreign = {0};
	bool complete = run->complete && run->list_known;
	int status = swk_policy_find_sources(&run->have, &run->services, complete, run->error);

	if (!status && !run->settings->adopt)
		status = find_foreign(run, &foreign);
	if (!status)
		status = swk_policy_decide(&run->have, &run->services, complete, &foreign,
					   &run->wanted, run->report, run->error);
	if (!status)
		status = swk_plan_changes(&run->changes, &run->have, &run->wanted, run->error);
	swk_names_free(&foreign);
	return status;
}

/* ---- 6., 7. the file, and before it what is owed ---- */

static int add_all(struct swk_names *names, const struct swk_names *more, struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < more->count; i++)
		status = swk_names_add(names, more->list[i], error);
	return status;
}

/* Every difference is owed to every target that is known; a target of which nothing is known is
 * owed the whole file. */
static int owe_changes(struct run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->target_count; i++) {
		const char *name = run->targets[i].name;
		struct swk_debt *debt = swk_state_debt(&run->state, name);

		if (debt)
			continue;
		debt = swk_state_add_debt(&run->state, name, run->error);
		status = run->error->status;
		for (size_t j = 0; !status && j < run->wanted.count; j++)
			status = swk_names_add(&debt->owed, run->wanted.list[j].name, run->error);
	}
	for (size_t i = 0; !status && i < run->state.debt_count; i++)
		status = add_all(&run->state.debts[i].owed, &run->changes, run->error);
	return status;
}

static int save_state(struct run *run, bool durably)
{
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_STATE_MAX);
	status = swk_state_write(&text, &run->state, run->error);
	if (!status)
		status = swk_store_replace(&run->store, run->store.state, &text, durably,
					   run->error);
	swk_buffer_free(&text);
	return status;
}

static int persist(struct run *run)
{
	struct swk_buffer text;
	int status = owe_changes(run);

	swk_buffer_init(&text, SWK_CONF_MAX);
	if (!status)
		status = swk_nginx_file(&text, &run->wanted, run->error);
	/* Where there is no file, one with nothing in it is not needed. */
	if (!status && (run->exists || run->wanted.count) && !run->settings->dry_run &&
	    (text.length != run->text.length || memcmp(text.data, run->text.data, text.length))) {
		status = save_state(run, true);
		run->touched = !status;
		if (!status)
			status = swk_store_replace(&run->store, run->store.conf, &text, true,
						   run->error);
	}
	swk_buffer_free(&text);
	return status;
}

/* ---- 8., 9. the targets ---- */

/* Carries out one operation of a plan; what is not done stays, or becomes, owed: `left`. */
static int carry_out(struct run *run, struct swk_target *target,
		     const struct swk_operation *operation, struct swk_names *left,
		     struct swk_names *done)
{
	const struct swk_target_kind *kind = target->kind;
	enum swk_target_result result = SWK_TARGET_LATER;
	struct swk_error why = {0};

	if (target->unreachable)
		return swk_names_add(left, operation->name, run->error);
	if (operation->upstream)
		result = kind->update(target, run->http, operation->upstream, run->deadline, &why);
	else
		result = kind->delete (target, run->http, operation->name, run->deadline, &why);
	if (result == SWK_TARGET_DONE)
		return swk_names_add(done, operation->name, run->error);
	swk_report_note(run->report, SWK_NOTE_OWED, "%s", why.text);
	return swk_names_add(left, operation->name, run->error);
}

static int converge_target(struct run *run, size_t number, struct swk_names *updated,
			   struct swk_names *deleted)
{
	struct swk_target *target = &run->targets[number];
	struct swk_target_report *report = &run->report->targets[number];
	struct swk_names *owed = &swk_state_debt(&run->state, target->name)->owed;
	struct swk_names left = {0}, done = {0}, gone = {0};
	struct swk_plan plan = {0};
	int status = swk_plan_make(&plan, &run->wanted, owed, &target->live, run->error);

	for (size_t i = 0; !status && i < plan.count; i++)
		status = carry_out(run, target, &plan.list[i], &left,
				   plan.list[i].upstream ? &done : &gone);
	swk_plan_free(&plan);
	if (!status) {
		/* The plan had all that was owed in it. */
		swk_names_free(owed);
		*owed = left;
		left = (struct swk_names){0};
		status = add_all(updated, &done, run->error);
	}
	if (!status)
		status = add_all(deleted, &gone, run->error);
	report->updated = done.count;
	report->deleted = gone.count;
	report->owed = owed->count;
	if (target->live.readable == SWK_READ_NOTHING)
		swk_report_note(run->report, SWK_NOTE_OWED, "%s", target->trouble.text);
	if (owed->count)
		swk_report_note(run->report, SWK_NOTE_OWED,
				"%s: %zu upstream%s owed; the next run sends %s", target->name,
				owed->count, owed->count == 1 ? " is" : "s are",
				owed->count == 1 ? "it" : "them");
	swk_names_free(&left);
	swk_names_free(&done);
	swk_names_free(&gone);
	return status;
}

static int converge(struct run *run)
{
	struct swk_names updated = {0}, deleted = {0};
	int status = 0;

	run->touched = true;
	for (size_t i = 0; !status && i < run->target_count; i++)
		status = converge_target(run, i, &updated, &deleted);
	run->report->updated = updated.count;
	run->report->deleted = deleted.count;
	swk_names_free(&updated);
	swk_names_free(&deleted);
	return status;
}

/* ---- 10. what is told and remembered ---- */

static int describe(struct run *run, const struct swk_upstream *before,
		    const struct swk_upstream *after, bool owed, const char *target)
{
	struct swk_buffer text;
	char sign = '~';
	int status;

	if (!before)
		sign = '+';
	else if (!after)
		sign = '-';
	swk_buffer_init(&text, SWK_CONF_MAX);
	if (owed && before && after && swk_upstream_same_servers(before, after))
		status = swk_buffer_print(&text, run->error, "%s: owed", after->name);
	else
		status = swk_plan_describe(&text, before, after, run->error);
	if (!status)
		status = swk_report_difference(run->report, sign, text.data, target, run->error);
	swk_buffer_free(&text);
	return status;
}

/* What the file gains, loses and changes. */
static int describe_changes(struct run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->changes.count; i++) {
		const char *name = run->changes.list[i];

		status = describe(run, swk_upstreams_find(&run->have, name),
				  swk_upstreams_find(&run->wanted, name), false, NULL);
	}
	return status;
}

/* What a target would be sent beyond that. */
static int describe_target(struct run *run, const struct swk_target *target)
{
	static const struct swk_names nothing;
	const struct swk_debt *debt = swk_state_debt(&run->state, target->name);
	struct swk_plan plan = {0};
	int status = swk_plan_make(&plan, &run->wanted, debt ? &debt->owed : &nothing,
				   &target->live, run->error);

	for (size_t i = 0; !status && i < plan.count; i++) {
		const struct swk_operation *operation = &plan.list[i];
		const struct swk_upstream *live =
			swk_upstreams_find(&target->live.upstreams, operation->name);

		if (!swk_names_have(&run->changes, operation->name) &&
		    (live || operation->upstream))
			status = describe(run, live, operation->upstream, operation->owed,
					  target->name);
	}
	swk_plan_free(&plan);
	return status;
}

static int describe_targets(struct run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->target_count; i++) {
		const struct swk_target *target = &run->targets[i];

		if (target->live.readable == SWK_READ_NOTHING)
			swk_report_note(run->report, SWK_NOTE_WARNING, "%s", target->trouble.text);
		else
			status = describe_target(run, target);
	}
	return status;
}

static void count(struct run *run)
{
	struct swk_report *report = run->report;

	report->finished = true;
	report->services = run->services.count;
	report->upstreams = run->wanted.count;
	report->servers = 0;
	for (size_t i = 0; i < run->wanted.count; i++)
		report->servers += run->wanted.list[i].count;
	if (!run->complete)
		report->index = run->event_index;
	if (!run->complete && run->services.count == 1 && run->services.list[0].index)
		report->index = run->services.list[0].index;
}

static int remember(struct run *run)
{
	int status = 0;

	for (size_t i = 0; !status && i < run->services.count; i++) {
		const struct swk_service *service = &run->services.list[i];

		if (service->index)
			status = swk_state_set_index(&run->state, service->name, service->index,
						     run->error);
	}
	/* Of a service that is gone, the index is not needed any more. */
	for (size_t i = run->state.index_count; run->complete && run->list_known && i-- > 0;) {
		if (!swk_services_find(&run->services, run->state.indexes[i].service))
			(void)swk_state_set_index(&run->state, run->state.indexes[i].service, 0,
						  run->error);
	}
	if (!swk_report_status(run->report))
		run->state.success = (int64_t)time(NULL);
	/* What may be lost with it in a crash of the machine is asked, or sent, once more. */
	return status ? status : save_state(run, false);
}

/* ---- all of it ---- */

static int steps(struct run *run, int descriptor)
{
	int status = open_targets(run);

	if (!status)
		status = swk_consul_init(&run->consul, run->settings->token_file, run->error);
	if (!status)
		status = read_document(run, descriptor);
	if (!status)
		status = lock_and_read(run);
	if (!status)
		status = ask_consul(run);
	if (!status)
		status = load_live(run);
	if (!status)
		status = decide(run);
	if (!status)
		status = persist(run);
	if (!status)
		status = describe_changes(run);
	if (!status && run->settings->dry_run)
		status = describe_targets(run);
	else if (!status)
		status = converge(run);
	if (!status && !run->settings->dry_run)
		status = remember(run);
	if (!status)
		count(run);
	return status;
}

int swk_apply(const struct swk_settings *settings, int descriptor, struct swk_report *report,
	      struct swk_error *error)
{
	int64_t began = swk_now_ms();
	struct run run = {.settings = settings,
			  .policy = {.settings = settings},
			  .report = report,
			  .error = error,
			  .deadline = began + (int64_t)settings->timeout * 1000};
	int status;

	run.store.lock_descriptor = -1;
	swk_buffer_init(&run.text, SWK_CONF_MAX);
	run.http = swk_http_open(error);
	status = run.http ? steps(&run, descriptor) : error->status;
	/* What was wrong is known where it happened; what became of everything, here. */
	if (status && status != SWK_USAGE)
		swk_error_add(error, run.touched ? "; the conf file or nginx may be changed already"
						 : "; nothing was changed");
	if (!status)
		status = swk_report_status(report);
	/* A look has nothing held back or owed of its own. */
	if (!error->status && settings->dry_run && status != SWK_UNAVAILABLE)
		status = 0;
	report->milliseconds = swk_now_ms() - began;
	for (size_t i = 0; i < run.target_count; i++)
		run.targets[i].kind->close(&run.targets[i]);
	free(run.targets);
	swk_consul_free(&run.consul);
	swk_store_close(&run.store);
	swk_state_free(&run.state);
	swk_services_free(&run.services);
	swk_upstreams_free(&run.have);
	swk_upstreams_free(&run.wanted);
	swk_names_free(&run.changes);
	swk_buffer_free(&run.text);
	swk_http_close(run.http);
	return status;
}
