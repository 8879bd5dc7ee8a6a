/* SPDX-License-Identifier: MIT */
/*
 * How things stand: what the file says, what each target has of it and is owed, and what the
 * registry says by now. Pure.
 */
#ifndef SWK_POLICY_SURVEY_H
#define SWK_POLICY_SURVEY_H

#include "model/live.h"
#include "model/names.h"
#include "policy/decisions.h"
#include "settings/settings.h"

/* How one upstream of one target stands. Of several that hold, the last. */
enum swk_standing {
	SWK_STANDS_IN_STEP,
	SWK_STANDS_KEPT,      /* in step, with its last servers: the registry has no better ones */
	SWK_STANDS_UNMANAGED, /* somebody else made it */
	SWK_STANDS_UNSEEN,    /* what the target has of it can't be read */
	SWK_STANDS_BEHIND,    /* the registry says something else by now than the file */
	SWK_STANDS_DIFFERS,   /* the target has something else than the file */
	SWK_STANDS_MISSING,   /* the target hasn't got it */
	SWK_STANDS_SPLIT,     /* not all of its workers have the same */
	SWK_STANDS_PENDING,   /* known not to be confirmed: the next run sends it, or deletes it */
	SWK_STANDINGS
};

extern const char *const swk_standing_words[SWK_STANDINGS];

/* All texts are owned, and escaped. */
struct swk_survey_row {
	char *upstream;
	char *service; /* where it comes from; "": not ours */
	char *tag;
	bool in_file;
	bool seen;	   /* what is live is known */
	size_t file, live; /* servers there */
	enum swk_standing standing;
	bool pending; /* whatever else holds, as is kept */
	bool kept;
	char *detail; /* what differs, and why it is kept; "" where there is nothing to say */
};

struct swk_survey_target {
	char *name;
	char *trouble; /* why it could not be asked, or what is amiss with it; "": nothing */
	bool asked;    /* it answered */
	struct swk_survey_row *rows;
	size_t count;
};

struct swk_survey {
	char *conf;	 /* the file; escaped, and owned, as all else here */
	int64_t success; /* seconds since the epoch when a run last left nothing to do; 0: never */
	char *on_hold;	 /* since when, by whom and why automatic changes are; escaped; or NULL */
	struct swk_survey_target *targets;
	size_t target_count;
	bool distrusted; /* what the registry says is not to be believed: nothing was decided */
	struct swk_decisions
		unpublished;	      /* services, or upstreams of them, that are not in the file */
	const struct swk_texts *only; /* upstreams and services, all else being left out; or NULL */
};

void swk_survey_free(struct swk_survey *survey);

/* What is known of our upstreams, whatever a target has. Borrowed. */
struct swk_survey_known {
	const struct swk_upstreams *recorded;  /* in the file */
	const struct swk_upstreams *desired;   /* that it should have, as the registry is now */
	const struct swk_decisions *decisions; /* why */
	const struct swk_names *gone;	       /* that were in the file */
};

/* Adds a target; `pending` is NULL where nothing is known of it, and all of the file is owed. */
int swk_survey_add_target(struct swk_survey *survey, const struct swk_survey_known *known,
			  const char *name, const struct swk_live *live,
			  const struct swk_names *pending, const char *trouble,
			  struct swk_error *error);

/* Adds what is not published, and why. The list of whys is sorted. */
int swk_survey_add_unpublished(struct swk_survey *survey, const struct swk_decisions *decisions,
			       struct swk_error *error);

/* Whether a row says that something is to be done, which a full pass would do: where changes are
 * held, not to the file. */
bool swk_survey_drifted(const struct swk_survey *survey);
/* Whether something is held back that such a pass would not do, or all of it. */
bool swk_survey_held_back(const struct swk_survey *survey);
/* Whether all targets answered. */
bool swk_survey_complete(const struct swk_survey *survey);
/* One of `only` that there is nothing of, or NULL. */
const char *swk_survey_unknown(const struct swk_survey *survey);

#endif
