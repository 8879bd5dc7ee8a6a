/* SPDX-License-Identifier: MIT */
/*
 * A report as metrics, in Prometheus' text format (exposition format 0.0.4): the last run's
 * results, and counters that continue from run to run. What a run did not learn stays as the
 * previous file has it, so the file is read back. Pure: no file, no clock.
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
	double attempt; /* seconds since the epoch of the last run; 0: never */
	double success; /* the same, of the last with status 0 */
	double pass;	/* the same, of the last in which Consul answered about all services */
	int status;
	double duration; /* seconds */
	double steps[SWK_STEPS];
	uint64_t events[SWK_EVENTS];
	uint64_t failed[SWK_EVENTS];
	bool known; /* some run got to its end: the rest is valid */
	bool on_hold;
	uint64_t upstreams;
	uint64_t servers;
	uint64_t kept; /* this and the next are of the last run about all services */
	uint64_t skipped;
	struct swk_metrics_health *healths; /* sorted without case */
	size_t health_count;
	struct swk_metrics_target *targets;
	size_t target_count;
};

void swk_metrics_free(struct swk_metrics *metrics);

/*
 * Reads an earlier run's file into a zeroed struct; modifies the text. Skips unknown lines: what a
 * damaged file has lost starts anew, which Prometheus handles. Returns 0 or SWK_INTERNAL.
 */
int swk_metrics_read(struct swk_metrics *metrics, char *text, struct swk_error *error);

/* Adds a run that ended at `now`. A run that did not get to its end leaves unchanged what it did
 * not learn. Returns 0 or SWK_INTERNAL. */
int swk_metrics_update(struct swk_metrics *metrics, const struct swk_report *report, int status,
		       double now, struct swk_error *error);

/* Writes all that is known. With more than SWK_METRICS_UPSTREAMS upstreams, it lists only those
 * that are not all healthy, and at most that many. */
int swk_metrics_write(struct swk_buffer *out, const struct swk_metrics *metrics,
		      struct swk_error *error);

#endif
