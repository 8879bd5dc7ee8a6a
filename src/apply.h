/* SPDX-License-Identifier: MIT */
/* One run, from a document (or none) to a proxy that is as Consul says. */
#ifndef SWK_APPLY_H
#define SWK_APPLY_H

#include "report.h"
#include "settings.h"
#include "why.h"

/*
 * Reads the document from the descriptor (settings->resync: reads none), and does what it asks
 * for. Returns the exit status: with the error set, the run ended there and its message says what
 * was touched; else the report says what was done, and what was not. `whys` is what is wanted
 * to be known of each registration, or NULL.
 */
int swk_apply(const struct swk_settings *settings, int descriptor, struct swk_report *report,
	      struct swk_whys *whys, struct swk_error *error);

/* Whether the settings are such that a run can begin: asks nobody, and reads no document. */
int swk_apply_check(const struct swk_settings *settings, struct swk_error *error);

#endif
