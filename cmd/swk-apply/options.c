/* SPDX-License-Identifier: MIT */
#include "options.h"

#include <ctype.h>
#include <getopt.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "buffer.h"

/* A flag of the command itself; what has none is a setting of that name. */
#define FLAG(member) (offsetof(struct swk_options, member) + 1)

static const struct option_entry {
	char letter;
	const char *name;     /* of the option, the setting, and as SWK_NAME of the variable */
	const char *argument; /* NULL: a yes-or-no */
	size_t flag;
	const char *help;
} table[] = {
	{'c', "conf", "FILE", 0,
	 "the file that nginx includes\n(default /etc/nginx/conf.d/dyups.upstream.conf)"},
	{'d', "dyups", "URL", 0,
	 "a dyups interface; may be repeated\n(default http://127.0.0.1:18882)"},
	{'t', "token-file", "FILE", 0, "the file that holds Consul's token"},
	{'s', "service", "NAME", 0, "the service that the document must be about"},
	{'m', "min-services", "N", 0,
	 "fewer services than this are an outage of\nthe registry (default 0)"},
	{'f', "max-fails", "N", 0, "max_fails of each server (default 3)"},
	{'F', "fail-timeout", "T", 0, "fail_timeout of each server (default 2s)"},
	{'k', "keepalive", "N", 0, "keepalive of each upstream; 0: none (default 20)"},
	{'D', "max-deletions", "PERCENT", 0,
	 "of our upstreams, one pass deletes no more\n(default 50)"},
	{'H', "min-healthy", "N", 0,
	 "an upstream with fewer usable instances, or\nfewer than N% of them, is kept as it was"},
	{'i', "read-interval", "SECONDS", 0, "dyups_read_msg_timeout of nginx (default 1)"},
	{'T', "timeout", "SECONDS", 0, "the whole run ends by then (default 30)"},
	{'r', "resync", NULL, 0, "read no document; bring all services in step"},
	{'n', "dry-run", NULL, 0, "print what would change, and change nothing"},
	{'w', "verify", NULL, 0,
	 "look again at what each worker has, once\nsomething was sent (--resync does)"},
	{'x', "force", NULL, 0, "let more deletions through, this once"},
	{'a', "adopt", NULL, 0, "take over a conf file and upstreams that\nswk-apply didn't make"},
	{'j', "json", NULL, FLAG(json), "print the report as a JSON object"},
	{'l', "syslog", NULL, FLAG(syslog), "say everything to syslog too"},
	{'q', "quiet", NULL, FLAG(quiet), "say errors only"},
	{'v', "verbose", NULL, FLAG(verbose), "say more"},
	{'h', "help", NULL, FLAG(help), "print this"},
	{'V', "version", NULL, FLAG(version), "print the version"},
};

#define OPTIONS (sizeof(table) / sizeof(*table))

void swk_options_help(void)
{
	(void)printf(
		"Usage: swk-apply [option]… < DOCUMENT\n"
		"       swk-apply --resync [option]…\n"
		"\n"
		"Reads the document of a Consul watch (service, services or checks), renders\n"
		"nginx's upstream file, and applies what changed through the dyups interface.\n"
		"\n");
	for (size_t i = 0; i < OPTIONS; i++) {
		char option[64];
		const char *help = table[i].help, *line;

		(void)snprintf(option, sizeof(option), "%s%s%s", table[i].name,
			       table[i].argument ? " " : "",
			       table[i].argument ? table[i].argument : "");
		(void)printf("  -%c, --%-20s %.*s\n", table[i].letter, option,
			     (int)strcspn(help, "\n"), help);
		line = strchr(help, '\n');
		if (line)
			(void)printf("%29s%s\n", "", line + 1);
	}
	(void)printf(
		"\nWhat takes no value takes =no, as in --verify=no.\n"
		"Each has a variable too: SWK_CONF for --conf, SWK_DRY_RUN=1 for --dry-run;\n"
		"SWK_DYUPS holds URLs separated by spaces. An option wins. Consul is reached as\n"
		"CONSUL_HTTP_ADDR and its kin say. See swk-apply(8).\n");
}

