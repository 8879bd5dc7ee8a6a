/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include "config.h"
#include "decide.h"
#include "policy.h"

/* ---- a registry, from text ---- */

/* Settings that give nginx's own defaults, so that a row need not say them; and what a settings
 * file says over them. */
static struct swk_settings settings_of(const char *config)
{
	struct swk_settings settings;
	struct swk_error error = {0};

	assert_int_equal(swk_settings_init(&settings, &error), 0);
	settings.defaults.max_fails = SWK_NGINX_MAX_FAILS;
	settings.defaults.fail_timeout = SWK_NGINX_FAIL_TIMEOUT;
	settings.defaults.keepalive = 0;
	if (config && swk_config_parse(&settings, "test", config, strlen(config), &error))
		fail_msg("%s: %s", config, error.text);
	return settings;
}

static struct swk_policy policy_of(const struct swk_settings *settings)
{
	return (struct swk_policy){
		.settings = settings, .reserved = {18881, 18882}, .reserved_count = 2};
}

/* Those without a file. */
static struct swk_settings plain_settings;
static struct swk_policy plain;

/* `web@10.0.0.1:80+TAG+TAG!critical`: an instance. */
static void add_instance(struct swk_services *services, const struct swk_policy *policy, char *word,
			 struct swk_report *report)
{
	const char *tags[8];
	struct swk_instance instance = {.id = "w1",
					.node = "n1",
					.node_address = "",
					.tags = tags,
					.weight_passing = 1,
					.weight_warning = 1};
	struct swk_error error = {0};
	char *rest = word, *colon;

	word = strsep(&rest, "!");
	if (rest)
		instance.health = !strcmp(rest, "warning") ? SWK_WARNING : SWK_CRITICAL;
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
 * Words: an instance; `web`: a service of the list; `web?`: with an instance that can't be read;
 * `web~`: that could not be asked about; `?`: an instance that can't be read, of who knows what.
 */
static struct swk_services registry(const char *text, const struct swk_policy *policy,
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
			services.unsure = true;
		} else if (last == '?' || last == '~') {
			word[strlen(word) - 1] = '\0';
			service = swk_services_get(&services, word, &error);
			assert_non_null(service);
			if (last == '?')
				service->unsure = true;
			else
				service->unasked = true;
		} else if (*word) {
			assert_int_equal(
				swk_policy_service(&services, policy, word, report, &error), 0);
		}
	}
	free(copy);
	return services;
}

