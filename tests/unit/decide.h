/* SPDX-License-Identifier: MIT */
/* Builds a registry from text, and checks rows of decisions made from it. */
#ifndef SWK_UNIT_DECIDE_H
#define SWK_UNIT_DECIDE_H

#include "unit.h"

#include "policy/decide.h"
#include "policy/placement.h"
#include "settings/config.h"

/* Settings with nginx's own defaults, so that rows need not repeat them, plus a settings file. */
static inline struct swk_settings settings_of(const char *config)
{
	struct swk_settings settings;
	struct swk_error error = {0};

	assert_int_equal(swk_settings_init(&settings, &error), 0);
	settings.defaults.max_fails = SWK_NGINX_MAX_FAILS;
	settings.defaults.fail_timeout = SWK_NGINX_FAIL_TIMEOUT;
	settings.defaults.keepalive = 0;
	if (config && swk_config_parse(&settings, "test", config, strlen(config), &error))
		fail_msg("%s: %s", config, error.text);
	if (!settings.keyprefix)
		settings.keyprefix = strdup("p");
	return settings;
}

static inline struct swk_policy policy_of(const struct swk_settings *settings)
{
	return (struct swk_policy){
		.settings = settings,
		.reserved = {{18881, "a dyups interface"}, {18882, "a dyups interface"}},
		.reserved_count = 2};
}

/* Adds an instance: `web@10.0.0.1:80+TAG+TAG!critical` (or `!warning`, `!maintenance`: the state of
 * its check). */
static inline void add_instance(struct swk_services *services, const struct swk_policy *policy,
				char *word, struct swk_report *report)
{
	const char *tags[8];
	struct swk_instance instance = {.id = "w1",
					.node = "n1",
					.datacenter = "",
					.peer = "",
					.node_address = "n1.example",
					.tags = tags,
					.weight_passing = 1,
					.weight_warning = 1,
					.checked = true};
	struct swk_error error = {0};
	char *rest = word, *colon;

	word = strsep(&rest, "!");
	if (rest)
		instance.health = !strcmp(rest, "warning")    ? SWK_WARNING
				  : !strcmp(rest, "critical") ? SWK_CRITICAL
							      : SWK_PASSING;
	instance.maintenance = rest && !strcmp(rest, "maintenance");
	rest = word;
	instance.service = strsep(&rest, "@");
	instance.address = strsep(&rest, "+");
	while (rest)
		tags[instance.tag_count++] = strsep(&rest, "+");
	colon = strrchr(instance.address, ':');
	assert_non_null(colon);
	*colon = '\0';
	instance.port = strtod(colon + 1, NULL);
	assert_int_equal(swk_policy_instance(services, policy, &instance, report, &error), 0);
}

/*
 * Builds services from words: an instance as above; `web`: a listed service; `web?`: with an
 * undecodable instance; `web~`: unavailable; `web=`: unchanged; `web^`: not confirmed; `web|`:
 * filtered; `web$`: crowded; `?`: an undecodable instance of an unknown service.
 */
static inline struct swk_services registry(const char *text, const struct swk_policy *policy,
					   struct swk_report *report)
{
	struct swk_services services = {0};
	struct swk_error error = {0};
	char *copy = strdup(text), *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		char last = *word ? word[strlen(word) - 1] : '\0';
		struct swk_service *service;

		if (strchr(word, '@')) {
			add_instance(&services, policy, word, report);
		} else if (!strcmp(word, "?")) {
			services.undecodable = true;
		} else if (*word && strchr("?~=^|$", last)) {
			word[strlen(word) - 1] = '\0';
			service = swk_services_get(&services, word, &error);
			assert_non_null(service);
			if (last == '?')
				service->undecodable = true;
			else if (last == '~')
				service->unavailable = true;
			else if (last == '^')
				service->unconfirmed = true;
			else if (last == '|')
				service->filtered = true;
			else if (last == '$')
				service->crowded = true;
			else
				service->unchanged = true;
		} else if (*word) {
			assert_int_equal(
				swk_policy_service(&services, policy, word, report, &error), 0);
		}
	}
	free(copy);
	return services;
}

