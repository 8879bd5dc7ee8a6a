/* SPDX-License-Identifier: MIT */
#include "settings/rules.h"

#include <fnmatch.h>
#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "model/server.h"

static bool is_upstream_name(const char *name)
{
	return swk_name_valid(name) && !swk_name_is_host(name);
}

/* An address with a port, as nginx takes it without asking a name server. */
static bool is_server(const char *text)
{
	struct swk_server server;

	return swk_server_parse_address(&server, text, strlen(text));
}

static const char *const warning_words[] = {"exclude", "include", "weight", NULL};
static const char *const unhealthy_words[] = {"exclude", "down", NULL};
static const char *const empty_words[] = {"keep", "down", "delete", NULL};

#define AT(member) .offset = offsetof(struct swk_rules, member)

static const struct swk_field fields[] = {
	{"max_fails", SWK_NUMBER, AT(max_fails), .most = SWK_MAX_FAILS_MAX, .unset = "3"},
	{"fail_timeout", SWK_SECONDS, AT(fail_timeout), .most = SWK_FAIL_TIMEOUT_MAX,
	 .unset = "2s"},
	{"max_conns", SWK_NUMBER, AT(max_conns), .most = SWK_MAX_CONNS_MAX},
	{"keepalive", SWK_NUMBER, AT(keepalive), .most = SWK_KEEPALIVE_MAX, .unset = "20"},
	{"keepalive_timeout", SWK_SECONDS, AT(keepalive_timeout), .most = SWK_FAIL_TIMEOUT_MAX},
	{"keepalive_requests", SWK_NUMBER, AT(keepalive_requests),
	 .most = SWK_KEEPALIVE_REQUESTS_MAX},
	{"balance", SWK_WORD, AT(balance), .words = swk_balance_words},
	{"upstream", SWK_TEXT, AT(upstream), .valid = is_upstream_name,
	 .expected = "the name of an upstream (letters, digits, '.', '_', '-')"},
	{"port", SWK_TEXT, AT(port), .least = 1, .most = 65535,
	 .expected = "a whole number, or the name of a port"},
	{"address", SWK_TEXT, AT(address), .unset = "service"},
	{"allow_hostnames", SWK_FLAG, AT(allow_hostnames)},
	{"connect_native", SWK_FLAG, AT(connect_native)},
	{"require_check", SWK_FLAG, AT(require_check)},
	{"warning", SWK_WORD, AT(warning), .words = warning_words},
	{"critical", SWK_WORD, AT(critical), .words = unhealthy_words},
	{"maintenance", SWK_WORD, AT(maintenance), .words = unhealthy_words},
	{"empty", SWK_WORD, AT(empty), .words = empty_words},
	{"min_healthy", SWK_SHARE, AT(min_healthy), .most = SWK_MIN_HEALTHY_MAX, .unset = "0"},
	{"weights", SWK_FLAG, AT(weights), .unset = "true"},
	{"failover", SWK_LIST, AT(failover), .valid = swk_name_valid,
	 .expected = "a datacenter's name"},
	{"fallback", SWK_LIST, AT(fallback), .valid = is_server,
	 .expected = "an IP address with a port, such as 10.0.0.9:80 or [::1]:80"},
	{"filter", SWK_TEXT, AT(filter)},
	{"shares", SWK_COLOURS, AT(shares), .most = 100, .valid = swk_name_part_valid,
	 .expected = "a colour (letters, digits, '.', '_', '-')"},
	{"peer", SWK_TEXT, AT(peer), .valid = swk_name_valid, .expected = "a peer's name"},
};

const struct swk_fields swk_rules_fields = {fields, sizeof(fields) / sizeof(*fields)};

static const char wildcards[] = "*?[\\";

/* The end of the bracket expression that begins here; NULL if the bracket is an ordinary
 * character. */
