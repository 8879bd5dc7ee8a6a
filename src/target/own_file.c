/* SPDX-License-Identifier: MIT */
#include "target/own_file.h"

#include <stdlib.h>
#include <string.h>

#include "base/file.h"
#include "nginx/conf.h"
#include "target/confirmed.h"

/* ---- settings ---- */

bool swk_own_file_path_valid(const char *path)
{
	const char *at = path;

	while (*at > ' ' && *at <= '~')
		at++;
	return *path == '/' && !*at;
}

/* Checks the path of a program with its arguments; an empty list is valid. */
static int check_command(const struct swk_texts *command, struct swk_error *error)
{
	if (!command->count || command->list[0][0] == '/')
		return 0;
	return swk_error_set(error, SWK_USAGE,
			     "the first string must be the absolute path of a program");
}

int swk_own_file_check(const struct swk_own_file_settings *settings, const char **key,
		       struct swk_error *error)
{
	if (!settings->file)
		return swk_error_set(error, SWK_USAGE, "it needs a file");
	*key = "check";
	if (check_command(&settings->check, error))
		return error->status;
	*key = "reload";
	return check_command(&settings->reload, error);
}

int swk_own_file_open(struct swk_own_file *file, const struct swk_settings *settings,
		      const struct swk_target_settings *its, struct swk_error *error)
{
	file->lock.lock_descriptor = -1;
	file->selection = its->selection;
	file->timeout = its->timeout ? its->timeout : SWK_COMMAND_SECONDS;
	if (swk_file_is_same(file->settings->file, settings->conf))
		return swk_error_set(error, its->wrong,
				     "%s: this is the conf file, which has what is managed: the "
				     "target needs another file",
				     its->where);
	if (file->settings->interval >= settings->timeout)
		return swk_error_set(error, its->wrong,
				     "%s: interval (%u s) must be less than --timeout (%u s), "
				     "because a run waits so long for the next reload",
				     its->where, file->settings->interval, settings->timeout);
	return 0;
}

void swk_own_file_close(struct swk_own_file *file)
{
	if (file->lock.conf)
		swk_store_close(&file->lock);
	swk_names_free(&file->left_out);
}

/* ---- the file ---- */

int swk_own_file_render(const struct swk_target *target, const struct swk_own_file *file,
			const struct swk_upstreams *set, struct swk_buffer *out,
			struct swk_error *error)
{
	swk_buffer_clear(out);
	if (swk_buffer_add(out, swk_nginx_head, strlen(swk_nginx_head), error))
		return error->status;
	return file->render(target, set, out, error);
}

/* Reads the file. One that another program wrote is a failure. */
int swk_own_file_text(const struct swk_own_file *file, struct swk_buffer *text, bool *exists,
		      struct swk_error *cause)
{
	const char *path = file->settings->file;

	if (swk_file_read(path, text, exists, cause) || !*exists ||
	    swk_nginx_is_managed(text->data, text->length))
		return cause->status;
	return swk_error_set(cause, SWK_CANTCREATE,
			     "%s was not written by swk-apply, which does not overwrite it: move "
			     "it away, or set another file for the target",
			     path);
}

int swk_own_file_replace(const struct swk_own_file *file, const struct swk_buffer *text,
			 struct swk_error *cause)
{
	struct swk_store store;
	bool replaced = false;

	if (!swk_store_open(&store, file->settings->file, cause))
		(void)swk_store_replace(&store, store.conf, text, true, &replaced, cause);
	swk_store_close(&store);
	return cause->status;
}

int swk_own_file_put(const struct swk_target *target, const struct swk_own_file *file,
		     const struct swk_upstreams *set, struct swk_error *cause,
		     struct swk_error *error)
{
	struct swk_buffer present, text;
	bool exists;

