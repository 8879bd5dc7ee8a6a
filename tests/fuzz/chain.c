/* SPDX-License-Identifier: MIT */
#include "chain.h"

#include <arpa/inet.h>

#include "consul/document.h"
#include "model/service.h"
#include "policy/decide.h"
#include "policy/decisions.h"
#include "policy/placement.h"
#include "settings/config.h"
#include "target/dyups/answer.h"
#include "target/plan.h"

/* The state of a run that reads documents. */
struct chain {
	struct swk_settings settings;
	struct swk_policy policy;
	struct swk_services services, keys;
	struct swk_report report;
	struct swk_decisions decisions;
	bool complete, keys_known;
	bool undecodable; /* the current document has undecodable elements */
};

struct input {
	struct fuzz_text letters, settings, present, names, documents;
};

/* ---- the input ---- */

static struct input take_apart(const char *input, size_t length)
{
	struct fuzz_text rest = {input, length};
	struct input parts = {.letters = fuzz_next(&rest)};

	parts.settings = fuzz_settings(&parts.letters);
	parts.present = fuzz_next(&rest);
	parts.names = fuzz_next(&rest);
	parts.documents = rest;
	return parts;
}

static void set_defaults(struct swk_rules *defaults, struct fuzz_text letters)
{
	if (fuzz_has(letters, 'k'))
		defaults->keepalive = SWK_KEEPALIVE_MAX;
	if (fuzz_has(letters, 'f'))
		defaults->max_fails = SWK_MAX_FAILS_MAX;
	if (fuzz_has(letters, 't'))
		defaults->fail_timeout = SWK_FAIL_TIMEOUT_MAX;
	if (fuzz_has(letters, '2'))
		defaults->min_healthy = (struct swk_share){.number = 2};
	if (fuzz_has(letters, 'h'))
		defaults->min_healthy = (struct swk_share){.number = 50, .percent = true};
}

/* Returns 0, or the settings' error in *refusal. */
static int set_up(struct chain *chain, const struct input *input, struct swk_error *refusal)
{
	struct swk_error error = {0};

	*chain = (struct chain){.complete = fuzz_has(input->letters, 'c'),
				.keys = {.kind = SWK_SOURCE_KEY}};
	fuzz_done(swk_settings_init(&chain->settings, &error), &error, "settings");
	swk_report_init(&chain->report);
	set_defaults(&chain->settings.defaults, input->letters);
	chain->settings.adopt = fuzz_has(input->letters, 'a');
	chain->policy.settings = &chain->settings;
	chain->policy.reserved[chain->policy.reserved_count++] =
		(struct swk_reserved){18882, "a dyups interface"};
	return input->settings.length
		       ? swk_config_parse(&chain->settings, "settings", input->settings.data,
					  input->settings.length, refusal)
		       : 0;
}

static void check_printable(const char *text)
{
	for (const char *at = text; at && *at; at++)
		fuzz_require(*at >= ' ' && *at <= '~', "a message is not printable: %s", text);
}

static void tear_down(struct chain *chain)
{
	for (size_t i = 0; i < chain->report.note_count; i++)
		check_printable(chain->report.notes[i].text);
	for (size_t i = 0; i < chain->decisions.count; i++) {
		const struct swk_decision *decision = &chain->decisions.list[i];

		check_printable(decision->source.name);
		check_printable(decision->instance);
		check_printable(decision->node);
		check_printable(decision->reason);
	}
	swk_decisions_free(&chain->decisions);
	swk_services_free(&chain->services);
	swk_services_free(&chain->keys);
	swk_report_free(&chain->report);
	swk_settings_free(&chain->settings);
}

/* ---- documents, as a run reads them ---- */

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

static int take_key(void *context, const struct swk_key *key, struct swk_error *error)
{
	struct chain *chain = context;

	return swk_policy_key(&chain->keys, &chain->policy, key, &chain->report, error);
}

static int take_undecodable(void *context, const char *service, const char *what,
			    const char *reason, struct swk_error *error)
{
	struct chain *chain = context;
	struct swk_service *known;

	(void)what;
	(void)reason;
	if (!service || !swk_name_valid(service)) {
		chain->undecodable |= !service;
		return 0;
	}
	known = swk_services_get(&chain->services, service, error);
	if (!known)
		return error->status;
	known->undecodable = true;
	return 0;
}

