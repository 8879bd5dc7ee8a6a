/* SPDX-License-Identifier: MIT */
/* One run, from a document (or none) to a proxy that is as Consul says. */
#ifndef SWK_RUN_APPLY_H
#define SWK_RUN_APPLY_H

#include "model/report.h"
#include "policy/decisions.h"
#include "settings/settings.h"
#include "store/hold.h"

/*
 * Reads the document from the descriptor (settings->resync: reads none), and does what it asks
 * for. Returns the exit status: with the error set, the run ended there and its message says what
 * was touched; else the report says what was done, and what was not. `decisions` is what is wanted
 * to be known of each registration, or NULL.
 */
int swk_apply(const struct swk_settings *settings, int descriptor, struct swk_report *report,
	      struct swk_decisions *decisions, struct swk_error *error);

/*
 * Holds automatic changes, puts the file before back and applies it: as a run that is thorough,
 * but nobody asks Consul. With settings->dry_run, only tells what would change.
 */
int swk_apply_undo(const struct swk_settings *settings, const struct swk_hold *hold,
		   struct swk_report *report, struct swk_error *error);

/* Holds automatic changes, once no run is under way any more: the runs that come decide and tell,
 * and leave the conf file as it is, until one with settings->resume. */
int swk_apply_hold(const struct swk_settings *settings, const struct swk_hold *hold,
		   struct swk_report *report, struct swk_error *error);

/* Whether the settings are such that a run can begin: asks nobody, and reads no document. */
int swk_apply_check(const struct swk_settings *settings, struct swk_error *error);

#endif
