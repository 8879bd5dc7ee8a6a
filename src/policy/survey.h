/* SPDX-License-Identifier: MIT */
/* A survey compares the conf file, the registry, and each target's live state and pending
 * operations. Pure. */
#ifndef SWK_POLICY_SURVEY_H
#define SWK_POLICY_SURVEY_H

#include "model/live.h"
#include "model/names.h"
#include "policy/decisions.h"
#include "settings/settings.h"

/* The state of one upstream on one target. If several apply, the last of them counts. */
enum swk_standing {
	SWK_STANDS_IN_STEP,
	SWK_STANDS_KEPT,       /* in step, but it keeps its last servers by policy */
	SWK_STANDS_FAILOVER,   /* in step, but its servers come from elsewhere */
	SWK_STANDS_DRAINING,   /* it, or some of its servers, are deleted when they are free */
	SWK_STANDS_UNDECLARED, /* the target lacks it, and can't create it */
	SWK_STANDS_UNMANAGED,  /* swk-apply did not make it */
	SWK_STANDS_UNSEEN,     /* the target's live state can't be read */
	SWK_STANDS_ON_HOLD,    /* the conf file would change, but changes are on hold */
	SWK_STANDS_BEHIND,     /* the conf file differs from the desired state */
	SWK_STANDS_DIFFERS,    /* the target has it, but not as the conf file has it */
	SWK_STANDS_MISSING,    /* the target lacks it */
	SWK_STANDS_SPLIT,      /* parts of the target differ */
	SWK_STANDS_PENDING,    /* the next run sends or deletes it */
	SWK_STANDINGS
};

extern const char *const swk_standing_words[SWK_STANDINGS];

/* All texts are owned and escaped. */
struct swk_survey_row {
	char *upstream;
	char *service; /* its source; "": not known, or unmanaged */
	char *tag;
	bool in_file;
	bool seen;	   /* the live state is known */
	size_t file, live; /* numbers of servers */
	enum swk_standing standing;
	bool pending; /* whatever `standing` is; so is `kept` */
	bool kept;
	char *detail; /* how it differs, and why it is kept or down; or "" */
};

struct swk_survey_target {
	char *name;
	char *trouble;	 /* why it could not be read, or a warning; or "" */
	bool asked;	 /* it answered */
	int64_t read_us; /* how long it took to read its live state, in microseconds; 0: not read */
	struct swk_survey_row *rows;
	size_t count;
};

struct swk_survey {
	char *conf;	 /* path of the conf file; escaped and owned */
	int64_t success; /* epoch seconds of the last run that left nothing to do; 0: never */
	char *on_hold;	 /* since when, by whom and why; escaped and owned; NULL: no hold */
	struct swk_survey_target *targets;
	size_t target_count;
	bool distrusted;		  /* the registry is distrusted: nothing was decided */
	struct swk_decisions decisions;	  /* about all registrations; sorted */
	struct swk_decisions unpublished; /* services and upstreams that are not published */
	struct swk_upstreams upstreams;	  /* the conf file's */
	uint64_t index;			  /* Consul's; 0: not known */
	const struct swk_texts *only;	  /* show only these upstreams and services; NULL: all */
};

void swk_survey_free(struct swk_survey *survey);

/* What a survey knows besides the targets. Borrowed. */
struct swk_survey_known {
	const struct swk_upstreams *recorded;  /* the conf file's upstreams */
	const struct swk_upstreams *desired;   /* the desired state */
	const struct swk_decisions *decisions; /* the reasons */
	const struct swk_names *gone;	       /* names that the conf file had once */
	const struct swk_names *refused;       /* what a target rejected, as Consul has it */
};

/* What a survey knows about a target. Borrowed. */
struct swk_survey_reading {
	const char *name;
	const struct swk_target_words *words;
	const struct swk_live *live;
	const struct swk_names *pending;   /* NULL: the state file does not know the target, so all
					    * upstreams of the conf file are pending */
	const struct swk_names *excluded;  /* upstreams that it does not receive: not shown */
	const struct swk_names *confirmed; /* those that it confirmed since its live state was read:
					    * it has them as the conf file has them */
	bool creates;			   /* it can create upstreams */
	int64_t read_us;		   /* as in struct swk_survey_target */
	const char *trouble;		   /* why it could not be read, or a warning; or "" */
};

/* Adds a target; set survey->on_hold first. Returns 0 or SWK_INTERNAL. */
int swk_survey_add_target(struct swk_survey *survey, const struct swk_survey_known *known,
			  const struct swk_survey_reading *reading, struct swk_error *error);

/* Adds what is not published, with reasons. `decisions` must be sorted. Returns 0 or
 * SWK_INTERNAL. */
int swk_survey_add_unpublished(struct swk_survey *survey, const struct swk_decisions *decisions,
			       struct swk_error *error);

/* Whether a row shows something that a full run would change. */
bool swk_survey_drifted(const struct swk_survey *survey);
/* Whether something is held back, which a full run would not do. Also true on hold. */
bool swk_survey_held_back(const struct swk_survey *survey);
/* Whether all targets answered. */
bool swk_survey_complete(const struct swk_survey *survey);
/* The first name in `only` that matches nothing, or NULL. */
const char *swk_survey_unknown(const struct swk_survey *survey);

#endif
