/* SPDX-License-Identifier: MIT */
/* The changes in the journal, in words. Functions that return an int return 0 or SWK_INTERNAL. */
#ifndef SWK_VIEW_HISTORY_H
#define SWK_VIEW_HISTORY_H

#include "base/buffer.h"
#include "model/change.h"

/* Whether a change is about a service, an upstream, an instance, or an address with or without its
 * port. What an operator did without changing the file is about everything, and so is a change of
 * too many upstreams. NULL matches all. */
bool swk_history_matches(const struct swk_change *change, const char *name);

/*
 * Appends a change: a line with its time, number and cause, then a line for each server and for
 * each message, indented. With a name, leaves out the lines about others.
 */
int swk_print_change(struct swk_buffer *out, const struct swk_change *change, const char *name,
		     struct swk_error *error);

#endif
