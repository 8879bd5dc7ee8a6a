/* SPDX-License-Identifier: MIT */
/* Merges samples of one nginx. Each sample is the state of the worker that answered. */
#ifndef SWK_TARGET_DYUPS_SAMPLES_H
#define SWK_TARGET_DYUPS_SAMPLES_H

#include "model/live.h"

/* An upstream that a sample had. */
struct swk_dyups_presence {
	const char *name;  /* borrowed from the live state */
	bool absent;	   /* the last sample lacked it */
	unsigned switches; /* how often it appeared or disappeared between samples */
};

/* How the upstreams of one live state came and went. A zeroed struct is empty. */
struct swk_dyups_history {
	struct swk_dyups_presence *list; /* sorted by name without case; owned */
	size_t count;
};

void swk_dyups_history_free(struct swk_dyups_history *history);

/*
 * Merges a sample into the live state, which has the samples before it, and frees the sample. Sets
 * `spread`. An upstream that the sample lacks, or has with other servers, becomes `partial`. Call
 * it for each sample after the first. Returns 0 or SWK_INTERNAL.
 *
 * nginx replaces a dead worker by one that has what the conf file had when nginx started. So a
 * deleted upstream comes back on that worker only, and appears in some samples. If it appears or
 * disappears SWK_SWITCHES_MIN times, it becomes SWK_SPREAD_RETURNED.
 */
int swk_dyups_merge(struct swk_live *live, struct swk_dyups_history *history,
		    struct swk_live *sample, struct swk_error *error);

#endif