/* What is noted, but for details: a letter a note. */
static const char *noted(const struct swk_report *report)
{
	static const char letters[SWK_NOTE_KINDS] = {
		[SWK_NOTE_SKIPPED] = 's', [SWK_NOTE_KEPT] = 'k',    [SWK_NOTE_WARNING] = 'w',
		[SWK_NOTE_HELD] = 'h',	  [SWK_NOTE_UNASKED] = 'u', [SWK_NOTE_OWED] = 'o',
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

/* Whether a note, of any kind, has this in it. */
static bool says(const struct swk_report *report, const char *part)
{
	for (size_t i = 0; i < report->note_count; i++) {
		if (strstr(report->notes[i].text, part))
			return true;
	}
	return false;
}

/* A row; what it doesn't say is nothing. */
struct decision {
	const char *row;
	const char *config;
	const char *have, *registry;
	bool complete;
	const char *foreign;
	const char *wanted, *noted, *says;
};

static const char *or_nothing(const char *text)
{
	return text ? text : "";
}

static void decide(const struct decision *rows, size_t count)
{
	for (size_t i = 0; i < count; i++) {
		const struct decision *row = &rows[i];
		struct swk_report report = {0};
		struct swk_upstreams have = unit_upstreams(or_nothing(row->have)), wanted = {0};
		struct swk_settings settings = settings_of(row->config);
		struct swk_policy policy = policy_of(&settings);
		struct swk_services services = registry(row->registry, &policy, &report),
				    none = {0};
		const struct swk_sources sources = {.services = {&services, row->complete},
						    .keys = {&none, false}};
		struct swk_names foreign = unit_names(or_nothing(row->foreign));
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(
			swk_decide(&policy, &have, &sources, &foreign, &wanted, &report, &error),
			0);
		shown = unit_show(&wanted);
		unit_same(row->row, shown, row->wanted);
		unit_same(row->row, noted(&report), or_nothing(row->noted));
		if (row->says && !says(&report, row->says))
			fail_msg("%s: no note says '%s'", row->row, row->says);
		free(shown);
		shown = unit_show(&have);
		unit_same("what we have is not touched", shown, or_nothing(row->have));
		free(shown);
		swk_names_free(&foreign);
		swk_services_free(&services);
		swk_upstreams_free(&have);
		swk_upstreams_free(&wanted);
		swk_report_free(&report);
		swk_settings_free(&settings);
	}
}

/* ---- instances ---- */

static void instances_become_upstreams(void **state)
{
	static const struct decision rows[] = {
		{.row = "none", .registry = "", .wanted = ""},
		{.row = "sorted, each once",
		 .registry = "web@10.0.0.10:80 web@10.0.0.2:80 web@::1:80 web@10.0.0.2:80",
		 .wanted = "web: 10.0.0.2:80 10.0.0.10:80 [::1]:80"},
		{.row = "only those that pass",
		 .registry = "web@10.0.0.1:80 web@10.0.0.2:80!warning web@10.0.0.3:80!critical",
		 .wanted = "web: 10.0.0.1:80",
		 .says = "is warning"},
		{.row = "none that passes", .registry = "web@10.0.0.1:80!critical", .wanted = ""},
		{.row = "consul itself", .registry = "consul@10.0.0.1:80 consul", .wanted = ""},
		{.row = "two that differ in more than case",
		 .registry = "web@10.0.0.1:80 api@10.0.0.2:80",
		 .wanted = "api: 10.0.0.2:80; web: 10.0.0.1:80"},
		{.row = "a name that can't be one",
		 .registry = "we;b@10.0.0.1:80 web@10.0.0.2:80",
		 .wanted = "web: 10.0.0.2:80",
		 .noted = "s",
		 .says = "service 'we;b': skipped: its name"},
		{.row = "such a name in the list", .registry = "_web", .wanted = "", .noted = "s"},
		/* addresses and ports */
		{.row = "no literal",
		 .registry = "web@10.0.0.1:80 web@backend.example:80 web@:80 web@0.0.0.0:80",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "sss",
		 .says = "service 'web': instance 0 ('w1' on node 'n1') skipped: no IPv4 or IPv6 "
			 "address: 'backend.example'"},
		{.row = "not one word but code",
		 .registry = "web@10.0.0.1;include:80",
		 .wanted = "",
		 .noted = "s"},
		{.row = "the first and the last port",
		 .registry = "web@10.0.0.1:1 web@10.0.0.1:65535",
		 .wanted = "web: 10.0.0.1:1 10.0.0.1:65535"},
		{.row = "no port",
		 .registry = "web@10.0.0.1:0 web@10.0.0.1:65536 web@10.0.0.1:-80 "
			     "web@10.0.0.1:80.5 web@10.0.0.1:4294967376 web@10.0.0.1:1e300 "
			     "web@10.0.0.1:0.5 web@10.0.0.1:nan",
		 .wanted = "",
		 .noted = "ssssssss",
		 .says = "no port from 1 to 65535: '80.5'"},
		{.row = "one more than the last port",
		 .registry = "web@10.0.0.1:65536",
		 .wanted = "",
		 .noted = "s",
		 .says = "no port from 1 to 65535: '65536'"},
		{.row = "what can't be used is noted even if it doesn't pass",
		 .registry = "web@nowhere:80!critical",
		 .wanted = "",
		 .noted = "s"},
		/* the interface's own ports, at which nobody may be published on loopback */
		{.row = "a reserved port",
		 .registry = "web@127.0.0.1:18882 web@127.1.2.3:18881 web@::1:18882 "
			     "web@::ffff:127.0.0.1:18882 web@::ffff:0.0.0.0:18882",
		 .wanted = "",
		 .noted = "sssss",
		 .says = "dynamic interface may be there: '[::1]:18882'"},
		{.row = "the port elsewhere, and other ports on loopback",
		 .registry = "web@10.0.0.1:18882 web@127.0.0.1:18883 web@::1:80",
		 .wanted = "web: 10.0.0.1:18882 127.0.0.1:18883 [::1]:80"},
		/* colours */
		{.row = "each colour has its own",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80+gray=b web@10.0.0.3:80+x",
		 .wanted = "web: 10.0.0.3:80; web_a<web gray=a>: 10.0.0.1:80; "
			   "web_b<web gray=b>: 10.0.0.2:80"},
		{.row = "no colour",
		 .registry = "web@10.0.0.1:80+gray= web@10.0.0.2:80+gray=default "
			     "web@10.0.0.3:80+gray web@10.0.0.4:80+Gray=a web@10.0.0.5:80+grays=a",
		 .wanted = "web: 10.0.0.1:80 10.0.0.2:80 10.0.0.3:80 10.0.0.4:80 10.0.0.5:80"},
		{.row = "two colours, and one of them twice",
		 .registry = "web@10.0.0.1:80+gray=a+x+gray=b+gray=a",
		 .wanted = "web_a<web gray=a>: 10.0.0.1:80; web_b<web gray=b>: 10.0.0.1:80"},
		{.row = "a colour and none",
		 .registry = "web@10.0.0.1:80+gray=a+gray=default",
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "a colour that may not start a name may follow in one",
		 .registry = "web@10.0.0.1:80+gray=-a",
		 .wanted = "web_-a<web gray=-a>: 10.0.0.1:80"},
		{.row = "a colour that can't be one, alone",
		 .registry = "web@10.0.0.1:80+gray=a;b",
		 .wanted = "",
		 .noted = "s",
		 .says = "can't be part of an upstream's name: tag 'gray=a;b'"},
		{.row = "and beside a good one",
		 .registry = "web@10.0.0.1:80+gray=a=b+gray=c",
		 .wanted = "web_c<web gray=c>: 10.0.0.1:80",
		 .noted = "s"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

static void settings_reach_the_upstream(void **state)
{
	struct swk_settings settings = settings_of("{\"defaults\": {\"max_fails\": 3, "
						   "\"fail_timeout\": 2, \"keepalive\": 20}}");
	const struct swk_policy policy = {.settings = &settings};
	struct swk_report report = {0};
	struct swk_services services =
		registry("web@10.0.0.1:80 web@10.0.0.2:80+gray=a", &policy, &report);
	struct swk_service *service = swk_services_find(&services, "web");
	char *shown;

	(void)state;
	assert_non_null(service);
	assert_int_equal(service->instances, 2);
	shown = unit_show(&service->upstreams);
	assert_string_equal(
		shown, "web: 10.0.0.1:80,max_fails=3,fail_timeout=2 keepalive=20; "
		       "web_a<web gray=a>: 10.0.0.2:80,max_fails=3,fail_timeout=2 keepalive=20");
	free(shown);
	swk_settings_free(&settings);
	swk_services_free(&services);
	swk_report_free(&report);
}

static void name_with_colour_at_the_limit(void **state)
{
	(void)state;
	for (size_t over = 0; over < 2; over++) {
		for (size_t length = 1; length < SWK_NAME_MAX - 1; length += 17) {
			char *name = unit_repeat('s', length),
			     *colour = unit_repeat('c', SWK_NAME_MAX - 1 - length + over), *text;
			struct swk_report report = {0};
			struct swk_services services;

			assert_true(asprintf(&text, "%s@10.0.0.1:80+gray=%s", name, colour) > 0);
			services = registry(text, &plain, &report);
			assert_int_equal(services.list[0].upstreams.count, !over);
			assert_int_equal(report.counted[SWK_NOTE_SKIPPED], over);
			if (!over)
				assert_int_equal(strlen(services.list[0].upstreams.list[0].name),
						 SWK_NAME_MAX);
			swk_services_free(&services);
			swk_report_free(&report);
			free(text);
			free(name);
			free(colour);
		}
	}
}

static void proxies_are_no_instances(void **state)
{
	const struct swk_instance proxy = {.service = "web",
					   .id = "w1",
					   .node = "n1",
					   .address = "10.0.0.1",
					   .node_address = "",
					   .port = 80,
					   .proxy = true};
	struct swk_services services = {0};
	struct swk_report report = {0};
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(swk_policy_instance(&services, &plain, &proxy, &report, &error), 0);
	assert_int_equal(services.count, 0);
	assert_int_equal(report.note_count, 0);
}

static void notes_are_one_line(void **state)
{
	struct swk_report report = {0};
	struct swk_services services = registry("web@a\nb:80 we\nb", &plain, &report);

	(void)state;
	assert_int_equal(report.note_count, 2);
	assert_true(says(&report, "'a\\x0ab'"));
	assert_true(says(&report, "'we\\x0ab'"));
	swk_services_free(&services);
	swk_report_free(&report);
}

/* ---- what stays and what goes ---- */

static void stays_and_goes(void **state)
{
	static const struct decision rows[] = {
		{.row = "as it is",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80",
		 .wanted = "web: 10.0.0.1:80"},
		{.row = "another server",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80",
		 .wanted = "web: 10.0.0.2:80"},
		{.row = "a colour has registered instances, none healthy",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 web@10.0.0.3:80+gray=a!critical",
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web_a: kept with its last 1 server: none of its instances"},
		{.row = "the same for the one without colour",
		 .have = "web: 10.0.0.1:80 10.0.0.4:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80!warning web@10.0.0.2:80+gray=a",
		 .wanted = "web: 10.0.0.1:80 10.0.0.4:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web: kept with its last 2 servers"},
		{.row = "healthy, but none can be used",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@nowhere:80",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "sk"},
		{.row = "a colour has no registered instance, its service has others",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80",
		 .wanted = "web: 10.0.0.1:80"},
		{.row = "its service has others, though not healthy",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80!critical",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "the service has moved to a colour",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.1:80+gray=a",
		 .wanted = "web_a<web gray=a>: 10.0.0.1:80"},
		{.row = "no instance left, but the list has it",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web",
		 .complete = true,
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "kk",
		 .says = "its service has no instance registered"},
		{.row = "no instance left, as only its own document says",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "k"},
		{.row = "the list no longer has it",
		 .have = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.9:80",
		 .complete = true,
		 .wanted = "api: 10.0.0.9:80"},
		{.row = "a document of another service says nothing of it",
		 .have = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.8:80",
		 .wanted = "api: 10.0.0.8:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80"},
		{.row = "could not be asked about",
		 .have = "api: 10.0.0.9:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "api@10.0.0.8:80 web~",
		 .complete = true,
		 .wanted = "api: 10.0.0.8:80; web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "kk",
		 .says = "Consul could not be asked about its service"},
		{.row = "could not be asked about, and there is nothing to keep",
		 .registry = "web~",
		 .complete = true,
		 .wanted = ""},
		/* what can't be read */
		{.row = "a colour to which what can't be read may belong",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 web?",
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k",
		 .says = "upstream web_a: kept with its last 1 server: an instance that can't be "
			 "read may belong to it"},
		{.row = "or of any service",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 ?",
		 .wanted = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .noted = "k"},
		{.row = "none that can be read",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web?",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "k",
		 .says = "its service has no instance that can be read"},
		{.row = "of another service",
		 .have = "web: 10.0.0.1:80; web_a<web gray=a>: 10.0.0.2:80",
		 .registry = "web@10.0.0.1:80 api?",
		 .wanted = "web: 10.0.0.1:80"},
		{.row = "those that can be read are served",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80 web?",
		 .wanted = "web: 10.0.0.2:80"},
		/* case */
		{.row = "a service whose name differs in case is another",
		 .have = "web: 10.0.0.1:80",
		 .registry = "Web",
		 .wanted = "web: 10.0.0.1:80"},
		/* attributes: what is kept stays as it is */
		{.row = "of a source that is not known, in a document of another",
		 .have = "api<>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80",
		 .wanted = "api<>: 10.0.0.9:80; web: 10.0.0.1:80"},
		{.row = "kept with all it has",
		 .have = "web: 10.0.0.1:80,weight=5,backup keepalive=7",
		 .registry = "web",
		 .wanted = "web: 10.0.0.1:80,weight=5,backup keepalive=7",
		 .noted = "k"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* ---- where an upstream comes from that doesn't say so ---- */

static void sources_are_found(void **state)
{
	static const struct {
		const char *have, *registry;
		bool complete;
		const char *found;
	} rows[] = {
		/* what is known stays, whatever there is */
		{"a: 10.0.0.1:80; x<y gray=z>: 10.0.0.1:80", "x@10.0.0.1:80", true,
		 "a: 10.0.0.1:80; x<y gray=z>: 10.0.0.1:80"},
		/* a service, with instances or without, and a colour of one */
		{"web<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "web: 10.0.0.1:80"},
		{"web<>: 10.0.0.1:80", "web", false, "web: 10.0.0.1:80"},
		{"web<>: 10.0.0.1:80", "web~", true, "web: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web@10.0.0.1:80+gray=a!critical", false,
		 "web_a<web gray=a>: 10.0.0.1:80"},
		{"WEB<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "WEB<web>: 10.0.0.1:80"},
		/* neither: left open, or, when all is known, a colour that no instance shows */
		{"api<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "api<>: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web@10.0.0.1:80", false, "web_a<>: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web@10.0.0.1:80", true, "web_a<web gray=a>: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web~", true, "web_a<web gray=a>: 10.0.0.1:80"},
		{"web_a_b<>: 10.0.0.1:80", "web_a web", true, "web_a_b<web_a gray=b>: 10.0.0.1:80"},
		{"web_a_b<>: 10.0.0.1:80", "WEB_A web", true, "web_a_b<WEB_A gray=b>: 10.0.0.1:80"},
		{"web_a<>: 10.0.0.1:80", "web_a web", true, "web_a: 10.0.0.1:80"},
		/* or of a service that is gone */
		{"api<>: 10.0.0.1:80", "web@10.0.0.1:80", true, "api: 10.0.0.1:80"},
		{"web_<>: 10.0.0.1:80", "web", true, "web_: 10.0.0.1:80"},
		{"website<>: 10.0.0.1:80", "web", true, "website: 10.0.0.1:80"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_upstreams have = unit_upstreams(rows[i].have);
		struct swk_report report = {0};
		struct swk_services services = registry(rows[i].registry, &plain, &report);
		struct swk_error error = {0};
		char *shown;

		assert_int_equal(swk_policy_find_sources(&have, &plain_settings, &services,
							 rows[i].complete, &error),
				 0);
		shown = unit_show(&have);
		unit_same(rows[i].have, shown, rows[i].found);
		free(shown);
		swk_upstreams_free(&have);
		swk_services_free(&services);
		swk_report_free(&report);
	}
}

/* ---- whose a name is ---- */

static void collisions(void **state)
{
	static const struct decision rows[] = {
		{.row = "nobody's yet: the service whose own name it is",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .wanted = "web_a: 10.0.0.2:80",
		 .noted = "s",
		 .says = "upstream web_a of service web, tag gray=a: skipped: the name is taken by "
			 "service web_a"},
		{.row = "recorded for the colour",
		 .have = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .wanted = "web_a<web gray=a>: 10.0.0.1:80",
		 .noted = "s",
		 .says = "upstream web_a of service web_a: skipped: the name is taken by service "
			 "web, tag gray=a"},
		{.row = "recorded for the service",
		 .have = "web_a: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .wanted = "web_a: 10.0.0.2:80",
		 .noted = "s"},
		{.row = "recorded for the colour, and kept",
		 .have = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a!critical web_a@10.0.0.2:80",
		 .wanted = "web_a<web gray=a>: 10.0.0.9:80",
		 .noted = "ks"},
		{.row = "recorded for one of which the document doesn't speak",
		 .have = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web_a@10.0.0.2:80",
		 .wanted = "web_a<web gray=a>: 10.0.0.9:80",
		 .noted = "s"},
		{.row = "recorded for one that is gone",
		 .have = "web_a<web gray=a>: 10.0.0.9:80",
		 .registry = "web_a@10.0.0.2:80",
		 .complete = true,
		 .wanted = "web_a: 10.0.0.2:80"},
		{.row = "two colours: the first service in byte order",
		 .registry = "a_b@10.0.0.1:80+gray=c a@10.0.0.2:80+gray=b_c",
		 .wanted = "a_b_c<a gray=b_c>: 10.0.0.2:80",
		 .noted = "s"},
		{.row = "three of them",
		 .registry = "a_b@10.0.0.1:80+gray=c a@10.0.0.2:80+gray=b_c A_b_c@10.0.0.3:80",
		 .wanted = "A_b_c: 10.0.0.3:80",
		 .noted = "ss"},
		{.row = "names that differ in case: the first in byte order",
		 .registry = "web@10.0.0.1:80 WEB@10.0.0.2:80 Web@10.0.0.3:80",
		 .wanted = "WEB: 10.0.0.2:80",
		 .noted = "ss",
		 .says = "upstream web of service web: skipped: the name is taken by service WEB "
			 "(nginx tells no case apart)"},
		{.row = "names that differ in case: the one that is recorded",
		 .have = "web: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80 WEB@10.0.0.2:80",
		 .wanted = "web: 10.0.0.1:80",
		 .noted = "s"},
		{.row = "colours that differ in case",
		 .have = "web_b<web gray=b>: 10.0.0.9:80",
		 .registry = "web@10.0.0.1:80+gray=a web@10.0.0.2:80+gray=A web@10.0.0.3:80+gray=b "
			     "web@10.0.0.4:80+gray=B",
		 .wanted = "web_A<web gray=A>: 10.0.0.2:80; web_b<web gray=b>: 10.0.0.3:80",
		 .noted = "ss"},
		{.row = "one that has no server claims nothing",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80!critical",
		 .wanted = "web_a<web gray=a>: 10.0.0.1:80"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

static void foreign_names(void **state)
{
	static const struct decision rows[] = {
		{.row = "a new name that others made",
		 .registry = "api@10.0.0.1:80 web@10.0.0.2:80",
		 .foreign = "other WEB",
		 .wanted = "api: 10.0.0.1:80",
		 .noted = "h",
		 .says = "upstream web of service web: held back"},
		{.row = "a name that the file has is ours",
		 .have = "web: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80",
		 .foreign = "web",
		 .wanted = "web: 10.0.0.2:80"},
		{.row = "also for a new source",
		 .have = "web_a: 10.0.0.1:80",
		 .registry = "web@10.0.0.2:80+gray=a",
		 .complete = true,
		 .foreign = "web_a",
		 .wanted = "web_a<web gray=a>: 10.0.0.2:80"},
		{.row = "one that collides is held back as well",
		 .registry = "web@10.0.0.1:80+gray=a web_a@10.0.0.2:80",
		 .foreign = "web_a",
		 .wanted = "",
		 .noted = "hh"},
	};

	(void)state;
	decide(rows, COUNT(rows));
}

/* Many services of which each has a colour, in an order that is none. */
static void many_services(void **state)
{
	struct swk_upstreams have = {0}, wanted = {0};
	struct swk_services services = {0};
	struct swk_services none = {0};
	const struct swk_sources sources = {{&services, false}, {&none, false}};
	struct swk_names foreign = {0};
	struct swk_report report = {0};
	struct swk_error error = {0};

	(void)state;
	for (unsigned i = 0; i < 500; i++) {
		char text[128];

		(void)snprintf(text, sizeof(text),
			       "s%u: 10.0.0.1:80; s%u_a<s%u gray=a>: 10.0.0.2:80", i, i, i);
		unit_append(&have, text);
	}
	assert_null(swk_upstreams_sort(&have));
	/* Of every third nothing is known, and every fifth has no colour any more. */
	for (unsigned n = 0; n < 500; n++) {
		unsigned i = n * 7 % 500;
		char word[64];

		(void)snprintf(word, sizeof(word), "s%u@10.0.0.1:80", i);
		if (i % 3)
			add_instance(&services, &plain, word, &report);
		(void)snprintf(word, sizeof(word), "s%u@10.0.0.2:80+gray=a", i);
		if (i % 3 && i % 5)
			add_instance(&services, &plain, word, &report);
	}
	assert_int_equal(swk_decide(&plain, &have, &sources, &foreign, &wanted, &report, &error),
			 0);
	for (unsigned i = 0; i < 500; i++) {
		char name[32];

		(void)snprintf(name, sizeof(name), "s%u", i);
		unit_number(name, swk_upstreams_find(&wanted, name) != NULL, 1);
		(void)snprintf(name, sizeof(name), "s%u_a", i);
		unit_number(name, swk_upstreams_find(&wanted, name) != NULL, !(i % 3) || i % 5);
	}
	swk_services_free(&services);
	swk_upstreams_free(&have);
	swk_upstreams_free(&wanted);
	swk_report_free(&report);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(instances_become_upstreams),
		cmocka_unit_test(settings_reach_the_upstream),
		cmocka_unit_test(name_with_colour_at_the_limit),
		cmocka_unit_test(proxies_are_no_instances),
		cmocka_unit_test(notes_are_one_line),
		cmocka_unit_test(stays_and_goes),
		cmocka_unit_test(sources_are_found),
		cmocka_unit_test(collisions),
		cmocka_unit_test(foreign_names),
		cmocka_unit_test(many_services),
	};

	int failed;

	plain_settings = settings_of(NULL);
	plain = policy_of(&plain_settings);
	failed = cmocka_run_group_tests_name("policy", tests, NULL, NULL);
	swk_settings_free(&plain_settings);
	return failed;
}