void swk_options_free(struct swk_options *options)
{
	swk_settings_free(&options->settings);
}

static int set(struct swk_options *options, const struct option_entry *entry, const char *value,
	       const char *where, struct swk_error *error)
{
	if (!entry->flag)
		return swk_settings_set(&options->settings, entry->name, value, where, error);
	return swk_settings_flag(value, where, (bool *)(void *)((char *)options + entry->flag - 1),
				 error);
}

static int read_environment(struct swk_options *options, struct swk_error *error)
{
	int status = 0;

	for (size_t i = 0; !status && i < OPTIONS; i++) {
		char name[64] = "SWK_";
		size_t length = strlen(name);
		const char *value;

		for (const char *at = table[i].name; *at; at++)
			name[length++] = (char)(*at == '-' ? '_' : toupper((unsigned char)*at));
		name[length] = '\0';
		value = getenv(name);
		/* These two ask for something else than a run. */
		if (!strcmp(table[i].name, "help") || !strcmp(table[i].name, "version"))
			continue;
		if (value && *value)
			status = set(options, &table[i], value, name, error);
	}
	return status;
}

/* getopt's view of the table; `names` and `letters` have room for it. */
static void describe(struct option *names, char *letters)
{
	*letters++ = ':'; /* so that it says nothing itself */
	for (size_t i = 0; i < OPTIONS; i++) {
		names[i] = (struct option){
			.name = table[i].name,
			.has_arg = table[i].argument ? required_argument : optional_argument,
			.val = table[i].letter,
		};
		*letters++ = table[i].letter;
		if (table[i].argument)
			*letters++ = ':';
	}
	*letters = '\0';
	names[OPTIONS] = (struct option){0};
}

/* What is wrong with the option at which getopt stopped. */
static int refuse(int found, char **argv, struct swk_error *error)
{
	const char *word = argv[optind - 1];

	return swk_error_set(error, SWK_USAGE,
			     found == ':' ? "%s wants a value; see --help"
					  : "there is no option %s; see --help",
			     word);
}

static int read_line(struct swk_options *options, int argc, char **argv, struct swk_buffer *urls,
		     struct swk_error *error)
{
	struct option names[OPTIONS + 1];
	char letters[2 * OPTIONS + 2], where[64];
	int found, status = 0;

	describe(names, letters);
	opterr = 0;
	while (!status && (found = getopt_long(argc, argv, letters, names, NULL)) != -1) {
		const struct option_entry *entry = NULL;

		for (size_t i = 0; i < OPTIONS; i++) {
			if (table[i].letter == found)
				entry = &table[i];
		}
		if (!entry)
			return refuse(found, argv, error);
		(void)snprintf(where, sizeof(where), "--%s", entry->name);
		if (!strcmp(entry->name, "dyups"))
			status = swk_buffer_print(urls, error, "%s ", optarg);
		else
			status = set(options, entry, optarg ? optarg : "1", where, error);
	}
	if (!status && optind < argc)
		status = swk_error_set(error, SWK_USAGE,
				       "'%s': a document is read from standard input only; see "
				       "--help",
				       argv[optind]);
	return status;
}

int swk_options_read(struct swk_options *options, int argc, char **argv, struct swk_error *error)
{
	struct swk_buffer urls;
	int status;

	*options = (struct swk_options){0};
	swk_buffer_init(&urls, SWK_DOCUMENT_MAX);
	status = swk_settings_init(&options->settings, error);
	if (!status)
		status = read_environment(options, error);
	if (!status)
		status = read_line(options, argc, argv, &urls, error);
	if (!status && urls.length)
		status = swk_settings_set(&options->settings, "dyups", urls.data, "--dyups", error);
	swk_buffer_free(&urls);
	swk_settings_complete(&options->settings);
	return status;
}
