/* SPDX-License-Identifier: MIT */
/*
 * Reads values of the settings file by tables of fields. A function returns 0 if reading can
 * continue, also after a fault; else SWK_CONFIG after SWK_FAULTS_MAX faults, or SWK_INTERNAL.
 */
#ifndef SWK_SETTINGS_CONFIG_VALUE_H
#define SWK_SETTINGS_CONFIG_VALUE_H

#include "base/json.h"
#include "settings/config_line.h"
#include "settings/settings.h"

struct swk_config_reader {
	const char *path; /* for messages */
	const char *text;
	size_t length;
	struct swk_settings *settings; /* get the values and the faults */
	struct swk_error *error;
};

/* Adds a fault: `FILE:LINE: KEY: what is wrong`. */
int swk_config_refuse(struct swk_config_reader *reader, const struct swk_config_step *step,
		      const char *reason);

/* The same, with the reason `this must be` and what is expected. */
int swk_config_refuse_type(struct swk_config_reader *reader, const struct swk_config_step *step,
			   const char *expected);

/* `FILE:LINE: KEY`, for the caller to free; NULL without memory, with the error set. */
char *swk_config_where(struct swk_config_reader *reader, const struct swk_config_step *step);

/* Reads a field of any type into `base` or, if that is not NULL, into `override`. */
int swk_config_read_field(struct swk_config_reader *reader, const struct swk_config_step *step,
			  const struct swk_field *field, void *base, struct swk_override *override,
			  json_t *value);

/* Reads each element. `expected` describes a valid array, for messages. */
int swk_config_read_array(struct swk_config_reader *reader, const struct swk_config_step *step,
			  const char *expected,
			  int (*read)(struct swk_config_reader *reader,
				      const struct swk_config_step *step, json_t *value),
			  json_t *array);

/* Passes each member to `take`, unless that is NULL, which sets *taken if it knows the key. Reads
 * the others as fields. If `take` knows all keys, the other arguments may be NULL. */
int swk_config_read_object(struct swk_config_reader *reader, const struct swk_config_step *step,
			   const struct swk_fields *fields, void *base,
			   struct swk_override *override,
			   int (*take)(struct swk_config_reader *reader,
				       const struct swk_config_step *step, json_t *value,
				       bool *taken),
			   json_t *object);

#endif
