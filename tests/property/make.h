/* SPDX-License-Identifier: MIT */
/* Random settings and catalogues. The same seed makes the same ones. */
#ifndef SWK_PROPERTY_MAKE_H
#define SWK_PROPERTY_MAKE_H

#include <stdbool.h>
#include <stdint.h>

#include <jansson.h>

#include "base/buffer.h"
#include "settings/settings.h"

/* ---- random numbers ---- */

struct dice {
	uint64_t state;
	bool hosts; /* addresses may also be names that can't be resolved */
};

unsigned dice_below(struct dice *dice, unsigned count); /* 0…count-1 */
bool dice_one_in(struct dice *dice, unsigned count);

#define DICE_PICK(dice, list) ((list)[dice_below(dice, (unsigned)(sizeof(list) / sizeof(*(list))))])

/* ---- random inputs ---- */

/* A valid name for an upstream. */
const char *make_name(struct dice *dice);

/* A valid settings file. */
json_t *make_settings(struct dice *dice);

/* Consul's content: services by name with their instances, and the keys of its store. */
struct catalogue {
	json_t *services; /* name → [instance, …], as /v1/health/service has them */
	json_t *keys;	  /* [{"Key":…, "Value":…}, …] */
};

void catalogue_init(struct catalogue *catalogue);
void catalogue_free(struct catalogue *catalogue);

/* Changes the catalogue: services come and go, become healthy or unhealthy. Tags and the like are
 * mostly those that the settings use. */
void catalogue_change(struct catalogue *catalogue, struct dice *dice,
		      const struct swk_settings *settings);

/* Appends documents with marks between them (fuzz.h): the list of services if `all` is set, each
 * service, and the keys. With `order`, the elements come in a random order. */
void catalogue_print(const struct catalogue *catalogue, struct dice *dice, bool all, bool keys,
		     struct dice *order, struct swk_buffer *out);

/* Appends a value as JSON. */
void make_text(struct swk_buffer *out, const json_t *value, size_t flags);

#endif
