/* SPDX-License-Identifier: MIT */
#include "settings/options.h"

#include <ctype.h>
#include <errno.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "settings/config.h"

/* For an option that is a member of struct swk_options. The others are settings. */
#define FLAG(member) (offsetof(struct swk_options, member) + 1)

enum {
	APPLY = SWK_COMMAND_APPLY,
	RESUME = SWK_COMMAND_RESUME,
	UNDO = SWK_COMMAND_UNDO,
	/* Commands that may ask all hosts of a fleet, except `wait`, which has its own time. */
	ASKING = SWK_COMMAND_DRAIN | SWK_COMMAND_FLEET | SWK_COMMAND_RESYNC,
	/* Settings that are the same in each run. Commands that only read need them, too. */
	LASTING = SWK_COMMAND_APPLY | SWK_COMMAND_EXPLAIN | SWK_COMMAND_RESUME |
		  SWK_COMMAND_WATCHES | SWK_COMMAND_STATUS | SWK_COMMAND_WAIT | SWK_COMMAND_DRAIN |
		  SWK_COMMAND_RESYNC,
	/* Those that make requests to Consul only. */
	CONSUL = SWK_COMMAND_UNDRAIN | SWK_COMMAND_FLEET,
	/* Those that the time of a run limits. */
	LIMITED = (LASTING & ~ASKING) | SWK_COMMAND_UNDO | SWK_COMMAND_HOLD | SWK_COMMAND_RELOAD,
	/* Those that read or write the conf file, or what is next to it. */
	WITH_FILE = LASTING | SWK_COMMAND_UNDO | SWK_COMMAND_HOLD | SWK_COMMAND_LINT |
		    SWK_COMMAND_RELOAD | SWK_COMMAND_HISTORY,
	/* Those that print a table in colours. */
	TABLES = SWK_COMMAND_STATUS | SWK_COMMAND_FLEET,
	LISTINGS = TABLES | SWK_COMMAND_HISTORY,
	/* Those that act on one host or on all. */
	CHOOSING = SWK_COMMAND_DRAIN | SWK_COMMAND_RESYNC | SWK_COMMAND_WAIT,
	/* Options that `swk watches` may pass to handlers. */
	HANDLER = SWK_COMMAND_APPLY | SWK_COMMAND_WATCHES,
	WATCHES = SWK_COMMAND_WATCHES,
	ALL = LASTING | CONSUL | SWK_COMMAND_CHECK | SWK_COMMAND_UNDO | SWK_COMMAND_HOLD |
	      SWK_COMMAND_LINT | SWK_COMMAND_RELOAD | SWK_COMMAND_HISTORY,
	/* Commands that take one word besides options, and those that take several. */
	WITH_WORD = SWK_COMMAND_EXPLAIN | SWK_COMMAND_CHECK | SWK_COMMAND_UNDO | SWK_COMMAND_HOLD |
		    SWK_COMMAND_LINT | SWK_COMMAND_DRAIN | SWK_COMMAND_UNDRAIN |
		    SWK_COMMAND_HISTORY,
	LISTS = SWK_COMMAND_STATUS | SWK_COMMAND_WAIT | SWK_COMMAND_RELOAD,
};

