/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "view/page/parts.h"

/* The decisions that the section shows: those that the survey found to be unpublished, and
 * instances that belong to no upstream because they are unusable. */
struct walk {
	const struct swk_survey *survey;
	size_t next, unpublished; /* the places in both lists, which have the same order */
};

static bool is_same(const struct swk_decision *one, const struct swk_decision *other)
{
	return one->source.kind == other->source.kind && one->outcome == other->outcome &&
	       !strcmp(one->source.name, other->source.name) &&
	       !strcmp(one->upstream, other->upstream) && !strcmp(one->instance, other->instance) &&
	       !strcmp(one->node, other->node) && !strcmp(one->reason, other->reason);
}

/* The next decision to show, or NULL. */
static const struct swk_decision *next(struct walk *walk)
{
	const struct swk_decisions *all = &walk->survey->decisions;
	const struct swk_decisions *unpublished = &walk->survey->unpublished;

	while (walk->next < all->count) {
		const struct swk_decision *this = &all->list[walk->next++];

		if (walk->unpublished < unpublished->count &&
		    is_same(this, &unpublished->list[walk->unpublished])) {
			walk->unpublished++;
			return this;
		}
		if (this->outcome == SWK_OUTCOME_SKIPPED && *this->instance && !*this->upstream)
			return this;
	}
	return NULL;
}

size_t swk_page_count_held_back(const struct swk_survey *survey)
{
	size_t count = 0;

	for (size_t i = 0; i < survey->unpublished.count; i++)
		count += survey->unpublished.list[i].outcome == SWK_OUTCOME_HELD_BACK;
	return count;
}

static void put_row(struct swk_html *html, const struct swk_decision *decision)
{
	static const enum swk_page_tone tones[SWK_OUTCOMES] = {
		[SWK_OUTCOME_LEFT_OUT] = SWK_TONE_NOTE,
		[SWK_OUTCOME_SKIPPED] = SWK_TONE_WARN,
		[SWK_OUTCOME_HELD_BACK] = SWK_TONE_WARN};

	swk_html_put(html, "<tr><th scope=\"row\">%s", decision->source.name);
	if (*decision->upstream && strcmp(decision->upstream, decision->source.name) != 0)
		swk_html_put(html, "<small>upstream %s</small>", decision->upstream);
	if (*decision->instance)
		swk_html_put(html, "<small>%s%s%s</small>", decision->instance,
			     *decision->node ? "@" : "", decision->node);
	swk_html_put(html, "</th><td>");
	swk_page_state(html, tones[decision->outcome], swk_outcome_words[decision->outcome]);
	swk_html_put(html, "</td><td>%s</td></tr>\n", decision->reason);
}

static size_t count_of(const struct swk_survey *survey, enum swk_outcome outcome)
{
	struct walk walk = {.survey = survey};
	const struct swk_decision *decision;
	size_t count = 0;

	while ((decision = next(&walk)))
		count += decision->outcome == outcome;
	return count;
}

static void put_rows(struct swk_html *html, const struct swk_survey *survey,
		     enum swk_outcome outcome, size_t count)
{
	struct walk walk = {.survey = survey};
	const struct swk_decision *decision;
	size_t shown = 0;

	while ((decision = next(&walk))) {
		if (decision->outcome == outcome && shown++ < SWK_PAGE_ROWS)
			put_row(html, decision);
	}
	if (count > SWK_PAGE_ROWS)
		swk_html_put(html, "<tr><td colspan=\"3\">and %zu more</td></tr>\n",
			     count - SWK_PAGE_ROWS);
}

static const struct {
	enum swk_outcome outcome;
	const char *id, *title, *about;
} tables[] = {
	{SWK_OUTCOME_HELD_BACK, "held-back", "Held back",
	 "A guard or a rule withholds these until an operator decides."},
	{SWK_OUTCOME_SKIPPED, "skipped", "Unusable registrations",
	 "Correct these where they are registered."},
	{SWK_OUTCOME_LEFT_OUT, "left-out", "Not published",
	 "The settings or their health leave these out."},
};

void swk_page_unpublished(struct swk_html *html, const struct swk_survey *survey)
{
	for (size_t i = 0; i < sizeof(tables) / sizeof(*tables); i++) {
		const size_t count = count_of(survey, tables[i].outcome);

		if (!count)
			continue;
		swk_html_put(html,
			     "<section id=\"%s\"><h2>%s <span class=\"count\">%zu</span></h2>\n"
			     "<table><caption>%s</caption>\n<thead><tr><th scope=\"col\">Service"
			     "</th><th scope=\"col\">Decision</th><th scope=\"col\">Reason</th>"
			     "</tr></thead>\n<tbody>\n",
			     tables[i].id, tables[i].title, count, tables[i].about);
		put_rows(html, survey, tables[i].outcome, count);
		swk_html_put(html, "</tbody></table></section>\n");
	}
}
