/* SPDX-License-Identifier: MIT */
/* Settings and catalogues by chance: all that a seed makes is the same each time. */
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
	bool hosts; /* names that no resolver knows may be addresses, too */
};

unsigned dice_below(struct dice *dice, unsigned count); /* 0…count-1 */
bool dice_one_in(struct dice *dice, unsigned count);

#define DICE_PICK(dice, list) ((list)[dice_below(dice, (unsigned)(sizeof(list) / sizeof(*(list))))])

/* ---- random inputs ---- */

/* Names that can be an upstream's. */
const char *make_name(struct dice *dice);

/* A settings file. All of it can be. */
json_t *make_settings(struct dice *dice);

/* What Consul knows: services by name with their instances, and the keys of its store. */
struct catalogue {
	json_t *services; /* name → [instance, …], as /v1/health/service has them */
	json_t *keys;	  /* [{"Key":…, "Value":…}, …] */
};

void catalogue_init(struct catalogue *catalogue);
void catalogue_free(struct catalogue *catalogue);

/* Time goes by: services come and go, and get well or sick. Tags and the like are such as the
 * settings have a meaning for. */
void catalogue_change(struct catalogue *catalogue, struct dice *dice,
		      const struct swk_settings *settings);

/*
 * Appends documents, each behind a mark (fuzz.h): of the list of services, where it is all of them,
 * of each service, and of the keys. Those to whom `order` is not NULL say the same in another
 * order.
 */
void catalogue_print(const struct catalogue *catalogue, struct dice *dice, bool all, bool keys,
		     struct dice *order, struct swk_buffer *out);

/* Appends a value as JSON. */
void make_text(struct swk_buffer *out, const json_t *value, size_t flags);

#endif
