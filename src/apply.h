/* SPDX-License-Identifier: MIT */
/* One run, from a document (or none) to a proxy that is as Consul says. */
#ifndef SWK_APPLY_H
#define SWK_APPLY_H

#include "hold.h"
#include "report.h"
#include "settings.h"
#include "survey.h"
#include "wait.h"
#include "why.h"

/*
 * Reads the document from the descriptor (settings->resync: reads none), and does what it asks
 * for. Returns the exit status: with the error set, the run ended there and its message says what
 * was touched; else the report says what was done, and what was not. `whys` is what is wanted
 * to be known of each registration, or NULL.
 */
int swk_apply(const struct swk_settings *settings, int descriptor, struct swk_report *report,
	      struct swk_whys *whys, struct swk_error *error);

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

/*
 * Looks at the file, at all that the targets have, on several connections, and at what Consul says,
 * and changes nothing: `survey`, zeroed but for its `only`, tells of it. Returns 0, or a status
 * with the error set. What kept the look from being a whole one is noted in the report: Consul that
 * can't be asked, or that is not to be believed. The settings say dry_run.
 */
int swk_apply_look(const struct swk_settings *settings, struct swk_survey *survey,
		   struct swk_report *report, struct swk_error *error);

/*
 * Looks how many of what is waited for is there, and changes nothing. Consul is asked about those
 * services only, and targets where the file has enough of each. Notes and errors are as above, and
 * the time ends at the deadline (deadline.h) at the latest. The settings say dry_run and ask.
 */
int swk_apply_count(const struct swk_settings *settings, struct swk_waits *waits, int64_t deadline,
		    struct swk_report *report, struct swk_error *error);

/* Whether the settings are such that a run can begin: asks nobody, and reads no document. */
int swk_apply_check(const struct swk_settings *settings, struct swk_error *error);

#endif