static const struct option_entry {
	char letter;
	unsigned commands;    /* the commands that take the option */
	const char *name;     /* of the option and the setting; the variable is SWK_NAME */
	const char *argument; /* NULL: the option is a flag */
	size_t flag;
	const char *help;
} table[] = {
	{'C', ALL, "config", "FILE", 0,
	 "the settings file; see swk.json(5)\n(default " SWK_CONFIG_FILE ")"},
	{'c', WITH_FILE, "conf", "FILE", 0,
	 "the file of all upstreams, which nginx includes\n(default "
	 "/etc/nginx/conf.d/dyups.upstream.conf)"},
	{'d', LASTING | UNDO, "dyups", "URL", 0,
	 "a dyups interface; may be repeated\n(default http://127.0.0.1:18882)"},
	{'t', LASTING | CONSUL, "token-file", "FILE", 0, "the file that holds Consul's token"},
	{'s', APPLY, "service", "NAME", 0, "the service that the document must be about"},
	{'m', LASTING, "min-services", "N", 0,
	 "change nothing if Consul lists fewer services\n(default 0)"},
	{'f', LASTING, "max-fails", "N", 0, "max_fails of each server (default 3)"},
	{'F', LASTING, "fail-timeout", "T", 0, "fail_timeout of each server (default 2s)"},
	{'k', LASTING, "keepalive", "N", 0, "keepalive of each upstream; 0: none (default 20)"},
	{'D', LASTING, "max-deletions", "PERCENT", 0,
	 "one run deletes at most this share of the\nupstreams (default 50)"},
	{'H', LASTING, "min-healthy", "N", 0,
	 "keep the last servers of an upstream with\nfewer usable instances, or fewer than N%"},
	{'i', LASTING | UNDO, "read-interval", "SECONDS", 0,
	 "dyups_read_msg_timeout of nginx (default 1)"},
	{'T', LIMITED, "timeout", "SECONDS", 0, "the run ends after this time (default 30)"},
	{'T', SWK_COMMAND_DRAIN, "timeout", "TIME", 0,
	 "how long to wait for all hosts, such as 90s or\n2m (default 60s)"},
	{'T', SWK_COMMAND_RESYNC, "timeout", "TIME", 0,
	 "when the run ends (default 30s); with --fleet,\nhow long to wait for all hosts (default "
	 "60s)"},
	{'T', SWK_COMMAND_FLEET, "timeout", "TIME", 0,
	 "how long to wait for all hosts (default 3s)"},
	{'G', CHOOSING, "fleet", NULL, FLAG(fleet),
	 "on all hosts that are registered as swk-apply"},
	{'X', CHOOSING, "without", "HOST", 0,
	 "with --fleet: do not await this host, by the name\nof its node; may be repeated"},
	{'A', SWK_COMMAND_DRAIN | SWK_COMMAND_UNDRAIN, "agent", "ADDRESS", 0,
	 "where the instance is registered: HOST:PORT or\na URL (default: this host's agent)"},
	{'g', SWK_COMMAND_DRAIN, "grace", "TIME", 0,
	 "how long to wait for open connections\n(default 10s)"},
	{'b', UNDO, "to", "POINT", 0,
	 "restore the file as it was at a time, or after\nthe change with this number"},
	{'S', SWK_COMMAND_HISTORY, "since", "TIME", 0, "show changes since then: 1h, or a date"},
	{'r', APPLY, "resync", NULL, 0, "read no document; update all services"},
	{'R', APPLY, "requests", NULL, FLAG(settings.requests),
	 "the document has requests of the fleet"},
	{'n', APPLY | UNDO | RESUME, "dry-run", NULL, 0,
	 "print what would change, and change nothing"},
	{'w', HANDLER | UNDO | RESUME, "verify", NULL, 0,
	 "read each proxy again after sending\n(--resync does)"},
	{'x', APPLY | RESUME, "force", NULL, 0, "allow more deletions, this time"},
	{'a', APPLY | RESUME, "adopt", NULL, 0,
	 "take over a file and upstreams that swk-apply\ndid not write"},
	{'j', HANDLER | UNDO | RESUME | SWK_COMMAND_LINT | LISTINGS, "json", NULL, FLAG(json),
	 "print JSON"},
	{'P', SWK_COMMAND_STATUS, "html", NULL, FLAG(html), "print a page of HTML"},
	{'W', APPLY, "consul-watch", NULL, FLAG(settings.consul_watch),
	 "exit with 0 unless the status is 64, 70 or 78;\n'consul watch' ends at any other"},
	{'K', TABLES, "color", "auto|always|never", FLAG(color), "colours; auto: on a terminal"},
	{'l', HANDLER | UNDO | RESUME, "syslog", NULL, FLAG(syslog), "log to syslog too"},
	{'L', HANDLER, "log-format", "FORMAT", 0, "format of messages: text, logfmt or json"},
	{'M', HANDLER, "metrics-file", "FILE", 0,
	 "write metrics for node_exporter; the name\nends in .prom"},
	{'q', HANDLER | UNDO | RESUME, "quiet", NULL, FLAG(quiet), "print errors only"},
	{'v', LASTING | UNDO, "verbose", NULL, FLAG(verbose), "print more"},
	{'o', WATCHES, "write", "DIR", 0,
	 "write DIR/swk-watches.json, and print its name\nif it changed"},
	{'h', ALL, "help", NULL, FLAG(help), "print this"},
	{'V', ALL, "version", NULL, FLAG(version), "print the version"},
};

