/* SPDX-License-Identifier: MIT */
#include "store/journal.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <time.h>

#include "nginx/conf.h"
#include "nginx/scan.h"
#include "run/run.h"

bool swk_run_has_journal(const struct swk_run *run)
{
	return run->settings->journal_size && !run->settings->dry_run;
}

/* An escaped copy; NULL without memory. */
static char *own(struct swk_run *run, const char *text)
{
	char escaped[SWK_TEXT_MAX], *copy;

	swk_text_escape(escaped, sizeof(escaped), text ? text : "");
	copy = strdup(escaped);
	if (!copy)
		(void)swk_error_memory(run->error);
	return copy;
}

/* ---- reasons ---- */

static void add_words(char reason[SWK_TEXT_MAX], const char *words)
{
	const size_t length = strlen(reason);

	(void)snprintf(reason + length, SWK_TEXT_MAX - length, "%s%s", length ? "; " : "", words);
}

static void add_number(char reason[SWK_TEXT_MAX], const char *what, unsigned before, unsigned after)
{
	char words[64];

	(void)snprintf(words, sizeof(words), "%s %u, now %u", what, before, after);
	if (before != after)
		add_words(reason, words);
}

static void describe_server(char reason[SWK_TEXT_MAX], const struct swk_server *before,
			    const struct swk_server *after)
{
	add_number(reason, "weight", before->weight, after->weight);
	add_number(reason, "max_conns", before->max_conns, after->max_conns);
	add_number(reason, "max_fails", before->max_fails, after->max_fails);
	add_number(reason, "fail_timeout", before->fail_timeout, after->fail_timeout);
	if (before->backup != after->backup)
		add_words(reason, after->backup ? "now a backup" : "no longer a backup");
	if (before->down != after->down)
		add_words(reason, after->down ? "now down" : "no longer down");
}

static const char *balance_word(enum swk_balance balance)
{
	return balance == SWK_ROUND_ROBIN ? "round robin" : swk_balance_words[balance];
}

static void describe_upstream(char reason[SWK_TEXT_MAX], const struct swk_upstream *before,
			      const struct swk_upstream *after)
{
	char words[128];

	(void)snprintf(words, sizeof(words), "%s, now %s", balance_word(before->balance),
		       balance_word(after->balance));
	if (before->balance != after->balance)
		add_words(reason, words);
	add_number(reason, "keepalive", before->keepalive, after->keepalive);
	add_number(reason, "keepalive_timeout", before->keepalive_timeout,
		   after->keepalive_timeout);
	add_number(reason, "keepalive_requests", before->keepalive_requests,
		   after->keepalive_requests);
	if (before->says_none != after->says_none)
		add_words(reason, after->says_none ? "now 'keepalive 0'" : "no 'keepalive 0' now");
	if (strcmp(before->name, after->name) != 0)
		add_words(reason, "another spelling");
	if (!swk_source_same(&before->source, &after->source))
		add_words(reason, "another source");
}

/* Why FILE loses an upstream. */
static void explain_loss(struct swk_run *run, const struct swk_upstream *upstream,
			 char reason[SWK_TEXT_MAX])
{
	const struct swk_source *source = &upstream->source;
	const char *word = swk_source_traits[source->kind].word;

	if (!*source->name)
		return;
	if (!swk_settings_publish(run->settings, source->name))
		add_words(reason, "include or exclude leaves it out");
	else if (!swk_run_find_service(run, source))
		(void)snprintf(reason, SWK_TEXT_MAX, "Consul has no %s %s any more", word,
			       source->name);
	else if (*source->tag)
		(void)snprintf(reason, SWK_TEXT_MAX, "no instance has the tag %s any more",
			       source->tag);
}

/* Whether the run has decided from Consul's answers: an undo has not. */
static bool has_decided(const struct swk_run *run)
{
	return !run->hold && !run->rejection;
}

static void explain_upstream(struct swk_run *run, const struct swk_upstream *before,
			     const struct swk_upstream *after, char reason[SWK_TEXT_MAX])
{
	struct swk_cause_found found;

	reason[0] = '\0';
	if (before && after)
		describe_upstream(reason, before, after);
	if (!has_decided(run))
		return;
	if (swk_causes_find_upstream(&run->causes, after ? &after->source : &before->source,
				     &found))
		add_words(reason, found.reason);
	else if (!after)
		explain_loss(run, before, reason);
}

