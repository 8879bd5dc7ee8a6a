/* SPDX-License-Identifier: MIT */
/*
 * A command that is started after a change, with the change as JSON on its standard input. It
 * cannot report a live state. So FILE.NAME.confirmed serves as the live state: it has the
 * upstreams, in FILE's syntax, for which the command last ended with status 0. If this file is
 * missing or damaged, every upstream is new to the command. One start is given all that is pending,
 * and confirms all of it or nothing.
 */
#ifndef SWK_TARGET_COMMAND_COMMAND_H
#define SWK_TARGET_COMMAND_COMMAND_H

#include "target/target.h"

extern const struct swk_target_kind swk_target_command;

struct swk_command_settings {
	struct swk_texts command; /* the program's absolute path, then its arguments */
};

extern const struct swk_target_keys swk_command_keys;

#endif