/* Returns 0, or the first document's error in *refusal. */
static int read_documents(struct chain *chain, struct fuzz_text rest, struct swk_error *refusal)
{
	const struct swk_document_sink sink = {.context = chain,
					       .tagged = true,
					       .instance = take_instance,
					       .service = take_service,
					       .key = chain->settings.keyprefix ? take_key : NULL,
					       .undecodable = take_undecodable};
	enum swk_document_kind kind;

	while (rest.length && !refusal->status) {
		struct fuzz_text document = fuzz_next(&rest);
		struct swk_document *read;

		chain->undecodable = false;
		(void)swk_document_open(&read, &sink, refusal);
		if (!swk_document_feed(read, document.data, document.length, refusal) &&
		    !swk_document_end(read, &kind, refusal)) {
			if (kind == SWK_DOCUMENT_KEYS)
				chain->keys.undecodable |= chain->undecodable;
			else
				chain->services.undecodable |= chain->undecodable;
			/* A tree without a key counts as an outage. */
			if (kind == SWK_DOCUMENT_KEYS)
				chain->keys_known = chain->keys.count || chain->keys.undecodable;
		}
		swk_document_close(read);
	}
	return refusal->status;
}

/* ---- checks of a decision ---- */

static bool only_backups(const struct swk_upstream *upstream)
{
	for (size_t i = 0; i < upstream->count; i++) {
		if (!upstream->servers[i].backup)
			return false;
	}
	return upstream->count > 0;
}

/* Like all checks here, does not use the code that it checks. */
static bool is_host(const char *name)
{
	struct in_addr address;

	return !strcasecmp(name, "localhost") || inet_pton(AF_INET, name, &address) == 1;
}

static void check_server(const struct swk_upstream *upstream, const struct swk_server *server)
{
	fuzz_require(server->weight >= 1 && server->weight <= 65535, "%s: weight %u",
		     upstream->name, server->weight);
	fuzz_require(server->max_conns <= 999999999, "%s: max_conns %u", upstream->name,
		     server->max_conns);
	fuzz_require(server->max_fails <= 1000000, "%s: max_fails %u", upstream->name,
		     server->max_fails);
	fuzz_require(server->fail_timeout <= 86400, "%s: fail_timeout %u", upstream->name,
		     server->fail_timeout);
	fuzz_require(server->port, "%s: no port", upstream->name);
}

/* The weights of a colour (0: of all), and the percentages of the colours that have a server. */
static double weigh_colour(const struct swk_upstream *this, const struct swk_shares *shares,
			   size_t group, double *percents)
{
	double sum = 0;

	*percents = 0;
	for (size_t i = 1; i <= shares->count; i++) {
		bool has = false;

		for (size_t j = 0; j < this->count; j++) {
			const struct swk_server *server = &this->servers[j];

			if (server->down || server->backup || server->group != i)
				continue;
			has = true;
			sum += !group || group == i ? server->weight : 0;
		}
		*percents += has ? shares->list[i - 1].percent : 0;
	}
	return sum;
}

/* Checks that each colour has its share within one point. An input has too few instances to need
 * weights that nginx does not take. */
static void check_shares(const struct swk_upstream *this, const struct swk_shares *shares)
{
	double percents;
	const double all = weigh_colour(this, shares, 0, &percents);

	for (size_t i = 1; i <= shares->count && percents > 0; i++) {
		const double part = 100 * weigh_colour(this, shares, i, &percents) / all;
		const double share = 100 * shares->list[i - 1].percent / percents;

		fuzz_require(part == 0 || (part > share - 1 && part < share + 1),
			     "%s: colour %zu has %g%%, not %g%%", this->name, i, part, share);
	}
}

/* Checks an upstream that has changed against the settings. They do not limit the weight of a
 * key. */
static void check_rules(const struct chain *chain, const struct swk_upstream *this)
{
	const struct swk_settings *settings = &chain->settings;
	const unsigned most = settings->attributes.max_weight;
	struct swk_rules rules;
	bool shared;

	swk_rules_find(&rules, &settings->defaults, &settings->services, this->source.name);
	shared = rules.shares.count && !*this->source.tag;
	if (rules.shares.count)
		rules.balance = SWK_ROUND_ROBIN;
	fuzz_require(this->balance == (enum swk_balance)rules.balance, "%s: balance %d, not %u",
		     this->name, (int)this->balance, rules.balance);
	fuzz_require(this->keepalive == rules.keepalive &&
			     this->keepalive_timeout == rules.keepalive_timeout &&
			     this->keepalive_requests == rules.keepalive_requests,
		     "%s: keepalive %u %u %u, not %u %u %u", this->name, this->keepalive,
		     this->keepalive_timeout, this->keepalive_requests, rules.keepalive,
		     rules.keepalive_timeout, rules.keepalive_requests);
	if (this->source.kind == SWK_SOURCE_KEY)
		return;
	if (shared)
		check_shares(this, &rules.shares);
	for (size_t i = 0; !shared && i < this->count; i++)
		fuzz_require(this->servers[i].weight <= most,
			     "%s: weight %u is over attributes.max.weight %u", this->name,
			     this->servers[i].weight, most);
}

