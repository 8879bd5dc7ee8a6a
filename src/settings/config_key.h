/* SPDX-License-Identifier: MIT */
/* The keys of the settings file, and which one an unknown key may stand for. */
#ifndef SWK_SETTINGS_CONFIG_KEY_H
#define SWK_SETTINGS_CONFIG_KEY_H

#include "settings/settings.h"

/* The keys that are not in a table of fields. The last one is NULL. A key has less than 64 bytes.
 */
extern const char *const swk_config_other_keys[];

/* The field of this key; NULL if there is none. Unlike swk_fields_find, does not accept `-` for
 * `_`. */
const struct swk_field *swk_config_field(const struct swk_fields *fields, const char *key);

/* Writes why a key is wrong that an object with these fields does not have, and the most similar
 * key that it could have. `top`: the object is the whole file. */
void swk_config_explain(char reason[128], const char *key, const struct swk_fields *fields,
			bool top);

#endif
