/* SPDX-License-Identifier: MIT */
/* A field is a member of a struct that an operator may set by name, with type, range and
 * default. */
#ifndef SWK_SETTINGS_FIELD_H
#define SWK_SETTINGS_FIELD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include "base/error.h"

enum swk_field_type {
	SWK_TEXT,    /* char *, owned; not empty. If it has a range, it may be a number */
	SWK_FLAG,    /* bool; 1, 0, yes, no, true, false */
	SWK_NUMBER,  /* unsigned */
	SWK_SECONDS, /* unsigned; the text may end in s, m, h or d */
	SWK_BYTES,   /* unsigned; the text may end in k or m */
	SWK_SHARE,   /* struct swk_share; `3` or `50%` */
	SWK_WORD,    /* unsigned: the index of the word in `words` */
	SWK_LIST,    /* struct swk_texts; setting it appends a text, which may be empty */
	SWK_COLOURS, /* struct swk_shares; setting it appends `canary=5`, or `=95` for no colour */
};

/* A list of owned texts. */
struct swk_texts {
	char **list;
	size_t count;
};

/* A number, or a percentage. */
struct swk_share {
	unsigned number;
	bool percent;
};

/* A colour's percentage; "" means no colour. The text is owned. */
struct swk_colour_share {
	char *colour;
	unsigned percent;
};

struct swk_shares {
	struct swk_colour_share *list;
	size_t count;
};

struct swk_field {
	const char *name;
	enum swk_field_type type;
	size_t offset; /* of the member */
	unsigned least, most;
	const char *unset;	  /* the default; NULL: 0, false or NULL */
	const char *const *words; /* ends with NULL */
	/* For a text, or each of a list, or a colour that is not empty: whether it is valid (NULL:
	 * always), and how messages describe a valid one. The second is needed if it has one of the
	 * two, or a range. */
	bool (*valid)(const char *text);
	const char *expected;
	bool aside; /* no decision depends on it: hashes leave it out */
};

/* The fields of a struct. */
struct swk_fields {
	const struct swk_field *list;
	size_t count;
};

/* Finds a field by name; NULL if there is none. The name may have `-` instead of `_`. */
const struct swk_field *swk_fields_find(const struct swk_fields *fields, const char *name);

/* Sets the defaults in a zeroed struct. Returns 0 or SWK_INTERNAL. */
int swk_fields_init(const struct swk_fields *fields, void *base, struct swk_error *error);
void swk_fields_free(const struct swk_fields *fields, void *base);

/* Sets a field from text. Returns 0, SWK_USAGE or SWK_INTERNAL. The message begins with `where`. */
int swk_field_set(const struct swk_field *field, void *base, const char *value, const char *where,
		  struct swk_error *error);

/* Copies a field to another struct, which borrows a text or a list. */
void swk_field_borrow(const struct swk_field *field, void *to, const void *from);

/* Continues a hash (hash.h) with all fields that are not `aside`. */
uint64_t swk_fields_hash(const struct swk_fields *fields, const void *base, uint64_t hash);

int swk_texts_add(struct swk_texts *texts, const char *text, struct swk_error *error);
void swk_texts_free(struct swk_texts *texts);

/* Continues a hash with the texts and their number. */
uint64_t swk_texts_hash(const struct swk_texts *texts, uint64_t hash);

/* Reads 1, 0, yes, no, true or false in any case. Returns 0, or SWK_USAGE for anything else. */
int swk_flag_read(const char *value, const char *where, bool *flag, struct swk_error *error);

#endif
