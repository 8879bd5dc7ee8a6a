/* SPDX-License-Identifier: MIT */
#include "consul/trim.h"

#include <string.h>

#include <jansson.h>

#include "base/limits.h"

/* No quote stands within a string but behind a backslash: so this is the end of a name. */
static const char name_end[] = "Definition\":";

void swk_trim_init(struct swk_trim *trim)
{
	*trim = (struct swk_trim){.misses = 0};
	swk_buffer_init(&trim->known, SWK_ELEMENT_MAX);
	swk_buffer_init(&trim->text, SWK_ELEMENT_MAX);
}

void swk_trim_free(struct swk_trim *trim)
{
	swk_buffer_free(&trim->known);
	swk_buffer_free(&trim->text);
}

/* What stands behind the next name that ends so, or NULL. */
static const char *next_definition(const char *from, const char *end)
{
	const char *name = memmem(from, (size_t)(end - from), name_end, strlen(name_end));

	return name ? name + strlen(name_end) : NULL;
}

/* Remembers the first Definition of a text. */
static void learn(struct swk_trim *trim, const char *text, const char *end)
{
	const char *at = next_definition(text, end);
	struct swk_error ignored = {0};
	json_error_t where;
	json_t *value;

	if (!at || at == end || *at != '{')
		return;
	value = json_loadb(at, (size_t)(end - at), JSON_DISABLE_EOF_CHECK | JSON_ALLOW_NUL, &where);
	swk_buffer_clear(&trim->known);
	/* So much of it was read. What has an address may be a tagged one of that name. */
	if (value && !json_object_get(value, "Address"))
		(void)swk_buffer_add(&trim->known, at, (size_t)where.position, &ignored);
	json_decref(value);
}

const char *swk_trim(struct swk_trim *trim, const char *text, size_t *length)
{
	const char *const end = text + *length;
	const size_t known = trim->known.length;
	const char *from = text, *at;
	struct swk_error error = {0};

	swk_buffer_clear(&trim->text);
	while (known && (at = next_definition(from, end))) {
		if ((size_t)(end - at) < known || memcmp(at, trim->known.data, known) != 0)
			break;
		(void)swk_buffer_add(&trim->text, from, (size_t)(at - from), &error);
		(void)swk_buffer_add(&trim->text, "{}", 2, &error);
		from = at + known;
	}
	if (from == text || error.status) {
		/* Ever more rarely: they may be all different. */
		if (!error.status && !(trim->misses & (trim->misses + 1)))
			learn(trim, text, end);
		trim->misses++;
		return text;
	}
	if (swk_buffer_add(&trim->text, from, (size_t)(end - from), &error))
		return text;
	*length = trim->text.length;
	return trim->text.data;
}