/* Builds upstreams from keys below `p`, each with its attributes after a comma, such as
 * `web/10.0.0.1:80,weight=2,down=1`; `?`: an undecodable key. */
static inline struct swk_services tree(const char *text, const struct swk_policy *policy,
				       struct swk_report *report)
{
	struct swk_services services = {.kind = SWK_SOURCE_KEY};
	struct swk_error error = {0};
	char *copy = strdup(text), *rest = copy, *word;

	while ((word = strsep(&rest, " "))) {
		char key[512], *value;
		struct swk_pair values[8];
		struct swk_key this = {.key = key, .values = values};

		if (!strcmp(word, "?"))
			services.undecodable = true;
		if (!strcmp(word, "?") || !*word)
			continue;
		(void)snprintf(key, sizeof(key), "p/%s", strsep(&word, ","));
		while ((value = strsep(&word, ","))) {
			values[this.value_count].name = strsep(&value, "=");
			values[this.value_count++].value = value;
		}
		assert_int_equal(swk_policy_key(&services, policy, &this, report, &error), 0);
	}
	free(copy);
	return services;
}

/* The notes other than details, a letter for each. */
static inline const char *noted(const struct swk_report *report)
{
	static const char letters[SWK_NOTE_KINDS] = {
		[SWK_NOTE_SKIPPED] = 's',   [SWK_NOTE_KEPT] = 'k',	  [SWK_NOTE_WARNING] = 'w',
		[SWK_NOTE_HELD_BACK] = 'h', [SWK_NOTE_UNAVAILABLE] = 'u', [SWK_NOTE_PENDING] = 'o',
	};
	static char text[64];
	size_t length = 0;

	for (size_t i = 0; i < report->note_count && length + 1 < sizeof(text); i++) {
		if (report->notes[i].kind != SWK_NOTE_DETAIL)
			text[length++] = letters[report->notes[i].kind];
	}
	text[length] = '\0';
	return text;
}

/* Whether a note of any kind contains this text. */
static inline bool says(const struct swk_report *report, const char *part)
{
	for (size_t i = 0; i < report->note_count; i++) {
		if (strstr(report->notes[i].text, part))
			return true;
	}
	return false;
}

/* A row. Members that are not set mean nothing or "". */
struct decision {
	const char *row;
	const char *config;
	const char *recorded, *registry, *keys;
	bool complete, all_keys;
	const char *unmanaged;
	const char *desired, *noted, *says;
	const char *again; /* services about which a later run may note something again; NULL: not
			      checked */
	const char *decisions; /* decisions about services and upstreams; NULL: not checked */
};

static inline const char *or_nothing(const char *text)
{
	return text ? text : "";
}

/* The decisions without an instance: `UPSTREAM OUTCOME: REASON`, or `SERVICE:` without an
 * upstream. */
static inline char *show_decisions(const struct swk_decisions *decisions)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 100000);
	(void)swk_buffer_add(&out, "", 0, &error);
	for (size_t i = 0; i < decisions->count; i++) {
		const struct swk_decision *decision = &decisions->list[i];

		if (!*decision->instance)
			(void)swk_buffer_print(
				&out, &error, "%s%s%s %s: %s", out.length ? "; " : "",
				*decision->upstream ? decision->upstream : decision->source.name,
				*decision->upstream ? "" : ":",
				swk_outcome_words[decision->outcome], decision->reason);
	}
	return out.data;
}

/* The services with `noted` set: something was noted, or may be noted again. */
static inline char *show_noted(const struct swk_services *services)
{
	struct swk_error error = {0};
	struct swk_buffer out;

	swk_buffer_init(&out, 100000);
	(void)swk_buffer_add(&out, "", 0, &error);
	for (size_t i = 0; i < services->count; i++) {
		if (services->list[i].noted)
			(void)swk_buffer_print(&out, &error, "%s%s", out.length ? " " : "",
					       services->list[i].name);
	}
	return out.data;
}

