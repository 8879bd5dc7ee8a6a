/* SPDX-License-Identifier: MIT */
/* The parts of a page. Each function appends one or more sections, or nothing if it has nothing to
 * show. */
#ifndef SWK_VIEW_PAGE_PARTS_H
#define SWK_VIEW_PAGE_PARTS_H

#include "view/page/html.h"
#include "view/page/items.h"

/* Each tone is a class of the style. A word always says the same as the colour. */
enum swk_page_tone { SWK_TONE_GOOD, SWK_TONE_NOTE, SWK_TONE_WARN, SWK_TONE_BAD };

/* Appends a state: a word in its colour. */
void swk_page_state(struct swk_html *html, enum swk_page_tone tone, const char *word);

/* What the page shows, in one word or a few. */
struct swk_page_headline {
	enum swk_page_tone tone;
	const char *words;
};

struct swk_page_headline swk_page_judge(const struct swk_page *page,
					const struct swk_page_items *items);

void swk_page_summary(struct swk_html *html, const struct swk_page *page,
		      const struct swk_page_items *items);
void swk_page_messages(struct swk_html *html, const struct swk_page *page);
void swk_page_changes(struct swk_html *html, const struct swk_changes *changes);
void swk_page_targets(struct swk_html *html, const struct swk_survey *survey);
void swk_page_unpublished(struct swk_html *html, const struct swk_survey *survey);
void swk_page_upstreams(struct swk_html *html, const struct swk_survey *survey,
			const struct swk_page_items *items, enum swk_page_group group);

/* The number of services, upstreams and instances that a guard or a rule holds back. */
size_t swk_page_count_held_back(const struct swk_survey *survey);

#endif
