/* SPDX-License-Identifier: MIT */
/* The command line, the environment and the settings file, for all commands. */
#ifndef SWK_SETTINGS_OPTIONS_H
#define SWK_SETTINGS_OPTIONS_H

#include "base/buffer.h"
#include "settings/settings.h"

/* The commands: bits, so that an option can list those that take it. */
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
	SWK_COMMAND_RELOAD = 1024,
	SWK_COMMAND_HISTORY = 2048,
	SWK_COMMAND_DRAIN = 1 << 16,
	SWK_COMMAND_UNDRAIN = 1 << 17,
	SWK_COMMAND_FLEET = 1 << 18,
	SWK_COMMAND_RESYNC = 1 << 19,
};

enum swk_color {
	SWK_COLOR_AUTO, /* on a terminal */
	SWK_COLOR_ALWAYS,
	SWK_COLOR_NEVER,
};

struct swk_options {
	struct swk_settings settings;
	char *config;	  /* the settings file that was read; NULL: none; owned */
	const char *word; /* the argument that is not an option; NULL: none */
	char **words;	  /* for commands that take several: all of them; borrowed from argv */
	size_t word_count;
	enum swk_color color;

	/* `swk watches`: the directory to write to (NULL: none), and the options for handlers. */
	const char *write;
	struct swk_texts handed;

	const char *to;	   /* `swk undo`: a point in the journal; NULL: the previous file */
	const char *since; /* `swk history`: likewise; NULL: its beginning */

	/* Commands about the fleet. */
	bool fleet;		  /* on all hosts, not this one */
	struct swk_texts without; /* hosts that are not awaited; owned */
	const char *agent;	  /* the address of the instance's agent; NULL: of this host's */
	unsigned patience;	  /* seconds to wait for the hosts; 0: not set */
	unsigned grace;		  /* seconds to wait for the end of connections */

	bool json;
	bool html;
	bool quiet;
	bool verbose;
	bool syslog;
	bool help;
	bool version;
};

/*
 * Sets the options from the defaults, the settings file, the environment (SWK_CONF, SWK_DYUPS, …)
 * and the command line; each overrides those before it. With --help or --version, neither the
 * settings file nor the environment is read. Returns 0, SWK_USAGE, SWK_CONFIG or SWK_INTERNAL. Call
 * swk_options_free in any case. After an error everything else is still read as far as possible, so
 * that the options for reporting apply to the error.
 */
int swk_options_read(struct swk_options *options, enum swk_command command, int argc, char **argv,
		     struct swk_error *error);
void swk_options_free(struct swk_options *options);

/* Appends the options of a command as --help shows them. Returns 0 or SWK_INTERNAL. */
int swk_options_describe(struct swk_buffer *out, enum swk_command command, struct swk_error *error);

#endif
