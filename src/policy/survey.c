/* SPDX-License-Identifier: MIT */
#include "policy/survey.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

#include "base/buffer.h"

const char *const swk_standing_words[] = {
	[SWK_STANDS_IN_STEP] = "in step",	[SWK_STANDS_KEPT] = "kept",
	[SWK_STANDS_FAILOVER] = "failover",	[SWK_STANDS_DRAINING] = "draining",
	[SWK_STANDS_UNDECLARED] = "undeclared", [SWK_STANDS_UNMANAGED] = "unmanaged",
	[SWK_STANDS_UNSEEN] = "unseen",		[SWK_STANDS_ON_HOLD] = "on hold",
	[SWK_STANDS_BEHIND] = "behind",		[SWK_STANDS_DIFFERS] = "differs",
	[SWK_STANDS_MISSING] = "missing",	[SWK_STANDS_SPLIT] = "split",
	[SWK_STANDS_PENDING] = "pending",
};

static char *copy(const char *text)
{
	char escaped[SWK_TEXT_MAX];

	swk_text_escape(escaped, sizeof(escaped), text ? text : "");
	return strdup(escaped);
}

static void free_row(struct swk_survey_row *row)
{
	free(row->upstream);
	free(row->service);
	free(row->tag);
	free(row->detail);
}

void swk_survey_free(struct swk_survey *survey)
{
	for (size_t i = 0; i < survey->target_count; i++) {
		struct swk_survey_target *target = &survey->targets[i];

		for (size_t j = 0; j < target->count; j++)
			free_row(&target->rows[j]);
		free(target->rows);
		free(target->name);
		free(target->trouble);
	}
	free(survey->targets);
	free(survey->conf);
	free(survey->on_hold);
	swk_decisions_free(&survey->decisions);
	swk_decisions_free(&survey->unpublished);
	swk_upstreams_free(&survey->upstreams);
	*survey = (struct swk_survey){0};
}

static bool is_shown(const struct swk_survey *survey, const char *upstream, const char *service)
{
	if (!survey->only || !survey->only->count)
		return true;
	for (size_t i = 0; i < survey->only->count; i++) {
		if (!strcasecmp(survey->only->list[i], upstream) ||
		    !strcmp(survey->only->list[i], service))
			return true;
	}
	return false;
}

/* ---- the text of a difference ---- */

/* A text names at most this many servers. */
enum { NAMED = 4 };

struct detail {
	char text[SWK_TEXT_MAX];
	size_t length;
};

static void add(struct detail *detail, const char *before, const char *text)
{
	int length = snprintf(detail->text + detail->length, sizeof(detail->text) - detail->length,
			      "%s%s", before, text);

	if (length > 0)
		detail->length += (size_t)length;
	if (detail->length >= sizeof(detail->text))
		detail->length = sizeof(detail->text) - 1;
}

