/* SPDX-License-Identifier: MIT */
/* The command line, the environment and the settings file, for all commands. */
#ifndef SWK_SETTINGS_OPTIONS_H
#define SWK_SETTINGS_OPTIONS_H

#include "base/buffer.h"
#include "settings/settings.h"

/* The commands that take an option and its variable. */
enum swk_command {
	SWK_COMMAND_APPLY = 1,
	SWK_COMMAND_EXPLAIN = 2,
	SWK_COMMAND_CHECK = 4,
	SWK_COMMAND_UNDO = 8,
	SWK_COMMAND_HOLD = 16,
	SWK_COMMAND_RESUME = 32,
	SWK_COMMAND_WATCHES = 64,
	SWK_COMMAND_LINT = 128,
	SWK_COMMAND_STATUS = 256,
	SWK_COMMAND_WAIT = 512,
};

enum swk_color {
	SWK_COLOR_AUTO, /* on a terminal */
	SWK_COLOR_ALWAYS,
	SWK_COLOR_NEVER,
};

struct swk_options {
	struct swk_settings settings;
	char *config;	  /* the settings file that was read, or NULL; owned */
	const char *word; /* the argument that is no option; NULL: none */
	char **words;	  /* for commands that take several: all of them; as in argv */
	size_t word_count;
	enum swk_color color;

	/* `swk watches`: the directory to write to, or NULL; handlers' options, owned. */
	const char *write;
	struct swk_texts handed;

	bool json;
	bool quiet;
	bool verbose;
	bool syslog;
	bool help;
	bool version;
};

/*
 * Sets the defaults, then the settings file, the environment (SWK_CONF, SWK_DYUPS, …) and the
 * command line. With --help or --version, file and environment are not read. Returns 0, SWK_USAGE,
 * SWK_CONFIG or SWK_INTERNAL. Free it in any case. After an error the rest is still set, except
 * what follows it in the file. So the options for reporting apply to this error, too.
 */
int swk_options_read(struct swk_options *options, enum swk_command command, int argc, char **argv,
		     struct swk_error *error);
void swk_options_free(struct swk_options *options);

/* Appends a command's options as --help shows them, a few lines each. */
int swk_options_describe(struct swk_buffer *out, enum swk_command command, struct swk_error *error);

#endif