#define OPTIONS (sizeof(table) / sizeof(*table))

/* The options on the command line, in their order. */
struct words {
	struct word {
		const struct option_entry *entry;
		const char *value;
	} * list;
	size_t count;
};

int swk_options_describe(struct swk_buffer *out, enum swk_command command, struct swk_error *error)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		char option[64];
		const char *help = table[i].help, *line = strchr(help, '\n');

		if (!(table[i].commands & command))
			continue;
		(void)snprintf(option, sizeof(option), "%s%s%s", table[i].name,
			       table[i].argument ? " " : "",
			       table[i].argument ? table[i].argument : "");
		if (swk_buffer_print(out, error, "  -%c, --%-22s %.*s\n", table[i].letter, option,
				     (int)strcspn(help, "\n"), help) ||
		    (line && swk_buffer_print(out, error, "%31s%s\n", "", line + 1)))
			return error->status;
	}
	return 0;
}

void swk_options_free(struct swk_options *options)
{
	swk_settings_free(&options->settings);
	swk_texts_free(&options->handed);
	swk_texts_free(&options->without);
	free(options->config);
	options->config = NULL;
}

static const struct option_entry *entry_of(int letter, enum swk_command command)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		if (table[i].letter == letter && table[i].commands & command)
			return &table[i];
	}
	return NULL;
}

static bool is(const struct option_entry *entry, const char *name)
{
	return !strcmp(entry->name, name);
}

static int set_color(enum swk_color *color, const char *value, const char *where,
		     struct swk_error *error)
{
	static const char *const words[] = {
		[SWK_COLOR_AUTO] = "auto",
		[SWK_COLOR_ALWAYS] = "always",
		[SWK_COLOR_NEVER] = "never",
	};

	for (size_t i = 0; i < sizeof(words) / sizeof(*words); i++) {
		if (strcmp(value, words[i]) != 0)
			continue;
		*color = (enum swk_color)i;
		return 0;
	}
	return swk_error_set(error, SWK_USAGE, "%s: '%s' is not auto, always or never", where,
			     value);
}

/* A time to wait, in the words of the settings. */
static int set_time(unsigned *seconds, const char *value, unsigned least, const char *where,
		    struct swk_error *error)
{
	const struct swk_field field = {
		.type = SWK_SECONDS, .least = least, .most = SWK_WAIT_SECONDS_MAX};

	return swk_field_set(&field, seconds, value, where, error);
}

/* Whether the option is about this one call of a command, so that no variable may set it. */
static bool is_of_call(const struct option_entry *entry)
{
	return is(entry, "help") || is(entry, "version") || is(entry, "write") ||
	       is(entry, "fleet") || is(entry, "without") || is(entry, "agent") ||
	       is(entry, "to") || is(entry, "since") ||
	       (entry->argument && !strcmp(entry->argument, "TIME"));
}

static int set_of_call(struct swk_options *options, const struct option_entry *entry,
		       const char *value, const char *where, struct swk_error *error)
{
	if (is(entry, "without"))
		return swk_texts_add(&options->without, value, error);
	if (is(entry, "agent"))
		options->agent = value;
	else if (is(entry, "to"))
		options->to = value;
	else if (is(entry, "since"))
		options->since = value;
	else if (is(entry, "grace"))
		return set_time(&options->grace, value, 0, where, error);
	else if (is(entry, "timeout"))
		return set_time(&options->patience, value, 1, where, error);
	else
		options->write = value;
	return 0;
}

static int set(struct swk_options *options, const struct option_entry *entry, const char *value,
	       const char *where, struct swk_error *error)
{
	if (is(entry, "config"))
		return 0;
	if (is_of_call(entry) && !entry->flag)
		return set_of_call(options, entry, value, where, error);
	if (is(entry, "color"))
		return set_color(&options->color, value, where, error);
	if (!entry->flag)
		return swk_settings_set(&options->settings, entry->name, value, where, error);
	return swk_flag_read(value, where, (bool *)(void *)((char *)options + entry->flag - 1),
			     error);
}

