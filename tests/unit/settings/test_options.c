/* SPDX-License-Identifier: MIT */
#include "unit.h"

#include <getopt.h>
#include <unistd.h>

#include "base/log.h"
#include "settings/config.h"
#include "settings/options.h"

static char folder[] = "/tmp/swk-options-XXXXXX";
static char file[64];

static void write_config(const char *text)
{
	FILE *out = fopen(file, "w");

	assert_non_null(out);
	assert_true(fputs(text, out) >= 0);
	assert_int_equal(fclose(out), 0);
}

/* Removes what the caller's environment may set. */
static void clear_environment(void)
{
	static const char *const names[] = {
		"SWK_CONFIG",	 "SWK_CONF",	      "SWK_DYUPS",	 "SWK_TOKEN_FILE",
		"SWK_SERVICE",	 "SWK_MIN_SERVICES",  "SWK_MAX_FAILS",	 "SWK_FAIL_TIMEOUT",
		"SWK_KEEPALIVE", "SWK_MAX_DELETIONS", "SWK_MIN_HEALTHY", "SWK_READ_INTERVAL",
		"SWK_TIMEOUT",	 "SWK_RESYNC",	      "SWK_DRY_RUN",	 "SWK_VERIFY",
		"SWK_FORCE",	 "SWK_ADOPT",	      "SWK_JSON",	 "SWK_SYSLOG",
		"SWK_QUIET",	 "SWK_VERBOSE",	      "SWK_HELP",	 "SWK_VERSION",
		"SWK_GRACE",	 "SWK_FLEET",	      "SWK_WITHOUT",	 "SWK_AGENT",
	};

	for (size_t i = 0; i < COUNT(names); i++)
		(void)unsetenv(names[i]);
}

/* Reads options, with `|` between words, under variables such as `SWK_CONF=/x|SWK_DYUPS=a b`. */
static int read_options(struct swk_options *options, enum swk_command command,
			const char *environment, const char *line, struct swk_error *error)
{
	static char copy[512];
	char *variables = strdup(environment), *rest = variables, *word;
	char *words[32] = {"swk"};
	int count = 1, status;

	clear_environment();
	while (*environment && (word = strsep(&rest, "|"))) {
		const char *name = strsep(&word, "=");

		assert_int_equal(setenv(name, word, 1), 0);
	}
	free(variables);
	(void)snprintf(copy, sizeof(copy), "%s", line);
	rest = copy;
	while (*line && (word = strsep(&rest, "|")))
		words[count++] = word;
	optind = 0; /* makes getopt start over */
	status = swk_options_read(options, command, count, words, error);
	clear_environment();
	return status;
}

/* ---- precedence ---- */

