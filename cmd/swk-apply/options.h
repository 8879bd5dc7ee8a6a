/* SPDX-License-Identifier: MIT */
/* The command line and the environment of swk-apply. */
#ifndef SWK_APPLY_OPTIONS_H
#define SWK_APPLY_OPTIONS_H

#include <stdbool.h>

#include "settings.h"

struct swk_options {
	struct swk_settings settings;
	bool json;
	bool quiet;
	bool verbose;
	bool syslog;
	bool help;
	bool version;
};

/*
 * Sets the defaults, then what the environment says (SWK_CONF, SWK_DYUPS, …), then what the
 * command line says. Returns 0, SWK_USAGE or SWK_INTERNAL; whichever, free it.
 */
int swk_options_read(struct swk_options *options, int argc, char **argv, struct swk_error *error);
void swk_options_free(struct swk_options *options);

/* The text of --help, on standard output. */
void swk_options_help(void);

#endif
