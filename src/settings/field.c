/* SPDX-License-Identifier: MIT */
#include "settings/field.h"

#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"
#include "base/hash.h"

/* ---- lists of texts ---- */

int swk_texts_add(struct swk_texts *texts, const char *text, struct swk_error *error)
{
	char **list = swk_list_grow(texts->list, texts->count, sizeof(*list));

	if (list)
		texts->list = list;
	if (!list || !(list[texts->count] = strdup(text)))
		return swk_error_memory(error);
	texts->count++;
	return 0;
}

void swk_texts_free(struct swk_texts *texts)
{
	for (size_t i = 0; i < texts->count; i++)
		free(texts->list[i]);
	free(texts->list);
	*texts = (struct swk_texts){0};
}

uint64_t swk_texts_hash(const struct swk_texts *texts, uint64_t hash)
{
	hash = swk_hash_bytes(hash, &texts->count, sizeof(texts->count));
	for (size_t i = 0; i < texts->count; i++)
		hash = swk_hash_text(hash, texts->list[i]);
	return hash;
}

/* ---- shares ---- */

static void free_shares(struct swk_shares *shares)
{
	for (size_t i = 0; i < shares->count; i++)
		free(shares->list[i].colour);
	free(shares->list);
	*shares = (struct swk_shares){0};
}

static uint64_t hash_shares(const struct swk_shares *shares, uint64_t hash)
{
	hash = swk_hash_bytes(hash, &shares->count, sizeof(shares->count));
	for (size_t i = 0; i < shares->count; i++) {
		const struct swk_colour_share *share = &shares->list[i];

		hash = swk_hash_text(hash, share->colour);
		hash = swk_hash_bytes(hash, &share->percent, sizeof(share->percent));
	}
	return hash;
}

/* ---- fields ---- */

static void *member(const struct swk_field *field, void *base)
{
	return (char *)base + field->offset;
}

const struct swk_field *swk_fields_find(const struct swk_fields *fields, const char *name)
{
	for (size_t i = 0; i < fields->count; i++) {
		const char *its = fields->list[i].name, *at = name;

		while (*its && (*its == *at || (*its == '_' && *at == '-'))) {
			its++;
			at++;
		}
		if (!*its && !*at)
			return &fields->list[i];
	}
	return NULL;
}

int swk_fields_init(const struct swk_fields *fields, void *base, struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < fields->count; i++) {
		if (fields->list[i].unset)
			status = swk_field_set(&fields->list[i], base, fields->list[i].unset,
					       "default", error);
	}
	return status;
}

void swk_fields_free(const struct swk_fields *fields, void *base)
{
	for (size_t i = 0; i < fields->count; i++) {
		void *its = member(&fields->list[i], base);

		if (fields->list[i].type == SWK_LIST)
			swk_texts_free(its);
		if (fields->list[i].type == SWK_COLOURS)
			free_shares(its);
		if (fields->list[i].type != SWK_TEXT)
			continue;
		free(*(char **)its);
		*(char **)its = NULL;
	}
}

int swk_flag_read(const char *value, const char *where, bool *flag, struct swk_error *error)
{
	static const char *const words[] = {"0", "1", "no", "yes", "false", "true"};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcasecmp(value, words[i]) != 0)
			continue;
		*flag = i % 2;
		return 0;
	}
	return swk_error_set(error, SWK_USAGE, "%s: '%s' is neither 1 nor 0", where, value);
}

/* What one of a number's unit is; 0: numbers of this type have no such unit. The units are nginx's.
 */
static unsigned factor(enum swk_field_type type, char unit)
{
	static const struct {
		enum swk_field_type type;
		char letter;
		unsigned factor;
	} units[] = {{SWK_SECONDS, 's', 1},	{SWK_SECONDS, 'm', 60}, {SWK_SECONDS, 'h', 3600},
		     {SWK_SECONDS, 'd', 86400}, {SWK_BYTES, 'k', 1024}, {SWK_BYTES, 'm', 1048576}};

	for (size_t i = 0; i < sizeof(units) / sizeof(*units); i++) {
		if (units[i].type == type && units[i].letter == unit)
			return units[i].factor;
	}
	return 0;
}

/* Reads `length` bytes: digits, and for some types optionally a unit. */
static int set_number(const struct swk_field *field, unsigned *number, const char *value,
		      size_t length, const char *where, struct swk_error *error)
{
	static const char *const types[] = {
		[SWK_SECONDS] = "time in seconds (or with the unit s, m, h or d)",
		[SWK_BYTES] = "size in bytes (or with the unit k or m)",
		[SWK_COLOURS] = NULL,
	};
	unsigned long long parsed = 0;
	size_t digits = strspn(value, "0123456789");
	unsigned unit = digits == length ? 1 : 0;

	if (digits + 1 == length)
		unit = factor(field->type, value[digits]);
	if (digits && digits < 12)
		parsed = strtoull(value, NULL, 10) * unit;
	if (!digits || digits >= 12 || !unit || parsed < field->least || parsed > field->most)
		return swk_error_set(error, SWK_USAGE, "%s: '%s' is not a %s from %u to %u", where,
				     value, types[field->type] ? types[field->type] : "number",
				     field->least, field->most);
	*number = (unsigned)parsed;
	return 0;
}