static inline bool has_up(const struct swk_upstream *upstream)
{
	for (size_t i = 0; i < upstream->count; i++) {
		if (!upstream->servers[i].down)
			return true;
	}
	return false;
}

/* Whether a recorded upstream of this source was deleted, or was marked down. */
static inline bool lost_one(const struct swk_upstreams *recorded,
			    const struct swk_upstreams *desired, enum swk_source_kind kind)
{
	for (size_t i = 0; i < recorded->count; i++) {
		const struct swk_upstream *was = &recorded->list[i], *is = NULL;

		for (size_t j = 0; j < desired->count && !is; j++) {
			const struct swk_upstream *this = &desired->list[j];

			if (swk_source_same(&this->source, &was->source))
				is = this;
		}
		if (was->source.kind == kind && *was->source.name &&
		    (!is || (has_up(was) && !has_up(is))))
			return true;
	}
	return false;
}

static inline void decide(const struct decision *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct decision *row = &rows[i];
		struct swk_report report = {0};
		struct swk_upstreams recorded = unit_upstreams(or_nothing(row->recorded)),
				     desired = {0};
		struct swk_settings settings = settings_of(row->config);
		struct swk_decisions decisions = {0};
		struct swk_policy policy = policy_of(&settings);
		struct swk_services services, keys;
		const struct swk_known_sources document = {.services = &services},
					       all_keys = {.services = &keys, .complete = true},
					       known[] = {{.services = &services,
							   .complete = row->complete},
							  {.services = &keys,
							   .complete = row->all_keys}};
		const struct swk_sources sources = {known, COUNT(known)};
		struct swk_names unmanaged = unit_names(or_nothing(row->unmanaged));
		struct swk_error error = {0};
		bool loses, loses_keys;
		char *shown;

		policy.decisions = &decisions;
		services = registry(or_nothing(row->registry), &policy, &report);
		keys = tree(or_nothing(row->keys), &policy, &report);
		loses = swk_decide_deletes(&settings, &recorded, &document);
		for (size_t j = 0; j < services.count; j++)
			loses = loses && !services.list[j].unconfirmed &&
				!services.list[j].filtered && !services.list[j].crowded;
		loses_keys = swk_decide_deletes(&settings, &recorded, &all_keys);
		assert_int_equal(swk_decide(&policy, &recorded, &sources, &unmanaged, &desired,
					    &report, &error),
				 0);
		shown = unit_show(&desired);
		unit_same(row->row, shown, row->desired);
		/* A document never has all services, but all keys. An upstream may also lose its
		 * name to another one that the document has. */
		if (!row->complete && !says(&report, "the name is taken"))
			unit_number(row->row, loses,
				    lost_one(&recorded, &desired, SWK_SOURCE_SERVICE));
		if (row->all_keys)
			unit_number(row->row, loses_keys,
				    lost_one(&recorded, &desired, SWK_SOURCE_KEY));
		unit_same(row->row, noted(&report), or_nothing(row->noted));
		if (row->says && !says(&report, row->says))
			fail_msg("%s: no note says '%s'", row->row, row->says);
		free(shown);
		shown = unit_show(&recorded);
		unit_same("the recorded state is not changed", shown, or_nothing(row->recorded));
		free(shown);
		shown = show_noted(&services);
		if (row->again)
			unit_same(row->row, shown, row->again);
		free(shown);
		shown = show_decisions(&decisions);
		if (row->decisions)
			unit_same(row->row, shown, row->decisions);
		free(shown);
		swk_decisions_free(&decisions);
		swk_names_free(&unmanaged);
		swk_services_free(&services);
		swk_services_free(&keys);
		swk_upstreams_free(&recorded);
		swk_upstreams_free(&desired);
		swk_report_free(&report);
		swk_settings_free(&settings);
	}
}

#endif
