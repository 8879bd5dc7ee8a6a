/* SPDX-License-Identifier: MIT */
/*
 * How things stand: what FILE says, what each target has and has pending, and what the registry
 * says now. Pure.
 */
#ifndef SWK_POLICY_SURVEY_H
#define SWK_POLICY_SURVEY_H

#include "model/live.h"
#include "model/names.h"
#include "policy/decisions.h"
#include "settings/settings.h"

/* How one upstream stands on one target. If several apply, the last one counts. */
enum swk_standing {
	SWK_STANDS_IN_STEP,
	SWK_STANDS_KEPT,      /* in step, with its last servers kept by policy */
	SWK_STANDS_UNMANAGED, /* swk-apply did not make it */
	SWK_STANDS_UNSEEN,    /* the target's servers can't be read */
	SWK_STANDS_ON_HOLD,   /* FILE would change, if changes were not on hold */
	SWK_STANDS_BEHIND,    /* FILE differs from what the registry says now */
	SWK_STANDS_DIFFERS,   /* the target differs from FILE */
	SWK_STANDS_MISSING,   /* the target does not have it */
	SWK_STANDS_SPLIT,     /* its workers differ */
	SWK_STANDS_PENDING,   /* not confirmed: the next run sends or deletes it */
	SWK_STANDINGS
};

extern const char *const swk_standing_words[SWK_STANDINGS];

/* All texts are owned and escaped. */
struct swk_survey_row {
	char *upstream;
	char *service; /* its source; "": unmanaged */
	char *tag;
	bool in_file;
	bool seen;	   /* the live state is known */
	size_t file, live; /* numbers of servers */
	enum swk_standing standing;
	bool pending; /* independent of `standing`, as is `kept` */
	bool kept;
	char *detail; /* what differs, and why it is kept; or "" */
};

struct swk_survey_target {
	char *name;
	char *trouble; /* why it could not be read, or a warning; or "" */
	bool asked;    /* it answered */
	struct swk_survey_row *rows;
	size_t count;
};

struct swk_survey {
	char *conf;	 /* FILE's path; escaped and owned */
	int64_t success; /* epoch seconds of the last run that left nothing to do; 0: never */
	char *on_hold;	 /* since when, by whom and why; escaped and owned; NULL: not on hold */
	struct swk_survey_target *targets;
	size_t target_count;
	bool distrusted; /* the registry's word is distrusted: nothing was decided */
	struct swk_decisions
		unpublished; /* services, and upstreams of services, that are not in FILE */
	const struct swk_texts *only; /* show only these upstreams and services; NULL: all */
};

void swk_survey_free(struct swk_survey *survey);

/* What is known independently of targets. Borrowed. */
struct swk_survey_known {
	const struct swk_upstreams *recorded;  /* FILE's upstreams */
	const struct swk_upstreams *desired;   /* what the registry calls for now */
	const struct swk_decisions *decisions; /* the reasons */
	const struct swk_names *gone;	       /* names that were in FILE once */
};

/* Adds a target; set survey->on_hold before. `pending` is NULL if nothing is recorded for it: then
 * all of FILE is pending. */
int swk_survey_add_target(struct swk_survey *survey, const struct swk_survey_known *known,
			  const char *name, const struct swk_live *live,
			  const struct swk_names *pending, const char *trouble,
			  struct swk_error *error);

/* Adds what is not published, with the reasons. `decisions` must be sorted. */
int swk_survey_add_unpublished(struct swk_survey *survey, const struct swk_decisions *decisions,
			       struct swk_error *error);

/* Whether a row shows something that a full run would change. */
bool swk_survey_drifted(const struct swk_survey *survey);
/* Whether something is held back that a full run would not do. True on hold, too. */
bool swk_survey_held_back(const struct swk_survey *survey);
/* Whether all targets answered. */
bool swk_survey_complete(const struct swk_survey *survey);
/* The first of `only` that matches nothing, or NULL. */
const char *swk_survey_unknown(const struct swk_survey *survey);

#endif
