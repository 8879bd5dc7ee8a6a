/* SPDX-License-Identifier: MIT */
#include "settings/settings.h"

#include <stdlib.h>
#include <string.h>

#include "base/buffer.h"
#include "base/hash.h"
#include "base/log.h"
#include "model/live.h"

/* ---- tables of fields ---- */

const char *const swk_attribute_words[] = {
	[SWK_ATTRIBUTE_WEIGHT] = "weight",
	[SWK_ATTRIBUTE_MAX_FAILS] = "max_fails",
	[SWK_ATTRIBUTE_FAIL_TIMEOUT] = "fail_timeout",
	[SWK_ATTRIBUTE_MAX_CONNS] = "max_conns",
	[SWK_ATTRIBUTE_BACKUP] = "backup",
	[SWK_ATTRIBUTE_DOWN] = "down",
	[SWK_ATTRIBUTES] = NULL,
};

static bool is_separator(const char *text)
{
	return swk_name_part_valid(text) && strlen(text) <= SWK_SEPARATOR_MAX;
}

/* A rough check, without parsing the URL. */
static bool is_consul_address(const char *text)
{
	const char *behind = strstr(text, "://");

	return !behind ||
	       (behind[3] && (!strncmp(text, "http://", 7) || !strncmp(text, "https://", 8) ||
			      !strncmp(text, "unix://", 7)));
}

/* The client appends the slash when it asks for the keys. Those below `swk` are requests of a fleet
 * and acknowledgements. */
static bool is_keyprefix(const char *text)
{
	const bool own = !strncmp(text, "swk", 3) && (!text[3] || text[3] == '/');

	return text[0] != '/' && text[strlen(text) - 1] != '/' && !own;
}

/* Whether the path names a file whose name ends so. */
static bool ends_in(const char *path, const char *suffix)
{
	const char *name = strrchr(path, '/');
	size_t length;

	name = name ? name + 1 : path;
	length = strlen(name);
	return length > strlen(suffix) && !strcmp(name + length - strlen(suffix), suffix);
}

/* node_exporter reads only files whose name ends in .prom. */
static bool is_metrics_file(const char *text)
{
	return ends_in(text, ".prom");
}

/* Then a mistake is less likely to overwrite another file. */
static bool is_page_file(const char *text)
{
	return ends_in(text, ".html");
}

#define FIELDS(list)                                                                               \
	{                                                                                          \
		list, sizeof(list) / sizeof(*(list))                                               \
	}

#define AT(member) .offset = offsetof(struct swk_settings, member)

static const struct swk_field settings_list[] = {
	{"conf", SWK_TEXT, AT(conf), .unset = "/etc/nginx/conf.d/dyups.upstream.conf"},
	{"timeout", SWK_SECONDS, AT(timeout), .least = 1, .most = SWK_TIMEOUT_MAX, .unset = "30"},
	{"read_interval", SWK_SECONDS, AT(read_interval), .most = SWK_READ_INTERVAL_MAX,
	 .unset = "1"},
	{"min_services", SWK_NUMBER, AT(min_services), .most = SWK_MIN_SERVICES_MAX},
	{"max_deletions", SWK_NUMBER, AT(max_deletions), .most = 100, .unset = "50"},
	{"require_tag", SWK_TEXT, AT(require_tag)},
	{"keyprefix", SWK_TEXT, AT(keyprefix), .valid = is_keyprefix,
	 .expected = "a key prefix without a slash at either end, and not 'swk' or below it"},
	{"journal_size", SWK_BYTES, AT(journal_size), .most = SWK_JOURNAL_MAX, .unset = "4m",
	 .aside = true},
	{"log_format", SWK_WORD, AT(log_format), .words = swk_log_formats, .aside = true},
	{"metrics_file", SWK_TEXT, AT(metrics_file), .valid = is_metrics_file,
	 .expected = "a path that ends in .prom", .aside = true},
	{"page_file", SWK_TEXT, AT(page_file), .valid = is_page_file,
	 .expected = "a path that ends in .html", .aside = true},
	{"fleet_check", SWK_FLAG, AT(fleet_check), .aside = true},
};

/* Settings of one run, which a settings file can't have. */
static const struct swk_field run_list[] = {
	{"token_file", SWK_TEXT, AT(token_file)}, {"service", SWK_TEXT, AT(service)},
	{"verify", SWK_FLAG, AT(verify)},	  {"force", SWK_FLAG, AT(force)},
	{"adopt", SWK_FLAG, AT(adopt)},		  {"resync", SWK_FLAG, AT(resync)},
	{"dry_run", SWK_FLAG, AT(dry_run)},
};

#undef AT
#define AT(member) .offset = offsetof(struct swk_target_settings, member)