	swk_buffer_init(&present, SWK_CONF_MAX);
	swk_buffer_init(&text, SWK_CONF_MAX);
	if (!swk_own_file_text(file, &present, &exists, cause) &&
	    !swk_own_file_render(target, file, set, &text, error) &&
	    (!exists || !swk_buffer_same(&present, &text)))
		(void)swk_own_file_replace(file, &text, cause);
	swk_buffer_free(&present);
	swk_buffer_free(&text);
	return error->status;
}

/* ---- what is confirmed ---- */

static int read_last(const struct swk_target *target, enum swk_own_file_last *last,
		     struct swk_error *error)
{
	char *lock = swk_target_path(target, "lock", error);

	*last = lock ? swk_own_file_last(lock) : SWK_RELOAD_NONE;
	free(lock);
	return error->status;
}

int swk_own_file_read(struct swk_target *target, struct swk_own_file *file,
		      struct swk_upstreams *set, struct swk_error *damage, struct swk_error *cause,
		      struct swk_error *error)
{
	const char *path = file->settings->file;
	struct swk_buffer text, rendered;
	enum swk_own_file_last last;
	bool known, exists, same;

	/* After a wait there may be nothing left to do. */
	if (!target->due)
		swk_store_unlock(&file->lock);
	swk_buffer_init(&text, SWK_CONF_MAX);
	swk_buffer_init(&rendered, SWK_CONF_MAX);
	if (swk_confirmed_read(target, set, &known, damage, cause, error) || cause->status ||
	    swk_own_file_text(file, &text, &exists, cause) ||
	    swk_own_file_render(target, file, set, &rendered, error) ||
	    read_last(target, &last, error))
		goto out;
	same = exists && swk_buffer_same(&text, &rendered);
	if (known && !exists && set->count)
		(void)swk_error_set(damage, SWK_CANTCREATE, "%s does not exist", path);
	else if (known && exists && !same)
		(void)swk_error_set(damage, SWK_CANTCREATE, "%s is not as %s has confirmed it",
				    path, target->name);
	/* If nothing is known, only a target that never had upstreams certainly has none. */
	file->unconfirmed =
		last == SWK_RELOAD_BEGUN ||
		(known ? damage->status != 0 : !same && (last == SWK_RELOAD_ENDED || text.length));
	if (damage->status)
		swk_upstreams_free(set);
out:
	if (cause->status == SWK_INTERNAL)
		(void)swk_error_memory(error);
	swk_buffer_free(&text);
	swk_buffer_free(&rendered);
	return error->status;
}

/* Reads what FILE has for this target. */
static int read_conf(struct swk_target *target, const struct swk_own_file *file,
		     struct swk_upstreams *set, struct swk_error *cause, struct swk_error *error)
{
	const char *conf = target->run.conf;
	struct swk_upstreams all = {0};
	struct swk_buffer text;
	bool exists;

	swk_buffer_init(&text, SWK_CONF_MAX);
	if (!swk_file_read(conf, &text, &exists, cause) && exists)
		(void)swk_nginx_read(&all, conf, text.data, text.length, cause);
	for (size_t i = 0; !cause->status && !error->status && i < all.count; i++) {
		if (!swk_selection_has(&file->selection, all.list[i].source.name))
			continue;
		if (target->kind->fit)
			(void)target->kind->fit(target, &all.list[i]);
		(void)swk_upstreams_append(set, &all.list[i], error);
	}
	swk_upstreams_free(&all);
	swk_buffer_free(&text);
	return error->status;
}

int swk_own_file_base(struct swk_target *target, const struct swk_own_file *file,
		      struct swk_upstreams *set, bool *known, struct swk_error *cause,
		      struct swk_error *error)
{
	struct swk_error damage = {0};

	if (!swk_confirmed_read(target, set, known, &damage, cause, error) && !cause->status &&
	    !*known)
		(void)read_conf(target, file, set, cause, error);
	if (cause->status == SWK_INTERNAL)
		(void)swk_error_memory(error);
	return error->status;
}