static void check_decision(const struct chain *chain, const struct swk_upstreams *recorded,
			   const struct swk_upstreams *desired, const struct swk_names *unmanaged)
{
	fuzz_in_order(desired, true);
	fuzz_backups(desired);
	for (size_t i = 0; i < desired->count; i++) {
		const struct swk_upstream *this = &desired->list[i];
		const struct swk_upstream *before = swk_upstreams_find(recorded, this->name);

		fuzz_require(!swk_names_contain(unmanaged, this->name), "%s is unmanaged",
			     this->name);
		fuzz_require(fuzz_is_name(this->name), "name %s", this->name);
		fuzz_require(!*this->source.name || fuzz_is_name(this->source.name), "service %s",
			     this->source.name);
		fuzz_require(swk_tag_valid(this->source.tag), "tag %s", this->source.tag);
		fuzz_require(this->source.kind != SWK_SOURCE_KEY || !*this->source.tag,
			     "key %s, tag %s", this->name, this->source.tag);
		fuzz_require(this->count, "%s has no server", this->name);
		fuzz_require(!is_host(this->name) || before, "%s is a host to nginx", this->name);
		fuzz_require(!only_backups(this) || (before && only_backups(before)),
			     "%s has backups only", this->name);
		for (size_t j = 0; j < this->count; j++)
			check_server(this, &this->servers[j]);
		if (!before || !swk_upstream_same(before, this))
			check_rules(chain, this);
	}
}

/* If the tree has undecodable keys, an upstream may only be deleted if it is certainly gone. */
static void check_undecodable_keys(const struct chain *chain, const struct swk_upstreams *recorded,
				   const struct swk_upstreams *desired)
{
	for (size_t i = 0; i < recorded->count && chain->keys_known && chain->keys.undecodable; i++)
		fuzz_require(
			recorded->list[i].source.kind != SWK_SOURCE_KEY ||
				swk_services_find(&chain->keys, recorded->list[i].source.name) ||
				swk_upstreams_find(desired, recorded->list[i].name),
			"%s was deleted, although an undecodable key may belong to it",
			recorded->list[i].name);
}

/* The upstreams of keys before the decision: unsorted, and with duplicate names. */
static void copy_keys(const struct chain *chain, struct swk_upstreams *keys)
{
	struct swk_error error = {0};

	for (size_t i = 0; i < chain->keys.count; i++) {
		const struct swk_upstreams *upstreams = &chain->keys.list[i].upstreams;

		for (size_t j = 0; j < upstreams->count; j++)
			fuzz_done(swk_upstreams_append_copy(keys, &upstreams->list[j], &error),
				  &error, "copying");
	}
}

static bool has_server(const struct swk_upstreams *keys, const struct swk_upstream *upstream,
		       const struct swk_server *server)
{
	for (size_t i = 0; i < keys->count; i++) {
		const struct swk_upstream *this = &keys->list[i];

		for (size_t j = 0;
		     j < this->count && !strcmp(this->source.name, upstream->source.name); j++) {
			if (!swk_server_compare(&this->servers[j], server) &&
			    this->servers[j].weight == server->weight)
				return true;
		}
	}
	return false;
}

/* A key's weight is never reduced. */
static void check_keys(const struct swk_upstreams *keys, const struct swk_upstreams *recorded,
		       const struct swk_upstreams *desired)
{
	for (size_t i = 0; i < desired->count; i++) {
		const struct swk_upstream *this = &desired->list[i];
		const struct swk_upstream *before = swk_upstreams_find(recorded, this->name);

		if (this->source.kind != SWK_SOURCE_KEY ||
		    (before && swk_upstream_same(before, this)))
			continue;
		for (size_t j = 0; j < this->count; j++)
			fuzz_require(this->servers[j].port == 1 ||
					     has_server(keys, this, &this->servers[j]),
				     "key %s: no key says server %zu with weight %u", this->name, j,
				     this->servers[j].weight);
	}
}

/* ---- the decision ---- */

/* `live` has unmanaged upstreams. Recording decisions must not change the result. */
static int decide(const struct input *input, struct swk_upstreams *recorded,
		  const struct swk_live *live, bool explain, struct swk_upstreams *desired,
		  struct swk_error *refusal)
{
	static const struct swk_names nothing;
	struct swk_names unmanaged = {0}, changes = {0};
	struct swk_upstreams keys = {0};
	struct swk_error error = {0};
	struct swk_plan plan = {0};
	struct chain chain;
	struct swk_known_sources known[] = {{.services = &chain.services},
					    {.services = &chain.keys}};
	const struct swk_sources sources = {known, 2};

