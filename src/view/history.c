/* SPDX-License-Identifier: MIT */
#include "view/history.h"

#include <inttypes.h>
#include <string.h>
#include <strings.h>

#include "model/terms.h"

/* ---- what a change is about ---- */

static bool is_text(const char *text, size_t length, const char *name)
{
	return strlen(name) == length && !strncasecmp(text, name, length);
}

/* An address matches without its port, too, and then one of IPv6 also without its brackets. */
static bool is_address(const char *address, const char *name)
{
	const char *colon = strrchr(address, ':');
	const size_t length = colon ? (size_t)(colon - address) : 0;

	if (!strcasecmp(address, name) || is_text(address, length, name))
		return true;
	return length > 2 && *address == '[' && is_text(address + 1, length - 2, name);
}

static bool is_server(const struct swk_change_server *server, const char *name)
{
	return !strcmp(server->instance, name) || is_address(server->address, name);
}

static bool is_upstream(const struct swk_change_upstream *upstream, const char *name)
{
	return !strcasecmp(upstream->name, name) || !strcmp(upstream->source, name);
}

/* Whether a message has the name as a word. */
static bool has_word(const char *message, const char *name)
{
	const size_t length = strlen(name);
	const char *at = length ? strstr(message, name) : NULL;

	for (; at; at = strstr(at + 1, name)) {
		char before[] = " ";
		const char after[] = {at[length], '\0'};

		if (at > message)
			*before = at[-1];
		if (!swk_name_part_valid(before) &&
		    (!swk_name_part_valid(after) || (*after == '.' && !at[length + 1])))
			return true;
	}
	return false;
}

static bool is_shown(const struct swk_change_upstream *upstream,
		     const struct swk_change_server *server, const char *name)
{
	return !name || is_upstream(upstream, name) || is_server(server, name);
}

static bool upstream_matches(const struct swk_change_upstream *upstream, const char *name)
{
	if (!name || is_upstream(upstream, name))
		return true;
	for (size_t i = 0; i < upstream->server_count; i++) {
		if (is_server(&upstream->servers[i], name))
			return true;
	}
	return false;
}

bool swk_history_matches(const struct swk_change *change, const char *name)
{
	if (!name || change->cut || (!change->upstream_count && !change->held_back_count))
		return true;
	/* A text that is not known is empty, too. */
	if (!*name)
		return false;
	for (size_t i = 0; i < change->upstream_count; i++) {
		if (upstream_matches(&change->upstreams[i], name))
			return true;
	}
	for (size_t i = 0; i < change->held_back_count; i++) {
		if (has_word(change->held_back[i], name))
			return true;
	}
	return false;
}

/* ---- words ---- */

static const char *verb(char sign)
{
	return sign == '+' ? "added" : sign == '-' ? "removed" : "changed";
}

/* Prints what caused a change: `service web, index 42`, or `undo by root: wrong snapshot`. */
static int print_cause(struct swk_buffer *out, const struct swk_change *change,
		       struct swk_error *error)
{
	int status = swk_buffer_words(out, error,
				      SWK_WORDS(!strcmp(change->event, "reject")
							? "a target rejects what was sent"
							: change->event,
						*change->service ? " " : "", change->service,
						*change->by ? " by " : "", change->by));

	if (!status && change->index)
		status = swk_buffer_print(out, error, ", index %" PRIu64, change->index);
	if (!status && *change->reason)
		status = swk_buffer_words(out, error, SWK_WORDS(": ", change->reason));
	return status;
}

/* Prints what happened to a server: `removed 10.0.0.1:80 (web-1 on node n1): it is critical`. */
static int print_server(struct swk_buffer *out, const struct swk_change_server *server,
			struct swk_error *error)
{
	const bool named = *server->instance, placed = *server->node;

	return swk_buffer_words(out, error,
				SWK_WORDS(verb(server->sign), " ", server->address,
					  named ? " (" : "", server->instance,
					  named && placed ? " on node " : "",
					  named ? server->node : "", named ? ")" : "",
					  *server->reason ? ": " : "", server->reason));
}

static int print_upstream(struct swk_buffer *out, const struct swk_change_upstream *upstream,
			  const char *name, struct swk_error *error)
{
	const bool changed = upstream->sign == '~';
	int status = 0;

	if (!changed || *upstream->reason)
		status = swk_buffer_words(out, error,
					  SWK_WORDS("  ", upstream->name, ": ",
						    changed		    ? "changed"
						    : upstream->sign == '+' ? "new upstream"
									    : "upstream deleted",
						    *upstream->reason ? ": " : "", upstream->reason,
						    "\n"));
	for (size_t i = 0; !status && i < upstream->server_count; i++) {
		if (!is_shown(upstream, &upstream->servers[i], name))
			continue;
		if (swk_buffer_words(out, error, SWK_WORDS("  ", upstream->name, ": ")) ||
		    print_server(out, &upstream->servers[i], error))
			return error->status;
		status = swk_buffer_words(out, error, SWK_WORDS("\n"));
	}
	return status;
}

static const char *fate_of(const struct swk_change *change)
{
	switch (change->fate) {
	case SWK_CHANGE_NOT_DONE:
		return "  not done: the run has not replaced the file\n";
	case SWK_CHANGE_GAP:
		return "  after this, another program changed the file, or the journal lacks a "
		       "change\n";
	default:
		return "";
	}
}

int swk_print_change(struct swk_buffer *out, const struct swk_change *change, const char *name,
		     struct swk_error *error)
{
	char time[SWK_CHANGE_TIME_MAX];
	int status = 0;

	if (swk_buffer_print(out, error, "%s %" PRIu64 " ", swk_change_time(change->time, time),
			     change->number) ||
	    print_cause(out, change, error) || swk_buffer_words(out, error, SWK_WORDS("\n")))
		return error->status;
	for (size_t i = 0; !status && i < change->upstream_count; i++) {
		if (upstream_matches(&change->upstreams[i], name))
			status = print_upstream(out, &change->upstreams[i], name, error);
	}
	if (!status && change->cut)
		status = swk_buffer_print(
			out, error, "  %zu upstream%s changed, which is too much for the journal\n",
			change->cut, change->cut == 1 ? "" : "s");
	for (size_t i = 0; !status && i < change->held_back_count; i++) {
		if (!name || has_word(change->held_back[i], name))
			status = swk_buffer_words(out, error,
						  SWK_WORDS("  ", change->held_back[i], "\n"));
	}
	return status ? status : swk_buffer_words(out, error, SWK_WORDS(fate_of(change)));
}
