/* SPDX-License-Identifier: MIT */
/* The settings file: one JSON object, described in swk.json(5). */
#ifndef SWK_SETTINGS_CONFIG_H
#define SWK_SETTINGS_CONFIG_H

#include "settings/settings.h"

/* The directory of the default file. */
#ifndef SWK_SYSCONFDIR
#define SWK_SYSCONFDIR "/etc"
#endif

#define SWK_CONFIG_FILE SWK_SYSCONFDIR "/swallowkeeper/swk.json"

/*
 * Reads a file into settings that have their defaults. Returns 0, SWK_INTERNAL, or SWK_CONFIG if
 * the file can't be read, is not a JSON object, or has an unknown key or an invalid value. Messages
 * name file, line and key. settings->faults gets up to SWK_FAULTS_MAX messages, and the error gets
 * the first. After an error the settings are incomplete.
 */
int swk_config_read(struct swk_settings *settings, const char *path, struct swk_error *error);

/* The same from a text; `path` is for messages. */
int swk_config_parse(struct swk_settings *settings, const char *path, const char *text,
		     size_t length, struct swk_error *error);

#endif
