/* SPDX-License-Identifier: MIT */
/* The settings file: one JSON object, described in swk.json(5). */
#ifndef SWK_SETTINGS_CONFIG_H
#define SWK_SETTINGS_CONFIG_H

#include "settings/settings.h"

/* The default file is below this directory. */
#ifndef SWK_SYSCONFDIR
#define SWK_SYSCONFDIR "/etc"
#endif

#define SWK_CONFIG_FILE SWK_SYSCONFDIR "/swallowkeeper/swk.json"

/*
 * Reads a file into settings that have their defaults. Returns 0, SWK_INTERNAL, or SWK_CONFIG: the
 * file can't be read, is no JSON object, or has an unknown key or an invalid value. The message has
 * file, line and key. settings->faults gets all messages; the first is the error's. After an error
 * the settings are incomplete.
 */
int swk_config_read(struct swk_settings *settings, const char *path, struct swk_error *error);

/* The same from text; `path` is for messages. */
int swk_config_parse(struct swk_settings *settings, const char *path, const char *text,
		     size_t length, struct swk_error *error);

/* Lists all keys by number, as `consul.address`, `targets[].url`; keys of `defaults` and `services`
 * without a prefix. Returns false after the last. */
bool swk_config_key(size_t number, char name[64]);

#endif
