/* SPDX-License-Identifier: MIT */
/* The settings file: one JSON object, which swk.json(5) describes, read into settings. */
#ifndef SWK_SETTINGS_CONFIG_H
#define SWK_SETTINGS_CONFIG_H

#include "settings/settings.h"

/* Where it is looked for unless another is named. */
#ifndef SWK_SYSCONFDIR
#define SWK_SYSCONFDIR "/etc"
#endif

#define SWK_CONFIG_FILE SWK_SYSCONFDIR "/swallowkeeper/swk.json"

/*
 * Reads a file into settings that have their defaults. Returns 0, SWK_INTERNAL, or SWK_CONFIG with
 * the file, the line and the key: the file can't be read, is no JSON object, has a key that there
 * isn't, or a value that can't be.
 */
int swk_config_read(struct swk_settings *settings, const char *path, struct swk_error *error);

/* The same from text; `path` is for messages. */
int swk_config_parse(struct swk_settings *settings, const char *path, const char *text,
		     size_t length, struct swk_error *error);

/* All keys that there are, one after the other, as `consul.address`, `targets[].url`; those of
 * `defaults` and `services` by their own name. False behind the last. */
bool swk_config_key(size_t number, char name[64]);

#endif