	if (!set_up(&chain, input, refusal)) {
		chain.policy.decisions = explain ? &chain.decisions : NULL;
		(void)read_documents(&chain, input->documents, refusal);
	}
	known[0].complete = chain.complete;
	known[1].complete = chain.keys_known;
	if (!refusal->status) {
		copy_keys(&chain, &keys);
		fuzz_done(swk_policy_find_sources(recorded, &chain.settings, &chain.services,
						  chain.complete, &error),
			  &error, "sources");
		if (!chain.settings.adopt)
			fuzz_done(swk_plan_unmanaged(&unmanaged, live, recorded, &nothing, &error),
				  &error, "unmanaged");
		fuzz_done(swk_decide(&chain.policy, recorded, &sources, &unmanaged, desired,
				     &chain.report, &error),
			  &error, "decide");
		if (explain)
			fuzz_done(swk_decisions_correct(&chain.decisions, desired, &error), &error,
				  "explain");
		fuzz_done(swk_plan_changes(&changes, recorded, desired, &error), &error, "changes");
		fuzz_done(swk_plan_make(&plan, desired, &changes, &changes, &nothing, live, &error),
			  &error, "plan");
		check_decision(&chain, recorded, desired, &unmanaged);
		check_undecodable_keys(&chain, recorded, desired);
		check_keys(&keys, recorded, desired);
	}
	swk_upstreams_free(&keys);
	swk_plan_free(&plan);
	swk_names_free(&unmanaged);
	swk_names_free(&changes);
	tear_down(&chain);
	return refusal->status;
}

/* ---- the file ---- */

/* Each line of FILE begins with one of these, or is empty. */
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

static void identical(const struct swk_upstreams *a, const struct swk_upstreams *b)
{
	fuzz_same(a, b);
	for (size_t i = 0; i < a->count; i++)
		fuzz_identical(&a->list[i], &b->list[i]);
}

/* Writes FILE, reads it back, and writes the result. */
static void check_file(const struct swk_upstreams *desired, struct chain_file *file)
{
	struct swk_error error = {0};
	struct swk_buffer again;

	fuzz_done(swk_nginx_file(&file->text, desired, &error), &error, "writing");
	fuzz_only_allowed("file", file->text.data, file->text.length);
	check_lines(file->text.data);
	fuzz_require(swk_nginx_is_managed(file->text.data, file->text.length),
		     "the file is not managed");
	fuzz_done(swk_nginx_read(&file->set, "file", file->text.data, file->text.length, &error),
		  &error, "reading back");
	identical(desired, &file->set);
	swk_buffer_init(&again, SIZE_MAX / 2);
	fuzz_done(swk_nginx_file(&again, &file->set, &error), &error, "writing again");
	fuzz_require(again.length == file->text.length &&
			     !memcmp(again.data, file->text.data, again.length),
		     "written again, the file differs");
	swk_buffer_free(&again);
}

void chain_body(struct swk_buffer *body, const struct swk_upstream *upstream)
{
	struct swk_error error = {0};

	swk_buffer_clear(body);
	fuzz_done(swk_nginx_directives(body, upstream, "", "", &error), &error, "body");
}

static void check_bodies(const struct swk_upstreams *set)
{
	struct swk_buffer body;

	swk_buffer_init(&body, SIZE_MAX / 2);
	for (size_t i = 0; i < set->count; i++) {
		const struct swk_upstream *this = &set->list[i];
		struct swk_upstreams sent = {0};

		chain_body(&body, this);
		fuzz_read_body(&sent, this->name, body.data);
		fuzz_require(swk_upstream_same(&sent.list[0], this), "body of %s: %s", this->name,
			     body.data);
		swk_upstreams_free(&sent);
	}
	swk_buffer_free(&body);
}

/* ---- the whole chain ---- */

void chain_run(struct chain_file *file, const char *input, size_t length)
{
	const struct input parts = take_apart(input, length);
	struct swk_upstreams recorded = {0}, desired = {0}, again = {0};
	struct swk_error error = {0};
	struct swk_live live = {0};

	swk_buffer_init(&file->text, SIZE_MAX / 2);
	fuzz_done(swk_dyups_read_list(&live, parts.names.data, parts.names.length, &error), &error,
		  "list");
	if (!swk_nginx_read(&recorded, "present", parts.present.data, parts.present.length,
			    &file->refusal) &&
	    !decide(&parts, &recorded, &live, false, &desired, &file->refusal)) {
		check_file(&desired, file);
		check_bodies(&desired);
		(void)decide(&parts, &file->set, &live, true, &again, &error);
		identical(&desired, &again);
	}
	swk_live_free(&live);
	swk_upstreams_free(&recorded);
	swk_upstreams_free(&desired);
	swk_upstreams_free(&again);
}

void chain_file_free(struct chain_file *file)
{
	swk_upstreams_free(&file->set);
	swk_buffer_free(&file->text);
}
