/* SPDX-License-Identifier: MIT */
#include "view/page/page.h"

#include <string.h>

#include "view/page/parts.h"

/* The page may do nothing but use its own style. */
static void put_head(struct swk_html *html, const struct swk_page *page,
		     const struct swk_page_items *items)
{
	swk_html_put(html,
		     "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\"/>\n"
		     "<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; "
		     "style-src '%s'; base-uri 'none'; form-action 'none'\"/>\n"
		     "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\"/>\n"
		     "<meta name=\"robots\" content=\"noindex\"/>\n"
		     "<meta name=\"referrer\" content=\"no-referrer\"/>\n"
		     "<title>%s%s%s</title>\n<style>",
		     swk_page_style_hash, page->host, *page->host ? ": " : "",
		     swk_page_judge(page, items).words);
	/* HTML takes a style as it is. */
	(void)swk_buffer_words(html->out, html->error, swk_page_style);
	swk_html_put(html, "</style>\n</head>\n");
}

static void put_body(struct swk_html *html, const struct swk_page *page,
		     const struct swk_page_items *items)
{
	swk_html_put(html, "<body>\n<a class=\"skip\" href=\"#main\">Skip to the sections</a>\n"
			   "<header>\n");
	swk_page_summary(html, page, items);
	swk_html_put(html, "</header>\n");
	swk_html_put(html, "<main id=\"main\">\n");
	swk_page_messages(html, page);
	swk_page_upstreams(html, page->survey, items, SWK_PAGE_TROUBLED);
	swk_page_targets(html, page->survey);
	swk_page_changes(html, page->changes);
	swk_page_upstreams(html, page->survey, items, SWK_PAGE_FAILOVER);
	swk_page_upstreams(html, page->survey, items, SWK_PAGE_KEPT);
	swk_page_unpublished(html, page->survey);
	swk_page_upstreams(html, page->survey, items, SWK_PAGE_OTHERS);
	swk_page_upstreams(html, page->survey, items, SWK_PAGE_UNMANAGED);
	swk_html_put(html,
		     "</main>\n<footer><p>Each full run of swk-apply replaces this file. If it is "
		     "older than a few minutes, full runs have stopped: look at "
		     "<code>systemctl status swk-apply.timer</code>. All times are UTC. "
		     "swk-apply %s</p></footer>\n</body>\n</html>\n",
		     SWK_VERSION);
}

int swk_page_write(struct swk_buffer *out, const struct swk_page *page, struct swk_error *error)
{
	struct swk_html html = {out, error};
	struct swk_page_items items;

	if (!swk_page_items_collect(&items, page, error)) {
		put_head(&html, page, &items);
		put_body(&html, page, &items);
	}
	swk_page_items_free(&items);
	return error->status;
}
