/* SPDX-License-Identifier: MIT */
#include "settings.h"

#include <ctype.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "buffer.h"

enum type { TEXT, FLAG, NUMBER, SECONDS, SHARE, TARGETS };

static const struct setting {
	const char *name;
	enum type type;
	size_t offset;
	unsigned least, most;
	const char *unset; /* the default */
} table[] = {
	{"conf", TEXT, offsetof(struct swk_settings, conf), 0, 0,
	 "/etc/nginx/conf.d/dyups.upstream.conf"},
	{"dyups", TARGETS, offsetof(struct swk_settings, targets), 0, 0, "http://127.0.0.1:18882"},
	{"token-file", TEXT, offsetof(struct swk_settings, token_file), 0, 0, NULL},
	{"service", TEXT, offsetof(struct swk_settings, service), 0, 0, NULL},
	{"min-services", NUMBER, offsetof(struct swk_settings, min_services), 0,
	 SWK_MIN_SERVICES_MAX, "0"},
	{"max-fails", NUMBER, offsetof(struct swk_settings, max_fails), 0, SWK_MAX_FAILS_MAX, "3"},
	{"fail-timeout", SECONDS, offsetof(struct swk_settings, fail_timeout), 0,
	 SWK_FAIL_TIMEOUT_MAX, "2s"},
	{"keepalive", NUMBER, offsetof(struct swk_settings, keepalive), 0, SWK_KEEPALIVE_MAX, "20"},
	{"timeout", SECONDS, offsetof(struct swk_settings, timeout), 1, SWK_TIMEOUT_MAX, "30"},
	{"read-interval", SECONDS, offsetof(struct swk_settings, read_interval), 0,
	 SWK_READ_INTERVAL_MAX, "1"},
	{"max-deletions", NUMBER, offsetof(struct swk_settings, max_deletions), 0, 100, "50"},
	{"min-healthy", SHARE, offsetof(struct swk_settings, min_healthy), 0, SWK_MIN_HEALTHY_MAX,
	 "0"},
	{"verify", FLAG, offsetof(struct swk_settings, verify), 0, 0, NULL},
	{"force", FLAG, offsetof(struct swk_settings, force), 0, 0, NULL},
	{"adopt", FLAG, offsetof(struct swk_settings, adopt), 0, 0, NULL},
	{"resync", FLAG, offsetof(struct swk_settings, resync), 0, 0, NULL},
	{"dry-run", FLAG, offsetof(struct swk_settings, dry_run), 0, 0, NULL},
};

#define SETTINGS (sizeof(table) / sizeof(*table))

int swk_settings_init(struct swk_settings *settings, struct swk_error *error)
{
	int status = 0;

	*settings = (struct swk_settings){0};
	for (size_t i = 0; !status && i < SETTINGS; i++) {
		if (table[i].unset)
			status = swk_settings_set(settings, table[i].name, table[i].unset,
						  "default", error);
	}
	return status;
}

static void free_targets(struct swk_settings *settings)
{
	for (size_t i = 0; i < settings->target_count; i++)
		free(settings->targets[i]);
	free(settings->targets);
	settings->targets = NULL;
	settings->target_count = 0;
}

void swk_settings_free(struct swk_settings *settings)
{
	free_targets(settings);
	for (size_t i = 0; i < SETTINGS; i++) {
		if (table[i].type == TEXT)
			free(*(char **)(void *)((char *)settings + table[i].offset));
	}
	*settings = (struct swk_settings){0};
}

int swk_settings_flag(const char *value, const char *where, bool *flag, struct swk_error *error)
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

static int set_targets(struct swk_settings *settings, const char *value, const char *where,
		       struct swk_error *error)
{
	size_t length;
	char **list;

	free_targets(settings);
	for (;; value += length) {
		value += strspn(value, " \t\n");
		length = strcspn(value, " \t\n");
		if (!length)
			break;
		if (settings->target_count == SWK_TARGETS_MAX)
			return swk_error_set(error, SWK_USAGE, "%s: more than %d URLs", where,
					     SWK_TARGETS_MAX);
		list = swk_list_grow(settings->targets, settings->target_count, sizeof(*list));
		if (!list)
			return swk_error_memory(error);
		settings->targets = list;
		list[settings->target_count] = strndup(value, length);
		if (!list[settings->target_count])
			return swk_error_memory(error);
		settings->target_count++;
	}
	if (!settings->target_count)
		return swk_error_set(error, SWK_USAGE, "%s: no URL in it", where);
	return 0;
}

static int set_text(char **text, const char *value, const char *where, struct swk_error *error)
{
	char *copy;

	if (!*value)
		return swk_error_set(error, SWK_USAGE, "%s: it is empty", where);
	copy = strdup(value);
	if (!copy)
		return swk_error_memory(error);
	free(*text);
	*text = copy;
	return 0;
}

/* Digits only; for seconds also nginx's units behind them. */
static int set_number(const struct setting *setting, unsigned *number, const char *value,
		      const char *where, struct swk_error *error)
{
	static const struct {
		char letter;
		unsigned seconds;
	} units[] = {{'s', 1}, {'m', 60}, {'h', 3600}, {'d', 86400}};
	unsigned long long parsed = 0;
	size_t digits = strspn(value, "0123456789");
	unsigned unit = value[digits] ? 0 : 1;

	for (size_t i = 0; setting->type == SECONDS && i < sizeof(units) / sizeof(*units); i++) {
		if (value[digits] == units[i].letter && !value[digits + 1])
			unit = units[i].seconds;
	}
	if (digits && digits < 12)
		parsed = strtoull(value, NULL, 10) * unit;
	if (!digits || digits >= 12 || !unit || parsed < setting->least || parsed > setting->most)
		return swk_error_set(
			error, SWK_USAGE, "%s: '%s' is no %s from %u to %u", where, value,
			setting->type == SECONDS ? "time in seconds (or with the unit s, m, h or d)"
						 : "number",
			setting->least, setting->most);
	*number = (unsigned)parsed;
	return 0;
}

/* `3`, or `50%`. */
static int set_share(const struct setting *setting, struct swk_share *share, const char *value,
		     const char *where, struct swk_error *error)
{
	size_t length = strlen(value);
	struct setting range = *setting;
	char number[16];

	share->percent = length && value[length - 1] == '%';
	if (share->percent) {
		range.most = 100;
		length--;
	}
	if (length >= sizeof(number))
		return set_number(&range, &share->number, value, where, error);
	memcpy(number, value, length);
	number[length] = '\0';
	return set_number(&range, &share->number, number, where, error);
}

void swk_settings_complete(struct swk_settings *settings)
{
	if (!settings->verify_said)
		settings->verify = settings->resync;
}

int swk_settings_set(struct swk_settings *settings, const char *name, const char *value,
		     const char *where, struct swk_error *error)
{
	const struct setting *setting = NULL;
	void *member;

	for (size_t i = 0; i < SETTINGS; i++) {
		if (!strcmp(table[i].name, name))
			setting = &table[i];
	}
	if (!setting)
		return swk_error_set(error, SWK_USAGE, "%s: there is no setting '%s'", where, name);
	member = (char *)settings + setting->offset;
	switch (setting->type) {
	case TEXT:
		return set_text(member, value, where, error);
	case FLAG:
		if (member == &settings->verify)
			settings->verify_said = true;
		return swk_settings_flag(value, where, member, error);
	case SHARE:
		return set_share(setting, member, value, where, error);
	case TARGETS:
		return set_targets(settings, value, where, error);
	default:
		return set_number(setting, member, value, where, error);
	}
}
