/* SPDX-License-Identifier: MIT */
#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "base/hash.h"
#include "nginx/conf.h"
#include "run/run.h"

/* ---- what an entry depends on, besides the checks ---- */

/* A hash of all settings, and of where and how Consul is asked. */
static uint64_t hash_settings(const struct swk_run *run)
{
	const struct swk_consul *consul = &run->consul;
	uint64_t hash = swk_hash_text(SWK_HASH_START, SWK_VERSION);
	const uint64_t settings = swk_settings_hash(run->settings);
	/* 16 bits are enough to notice another token, and too few to guess one. */
	const uint16_t token =
		(uint16_t)swk_hash_end(swk_hash_text(SWK_HASH_START, consul->header));

	hash = swk_hash_bytes(hash, &settings, sizeof(settings));
	hash = swk_hash_text(hash, consul->base);
	hash = swk_hash_text(hash, consul->query);
	hash = swk_hash_text(hash, consul->unix_socket);
	hash = swk_hash_text(hash, consul->connect_to);
	return swk_hash_end(swk_hash_bytes(hash, &token, sizeof(token)));
}

int swk_run_hash_block(const struct swk_upstream *upstream, struct swk_buffer *room, uint64_t *hash,
		       struct swk_error *error)
{
	swk_buffer_clear(room);
	if (swk_nginx_directives(room, upstream, "", "\n", error))
		return error->status;
	*hash = swk_hash_text(swk_hash_text(SWK_HASH_START, upstream->name), upstream->source.tag);
	*hash = swk_hash_end(swk_hash_bytes(*hash, room->data, room->length));
	return 0;
}

/* Adds a hash of each upstream's block in FILE, under its service's key. */
static int add_blocks(struct swk_tallies *blocks, const struct swk_upstreams *set,
		      struct swk_error *error)
{
	struct swk_buffer text;
	int status = 0;

	swk_buffer_init(&text, SWK_CONF_MAX);
	for (size_t i = 0; !status && i < set->count; i++) {
		const struct swk_upstream *this = &set->list[i];
		uint64_t hash = 0;

		if (this->source.kind != SWK_SOURCE_SERVICE)
			continue;
		status = swk_run_hash_block(this, &text, &hash, error);
		if (!status)
			status = swk_tallies_add(blocks, swk_checks_service(this->source.name),
						 hash, error);
	}
	swk_buffer_free(&text);
	swk_tallies_close(blocks);
	return status;
}

/* ---- the document ---- */

int swk_run_check(void *context, const struct swk_check *check, struct swk_error *error)
{
	struct swk_run_checks *checks = &((struct swk_run *)context)->checks;
	const uint64_t key =
		check->of_node ? swk_checks_node(check->node) : swk_checks_service(check->service);
	const uint64_t number = swk_checks_number(check);

	if (!check->of_node && !strcmp(check->service, SWK_FLEET_SERVICE)) {
		checks->of_fleet = true;
		return 0;
	}
	checks->undecodable |= !check->readable;
	checks->sum += number;
	return swk_tallies_add(&checks->document, key, number, error);
}

/* A hash of the document, and of all else on which the run depends. `conf` is the hash of FILE. */
static uint64_t hash_document(const struct swk_run *run, uint64_t conf)
{
	const uint64_t numbers[] = {run->checks.sum, hash_settings(run), conf};

	return swk_hash_end(swk_hash_bytes(SWK_HASH_START, numbers, sizeof(numbers)));
}

static bool has_pending(const struct swk_run *run)
{
	for (size_t i = 0; i < run->target_count; i++) {
		const struct swk_state_target *entry =
			swk_state_find_target(&run->state, run->targets[i].name);

		if (!entry || entry->pending.count || entry->late.count)
			return true;
	}
	return false;
}

bool swk_run_knows_document(const struct swk_run *run)
{
	const struct swk_settings *settings = run->settings;

	return run->checks.of_fleet && run->state.document && !run->checks.undecodable &&
	       run->managed && !run->rewrite && !run->full && !run->on_hold && !run->requested &&
	       !settings->dry_run && !settings->adopt && !settings->force &&
	       !settings->ask_unchanged && !run->policy.decisions && !has_pending(run) &&
	       run->state.document == hash_document(run, run->hash);
}

void swk_run_note_document(struct swk_run *run)
{
	if (run->checks.of_fleet && run->list_known && run->state.conf.hash &&
	    !swk_report_status(run->report))
		run->state.document = hash_document(run, run->state.conf.hash);
}

/* Whether FILE has an upstream of an unknown service. */
static bool has_unknown(const struct swk_run *run)
{
	for (size_t i = 0; i < run->recorded.count; i++) {
		if (!*run->recorded.list[i].source.name)
			return true;
	}
	return false;
}

