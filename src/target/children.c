/* SPDX-License-Identifier: MIT */
#include "target/children.h"

#include <ctype.h>
#include <dirent.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/file.h"

static int read_pid(const char *path, pid_t *pid, struct swk_error *error)
{
	struct swk_error cause = {0};
	struct swk_buffer text;
	unsigned long number = 0;
	bool exists;

	swk_buffer_init(&text, SWK_HOLD_MAX);
	if (!swk_file_read(path, &text, &exists, &cause) && exists && text.length &&
	    isdigit((unsigned char)*text.data))
		number = strtoul(text.data, NULL, 10);
	swk_buffer_free(&text);
	*pid = (pid_t)number;
	if (cause.status)
		return swk_error_set(error, SWK_TEMPFAIL, "%s", cause.text);
	if (!number || number > INT32_MAX)
		return swk_error_set(error, SWK_TEMPFAIL,
				     "%s has no process id: is the proxy running?", path);
	return 0;
}

/* The parent of a process (proc(5)); 0: not known. The program's name, in parentheses, may have any
 * character. */
static pid_t parent_of(const char *pid)
{
	char path[64], text[512];
	size_t length = 0;
	const char *end;
	FILE *stat;
	int parent;

	(void)snprintf(path, sizeof(path), "/proc/%.32s/stat", pid);
	stat = fopen(path, "re");
	if (stat) {
		length = fread(text, 1, sizeof(text) - 1, stat);
		(void)fclose(stat);
	}
	text[length] = '\0';
	end = strrchr(text, ')');
	return end && sscanf(end, ") %*c %d", &parent) == 1 ? parent : 0;
}

/* Lists the children of the parent. */
static void list(struct swk_children *children)
{
	DIR *processes = opendir("/proc");
	const struct dirent *entry;

	children->count = 0;
	while (processes && children->count < SWK_CHILDREN_MAX && (entry = readdir(processes))) {
		if (isdigit((unsigned char)entry->d_name[0]) &&
		    parent_of(entry->d_name) == children->parent)
			children->list[children->count++] = (pid_t)strtol(entry->d_name, NULL, 10);
	}
	if (processes)
		(void)closedir(processes);
}

int swk_children_read(struct swk_children *children, const char *pid_file, struct swk_error *error)
{
	children->count = 0;
	if (read_pid(pid_file, &children->parent, error))
		return error->status;
	list(children);
	if (children->count)
		return 0;
	return swk_error_set(error, SWK_TEMPFAIL,
			     "process %d of %s has no children: is the proxy running?",
			     (int)children->parent, pid_file);
}

bool swk_children_new(const struct swk_children *children, const struct swk_children *before)
{
	for (size_t i = 0; i < children->count; i++) {
		bool known = false;

		for (size_t j = 0; j < before->count; j++)
			known |= before->list[j] == children->list[i];
		if (!known)
			return true;
	}
	return false;
}

/* Whether a process is a worker of nginx that accepts requests, by the title that nginx gives it
 * (ngx_worker_process_init, ngx_worker_process_cycle). */
static bool is_worker(pid_t pid)
{
	static const char title[] = "nginx: worker process";
	char path[64], text[sizeof(title) + 1] = "";
	FILE *file;

	(void)snprintf(path, sizeof(path), "/proc/%d/cmdline", (int)pid);
	file = fopen(path, "re");
	if (file) {
		(void)!fread(text, 1, sizeof(text) - 1, file);
		(void)fclose(file);
	}
	/* One that ends has ` is shutting down` after that. */
	return !strncmp(text, title, sizeof(title) - 1) && text[sizeof(title) - 1] != ' ';
}

size_t swk_children_unread(const struct swk_parts *read)
{
	struct swk_children children = {0};
	size_t unread = 0;

	for (size_t i = 0; i < read->count; i++) {
		char pid[32];
		pid_t parent;

		(void)snprintf(pid, sizeof(pid), "%llu", (unsigned long long)read->list[i]);
		parent = parent_of(pid);
		if (!parent || (i && parent != children.parent) || !is_worker((pid_t)read->list[i]))
			return 0;
		children.parent = parent;
	}
	if (read->count)
		list(&children);
	for (size_t i = 0; i < children.count; i++)
		unread += !swk_parts_contain(read, (uint64_t)children.list[i]) &&
			  is_worker(children.list[i]);
	return unread;
}