/* Whether the field accepts the text, which is not empty. */
static int check_text(const struct swk_field *field, const char *value, const char *where,
		      struct swk_error *error)
{
	if (!field->valid || field->valid(value))
		return 0;
	if (!swk_text_is_public(value))
		return swk_error_set(error, SWK_USAGE, "%s: it is not %s", where, field->expected);
	return swk_error_set(error, SWK_USAGE, "%s: '%s' is not %s", where, value, field->expected);
}

static int set_text(const struct swk_field *field, char **text, const char *value,
		    const char *where, struct swk_error *error)
{
	const char *digits = value + (*value == '-');
	unsigned number;
	char *copy;

	if (!*value)
		return swk_error_set(error, SWK_USAGE, "%s: it is empty", where);
	if (field->most && !digits[strspn(digits, "0123456789")] &&
	    set_number(field, &number, value, strlen(value), where, error))
		return error->status;
	if (check_text(field, value, where, error))
		return error->status;
	copy = strdup(value);
	if (!copy)
		return swk_error_memory(error);
	free(*text);
	*text = copy;
	return 0;
}

/* `3`, or `50%`. */
static int set_share(const struct swk_field *field, struct swk_share *share, const char *value,
		     const char *where, struct swk_error *error)
{
	size_t length = strlen(value);
	struct swk_field range = *field;

	share->percent = length && value[length - 1] == '%';
	if (share->percent)
		range.most = 100;
	return set_number(&range, &share->number, value, length - share->percent, where, error);
}

/* `COLOUR=PERCENT`. */
static int set_colour(const struct swk_field *field, struct swk_shares *shares, const char *value,
		      const char *where, struct swk_error *error)
{
	const char *end = strrchr(value, '='), *number = end ? end + 1 : value;
	struct swk_colour_share *list = swk_list_grow(shares->list, shares->count, sizeof(*list));
	struct swk_colour_share new = {0};

	if (list)
		shares->list = list;
	new.colour = list ? strndup(value, (size_t)(number - value) - (end != NULL)) : NULL;
	if (!new.colour)
		return swk_error_memory(error);
	if ((*new.colour &&check_text(field, new.colour, where, error)) ||
	    set_number(field, &new.percent, number, strlen(number), where, error)) {
		free(new.colour);
		return error->status;
	}
	list[shares->count++] = new;
	return 0;
}

static int set_word(const struct swk_field *field, unsigned *place, const char *value,
		    const char *where, struct swk_error *error)
{
	char all[256] = "";

	for (unsigned i = 0; field->words[i]; i++) {
		if (!strcmp(field->words[i], value)) {
			*place = i;
			return 0;
		}
		if (i)
			strncat(all, field->words[i + 1] ? ", " : " or ", 5);
		strncat(all, field->words[i], 64);
	}
	return swk_error_set(error, SWK_USAGE, "%s: '%s' is not %s", where, value, all);
}

int swk_field_set(const struct swk_field *field, void *base, const char *value, const char *where,
		  struct swk_error *error)
{
	void *its = member(field, base);

	switch (field->type) {
	case SWK_TEXT:
		return set_text(field, its, value, where, error);
	case SWK_FLAG:
		return swk_flag_read(value, where, its, error);
	case SWK_SHARE:
		return set_share(field, its, value, where, error);
	case SWK_WORD:
		return set_word(field, its, value, where, error);
	case SWK_LIST:
		return check_text(field, value, where, error) ? error->status
							      : swk_texts_add(its, value, error);
	case SWK_COLOURS:
		return set_colour(field, its, value, where, error);
	default:
		return set_number(field, its, value, strlen(value), where, error);
	}
}

void swk_field_borrow(const struct swk_field *field, void *to, const void *from)
{
	static const size_t sizes[] = {
		[SWK_TEXT] = sizeof(char *),
		[SWK_FLAG] = sizeof(bool),
		[SWK_NUMBER] = sizeof(unsigned),
		[SWK_SECONDS] = sizeof(unsigned),
		[SWK_BYTES] = sizeof(unsigned),
		[SWK_SHARE] = sizeof(struct swk_share),
		[SWK_WORD] = sizeof(unsigned),
		[SWK_LIST] = sizeof(struct swk_texts),
		[SWK_COLOURS] = sizeof(struct swk_shares),
	};

	memcpy((char *)to + field->offset, (const char *)from + field->offset, sizes[field->type]);
}

static uint64_t hash_member(const struct swk_field *field, const void *its, uint64_t hash)
{
	const struct swk_share *share = its;

	switch (field->type) {
	case SWK_TEXT:
		return swk_hash_text(hash, *(char *const *)its);
	case SWK_FLAG:
		return swk_hash_bytes(hash, its, sizeof(bool));
	case SWK_SHARE:
		hash = swk_hash_bytes(hash, &share->number, sizeof(share->number));
		return swk_hash_bytes(hash, &share->percent, sizeof(share->percent));
	case SWK_LIST:
		return swk_texts_hash(its, hash);
	case SWK_COLOURS:
		return hash_shares(its, hash);
	default:
		return swk_hash_bytes(hash, its, sizeof(unsigned));
	}
}

uint64_t swk_fields_hash(const struct swk_fields *fields, const void *base, uint64_t hash)
{
	for (size_t i = 0; i < fields->count; i++) {
		if (!fields->list[i].aside)
			hash = hash_member(&fields->list[i],
					   (const char *)base + fields->list[i].offset, hash);
	}
	return hash;
}