/* Adds a text, after `; ` if it is not the first. */
static void begin(struct detail *detail, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void begin(struct detail *detail, const char *format, ...)
{
	char text[SWK_TEXT_MAX];
	va_list arguments;

	va_start(arguments, format);
	(void)vsnprintf(text, sizeof(text), format, arguments);
	va_end(arguments);
	add(detail, detail->length ? "; " : "", text);
}

static bool has_server(const struct swk_upstream *upstream, const struct swk_server *server)
{
	return upstream && swk_upstream_find_server(upstream, server);
}

/* Names the servers of `of` that `other` lacks, after `lead`; adds nothing if there are none. */
static void add_servers(struct detail *detail, const char *lead, const struct swk_upstream *of,
			const struct swk_upstream *other)
{
	char address[SWK_ADDRESS_MAX], more[64];
	size_t found = 0;

	for (size_t i = 0; of && i < of->count; i++) {
		if (has_server(other, &of->servers[i]) || found++ >= NAMED)
			continue;
		if (found == 1)
			begin(detail, "%s", lead);
		add(detail, found == 1 ? " " : ", ", swk_server_address(&of->servers[i], address));
	}
	if (found <= NAMED)
		return;
	(void)snprintf(more, sizeof(more), " and %zu more", found - NAMED);
	add(detail, more, "");
}

/* Describes how a target's or the conf file's upstream differs from what it should be. */
static void add_difference(struct detail *detail, const char *who,
			   const struct swk_upstream *recorded, const struct swk_upstream *desired)
{
	const size_t before = detail->length;
	char lead[64];

	if (recorded->partial && recorded->spread == SWK_SPREAD_SAME) {
		begin(detail, "%s", who);
		add(detail, " has servers that swk-apply cannot read", "");
		return;
	}
	(void)snprintf(lead, sizeof(lead), "%s has", who);
	add_servers(detail, lead, recorded, desired);
	(void)snprintf(lead, sizeof(lead), "%s lacks", who);
	add_servers(detail, lead, desired, recorded);
	if (detail->length > before || recorded->spread != SWK_SPREAD_SAME)
		return;
	begin(detail, "%s", who);
	if (strcmp(recorded->name, desired->name) != 0) {
		add(detail, " calls it ", recorded->name);
		return;
	}
	add(detail, " has it with other attributes", "");
}

/* ---- one row ---- */

/* An upstream's name, with all that is known about it. */
struct subject {
	const struct swk_upstream *file, *desired, *live; /* or NULL */
	const struct swk_decision *about;		  /* why it is kept or down, or NULL */
	bool pending, gone, refused, on_hold, creates;
	bool differs; /* the live state differs from `file` */
	const struct swk_live *all;
	const struct swk_target_words *words;
};

static bool is_behind(const struct subject *subject)
{
	if (!subject->file || !subject->desired)
		return subject->file || subject->desired;
	return strcmp(subject->file->name, subject->desired->name) != 0 ||
	       !swk_upstream_same(subject->file, subject->desired);
}

static void say_behind(struct detail *detail, const struct subject *subject)
{
	if (subject->refused)
		begin(detail, "a target rejects it");
	if (!subject->file)
		begin(detail, "the file lacks it");
	else if (!subject->desired)
		begin(detail, "Consul no longer has it");
	else
		add_difference(detail, "the file", subject->file, subject->desired);
}

/* Describes what `swk resume` would change. */
static void say_on_hold(struct detail *detail, const struct subject *subject)
{
	const size_t before = detail->length;

	if (!subject->file) {
		begin(detail, "'swk resume' would add it");
	} else if (!subject->desired) {
		begin(detail, "'swk resume' would remove it");
	} else {
		add_servers(detail, "'swk resume' would remove", subject->file, subject->desired);
		add_servers(detail, "'swk resume' would add", subject->desired, subject->file);
		if (detail->length == before)
			begin(detail, "'swk resume' would change its name or attributes");
	}
}

static bool varies(const struct subject *subject)
{
	/* Each part of a target may have resolved a host name at another time. */
	if (subject->file && swk_upstream_has_host(subject->file))
		return subject->live->spread >= SWK_SPREAD_SOME;
	return subject->live->spread != SWK_SPREAD_SAME;
}

static enum swk_standing standing_of(const struct subject *subject)
{
	const bool managed = subject->file || subject->pending;

	if (subject->pending)
		return SWK_STANDS_PENDING;
	if (!managed && subject->live)
		return subject->live->draining ? SWK_STANDS_DRAINING : SWK_STANDS_UNMANAGED;
	if (subject->live && varies(subject))
		return SWK_STANDS_SPLIT;
	if (subject->differs) {
		if (subject->live)
			return SWK_STANDS_DIFFERS;
		return subject->creates ? SWK_STANDS_MISSING : SWK_STANDS_UNDECLARED;
	}
	if (is_behind(subject))
		return subject->on_hold ? SWK_STANDS_ON_HOLD : SWK_STANDS_BEHIND;
	if (subject->all->readable < SWK_READ_ADDRESSES)
		return SWK_STANDS_UNSEEN;
	if (subject->live && subject->live->leaving)
		return SWK_STANDS_DRAINING;
	if (subject->about && subject->about->outcome == SWK_OUTCOME_FAILOVER)
		return SWK_STANDS_FAILOVER;
	return subject->about && subject->about->outcome == SWK_OUTCOME_KEPT ? SWK_STANDS_KEPT
									     : SWK_STANDS_IN_STEP;
}

static void say_live(struct detail *detail, const struct subject *subject)
{
	const struct swk_target_words *words = subject->words;
	const bool seen = subject->all->readable >= SWK_READ_ADDRESSES;

	if (!subject->file && subject->pending && (subject->live || !seen))
		begin(detail, "to be deleted");
	else if (!subject->file && subject->pending)
		begin(detail, "to be deleted, not confirmed for each %s", words->part);
	else if (subject->file && seen && !subject->live)
		begin(detail, "%s lacks it", words->program);
	else if (subject->differs && !swk_upstream_has_host(subject->file))
		add_difference(detail, words->program, subject->live, subject->file);
	else if (subject->pending && seen)
		begin(detail, "%s has it; not confirmed for each %s", words->program, words->part);
	if (subject->live && varies(subject) && subject->live->spread >= SWK_SPREAD_SOME)
		begin(detail, "not all %s have it", words->parts);
	else if (subject->live && varies(subject))
		begin(detail, "its %s have different servers", words->parts);
	if (subject->live && subject->live->leaving)
		begin(detail, "%zu server%s out of rotation, and deleted when free",
		      subject->live->leaving, subject->live->leaving == 1 ? " is" : "s are");
	if (!subject->file && !subject->pending && subject->live && subject->gone)
		begin(detail, "swk-apply managed it once");
}

static void describe(struct detail *detail, const struct subject *subject)
{
	*detail = (struct detail){.length = 0};
	say_live(detail, subject);
	/* Not for an unmanaged upstream: its decision says why swk-apply does not take it over. */
	if (is_behind(subject) && (subject->file || !subject->live)) {
		if (subject->on_hold)
			say_on_hold(detail, subject);
		else
			say_behind(detail, subject);
	}
	if (subject->about) {
		begin(detail, "%s: %s", swk_outcome_words[subject->about->outcome],
		      subject->about->reason);
	}
}

static int add_row(struct swk_survey_target *target, const char *name,
		   const struct subject *subject, struct swk_error *error)
{
	const struct swk_upstream *shown = subject->file ? subject->file : subject->desired;
	struct swk_survey_row *rows =
		swk_list_grow(target->rows, target->count, sizeof(*target->rows));
	struct detail detail;
	struct swk_survey_row row;

	if (!rows)
		return swk_error_memory(error);
	target->rows = rows;
	describe(&detail, subject);
	row = (struct swk_survey_row){.upstream = copy(name),
				      .service = copy(shown ? shown->source.name : ""),
				      .tag = copy(shown ? shown->source.tag : ""),
				      .in_file = subject->file,
				      .seen = subject->all->readable >= SWK_READ_ADDRESSES,
				      .file = subject->file ? subject->file->count : 0,
				      .live = subject->live ? subject->live->count : 0,
				      .standing = standing_of(subject),
				      .pending = subject->pending,
				      .kept = subject->about &&
					      subject->about->outcome == SWK_OUTCOME_KEPT,
				      .detail = copy(detail.text)};
	if (!row.upstream || !row.service || !row.tag || !row.detail) {
		free_row(&row);
		return swk_error_memory(error);
	}
	rows[target->count++] = row;
	return 0;
}

/* ---- a target ---- */

static int compare_about(const void *a, const void *b)
{
	return strcasecmp((*(const struct swk_decision *const *)a)->upstream,
			  (*(const struct swk_decision *const *)b)->upstream);
}

/* The decisions that upstreams are kept, or served down. */
struct abouts {
	const struct swk_decision **list; /* sorted by upstream */
	size_t count;
};

static int find_abouts(struct abouts *abouts, const struct swk_decisions *decisions,
		       struct swk_error *error)
{
	abouts->list = reallocarray(NULL, decisions->count + 1, sizeof(struct swk_decision *));
	if (!abouts->list)
		return swk_error_memory(error);
	for (size_t i = 0; i < decisions->count; i++) {
		const struct swk_decision *decision = &decisions->list[i];

		if (!*decision->instance && *decision->upstream &&
		    (decision->outcome == SWK_OUTCOME_KEPT ||
		     decision->outcome == SWK_OUTCOME_FAILOVER ||
		     decision->outcome == SWK_OUTCOME_SERVED_DOWN))
			abouts->list[abouts->count++] = decision;
	}
	if (abouts->count)
		qsort(abouts->list, abouts->count, sizeof(struct swk_decision *), compare_about);
	return 0;
}

static const struct swk_decision *about(const struct abouts *abouts, const char *name)
{
	const struct swk_decision key = {.upstream = name}, *at = &key;
	const struct swk_decision **found = NULL;

	if (abouts->count)
		found = bsearch(&at, abouts->list, abouts->count, sizeof(struct swk_decision *),
				compare_about);
	return found ? *found : NULL;
}

static int add_names(struct swk_names *names, const struct swk_upstreams *set,
		     struct swk_error *error)
{
	int result = 0;

	for (size_t i = 0; !result && i < set->count; i++)
		result = swk_names_add(names, set->list[i].name, error);
	return result;
}

/* Adds the rows, sorted by name. */
static int add_rows(const struct swk_survey *survey, struct swk_survey_target *target,
		    const struct swk_survey_known *known, const struct swk_survey_reading *reading,
		    struct swk_error *error)
{
	const struct swk_names *pending = reading->pending;
	struct swk_names names = {0};
	struct abouts abouts = {0};
	int result = find_abouts(&abouts, known->decisions, error);

	if (!result)
		result = add_names(&names, known->recorded, error);
	if (!result)
		result = add_names(&names, known->desired, error);
	if (!result)
		result = add_names(&names, &reading->live->upstreams, error);
	if (!result && pending)
		result = swk_names_add_all(&names, pending, error);
	for (size_t i = 0; !result && i < names.count; i++) {
		const char *name = names.list[i];
		struct subject subject = {
			.file = swk_upstreams_find(known->recorded, name),
			.desired = swk_upstreams_find(known->desired, name),
			.live = swk_upstreams_find(&reading->live->upstreams, name),
			.gone = swk_names_contain(known->gone, name),
			.refused = swk_names_contain(known->refused, name),
			.on_hold = survey->on_hold,
			.all = reading->live,
			.words = reading->words,
			.creates = reading->creates,
		};
		const struct swk_upstream *shown = subject.file ? subject.file : subject.desired;

		if (reading->confirmed && swk_names_contain(reading->confirmed, name))
			subject.live = subject.file;
		else if (subject.file)
			subject.differs = swk_live_differs(reading->live, subject.file);
		subject.pending = pending ? swk_names_contain(pending, name) : subject.file != NULL;
		if (subject.desired)
			subject.about = about(&abouts, name);
		/* What the target confirmed as deleted is nowhere any more. */
		if ((shown || subject.live || subject.pending) &&
		    is_shown(survey, name, shown ? shown->source.name : "") &&
		    !swk_names_contain(reading->excluded, name))
			result = add_row(target, name, &subject, error);
	}
	swk_names_free(&names);
	free(abouts.list);
	return result;
}

int swk_survey_add_target(struct swk_survey *survey, const struct swk_survey_known *known,
			  const struct swk_survey_reading *reading, struct swk_error *error)
{
	struct swk_survey_target *list =
		swk_list_grow(survey->targets, survey->target_count, sizeof(*list));
	struct swk_survey_target *target;

	if (!list)
		return swk_error_memory(error);
	survey->targets = list;
	target = &list[survey->target_count++];
	*target = (struct swk_survey_target){.name = copy(reading->name),
					     .trouble = copy(reading->trouble),
					     .asked = reading->live->readable != SWK_READ_NOTHING,
					     .read_us = reading->read_us};
	if (!target->name || !target->trouble)
		return swk_error_memory(error);
	return add_rows(survey, target, known, reading, error);
}

/* ---- unpublished services ---- */

static bool is_published(const struct swk_decision *decision)
{
	return decision->outcome == SWK_OUTCOME_SERVED ||
	       decision->outcome == SWK_OUTCOME_SERVED_DOWN ||
	       decision->outcome == SWK_OUTCOME_KEPT || decision->outcome == SWK_OUTCOME_FAILOVER;
}

/* Adds each line that says why the service, or an upstream of it, is not published. If there is no
 * such line, and no instance is served, adds the service's first line. */
static int add_of_service(struct swk_survey *survey, const struct swk_decision *list, size_t count,
			  struct swk_error *error)
{
	bool published = false, explained = false;
	int result = 0;

	for (size_t i = 0; !result && i < count; i++) {
		published |= is_published(&list[i]);
		if (*list[i].instance || is_published(&list[i]))
			continue;
		explained = true;
		if (is_shown(survey, list[i].upstream, list[i].source.name))
			result = swk_decisions_add(&survey->unpublished, &list[i], error);
	}
	if (!result && !published && !explained &&
	    is_shown(survey, list->upstream, list->source.name))
		result = swk_decisions_add(&survey->unpublished, list, error);
	return result;
}

int swk_survey_add_unpublished(struct swk_survey *survey, const struct swk_decisions *decisions,
			       struct swk_error *error)
{
	int result = 0;
	size_t end;

	for (size_t i = 0; !result && i < decisions->count; i = end) {
		const struct swk_decision *first = &decisions->list[i];

		for (end = i + 1; end < decisions->count &&
				  swk_source_is(&decisions->list[end].source, first->source.kind,
						first->source.name);)
			end++;
		result = add_of_service(survey, first, end - i, error);
	}
	return result;
}

/* ---- results ---- */

bool swk_survey_drifted(const struct swk_survey *survey)
{
	for (size_t i = 0; i < survey->target_count; i++) {
		const struct swk_survey_target *target = &survey->targets[i];

		for (size_t j = 0; j < target->count; j++) {
			if (target->rows[j].standing >= SWK_STANDS_BEHIND)
				return true;
		}
	}
	return false;
}

bool swk_survey_held_back(const struct swk_survey *survey)
{
	for (size_t i = 0; i < survey->unpublished.count; i++) {
		if (survey->unpublished.list[i].outcome == SWK_OUTCOME_HELD_BACK)
			return true;
	}
	return survey->distrusted || survey->on_hold;
}

bool swk_survey_complete(const struct swk_survey *survey)
{
	for (size_t i = 0; i < survey->target_count; i++) {
		if (!survey->targets[i].asked)
			return false;
	}
	return true;
}

static bool is_known(const struct swk_survey *survey, const char *name)
{
	for (size_t i = 0; i < survey->target_count; i++) {
		const struct swk_survey_target *target = &survey->targets[i];

		for (size_t j = 0; j < target->count; j++) {
			if (!strcasecmp(target->rows[j].upstream, name) ||
			    !strcmp(target->rows[j].service, name))
				return true;
		}
	}
	for (size_t i = 0; i < survey->unpublished.count; i++) {
		const struct swk_decision *decision = &survey->unpublished.list[i];

		if (!strcasecmp(decision->upstream, name) || !strcmp(decision->source.name, name))
			return true;
	}
	return false;
}

const char *swk_survey_unknown(const struct swk_survey *survey)
{
	for (size_t i = 0; survey->only && i < survey->only->count; i++) {
		if (!is_known(survey, survey->only->list[i]))
			return survey->only->list[i];
	}
	return NULL;
}
