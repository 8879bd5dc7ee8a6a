/* SPDX-License-Identifier: MIT */
/* One run, from a document (or none) to targets that match Consul. */
#ifndef SWK_RUN_APPLY_H
#define SWK_RUN_APPLY_H

#include "model/change.h"
#include "model/report.h"
#include "model/request.h"
#include "policy/survey.h"
#include "settings/settings.h"
#include "store/hold.h"

/*
 * Makes one run. Reads the document from the descriptor, unless settings->resync or settings->ask
 * is set. Returns the exit status. If the error is set, the run ended early, and the message says
 * what was changed; else the report says what was done and what was not. `decisions` collects the
 * decision about each registration; NULL: not collected. `survey`, zeroed, says how things stand
 * after a full run, and stays empty (`conf` is NULL) after other runs, and after one that ended
 * early; NULL: not needed. Only one of the two can be given.
 */
int swk_apply(const struct swk_settings *settings, int descriptor, struct swk_report *report,
	      struct swk_decisions *decisions, struct swk_survey *survey, struct swk_error *error);

/*
 * Puts automatic changes on hold, restores an earlier FILE and applies it. Reads all live state, as
 * a full run does, but does not ask Consul. With settings->dry_run, only reports what would change.
 * The earlier FILE is FILE.previous or, if `point` is not NULL, what FILE was at that point of the
 * journal.
 */
int swk_apply_undo(const struct swk_settings *settings, const struct swk_hold *hold,
		   const struct swk_change_point *point, struct swk_report *report,
		   struct swk_error *error);

/* Waits until no run is in progress, then puts automatic changes on hold. Later runs decide and
 * report but leave FILE as it is, until one has settings->resume. */
int swk_apply_hold(const struct swk_settings *settings, const struct swk_hold *hold,
		   struct swk_report *report, struct swk_error *error);

/* For a target with a file of its own: has the file checked and loaded, by `command` (NULL: as the
 * settings say). Waits for no run, and no run waits for it but for its result. */
int swk_apply_reload(const struct swk_settings *settings, const char *target,
		     const struct swk_texts *command, struct swk_error *error);

/* Checks that a run can begin with these settings. Makes no request and reads no document. */
int swk_apply_check(const struct swk_settings *settings, struct swk_error *error);

/* If the settings are wrong: makes this host's check in Consul critical, if the settings still say
 * that there is a check, and how to reach Consul. */
void swk_apply_refuse(const struct swk_settings *settings);

/*
 * Evaluates requests on this host, without Consul's keys. Asks Consul about their services, applies
 * the changes, and reads all parts of all targets once. Appends an acknowledgement, without a node,
 * for each request, in their order. Empties the requests. The deadline may shorten the time that
 * the settings give a run. Returns as swk_apply; after an error, there may be no acknowledgements.
 */
int swk_apply_requests(const struct swk_settings *settings, int64_t deadline,
		       struct swk_requests *requests, struct swk_acks *acks,
		       struct swk_report *report, struct swk_error *error);

#endif