/* Whether FILE.checks may replace Consul's answers. `swk explain` and a forced run need the
 * answers. */
static bool may_remember(const struct swk_run *run)
{
	const struct swk_settings *settings = run->settings;

	return run->complete && run->list_known && !settings->adopt && !settings->force &&
	       !settings->ask_unchanged && !run->policy.decisions && !has_unknown(run);
}

/* Reads FILE.checks. If it can't be read, nothing is known. */
static int read_known(struct swk_run *run)
{
	struct swk_checks *known = &run->checks.known;
	struct swk_error cause = {0};
	struct swk_buffer text;
	size_t damaged = 0;
	bool exists;
	int status;

	swk_buffer_init(&text, SWK_CHECKS_MAX);
	status = swk_file_read(run->store.checks, &text, &exists, &cause);
	if (!status && exists)
		status = swk_checks_read(known, text.data, text.length, &damaged, &cause);
	swk_buffer_free(&text);
	if (status == SWK_INTERNAL)
		return swk_error_set(run->error, status, "%s", cause.text);
	if (status)
		swk_report_note(run->report, SWK_NOTE_DETAIL, "%s", cause.text);
	if (damaged)
		swk_report_note(run->report, SWK_NOTE_DETAIL, "%s:%zu: cannot be read",
				run->store.checks, damaged);
	if (known->settings != hash_settings(run))
		swk_checks_free(known);
	return 0;
}

static int mark_unchanged(struct swk_run *run)
{
	struct swk_run_checks *checks = &run->checks;
	size_t count = 0;

	swk_tallies_close(&checks->document);
	for (size_t i = 0; i < run->services.count; i++) {
		struct swk_service *service = &run->services.list[i];
		const struct swk_checks_entry *seen =
			swk_checks_find(&checks->known, service->name);

		/* Without the service's index, a later run could not recognise an old document of
		 * it. */
		service->unchanged = !swk_run_is_requested(run, service->name) && seen &&
				     swk_indexes_get(&run->state.indexes, service->name) &&
				     swk_checks_same(seen, &checks->document, &checks->blocks);
		count += service->unchanged;
	}
	if (count)
		swk_report_note(run->report, SWK_NOTE_DETAIL,
				"Consul is not asked about %zu of %zu services: their checks have "
				"not changed",
				count, run->services.count);
	/* Even if no service is asked about, FILE.checks must lose the services that are gone. */
	return swk_run_expect_checks(run);
}

int swk_run_find_unchanged(struct swk_run *run)
{
	struct swk_run_checks *checks = &run->checks;
	int status;

	if (!may_remember(run))
		return 0;
	status = read_known(run);
	if (status || !checks->known.count)
		return status;
	status = add_blocks(&checks->blocks, &run->recorded, run->error);
	if (status || !checks->in_document || checks->undecodable)
		return status;
	return mark_unchanged(run);
}

uint64_t swk_run_known_answer(const struct swk_run *run, const char *service)
{
	const struct swk_checks_entry *seen = swk_checks_find(&run->checks.known, service);

	if (!seen ||
	    swk_tallies_of(&run->checks.blocks, swk_checks_service(service)).sum != seen->blocks)
		return 0;
	return seen->answer;
}

/* ---- the answers ---- */

int swk_run_expect_checks(struct swk_run *run)
{
	if (run->checks.answers || !run->complete)
		return 0;
	run->checks.answers = calloc(run->services.count + 1, sizeof(*run->checks.answers));
	if (!run->checks.answers)
		return swk_error_memory(run->error);
	run->checks.answer_count = run->services.count;
	return 0;
}

void swk_answer_forget(struct swk_answer_checks *answer)
{
	swk_tallies_free(&answer->nodes);
	*answer = (struct swk_answer_checks){0};
}

void swk_answer_check(struct swk_answer_checks *answer, const struct swk_check *check)
{
	answer->ambiguous |= !check->readable;
	*(check->of_node ? &answer->next_node : &answer->next_own) += swk_checks_number(check);
}

void swk_answer_skip(struct swk_answer_checks *answer)
{
	answer->next_own = answer->next_node = 0;
}

int swk_answer_instance(struct swk_answer_checks *answer, const struct swk_instance *instance,
			struct swk_error *error)
{
	int status = swk_tallies_add(&answer->nodes, swk_checks_node(instance->node),
				     answer->next_node, error);

	answer->own += answer->next_own;
	/* A checks document does not show when an instance without a check of its own comes or
	 * goes. */
	answer->ambiguous |= !instance->checked || !*instance->node;
	swk_answer_skip(answer);
	return status;
}

/* ---- writing FILE.checks ---- */