static const struct swk_field target_list[] = {
	{"name", SWK_TEXT, AT(name), .valid = swk_name_part_valid,
	 .expected = "a name (letters, digits, '.', '_', '-')"},
	{"kind", SWK_WORD, AT(kind), .words = swk_target_kinds},
	{"timeout", SWK_SECONDS, AT(timeout), .least = 1, .most = SWK_TIMEOUT_MAX},
};

#undef AT
#define AT(member) .offset = offsetof(struct swk_consul_settings, member)

static const struct swk_field consul_list[] = {
	{"address", SWK_TEXT, AT(address), .valid = is_consul_address,
	 .expected = "HOST:PORT, an http or https URL, or unix://PATH"},
	{"datacenter", SWK_TEXT, AT(datacenter)},
	{"token_file", SWK_TEXT, AT(token_file)},
	{"ca_file", SWK_TEXT, AT(ca_file)},
	{"ca_path", SWK_TEXT, AT(ca_path)},
	{"cert_file", SWK_TEXT, AT(cert_file)},
	{"key_file", SWK_TEXT, AT(key_file)},
	{"server_name", SWK_TEXT, AT(server_name)},
	{"stale", SWK_FLAG, AT(stale)},
	{"cached", SWK_FLAG, AT(cached)},
	{"namespace", SWK_TEXT, AT(namespace)},
	{"partition", SWK_TEXT, AT(partition)},
	{"node", SWK_TEXT, AT(node)},
};

#undef AT
#define AT(member) .offset = offsetof(struct swk_route, member)

static const struct swk_field route_list[] = {
	{"tag", SWK_TEXT, AT(tag), .valid = swk_name_part_valid,
	 .expected = "the name of a tag (letters, digits, '.', '_', '-')"},
	{"default", SWK_TEXT, AT(plain), .valid = swk_name_part_valid, .unset = "default",
	 .expected = "the value of a tag (letters, digits, '.', '_', '-')"},
	{"separator", SWK_TEXT, AT(separator), .valid = is_separator, .unset = "_",
	 .expected = "a separator (up to 8 letters, digits, '.', '_', '-')"},
	{"also_plain", SWK_FLAG, AT(also_plain)},
};

#undef AT
#define AT(member) .offset = offsetof(struct swk_attributes, member)

static const struct swk_field attributes_list[] = {
	{"meta_prefix", SWK_TEXT, AT(meta_prefix), .unset = "nginx_"},
	{"tag_prefix", SWK_TEXT, AT(tag_prefix), .unset = "nginx:"},
};

static const struct swk_field attributes_max_list[] = {
	{"weight", SWK_NUMBER, AT(max_weight), .least = 1, .most = SWK_WEIGHT_MAX, .unset = "1000"},
	{"max_fails", SWK_NUMBER, AT(max_max_fails), .most = SWK_MAX_FAILS_MAX, .unset = "100"},
	{"fail_timeout", SWK_SECONDS, AT(max_fail_timeout), .most = SWK_FAIL_TIMEOUT_MAX,
	 .unset = "60s"},
	{"max_conns", SWK_NUMBER, AT(max_max_conns), .most = SWK_MAX_CONNS_MAX, .unset = "100000"},
};

const struct swk_fields swk_settings_fields = FIELDS(settings_list);
const struct swk_fields swk_target_fields = FIELDS(target_list);
const struct swk_fields swk_consul_fields = FIELDS(consul_list);
const struct swk_fields swk_route_fields = FIELDS(route_list);
const struct swk_fields swk_attributes_fields = FIELDS(attributes_list);
const struct swk_fields swk_attributes_max_fields = FIELDS(attributes_max_list);
static const struct swk_fields run_fields = FIELDS(run_list);

/* ---- lists ---- */

const char *swk_target_settings_name(const struct swk_target_settings *its)
{
	const struct swk_target_keys *keys = swk_target_keys[its->kind];

	if (its->name || !its->own || keys->needs_name)
		return its->name;
	return *(char *const *)((const char *)its->own + keys->fields.list[0].offset);
}

struct swk_target_settings *swk_settings_add_target(struct swk_settings *settings, unsigned kind,
						    struct swk_error *error)
{
	const struct swk_target_keys *keys = swk_target_keys[kind];
	struct swk_target_settings *list =
		swk_list_grow(settings->targets, settings->target_count, sizeof(*list));

	if (!list) {
		(void)swk_error_memory(error);
		return NULL;
	}
	settings->targets = list;
	list += settings->target_count++;
	*list = (struct swk_target_settings){.kind = kind};
	if (!keys->size)
		return list;
	list->own = calloc(1, keys->size);
	if (list->own)
		return swk_fields_init(&keys->fields, list->own, error) ? NULL : list;
	(void)swk_error_memory(error);
	return NULL;
}