static const char *behind_bracket(const char *at)
{
	at++;
	at += *at == '!' || *at == '^';
	at += *at == ']';
	while (*at && *at != ']') {
		const char *class = at[0] == '[' && at[1] == ':' ? strstr(at + 2, ":]") : NULL;

		at = class ? class + 2 : at + 1;
	}
	return *at ? at + 1 : NULL;
}

/* The number of literal characters in a pattern. */
static size_t count_literals(const char *pattern)
{
	size_t count = 0;

	while (*pattern) {
		const char *behind = *pattern == '[' ? behind_bracket(pattern) : NULL;

		count += !behind && *pattern != '*' && *pattern != '?';
		pattern += *pattern == '\\' && pattern[1];
		pattern = behind ? behind : pattern + 1;
	}
	return count;
}

struct swk_override *swk_overrides_add(struct swk_overrides *overrides, const char *pattern,
				       struct swk_error *error)
{
	struct swk_override *list = swk_list_grow(overrides->list, overrides->count, sizeof(*list));
	struct swk_override new = {.specific = SIZE_MAX};
	size_t place = 0;

	if (list)
		overrides->list = list;
	new.pattern = list ? strdup(pattern) : NULL;
	if (!new.pattern) {
		(void)swk_error_memory(error);
		return NULL;
	}
	if (strpbrk(pattern, wildcards))
		new.specific = count_literals(pattern);
	/* Before its equals: of them, the first one added must win, so it is applied last. */
	while (place < overrides->count && list[place].specific < new.specific)
		place++;
	memmove(&list[place + 1], &list[place], (overrides->count - place) * sizeof(*list));
	list[place] = new;
	overrides->count++;
	return &list[place];
}

void swk_override_begin(struct swk_override *override, const struct swk_field *field)
{
	override->set_fields |= UINT32_C(1) << (field - fields);
}

bool swk_override_has(const struct swk_override *override, const char *name)
{
	const struct swk_field *field = swk_fields_find(&swk_rules_fields, name);

	return override->set_fields & UINT32_C(1) << (field - fields);
}

int swk_override_set(struct swk_override *override, const struct swk_field *field,
		     const char *value, struct swk_error *error)
{
	swk_override_begin(override, field);
	return swk_field_set(field, &override->rules, value, "", error);
}

void swk_overrides_free(struct swk_overrides *overrides)
{
	for (size_t i = 0; i < overrides->count; i++) {
		free(overrides->list[i].pattern);
		swk_fields_free(&swk_rules_fields, &overrides->list[i].rules);
	}
	free(overrides->list);
	*overrides = (struct swk_overrides){0};
}

bool swk_pattern_matches(const char *pattern, const char *name)
{
	return !fnmatch(pattern, name, 0);
}

void swk_rules_find(struct swk_rules *rules, const struct swk_rules *defaults,
		    const struct swk_overrides *overrides, const char *service)
{
	*rules = *defaults;
	for (size_t i = 0; i < overrides->count; i++) {
		const struct swk_override *this = &overrides->list[i];

		if (this->specific == SIZE_MAX ? strcmp(this->pattern, service) != 0
					       : !swk_pattern_matches(this->pattern, service))
			continue;
		for (size_t j = 0; j < swk_rules_fields.count; j++) {
			if (this->set_fields & UINT32_C(1) << j)
				swk_field_borrow(&fields[j], rules, &this->rules);
		}
	}
	/* nginx ignores both without keepalive. */
	if (!rules->keepalive)
		rules->keepalive_timeout = rules->keepalive_requests = 0;
}

static bool is_tagged(const char *address)
{
	return address && strcmp(address, "service") != 0 && strcmp(address, "node") != 0;
}

bool swk_rules_tagged(const struct swk_rules *defaults, const struct swk_overrides *overrides)
{
	bool tagged = is_tagged(defaults->address);

	for (size_t i = 0; i < overrides->count; i++)
		tagged |= is_tagged(overrides->list[i].rules.address);
	return tagged;
}
