/* SPDX-License-Identifier: MIT */
#include <string.h>

#include "base/number.h"
#include "view/page/parts.h"

struct swk_page_headline swk_page_judge(const struct swk_page *page,
					const struct swk_page_items *items)
{
	const size_t *counted = page->report->counted;
	const struct swk_survey *survey = page->survey;

	if (page->failure->status)
		return (struct swk_page_headline){SWK_TONE_BAD, "Failed"};
	if (counted[SWK_NOTE_UNAVAILABLE])
		return (struct swk_page_headline){SWK_TONE_BAD, "Consul does not answer"};
	if (!swk_survey_complete(survey))
		return (struct swk_page_headline){SWK_TONE_BAD, "A target does not answer"};
	if (items->pending)
		return (struct swk_page_headline){SWK_TONE_BAD, "Changes are pending"};
	if (swk_survey_drifted(survey))
		return (struct swk_page_headline){SWK_TONE_BAD, "Not in step"};
	if (survey->on_hold)
		return (struct swk_page_headline){SWK_TONE_WARN, "Changes are on hold"};
	if (swk_survey_held_back(survey) || counted[SWK_NOTE_HELD_BACK])
		return (struct swk_page_headline){SWK_TONE_WARN, "Changes are held back"};
	if (items->count == items->groups[SWK_PAGE_UNMANAGED])
		return (struct swk_page_headline){SWK_TONE_NOTE, "No upstreams"};
	return (struct swk_page_headline){SWK_TONE_GOOD, "In step"};
}

/* ---- figures ---- */

/* A figure that is not 0 links to its section. */
static void put_figure(struct swk_html *html, const char *title, size_t count, const char *id)
{
	swk_html_put(html, "<li><small>%s</small>", title);
	if (count && id)
		swk_html_put(html, "<a href=\"#%s\">%zu</a>", id, count);
	else if (count)
		swk_html_put(html, "%zu", count);
	else
		swk_html_put(html, "<span class=\"none\">0</span>");
	swk_html_put(html, "</li>\n");
}

static void put_figures(struct swk_html *html, const struct swk_survey *survey,
			const struct swk_page_items *items)
{
	const size_t *groups = items->groups;

	swk_html_put(html, "<nav aria-label=\"Sections\"><ul class=\"figures\">\n");
	/* If they are all in other sections, there is none of this name. */
	put_figure(html, "Upstreams", items->count - groups[SWK_PAGE_UNMANAGED],
		   groups[SWK_PAGE_OTHERS] ? "others" : NULL);
	put_figure(html, "Servers", items->servers, NULL);
	put_figure(html, "Targets", survey->target_count, "targets");
	put_figure(html, "Not in step", groups[SWK_PAGE_TROUBLED], "troubled");
	put_figure(html, "Pending", items->pending, "troubled");
	if (groups[SWK_PAGE_FAILOVER])
		put_figure(html, "Failover", groups[SWK_PAGE_FAILOVER], "failover");
	put_figure(html, "Kept", groups[SWK_PAGE_KEPT], "kept");
	put_figure(html, "Held back", swk_page_count_held_back(survey), "held-back");
	put_figure(html, "Unmanaged", groups[SWK_PAGE_UNMANAGED], "unmanaged");
	swk_html_put(html, "</ul></nav>\n");
}

/* ---- the summary ---- */

/* How old the page is, and what it is about. */
static void put_age(struct swk_html *html, const struct swk_page *page)
{
	const struct swk_survey *survey = page->survey;
	char index[SWK_NUMBER_MAX];

	swk_html_put(html, "<p class=\"dim\">As of <b>");
	swk_html_time(html, page->now);
	swk_html_put(html, "</b> UTC");
	if (survey->index)
		swk_html_put(html, ", Consul index %s", swk_number_text(index, survey->index));
	if (survey->conf) {
		swk_html_put(html, ". The last run that left nothing to do: ");
		swk_html_time(html, survey->success);
		swk_html_put(html, ". Conf file: <code>%s</code>", survey->conf);
	}
	swk_html_put(html, "</p>\n");
}

static void put_hold(struct swk_html *html, const char *on_hold)
{
	if (on_hold)
		swk_html_put(html,
			     "<p class=\"lead\">On hold %s. The conf file stays as it is until "
			     "<code>swk resume</code>.</p>\n",
			     on_hold);
}

void swk_page_summary(struct swk_html *html, const struct swk_page *page,
		      const struct swk_page_items *items)
{
	const struct swk_page_headline headline = swk_page_judge(page, items);

	swk_html_put(html, "<p class=\"brand\">swallowkeeper%s<b>%s</b></p>\n<h1>",
		     *page->host ? " on " : "", page->host);
	swk_page_state(html, headline.tone, headline.words);
	swk_html_put(html, "</h1>\n");
	if (page->failure->status)
		swk_html_put(html, "<p class=\"lead\">%s (status %u)</p>\n", page->failure->text,
			     (unsigned)page->failure->status);
	put_hold(html, page->survey->on_hold);
	put_age(html, page);
	if (page->survey->conf)
		put_figures(html, page->survey, items);
}

/* ---- messages ---- */

/* What a kind of message is called; NULL: it is not shown. */
static const struct {
	const char *word;
	enum swk_page_tone tone;
} kinds[SWK_NOTE_KINDS] = {
	[SWK_NOTE_WARNING] = {"warning", SWK_TONE_WARN},
	[SWK_NOTE_HELD_BACK] = {"held back", SWK_TONE_WARN},
	[SWK_NOTE_UNAVAILABLE] = {"Consul", SWK_TONE_BAD},
	[SWK_NOTE_PENDING] = {"pending", SWK_TONE_BAD},
};

/* The summary has the message about a hold. */
static bool is_shown(const struct swk_page *page, const struct swk_note *note)
{
	static const char lead[] = "on hold ";
	const char *on_hold = page->survey->on_hold;

	if (!kinds[note->kind].word)
		return false;
	return note->kind != SWK_NOTE_HELD_BACK || !on_hold ||
	       strncmp(note->text, lead, strlen(lead)) != 0 ||
	       strncmp(note->text + strlen(lead), on_hold, strlen(on_hold)) != 0;
}

static size_t count_messages(const struct swk_page *page)
{
	size_t count = 0;

	for (size_t i = 0; i < page->report->note_count; i++)
		count += is_shown(page, &page->report->notes[i]);
	return count;
}

void swk_page_messages(struct swk_html *html, const struct swk_page *page)
{
	const struct swk_report *report = page->report;
	const size_t count = count_messages(page);
	size_t shown = 0;

	if (!count)
		return;
	swk_html_put(html,
		     "<section id=\"messages\"><h2>Messages <span class=\"count\">%zu</span></h2>\n"
		     "<ul class=\"messages\">\n",
		     count);
	for (size_t i = 0; i < report->note_count; i++) {
		const struct swk_note *note = &report->notes[i];

		if (!is_shown(page, note) || shown++ >= SWK_PAGE_ROWS)
			continue;
		swk_html_put(html, "<li>");
		swk_page_state(html, kinds[note->kind].tone, kinds[note->kind].word);
		swk_html_put(html, " %s</li>\n", note->text);
	}
	if (shown > SWK_PAGE_ROWS)
		swk_html_put(html, "<li>and %zu more</li>\n", shown - SWK_PAGE_ROWS);
	swk_html_put(html, "</ul></section>\n");
}
