/* SPDX-License-Identifier: MIT */
/*
 * From documents to the file, without files and network:
 *
 *	options %% present file %% live names %% document %% document ...
 *
 * What comes out is a file that can be read back, that says nothing but what it may, and that the
 * same documents leave as it is.
 */
#include "fuzz.h"

#include "dyups.h"
#include "nginx.h"
#include "plan.h"
#include "decide.h"
#include "policy.h"
#include "settings.h"
#include "watch.h"

struct chain {
	struct swk_settings settings;
	struct swk_policy policy;
	struct swk_services services, keys;
	struct swk_report report;
	bool complete;
};

static int take_instance(void *context, const struct swk_instance *instance,
			 struct swk_error *error)
{
	struct chain *chain = context;

	return swk_policy_instance(&chain->services, &chain->policy, instance, &chain->report,
				   error);
}

static int take_service(void *context, const char *name, struct swk_error *error)
{
	struct chain *chain = context;

	return swk_policy_service(&chain->services, &chain->policy, name, &chain->report, error);
}

/* As a run has it. */
static int take_unreadable(void *context, const char *service, const char *what, const char *why,
			   struct swk_error *error)
{
	struct chain *chain = context;
	struct swk_service *known;

	(void)what;
	(void)why;
	if (!service || !swk_name_valid(service)) {
		chain->services.unsure |= !service;
		return 0;
	}
	known = swk_services_get(&chain->services, service, error);
	if (!known)
		return error->status;
	known->unsure = true;
	return 0;
}

static void set_up(struct chain *chain, struct fuzz_text options)
{
	struct swk_error error = {0};

	*chain = (struct chain){.complete = fuzz_has(options, 'c')};
	fuzz_done(swk_settings_init(&chain->settings, &error), &error, "settings");
	swk_report_init(&chain->report);
	chain->settings.adopt = fuzz_has(options, 'a');
	if (fuzz_has(options, 'k'))
		chain->settings.defaults.keepalive = SWK_KEEPALIVE_MAX;
	if (fuzz_has(options, 'f'))
		chain->settings.defaults.max_fails = SWK_MAX_FAILS_MAX;
	if (fuzz_has(options, 't'))
		chain->settings.defaults.fail_timeout = SWK_FAIL_TIMEOUT_MAX;
	if (fuzz_has(options, '2'))
		chain->settings.defaults.min_healthy = (struct swk_share){.number = 2};
	if (fuzz_has(options, 'h'))
		chain->settings.defaults.min_healthy =
			(struct swk_share){.number = 50, .percent = true};
	chain->policy.settings = &chain->settings;
	chain->policy.reserved[chain->policy.reserved_count++] = 18882;
}

static void tear_down(struct chain *chain)
{
	for (size_t i = 0; i < chain->report.note_count; i++) {
		const char *text = chain->report.notes[i].text;

		for (; *text; text++)
			fuzz_require(*text >= ' ' && *text <= '~', "a note is not printable: %s",
				     chain->report.notes[i].text);
	}
	swk_services_free(&chain->services);
	swk_report_free(&chain->report);
	swk_settings_free(&chain->settings);
}

/* False where a document is refused. */
static bool read_documents(struct chain *chain, struct fuzz_text rest)
{
	const struct swk_watch_sink sink = {.context = chain,
					    .instance = take_instance,
					    .service = take_service,
					    .unreadable = take_unreadable};
	struct swk_error error = {0};
	enum swk_watch_kind kind;

	while (rest.length && !error.status) {
		struct fuzz_text document = fuzz_next(&rest);
		struct swk_watch watch;

		swk_watch_init(&watch, &sink);
		if (!swk_watch_feed(&watch, document.data, document.length, &error))
			(void)swk_watch_end(&watch, &kind, &error);
		swk_watch_free(&watch);
	}
	return !error.status;
}

