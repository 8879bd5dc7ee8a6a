/* SPDX-License-Identifier: MIT */
#include "view/metrics.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/number.h"

enum family {
	BUILD,
	ATTEMPT,
	SUCCESS,
	COMPLETE,
	STATUS,
	DURATION,
	STEP,
	EVENTS,
	FAILED,
	UPSTREAMS,
	SERVERS,
	KEPT,
	FAILOVER,
	SKIPPED,
	ON_HOLD,
	HEALTHY,
	PENDING,
	FAMILIES
};

/* `label` is the family's only label, or NULL. */
static const struct {
	const char *name, *label, *type, *help;
} families[FAMILIES] = {
	[BUILD] = {"swk_build_info", "version", "gauge", "The version that ran last."},
	[ATTEMPT] = {"swk_last_attempt_timestamp_seconds", NULL, "gauge",
		     "When a run last ended, whatever became of it."},
	[SUCCESS] = {"swk_last_success_timestamp_seconds", NULL, "gauge",
		     "When a run last ended with status 0."},
	[COMPLETE] = {"swk_last_pass_timestamp_seconds", NULL, "gauge",
		      "When Consul last answered about all services."},
	[STATUS] = {"swk_exit_status", NULL, "gauge", "The last run's exit status."},
	[DURATION] = {"swk_run_duration_seconds", NULL, "gauge", "How long the last run took."},
	[STEP] = {"swk_step_duration_seconds", "step", "gauge",
		  "How long each step of the last run took."},
	[EVENTS] = {"swk_events_total", "kind", "counter", "Runs, by what started them."},
	[FAILED] = {"swk_events_failed_total", "kind", "counter",
		    "Runs with an exit status other than 0."},
	[UPSTREAMS] = {"swk_upstreams", NULL, "gauge", "Upstreams in the conf file."},
	[SERVERS] = {"swk_servers", NULL, "gauge", "Servers in the conf file."},
	[KEPT] = {"swk_upstreams_kept", NULL, "gauge",
		  "Upstreams that kept their last servers in the last complete run."},
	[FAILOVER] = {"swk_upstreams_failover", NULL, "gauge",
		      "Upstreams with servers from another datacenter or the fallback list, in the "
		      "last complete run."},
	[SKIPPED] = {"swk_registrations_skipped", NULL, "gauge",
		     "Instances, services and colours that the last complete run could not use."},
	[ON_HOLD] = {"swk_on_hold", NULL, "gauge",
		     "Whether an operator holds changes to the conf file."},
	[HEALTHY] = {"swk_upstream_healthy_ratio", "upstream", "gauge",
		     "The share of an upstream's registered instances that is served."},
	[PENDING] = {"swk_pending_upstreams", "target", "gauge",
		     "Upstreams that a target has not confirmed."},
};

static void free_healths(struct swk_metrics_health *healths, size_t count)
{
	for (size_t i = 0; i < count; i++)
		free(healths[i].upstream);
	free(healths);
}

static void free_targets(struct swk_metrics *metrics)
{
	for (size_t i = 0; i < metrics->target_count; i++)
		free(metrics->targets[i].name);
	free(metrics->targets);
	metrics->targets = NULL;
	metrics->target_count = 0;
}

void swk_metrics_free(struct swk_metrics *metrics)
{
	free_healths(metrics->healths, metrics->health_count);
	free_targets(metrics);
	*metrics = (struct swk_metrics){0};
}

/* Both take ownership of a text, which is NULL if strdup() had no memory. */
static int add_health(struct swk_metrics *metrics, char *upstream, double ratio,
		      struct swk_error *error)
{
	struct swk_metrics_health *list =
		swk_list_grow(metrics->healths, metrics->health_count, sizeof(*list));

	if (list)
		metrics->healths = list;
	if (!list || !upstream) {
		free(upstream);
		return swk_error_memory(error);
	}
	list[metrics->health_count++] = (struct swk_metrics_health){upstream, ratio};
	return 0;
}

static int add_target(struct swk_metrics *metrics, char *name, uint64_t pending,
		      struct swk_error *error)
{
	struct swk_metrics_target *list =
		swk_list_grow(metrics->targets, metrics->target_count, sizeof(*list));