static void free_selection(struct swk_selection *selection)
{
	swk_texts_free(&selection->include);
	swk_texts_free(&selection->exclude);
}

void swk_settings_clear_targets(struct swk_settings *settings)
{
	for (size_t i = 0; i < settings->target_count; i++) {
		struct swk_target_settings *its = &settings->targets[i];

		if (its->own)
			swk_fields_free(&swk_target_keys[its->kind]->fields, its->own);
		free(its->own);
		swk_fields_free(&swk_target_fields, its);
		free(its->where);
		free_selection(&its->selection);
	}
	free(settings->targets);
	settings->targets = NULL;
	settings->target_count = 0;
}

struct swk_route *swk_settings_add_route(struct swk_settings *settings, struct swk_error *error)
{
	struct swk_route *list =
		swk_list_grow(settings->routes, settings->route_count, sizeof(*list));

	if (!list) {
		(void)swk_error_memory(error);
		return NULL;
	}
	settings->routes = list;
	list[settings->route_count] = (struct swk_route){0};
	settings->route_count++;
	if (swk_fields_init(&swk_route_fields, &list[settings->route_count - 1], error))
		return NULL;
	return &list[settings->route_count - 1];
}

void swk_settings_clear_routes(struct swk_settings *settings)
{
	for (size_t i = 0; i < settings->route_count; i++)
		swk_fields_free(&swk_route_fields, &settings->routes[i]);
	free(settings->routes);
	settings->routes = NULL;
	settings->route_count = 0;
}

/* ---- settings ---- */

int swk_settings_init(struct swk_settings *settings, struct swk_error *error)
{
	struct swk_route *route;

	*settings = (struct swk_settings){0};
	if (swk_fields_init(&swk_settings_fields, settings, error) ||
	    swk_fields_init(&swk_rules_fields, &settings->defaults, error) ||
	    swk_fields_init(&swk_attributes_fields, &settings->attributes, error) ||
	    swk_fields_init(&swk_attributes_max_fields, &settings->attributes, error) ||
	    swk_settings_set(settings, "dyups", "http://127.0.0.1:18882", "default", error))
		return error->status;
	settings->attributes.allow[SWK_ATTRIBUTE_WEIGHT] = true;
	settings->attributes.allow[SWK_ATTRIBUTE_BACKUP] = true;
	settings->attributes.allow[SWK_ATTRIBUTE_DOWN] = true;
	route = swk_settings_add_route(settings, error);
	if (!route)
		return error->status;
	return swk_field_set(swk_fields_find(&swk_route_fields, "tag"), route, "gray", "default",
			     error);
}

void swk_settings_free(struct swk_settings *settings)
{
	swk_settings_clear_targets(settings);
	swk_settings_clear_routes(settings);
	free_selection(&settings->selection);
	swk_texts_free(&settings->faults);
	swk_overrides_free(&settings->services);
	swk_fields_free(&swk_settings_fields, settings);
	swk_fields_free(&run_fields, settings);
	swk_fields_free(&swk_consul_fields, &settings->consul);
	free(settings->consul.where);
	free(settings->min_services_where);
	swk_fields_free(&swk_attributes_fields, &settings->attributes);
	swk_fields_free(&swk_rules_fields, &settings->defaults);
	*settings = (struct swk_settings){0};
}

static int add_url(struct swk_settings *settings, const char *url, const char *where,
		   struct swk_error *error)
{
	struct swk_target_settings *its = swk_settings_add_target(settings, 0, error);

	if (!its || swk_field_set(swk_target_keys[0]->fields.list, its->own, url, where, error))
		return error->status;
	its->wrong = SWK_USAGE;
	its->where = strdup(where);
	return its->where ? 0 : swk_error_memory(error);
}

static int set_targets(struct swk_settings *settings, const char *value, const char *where,
		       struct swk_error *error)
{
	static const char blanks[] = " \t\n";

	swk_settings_clear_targets(settings);
	for (value += strspn(value, blanks); *value; value += strspn(value, blanks)) {
		size_t length = strcspn(value, blanks);
		char *url;

		if (settings->target_count == SWK_TARGETS_MAX)
			return swk_error_set(error, SWK_USAGE, "%s: more than %d URLs", where,
					     SWK_TARGETS_MAX);
		url = strndup(value, length);
		if (!url || add_url(settings, url, where, error))
			(void)swk_error_memory(error);
		free(url);
		if (error->status)
			return error->status;
		value += length;
	}
	if (!settings->target_count)
		return swk_error_set(error, SWK_USAGE, "%s: it contains no URL", where);
	return 0;
}

void swk_settings_complete(struct swk_settings *settings)
{
	if (!settings->verify_set)
		settings->verify = settings->resync;
}