/* Why an upstream loses a server. */
static void explain_server_loss(struct swk_run *run, const struct swk_source *source, bool is_found,
				const struct swk_cause_found *found, char reason[SWK_TEXT_MAX])
{
	struct swk_cause_found other;

	if (is_found && !found->served)
		add_words(reason, *found->reason ? found->reason
						 : "its tags no longer place it in this upstream");
	if (is_found || run->causes.incomplete || !*source->name)
		return;
	add_words(reason, "Consul has no instance at this address any more");
	if (swk_causes_find_other(&run->causes, source, &other))
		(void)snprintf(reason, SWK_TEXT_MAX, "it is no longer registered, or %s",
			       other.reason);
}

/* ---- servers ---- */

struct comparing {
	struct swk_run *run;
	const struct swk_upstream *before, *after; /* either may be NULL */
	struct swk_change_upstream *change;
};

/* Notes a server: either may be NULL. */
static int note_server(struct comparing *comparing, const struct swk_server *before,
		       const struct swk_server *after)
{
	struct swk_run *run = comparing->run;
	struct swk_change_upstream *change = comparing->change;
	const struct swk_source *source =
		comparing->after ? &comparing->after->source : &comparing->before->source;
	struct swk_change_server *list =
		swk_list_grow(change->servers, change->server_count, sizeof(*list));
	struct swk_cause_found found = {"", "", "", false};
	char address[SWK_ADDRESS_MAX], reason[SWK_TEXT_MAX] = "";
	bool is_found = false;

	if (!list)
		return swk_error_memory(run->error);
	change->servers = list;
	if (has_decided(run))
		is_found = swk_causes_find_server(&run->causes, source, after ? after : before,
						  after != NULL, &found);
	if (before && after)
		describe_server(reason, before, after);
	if (after && after->down && (!before || !before->down))
		add_words(reason, found.reason);
	else if (!after && comparing->after && has_decided(run))
		explain_server_loss(run, source, is_found, &found, reason);
	list[change->server_count++] = (struct swk_change_server){
		.sign = !before ? '+'
			: after ? '~'
				: '-',
		.address = own(run, swk_server_address(after ? after : before, address)),
		.instance = own(run, found.instance),
		.node = own(run, found.node),
		.reason = own(run, reason)};
	return run->error->status;
}

/* Notes the servers in which the upstreams differ. Both lists are sorted. */
static int note_servers(struct comparing *comparing)
{
	const struct swk_upstream *before = comparing->before, *after = comparing->after;
	const size_t from = before ? before->count : 0, to = after ? after->count : 0;
	size_t i = 0, j = 0;
	int status = 0;

	while (!status && (i < from || j < to)) {
		const struct swk_server *old = i < from ? &before->servers[i] : NULL;
		const struct swk_server *new = j < to ? &after->servers[j] : NULL;
		int order = !old ? 1 : !new ? -1 : swk_server_compare(old, new);

		i += order <= 0;
		j += order >= 0;
		if (order || !swk_server_same_attributes(old, new))
			status = note_server(comparing, order <= 0 ? old : NULL,
					     order >= 0 ? new : NULL);
	}
	return status;
}

/* ---- upstreams ---- */

/* The most that a line of the journal may have. */
static size_t limit(const struct swk_run *run)
{
	return run->settings->journal_size / SWK_JOURNAL_SHARE;
}

/* FILE's block of an upstream, without the empty line before it. */
static int take_block(struct swk_run *run, const struct swk_upstream *upstream,
		      struct swk_change_upstream *change)
{
	struct swk_buffer text;
	int status;

	swk_buffer_init(&text, SWK_CONF_MAX);
	status = swk_nginx_block(&text, upstream, run->error);
	change->before = status ? NULL : strdup(text.data + 1);
	if (!status && !change->before)
		status = swk_error_memory(run->error);
	swk_buffer_free(&text);
	return status;
}

int swk_run_note_upstream(struct swk_run *run, const struct swk_upstream *before,
			  const struct swk_upstream *after)
{
	struct swk_change *change = &run->change;
	struct swk_change_upstream *list =
		swk_list_grow(change->upstreams, change->upstream_count, sizeof(*list));
	struct comparing comparing = {.run = run, .before = before, .after = after};
	char reason[SWK_TEXT_MAX];

	if (!list)
		return swk_error_memory(run->error);
	change->upstreams = list;
	explain_upstream(run, before, after, reason);
	comparing.change = &list[change->upstream_count++];
	*comparing.change = (struct swk_change_upstream){
		.sign = !before ? '+'
			: after ? '~'
				: '-',
		.name = own(run, after ? after->name : before->name),
		.source = own(run, after ? after->source.name : before->source.name),
		.reason = own(run, reason)};
	if (run->error->status || (before && take_block(run, before, comparing.change)))
		return run->error->status;
	return note_servers(&comparing);
}