/* Decides what the file shall hold that holds `have` now; what others made is in `live`. */
static bool decide(struct fuzz_text options, struct fuzz_text documents, struct swk_upstreams *have,
		   const struct swk_live *live, struct swk_upstreams *wanted)
{
	static const struct swk_names nothing;
	struct swk_names foreign = {0}, changes = {0};
	struct swk_error error = {0};
	struct swk_plan plan = {0};
	struct swk_sources sources;
	struct chain chain;
	bool read;

	set_up(&chain, options);
	read = read_documents(&chain, documents);
	sources = (struct swk_sources){{&chain.services, chain.complete}, {&chain.keys, false}};
	if (read) {
		fuzz_done(swk_policy_find_sources(have, &chain.settings, &chain.services,
						  chain.complete, &error),
			  &error, "sources");
		if (!chain.settings.adopt)
			fuzz_done(swk_plan_foreign(&foreign, live, have, &nothing, &error), &error,
				  "foreign");
		fuzz_done(swk_decide(&chain.policy, have, &sources, &foreign, wanted, &chain.report,
				     &error),
			  &error, "decide");
		fuzz_done(swk_plan_changes(&changes, have, wanted, &error), &error, "changes");
		fuzz_done(swk_plan_make(&plan, wanted, &changes, &changes, live, &error), &error,
			  "plan");
		for (size_t i = 0; i < wanted->count; i++)
			fuzz_require(!swk_names_have(&foreign, wanted->list[i].name),
				     "%s is somebody else's", wanted->list[i].name);
	}
	swk_plan_free(&plan);
	swk_names_free(&foreign);
	swk_names_free(&changes);
	tear_down(&chain);
	return read;
}

/* A line of a file of ours begins with one of these, or is empty. */
static void check_lines(const char *text)
{
	static const char *const starts[] = {
		"# Written by swk-apply ",
		"# service ",
		"# key ",
		"upstream ",
		"    least_conn;\n",
		"    ip_hash;\n",
		"    random two;\n",
		"    keepalive ",
		"    keepalive_timeout ",
		"    keepalive_requests ",
		"    server ",
		"}\n",
		"\n",
	};

	while (*text) {
		bool known = false;

		for (size_t i = 0; i < sizeof(starts) / sizeof(*starts); i++)
			known |= !strncmp(text, starts[i], strlen(starts[i]));
		fuzz_require(known, "a line of the file: %s", text);
		text = strchr(text, '\n');
		fuzz_require(text, "the last line has no end");
		text++;
	}
}

/* Writes the file, and reads it back. */
static void check_file(const struct swk_upstreams *wanted, struct swk_upstreams *back)
{
	struct swk_error error = {0};
	struct swk_buffer text;

	fuzz_in_order(wanted, true);
	fuzz_backups(wanted);
	for (size_t i = 0; i < wanted->count; i++) {
		const struct swk_upstream *this = &wanted->list[i];

		fuzz_require(fuzz_is_name(this->name), "name %s", this->name);
		fuzz_require(!*this->service || fuzz_is_name(this->service), "service %s",
			     this->service);
		fuzz_require(swk_tag_valid(this->tag), "tag %s", this->tag);
		fuzz_require(this->count, "%s has no server", this->name);
	}
	swk_buffer_init(&text, SIZE_MAX / 2);
	fuzz_done(swk_nginx_file(&text, wanted, &error), &error, "writing");
	fuzz_only_ours("file", text.data, text.length);
	check_lines(text.data);
	fuzz_require(swk_nginx_is_ours(text.data, text.length), "the file is not ours");
	fuzz_done(swk_nginx_read(back, "file", text.data, text.length, &error), &error,
		  "reading back");
	fuzz_same(wanted, back);
	swk_buffer_free(&text);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct swk_upstreams have = {0}, wanted = {0}, back = {0}, again = {0};
	struct fuzz_text rest = {(const char *)data, size};
	struct fuzz_text options = fuzz_next(&rest);
	struct fuzz_text present = fuzz_next(&rest);
	struct fuzz_text names = fuzz_next(&rest);
	struct swk_error error = {0};
	struct swk_live live = {0};

	fuzz_done(swk_dyups_read_list(&live, names.data, names.length, &error), &error, "list");
	if (!swk_nginx_read(&have, "present", present.data, present.length, &error) &&
	    decide(options, rest, &have, &live, &wanted)) {
		check_file(&wanted, &back);
		(void)decide(options, rest, &back, &live, &again);
		fuzz_same(&wanted, &again);
	}
	swk_live_free(&live);
	swk_upstreams_free(&have);
	swk_upstreams_free(&wanted);
	swk_upstreams_free(&back);
	swk_upstreams_free(&again);
	return 0;
}
