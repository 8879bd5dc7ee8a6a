/* SPDX-License-Identifier: MIT */
#include "policy/guard.h"
#include "run/run.h"

int swk_run_key(void *context, const struct swk_key *key, struct swk_error *error)
{
	struct swk_run *run = context;

	run->keys_listed += swk_policy_is_key(run->settings, key->key);
	return swk_policy_key(&run->keys, &run->policy, key, run->report, error);
}

/* An undecodable key may be that of any upstream. */
static int undecodable(void *context, const char *service, const char *what, const char *reason,
		       struct swk_error *error)
{
	struct swk_run *run = context;

	(void)service;
	(void)error;
	run->keys.undecodable = true;
	swk_report_note(run->report, SWK_NOTE_SKIPPED, "%s skipped: %s", what, reason);
	return 0;
}

static bool has_keys(const struct swk_run *run)
{
	for (size_t i = 0; i < run->recorded.count; i++) {
		if (run->recorded.list[i].source.kind == SWK_SOURCE_KEY)
			return true;
	}
	return false;
}

static void forget_tree(void *context)
{
	struct swk_run *run = context;

	swk_services_free(&run->keys);
	swk_decisions_forget(run->policy.decisions, SWK_SOURCE_KEY, NULL);
	swk_causes_forget(run->policy.causes, SWK_SOURCE_KEY, NULL);
	run->keys_listed = 0;
}

/* Asks for the whole tree. If it is unavailable, its upstreams stay as they are. */
static int ask_tree(struct swk_run *run)
{
	struct swk_consul_query query = {
		.keyprefix = run->settings->keyprefix,
		.sink = {.context = run, .key = swk_run_key, .undecodable = undecodable},
		.least = run->state.keys_index,
		.again = forget_tree};
	int status;

	forget_tree(run);
	status = swk_consul_ask(&run->consul, run->http, &query, 1, run->consul_deadline,
				run->error);
	if (status || query.error.status == SWK_INTERNAL)
		return status ? status
			      : swk_error_set(run->error, SWK_INTERNAL, "%s", query.error.text);
	run->keys_known = !query.error.status;
	run->keys_index = query.index;
	run->keys.filtered = run->keys_known && query.filtered && !run->settings->force;
	for (size_t i = 0; i < run->keys.count; i++)
		run->keys.list[i].filtered = run->keys.filtered;
	if (run->keys.filtered)
		swk_report_note(
			run->report, SWK_NOTE_HELD_BACK,
			"Consul's answer about the keys under %s is incomplete, so no server "
			"is removed because of it: the token lacks key:read for some keys",
			run->settings->keyprefix);
	if (run->keys_known)
		return 0;
	forget_tree(run);
	swk_report_note(run->report, SWK_NOTE_UNAVAILABLE,
			"Consul could not be asked about the keys under %s, so their upstreams "
			"stay as they are: %s",
			run->settings->keyprefix, query.error.text);
	return 0;
}

/* Takes an empty tree for an outage if FILE has upstreams of keys. */
static int guard_tree(struct swk_run *run)
{
	if (!run->keys_known || run->keys_listed || run->keys.undecodable || !has_keys(run))
		return 0;
	run->keys_known = false;
	swk_report_note(run->report, SWK_NOTE_HELD_BACK,
			"Consul has no key under %s/, so the upstreams of keys stay as they are: "
			"Consul seems to be down, or the token lacks key:read",
			run->settings->keyprefix);
	return 0;
}

int swk_run_ask_keys(struct swk_run *run)
{
	const char *prefix = run->settings->keyprefix;
	const bool document = run->keys_known; /* the document gave the tree */
	bool ask = !document;
	int status = 0;

	if (!prefix && run->complete && has_keys(run)) {
		/* Whoever runs this by hand may have forgotten the setting. */
		run->keys_known = run->settings->force;
		if (!run->keys_known)
			swk_report_note(run->report, SWK_NOTE_KEPT,
					"the upstreams of keys are kept, although the settings "
					"have no keyprefix: --force deletes them");
		return 0;
	}
	if (!prefix || !(run->complete || document || run->settings->ask))
		return 0;
	/* A document without an index is believed. */
	if (document && run->event_index)
		ask = run->waited || run->event_index < run->state.keys_index;
	if (document && !ask && !run->keys_listed && !run->keys.undecodable) {
		swk_report_note(run->report, SWK_NOTE_HELD_BACK,
				"the document has no key of an upstream, so nothing was changed: "
				"Consul seems to be down");
		return SWK_HELD_BACK;
	}
	/* The watch may show only a part of the tree. */
	if (document && run->event_index && !ask)
		ask = swk_decide_deletes(
			run->settings, &run->recorded,
			&(struct swk_known_sources){.services = &run->keys, .complete = true});
	if (document)
		run->keys_index = run->event_index;
	if (document && ask)
		swk_run_forget_document(run);
	if (ask)
		status = ask_tree(run);
	return status ? status : guard_tree(run);
}

void swk_run_take_keys(struct swk_run *run)
{
	run->keys_known = true;
	/* Elements that were undecodable before the kind of the document was known. */
	run->keys.undecodable |= run->services.undecodable;
	run->services.undecodable = false;
}