int swk_settings_set_where(struct swk_settings *settings, const char *name, const char *where,
			   struct swk_error *error)
{
	if (strcmp(name, "min_services") != 0 && strcmp(name, "min-services") != 0)
		return 0;
	free(settings->min_services_where);
	settings->min_services_where = strdup(where);
	return settings->min_services_where ? 0 : swk_error_memory(error);
}

int swk_settings_set(struct swk_settings *settings, const char *name, const char *value,
		     const char *where, struct swk_error *error)
{
	const struct swk_field *field = swk_fields_find(&swk_settings_fields, name);

	if (!strcmp(name, "dyups"))
		return set_targets(settings, value, where, error);
	if (!strcmp(name, "verify"))
		settings->verify_set = true;
	if (!field)
		field = swk_fields_find(&run_fields, name);
	if (field) {
		if (!swk_field_set(field, settings, value, where, error))
			(void)swk_settings_set_where(settings, name, where, error);
		return error->status;
	}
	field = swk_fields_find(&swk_rules_fields, name);
	if (field)
		return swk_field_set(field, &settings->defaults, value, where, error);
	return swk_error_set(error, SWK_USAGE, "%s: there is no setting '%s'", where, name);
}

/* ---- published services ---- */

static bool matches_any(const struct swk_texts *patterns, const char *name)
{
	for (size_t i = 0; i < patterns->count; i++) {
		if (swk_pattern_matches(patterns->list[i], name))
			return true;
	}
	return false;
}

bool swk_selection_has(const struct swk_selection *selection, const char *service)
{
	return (!selection->include.count || matches_any(&selection->include, service)) &&
	       !matches_any(&selection->exclude, service);
}

bool swk_settings_publish(const struct swk_settings *settings, const char *service)
{
	return !swk_name_is_internal(service) && swk_selection_has(&settings->selection, service);
}

unsigned swk_settings_largest_weight(const struct swk_settings *settings, const char *service)
{
	unsigned least = SWK_WEIGHT_MAX;

	for (size_t i = 0; i < settings->target_count; i++) {
		const struct swk_target_settings *its = &settings->targets[i];
		const struct swk_target_keys *keys = swk_target_keys[its->kind];
		unsigned largest = least;

		if (its->own && keys->largest_weight)
			largest = keys->largest_weight(its->own);
		if (largest < least && swk_selection_has(&its->selection, service))
			least = largest;
	}
	return least;
}

/* ---- the hash ---- */

static uint64_t hash_count(uint64_t hash, size_t count)
{
	return swk_hash_bytes(hash, &count, sizeof(count));
}

static uint64_t hash_selection(uint64_t hash, const struct swk_selection *selection)
{
	return swk_texts_hash(&selection->exclude, swk_texts_hash(&selection->include, hash));
}

static uint64_t hash_services(uint64_t hash, const struct swk_overrides *overrides)
{
	hash = hash_count(hash, overrides->count);
	for (size_t i = 0; i < overrides->count; i++) {
		const struct swk_override *this = &overrides->list[i];

		hash = swk_hash_text(hash, this->pattern);
		hash = swk_hash_bytes(hash, &this->set_fields, sizeof(this->set_fields));
		hash = swk_fields_hash(&swk_rules_fields, &this->rules, hash);
	}
	return hash;
}

uint64_t swk_settings_hash(const struct swk_settings *settings)
{
	const struct swk_attributes *attributes = &settings->attributes;
	uint64_t hash = swk_fields_hash(&swk_settings_fields, settings, SWK_HASH_START);

	hash = hash_count(hash, settings->target_count);
	for (size_t i = 0; i < settings->target_count; i++) {
		const struct swk_target_settings *its = &settings->targets[i];

		hash = swk_fields_hash(&swk_target_fields, its, hash);
		hash = hash_selection(hash, &its->selection);
		if (its->own)
			hash = swk_fields_hash(&swk_target_keys[its->kind]->fields, its->own, hash);
	}
	hash = swk_fields_hash(&swk_consul_fields, &settings->consul, hash);
	hash = hash_selection(hash, &settings->selection);
	hash = hash_count(hash, settings->route_count);
	for (size_t i = 0; i < settings->route_count; i++)
		hash = swk_fields_hash(&swk_route_fields, &settings->routes[i], hash);
	hash = swk_fields_hash(&swk_attributes_fields, attributes, hash);
	hash = swk_fields_hash(&swk_attributes_max_fields, attributes, hash);
	hash = swk_hash_bytes(hash, attributes->allow, sizeof(attributes->allow));
	hash = swk_fields_hash(&swk_rules_fields, &settings->defaults, hash);
	return swk_hash_end(hash_services(hash, &settings->services));
}
