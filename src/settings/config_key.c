/* SPDX-License-Identifier: MIT */
#include "settings/config_key.h"

#include <stdio.h>
#include <string.h>

const char *const swk_config_other_keys[] = {"targets",
					     "consul",
					     "include",
					     "exclude",
					     "routing",
					     "attributes",
					     "defaults",
					     "services",
					     "attributes.allow",
					     "attributes.max",
					     "targets[].include",
					     "targets[].exclude",
					     NULL};

const struct swk_field *swk_config_field(const struct swk_fields *fields, const char *key)
{
	for (size_t i = 0; i < fields->count; i++) {
		if (!strcmp(fields->list[i].name, key))
			return &fields->list[i];
	}
	return NULL;
}

/* ---- unknown keys ---- */

/* The number of letters to add, remove or replace to turn one word into the other. */
static size_t distance(const char *one, const char *other)
{
	size_t row[64], width = strlen(other); /* a known key */

	for (size_t j = 0; j <= width; j++)
		row[j] = j;
	for (size_t i = 1; one[i - 1]; i++) {
		size_t diagonal = row[0];

		row[0] = i;
		for (size_t j = 1; j <= width; j++) {
			size_t least = diagonal + (one[i - 1] != other[j - 1]);

			if (row[j] + 1 < least)
				least = row[j] + 1;
			if (row[j - 1] + 1 < least)
				least = row[j - 1] + 1;
			diagonal = row[j];
			row[j] = least;
		}
	}
	return row[width];
}

struct suggestion {
	const char *key;       /* the unknown key */
	size_t letters;	       /* accept only keys that differ in fewer letters */
	const char *in, *name; /* the nearest known key and its prefix; NULL: none is near */
};

static void suggest(struct suggestion *nearest, const char *in, const char *name)
{
	size_t letters = distance(nearest->key, name);

	if (letters < nearest->letters)
		*nearest = (struct suggestion){nearest->key, letters, in, name};
}

void swk_config_explain(char reason[128], const char *key, const struct swk_fields *fields,
			bool top)
{
	struct suggestion nearest = {key, strlen(key) / 3 + 1, NULL, NULL};

	for (size_t i = 0; i < fields->count; i++)
		suggest(&nearest, "", fields->list[i].name);
	for (size_t i = 0; fields == &swk_target_fields && swk_target_kinds[i]; i++) {
		for (size_t j = 0; j < swk_target_keys[i]->fields.count; j++)
			suggest(&nearest, "", swk_target_keys[i]->fields.list[j].name);
	}
	for (size_t i = 0; top && swk_config_other_keys[i]; i++)
		suggest(&nearest, "", swk_config_other_keys[i]);
	for (size_t i = 0; top && i < swk_rules_fields.count; i++)
		suggest(&nearest, "defaults.", swk_rules_fields.list[i].name);
	if (nearest.name && !nearest.letters && fields == &swk_target_fields)
		(void)snprintf(reason, 128, "a target of this kind has no such key");
	else if (nearest.name)
		(void)snprintf(reason, 128, "there is no such key; did you mean %s%s?", nearest.in,
			       nearest.name);
	else
		(void)snprintf(reason, 128, "there is no such key");
}
