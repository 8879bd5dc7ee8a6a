/* SPDX-License-Identifier: MIT */
#include "target/dynamic/files.h"

#include <dirent.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/file.h"
#include "nginx/conf.h"
#include "store/store.h"
#include "target/dynamic/answer.h"

const char swk_dynamic_ending[] = ".servers";

static const char placeholder[] = "server " SWK_DYNAMIC_PLACEHOLDER " down;\n";
static const char gone[] = "# The conf file no longer has this upstream.\n";

int swk_dynamic_file_text(struct swk_buffer *out, const struct swk_upstream *upstream,
			  struct swk_error *error)
{
	struct swk_upstream servers;

	if (swk_buffer_words(out, error, SWK_WORDS(swk_nginx_head)))
		return error->status;
	if (!upstream)
		return swk_buffer_words(out, error, SWK_WORDS(gone, placeholder));
	/* nginx's configuration has the balancing method and keepalive. */
	servers = (struct swk_upstream){
		.name = upstream->name, .servers = upstream->servers, .count = upstream->count};
	if (swk_nginx_directives(out, &servers, "", "\n", error) ||
	    !swk_dynamic_needs_placeholder(upstream))
		return error->status;
	return swk_buffer_words(out, error, SWK_WORDS(placeholder));
}

/* A line, without blanks around it, that is a comment or a placeholder. */
static bool is_empty_line(const char *line, size_t length)
{
	static const char begin[] = "server ", address[] = "0.", end[] = " down;";
	const size_t before = strlen(begin) + strlen(address), after = strlen(end);

	if (!length || *line == '#')
		return true;
	return length > before + after && !memcmp(line, begin, strlen(begin)) &&
	       !memcmp(line + strlen(begin), address, strlen(address)) &&
	       !memcmp(line + length - after, end, after) &&
	       memchr(line, ';', length) == line + length - 1;
}

bool swk_dynamic_file_is_empty(const struct swk_buffer *text)
{
	const char *at = text->data, *end = at + text->length, *stop;

	for (; at < end; at = stop + 1) {
		const char *last;

		stop = memchr(at, '\n', (size_t)(end - at));
		if (!stop)
			stop = end;
		while (at < stop && (*at == ' ' || *at == '\t'))
			at++;
		for (last = stop; last > at && strchr(" \t\r", last[-1]);)
			last--;
		if (!is_empty_line(at, (size_t)(last - at)))
			return false;
	}
	return true;
}

static int compare_names(const void *a, const void *b)
{
	const char *const *x = a, *const *y = b;
	const int order = strcasecmp(*x, *y);

	return order ? order : strcmp(*x, *y);
}

/* Adds the upstream of a file, if it is one of ours. */
static int add_name(struct swk_texts *names, const char *file, struct swk_error *error)
{
	const size_t length = strlen(file), ending = strlen(swk_dynamic_ending);
	char name[SWK_NAME_MAX + 1];

	if (length <= ending || length - ending >= sizeof(name) ||
	    strcmp(file + length - ending, swk_dynamic_ending) != 0)
		return 0;
	(void)snprintf(name, sizeof(name), "%.*s", (int)(length - ending), file);
	return swk_name_valid(name) ? swk_texts_add(names, name, error) : 0;
}

int swk_dynamic_files_list(struct swk_texts *names, const char *directory, struct swk_error *error)
{
	DIR *folder = opendir(directory);
	const struct dirent *entry;
	int status = 0;

	if (!folder)
		return swk_error_set(error, SWK_CANTCREATE,
				     "%s cannot be read: %s: it must be a folder that swk-apply's "
				     "user may write to",
				     directory, strerror(errno));
	errno = 0;
	while (!status && (entry = readdir(folder)))
		status = add_name(names, entry->d_name, error);
	if (!status && errno)
		status = swk_error_set(error, SWK_CANTCREATE, "%s cannot be read: %s", directory,
				       strerror(errno));
	(void)closedir(folder);
	if (names->count)
		qsort(names->list, names->count, sizeof(*names->list), compare_names);
	return status;
}

/* The path of an upstream's file, to free. */
static char *path_of(const char *directory, const char *name, struct swk_error *error)
{
	char *path;

	if (asprintf(&path, "%s/%s%s", directory, name, swk_dynamic_ending) >= 0)
		return path;
	(void)swk_error_memory(error);
	return NULL;
}

int swk_dynamic_file_read(struct swk_buffer *text, const char *directory, const char *name,
			  struct swk_error *error)
{
	char *path = path_of(directory, name, error);
	bool exists;

	if (path)
		(void)swk_file_read_nofollow(path, text, &exists, error);
	free(path);
	return error->status;
}

static int replace(const char *path, const struct swk_buffer *text, struct swk_error *error)
{
	struct swk_store store;
	bool replaced = false;

	if (!swk_store_open(&store, path, error))
		(void)swk_store_replace(&store, store.conf, text, true, &replaced, error);
	swk_store_close(&store);
	return error->status;
}

int swk_dynamic_file_write(const char *directory, const char *name,
			   const struct swk_upstream *upstream, struct swk_error *error)
{
	char *path = path_of(directory, name, error);
	struct swk_buffer text, present;

	swk_buffer_init(&text, SWK_CONF_MAX);
	swk_buffer_init(&present, SWK_CONF_MAX);
	if (path && !swk_dynamic_file_text(&text, upstream, error) &&
	    !swk_dynamic_file_read(&present, directory, name, error) &&
	    (!present.length || !swk_buffer_same(&text, &present)))
		(void)replace(path, &text, error);
	swk_buffer_free(&text);
	swk_buffer_free(&present);
	free(path);
	return error->status;
}