/* About how long the line gets for an upstream. */
static size_t length_of(const struct swk_change_upstream *upstream)
{
	return 100 + (upstream->before ? strlen(upstream->before) : 0) +
	       100 * upstream->server_count;
}

/* The next upstream of two sorted sets, by name: *before and *after are those with this name, or
 * NULL. Returns false at the end. */
static bool take_next(const struct swk_upstreams *recorded, const struct swk_upstreams *desired,
		      size_t *i, size_t *j, const struct swk_upstream **before,
		      const struct swk_upstream **after)
{
	int order;

	*before = *i < recorded->count ? &recorded->list[*i] : NULL;
	*after = *j < desired->count ? &desired->list[*j] : NULL;
	order = !*before ? 1 : !*after ? -1 : strcasecmp((*before)->name, (*after)->name);
	if (order < 0)
		*after = NULL;
	if (order > 0)
		*before = NULL;
	*i += order <= 0;
	*j += order >= 0;
	return *before || *after;
}

/* Whether FILE's block changes. A new source is not a change for a target. */
static bool is_changed(const struct swk_run *run, const struct swk_upstream *before,
		       const struct swk_upstream *after)
{
	return !before || !after || !swk_source_same(&before->source, &after->source) ||
	       (run->changes.count && swk_names_contain(&run->changes, after->name));
}

static size_t count_changed(const struct swk_run *run)
{
	const struct swk_upstream *before, *after;
	size_t i = 0, j = 0, count = 0;

	while (take_next(&run->recorded, &run->desired, &i, &j, &before, &after))
		count += is_changed(run, before, after);
	return count;
}

int swk_run_note_change(struct swk_run *run)
{
	const struct swk_upstream *before, *after;
	size_t i = 0, j = 0, length = 0, count;
	struct swk_change *change = &run->change;
	int status = 0;

	if (!swk_run_has_journal(run) || run->on_hold)
		return 0;
	swk_change_free(change);
	count = count_changed(run);
	if (count * 100 > limit(run))
		change->cut = count;
	while (!status && !change->cut &&
	       take_next(&run->recorded, &run->desired, &i, &j, &before, &after)) {
		if (!is_changed(run, before, after))
			continue;
		status = swk_run_note_upstream(run, before, after);
		length += status ? 0 : length_of(&change->upstreams[change->upstream_count - 1]);
		if (length > limit(run))
			swk_change_cut(change, count);
	}
	return status;
}

/* ---- what guards hold back ---- */

/* Whether a change of the journal is about the upstream with which a message begins: `upstream web:
 * kept with its last 2 servers`. */
static bool is_about(const struct swk_change *change, const char *message)
{
	static const char begin[] = "upstream ";
	const size_t length = strcspn(message, ":");

	for (size_t i = 0; i < change->upstream_count; i++) {
		const char *name = change->upstreams[i].name;

		if (length == strlen(begin) + strlen(name) &&
		    !strncmp(message + strlen(begin), name, strlen(name)))
			return true;
	}
	return false;
}

/* Whether the journal has had a message for less than an hour, and the upstream has not changed
 * since. */
static bool is_told(const struct swk_changes *recent, const char *message, int64_t now)
{
	for (size_t i = recent->count; i-- > 0;) {
		const struct swk_change *this = &recent->list[i];

		for (size_t j = 0; j < this->held_back_count; j++) {
			if (!strcmp(this->held_back[j], message))
				return now - this->time < SWK_JOURNAL_AGAIN_S * INT64_C(1000);
		}
		if (is_about(this, message))
			return false;
	}
	return false;
}

static bool is_for_journal(const struct swk_note *note)
{
	return note->kind == SWK_NOTE_HELD_BACK || note->kind == SWK_NOTE_KEPT;
}

static int add_held_back(struct swk_run *run, const char *message)
{
	struct swk_change *change = &run->change;
	char **list = swk_list_grow(change->held_back, change->held_back_count, sizeof(*list));

	if (!list)
		return swk_error_memory(run->error);
	change->held_back = list;
	list[change->held_back_count] = own(run, message);
	change->held_back_count += list[change->held_back_count] != NULL;
	return run->error->status;
}

