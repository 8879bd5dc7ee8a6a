/* SPDX-License-Identifier: MIT */
/*
 * A report as metrics, in Prometheus' text format (exposition format 0.0.4): what the last run came
 * to, and counts that go on from run to run. What a run did not learn is as the file of the run
 * before says, so reading that back is a part of it. Pure: no file, no clock.
 */
#ifndef SWK_VIEW_METRICS_H
#define SWK_VIEW_METRICS_H

#include "base/buffer.h"
#include "model/report.h"

/* How many of an upstream's instances are healthy. */
struct swk_metrics_health {
	char *upstream; /* owned */
	double ratio;	/* from 0 to 1; negative: not known */
};

struct swk_metrics_target {
	char *name; /* owned */
	uint64_t pending;
};

struct swk_metrics {
	double attempt; /* seconds since the epoch when a run last ended; 0: never… */
	double success; /* …with status 0 */
	double pass;	/* …after it had heard from Consul about all services */
	int status;
	double duration; /* seconds */
	double steps[SWK_STEPS];
	uint64_t events[SWK_EVENTS];
	uint64_t failed[SWK_EVENTS];
	bool known; /* a run got to its end, so that the following says something */
	bool on_hold;
	uint64_t upstreams;
	uint64_t servers;
	uint64_t kept; /* both of the last pass over all services */
	uint64_t skipped;
	struct swk_metrics_health *healths; /* sorted without case */
	size_t health_count;
	struct swk_metrics_target *targets;
	size_t target_count;
};

void swk_metrics_free(struct swk_metrics *metrics);

/*
 * Reads what an earlier run wrote into a zeroed struct; the text is taken apart. A line that is
 * none of its own is passed over, so that of a damaged file what is lost begins anew, which
 * Prometheus understands. Returns 0 or SWK_INTERNAL.
 */
int swk_metrics_read(struct swk_metrics *metrics, char *text, struct swk_error *error);

/* A run has ended at this time. One that didn't get to its end leaves as it was what it could have
 * learnt. Returns 0 or SWK_INTERNAL. */
int swk_metrics_update(struct swk_metrics *metrics, const struct swk_report *report, int status,
		       double now, struct swk_error *error);

/* Writes all that is known. Of more than SWK_METRICS_UPSTREAMS upstreams only those are told of by
 * name that are not all healthy, and no more than so many. */
int swk_metrics_write(struct swk_buffer *out, const struct swk_metrics *metrics,
		      struct swk_error *error);

#endif
