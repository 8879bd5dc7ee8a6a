/* SPDX-License-Identifier: MIT */
#include <stdio.h>

#include "view/page/parts.h"

/* What a target's rows add up to. */
struct sum {
	size_t managed, pending, troubled;
};

static struct sum add_up(const struct swk_survey_target *target)
{
	struct sum sum = {0};

	for (size_t i = 0; i < target->count; i++) {
		const struct swk_survey_row *row = &target->rows[i];

		sum.managed += row->standing != SWK_STANDS_UNMANAGED;
		sum.pending += row->pending;
		sum.troubled += row->standing >= SWK_STANDS_BEHIND;
	}
	return sum;
}

static void put_state(struct swk_html *html, const struct swk_survey_target *target,
		      const struct sum *sum)
{
	char text[64];

	(void)snprintf(text, sizeof(text), "%zu pending", sum->pending);
	if (!target->asked)
		swk_page_state(html, SWK_TONE_BAD, "no answer");
	if (sum->pending)
		swk_page_state(html, SWK_TONE_BAD, text);
	else if (sum->troubled)
		swk_page_state(html, SWK_TONE_BAD, "not in step");
	else if (target->asked)
		swk_page_state(html, SWK_TONE_GOOD, "in step");
}

static void put_target(struct swk_html *html, const struct swk_survey_target *target)
{
	const struct sum sum = add_up(target);
	char took[32] = "";

	if (target->read_us)
		(void)snprintf(took, sizeof(took), "%.1f ms", (double)target->read_us / 1e3);
	swk_html_put(html, "<tr><th scope=\"row\"><span class=\"address\">%s</span>", target->name);
	if (*target->trouble)
		swk_html_put(html, "<small class=\"trouble\">%s</small>", target->trouble);
	swk_html_put(html, "</th><td>");
	put_state(html, target, &sum);
	swk_html_put(html,
		     "</td><td class=\"number\">%zu</td><td class=\"number took\">%s</td></tr>\n",
		     sum.managed, took);
}

void swk_page_targets(struct swk_html *html, const struct swk_survey *survey)
{
	if (!survey->target_count)
		return;
	swk_html_put(html,
		     "<section id=\"targets\"><h2>Targets <span class=\"count\">%zu</span></h2>\n"
		     "<table><caption class=\"unseen\">The proxies, and how long it took to read "
		     "each</caption>\n<thead><tr><th scope=\"col\">Target</th>"
		     "<th scope=\"col\">State</th><th scope=\"col\" class=\"number\">Upstreams</th>"
		     "<th scope=\"col\" class=\"number\">Read in</th></tr></thead>\n<tbody>\n",
		     survey->target_count);
	for (size_t i = 0; i < survey->target_count; i++)
		put_target(html, &survey->targets[i]);
	swk_html_put(html, "</tbody></table></section>\n");
}