	if (list)
		metrics->targets = list;
	if (!list || !name) {
		free(name);
		return swk_error_memory(error);
	}
	list[metrics->target_count++] = (struct swk_metrics_target){name, pending};
	return 0;
}

/* ---- reading ---- */

/* One line of the file. */
struct sample {
	enum family family;
	char *label; /* the label's value; "" without a label */
	double number;
};

/* Decodes a label's value in place, and ends it with a NUL. Returns what follows the closing quote,
 * or NULL if that is missing. */
static char *take_label(char *at, char **value)
{
	char *to = at;

	for (*value = at; *at != '"'; at++) {
		if (*at == '\\' && *++at == 'n')
			*at = '\n';
		if (!*at)
			return NULL;
		*to++ = *at;
	}
	*to = '\0';
	return at + 1;
}

static bool take_sample(char *line, struct sample *sample)
{
	size_t length = strcspn(line, "{ ");
	char *at = line + length, *end;
	unsigned i = 0;

	while (i < FAMILIES &&
	       (strncmp(line, families[i].name, length) != 0 || families[i].name[length]))
		i++;
	if (i == FAMILIES)
		return false;
	*sample = (struct sample){.family = (enum family)i, .label = at + strlen(at)};
	if (families[i].label) {
		length = strlen(families[i].label);
		if (*at != '{' || strncmp(at + 1, families[i].label, length) != 0 ||
		    strncmp(at + 1 + length, "=\"", 2) != 0)
			return false;
		at = take_label(at + length + 3, &sample->label);
		if (!at || *at++ != '}')
			return false;
	}
	if (*at != ' ')
		return false;
	sample->number = strtod(at + 1, &end);
	/* A double is not exact over 2^53 (9.007e15). */
	return end > at + 1 && !*end && sample->number >= 0 && sample->number < 9e15;
}

static void set_by_word(double *list, const char *const *words, size_t count,
			const struct sample *sample)
{
	for (size_t i = 0; i < count; i++) {
		if (!strcmp(words[i], sample->label))
			list[i] = sample->number;
	}
}

static void count_by_word(uint64_t list[SWK_EVENTS], const struct sample *sample)
{
	for (size_t i = 0; i < SWK_EVENTS; i++) {
		if (!strcmp(swk_event_words[i], sample->label))
			list[i] = (uint64_t)sample->number;
	}
}

static int take(struct swk_metrics *metrics, const struct sample *sample, struct swk_error *error)
{
	switch (sample->family) {
	case ATTEMPT:
		metrics->attempt = sample->number;
		return 0;
	case SUCCESS:
		metrics->success = sample->number;
		return 0;
	case COMPLETE:
		metrics->complete = sample->number;
		return 0;
	case STATUS:
		metrics->status = sample->number < 256 ? (int)sample->number : 0;
		return 0;
	case DURATION:
		metrics->duration = sample->number;
		return 0;
	case STEP:
		set_by_word(metrics->steps, swk_step_words, SWK_STEPS, sample);
		return 0;
	case EVENTS:
		count_by_word(metrics->events, sample);
		return 0;
	case FAILED:
		count_by_word(metrics->failed, sample);
		return 0;
	case UPSTREAMS:
		metrics->known = true;
		metrics->upstreams = (uint64_t)sample->number;
		return 0;
	case SERVERS:
		metrics->servers = (uint64_t)sample->number;
		return 0;
	case KEPT:
		metrics->kept = (uint64_t)sample->number;
		return 0;
	case FAILOVER:
		metrics->failover = (uint64_t)sample->number;
		return 0;
	case SKIPPED:
		metrics->skipped = (uint64_t)sample->number;
		return 0;
	case ON_HOLD:
		metrics->on_hold = sample->number > 0;
		return 0;
	case HEALTHY:
		return add_health(metrics, strdup(sample->label), sample->number, error);
	case PENDING:
		return add_target(metrics, strdup(sample->label), (uint64_t)sample->number, error);
	default:
		return 0;
	}
}

