/* SPDX-License-Identifier: MIT */
#include "model/names.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"

void swk_names_free(struct swk_names *names)
{
	for (size_t i = 0; i < names->count; i++)
		free(names->list[i]);
	free(names->list);
	*names = (struct swk_names){0};
}

static int name_order(const char *key, const void *item)
{
	return strcasecmp(key, *(char *const *)item);
}

static size_t name_place(const struct swk_names *names, const char *name, bool *found)
{
	return swk_list_place(names->list, names->count, sizeof(*names->list), name, name_order,
			      found);
}

int swk_names_add(struct swk_names *names, const char *name, struct swk_error *error)
{
	bool found;
	size_t place = name_place(names, name, &found);
	char **grown, *copy;

	if (found)
		return 0;
	grown = swk_list_grow(names->list, names->count, sizeof(*grown));
	if (!grown)
		return swk_error_memory(error);
	names->list = grown;
	copy = strdup(name);
	if (!copy)
		return swk_error_memory(error);
	memmove(&grown[place + 1], &grown[place], (names->count - place) * sizeof(*grown));
	grown[place] = copy;
	names->count++;
	return 0;
}

int swk_names_add_all(struct swk_names *names, const struct swk_names *more,
		      struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < more->count; i++)
		status = swk_names_add(names, more->list[i], error);
	return status;
}

bool swk_names_contain(const struct swk_names *names, const char *name)
{
	bool found;

	(void)name_place(names, name, &found);
	return found;
}

void swk_names_remove(struct swk_names *names, const char *name)
{
	bool found;
	size_t place = name_place(names, name, &found);

	if (!found)
		return;
	free(names->list[place]);
	names->count--;
	memmove(&names->list[place], &names->list[place + 1],
		(names->count - place) * sizeof(*names->list));
}