/* Whether FILE has exactly what the service's instances say: then the same answer would change and
 * say nothing. */
static bool is_plain(const struct swk_run *run, const struct swk_service *service,
		     const struct swk_answer_checks *answer, const struct swk_tallies *blocks)
{
	const size_t in_file = swk_tallies_of(blocks, swk_checks_service(service->name)).count;

	if (service->unavailable || service->undecodable || service->filtered || service->noted ||
	    run->services.undecodable || !service->index || answer->ambiguous ||
	    !answer->nodes.count || in_file != service->upstreams.count)
		return false;
	for (size_t i = 0; i < service->upstreams.count; i++) {
		const struct swk_upstream *registered = &service->upstreams.list[i],
					  *desired = swk_upstreams_find(&run->desired,
									registered->name);

		if (!desired || strcmp(desired->name, registered->name) != 0 ||
		    !swk_source_same(&desired->source, &registered->source))
			return false;
	}
	return true;
}

static int remember_service(struct swk_run *run, struct swk_checks *checks, size_t place,
			    const struct swk_tallies *blocks)
{
	const struct swk_service *service = &run->services.list[place];
	const uint64_t recorded = swk_tallies_of(blocks, swk_checks_service(service->name)).sum;
	struct swk_answer_checks *answer = &run->checks.answers[place];
	struct swk_checks_entry *known = swk_checks_find(&run->checks.known, service->name), *seen;

	if (service->unchanged ? known->blocks != recorded
			       : !is_plain(run, service, answer, blocks))
		return 0;
	seen = swk_checks_add(checks, service->name, run->error);
	if (!seen)
		return run->error->status;
	seen->blocks = recorded;
	seen->answer = service->unchanged ? known->answer : answer->number;
	if (!service->unchanged)
		return swk_checks_set(seen, answer->own, &answer->nodes, run->error);
	seen->checks = known->checks;
	seen->nodes = known->nodes;
	seen->node_count = known->node_count;
	known->nodes = NULL;
	known->node_count = 0;
	return 0;
}

static int write_checks(struct swk_run *run, const struct swk_checks *checks)
{
	struct swk_buffer text, before;
	bool exists = false, replaced = false;
	struct swk_error failure = {0};
	int status;

	swk_buffer_init(&text, SWK_CHECKS_MAX);
	swk_buffer_init(&before, SWK_CHECKS_MAX);
	status = swk_checks_write(&text, checks, run->error);
	if (status)
		goto out;
	(void)swk_file_read(run->store.checks, &before, &exists, &failure);
	if (!exists || failure.status || !swk_buffer_same(&before, &text))
		status = swk_store_replace(&run->store, run->store.checks, &text, false, &replaced,
					   run->error);
out:
	swk_buffer_free(&before);
	swk_buffer_free(&text);
	return status;
}

/* Whether every service is unchanged and none is gone. Then FILE.checks is up to date. */
static bool is_known(const struct swk_run *run)
{
	bool known = !run->changes.count && run->checks.known.count == run->checks.answer_count;

	for (size_t i = 0; known && i < run->checks.answer_count; i++)
		known = run->services.list[i].unchanged;
	return known;
}

int swk_run_remember_checks(struct swk_run *run)
{
	struct swk_checks checks = {.settings = hash_settings(run)};
	struct swk_tallies blocks = {0};
	struct swk_error cause = {0}, *error = run->error;
	int status = 0;

	if (!run->checks.answers || is_known(run))
		return 0;
	/* A failure here costs requests later, but does not change the run's status. */
	run->error = &cause;
	/* FILE is unchanged, so its hashes are, too. */
	if (run->checks.known.count && !run->changes.count) {
		blocks = run->checks.blocks;
		run->checks.blocks = (struct swk_tallies){0};
	} else {
		status = add_blocks(&blocks, &run->desired, run->error);
	}
	for (size_t i = 0; !status && i < run->checks.answer_count; i++)
		status = remember_service(run, &checks, i, &blocks);
	if (!status)
		status = write_checks(run, &checks);
	run->error = error;
	if (status)
		swk_report_note(run->report, SWK_NOTE_WARNING,
				"%s; Consul is asked about all services again", cause.text);
	swk_tallies_free(&blocks);
	swk_checks_free(&checks);
	return 0;
}

void swk_run_free_checks(struct swk_run *run)
{
	struct swk_run_checks *checks = &run->checks;

	for (size_t i = 0; checks->answers && i < checks->answer_count; i++)
		swk_answer_forget(&checks->answers[i]);
	free(checks->answers);
	swk_tallies_free(&checks->document);
	swk_tallies_free(&checks->blocks);
	swk_checks_free(&checks->known);
	*checks = (struct swk_run_checks){0};
}