/* Adds the messages that are new. */
static int find_held_back(struct swk_run *run)
{
	const struct swk_report *report = run->report;
	struct swk_changes recent = {0};
	struct swk_error ignored = {0};
	int status = 0;

	if (!report->counted[SWK_NOTE_HELD_BACK] && !report->counted[SWK_NOTE_KEPT])
		return 0;
	/* If the journal can't be read, everything is new. */
	(void)swk_journal_read(&run->store, SWK_JOURNAL_RECENT, &recent, &ignored);
	for (size_t i = 0; !status && i < report->note_count &&
			   run->change.held_back_count < SWK_JOURNAL_MESSAGES;
	     i++) {
		const struct swk_note *note = &report->notes[i];

		if (is_for_journal(note) && !is_told(&recent, note->text, run->change.time))
			status = add_held_back(run, note->text);
	}
	swk_changes_free(&recent);
	return status;
}

/* ---- the line ---- */

static int64_t now_ms(void)
{
	struct timespec now;

	(void)clock_gettime(CLOCK_REALTIME, &now);
	return (int64_t)now.tv_sec * 1000 + now.tv_nsec / 1000000;
}

/* Fills in what every line has. */
static int describe_run(struct swk_run *run, const char *event, const char *by, const char *reason)
{
	struct swk_change *change = &run->change;

	change->time = now_ms();
	change->index = swk_run_index(run);
	free(change->event);
	free(change->service);
	free(change->by);
	free(change->reason);
	change->event = own(run, event);
	change->service = own(run, run->report->service);
	change->by = own(run, by);
	change->reason = own(run, reason);
	return run->error->status;
}

static int append(struct swk_run *run)
{
	struct swk_error cause = {0};

	if (!swk_journal_append(&run->store, run->settings->journal_size, &run->change, &cause)) {
		run->journaled = true;
		return 0;
	}
	if (cause.status == SWK_INTERNAL || cause.status == SWK_TEMPFAIL)
		return swk_error_set(run->error, cause.status, "%s", cause.text);
	swk_report_note(run->report, SWK_NOTE_WARNING,
			"%s; the journal lacks this change, so 'swk undo --to' cannot go back "
			"past it",
			cause.text);
	return 0;
}

/* The hash of FILE as it is now. */
static uint64_t hash_now(const struct swk_run *run)
{
	if (run->replaced)
		return run->state.conf.hash;
	if (run->excerpt.used)
		return run->excerpt.hash;
	return run->exists ? run->hash : 0;
}

static const char *reason_of(const struct swk_run *run)
{
	if (run->hold)
		return run->hold->reason;
	if (run->rejection)
		return run->rejection;
	return run->settings->force ? "--force" : run->settings->adopt ? "--adopt" : NULL;
}

int swk_run_journal_change(struct swk_run *run, uint64_t hash)
{
	const char *event = swk_event_words[run->report->event];

	if (!swk_run_has_journal(run))
		return 0;
	if (run->hold || run->rejection)
		event = run->hold ? "undo" : "reject";
	run->change.before = swk_nginx_hash_lasting(hash_now(run));
	run->change.after = swk_nginx_hash_lasting(hash);
	if (run->change.before == run->change.after)
		return 0;
	if (describe_run(run, event, run->hold ? run->hold->holder : run->settings->caller,
			 reason_of(run)) ||
	    find_held_back(run))
		return run->error->status;
	return append(run);
}

/* A failure of these is not one of the run. */
void swk_run_journal_action(struct swk_run *run, const char *event, const char *by,
			    const char *reason)
{
	const struct swk_error before = *run->error;

	if (!swk_run_has_journal(run))
		return;
	swk_change_free(&run->change);
	if (!describe_run(run, event, by, reason))
		(void)append(run);
	swk_change_free(&run->change);
	*run->error = before;
}

void swk_run_journal_rest(struct swk_run *run)
{
	const struct swk_error before = *run->error;

	if (!swk_run_has_journal(run) || run->journaled || run->on_hold)
		return;
	if (run->hold) {
		swk_run_journal_action(run, "undo", run->hold->holder, run->hold->reason);
		return;
	}
	swk_change_free(&run->change);
	run->change.time = now_ms();
	if (!find_held_back(run) && run->change.held_back_count &&
	    !describe_run(run, swk_event_words[run->report->event], run->settings->caller, NULL))
		(void)append(run);
	swk_change_free(&run->change);
	*run->error = before;
}