int swk_metrics_read(struct swk_metrics *metrics, char *text, struct swk_error *error)
{
	struct sample sample;
	char *line;
	int status = 0;

	while (!status && (line = strsep(&text, "\n"))) {
		if (take_sample(line, &sample))
			status = take(metrics, &sample, error);
	}
	return status;
}

/* ---- updating ---- */

static int health_order(const char *key, const void *item)
{
	return strcasecmp(key, ((const struct swk_metrics_health *)item)->upstream);
}

/* The ratio that the previous file has for an upstream; -1: none. */
static double earlier_ratio(const struct swk_metrics *before, const char *upstream)
{
	bool found;
	size_t place = swk_list_place(before->healths, before->health_count,
				      sizeof(*before->healths), upstream, health_order, &found);

	if (found)
		return before->healths[place].ratio;
	/* With so many upstreams, the file leaves out those that are all healthy. */
	return before->upstreams > SWK_METRICS_UPSTREAMS ? 1 : -1;
}

static int update_healths(struct swk_metrics *metrics, const struct swk_report *report,
			  struct swk_error *error)
{
	const struct swk_metrics before = *metrics;
	int status = 0;

	metrics->healths = NULL;
	metrics->health_count = 0;
	for (size_t i = 0; !status && i < report->health_count; i++) {
		const struct swk_health_report *this = &report->healths[i];
		double ratio = 0;

		if (!this->known)
			ratio = earlier_ratio(&before, this->upstream);
		else if (this->registered)
			ratio = (double)this->usable / (double)this->registered;
		status = add_health(metrics, strdup(this->upstream), ratio, error);
	}
	free_healths(before.healths, before.health_count);
	return status;
}

static int update_known(struct swk_metrics *metrics, const struct swk_report *report,
			struct swk_error *error)
{
	int status = update_healths(metrics, report, error);

	free_targets(metrics);
	for (size_t i = 0; !status && i < report->target_count; i++)
		status = add_target(metrics, strdup(report->targets[i].name),
				    report->targets[i].pending, error);
	metrics->known = true;
	metrics->upstreams = report->upstreams;
	metrics->servers = report->servers;
	return status;
}

int swk_metrics_update(struct swk_metrics *metrics, const struct swk_report *report, int status,
		       double now, struct swk_error *error)
{
	metrics->attempt = now;
	if (!status)
		metrics->success = now;
	metrics->status = status;
	metrics->duration = (double)report->milliseconds / 1e3;
	for (size_t i = 0; i < SWK_STEPS; i++)
		metrics->steps[i] = (double)report->steps[i] / 1e6;
	metrics->events[report->event]++;
	if (status)
		metrics->failed[report->event]++;
	if (report->hold_known)
		metrics->on_hold = report->on_hold;
	if (report->finished && report->whole) {
		metrics->complete = now;
		metrics->kept = report->counted[SWK_NOTE_KEPT];
		metrics->failover = report->counted[SWK_NOTE_FAILOVER];
		metrics->skipped = report->counted[SWK_NOTE_SKIPPED];
	}
	return report->finished ? update_known(metrics, report, error) : 0;
}

/* ---- writing ---- */

static int add_family(struct swk_buffer *out, enum family family, struct swk_error *error)
{
	return swk_buffer_print(out, error, "# HELP %s %s\n# TYPE %s %s\n", families[family].name,
				families[family].help, families[family].name,
				families[family].type);
}

/* Adds a family without a label, unless `there` is false. */
static int add_one(struct swk_buffer *out, enum family family, bool there, int digits,
		   double number, struct swk_error *error)
{
	if (!there)
		return 0;
	if (add_family(out, family, error))
		return error->status;
	return swk_buffer_print(out, error, "%s %.*f\n", families[family].name, digits, number);
}

static int add_labelled(struct swk_buffer *out, enum family family, const char *value,
			const char *number, struct swk_error *error)
{
	int status = swk_buffer_print(out, error, "%s{%s=\"", families[family].name,
				      families[family].label);

	for (; !status && *value; value++) {
		if (*value == '\n')
			status = swk_buffer_add(out, "\\n", 2, error);
		else if (*value == '"' || *value == '\\')
			status = swk_buffer_print(out, error, "\\%c", *value);
		else
			status = swk_buffer_add(out, value, 1, error);
	}
	return status ? status : swk_buffer_print(out, error, "\"} %s\n", number);
}