static void precedence(void **state)
{
	static const struct {
		const char *key, *variable, *option;
		const char *built_in, *in_file, *in_environment, *in_line;
	} rows[] = {
		{"\"conf\": \"/f\"", "SWK_CONF=/e", "--conf=/o",
		 "/etc/nginx/conf.d/dyups.upstream.conf", "/f", "/e", "/o"},
		{"\"timeout\": 5", "SWK_TIMEOUT=6", "--timeout=7", "30", "5", "6", "7"},
		{"\"read_interval\": 5", "SWK_READ_INTERVAL=6", "--read-interval=7", "1", "5", "6",
		 "7"},
		{"\"min_services\": 5", "SWK_MIN_SERVICES=6", "--min-services=7", "0", "5", "6",
		 "7"},
		{"\"max_deletions\": 5", "SWK_MAX_DELETIONS=6", "--max-deletions=7", "50", "5", "6",
		 "7"},
		{"\"defaults\": {\"max_fails\": 5}", "SWK_MAX_FAILS=6", "--max-fails=7", "3", "5",
		 "6", "7"},
		{"\"defaults\": {\"fail_timeout\": 5}", "SWK_FAIL_TIMEOUT=6s", "--fail-timeout=7s",
		 "2", "5", "6", "7"},
		{"\"defaults\": {\"keepalive\": 5}", "SWK_KEEPALIVE=6", "--keepalive=7", "20", "5",
		 "6", "7"},
		{"\"defaults\": {\"min_healthy\": 5}", "SWK_MIN_HEALTHY=6", "--min-healthy=7", "0",
		 "5", "6", "7"},
		{"\"targets\": [{\"url\": \"http://f\"}, {\"url\": \"http://g\"}]", "SWK_DYUPS=e h",
		 "--dyups=o|--dyups=p", "http://127.0.0.1:18882", "http://f http://g", "e h",
		 "o p"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		for (size_t j = 0; j < 8; j++) {
			const char *desired = j & 4   ? rows[i].in_line
					      : j & 2 ? rows[i].in_environment
					      : j & 1 ? rows[i].in_file
						      : rows[i].built_in;
			char text[256], environment[256], shown[256] = "";
			struct swk_options options;
			struct swk_error error = {0};
			const char *key = rows[i].option + 2;

			(void)snprintf(text, sizeof(text), "{%s}", j & 1 ? rows[i].key : "");
			write_config(text);
			(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s%s%s", file,
				       j & 2 ? "|" : "", j & 2 ? rows[i].variable : "");
			if (read_options(&options, SWK_COMMAND_APPLY, environment,
					 j & 4 ? rows[i].option : "", &error))
				fail_msg("%s: %s", rows[i].option, error.text);
			if (!strncmp(key, "conf", 4)) {
				(void)snprintf(shown, sizeof(shown), "%s", options.settings.conf);
			} else if (!strncmp(key, "dyups", 5)) {
				for (size_t k = 0; k < options.settings.target_count; k++)
					(void)snprintf(shown + strlen(shown),
						       sizeof(shown) - strlen(shown), "%s%s",
						       k ? " " : "",
						       swk_target_settings_name(
							       &options.settings.targets[k]));
			} else {
				const struct swk_rules *rules = &options.settings.defaults;
				const struct {
					const char *key;
					unsigned value;
				} numbers[] = {
					{"timeout", options.settings.timeout},
					{"read-interval", options.settings.read_interval},
					{"min-services", options.settings.min_services},
					{"max-deletions", options.settings.max_deletions},
					{"max-fails", rules->max_fails},
					{"fail-timeout", rules->fail_timeout},
					{"keepalive", rules->keepalive},
					{"min-healthy", rules->min_healthy.number},
				};

				for (size_t k = 0; k < COUNT(numbers); k++) {
					if (!strncmp(key, numbers[k].key, strcspn(key, "=")))
						(void)snprintf(shown, sizeof(shown), "%u",
							       numbers[k].value);
				}
			}
			unit_same(rows[i].option, shown, desired);
			swk_options_free(&options);
		}
	}
}

/* An option replaces the default; the file's rules for a service stay. */
static void rules_of_services_stay(void **state)
{
	char environment[128];
	struct swk_options options;
	struct swk_error error = {0};
	struct swk_rules rules;

	(void)state;
	write_config("{\"defaults\": {\"keepalive\": 1}, \"services\": {\"web\": {\"keepalive\": 2,"
		     "\"min_healthy\": \"50%\"}}}");
	(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s|SWK_MIN_HEALTHY=3", file);
	assert_int_equal(read_options(&options, SWK_COMMAND_APPLY, environment,
				      "--keepalive=9|--max-fails=8", &error),
			 0);
	swk_rules_find(&rules, &options.settings.defaults, &options.settings.services, "web");
	assert_int_equal(rules.keepalive, 2);
	assert_int_equal(rules.max_fails, 8);
	assert_int_equal(rules.min_healthy.number, 50);
	assert_true(rules.min_healthy.percent);
	swk_rules_find(&rules, &options.settings.defaults, &options.settings.services, "api");
	assert_int_equal(rules.keepalive, 9);
	assert_int_equal(rules.min_healthy.number, 3);
	swk_options_free(&options);
}

static void targets_name_their_source(void **state)
{
	static const struct {
		const char *environment, *line, *where;
		int wrong;
	} rows[] = {
		{"", "", "targets[0].url", SWK_CONFIG},
		{"SWK_DYUPS=x", "", "SWK_DYUPS", SWK_USAGE},
		{"SWK_DYUPS=x", "-d|y", "--dyups", SWK_USAGE},
	};

	(void)state;
	write_config("{\"targets\": [{\"url\": \"http://f\", \"name\": \"edge\"}]}");
	for (size_t i = 0; i < COUNT(rows); i++) {
		char environment[128];
		struct swk_options options;
		struct swk_error error = {0};

		(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s%s%s", file,
			       *rows[i].environment ? "|" : "", rows[i].environment);
		assert_int_equal(read_options(&options, SWK_COMMAND_APPLY, environment,
					      rows[i].line, &error),
				 0);
		unit_number(rows[i].where, (long long)options.settings.target_count, 1);
		unit_says(rows[i].where, options.settings.targets[0].where, rows[i].where);
		unit_number(rows[i].where, options.settings.targets[0].wrong, rows[i].wrong);
		unit_same(rows[i].where, options.settings.targets[0].name, i ? NULL : "edge");
		swk_options_free(&options);
	}
}

/* ---- which file ---- */

static void which_file(void **state)
{
	char other[64], line[256], environment[256];
	struct swk_options options;
	struct swk_error error = {0};
	FILE *out;

	(void)state;
	write_config("{\"conf\": \"/first\"}");
	(void)snprintf(other, sizeof(other), "%s/other.json", folder);
	out = fopen(other, "w");
	assert_non_null(out);
	assert_true(fputs("{\"conf\": \"/other\"}", out) >= 0);
	assert_int_equal(fclose(out), 0);

	/* the option overrides the variable, and the last of two options counts */
	(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s", other);
	(void)snprintf(line, sizeof(line), "--config=%s", file);
	assert_int_equal(read_options(&options, SWK_COMMAND_APPLY, environment, line, &error), 0);
	assert_string_equal(options.settings.conf, "/first");
	assert_string_equal(options.config, file);
	swk_options_free(&options);
	(void)snprintf(line, sizeof(line), "-C|%s|--config|%s", file, other);
	assert_int_equal(read_options(&options, SWK_COMMAND_APPLY, "", line, &error), 0);
	assert_string_equal(options.settings.conf, "/other");
	assert_string_equal(options.config, other);
	swk_options_free(&options);
	assert_int_equal(read_options(&options, SWK_COMMAND_EXPLAIN, environment, "", &error), 0);
	assert_string_equal(options.settings.conf, "/other");
	swk_options_free(&options);
	assert_int_equal(read_options(&options, SWK_COMMAND_CHECK, environment, "", &error), 0);
	assert_string_equal(options.config, other);
	swk_options_free(&options);
	assert_null(options.config);

	/* a word is the file to check, whatever else is named */
	(void)snprintf(line, sizeof(line), "%s|--config=%s", file, other);
	assert_int_equal(read_options(&options, SWK_COMMAND_CHECK, environment, line, &error), 0);
	assert_string_equal(options.settings.conf, "/first");
	assert_string_equal(options.config, file);
	swk_options_free(&options);
	assert_int_equal(read_options(&options, SWK_COMMAND_EXPLAIN, environment, file, &error), 0);
	assert_string_equal(options.settings.conf, "/other");
	assert_string_equal(options.config, other);
	assert_string_equal(options.word, file);
	swk_options_free(&options);
	assert_int_equal(unlink(other), 0);

	/* a file that is named must exist */
	(void)snprintf(line, sizeof(line),
		       "%s: the settings cannot be read: No such file or directory", other);
	assert_int_equal(read_options(&options, SWK_COMMAND_APPLY, environment, "", &error),
			 SWK_CONFIG);
	assert_string_equal(error.text, line);
	swk_options_free(&options);
	error = (struct swk_error){0};
	assert_int_equal(read_options(&options, SWK_COMMAND_CHECK, "", other, &error), SWK_CONFIG);
	assert_string_equal(error.text, line);
	swk_options_free(&options);
	error = (struct swk_error){0};
	(void)snprintf(environment, sizeof(environment), "--config|%s", other);
	assert_int_equal(read_options(&options, SWK_COMMAND_APPLY, "", environment, &error),
			 SWK_CONFIG);
	assert_string_equal(error.text, line);
	swk_options_free(&options);
	error = (struct swk_error){0};
	assert_int_equal(read_options(&options, SWK_COMMAND_APPLY, "", "--config=", &error),
			 SWK_CONFIG);
	swk_options_free(&options);

	/* an empty variable is the same as none, and the default file need not exist */
	error = (struct swk_error){0};
	if (access(SWK_CONFIG_FILE, F_OK)) {
		assert_int_equal(
			read_options(&options, SWK_COMMAND_APPLY, "SWK_CONFIG=", "", &error), 0);
		assert_null(options.config);
		swk_options_free(&options);
	}
}

/* ---- a bad file ---- */

static void bad_file(void **state)
{
	static const struct {
		const char *line;
		int status; /* SWK_CONFIG: an error in the file */
		bool quiet, syslog, help;
	} rows[] = {
		{"", SWK_CONFIG, false, false, false},
		{"--quiet", SWK_CONFIG, true, false, false},
		{"-ql", SWK_CONFIG, true, true, false},
		{"--syslog|--conf=/x", SWK_CONFIG, false, true, false},
		{"--help", 0, false, false, true},
		{"-q|-h", 0, true, false, true},
		{"--help=yes", 0, false, false, true},
		{"--help=no", SWK_CONFIG, false, false, false},
		{"--help|--help=no", SWK_CONFIG, false, false, false},
		{"--version", 0, false, false, false},
		{"--version=0", SWK_CONFIG, false, false, false},
		/* an error in the command line comes first */
		{"--nothing", SWK_USAGE, false, false, false},
		{"-q|--keepalive=x", SWK_USAGE, true, false, false},
		{"-q|word", SWK_USAGE, true, false, false},
	};
	char environment[128];

	(void)state;
	write_config("{\"conf\": \"/f\",\n\"x\": 1}");
	(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s", file);
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_options options;
		struct swk_error error = {0};
		char desired[128];

		unit_number(rows[i].line,
			    read_options(&options, SWK_COMMAND_APPLY, environment, rows[i].line,
					 &error),
			    rows[i].status);
		(void)snprintf(desired, sizeof(desired), "%s:2: x: there is no such key", file);
		if (rows[i].status == SWK_CONFIG)
			unit_same(rows[i].line, error.text, desired);
		unit_number(rows[i].line, options.quiet, rows[i].quiet);
		unit_number(rows[i].line, options.syslog, rows[i].syslog);
		unit_number(rows[i].line, options.help, rows[i].help);
		swk_options_free(&options);
	}
	/* Variables, too, set how messages are printed. */
	(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s|SWK_SYSLOG=1|SWK_QUIET=yes",
		       file);
	for (int i = 0; i < 1; i++) {
		struct swk_options options;
		struct swk_error error = {0};

		assert_int_equal(read_options(&options, SWK_COMMAND_APPLY, environment, "", &error),
				 SWK_CONFIG);
		assert_true(options.syslog);
		assert_true(options.quiet);
		swk_options_free(&options);
	}
}

/* Options for messages apply to the message about a wrong option, whichever comes first. The first
 * error is reported. */
static void message_options_apply_to_errors(void **state)
{
	static const struct {
		bool file;
		const char *environment, *line, *message;
	} rows[] = {
		{false, "SWK_QUIET=", "--bogus|-qlLjson|-M/m.prom",
		 "there is no option --bogus; see --help"},
		{false, "SWK_QUIET=", "-ql|-ZLjson|-M/m.prom", "there is no option -Z; see --help"},
		{false, "SWK_QUIET=", "word|-qlLjson|-M/m.prom|-k|x|-c",
		 "-c needs a value; see --help"},
		{false, "SWK_QUIET=", "-k|x|-qlLjson|-M/m.prom|-f|y",
		 "--keepalive: 'x' is not a number from 0 to 65535"},
		{false, "SWK_QUIET=1|SWK_SYSLOG=1|SWK_LOG_FORMAT=json|SWK_METRICS_FILE=/m.prom",
		 "word",
		 "'word': swk-apply reads its document from standard input only; see --help"},
		{false, "SWK_KEEPALIVE=x|SWK_FAIL_TIMEOUT=x|SWK_QUIET=1|SWK_LOG_FORMAT=json",
		 "-lM/m.prom|-k|y",
		 "SWK_FAIL_TIMEOUT: 'x' is not a time in seconds (or with the unit s, m, h or d) "
		 "from 0 to 86400"},
		{true, "SWK_TIMEOUT=", "-ql|--bogus", "there is no option --bogus; see --help"},
		{true, "SWK_TIMEOUT=0|SWK_QUIET=1", "-l",
		 "SWK_TIMEOUT: '0' is not a time in seconds (or with the unit s, m, h or d) from 1 "
		 "to 3600"},
	};
	struct swk_options options;

	(void)state;
	write_config("{\"log_format\": \"json\", \"metrics_file\": \"/m.prom\", \"x\": 1}");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		char environment[256];

		(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s|%s",
			       rows[i].file ? file : "", rows[i].environment);
		unit_number(rows[i].line,
			    read_options(&options, SWK_COMMAND_APPLY, environment, rows[i].line,
					 &error),
			    SWK_USAGE);
		unit_same(rows[i].line, error.text, rows[i].message);
		unit_number(rows[i].line, options.quiet && options.syslog, true);
		unit_number(rows[i].line, options.settings.log_format, SWK_LOG_JSON);
		unit_same(rows[i].line, options.settings.metrics_file, "/m.prom");
		swk_options_free(&options);
	}
}

/* --help works whatever the variables are. */
static void help_comes_first(void **state)
{
	struct swk_options options;
	struct swk_error error = {0};

	(void)state;
	assert_int_equal(
		read_options(&options, SWK_COMMAND_APPLY, "SWK_TIMEOUT=abc", "--help", &error), 0);
	assert_true(options.help);
	swk_options_free(&options);
	assert_int_equal(read_options(&options, SWK_COMMAND_LINT, "SWK_JSON=abc", "-V", &error), 0);
	assert_true(options.version);
	swk_options_free(&options);
	assert_int_equal(
		read_options(&options, SWK_COMMAND_APPLY, "SWK_TIMEOUT=abc", "--help=no", &error),
		SWK_USAGE);
	swk_options_free(&options);
}

/* ---- options of each command ---- */

static void commands(void **state)
{
	enum {
		A = SWK_COMMAND_APPLY,
		E = SWK_COMMAND_EXPLAIN,
		C = SWK_COMMAND_CHECK,
		U = SWK_COMMAND_UNDO,
		H = SWK_COMMAND_HOLD,
		R = SWK_COMMAND_RESUME,
	};
	enum { FILE_OF_C = 64 }; /* takes the word for a file, which does not exist */
	static const struct {
		const char *line;
		int takes;
	} rows[] = {
		{"", A | E | C | U | H | R},
		{"-c|/x", A | E | U | H | R},
		{"--dyups=x", A | E | U | R},
		{"--token-file=x", A | E | R},
		{"--service=x", A},
		{"--min-services=1", A | E | R},
		{"--max-fails=1", A | E | R},
		{"--fail-timeout=1", A | E | R},
		{"--keepalive=1", A | E | R},
		{"--max-deletions=1", A | E | R},
		{"--min-healthy=1", A | E | R},
		{"--read-interval=1", A | E | U | R},
		{"--timeout=1", A | E | U | H | R},
		{"--resync", A},
		{"-r", A},
		{"--requests", A},
		{"-R", A},
		{"--dry-run", A | U | R},
		{"--verify", A | U | R},
		{"--verify=no", A | U | R},
		{"--force", A | R},
		{"--adopt", A | R},
		{"--json", A | U | R},
		{"--syslog", A | U | R},
		{"--quiet", A | U | R},
		{"-v", A | E | U | R},
		{"--verbose", A | E | U | R},
		{"--help", A | E | C | U | H | R},
		{"-h", A | E | C | U | H | R},
		{"--version", A | E | C | U | H | R},
		{"-V", A | E | C | U | H | R},
		/* a word */
		{"web", E | FILE_OF_C | U | H},
		{"--|-web", E | FILE_OF_C | U | H},
		{"-c|/x|web", E | U | H},
		{"web|-c|/x", E | U | H},
		{"web|api", 0},
		{"--|web|api", 0},
		/* values */
		{"-c", 0},
		{"--timeout=", 0},
		{"--keepalive=x", 0},
		{"--resync=maybe", 0},
		{"--none", 0},
		{"-X", 0},
		/* unique abbreviations */
		{"--keep=1", A | E | R},
		{"--ver", 0},
	};
	static const int all[] = {A, E, C, U, H, R};

	(void)state;
	for (size_t i = 0; i < COUNT(rows) * COUNT(all); i++) {
		const char *line = rows[i / COUNT(all)].line;
		int command = all[i % COUNT(all)], takes = rows[i / COUNT(all)].takes;
		struct swk_options options;
		struct swk_error error = {0};
		char environment[128], row[128];

		/* These two commands have neither --verify nor --verbose. */
		if (!strcmp(line, "--ver") && (command == C || command == H))
			takes = command;
		write_config("{}");
		(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s", file);
		(void)snprintf(row, sizeof(row), "%d: %s", command, line);
		unit_number(row,
			    read_options(&options, (enum swk_command)command, environment, line,
					 &error),
			    takes & command			? 0
			    : command == C && takes & FILE_OF_C ? SWK_CONFIG
								: SWK_USAGE);
		swk_options_free(&options);
	}
}

static void messages(void **state)
{
	static const struct {
		enum swk_command command;
		const char *environment, *line, *message;
	} rows[] = {
		{SWK_COMMAND_APPLY, "", "file",
		 "'file': swk-apply reads its document from standard input only; see --help"},
		{SWK_COMMAND_EXPLAIN, "", "web|api", "'api': unexpected argument; see --help"},
		{SWK_COMMAND_CHECK, "", "/etc/x|y", "'y': unexpected argument; see --help"},
		{SWK_COMMAND_HOLD, "", "a|b", "'b': unexpected argument; see --help"},
		{SWK_COMMAND_RESUME, "", "a", "'a': unexpected argument; see --help"},
		{SWK_COMMAND_CHECK, "", "-v", "there is no option -v; see --help"},
		{SWK_COMMAND_EXPLAIN, "", "--resync", "there is no option --resync; see --help"},
		{SWK_COMMAND_CHECK, "", "-c|x", "there is no option -c; see --help"},
		{SWK_COMMAND_APPLY, "", "--bogus=x", "there is no option --bogus=x; see --help"},
		{SWK_COMMAND_APPLY, "", "-Zr", "there is no option -Z; see --help"},
		{SWK_COMMAND_APPLY, "", "--json|-rZn", "there is no option -Z; see --help"},
		{SWK_COMMAND_APPLY, "", "-r\xc3\xa9", "there is no option -\\xc3; see --help"},
		{SWK_COMMAND_APPLY, "", "--json|-rc", "-c needs a value; see --help"},
		{SWK_COMMAND_APPLY, "", "--conf", "--conf needs a value; see --help"},
		{SWK_COMMAND_APPLY, "", "--keepalive=x",
		 "--keepalive: 'x' is not a number from 0 to 65535"},
		{SWK_COMMAND_APPLY, "SWK_KEEPALIVE=x", "",
		 "SWK_KEEPALIVE: 'x' is not a number from 0 to 65535"},
		{SWK_COMMAND_APPLY, "SWK_DRY_RUN=x", "", "SWK_DRY_RUN: 'x' is neither 1 nor 0"},
		{SWK_COMMAND_APPLY, "", "--json=x", "--json: 'x' is neither 1 nor 0"},
		{SWK_COMMAND_APPLY, "SWK_DYUPS= ", "", "SWK_DYUPS: it contains no URL"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_options options;
		struct swk_error error = {0};

		unit_number(rows[i].line,
			    read_options(&options, rows[i].command, rows[i].environment,
					 rows[i].line, &error),
			    SWK_USAGE);
		unit_same(rows[i].line, error.text, rows[i].message);
		swk_options_free(&options);
	}
}

/* A variable of another command is ignored. */
static void variables_of_other_commands(void **state)
{
	struct swk_options options;
	struct swk_error error = {0};
	char environment[256];

	(void)state;
	write_config("{}");
	(void)snprintf(environment, sizeof(environment),
		       "SWK_CONFIG=%s|SWK_RESYNC=x|SWK_JSON=x|SWK_HELP=x|SWK_VERSION=1", file);
	assert_int_equal(read_options(&options, SWK_COMMAND_EXPLAIN, environment, "", &error), 0);
	assert_false(options.settings.resync || options.json || options.help || options.version);
	swk_options_free(&options);
	(void)snprintf(environment, sizeof(environment),
		       "SWK_CONFIG=%s|SWK_CONF=|SWK_TIMEOUT=x|SWK_VERBOSE=x", file);
	assert_int_equal(read_options(&options, SWK_COMMAND_CHECK, environment, "", &error), 0);
	swk_options_free(&options);
}

static void word_argument(void **state)
{
	static const struct {
		const char *line, *word;
	} rows[] = {
		{"", NULL},
		{"web", "web"},
		{"--conf|/x|web", "web"},
		{"web|--conf|/x", "web"},
		{"--|--web", "--web"},
		{"", NULL},
	};

	(void)state;
	write_config("{}");
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_options options;
		struct swk_error error = {0};
		char environment[128];

		(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s", file);
		assert_int_equal(read_options(&options, SWK_COMMAND_EXPLAIN, environment,
					      rows[i].line, &error),
				 0);
		unit_same(rows[i].line, options.word, rows[i].word);
		/* The command turns it into a setting. */
		assert_null(options.settings.service);
		swk_options_free(&options);
	}
}

static void flags(void **state)
{
	struct swk_options options;
	struct swk_error error = {0};
	char environment[128];

	(void)state;
	write_config("{}");
	(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s|SWK_JSON=1|SWK_RESYNC=1",
		       file);
	assert_int_equal(read_options(&options, SWK_COMMAND_APPLY, environment,
				      "-nxa|--json=no|-v|--service|web", &error),
			 0);
	assert_true(options.settings.dry_run && options.settings.force && options.settings.adopt);
	assert_true(options.verbose);
	assert_false(options.json || options.quiet || options.syslog);
	assert_string_equal(options.settings.service, "web");
	assert_true(options.settings.resync && options.settings.verify);
	swk_options_free(&options);
	assert_int_equal(
		read_options(&options, SWK_COMMAND_APPLY, environment, "--verify=no", &error), 0);
	assert_false(options.settings.verify);
	swk_options_free(&options);
	/* `explain` may also print more; it has no other flag. */
	for (int i = 0; i < 3; i++) {
		(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s%s", file,
			       i == 2 ? "|SWK_VERBOSE=1" : "");
		assert_int_equal(read_options(&options, SWK_COMMAND_EXPLAIN, environment,
					      i == 1 ? "-v|web" : "", &error),
				 0);
		unit_number("verbose", options.verbose, i > 0);
		assert_false(options.json || options.quiet || options.syslog);
		swk_options_free(&options);
	}
}

static void described(void **state)
{
	static const struct {
		enum swk_command command;
		size_t lines;
		const char *has, *lacks;
	} rows[] = {
		{SWK_COMMAND_APPLY, 28, "  -r, --resync ", "--nothing"},
		{SWK_COMMAND_EXPLAIN, 15, "  -v, --verbose ", "--quiet"},
		{SWK_COMMAND_EXPLAIN, 15, "  -c, --conf FILE ", "--resync"},
		{SWK_COMMAND_CHECK, 3, "  -C, --config FILE ", "--conf "},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_error error = {0};
		struct swk_buffer out;
		size_t count = 0;

		swk_buffer_init(&out, 10000);
		assert_int_equal(swk_options_describe(&out, rows[i].command, &error), 0);
		for (const char *at = out.data; (at = strstr(at, "  -")); at++)
			count += at[4] == ',';
		unit_number(rows[i].has, (long long)count, (long long)rows[i].lines);
		unit_says(rows[i].has, out.data, rows[i].has);
		assert_null(strstr(out.data, rows[i].lacks));
		swk_buffer_free(&out);
	}
}

static void words_and_times(void **state)
{
	static const struct {
		enum swk_command command;
		const char *line;
		int status;
		size_t words;
		enum swk_color color;
	} rows[] = {
		{SWK_COMMAND_STATUS, "", 0, 0, 0},
		{SWK_COMMAND_STATUS, "web|api", 0, 2, 0},
		{SWK_COMMAND_STATUS, "web|--json|api", 0, 2, 0},
		{SWK_COMMAND_WAIT, "web=1|api=2|x=3,4", 0, 3, 0},
		{SWK_COMMAND_EXPLAIN, "web|api", SWK_USAGE, 0, 0},
		{SWK_COMMAND_APPLY, "web", SWK_USAGE, 0, 0},
		{SWK_COMMAND_STATUS, "--color=always|web", 0, 1, SWK_COLOR_ALWAYS},
		{SWK_COMMAND_STATUS, "--color|never|web", 0, 1, SWK_COLOR_NEVER},
		{SWK_COMMAND_STATUS, "-K|auto", 0, 0, SWK_COLOR_AUTO},
		{SWK_COMMAND_STATUS, "--color=on", SWK_USAGE, 0, SWK_COLOR_AUTO},
		{SWK_COMMAND_STATUS, "--color", SWK_USAGE, 0, SWK_COLOR_AUTO},
		{SWK_COMMAND_WAIT, "--color=never|web=1", SWK_USAGE, 1, SWK_COLOR_AUTO},
	};

	(void)state;
	write_config("{}");
	for (size_t i = 0; i < COUNT(rows); i++) {
		char environment[128];
		struct swk_options options;
		struct swk_error error = {0};

		(void)snprintf(environment, sizeof(environment), "SWK_CONFIG=%s", file);
		unit_number(
			rows[i].line,
			read_options(&options, rows[i].command, environment, rows[i].line, &error),
			rows[i].status);
		unit_number(rows[i].line, (long long)options.word_count, (long long)rows[i].words);
		unit_number(rows[i].line, options.color, rows[i].color);
		swk_options_free(&options);
	}
}

/* ---- the fleet ---- */

/* Options of one call: no variable and no setting of another meaning sets them. */
static void of_a_call(void **state)
{
	static const struct {
		enum swk_command command;
		const char *line;
		bool fleet;
		unsigned patience, grace;
		const char *agent, *without; /* the names, each with a comma */
	} rows[] = {
		{SWK_COMMAND_DRAIN, "web-1", false, 0, 10, "", ""},
		{SWK_COMMAND_DRAIN, "--fleet|web-1", true, 0, 10, "", ""},
		{SWK_COMMAND_DRAIN, "-G|-T|90s|-g|0|-A|10.0.0.1:8500|web-1", true, 90, 0,
		 "10.0.0.1:8500", ""},
		{SWK_COMMAND_DRAIN, "--without=a|--without|b|--timeout=2m|web-1", false, 120, 10,
		 "", "a,b,"},
		{SWK_COMMAND_RESYNC, "--fleet|--timeout=5", true, 5, 10, "", ""},
		{SWK_COMMAND_FLEET, "--timeout=1", false, 1, 10, "", ""},
		{SWK_COMMAND_WAIT, "--fleet|-X|c|web=1", true, 0, 10, "", "c,"},
		{SWK_COMMAND_UNDRAIN, "--agent=b|web-1", false, 0, 10, "b", ""},
	};
	static const struct {
		enum swk_command command;
		const char *line, *message;
	} bad[] = {
		{SWK_COMMAND_DRAIN, "--timeout=0|web-1", "--timeout: '0' is not a time"},
		{SWK_COMMAND_DRAIN, "--grace=1w|web-1", "--grace: '1w' is not a time"},
		{SWK_COMMAND_DRAIN, "web-1|web-2", "'web-2': unexpected argument"},
		{SWK_COMMAND_UNDRAIN, "--fleet|web-1", "there is no option --fleet"},
		{SWK_COMMAND_FLEET, "web-1", "'web-1': unexpected argument"},
		{SWK_COMMAND_APPLY, "--fleet", "there is no option --fleet"},
		{SWK_COMMAND_STATUS, "--without=a", "there is no option --without"},
	};

	(void)state;
	for (size_t i = 0; i < COUNT(rows); i++) {
		struct swk_options options;
		struct swk_error error = {0};
		char names[64] = "";

		if (read_options(&options, rows[i].command,
				 "SWK_TIMEOUT=7|SWK_GRACE=7|SWK_FLEET=1|SWK_WITHOUT=z|SWK_AGENT=z",
				 rows[i].line, &error))
			fail_msg("%s: %s", rows[i].line, error.text);
		for (size_t j = 0; j < options.without.count; j++) {
			strcat(names, options.without.list[j]);
			strcat(names, ",");
		}
		unit_number(rows[i].line, options.fleet, rows[i].fleet);
		unit_number(rows[i].line, options.patience, rows[i].patience);
		unit_number(rows[i].line, options.grace, rows[i].grace);
		unit_same(rows[i].line, options.agent ? options.agent : "", rows[i].agent);
		unit_same(rows[i].line, names, rows[i].without);
		/* For `wait`, as for a run, the variable has its meaning. */
		unit_number(rows[i].line, options.settings.timeout,
			    rows[i].command == SWK_COMMAND_WAIT ? 7 : 30);
		swk_options_free(&options);
	}
	for (size_t i = 0; i < COUNT(bad); i++) {
		struct swk_options options;
		struct swk_error error = {0};

		unit_number(bad[i].line,
			    read_options(&options, bad[i].command, "", bad[i].line, &error),
			    SWK_USAGE);
		unit_says(bad[i].line, error.text, bad[i].message);
		swk_options_free(&options);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(precedence),
		cmocka_unit_test(of_a_call),
		cmocka_unit_test(rules_of_services_stay),
		cmocka_unit_test(targets_name_their_source),
		cmocka_unit_test(which_file),
		cmocka_unit_test(bad_file),
		cmocka_unit_test(message_options_apply_to_errors),
		cmocka_unit_test(help_comes_first),
		cmocka_unit_test(commands),
		cmocka_unit_test(messages),
		cmocka_unit_test(variables_of_other_commands),
		cmocka_unit_test(word_argument),
		cmocka_unit_test(flags),
		cmocka_unit_test(words_and_times),
		cmocka_unit_test(described),
	};
	int failed;

	if (!mkdtemp(folder))
		return 1;
	(void)snprintf(file, sizeof(file), "%s/swk.json", folder);
	failed = cmocka_run_group_tests_name("options", tests, NULL, NULL);
	(void)unlink(file);
	(void)rmdir(folder);
	return failed;
}
