/* SPDX-License-Identifier: MIT */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "nginx/conf.h"
#include "run/run.h"

char *swk_run_own_text(struct swk_run *run, const char *text)
{
	char escaped[SWK_TEXT_MAX], *copy;

	escaped[0] = '\0';
	if (text && *text)
		swk_text_escape(escaped, sizeof(escaped), text);
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

/* Whether the host names of two upstreams with the same servers have the same case. Servers with
 * host names are the last. */
static bool has_same_hosts(const struct swk_upstream *before, const struct swk_upstream *after)
{
	for (size_t i = before->count; i-- > 0 && before->servers[i].host;) {
		if (strcmp(before->servers[i].host, after->servers[i].host) != 0)
			return false;
	}
	return true;
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
	if (swk_upstream_same_servers(before, after) && !has_same_hosts(before, after))
		add_words(reason, "another spelling of a host name");
}

/* Why FILE loses an upstream. */
static void explain_loss(struct swk_run *run, const struct swk_upstream *upstream,
			 char reason[SWK_TEXT_MAX])
{
	const struct swk_source *source = &upstream->source;
	const char *word = swk_source_traits[source->kind].word;
	struct swk_cause_found other;

	if (!*source->name)
		return;
	if (!swk_settings_publish(run->settings, source->name))
		add_words(reason, "include or exclude leaves it out");
	else if (!swk_run_find_service(run, source))
		(void)snprintf(reason, SWK_TEXT_MAX, "Consul has no %s %s any more", word,
			       source->name);
	else if (swk_causes_find_other(&run->causes, source, &other))
		(void)snprintf(reason, SWK_TEXT_MAX, "its instances are not registered, or %s",
			       other.reason);
	else if (*source->tag)
		(void)snprintf(reason, SWK_TEXT_MAX, "no instance has the tag %s any more",
			       source->tag);
}

/* Whether the run has decided from Consul's answers: an undo has not. */
static bool has_decided(const struct swk_run *run)
{
	return !run->hold && !run->rejection;
}

/* `from datacenter dc2` or `from the fallback list`. */
static const char *place_words(const struct swk_source *source, char words[SWK_TEXT_MAX])
{
	const bool listed = !strcmp(source->place, swk_source_fallback);

	(void)snprintf(words, SWK_TEXT_MAX, "from %s%s", listed ? "" : "datacenter ",
		       source->place);
	return words;
}

/* Of a failover that begins, the run has the cause. */
static void explain_place(const struct swk_run *run, const struct swk_source *before,
			  const struct swk_source *after, char reason[SWK_TEXT_MAX])
{
	char place[SWK_TEXT_MAX], words[SWK_TEXT_MAX];

	if (swk_source_same_place(before, after))
		return;
	if (!swk_source_is_elsewhere(after))
		(void)snprintf(words, sizeof(words), "its servers no longer come %s",
			       place_words(before, place));
	else if (!has_decided(run))
		(void)snprintf(words, sizeof(words), "its servers come %s",
			       place_words(after, place));
	else
		return;
	add_words(reason, words);
}

static void explain_upstream(struct swk_run *run, const struct swk_upstream *before,
			     const struct swk_upstream *after, char reason[SWK_TEXT_MAX])
{
	struct swk_cause_found found;

	reason[0] = '\0';
	if (before && after) {
		describe_upstream(reason, before, after);
		explain_place(run, &before->source, &after->source, reason);
	}
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
		(void)snprintf(reason, SWK_TEXT_MAX, "it is not registered, or %s", other.reason);
}

/* The sign of a change from one to the other; either may be NULL. */
static char sign_of(const void *before, const void *after)
{
	if (!before)
		return '+';
	return "-~"[after != NULL];
}

/* ---- servers ---- */

struct comparing {
	struct swk_run *run;
	const struct swk_upstream *before, *after; /* either may be NULL */
	struct swk_change_upstream *change;
};

/* Whether the servers before came from a place where those after do not come from. The upstream has
 * that as its reason. */
static bool is_from_elsewhere(const struct comparing *comparing)
{
	const struct swk_source *before = &comparing->before->source;

	return swk_source_is_elsewhere(before) &&
	       !swk_source_same_place(before, &comparing->after->source);
}

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
	else if (!after && comparing->after && has_decided(run) && !is_from_elsewhere(comparing))
		explain_server_loss(run, source, is_found, &found, reason);
	list[change->server_count++] = (struct swk_change_server){
		.sign = sign_of(before, after),
		.address =
			swk_run_own_text(run, swk_server_address(after ? after : before, address)),
		.instance = swk_run_own_text(run, found.instance),
		.node = swk_run_own_text(run, found.node),
		.reason = swk_run_own_text(run, reason)};
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
	const struct swk_upstream *shown = after ? after : before;
	char reason[SWK_TEXT_MAX];

	if (!list)
		return swk_error_memory(run->error);
	change->upstreams = list;
	explain_upstream(run, before, after, reason);
	comparing.change = &list[change->upstream_count++];
	*comparing.change =
		(struct swk_change_upstream){.sign = sign_of(before, after),
					     .name = swk_run_own_text(run, shown->name),
					     .source = swk_run_own_text(run, shown->source.name),
					     .reason = swk_run_own_text(run, reason)};
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

/* Whether FILE's block changes. For a target, a source, its place and the case of host names are no
 * change. */
static bool is_changed(const struct swk_run *run, const struct swk_upstream *before,
		       const struct swk_upstream *after)
{
	return !before || !after || !swk_source_same(&before->source, &after->source) ||
	       !swk_source_same_place(&before->source, &after->source) ||
	       (run->changes.count && swk_names_contain(&run->changes, after->name)) ||
	       !has_same_hosts(before, after);
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