static int add_counts(struct swk_buffer *out, enum family family, const uint64_t counts[SWK_EVENTS],
		      struct swk_error *error)
{
	char number[SWK_NUMBER_MAX];
	int status = add_family(out, family, error);

	for (size_t i = 0; !status && i < SWK_EVENTS; i++)
		status = add_labelled(out, family, swk_event_words[i],
				      swk_number_text(number, counts[i]), error);
	return status;
}

static int add_steps(struct swk_buffer *out, const double steps[SWK_STEPS], struct swk_error *error)
{
	char number[32];
	int status = add_family(out, STEP, error);

	for (size_t i = 0; !status && i < SWK_STEPS; i++) {
		(void)snprintf(number, sizeof(number), "%.6f", steps[i]);
		status = add_labelled(out, STEP, swk_step_words[i], number, error);
	}
	return status;
}

static int add_healths(struct swk_buffer *out, const struct swk_metrics *metrics,
		       struct swk_error *error)
{
	const bool many = metrics->upstreams > SWK_METRICS_UPSTREAMS;
	size_t listed = 0;
	char number[32];
	int status = add_family(out, HEALTHY, error);

	for (size_t i = 0; !status && i < metrics->health_count && listed < SWK_METRICS_UPSTREAMS;
	     i++) {
		const struct swk_metrics_health *this = &metrics->healths[i];

		if (this->ratio < 0 || (many && this->ratio >= 1))
			continue;
		(void)snprintf(number, sizeof(number), "%.6g", this->ratio);
		status = add_labelled(out, HEALTHY, this->upstream, number, error);
		listed++;
	}
	return status;
}

static int add_targets(struct swk_buffer *out, const struct swk_metrics *metrics,
		       struct swk_error *error)
{
	char number[SWK_NUMBER_MAX];
	int status = add_family(out, PENDING, error);

	for (size_t i = 0; !status && i < metrics->target_count; i++)
		status = add_labelled(out, PENDING, metrics->targets[i].name,
				      swk_number_text(number, metrics->targets[i].pending), error);
	return status;
}

/* Adds what only a run that reached its end knows. */
static int add_known(struct swk_buffer *out, const struct swk_metrics *metrics,
		     struct swk_error *error)
{
	const bool had_complete = metrics->complete > 0;

	if (add_one(out, UPSTREAMS, true, 0, (double)metrics->upstreams, error) ||
	    add_one(out, SERVERS, true, 0, (double)metrics->servers, error) ||
	    add_one(out, KEPT, had_complete, 0, (double)metrics->kept, error) ||
	    add_one(out, FAILOVER, had_complete, 0, (double)metrics->failover, error) ||
	    add_one(out, SKIPPED, had_complete, 0, (double)metrics->skipped, error) ||
	    add_one(out, ON_HOLD, true, 0, metrics->on_hold, error) ||
	    add_healths(out, metrics, error) || add_targets(out, metrics, error))
		return error->status;
	return 0;
}

int swk_metrics_write(struct swk_buffer *out, const struct swk_metrics *metrics,
		      struct swk_error *error)
{
	if (add_family(out, BUILD, error) || add_labelled(out, BUILD, SWK_VERSION, "1", error) ||
	    add_one(out, ATTEMPT, true, 3, metrics->attempt, error) ||
	    add_one(out, SUCCESS, metrics->success > 0, 3, metrics->success, error) ||
	    add_one(out, COMPLETE, metrics->complete > 0, 3, metrics->complete, error) ||
	    add_one(out, STATUS, true, 0, metrics->status, error) ||
	    add_one(out, DURATION, true, 3, metrics->duration, error) ||
	    add_steps(out, metrics->steps, error) ||
	    add_counts(out, EVENTS, metrics->events, error) ||
	    add_counts(out, FAILED, metrics->failed, error))
		return error->status;
	return metrics->known ? add_known(out, metrics, error) : 0;
}