static const char *variable(const struct option_entry *entry, char name[64])
{
	size_t length = (size_t)snprintf(name, 64, "SWK_");
	const char *value;

	for (const char *at = entry->name; *at; at++)
		name[length++] = (char)(*at == '-' ? '_' : toupper((unsigned char)*at));
	name[length] = '\0';
	value = getenv(name);
	return value && *value ? value : NULL;
}

static int set_from_environment(struct swk_options *options, enum swk_command command,
				struct swk_error *error)
{
	for (size_t i = 0; i < OPTIONS; i++) {
		char name[64];
		const char *value = variable(&table[i], name);

		/* A variable must not replace a run by one of these. */
		if (value && table[i].commands & command && !is_of_call(&table[i]))
			(void)set(options, &table[i], value, name, error);
	}
	return error->status;
}

/* Translates the table for getopt_long. `names` and `letters` must have room for all options. */
static void describe(enum swk_command command, struct option *names, char *letters)
{
	*letters++ = ':'; /* getopt returns `:` for a missing value, and prints nothing */
	for (size_t i = 0; i < OPTIONS; i++) {
		if (!(table[i].commands & command))
			continue;
		*names++ = (struct option){
			.name = table[i].name,
			.has_arg = table[i].argument ? required_argument : optional_argument,
			.val = table[i].letter,
		};
		*letters++ = table[i].letter;
		if (table[i].argument)
			*letters++ = ':';
	}
	*letters = '\0';
	*names = (struct option){0};
}

/* Sets the error for the option at which getopt stopped. The message names a long option's word,
 * but a short option's letter: the letter may be one of several in its word, and getopt may not
 * have moved past the word yet. */
static int refuse(int found, char **argv, struct swk_error *error)
{
	const char *word = argv[optind - 1];
	const char letter[] = {'-', (char)optopt, '\0'};

	if (found == ':' ? strncmp(word, "--", 2) != 0 : optopt != 0)
		word = letter;
	return swk_error_set(error, SWK_USAGE,
			     found == ':' ? "%s needs a value; see --help"
					  : "there is no option %s; see --help",
			     word);
}

static int read_words(struct words *words, enum swk_command command, int argc, char **argv,
		      struct swk_error *error)
{
	struct option names[OPTIONS + 1];
	char letters[2 * OPTIONS + 2];
	int found;

	describe(command, names, letters);
	opterr = 0;
	while ((found = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct option_entry *entry = entry_of(found, command);
		struct word *list = swk_list_grow(words->list, words->count, sizeof(*list));

		if (!list)
			return swk_error_memory(error);
		words->list = list;
		if (entry)
			list[words->count++] = (struct word){entry, optarg ? optarg : "1"};
		else
			(void)refuse(found, argv, error);
	}
	return error->status;
}

static int set_from_words(struct swk_options *options, const struct words *words,
			  struct swk_error *error)
{
	struct swk_buffer urls;
	char where[64];

	swk_buffer_init(&urls, SWK_DOCUMENT_MAX);
	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->list[i];

		(void)snprintf(where, sizeof(where), "--%s", word->entry->name);
		if (is(word->entry, "dyups"))
			(void)swk_buffer_print(&urls, error, "%s ", word->value);
		else
			(void)set(options, word->entry, word->value, where, error);
	}
	if (urls.length)
		(void)swk_settings_set(&options->settings, "dyups", urls.data, "--dyups", error);
	swk_buffer_free(&urls);
	return error->status;
}

/* A copy of the value, where a path of a file is absolute: an agent starts its handlers in its own
 * folder. NULL without memory. */
static char *found_anywhere(const struct word *word)
{
	char *folder = NULL, *value;

	if (!word->entry->argument || strcmp(word->entry->argument, "FILE") != 0 ||
	    word->value[0] == '/')
		return strdup(word->value);
	folder = getcwd(NULL, 0);
	if (!folder || asprintf(&value, "%s/%s", folder, word->value) < 0)
		value = NULL;
	free(folder);
	return value;
}

