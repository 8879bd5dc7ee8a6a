/* SPDX-License-Identifier: MIT */
/*
 * Metrics in Prometheus' text format (exposition format 0.0.4): the results of the last run, and
 * counters that continue from run to run. They keep the previous file's value for what a run did
 * not learn, so that file is read first. Pure: no file, no clock.
 */
#ifndef SWK_VIEW_METRICS_H
#define SWK_VIEW_METRICS_H

#include "base/buffer.h"
#include "model/report.h"

/* The share of an upstream's instances that are healthy. */
struct swk_metrics_health {
	char *upstream; /* owned */
	double ratio;	/* from 0 to 1; negative: not known */
};

struct swk_metrics_target {
	char *name; /* owned */
	uint64_t pending;
};

struct swk_metrics {
	double attempt;	 /* when the last run ended, in seconds since the epoch; 0: never */
	double success;	 /* the same for the last run with status 0 */
	double complete; /* the same for the last complete run that got all answers */
	int status;
	double duration; /* seconds */
	double steps[SWK_STEPS];
	uint64_t events[SWK_EVENTS];
	uint64_t failed[SWK_EVENTS];
	bool known; /* some run has reached its end: the rest is valid */
	bool on_hold;
	uint64_t upstreams;
	uint64_t servers;
	uint64_t kept; /* this and the next two are from the run at `complete` */
	uint64_t failover;
	uint64_t skipped;
	struct swk_metrics_health *healths; /* sorted without case */
	size_t health_count;
	struct swk_metrics_target *targets;
	size_t target_count;
};

void swk_metrics_free(struct swk_metrics *metrics);

/* Reads the previous file into a zeroed struct; modifies the text. Skips unknown lines. Counters
 * that a damaged file has lost start at 0, which Prometheus handles. Returns 0 or SWK_INTERNAL. */
int swk_metrics_read(struct swk_metrics *metrics, char *text, struct swk_error *error);

/* Adds a run that ended at `now`, in seconds since the epoch. Does not change what the run did not
 * learn. Returns 0 or SWK_INTERNAL. */
int swk_metrics_update(struct swk_metrics *metrics, const struct swk_report *report, int status,
		       double now, struct swk_error *error);

/* Appends the metrics as text. If there are more than SWK_METRICS_UPSTREAMS upstreams, lists only
 * those with an unhealthy instance, and at most that many. Returns 0 or SWK_INTERNAL. */
int swk_metrics_write(struct swk_buffer *out, const struct swk_metrics *metrics,
		      struct swk_error *error);

#endif
