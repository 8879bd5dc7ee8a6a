/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "target/dynamic/exchange.h"
#include "target/dynamic/files.h"

/* Notes why the target can't be read. */
static void note_trouble(const struct swk_dynamic_exchange *exchange, const char *advice)
{
	struct swk_target *target = exchange->target;
	const struct swk_dynamic *own = target->own;
	const char *name = strcmp(target->name, own->web.base) ? target->name : "";
	char answer[SWK_DYNAMIC_ANSWER_MAX];

	target->unreachable = exchange->request.unreachable;
	target->passing = !target->unreachable && !exchange->request.timed_out && !*advice;
	target->given_up = true;
	if (!exchange->request.status)
		(void)swk_error_set(&target->trouble, SWK_TEMPFAIL, "%s%s%s", name,
				    *name ? ": " : "", exchange->request.error.text);
	else
		(void)swk_error_set(&target->trouble, SWK_TEMPFAIL, "%s%s%s answered %s%s", name,
				    *name ? ": " : "", own->web.url,
				    swk_dynamic_describe(exchange, answer), advice);
}

/* Whether this is the module, and it answers. */
static bool answers(struct swk_dynamic_exchange *exchange, enum swk_dynamic_meaning meaning)
{
	static const char wrong[] = ": give the URL of the location that has 'dynamic_upstream'";

	if (exchange->error->status)
		return false;
	switch (meaning) {
	case SWK_DYNAMIC_LATER:
		note_trouble(exchange, "");
		return false;
	case SWK_DYNAMIC_FINAL:
		note_trouble(exchange, wrong);
		return false;
	default:
		return true;
	}
}

static int add_upstream(struct swk_target *target, struct swk_dynamic_servers *servers,
			struct swk_error *error)
{
	return swk_upstreams_append(&target->live.upstreams, &servers->upstream, error);
}

/* Compares the file with what the module has. Sets *empty if neither has servers: then nothing is
 * managed or unmanaged there. */
static int compare_file(const struct swk_buffer *file, struct swk_dynamic_servers *servers,
			bool *empty, struct swk_error *error)
{
	struct swk_upstream *upstream = &servers->upstream;
	const bool needs = swk_dynamic_needs_placeholder(upstream);
	struct swk_buffer text;

	*empty = !upstream->count && !upstream->partial && swk_dynamic_file_is_empty(file);
	if (*empty)
		return 0;
	swk_buffer_init(&text, SWK_CONF_MAX);
	if (!swk_dynamic_file_text(&text, upstream, error) &&
	    (needs != (servers->placeholders.count > 0) || !swk_buffer_same(&text, file))) {
		upstream->partial = true;
		upstream->spread = SWK_SPREAD_DIFFERS;
	}
	swk_buffer_free(&text);
	return error->status;
}

/* Reads the file of an upstream, and what the module has. Sets the cause if the file can't be
 * read. */
static int read_one(struct swk_dynamic_exchange *exchange, struct swk_buffer *file,
		    struct swk_error *cause)
{
	struct swk_target *target = exchange->target;
	const struct swk_dynamic *own = target->own;
	struct swk_dynamic_servers servers = {0};
	enum swk_dynamic_meaning meaning;
	bool empty = false;

	if (swk_dynamic_file_read(file, own->directory, exchange->name, cause))
		return 0;
	meaning = swk_dynamic_ask_servers(exchange, &servers);
	if (answers(exchange, meaning) && meaning == SWK_DYNAMIC_DONE &&
	    !compare_file(file, &servers, &empty, exchange->error) && !empty)
		(void)add_upstream(target, &servers, exchange->error);
	/* The module does not print an upstream without a zone, which nginx may use. */
	target->live.unconfirmed |= meaning == SWK_DYNAMIC_NO_ZONE;
	swk_dynamic_servers_free(&servers);
	return exchange->error->status;
}

/* Reads all upstreams that have a file. */
static int read_state(struct swk_dynamic_exchange *exchange, const struct swk_texts *names,
		      struct swk_error *cause)
{
	struct swk_buffer file;

	swk_buffer_init(&file, SWK_CONF_MAX);
	for (size_t i = 0; i < names->count; i++) {
		exchange->name = names->list[i];
		if (read_one(exchange, &file, cause) || cause->status || exchange->target->given_up)
			break;
	}
	swk_buffer_free(&file);
	return exchange->error->status;
}

/* Adds the upstreams whose file has servers. */
static int read_names(struct swk_dynamic_exchange *exchange, const struct swk_texts *names,
		      struct swk_error *cause)
{
	const struct swk_dynamic *own = exchange->target->own;
	struct swk_dynamic_servers servers = {0};
	struct swk_buffer file;

	swk_buffer_init(&file, SWK_CONF_MAX);
	for (size_t i = 0; !exchange->error->status && i < names->count; i++) {
		if (swk_dynamic_file_read(&file, own->directory, names->list[i], cause))
			break;
		if (!swk_dynamic_file_is_empty(&file) &&
		    !swk_upstream_init(&servers.upstream, names->list[i], &swk_source_unknown,
				       exchange->error))
			(void)add_upstream(exchange->target, &servers, exchange->error);
		swk_dynamic_servers_free(&servers);
	}
	swk_buffer_free(&file);
	return exchange->error->status;
}

static int read_all(struct swk_dynamic_exchange *exchange, enum swk_depth depth,
		    struct swk_error *cause)
{
	const struct swk_dynamic *own = exchange->target->own;
	struct swk_texts names = {0};
	int status = swk_dynamic_files_list(&names, own->directory, cause);

	if (!status)
		status = depth == SWK_DEPTH_NAMES ? read_names(exchange, &names, cause)
						  : read_state(exchange, &names, cause);
	swk_texts_free(&names);
	return status == SWK_INTERNAL ? swk_error_memory(exchange->error) : 0;
}

int swk_dynamic_read(struct swk_target *target, enum swk_depth depth, const char *name,
		     int64_t deadline, struct swk_error *error)
{
	struct swk_error cause = {0};
	struct swk_dynamic_exchange exchange;

	swk_live_free(&target->live);
	target->trouble = (struct swk_error){0};
	target->unreachable = target->passing = target->given_up = false;
	swk_dynamic_begin(&exchange, target, depth == SWK_DEPTH_ONE ? name : NULL, deadline, error);
	if (answers(&exchange, swk_dynamic_ask(&exchange, "")) && depth != SWK_DEPTH_ONE)
		(void)read_all(&exchange, depth, &cause);
	if (cause.status == SWK_INTERNAL)
		(void)swk_error_memory(error);
	if (cause.status)
		swk_target_give_up(target, &cause);
	if (target->given_up || error->status)
		swk_live_free(&target->live);
	else
		target->live.readable =
			depth >= SWK_DEPTH_STATE ? SWK_READ_ATTRIBUTES : SWK_READ_NAMES;
	(void)swk_upstreams_sort(&target->live.upstreams);
	swk_dynamic_end(&exchange);
	return error->status;
}