/* Adds an option and its value to those for handlers. */
static int hand_on_word(struct swk_texts *handed, const struct word *word, struct swk_error *error)
{
	char *value = found_anywhere(word);
	bool apart = word->entry->argument;
	char option[96]; /* room for a flag and its value */
	int status;

	if (!value)
		return swk_error_memory(error);
	(void)snprintf(option, sizeof(option), "--%s", word->entry->name);
	if (!apart && strcmp(value, "1") != 0)
		(void)snprintf(option, sizeof(option), "--%s=%s", word->entry->name, value);
	status = swk_texts_add(handed, option, error);
	if (!status && apart)
		status = swk_texts_add(handed, value, error);
	free(value);
	return status;
}

/* Collects the options for handlers: those that swk-apply takes, too. */
static int hand_on(struct swk_options *options, const struct words *words, struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < words->count; i++) {
		if (words->list[i].entry->commands & APPLY)
			status = hand_on_word(&options->handed, &words->list[i], error);
	}
	return status;
}

/* Reads the settings file that an option, variable or word names; else the default one, if it
 * exists. */
static int read_config(struct swk_options *options, enum swk_command command,
		       const struct words *words, struct swk_error *error)
{
	char name[64];
	const char *path = variable(entry_of('C', command), name);

	for (size_t i = 0; i < words->count; i++) {
		if (is(words->list[i].entry, "config"))
			path = words->list[i].value;
	}
	if (options->word && command == SWK_COMMAND_CHECK)
		path = options->word;
	if (!path && access(SWK_CONFIG_FILE, F_OK) && (errno == ENOENT || errno == ENOTDIR))
		return 0;
	options->config = strdup(path ? path : SWK_CONFIG_FILE);
	if (!options->config)
		return swk_error_memory(error);
	return swk_config_read(&options->settings, options->config, error);
}

/* Whether --help or --version is set. `--help=no` is not. */
static bool asks_for_text(const struct words *words)
{
	bool help = false, version = false;

	for (size_t i = 0; i < words->count; i++) {
		const struct word *word = &words->list[i];
		struct swk_error error = {0};

		if (is(word->entry, "help"))
			(void)swk_flag_read(word->value, "", &help, &error);
		if (is(word->entry, "version"))
			(void)swk_flag_read(word->value, "", &version, &error);
	}
	return help || version;
}

/* Takes the words that are not options: services, a file, or a reason. */
static int take_word(struct swk_options *options, enum swk_command command, int argc, char **argv,
		     struct swk_error *error)
{
	if (command & LISTS) {
		options->words = &argv[optind];
		options->word_count = (size_t)(argc - optind);
		return 0;
	}
	if (optind < argc && command & WITH_WORD)
		options->word = argv[optind++];
	if (optind == argc)
		return 0;
	return swk_error_set(
		error, SWK_USAGE,
		command == SWK_COMMAND_APPLY
			? "'%s': swk-apply reads its document from standard input only; see --help"
			: "'%s': unexpected argument; see --help",
		argv[optind]);
}

int swk_options_read(struct swk_options *options, enum swk_command command, int argc, char **argv,
		     struct swk_error *error)
{
	struct swk_error failure = {0}; /* of the settings file */
	struct words words = {0};
	char more[64] = "";

	*options = (struct swk_options){.grace = SWK_DRAIN_GRACE_S};
	/* After an error, read everything else too: it may say how and where to report the error.
	 * The first error owns the message. */
	if (swk_settings_init(&options->settings, error))
		goto out;
	(void)read_words(&words, command, argc, argv, error);
	(void)take_word(options, command, argc, argv, error);
	if (error->status || !asks_for_text(&words)) {
		(void)read_config(options, command, &words, &failure);
		(void)set_from_environment(options, command, error);
	}
	if (set_from_words(options, &words, error) ||
	    (command == SWK_COMMAND_WATCHES && hand_on(options, &words, error)))
		goto out;
	if (failure.status)
		(void)swk_error_set(error, failure.status, "%s", failure.text);
	if (options->settings.faults.count > 1)
		(void)snprintf(more, sizeof(more), " (%zu more: swk check-config lists all)",
			       options->settings.faults.count - 1);
	if (*more && command != SWK_COMMAND_CHECK && error->status == SWK_CONFIG)
		swk_error_add(error, more);
out:
	swk_settings_complete(&options->settings);
	free(words.list);
	return error->status;
}
