/* SPDX-License-Identifier: MIT */
#include "target/confirmed.h"

#include <stdio.h>
#include <stdlib.h>

#include "base/buffer.h"
#include "base/file.h"
#include "nginx/conf.h"
#include "store/store.h"

char *swk_target_path(const struct swk_target *target, const char *ending, struct swk_error *error)
{
	char *path;

	if (asprintf(&path, "%s.%s.%s", target->run.conf, target->name, ending) >= 0)
		return path;
	(void)swk_error_memory(error);
	return NULL;
}

int swk_confirmed_read(const struct swk_target *target, struct swk_upstreams *set, bool *known,
		       struct swk_error *damage, struct swk_error *cause, struct swk_error *error)
{
	char *path = swk_target_path(target, "confirmed", error);
	struct swk_buffer text;
	bool exists = false;

	*known = false;
	swk_buffer_init(&text, SWK_CONF_MAX);
	if (path && !swk_file_read(path, &text, &exists, cause) && exists)
		*known = !swk_nginx_read(set, path, text.data, text.length, damage);
	if (cause->status == SWK_INTERNAL || damage->status == SWK_INTERNAL)
		(void)swk_error_memory(error);
	swk_buffer_free(&text);
	free(path);
	return error->status;
}

int swk_confirmed_change(struct swk_upstreams *after, struct swk_upstreams *before,
			 const struct swk_plan *plan, const bool *skip, struct swk_error *error)
{
	struct swk_names names = {0};
	int status = 0;

	for (size_t i = 0; !status && i < plan->count; i++) {
		if (skip && skip[i])
			continue;
		status = swk_names_add(&names, plan->list[i].name, error);
		if (!status && plan->list[i].upstream)
			status = swk_upstreams_append_copy(after, plan->list[i].upstream, error);
	}
	for (size_t i = 0; !status && i < before->count; i++) {
		if (!swk_names_contain(&names, before->list[i].name))
			status = swk_upstreams_append(after, &before->list[i], error);
	}
	(void)swk_upstreams_sort(after);
	swk_names_free(&names);
	return status;
}

int swk_confirmed_write(const struct swk_target *target, const struct swk_upstreams *set,
			bool durably, struct swk_error *cause, struct swk_error *error)
{
	char *path = swk_target_path(target, "confirmed", error);
	struct swk_store store = {.lock_descriptor = -1};
	struct swk_buffer text;
	bool replaced = false;

	swk_buffer_init(&text, SWK_CONF_MAX);
	if (path && !swk_nginx_file(&text, set, error) &&
	    !(durably ? swk_store_open(&store, path, cause)
		      : swk_store_open_alone(&store, path, cause)))
		(void)swk_store_replace(&store, path, &text, durably, &replaced, cause);
	if (cause->status == SWK_INTERNAL)
		(void)swk_error_memory(error);
	swk_store_close(&store);
	swk_buffer_free(&text);
	free(path);
	return error->status;
}
